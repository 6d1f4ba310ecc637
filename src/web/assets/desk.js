// The live part of the desk: looks again when something changed, and says so. Pages work without it.

import { keys } from "./desk-keys.js";
import { composer } from "./desk-reply.js";

const desk = document.querySelector("[data-desk]");
const title = document.title;

// What is replaced when the page looks again. The fields in which the agent writes are never among it.
const LIVE = ["#counts", "#rows", "#standing", "#history"];

let looking = false;
let again = false;

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.status === 401) {
      // Signed out meanwhile: the sign-in page comes.
      location.reload();
      return;
    }
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // Offline: the event stream opens anew and calls us again.
  } finally {
    looking = false;
    if (again) {
      again = false;
      look();
    }
  }
}

function show(fresh) {
  for (const name of LIVE) {
    const old = document.querySelector(name);
    const now = fresh.querySelector(name);
    if (!old || !now || old.outerHTML === now.outerHTML) continue;
    // Somebody is choosing or writing there.
    if (old.querySelector("details[open]") || (old.contains(document.activeElement) && old.id === "standing")) continue;
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

function listen() {
  const query = desk.dataset.escalation ? `?escalation=${desk.dataset.escalation}` : "";
  const stream = new EventSource(`/desk/events${query}`);
  let first = true;
  stream.addEventListener("changed", (event) => {
    tell(JSON.parse(event.data));
    // The first one tells how things stood when the page was made, unless the stream broke off in between.
    if (!first) look();
    first = false;
  });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
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
  composer(desk);
  keys(desk);
}
