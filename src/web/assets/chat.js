// The chat page: brings the log, the outbox and the stream together.

import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import * as server from "./server.js";
import * as storage from "./storage.js";

const DRAFT = "evenkeel.draft";

const words = JSON.parse(document.getElementById("words").textContent);
const company = document.body.dataset.company;
const maxBytes = Number(document.body.dataset.maxBytes);
const title = document.title;
const framed = document.documentElement.classList.contains("embedded") && window.parent !== window;

const byId = (id) => document.getElementById(id);
const text = byId("text");
const composer = byId("composer");
const typing = byId("typing");
const notice = byId("notice");
const standing = byId("standing");
const startOver = byId("start-over");
const toEnd = byId("to-end");
const dialog = byId("delete");

let stream = null;
let unread = 0;
// Whether the widget around us is open; on our own page it always is.
let open = true;

const log = new Log({
  root: byId("log"),
  scroller: byId("scroller"),
  words,
  company,
  onChoice(choice, byKey) {
    send(choice.label, choice.id);
    // The button is disabled now: the focus must not fall off the page. A tap shall not bring up the keyboard, though.
    if (byKey) text.focus();
  },
  onEdit(said) {
    text.value = text.value ? `${said}\n${text.value}` : said;
    drafted();
    text.focus();
  },
  onPinned: (pinned) => pinned && (toEnd.hidden = true),
});

const outbox = new Outbox({
  visitor: () => connect(),
  sending: (message) => log.state(message, words.sending),
  sent(message, id) {
    say("sending", null);
    // After an erasure from elsewhere the key may have outlived the stream.
    connect();
    log.sent(message, id);
  },
  waiting(message, status) {
    log.state(message, words.not_sent_yet);
    if (status === 429) say("sending", words.limited);
    else say("sending", withCall(status ? words.busy : words.offline));
  },
  refused(message) {
    say("sending", null);
    log.refused(message);
  },
});

// --- What goes on: one line above the composer for trouble, one for the typing sign. ---

const trouble = new Map();

// Trouble has a source, so that one that ends does not hide another that goes on.
function say(source, said) {
  if (said) trouble.set(source, said);
  else trouble.delete(source);
  const latest = [...trouble.values()].pop() ?? "";
  if (notice.textContent !== latest) notice.textContent = latest;
}

// Who cannot write can still call, where the admins gave a number.
function withCall(said) {
  const call = notice.dataset.call;
  return call ? `${said} ${call}` : said;
}

function showStatus(status) {
  typing.textContent = status.typing ? words.typing : "";
  standing.dataset.standing = status.standing;
  const said = { bot: words.assistant, waiting: words.waiting, agent: words.with_agent }[status.standing];
  if (standing.textContent !== said) standing.textContent = said;
}

function countUnread(more) {
  const looking = open && document.visibilityState === "visible";
  unread = looking ? 0 : unread + more;
  document.title = unread > 0 ? `(${unread}) ${title}` : title;
  tellParent({ evenkeel: "unread", count: unread });
}

// --- The stream. ---

function connect() {
  if (stream || !server.visitor()) return;
  const controller = new AbortController();
  stream = controller;
  let lost;
  startOver.hidden = false;
  server.follow(
    {
      line(line) {
        const isNew = log.line(line);
        if (!isNew || line.author === "customer") return;
        if (!log.pinned) toEnd.hidden = false;
        if (log.live) countUnread(1);
      },
      status(status) {
        showStatus(status);
        log.settle();
        log.live = true;
      },
      erased: () => forget(),
      connected() {
        clearTimeout(lost);
        lost = undefined;
        say("stream", null);
      },
      lost() {
        typing.textContent = "";
        // A short break is nobody's concern.
        lost ??= setTimeout(() => say("stream", navigator.onLine ? words.reconnecting : withCall(words.offline)), 2500);
      },
      // The server knows no such key: a new one comes with the next message.
      unknown() {
        server.forgetVisitor();
        forget();
      },
      replaced() {
        stream = null;
        say("stream", words.asleep);
        const wake = () => {
          if (document.visibilityState !== "visible") return;
          for (const [target, name] of wakers) target.removeEventListener(name, wake);
          say("stream", null);
          connect();
        };
        const wakers = [[document, "visibilitychange"], [window, "focus"], [window, "pointerdown"]];
        for (const [target, name] of wakers) target.addEventListener(name, wake);
      },
    },
    controller.signal,
  );
}

