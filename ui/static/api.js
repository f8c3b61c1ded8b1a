"use strict";

/** Lets each operation of the interface be tried on its own page; what comes back is only ever shown as text. */
(() => {
  const key = document.getElementById("key");

  function address(form) {
    let path = form.dataset.path;
    const query = new URLSearchParams();
    for (const input of form.querySelectorAll("input")) {
      if (input.dataset.where === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
      else if (input.value) query.set(input.name, input.value);
    }
    return new URL(query.size ? `${path}?${query}` : path, document.baseURI);
  }

  function options(form) {
    const headers = key.value ? { "X-Yiju-Key": key.value } : {};
    const body = form.querySelector("textarea")?.value;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    return { method: form.dataset.method, headers, body, cache: "no-store" };
  }

  function shown(text) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }

  async function send(form) {
    const output = form.querySelector("output");
    output.replaceChildren("…");
    const reply = document.createElement("pre");
    reply.tabIndex = 0;
    try {
      const response = await fetch(address(form), options(form));
      reply.textContent = `${response.status}\n${shown(await response.text())}`;
    } catch {
      reply.textContent = "无法连接服务。";
    }
    output.replaceChildren(reply);
  }

  for (const form of document.querySelectorAll(".try")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }

  /** A link to an operation opens it. */
  function open() {
    const operation = document.getElementById(location.hash.slice(1));
    if (operation?.matches("details")) operation.open = true;
  }
  window.addEventListener("hashchange", open);
  open();
})();
