// Messages on their way out. Each is kept until the server has it, over reloads and lost connections; its id makes sending it
// twice harmless.

import * as server from "./server.js";
import * as storage from "./storage.js";

const PREFIX = "evenkeel.out.";

function newId() {
  // crypto.randomUUID is missing on plain http, where this page must work too.
  const random = crypto.getRandomValues(new Uint8Array(12));
  const hex = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  // The time in front sorts kept messages as they were written.
  return `${Date.now().toString(36).padStart(9, "0")}-${hex}`;
}

export class Outbox {
  #queue = [];
  #running = false;
  #on;

  // `on` has visitor, sending(message), sent(message, id), waiting(message, status: none if the server was not reached), refused(message).
  constructor(on) {
    this.#on = on;
  }

  // Messages that an earlier page could not send, oldest first.
  restore() {
    for (const key of storage.keys(PREFIX)) {
      try {
        this.#queue.push(JSON.parse(storage.get(key)));
      } catch {
        storage.remove(key);
      }
    }
    const restored = [...this.#queue];
    this.#run();
    return restored;
  }

  add(text, choice) {
    const message = { id: newId(), text, choice };
    storage.set(PREFIX + message.id, JSON.stringify(message));
    this.#queue.push(message);
    // After the caller has shown it.
    queueMicrotask(() => this.#run());
    return message;
  }

  clear() {
    this.#queue = [];
    for (const key of storage.keys(PREFIX)) storage.remove(key);
  }

  #done(message) {
    this.#queue = this.#queue.filter((other) => other !== message);
    storage.remove(PREFIX + message.id);
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    let failures = 0;
    while (this.#queue.length > 0) {
      const message = this.#queue[0];
      try {
        this.#on.sending(message);
        const id = await server.post(message, this.#on.visitor);
        failures = 0;
        // Deleted meanwhile: then it is not ours to show.
        const kept = this.#queue.includes(message);
        this.#done(message);
        if (kept) this.#on.sent(message, id);
      } catch (error) {
        if (error.final) {
          this.#done(message);
          this.#on.refused(message);
          continue;
        }
        if (error.status === 401) server.forgetVisitor();
        const wait = error.wait ?? server.backoff(failures++);
        this.#on.waiting(message, error.status);
        await server.pause(wait);
      }
    }
    this.#running = false;
  }
}
