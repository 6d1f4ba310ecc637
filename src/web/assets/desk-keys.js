// The desk by keyboard. A key does nothing while the agent writes in a field, and none when it is one of many that are typed in a row: those
// are words that were meant for a field, and words must never act.

import { insert } from "./desk-reply.js";
import { say } from "./desk-server.js";

/** Keys that follow each other more quickly, in ms, are words. */
const WORDS = 350;

const writes = (element) => element?.matches("input, textarea, select, [contenteditable]");

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  const current = at >= 0 ? at : rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = current < 0 ? 0 : Math.min(Math.max(current + by, 0), rows.length - 1);
  rows[next].focus();
}

/** Puts the caret where the agent is to write, and opens what it stands in. */
function write(id, otherwise) {
  const field = document.getElementById(id);
  if (!field || field.disabled) {
    say("key", otherwise);
    return;
  }
  const details = field.closest("details");
  if (details) details.open = true;
  field.focus();
}

function press(name, otherwise) {
  const button = document.querySelector(`[data-key="${name}"]`);
  if (button && !button.disabled) button.click();
  else say("key", otherwise);
}

const NO_REPLY = "No reply can be written here.";
const ACTIONS = {
  j: () => step(1),
  k: () => step(-1),
  r: () => write("text", NO_REPLY),
  n: () => write("note", "There is no conversation here to write a note about."),
  "/": () => write("search", "There are no answers to search here."),
  e: () => write("outcome", "This cannot be resolved here: it is resolved already, or somebody else has it."),
  p: () => write("promise", "Nothing can be promised here."),
  c: () => press("c", "There is nothing to claim here."),
  t: () => press("t", "The next one is taken from the queue: go there with q."),
  q: () => location.assign("/desk"),
  "?": () => document.getElementById("keys-help")?.showModal(),
};

function action(key) {
  if (/^[1-9]$/.test(key)) {
    const button = document.querySelector(`[data-answer="${key}"]`);
    return button && (() => insert(button));
  }
  return Object.hasOwn(ACTIONS, key) ? ACTIONS[key] : null;
}

export function keys() {
  const help = document.getElementById("keys");
  if (help) {
    help.hidden = false;
    help.addEventListener("click", () => ACTIONS["?"]());
  }
  let pressedAt = -Infinity;
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && writes(document.activeElement)) {
      document.activeElement.blur();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && document.activeElement?.form) {
      event.preventDefault();
      if (!event.repeat) document.activeElement.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || writes(document.activeElement)) return;
    if (document.querySelector("dialog[open]") || event.key.length !== 1) return;
    const pace = event.timeStamp - pressedAt;
    pressedAt = event.timeStamp;
    const does = action(event.key);
    const steps = event.key === "j" || event.key === "k";
    if (!does || (!steps && (event.repeat || pace < WORDS))) return;
    event.preventDefault();
    say("key");
    does();
  });
}
