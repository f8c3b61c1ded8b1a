"use strict";

/* 依据: puts a chat bubble on any page.
   <script src="http://HOST/widget.js" data-title="文档问答" data-position="right" data-color="#0f6b5c" defer></script> */
(() => {
  const { src, dataset } = document.currentScript;
  const side = dataset.position === "left" ? "left" : "right";
  const title = dataset.title || "文档问答";
  const color = CSS.supports("color", dataset.color || "") ? dataset.color : "#0f6b5c";
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const bubble = button("问", `打开${title}`);
  const close = button("×", "关闭");
  const frame = document.createElement("section");
  let chat = null;

  const STYLE = `
    :host { all: initial; }
    * { box-sizing: border-box; font-family: system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; }
    button { border: 0; cursor: pointer; color: #fff; background: ${color}; }
    button:focus-visible { outline: 3px solid #f2c14e; outline-offset: 2px; }
    .bubble { position: fixed; z-index: 2147483000; bottom: 20px; ${side}: 20px; width: 56px; height: 56px;
      border-radius: 18px; font-size: 22px; font-weight: 650; box-shadow: 0 8px 28px rgb(0 0 0 / 24%); }
    section { position: fixed; z-index: 2147483001; bottom: 20px; ${side}: 20px; display: flex; flex-direction: column;
      width: 420px; height: min(680px, calc(100vh - 40px)); border-radius: 18px; overflow: hidden;
      background: #fff; box-shadow: 0 16px 56px rgb(0 0 0 / 28%); }
    [hidden] { display: none !important; }
    header { display: flex; align-items: center; justify-content: space-between; padding: 0 6px 0 16px; height: 44px;
      color: #fff; background: ${color}; font-size: 15px; font-weight: 600; }
    header button { width: 36px; height: 36px; font-size: 22px; }
    iframe { flex: 1; width: 100%; border: 0; }
    @media (max-width: 640px) { section { inset: 0; width: 100%; height: 100%; border-radius: 0; } }`;

  function button(text, label) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    return made;
  }

  /** Nothing is loaded before the first click. */
  function show() {
    if (!chat) {
      chat = document.createElement("iframe");
      chat.title = title;
      chat.src = new URL("chat/?embed=1", src);
      frame.append(chat);
    }
    frame.hidden = false;
    bubble.hidden = true;
    close.focus();
  }

  function hide() {
    frame.hidden = true;
    bubble.hidden = false;
    bubble.focus();
  }

  function build() {
    const style = document.createElement("style");
    style.textContent = STYLE;
    const header = document.createElement("header");
    header.append(Object.assign(document.createElement("span"), { textContent: title }), close);
    frame.setAttribute("role", "dialog");
    frame.setAttribute("aria-label", title);
    frame.hidden = true;
    frame.append(header);
    bubble.className = "bubble";
    root.append(style, bubble, frame);
    document.body.append(host);
  }

  /** The chat says when Esc was pressed inside it with nothing of its own left to close. */
  function onMessage(event) {
    if (chat && event.source === chat.contentWindow && event.data === "yiju:close") hide();
  }

  bubble.addEventListener("click", show);
  close.addEventListener("click", hide);
  addEventListener("message", onMessage);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !frame.hidden) hide();
  });
  if (document.body) build();
  else addEventListener("DOMContentLoaded", build);
})();
