// The desk by keyboard. A key does nothing while the agent writes in a field.

import { insert } from "./desk-reply.js";

const writes = (element) => element?.matches("input, textarea, select, [contenteditable]");

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  const current = at >= 0 ? at : rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = current < 0 ? 0 : Math.min(Math.max(current + by, 0), rows.length - 1);
  rows[next].focus();
}

function open(name) {
  const details = document.querySelector(`[data-open="${name}"]`);
  if (!details) return false;
  details.open = true;
  details.querySelector("input, textarea")?.focus();
  return true;
}

function focus(id) {
  const field = document.getElementById(id);
  field?.focus();
  return Boolean(field);
}

function press(name) {
  const button = document.querySelector(`[data-key="${name}"]`);
  button?.click();
  return Boolean(button);
}

function act(key) {
  if (/^[1-9]$/.test(key)) {
    const button = document.querySelector(`[data-answer="${key}"]`);
    if (button) insert(button);
    return Boolean(button);
  }
  switch (key) {
    case "j": step(1); return true;
    case "k": step(-1); return true;
    case "r": return focus("text");
    case "n": return focus("note");
    case "/": return focus("search");
    case "e":
    case "p": return open(key);
    case "c":
    case "t": return press(key);
    case "q": location.assign("/desk"); return true;
    case "?": document.getElementById("keys-help")?.showModal(); return true;
    default: return false;
  }
}

export function keys() {
  const help = document.getElementById("keys");
  if (help) {
    help.hidden = false;
    help.addEventListener("click", () => act("?"));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && writes(document.activeElement)) {
      document.activeElement.blur();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && document.activeElement?.form) {
      event.preventDefault();
      document.activeElement.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || writes(document.activeElement)) return;
    if (document.querySelector("dialog[open]")) return;
    if (act(event.key)) event.preventDefault();
  });
}
