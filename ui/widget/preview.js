"use strict";

/** Shows the widget as the fragment describes it: `#open=1&position=left&title=…`, one parameter an attribute. */
(() => {
  const settings = new URLSearchParams(location.hash.slice(1));
  const open = settings.has("open");
  settings.delete("open");
  const script = Object.assign(document.createElement("script"), { src: "../widget.js" });
  Object.assign(script.dataset, Object.fromEntries(settings));
  script.addEventListener("load", () => {
    if (open) document.querySelector("yiju-widget").shadowRoot.querySelector(".bubble").click();
  });
  document.body.append(script);
  addEventListener("hashchange", () => location.reload());
})();
