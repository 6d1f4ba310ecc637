// The conversation on the page: lines, days, choices, and messages that are still on their way.

const SAME_BREATH = 5 * 60_000;

export class Log {
  #root;
  #scroller;
  #words;
  #company;
  #onChoice;
  #onEdit;
  #seen = new Set();
  // Messages on their way, by our id, oldest first.
  #pending = new Map();
  // The last line that the server has.
  #last = null;
  #pinned = true;
  #settled = false;

  constructor({ root, scroller, words, company, onChoice, onEdit, onPinned }) {
    this.#root = root;
    this.#scroller = scroller;
    this.#words = words;
    this.#company = company;
    this.#onChoice = onChoice;
    this.#onEdit = onEdit;
    const locale = document.documentElement.lang;
    this.time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
    this.day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
    let top = 0;
    scroller.addEventListener("scroll", () => {
      // Only scrolling up lets go of the end: on its way down, a smooth scroll is not there yet.
      const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
      if (atEnd || scroller.scrollTop < top) this.#pinned = atEnd;
      top = scroller.scrollTop;
      onPinned(this.#pinned);
    });
    // The keyboard of a phone makes the room smaller: what was last said stays in view.
    new ResizeObserver(() => {
      scroller.style.setProperty("--gutter", `${scroller.offsetWidth - scroller.clientWidth}px`);
      if (this.#pinned) this.toEnd(true);
    }).observe(scroller);
  }

  get pinned() {
    return this.#pinned;
  }

  // What was there before is on the page: from now on new lines are read out.
  settle() {
    if (this.#settled) return;
    this.#settled = true;
    this.toEnd(true);
    requestAnimationFrame(() => this.#root.setAttribute("aria-live", "polite"));
  }

  clear() {
    this.#root.replaceChildren();
    this.#seen.clear();
    this.#pending.clear();
    this.#last = null;
    this.#begin();
  }

  // Before the first line the page offers a beginning; afterwards the conversation has the room.
  #begin() {
    this.#scroller.classList.toggle("begun", this.#root.childElementCount > 0);
  }

  // Shows a line of the server. Returns whether it is new here.
  line(line) {
    if (this.#seen.has(line.id)) return false;
    this.#seen.add(line.id);
    const at = new Date(line.at);
    const own = line.author === "customer" ? this.#adopt(line) : null;
    const node = own ?? this.#build(line);
    const follows = this.#follows(line, at);
    if (!this.#last || this.#last.at.toDateString() !== at.toDateString()) this.#insert(this.#daySign(at));
    node.classList.toggle("continued", follows);
    const stamp = node.querySelector("time");
    stamp.dateTime = line.at;
    stamp.textContent = this.time.format(at);
    node.querySelector(".state")?.remove();
    this.#insert(node);
    if (line.author === "customer") this.#closeChoices(node, line.text);
    this.#last = { author: line.author, name: line.name, at };
    this.#keepUp(node, false);
    return true;
  }

  // Shows a message that the server does not have yet.
  pending(message) {
    const node = this.#build({ author: "customer", text: message.text, choices: [] });
    node.classList.toggle("continued", this.#pending.size > 0 || this.#last?.author === "customer");
    node.classList.add("pending");
    this.#pending.set(message.id, { node, text: message.text });
    this.#closeChoices(null, message.text);
    this.#root.append(node);
    this.#begin();
    this.#keepUp(node, true);
  }

  // A short word on how a message on its way is doing.
  state(message, text) {
    const node = this.#pending.get(message.id)?.node;
    if (node) node.querySelector(".state").textContent = text;
  }

  // The server has the message: its line may have come already, or comes soon.
  sent(message, id) {
    const waiting = this.#pending.get(message.id);
    if (!waiting) return;
    if (this.#seen.has(id)) {
      this.#pending.delete(message.id);
      waiting.node.remove();
    } else {
      waiting.serverId = id;
      waiting.node.querySelector(".state").textContent = "";
    }
  }

  // The server will never take it: the visitor can take the text back.
  refused(message) {
    const node = this.#pending.get(message.id)?.node;
    if (!node) return;
    this.#pending.delete(message.id);
    node.classList.add("refused");
    const state = node.querySelector(".state");
    const edit = element("button", "link");
    edit.type = "button";
    edit.textContent = this.#words.edit;
    edit.addEventListener("click", () => {
      node.remove();
      this.#onEdit(message.text);
    });
    state.replaceChildren(`${this.#words.refused} `, edit);
  }

  toEnd(atOnce = false) {
    const calm = atOnce || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: calm ? "instant" : "smooth" });
  }

  // The node of our own message that this line confirms: by the server's id, else the oldest with the same words.
  #adopt(line) {
    const waiting = [...this.#pending];
    const found =
      waiting.find(([, own]) => own.serverId === line.id) ??
      waiting.find(([, own]) => !own.serverId && own.text === line.text);
    if (!found) return null;
    this.#pending.delete(found[0]);
    found[1].node.classList.remove("pending");
    return found[1].node;
  }

  #follows(line, at) {
    const last = this.#last;
    return (
      last !== null && last.author === line.author && last.name === line.name && at - last.at < SAME_BREATH
    );
  }

  // Lines of the server stand above what is still on its way.
  #insert(node) {
    const [first] = this.#pending.values();
    if (first) this.#root.insertBefore(node, first.node);
    else this.#root.append(node);
    this.#begin();
  }

  #daySign(at) {
    const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
    const days = Math.round((midnight(new Date()) - midnight(at)) / 86_400_000);
    const sign = element("h2", "day");
    sign.textContent = [this.#words.today, this.#words.yesterday][days] ?? this.day.format(at);
    return sign;
  }

  #build(line) {
    const node = element("article", `line ${line.author}`);
    const who = element("p", "who-said");
    const name = element("span", line.author === "customer" ? "unseen" : "name");
    name.textContent = this.#speaker(line);
    const face = element("span", "face");
    face.setAttribute("aria-hidden", "true");
    if (line.author === "agent") face.textContent = [...(line.name ?? "")][0]?.toUpperCase() ?? "";
    who.append(face, name);
    const said = element("div", "said");
    said.dir = "auto";
    if (line.language) said.lang = line.language;
    // Only the server's own rendering is ever HTML; what a customer wrote is text.
    if (line.html === undefined) said.textContent = line.text;
    else said.innerHTML = line.html;
    const foot = element("p", "foot");
    foot.append(element("time"), element("span", "state"));
    if (line.author === "customer") {
      node.append(who, said, foot);
    } else {
      who.append(foot.firstChild);
      node.append(who, said);
    }
    if (line.choices.length > 0) node.append(this.#choices(line.choices, line.language));
    return node;
  }

  #speaker(line) {
    if (line.author === "customer") return this.#words.you;
    if (line.author === "bot") return this.#words.assistant;
    return `${line.name}, ${this.#company}`;
  }

  #choices(choices, language) {
    const group = element("div", "choices");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", this.#words.choose);
    for (const choice of choices) {
      const button = element("button", "choice");
      button.type = "button";
      button.dir = "auto";
      if (language) button.lang = language;
      button.textContent = choice.label;
      // `detail` is 0 when a key pressed it.
      button.addEventListener("click", (event) => this.#onChoice(choice, event.detail === 0));
      group.append(button);
    }
    return group;
  }

  // Choices above a message of the customer have had their answer.
  #closeChoices(before, chosen) {
    for (const button of this.#root.querySelectorAll(".choice:not([disabled])")) {
      const above = !before || button.compareDocumentPosition(before) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (!above) continue;
      button.disabled = true;
      if (button.textContent === chosen) button.setAttribute("aria-pressed", "true");
    }
  }

  // Follows the conversation unless the visitor is reading further up. A line taller than the room is shown from its start.
  #keepUp(node, own) {
    if (!this.#settled || (!own && !this.#pinned)) return;
    if (node.offsetHeight > this.#scroller.clientHeight - 40) {
      const above = node.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
      this.#scroller.scrollTop += above - 8;
      // Stay there: help in danger is read from its first word, whatever grows or shrinks around it.
      this.#pinned = false;
    } else {
      this.toEnd();
      this.#pinned = true;
    }
  }
}

function element(name, classes) {
  const node = document.createElement(name);
  if (classes) node.className = classes;
  return node;
}
