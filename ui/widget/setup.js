"use strict";

/** Writes the tags: what the forms say, as text to copy and as a preview. Nothing typed here leaves the page. */
(() => {
  const service = new URL("../", location.href);
  const FILTERS = { documents: "document", issuers: "issuer", regions: "region", years: "year" };
  const DEFAULT_COLOR = "#0f6b5c";
  const PAUSE = 400; // milliseconds without typing before the preview starts anew

  const byId = (id) => document.getElementById(id);
  const frame = byId("preview");
  const areas = Object.fromEntries([...document.querySelectorAll(".snippet")].map((box) => [box.dataset.kind, area(box)]));
  let timer;

  /** A field for code with its button. */
  function area(box) {
    const name = box.querySelector("h3").textContent;
    const code = Object.assign(document.createElement("textarea"), { className: "code", readOnly: true, rows: 4, spellcheck: false });
    code.setAttribute("aria-label", `代码：${name}`);
    const copy = Object.assign(document.createElement("button"), { type: "button", textContent: "复制" });
    copy.setAttribute("aria-label", `复制：${name}`);
    copy.addEventListener("click", () => copied(code, copy));
    box.append(code, copy);
    return code;
  }

  /** Plain HTTP has no `navigator.clipboard`; selecting and the old command work there, and show what was taken. */
  async function copied(code, button) {
    code.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(code.value);
    else document.execCommand("copy");
    button.textContent = "已复制";
    setTimeout(() => { button.textContent = "复制"; }, 1500);
  }

  /** What is filled in and valid, as attributes of the tag; what stands for the default is left out. */
  function settings() {
    const valid = [...document.querySelectorAll("form [name]")].filter((field) => field.value.trim() && field.checkValidity());
    const found = Object.fromEntries(valid.map((field) => [field.name, field.value.trim()]));
    if (found.color === DEFAULT_COLOR) delete found.color;
    const chosen = [...document.querySelectorAll("#documents :checked")].map((box) => box.value);
    return chosen.length ? { ...found, documents: chosen.join(",") } : found;
  }

  /** Where the chat is for a frame or a link. */
  function chat(found, framed) {
    const url = new URL("chat/", service);
    const add = (name, value) => value && url.searchParams.append(name, value);
    if (framed) add("embed", "1");
    add("lang", found.lang);
    if (found.theme) ["theme", "__theme"].forEach((name) => add(name, found.theme));
    if (framed) add("greeting", found.greeting);
    if (framed) add("color", found.color);
    add("q", found.question);
    for (const [name, parameter] of Object.entries(FILTERS)) {
      found[name]?.split(/[,，]/).forEach((value) => add(parameter, value.trim()));
    }
    if (found.key) url.hash = `key=${found.key}`;
    return url.href;
  }

  function quoted(text) {
    const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
    return text.replace(/[&<>"]/g, (character) => names[character]);
  }

  function attributes(pairs) {
    return pairs.map(([name, value]) => ` ${name}="${quoted(value)}"`).join("");
  }

  function tag(found) {
    const source = new URL("widget.js", service).href;
    const data = Object.entries(found).map(([name, value]) => [`data-${name}`, value]);
    return `<script${attributes([["src", source], ...data])} defer></` + "script>";
  }

  function frameTag(found) {
    const title = found.title ?? "文档问答";
    const shape = [["title", title], ["width", "420"], ["height", "640"], ["allow", "clipboard-write"]];
    return `<iframe${attributes([["src", chat(found, true)], ...shape])}></iframe>`;
  }

  function link(found) {
    const text = found.question ?? found.title ?? "文档问答";
    return `<a${attributes([["href", chat(found, false)], ["target", "_blank"], ["rel", "noopener"]])}>${quoted(text)}</a>`;
  }

  function show() {
    const found = settings();
    areas.script.value = tag(found);
    areas.frame.value = frameTag(found);
    areas.link.value = link(found);
    areas.policy.value = `script-src ${service.origin}; frame-src ${service.origin}`;
    clearTimeout(timer);
    timer = setTimeout(preview, PAUSE, found);
  }

  function preview(found) {
    const shown = new URLSearchParams(byId("open").checked ? { open: "1", ...found } : found);
    frame.classList.toggle("phone", byId("phone").checked);
    const address = shown.size ? `preview#${shown}` : "preview"; // an empty fragment scrolls this page, too
    if (frame.getAttribute("src") !== address) frame.src = address;
  }

  async function documents() {
    const list = byId("documents");
    try {
      const response = await fetch(new URL("api/documents", service));
      const body = await response.json();
      if (!response.ok) throw new Error(body.error.message);
      list.replaceChildren(...body.documents.map(choice));
    } catch (error) {
      list.textContent = `无法读取文档清单：${error.message}`;
    }
  }

  function choice({ id, title }) {
    const label = document.createElement("label");
    label.append(Object.assign(document.createElement("input"), { type: "checkbox", value: id }), title);
    return label;
  }

  document.addEventListener("input", show);
  document.addEventListener("submit", (event) => event.preventDefault());
  documents();
  show();
})();
