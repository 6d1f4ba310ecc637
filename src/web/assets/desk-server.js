// The desk's server, asked by script. Whatever goes wrong becomes a sentence for the agent; what they wrote is never lost by it.

/** How long an answer may take, in ms: after it the agent is told. */
const PATIENCE = 20000;

const bar = document.getElementById("notice");
const told = new Map();
const me = name(document);

function name(page) {
  return page.querySelector(".me .name")?.textContent.trim() ?? "";
}

/** Tells the agent something about a matter, in place of what was told about it before; no text takes that back. */
export function say(matter, text = "", link = null) {
  if ((told.get(matter)?.text ?? "") === text) return;
  if (text) told.set(matter, { text, link });
  else told.delete(matter);
  bar.replaceChildren(...[...told.values()].map(sentence));
}

function sentence({ text, link }) {
  const line = document.createElement("p");
  line.textContent = text;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.label;
    // Beside this page: what is written here stays.
    if (link.beside) anchor.target = "_blank";
    line.append(" ", anchor);
  }
  return line;
}

/** Asks, and gives the answer and what is wrong with it: null, or its kind and a sentence. */
export async function ask(address, options = {}) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), PATIENCE);
  try {
    const answer = await fetch(address, { ...options, signal: control.signal });
    if (answer.ok || answer.redirected) {
      said(null);
      return { answer, trouble: null };
    }
    const trouble = await why(answer);
    said(trouble);
    return { answer, trouble };
  } catch {
    return { answer: null, trouble: { kind: "offline", text: "the desk cannot be reached at the moment." } };
  } finally {
    clearTimeout(timer);
  }
}

/** Being signed out concerns the whole page, whatever was asked. */
function said(trouble) {
  if (trouble?.kind === "signed-out") {
    const link = { href: "/desk/sign-in", label: "Sign in again in another tab", beside: true };
    say("who", "You are signed out. What you wrote stays here.", link);
  } else if (!trouble) {
    say("who");
  }
}

async function why(answer) {
  let message = "";
  try {
    message = (await answer.json()).error.message.replace(/\.$/, "");
  } catch {
    // Not from us: a proxy says it in its own way.
  }
  const wait = Number(answer.headers.get("retry-after"));
  switch (answer.status) {
    case 401: return { kind: "signed-out", text: "you are signed out." };
    case 403: return { kind: "forbidden", text: `${message || "this is not allowed"}.` };
    case 404: return { kind: "gone", text: `${message || "it is not there any more"}.` };
    case 409: return { kind: "conflict", text: `${message || "somebody else was faster"}.` };
    case 413: return { kind: "too-long", text: "it is too long. Shorten it, or send it in two parts." };
    case 429: return { kind: "too-many", text: `too much at once. Try again ${wait > 0 ? `in ${wait} s` : "in a moment"}.` };
    default:
      if (answer.status >= 500) return { kind: "failing", text: "the desk cannot do this at the moment. Try again." };
      return { kind: "refused", text: `${message || "the desk did not take it"}.` };
  }
}

/** Takes over the token of a page that was fetched anew. False if it is somebody else's page: then nothing may be sent from here. */
export function adopt(page) {
  const now = name(page);
  if (now !== me) {
    say("person", `This browser is signed in as ${now || "nobody"} now, this page was opened by ${me}. Copy what you wrote, then load the page again.`);
    return false;
  }
  say("person");
  const token = page.querySelector('meta[name="csrf"]').content;
  for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = token;
  return true;
}

export const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

/** Asks for the token of today's session: after signing in anew in another tab the old one does not fit. */
async function renew() {
  const { answer, trouble } = await ask("/desk/account");
  return !trouble && adopt(parsed(await answer.text()));
}

/** Posts fields with the token that stands in a form. */
export async function post(form, address, fields, options = {}) {
  for (let again = false; ; again = true) {
    const body = new URLSearchParams(fields);
    body.set("csrf", form.elements.csrf.value);
    const done = await ask(address, { method: "POST", body, ...options });
    if (again || done.trouble?.kind !== "forbidden" || !(await renew())) return done;
  }
}
