// Talking to the server: the visitor's key, requests, and the stream of events.

import * as storage from "./storage.js";

const KEY = "evenkeel.visitor";

// The server sends something at least every 15 s; after twice that and some slack the connection is dead.
const SILENCE = 40_000;

// How often the conversation is read where there is no room for a stream.
const LOOK = 10_000;

// The server answers within 10 s.
const PATIENCE = 20_000;

export class Refused extends Error {
  constructor(status, code, wait) {
    super(`${status} ${code}`);
    this.status = status;
    // Milliseconds that the server asks us to wait, if it does.
    this.wait = wait;
  }

  // Whether the same request will be refused again.
  get final() {
    return this.status === 400 || this.status === 413 || this.status === 415;
  }
}

export function visitor() {
  return storage.get(KEY);
}

export function forgetVisitor() {
  storage.remove(KEY);
}

export function isVisitorKey(name) {
  return name === KEY;
}

async function call(path, options = {}, key = visitor()) {
  const headers = { ...options.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(path, { cache: "no-store", credentials: "omit", ...options, headers });
  if (response.ok) return response;
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const body = await response.json().catch(() => ({}));
  throw new Refused(response.status, body.error?.code, Number.isFinite(seconds) ? seconds * 1000 : undefined);
}

// The JSON of an answer, or nothing after a time in which it should have come.
async function ask(path, options, key) {
  // AbortSignal.timeout would do, but not all browsers that we support have it.
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), PATIENCE);
  try {
    return await (await call(path, { ...options, signal: controller.signal }, key)).json();
  } finally {
    clearTimeout(timer);
  }
}

async function becomeVisitor() {
  const { visitor: key } = await ask("/api/chat/visitors", { method: "POST" }, null);
  // Another tab may have been quicker: both must go by one key.
  if (!visitor()) storage.set(KEY, key);
}

// Returns the server's id of the message.
export async function post(message, onVisitor) {
  if (!visitor()) {
    await becomeVisitor();
    onVisitor();
  }
  const { id, text, choice } = message;
  const taken = await ask("/api/chat/messages", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id, text, choice }),
  });
  return taken.message;
}

export async function erase() {
  await ask("/api/chat/visitors", { method: "DELETE" });
}

// How long to wait before the nth try: doubling to 30 s, and spread out so that not all visitors come back at once.
export function backoff(failures) {
  const most = Math.min(30_000, 500 * 2 ** failures);
  return most / 2 + (Math.random() * most) / 2;
}

// Waits, or less if the browser comes back online.
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal?.addEventListener("abort", done);
  });
}

async function* events(body, onBytes) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onBytes();
    text += decoder.decode(value, { stream: true });
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) {
      const event = { name: "message", data: "", id: undefined };
      for (const line of block.split(/\r?\n/)) {
        const [, field, value] = /^(event|data|id): ?(.*)$/.exec(line) ?? [];
        if (field === "event") event.name = value;
        if (field === "data") event.data += value;
        if (field === "id") event.id = value;
      }
      if (event.data) yield event;
    }
  }
}

// Reads on without a stream; gives how far it came, and whether that is all there is.
async function readOn(after, on, signal) {
  try {
    while (!signal.aborted) {
      const page = await ask(`/api/chat/messages?after=${after}`);
      if (signal.aborted) return [after, false];
      for (const line of page.lines) {
        on.line(line);
        after = line.cursor;
      }
      if (page.more) continue;
      on.connected();
      on.status(page.status);
      return [after, true];
    }
  } catch {
    // Then at the next try.
  }
  return [after, false];
}

// Follows the conversation until `signal` aborts, and comes back after every break where it left off.
// `on` has line, status, erased, replaced (then it ends), connected, lost, unknown (then it ends).
export async function follow(on, signal) {
  let after = 0;
  let failures = 0;
  while (!signal.aborted) {
    let wait;
    let read = false;
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    signal.addEventListener("abort", abort);
    let watchdog = setTimeout(abort, SILENCE);
    try {
      const response = await call(`/api/chat/events?after=${after}`, { signal: attempt.signal });
      on.connected();
      const alive = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(abort, SILENCE);
      };
      for await (const event of events(response.body, alive)) {
        if (signal.aborted) return;
        failures = 0;
        const data = JSON.parse(event.data);
        if (event.name === "replaced") return on.replaced();
        on[event.name]?.(data);
        if (event.id) after = event.id;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 401) return on.unknown();
      wait = error.wait;
      // No room for another stream: what was said is read now and then.
      if (error.status === 429 || error.status === 503) [after, read] = await readOn(after, on, signal);
      if (read) wait = Math.max(wait ?? 0, LOOK);
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", abort);
      attempt.abort();
    }
    if (!read) on.lost();
    await pause(wait ?? backoff(failures++), signal);
  }
}
