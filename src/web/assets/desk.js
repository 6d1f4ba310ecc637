// The live part of the desk: looks again when something changed, and says so. Pages work without it.

import { forms } from "./desk-forms.js";
import { keys } from "./desk-keys.js";
import { composer } from "./desk-reply.js";
import { adopt, ask, parsed, say } from "./desk-server.js";

const desk = document.querySelector("[data-desk]");
const title = document.title;

// What is replaced when the page looks again. The fields in which the agent writes are never among it.
const LIVE = ["#counts", "#rows", "#standing", "#acts", "#history"];

/** How soon a look that failed is repeated, in ms. */
const AGAIN = 5000;

let looking = false;
let again = false;
let gone = false;
let lookedAt = new Date();
let retry = 0;

/** What the page shows; after the conversation is gone, the queue beside it. */
const address = () => (gone ? `/desk${location.search}` : location.href);

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  const { answer, trouble } = await ask(address(), { headers: { accept: "text/html" } });
  if (!trouble) {
    const fresh = parsed(await answer.text());
    if (adopt(fresh)) show(fresh);
    lookedAt = new Date();
    say("look");
  } else if (trouble.kind === "gone" && desk.dataset.escalation && !gone) {
    deleted();
    again = true;
  } else {
    const since = lookedAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    if (trouble.kind !== "signed-out") say("look", `This page shows how things stood at ${since}: ${trouble.text} It looks again by itself.`);
    clearTimeout(retry);
    retry = setTimeout(look, AGAIN);
  }
  looking = false;
  if (again) {
    again = false;
    look();
  }
}

/** The conversation is no more: what the customer wrote goes from the page too, what the agent wrote stays for copying. */
function deleted() {
  gone = true;
  say("gone", "This conversation was deleted: the customer wanted it forgotten, or it was deleted for them. Nothing can be sent to them any more. What you wrote is still here for you to copy.", {
    href: "/desk",
    label: "To the queue",
  });
  document.getElementById("history").replaceChildren();
  document.getElementById("acts")?.remove();
  document.querySelector("#standing .item-foot")?.replaceChildren("deleted");
  for (const form of document.querySelectorAll('form[action^="/desk/escalations/"]')) {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  }
}

/** Whether the agent is choosing or writing there. */
function inUse(part) {
  if (part.querySelector("details[open]")) return true;
  return part.id === "acts" && part.contains(document.activeElement);
}

function show(fresh) {
  for (const name of LIVE) {
    const old = document.querySelector(name);
    const now = fresh.querySelector(name);
    if (!old || !now || old.outerHTML === now.outerHTML || inUse(old)) continue;
    const row = old.contains(document.activeElement) && document.activeElement.dataset.row;
    const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 80;
    const place = old.scrollTop;
    old.replaceWith(now);
    if (row) now.querySelector(`[data-row="${CSS.escape(row)}"]`)?.focus();
    now.scrollTop = name === "#history" && atEnd ? now.scrollHeight : place;
  }
}

// Sound and notifications: off until the agent turns them on, on this device.
const switches = { sound: document.getElementById("sound"), notify: document.getElementById("notify") };

function isOn(name) {
  try {
    return localStorage.getItem(`evenkeel-desk-${name}`) === "on";
  } catch {
    return false;
  }
}

function remember(name, on) {
  try {
    localStorage.setItem(`evenkeel-desk-${name}`, on ? "on" : "off");
  } catch {
    // Private windows may refuse: it then lasts as long as the page.
  }
  switches[name]?.setAttribute("aria-pressed", String(on));
}

function beep(times) {
  const audio = new AudioContext();
  for (let n = 0; n < times; n += 1) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = times > 1 ? 880 : 620;
    volume.gain.value = 0.08;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + n * 0.25);
    tone.stop(audio.currentTime + n * 0.25 + 0.15);
  }
  setTimeout(() => audio.close(), 1500);
}

for (const [name, button] of Object.entries(switches)) {
  if (!button || (name === "notify" && !("Notification" in window))) continue;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isOn(name)));
  button.addEventListener("click", async () => {
    let on = !isOn(name);
    if (name === "notify" && on) on = (await Notification.requestPermission()) === "granted";
    if (name === "sound" && on) beep(1);
    remember(name, on);
  });
}

let last = null;

function tell(counts) {
  document.title = counts.unassigned > 0 ? `(${counts.unassigned}) ${title}` : title;
  const isNew = last && counts.newest > last.newest;
  const worse = last && counts.danger > last.danger;
  if (isNew || worse) {
    if (isOn("sound")) beep(worse ? 3 : 1);
    // No words of a customer on a locked screen.
    if (isOn("notify") && document.hidden && Notification.permission === "granted") {
      new Notification(worse ? "Danger: a customer needs a person now" : "A customer waits for a person", { tag: "evenkeel" });
    }
  }
  last = counts;
}

let first = true;

function listen() {
  const query = desk.dataset.escalation && !gone ? `?escalation=${desk.dataset.escalation}` : "";
  const stream = new EventSource(`/desk/events${query}`);
  stream.addEventListener("changed", (event) => {
    tell(JSON.parse(event.data));
    // The first one tells how things stood when the page was made; after a stream that broke off much may have changed.
    if (!first) look();
    first = false;
  });
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    // Refused: the page asks why, and says so.
    look();
    setTimeout(listen, AGAIN);
  });
}

document.querySelector("[data-filter]")?.addEventListener("change", (event) => event.currentTarget.requestSubmit());

if (desk) {
  desk.classList.add("scripted");
  const history = document.getElementById("history");
  if (history) history.scrollTop = history.scrollHeight;
  listen();
  // Waiting times grow by themselves.
  setInterval(look, 30000);
  // A page out of the browser's memory is as it was when it was left.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  // Who comes back from signing in, or from a sleeping machine, is not to wait for the next look.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  const { before, after } = composer(desk);
  forms({
    before,
    after(form, trouble) {
      after(form, trouble);
      if (trouble?.kind === "gone" || trouble?.kind === "signed-out") look();
    },
  });
  keys();
}
