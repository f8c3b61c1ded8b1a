"use strict";

/** The chat's side of the widget: runs in its frame only, and tells the page around it no more than a word. */
(() => {
  const query = new URLSearchParams(location.search);
  if (parent === window || !query.has("embed")) return;
  const greeting = query.get("greeting")?.trim();
  const REACHABLE = "a[href], button, textarea, input, select, summary, [tabindex='0']";
  let wanted = document.hasFocus();
  let last = null; // what had the focus: a frame that is hidden loses it

  /** Where the focus was, else into the question box, unless that would raise the keyboard of a touch screen. */
  function focus() {
    const box = document.querySelector("#yj-ask textarea");
    if (!wanted || !box) return;
    wanted = false;
    if (document.activeElement !== document.body) return;
    if (last?.isConnected) last.focus();
    else if (matchMedia("(hover: hover)").matches) box.focus();
  }

  function focusLast() {
    [...document.querySelectorAll(REACHABLE)].reverse().find((each) => {
      if (each.tabIndex >= 0) each.focus();
      return document.activeElement === each; // what is hidden or disabled takes no focus
    });
  }

  function greet() {
    const heading = document.querySelector("#yj-chat .placeholder h2");
    if (greeting && heading && heading.textContent !== greeting) heading.textContent = greeting;
  }

  function onMessage({ source, data }) {
    if (source !== parent) return;
    if (data?.yiju === "focus-last") focusLast();
    if (data?.yiju === "ask") document.dispatchEvent(new CustomEvent("yiju:ask", { detail: String(data.question) }));
    if (data?.yiju !== "focus") return;
    wanted = true;
    focus();
  }

  /** Esc that nothing here wanted closes the widget; one that ends the writing of a character does not get so far. */
  function onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    parent.postMessage({ yiju: "close" }, "*");
  }

  /** The page's colour in place of ours, made darker or lighter until it can be read on the ground. */
  function paint(color) {
    if (!/^#[0-9a-f]{6}$/i.test(color ?? "")) return;
    const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const light = (rgb) => {
      const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => (Math.max(light(one), light(other)) + 0.05) / (Math.min(light(one), light(other)) + 0.05);
    const mixed = (one, other, share) => one.map((part, at) => Math.round(part + (other[at] - part) * share));
    const css = (rgb) => `rgb(${rgb.join(" ")})`;
    const rule = (selector, surface, towards) => {
      let accent = parts(color);
      let ground = mixed(surface, accent, 0.12);
      for (let share = 0.1; share <= 1 && contrast(accent, ground) < 4.6; share += 0.1) {
        accent = mixed(parts(color), towards, share);
        ground = mixed(surface, accent, 0.12);
      }
      const on = contrast(accent, [255, 255, 255]) >= 4.5 ? [255, 255, 255] : [0, 0, 0];
      return `${selector} { --yj-accent: ${css(accent)}; --yj-accent-ground: ${css(ground)}; --yj-on-accent: ${css(on)}; }`;
    };
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`${rule("body", [255, 255, 255], [0, 0, 0])} ${rule("body.dark", [26, 32, 29], [255, 255, 255])}`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  paint(query.get("color"));
  document.documentElement.classList.add("yj-embed");
  addEventListener("message", onMessage);
  addEventListener("keydown", onKey);
  // How many sources an answer has, none for a refusal; what was asked and answered stays in the frame.
  document.addEventListener("yiju:turn", ({ detail: citations }) => {
    parent.postMessage({ yiju: "answer", detail: { answered: citations > 0, citations } }, "*");
  });
  addEventListener("focusin", ({ target }) => { last = target; });
  parent.postMessage({ yiju: "ready" }, "*"); // a refused or failed page cannot say so
  const arrange = () => { focus(); greet(); };
  new MutationObserver(arrange).observe(document.body, { childList: true, subtree: true });
  arrange(); // Gradio may have been faster
})();
