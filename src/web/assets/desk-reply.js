// Writing a reply: suggested answers, the draft that is kept, the tone that is looked at, and the sign that somebody writes.

const DRAFT = 1000;
const TONE = 600;
const TYPING = 4000;

function post(form, address, words) {
  const body = new URLSearchParams(words);
  body.set("csrf", form.elements.csrf.value);
  return fetch(address, { method: "POST", body, keepalive: true });
}

/** Puts an answer into the reply, after what is there. */
export function insert(button) {
  const text = document.getElementById("text");
  const words = button.closest(".canned").querySelector(".preview").textContent;
  if (!text) return;
  text.value = text.value.trim() === "" ? words : `${text.value.trimEnd()}\n\n${words}`;
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function later(wait, action) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  };
}

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
  if (!form || !text) return;
  const here = `/desk/escalations/${desk.dataset.escalation}`;
  let sent = false;
  const draft = later(DRAFT, () => {
    // The page that follows a reply has its draft already.
    if (!sent) post(form, `${here}/draft`, { text: text.value }).catch(() => {});
  });
  const tone = later(TONE, () => judge(form, text.value, desk.dataset.escalation));
  let typedAt = 0;
  text.addEventListener("input", () => {
    draft();
    tone();
    if (Date.now() - typedAt > TYPING && text.value.trim() !== "") {
      typedAt = Date.now();
      post(form, `${here}/typing`, {}).catch(() => {});
    }
  });
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  if (text.value !== "") tone();
}

async function judge(form, words, escalation) {
  const list = document.getElementById("tone");
  try {
    const answer = await post(form, `/desk/escalations/${escalation}/tone`, { text: words });
    if (!answer.ok) return;
    const findings = await answer.json();
    list.replaceChildren(
      ...findings.map((finding) => {
        const item = document.createElement("li");
        const quoted = document.createElement("q");
        quoted.textContent = finding.words;
        item.append(quoted, ` ${finding.suggestion}`);
        return item;
      }),
    );
  } catch {
    // Advice that does not come is no reason to stop.
  }
}
