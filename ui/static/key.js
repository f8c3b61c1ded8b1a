"use strict";

/* A site key comes in the address's fragment, which no server sees, and goes with every request to this service. */
(() => {
  const BASE = new URL("..", document.currentScript.src).href;
  const fragment = new URLSearchParams(location.hash.slice(1));
  const key = fragment.get("key");
  if (!key) return;

  // An address bar shows its fragment; a frame has none, and needs it when it is loaded again.
  if (window.top === window) {
    fragment.delete("key");
    const rest = String(fragment);
    history.replaceState(history.state, "", location.pathname + location.search + (rest && `#${rest}`));
  }

  const plain = window.fetch;
  window.fetch = (input, options) => {
    const request = new Request(input, options);
    if (request.url.startsWith(BASE)) request.headers.set("X-Yiju-Key", key);
    return plain(request);
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
    if (!link?.href.startsWith(`${BASE}documents/`)) return;
    event.preventDefault();
    openSigned(link.href);
  });
})();
