// Forms are sent by script, so that what was written stays in its field until the server has it. Without a script the browser sends them.

import { post, say } from "./desk-server.js";

const PREFIX = "evenkeel-desk-words";
const place = (field) => `${PREFIX} ${document.querySelector(".me .name")?.textContent} ${location.pathname} ${field.id}`;

/** Keeps what is in a field for this tab, however the page is left; no words: forgets them. */
export function keep(field, words = field.value) {
  try {
    if (words.trim() === "") sessionStorage.removeItem(place(field));
    else sessionStorage.setItem(place(field), words);
  } catch {
    // A browser that keeps nothing: the field itself still does.
  }
}

/** What was kept of a field. */
export function kept(field) {
  try {
    return sessionStorage.getItem(place(field)) ?? "";
  } catch {
    return "";
  }
}

function forgetAll() {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept then.
  }
}

/**
 * Sends all forms of the page. `before` is awaited before a form goes, `after` hears what became of it: `done`, or the trouble that the
 * server had with it.
 */
export function forms({ before, after }) {
  for (const field of document.querySelectorAll("[data-keep]")) {
    if (field.value === "") field.value = kept(field);
    const details = field.closest("details");
    if (details && field.value !== "") details.open = true;
  }
  document.addEventListener("input", ({ target }) => {
    if (target.matches?.("[data-keep]")) keep(target);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // The attribute: a field may be called like the property.
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    const address = form.getAttribute("action");
    if (address === "/desk/sign-out") {
      forgetAll();
      return;
    }
    event.preventDefault();
    if (!("sending" in form.dataset)) send(form, address, event.submitter, { before, after });
  });
}

async function send(form, address, button, { before, after }) {
  form.dataset.sending = "";
  const fields = new FormData(form);
  if (button?.name) fields.append(button.name, button.value);
  say("sent");
  await before(form);
  const { answer, trouble } = await post(form, address, fields);
  if (trouble) {
    delete form.dataset.sending;
    after(form, trouble);
    say("sent", `Not done: ${trouble.text} What you wrote is still here.`);
    return;
  }
  // A step that came too late leads back to its page with the reason; the words are put into their fields again there.
  const refused = new URL(answer.url).searchParams.has("refused");
  if (!refused) for (const field of form.querySelectorAll("[data-keep]")) keep(field, "");
  after(form, null);
  location.assign(answer.url);
}
