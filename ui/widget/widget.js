"use strict";

/* 依据: puts a chat bubble on any page; the rest is loaded with the first click.

   <script src="http://HOST/widget.js" data-title="文档问答" defer></script>

   Every attribute is optional; http://HOST/widget/setup writes the tag. A content security policy must name http://HOST
   in script-src and frame-src. The element has open(question) and sends "yiju:answer". */
(() => {
  const script = document.currentScript ?? document.querySelector('script[src*="/widget.js"]');
  const { origin } = new URL(script.src);
  const TAG = "yiju-widget";
  const KEPT = `yiju:${origin}`;
  const WORDS = {
    zh: {
      mark: "问",
      title: "文档问答",
      open: "打开",
      close: "关闭",
      apart: "在新窗口打开",
      loading: "正在打开…",
      failed: "暂时无法打开问答页，请稍后重试。",
      again: "重试",
    },
    en: {
      mark: "?",
      title: "Ask the documents",
      open: "Open: ",
      close: "Close",
      apart: "Open in a new window",
      loading: "Opening…",
      failed: "The chat cannot be opened now. Please try again later.",
      again: "Try again",
    },
  };

  /* Attribute → what it must be, and how it is read; undefined if it is not. */
  const RULES = {
    position: ["right 或 left", oneOf("right", "left")],
    color: ["CSS 颜色", opaque],
    title: ["1 到 40 个字", text(40)],
    greeting: ["1 到 200 个字", text(200)],
    lang: ["zh 或 en", oneOf("zh", "en")],
    theme: ["auto、light 或 dark", oneOf("auto", "light", "dark")],
    question: ["1 到 500 个字", text(500)],
    documents: ["逗号分隔的文档编号", list(/^[\w-]{1,100}$/)],
    issuers: ["逗号分隔的发文机关名称", list(/^.{1,100}$/)],
    regions: ["逗号分隔的地区名称", list(/^.{1,100}$/)],
    years: ["逗号分隔的四位年份", list(/^\d{4}$/)],
    key: ["站点密钥", (value) => (/^[\w.-]{8,200}$/.test(value) ? value : undefined)],
  };
  /* Filters: attribute → parameter of the chat's address. */
  const FILTERS = { documents: "document", issuers: "issuer", regions: "region", years: "year" };

  const set = settings();
  const words = WORDS[set.lang ?? "zh"];
  const title = set.title ?? words.title;
  const ground = set.color ?? "#0f6b5c";
  const small = matchMedia("(max-width: 640px), (max-height: 500px)");

  const host = document.createElement(TAG);
  const root = host.attachShadow({ mode: "open" });
  const bubble = element("button", { className: "bubble", textContent: words.mark });
  const panel = element("section", { hidden: true, tabIndex: -1 });
  const apart = element("a", { href: address(false), target: "_blank", rel: "noopener", textContent: "↗" });
  const close = element("button", { textContent: "×" });
  const note = element("div", { className: "note" });
  const ends = [element("i", { tabIndex: 0 }), element("i", { tabIndex: 0 })];
  let chat = null;
  let here = 0;
  let ready = false;
  let box = false;
  let waiting = null;
  let scrolling = null;

  const STYLE = `
:host { all: initial !important; }
* { box-sizing: border-box; font-family: system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
[hidden] { display: none !important; }
.bubble, header { background: ${ground}; color: ${ink(ground)}; }
button, a { border: 0; padding: 0; background: none; color: inherit; cursor: pointer; text-decoration: none; text-align: center; }
:is(button, a):focus-visible { outline: 3px solid currentColor; outline-offset: -5px; }
.bubble { position: fixed; z-index: 2147483000; bottom: 20px; ${set.position ?? "right"}: 20px; width: 56px; height: 56px;
border: 1px solid transparent; border-radius: 18px; font-size: 22px; font-weight: 650; box-shadow: 0 8px 28px rgb(0 0 0 / 24%); }
section { position: fixed; z-index: 2147483001; bottom: 20px; ${set.position ?? "right"}: 20px; display: flex; flex-direction: column;
width: min(420px, calc(100vw - 40px)); height: min(680px, calc(100vh - 40px)); border: 1px solid #8884; border-radius: 18px;
overflow: hidden; outline: 0; background: #f6f7f5; color: #1c2421; box-shadow: 0 16px 56px rgb(0 0 0 / 28%); }
header { display: flex; align-items: center; padding: 0 4px 0 16px; min-height: 46px; font-size: 15px; font-weight: 600; }
header span { flex: 1; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
header :is(a, button) { width: 40px; height: 40px; border-radius: 10px; font-size: 22px; line-height: 40px; }
header a { font-size: 17px; }
iframe { flex: 1; width: 100%; min-height: 0; border: 0; }
.note { display: grid; flex: 1; align-content: center; justify-items: center; gap: 16px; padding: 24px; font-size: 15px; line-height: 1.7; text-align: center; }
.note button { padding: 8px 20px; border: 1px solid; border-radius: 10px; font-size: 15px; }
.note:not([hidden]) ~ iframe { flex: 0 0 0; height: 0; }
.dark { background: #121614; color: #e6ebe8; }
@media (prefers-color-scheme: dark) { .auto { background: #121614; color: #e6ebe8; } }
@media ${small.media} { section { inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0; } }
@media print { .bubble, section { display: none; } }`;

  function oneOf(...known) {
    return (value) => (known.includes(value) ? value : undefined);
  }

  function text(longest) {
    return (value) => (value.trim() && value.trim().length <= longest ? value.trim() : undefined);
  }

  function list(each) {
    return (value) => {
      const parts = value.split(/[,，]/).map((part) => part.trim()).filter(Boolean);
      return parts[0] && parts.every((part) => each.test(part)) ? parts : undefined;
    };
  }

  /** A colour as #rrggbb; a canvas keeps its last colour for what is none. */
  function opaque(value) {
    const pen = document.createElement("canvas").getContext("2d");
    const [one, other] = ["#000001", "#000002"].map((last) => {
      pen.fillStyle = last;
      pen.fillStyle = value;
      return pen.fillStyle;
    });
    return one === other && /^#[0-9a-f]{6}$/.test(one) ? one : undefined;
  }

  /** Black or white, whichever can be read on `color`. */
  function ink(color) {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = parseInt(color.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05) >= 4.5 ? "#fff" : "#000";
  }

  /** The tag's attributes; wrong ones are left out, with a warning. */
  function settings() {
    const found = {};
    const wrong = [];
    for (const [name, [what, read]] of Object.entries(RULES)) {
      const value = script.dataset[name];
      if (value === undefined) continue;
      found[name] = read(value);
      if (found[name] === undefined) wrong.push(`data-${name} 须为${what}`);
    }
    if (wrong.length) console.warn(`依据 widget.js 忽略了这些属性：${wrong.join("；")}。`);
    return found;
  }

  /** Where the chat is; no server gets what is behind #. */
  function address(framed) {
    const url = new URL("chat/", script.src);
    const add = (name, value) => value && url.searchParams.append(name, value);
    if (framed) add("embed", "1");
    add("lang", set.lang);
    if (framed) add("greeting", set.greeting);
    if (framed) add("color", set.color);
    if (set.theme !== "auto") ["theme", "__theme"].forEach((name) => add(name, set.theme)); // ours and Gradio's
    if (framed) add("q", set.question);
    for (const [name, parameter] of Object.entries(FILTERS)) set[name]?.forEach((value) => add(parameter, value));
    if (set.key) url.hash = `key=${set.key}`;
    return url.href;
  }

  function element(tag, properties, label) {
    const made = Object.assign(document.createElement(tag), properties);
    if (label) made.setAttribute("aria-label", label);
    return made;
  }

  function load() {
    chat?.remove();
    here = 0;
    ready = box = false;
    note.replaceChildren(words.loading);
    note.hidden = false;
    chat = element("iframe", { title, allow: "clipboard-write", src: address(true) });
    // A refused page loads too, as the browser's own; only ours says it is here.
    chat.addEventListener("load", () => setTimeout(() => here || fail(), 1000));
    panel.insertBefore(chat, ends[1]);
  }

  function fail() {
    console.error(`依据：无法打开 ${origin}：服务没有回应，或启动时没有用 --allow-origin ${location.origin}。`);
    const retry = () => { close.focus(); load(); };
    note.replaceChildren(words.failed, element("button", { textContent: words.again, onclick: retry }));
  }

  function show() {
    if (!chat) load();
    panel.hidden = false;
    bubble.hidden = true;
    cover();
    enter();
  }

  function open(question) {
    waiting = text(500)(question ?? "");
    show();
    pass();
  }

  function pass() {
    if (!box || !waiting) return;
    chat.contentWindow.postMessage({ yiju: "ask", question: waiting }, origin);
    waiting = null;
  }

  function hide() {
    panel.hidden = true;
    bubble.hidden = false;
    cover();
    bubble.focus();
  }

  /** On a small screen the page behind neither scrolls nor is read out. */
  function cover() {
    const page = document.documentElement.style;
    const covers = small.matches && !panel.hidden;
    panel.setAttribute("aria-modal", covers);
    if (covers === (scrolling !== null)) return;
    [page.overflow, scrolling] = covers ? ["hidden", page.overflow] : [scrolling, null];
  }

  /** Into the chat: where the focus was, or its last element. */
  function enter(what = "focus") {
    if (!ready) return close.focus();
    chat.focus();
    chat.contentWindow.postMessage({ yiju: what }, origin);
  }

  function onMessage(event) {
    if (!chat || event.source !== chat.contentWindow || event.origin !== origin) return;
    const { yiju: said, kept } = event.data ?? {};
    if (said === "close") hide();
    if (said === "keep") keep(kept);
    if (said === "kept?") giveBack();
    if (said === "box") { box = true; pass(); }
    if (said === "answer") host.dispatchEvent(new CustomEvent("yiju:answer", { bubbles: true, detail: event.data.detail }));
    if (said === "here") here = setTimeout(() => ready || fail(), 60000);
    if (said !== "ready") return;
    ready = note.hidden = true;
    if (root.activeElement === close) enter();
  }

  /** A frame may be refused storage: this page keeps it. */
  function keep(kept) {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(kept));
    } catch { /* full, or refused */ }
  }

  function giveBack() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
      chat.contentWindow.postMessage({ yiju: "kept", kept }, origin);
    } catch { /* nothing was kept */ }
  }

  function onKey(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    hide();
  }

  function build() {
    if (document.querySelector(TAG)) return; // several tags make one bubble
    style();
    panel.setAttribute("role", "dialog");
    [[panel, title], [bubble, words.open + title], [apart, words.apart], [close, words.close]].forEach(([each, label]) => {
      each.setAttribute("aria-label", label);
    });
    note.setAttribute("role", "status");
    const header = element("header");
    header.append(element("span", { textContent: title }), apart, close);
    panel.append(ends[0], header, note, ends[1]);
    root.append(bubble, panel);
    document.body.append(Object.assign(host, { open, close: hide }));
  }

  /** A constructed sheet needs no leave of a content security policy. */
  function style() {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } catch {
      root.append(element("style", { textContent: STYLE }));
    }
  }

  bubble.addEventListener("click", show);
  close.addEventListener("click", hide);
  panel.addEventListener("keydown", onKey);
  ends[0].addEventListener("focus", () => enter("focus-last"));
  ends[1].addEventListener("focus", () => apart.focus());
  small.addEventListener("change", cover);
  addEventListener("message", onMessage);
  if (document.body) build();
  else addEventListener("DOMContentLoaded", build);
})();