// --- Writing. ---

function send(said, choice) {
  const message = outbox.add(said, choice);
  log.settle();
  log.pending(message);
}

function drafted() {
  if (text.value) storage.set(DRAFT, text.value);
  else storage.remove(DRAFT);
  const long = new TextEncoder().encode(text.value).length > maxBytes;
  text.setAttribute("aria-invalid", String(long));
  say("length", long ? words.too_long : null);
  composer.classList.toggle("ready", text.value.trim() !== "" && !long);
  if (!CSS.supports("field-sizing", "content")) {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }
}

function submit() {
  text.focus();
  if (!composer.classList.contains("ready")) return;
  send(text.value.trim());
  text.value = "";
  drafted();
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
text.addEventListener("input", drafted);
text.addEventListener("keydown", (event) => {
  // While a word is being composed, Enter belongs to the input method. Safari says so by the code 229 only.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  submit();
});
toEnd.addEventListener("click", () => {
  log.toEnd();
  text.focus({ preventScroll: true });
});

// --- Starting over. ---

// Takes the conversation off this page; the server has forgotten it already.
function forget() {
  stream?.abort();
  stream = null;
  log.clear();
  showStatus({ typing: false, standing: "bot" });
  startOver.hidden = true;
  toEnd.hidden = true;
  unread = 0;
  countUnread(0);
}

startOver.addEventListener("click", () => {
  if (dialog.showModal) dialog.showModal();
  // Safari before 15.4 has no dialogs of a page's own.
  else if (confirm(`${words.delete_title}\n\n${words.delete_text}`)) forgetMe();
});
byId("delete-cancel").addEventListener("click", () => dialog.close());
byId("delete-confirm").addEventListener("click", () => {
  dialog.close();
  forgetMe();
});

async function forgetMe() {
  text.focus();
  try {
    await server.erase();
  } catch {
    say("delete", words.delete_failed);
    setTimeout(() => say("delete", null), 8000);
    return;
  }
  outbox.clear();
  server.forgetVisitor();
  forget();
  say("delete", words.deleted);
  setTimeout(() => say("delete", null), 8000);
}

// Another tab became a visitor, or started over.
addEventListener("storage", (event) => {
  if (!server.isVisitorKey(event.key)) return;
  if (event.newValue) connect();
  else forget();
});

// --- The page around us. ---

function tellParent(message) {
  if (framed) window.parent.postMessage(message, "*");
}

addEventListener("message", (event) => {
  if (!framed || event.source !== window.parent || typeof event.data?.evenkeel !== "string") return;
  open = event.data.evenkeel === "opened";
  countUnread(0);
  if (open) text.focus();
});
addEventListener("keydown", (event) => {
  if (framed && event.key === "Escape" && !dialog.open) tellParent({ evenkeel: "close" });
});
document.addEventListener("visibilitychange", () => countUnread(0));

// Where the keyboard of a phone lies over the page instead of shrinking it, the page shrinks itself.
visualViewport?.addEventListener("resize", () => {
  if (visualViewport.scale > 1.01) return;
  document.documentElement.style.setProperty("--height", `${visualViewport.height}px`);
});

tellParent({ evenkeel: "here" });
text.value = storage.get(DRAFT) ?? "";
drafted();
connect();
for (const message of outbox.restore()) log.pending(message);
if (!server.visitor()) log.settle();
// Not on a phone: the keyboard would cover the introduction.
if (matchMedia("(pointer: fine)").matches) text.focus({ preventScroll: true });
