// Writing a reply: suggested answers, the draft that is kept, the tone that is looked at, and the sign that somebody writes.

import { keep, kept } from "./desk-forms.js";
import { post, say } from "./desk-server.js";

const DRAFT = 1000;
const TONE = 600;
const TYPING = 4000;

/** Puts an answer into the reply, after what is there. */
export function insert(button) {
  const text = document.getElementById("text");
  if (!text) return;
  const words = button.dataset.text;
  text.value = text.value.trim() === "" ? words : `${text.value.trimEnd()}\n\n${words}`;
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function later(wait, action) {
  let timer = 0;
  return {
    start() {
      clearTimeout(timer);
      timer = setTimeout(action, wait);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Gives what is to be done around the sending of a form. */
export function composer(desk) {
  for (const button of document.querySelectorAll("[data-insert]")) {
    button.addEventListener("click", () => insert(button));
  }
  const search = document.getElementById("search");
  search?.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const canned of document.querySelectorAll("#answers .canned")) {
      const text = canned.textContent.toLowerCase();
      canned.hidden = !words.every((word) => text.includes(word));
    }
  });

  const form = document.getElementById("reply");
  const text = document.getElementById("text");
  if (!form || !text || !desk.dataset.escalation) return { before: async () => {}, after: () => {} };
  const here = `/desk/escalations/${desk.dataset.escalation}`;

  // The server keeps the draft; this tab keeps it until the server has it.
  let unsaved = kept(text);
  if (unsaved !== "") text.value = unsaved;
  let held = false;
  let saving = Promise.resolve();
  async function save(options = {}) {
    const words = text.value;
    const { trouble } = await post(form, `${here}/draft`, { text: words }, options);
    if (!trouble && text.value === words) {
      unsaved = "";
      keep(text, "");
    }
    const lost = trouble && trouble.kind !== "gone" && !held;
    say("draft", lost ? `Your draft is kept in this tab alone: ${trouble.text}` : "");
  }
  const draft = later(DRAFT, () => {
    if (!held) saving = save();
  });
  const tone = later(TONE, () => judge(form, text.value, here));
  let typedAt = 0;
  text.addEventListener("input", () => {
    unsaved = text.value;
    keep(text);
    draft.start();
    tone.start();
    if (Date.now() - typedAt > TYPING && text.value.trim() !== "") {
      typedAt = Date.now();
      post(form, `${here}/typing`, {});
    }
  });
  addEventListener("pagehide", () => {
    if (unsaved !== "" && !held) save({ keepalive: true });
  });
  // Enter in a field of the promise is not yet the wish to send.
  for (const field of form.querySelectorAll("input:not([type=hidden], [type=checkbox])")) {
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) event.preventDefault();
    });
  }
  if (text.value !== "") tone.start();
  return {
    async before(sent) {
      if (sent !== form) return;
      // A draft that arrives after the reply would come back as if it were not sent.
      held = true;
      draft.stop();
      await saving;
    },
    after(sent, trouble) {
      if (sent !== form) return;
      held = trouble === null;
      if (held) keep(text, "");
    },
  };
}

async function judge(form, words, here) {
  const { answer, trouble } = await post(form, `${here}/tone`, { text: words });
  // Advice that does not come is no reason to stop.
  if (trouble) return;
  const findings = await answer.json();
  document.getElementById("tone").replaceChildren(
    ...findings.map((finding) => {
      const item = document.createElement("li");
      if (finding.words) {
        const quoted = document.createElement("q");
        quoted.textContent = finding.words;
        item.append(quoted, " ");
      }
      item.append(finding.suggestion);
      return item;
    }),
  );
}
