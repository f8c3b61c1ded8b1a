"use strict";

/* A link may bring a key in its fragment, which no server sees: `/chat/#key=…` leads here with it. */
const fragment = new URLSearchParams(location.hash.slice(1));
const field = document.querySelector("input[name=key]");
if (field && fragment.get("key")) {
  field.value = fragment.get("key");
  fragment.delete("key");
  history.replaceState(null, "", location.pathname + location.search);
  field.form.elements.next.value += String(fragment) && `#${fragment}`;
  field.form.submit();
}
