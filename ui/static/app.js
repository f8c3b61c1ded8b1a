"use strict";

/** What the chat does in the browser: the source panel, copying, names for screen readers. */
(() => {
  const API = new URL("../api/documents/", document.currentScript.src);
  const PLACE = /#(ev|lead)-([\w-]+)-(\d+)-(\d+)$/;
  const panel = buildPanel();
  let opener = null;
  let asking = false;

  /** An element with text; document text only ever enters the page here, as text. */
  function element(tag, className = "", text = "") {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  function buildPanel() {
    const aside = element("aside", "yj-panel");
    aside.setAttribute("role", "dialog");
    aside.setAttribute("aria-labelledby", "yj-panel-name");
    const header = element("header");
    const name = element("h2");
    name.id = "yj-panel-name";
    const close = element("button", "", "×");
    close.type = "button";
    close.setAttribute("aria-label", "关闭");
    close.addEventListener("click", closePanel);
    header.append(name, close);
    const body = element("div", "yj-source");
    body.tabIndex = -1;
    aside.append(header, body, element("footer"));
    return { aside, name, body, footer: aside.lastElementChild };
  }

  async function openSource(link) {
    const [, kind, id, start, end] = PLACE.exec(link.hash);
    showPanel(link, kind === "ev" ? `依据 ${link.textContent}` : "线索");
    panel.body.replaceChildren(element("p", "yj-path", "正在取原文…"));
    panel.footer.replaceChildren();
    try {
      const place = await fetchPlace(id, start, end);
      if (opener === link) fillPanel(place, kind);
    } catch (error) {
      if (opener === link) panel.body.replaceChildren(element("p", "yj-note", error.message));
    }
  }

  async function fetchPlace(id, start, end) {
    let response;
    try {
      response = await fetch(new URL(`${encodeURIComponent(id)}/context?start=${start}&end=${end}`, API));
    } catch {
      throw new Error("连不上服务，请稍后再试。");
    }
    const body = await response.json();
    if (!response.ok) throw new Error(body.error.message);
    return body;
  }

  function fillPanel(place, kind) {
    const path = element("ol", "yj-path");
    path.append(...place.section.map((title) => element("li", "", title)));
    if (place.page) path.append(element("li", "", `第 ${place.page} 页`));
    const mark = element("mark", "", place.quote);
    const text = element("p", "yj-text");
    text.append((place.begins ? "" : "…") + place.before, mark, place.after + (place.ends ? "" : "…"));
    const note = kind === "lead" ? [element("p", "yj-note", "这是最接近的原文，未必回答了问题。")] : [];
    panel.body.replaceChildren(...note, element("p", "yj-title", place.title), path, text);
    panel.footer.replaceChildren(element("span", "", place.source), fullText(place.document_id));
    panel.body.scrollTop = 0;
    mark.scrollIntoView({ block: "nearest" });
  }

  function fullText(id) {
    const link = element("a", "", "全文");
    link.href = new URL(`${encodeURIComponent(id)}/text`, API);
    link.target = "_blank";
    link.rel = "noopener";
    return link;
  }

  function showPanel(link, name) {
    opener?.classList.remove("yj-open");
    opener = link;
    opener.classList.add("yj-open");
    panel.name.textContent = name;
    panel.aside.classList.add("yj-shown");
    document.body.classList.add("yj-split");
    panel.body.focus({ preventScroll: true });
  }

  function closePanel() {
    panel.aside.classList.remove("yj-shown");
    document.body.classList.remove("yj-split");
    opener?.classList.remove("yj-open");
    if (opener?.isConnected) opener.focus();
    opener = null;
  }

  /** What a person would copy: the visible text, with markers in brackets. */
  function readable(message) {
    const copy = message.cloneNode(true);
    copy.querySelectorAll('a[href*="#ev-"]').forEach((link) => { link.textContent = `[${link.textContent}]`; });
    const blocks = [...copy.querySelectorAll("p, h4, h5, li")].filter((block) => !block.querySelector("p"));
    return blocks.map((block) => block.textContent.trim()).join("\n");
  }

  /** Plain HTTP has no `navigator.clipboard`. */
  function copyText(text) {
    if (navigator.clipboard) return void navigator.clipboard.writeText(text);
    const area = element("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  function copyMessage(button) {
    const row = button.closest(".message-buttons").previousElementSibling;
    const messages = row?.querySelectorAll(".md") ?? [];
    copyText([...messages].map(readable).join("\n\n"));
    button.classList.add("yj-copied");
    setTimeout(() => button.classList.remove("yj-copied"), 1500);
  }

  function onClick(event) {
    const link = event.target.closest?.("#yj-chat a");
    const anew = event.target.closest?.("#yj-head a");
    const copy = event.target.closest?.('#yj-chat .message-buttons button[aria-label="复制"]');
    if (!copy && !link && !anew) return;
    event.preventDefault();
    event.stopPropagation();
    if (anew) location.assign("./"); // Gradio would open it in a new tab
    else if (copy) copyMessage(copy);
    else if (PLACE.test(link.hash)) openSource(link);
  }

  /** Gradio names some things in English, or not at all. */
  function nameThings() {
    name('[data-testid="bot"]', "回答");
    name('[data-testid="user"]', "问题");
    name('#yj-chat [role="log"]', "对话");
    document.querySelectorAll("#yj-chat .example").forEach((example) => {
      const text = example.textContent.trim();
      if (example.getAttribute("aria-label") !== text) example.setAttribute("aria-label", text);
    });
    name("#yj-ask textarea", "问题");
    name("#yj-ask .submit-button", "发送");
    name("#yj-ask .stop-button", "停止");
    document.querySelectorAll('#yj-chat a[href*="#ev-"]').forEach((link) => {
      if (!link.title) link.title = `依据 ${link.textContent}：查看原文`;
    });
  }

  function name(selector, label) {
    document.querySelectorAll(selector).forEach((found) => {
      if (found.getAttribute("aria-label") !== label) found.setAttribute("aria-label", label);
    });
  }

  /** `?q=…` asks as soon as there is a box to ask in. */
  function onBox(box) {
    const question = new URLSearchParams(location.search).get("q");
    if (matchMedia("(hover: hover)").matches && parent === window) box.focus();
    if (!question?.trim()) return;
    box.value = question;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => document.querySelector("#yj-ask .submit-button").click());
  }

  function speakChinese() {
    const page = document.documentElement;
    if (page.lang !== "zh-CN") page.lang = "zh-CN";
  }

  function onChange() {
    speakChinese();
    nameThings();
    const box = document.querySelector("#yj-ask textarea");
    if (!box || asking) return;
    asking = true;
    onBox(box);
  }

  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (opener) closePanel();
    else if (parent !== window) parent.postMessage("yiju:close", "*");
  });
  document.body.append(panel.aside);
  new MutationObserver(onChange).observe(document.body, { childList: true, subtree: true });
  // Gradio takes the browser's language for the page's.
  new MutationObserver(speakChinese).observe(document.documentElement, { attributeFilter: ["lang"] });
})();
