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
    if (data?.yiju !== "focus") return;
    wanted = true;
    focus();
  }

  /** Esc that nothing here wanted closes the widget; one that ends the writing of a character does not get so far. */
  function onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    parent.postMessage({ yiju: "close" }, "*");
  }

  document.documentElement.classList.add("yj-embed");
  addEventListener("message", onMessage);
  addEventListener("keydown", onKey);
  addEventListener("focusin", ({ target }) => { last = target; });
  parent.postMessage({ yiju: "ready" }, "*"); // a refused or failed page cannot say so
  const arrange = () => { focus(); greet(); };
  new MutationObserver(arrange).observe(document.body, { childList: true, subtree: true });
  arrange(); // Gradio may have been faster
})();
