"use strict";

/* A site key comes in the address's fragment, which no server sees, and goes with every request to this service. */
(() => {
  const BASE = new URL("..", document.currentScript.src).href;
  const ASKING = /\/gradio_api\/(run|queue\/join)\b/;
  const fragment = new URLSearchParams(location.hash.slice(1));
  const key = fragment.get("key");
  const plain = window.fetch;

  // To the page around the frame: this is the service, however long the chat takes to start.
  if (parent !== window && new URLSearchParams(location.search).has("embed")) parent.postMessage({ yiju: "here" }, "*");

  // An address bar shows its fragment; a frame has none, and needs it when it is loaded again.
  if (key && window.top === window) {
    fragment.delete("key");
    const rest = String(fragment);
    history.replaceState(history.state, "", location.pathname + location.search + (rest && `#${rest}`));
  }

  /** Gradio only says that something went wrong; people should read what. */
  async function tell(response) {
    document.querySelector(".yj-refused")?.remove();
    const said = response.ok ? null : await response.clone().json().catch(() => null);
    if (!said?.error) return;
    const note = document.createElement("p");
    note.className = "yj-refused";
    note.textContent = told(said.error);
    note.setAttribute("role", "alert");
    document.body.append(note);
  }

  /** A visitor of a portal can do nothing about keys; who set the page up reads the rest in the console. */
  function told({ code, message }) {
    if (!["sign_in_needed", "bad_key"].includes(code) || !document.documentElement.classList.contains("yj-embed")) return message;
    const hint = key ? "data-key 里的密钥不对或已被吊销" : "标签里没有 data-key，而服务要求密钥";
    console.error(`依据：${message}（${hint}；在服务器上用 yiju-serve keys 建立密钥，在 /widget/setup 重新生成标签）`);
    return new URLSearchParams(location.search).get("lang") === "en"
      ? "This page may not use the service yet. Please tell the site's administrator."
      : "此页面尚未获准使用问答服务，请联系网站管理员。";
  }

  window.fetch = async (input, options) => {
    const request = new Request(input, options);
    const ours = request.url.startsWith(BASE);
    if (ours && key) request.headers.set("X-Yiju-Key", key);
    const response = await plain(request);
    if (ours && ASKING.test(request.url)) tell(response);
    return response;
  };

  /** A new tab cannot send a header: it signs in with the key and is led on. */
  function openSigned(address) {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: `${BASE}signin`, target: "_blank", rel: "noopener", hidden: true });
    for (const [name, value] of [["key", key], ["next", address]]) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(form);
    form.submit();
    form.remove();
  }

  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!key || !link?.href.startsWith(`${BASE}documents/`)) return;
    event.preventDefault();
    openSigned(link.href);
  });
})();
