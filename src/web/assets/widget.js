// One script tag puts the chat on any page:
//
//   <script src="https://chat.example.com/widget.js" async></script>
//
// `data-label` and `data-lang` on the tag change the button's words and the language. The chat itself runs in a frame of its own
// origin: this page cannot read it, and it cannot read this page.
(() => {
  "use strict";

  // Pages that replace their body run their scripts again: one button is enough.
  if (window.evenkeelWidget) return window.evenkeelWidget();
  const script = document.currentScript;
  if (!script) return;

  const origin = new URL(script.src).origin;
  const language = (script.dataset.lang || document.documentElement.lang || navigator.language || "en").slice(0, 2).toLowerCase();
  const words = {
    en: { open: "Chat with us", close: "Close chat", frame: "Chat", unread: "new" },
    es: { open: "Chatee con nosotros", close: "Cerrar el chat", frame: "Chat", unread: "nuevos" },
  }[language === "es" ? "es" : "en"];
  const label = script.dataset.label || words.open;

  const rules = `
    /* The page's own rules reach in by inheritance; here they end. */
    .launcher, .panel { all: initial; box-sizing: border-box; }
    .launcher, .panel { position: fixed; z-index: 2147483000; right: max(1rem, env(safe-area-inset-right)); }
    .launcher {
      bottom: max(1rem, env(safe-area-inset-bottom)); display: flex; align-items: center; gap: .625rem;
      min-height: 3.25rem; padding: 0 1.25rem; border: 0; border-radius: 1.75rem; cursor: pointer;
      background: #0d5a66; color: #fff; font: 600 1rem/1.2 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
      box-shadow: 0 6px 20px rgb(10 30 36 / 22%);
    }
    .launcher:hover { background: #0a4750; }
    .launcher:focus-visible { outline: 3px solid #fff; outline-offset: -6px; }
    .launcher svg { flex: none; }
    .count { min-width: 1.5rem; padding: .125rem .375rem; border-radius: 1rem; background: #fff; color: #0d5a66; font-size: .875rem; text-align: center; }
    .count[hidden], .panel[hidden] { display: none; }
    .panel {
      bottom: 5.25rem; width: 25rem; height: min(42rem, calc(100vh - 6.5rem)); height: min(42rem, calc(100dvh - 6.5rem)); max-width: calc(100vw - 2rem);
      border: 1px solid rgb(120 132 138 / 35%); border-radius: 1.25rem; overflow: hidden; background: Canvas;
      box-shadow: 0 18px 50px rgb(10 30 36 / 25%); color-scheme: light dark;
    }
    iframe { display: block; width: 100%; height: 100%; border: 0; }
    @media (max-width: 30rem), (max-height: 30rem) {
      .panel { inset: 0; bottom: 0; width: auto; max-width: none; height: auto; border: 0; border-radius: 0; padding-bottom: 3.5rem; }
      .panel:not([hidden]) + .launcher { right: 0; left: 0; bottom: 0; width: 100%; justify-content: center; border-radius: 0; box-shadow: none; }
    }
  `;

  const host = document.createElement("evenkeel-chat");
  const root = host.attachShadow({ mode: "open" });
  try {
    // No policy of the page for styles forbids these.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    root.adoptedStyleSheets = [sheet];
  } catch {
    // Safari before 16.4 has none.
    const style = document.createElement("style");
    style.textContent = rules;
    root.append(style);
  }

  const panel = document.createElement("div");
  panel.className = "panel";
  panel.id = "panel";
  panel.hidden = true;

  const launcher = document.createElement("button");
  launcher.type = "button";
  launcher.className = "launcher";
  launcher.setAttribute("aria-expanded", "false");
  launcher.setAttribute("aria-controls", "panel");
  launcher.append(icon());
  const text = document.createElement("span");
  text.textContent = label;
  const count = document.createElement("span");
  count.className = "count";
  count.hidden = true;
  launcher.append(text, count);
  root.append(panel, launcher);

  let frame = null;
  // Whether the chat in the frame has said that it is there: before, whatever we tell would reach another page.
  let listens = false;

  function tell() {
    if (listens) frame.contentWindow?.postMessage({ evenkeel: panel.hidden ? "closed" : "opened" }, origin);
  }

  // Piece by piece: pages with `require-trusted-types-for 'script'` let nobody write HTML.
  function icon() {
    const svg = (name, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      return node;
    };
    const picture = svg("svg", {
      viewBox: "0 0 24 24", width: 22, height: 22, fill: "none", stroke: "currentColor", "stroke-width": 2,
      "stroke-linejoin": "round", "aria-hidden": "true",
    });
    picture.append(svg("path", { d: "M4 5.500h16v11H10.500L6 20v-3.500H4Z" }));
    return picture;
  }

  function toggle(open) {
    panel.hidden = !open;
    launcher.setAttribute("aria-expanded", String(open));
    text.textContent = open ? words.close : label;
    if (open && !frame) {
      // Only now: a visitor who never opens the chat costs nothing.
      frame = document.createElement("iframe");
      frame.title = words.frame;
      frame.referrerPolicy = "no-referrer";
      frame.src = `${origin}/chat?lang=${language}`;
      frame.addEventListener("load", () => frame.focus());
      panel.append(frame);
    } else if (open) {
      frame.focus();
    }
    tell();
    if (!open) launcher.focus();
  }

  launcher.addEventListener("click", () => toggle(panel.hidden));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) toggle(false);
  });
  addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== origin) return;
    if (event.data?.evenkeel === "here") {
      listens = true;
      tell();
    }
    if (event.data?.evenkeel === "close") toggle(false);
    if (event.data?.evenkeel === "unread") {
      const unread = Number(event.data.count) || 0;
      count.hidden = unread === 0;
      count.textContent = unread > 0 ? `${unread} ${words.unread}` : "";
    }
  });

  // Beside the body: pages that replace it (Turbo, view transitions) leave the button and the conversation alone. Those that
  // replace more get it again; who only takes it away means it.
  function place() {
    if (host.isConnected) return;
    document.documentElement.append(host);
    const body = document.body;
    const watch = new MutationObserver(() => {
      if (host.isConnected || document.body === body) return;
      watch.disconnect();
      place();
    });
    watch.observe(document, { childList: true });
    watch.observe(document.documentElement, { childList: true });
  }
  window.evenkeelWidget = place;
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
})();
