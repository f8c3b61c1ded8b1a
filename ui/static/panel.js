/** The panel at the side, a drawer on phones: shows one thing at a time and gives the focus back when it closes. */

import { button, make } from "./dom.js";
import { words } from "./words.js";

const name = make("h2", { id: "yj-panel-name" });
const body = make("div", { className: "yj-source", tabIndex: -1 });
const header = make("header");
const footer = make("footer");
const close = button("×", closePanel);
const panel = make("div", { className: "yj-panel" }, header, body, footer);
let opener = null;

close.setAttribute("aria-label", words.close);
header.append(name, close);
header.setAttribute("role", "none"); // the page has a header and no footer of its own
footer.setAttribute("role", "none");
panel.setAttribute("role", "dialog");
panel.setAttribute("aria-labelledby", name.id);
document.body.append(panel);

/** Shows something; `from` is what opened it, and gets the focus back. */
export function showPanel(from, title, content, foot = []) {
  opener?.classList.remove("yj-open");
  opener = from;
  opener.classList.add("yj-open");
  name.textContent = title;
  fillPanel(content, foot);
  panel.classList.add("yj-shown");
  document.body.classList.add("yj-split");
  body.focus({ preventScroll: true });
}

/** Replaces what the panel shows. */
export function fillPanel(content, foot = []) {
  body.replaceChildren(...content);
  footer.replaceChildren(...foot);
  footer.hidden = !foot.length;
  body.scrollTop = 0;
}

/** What opened the panel; null while it is closed. */
export const panelOpener = () => opener;

export function closePanel() {
  panel.classList.remove("yj-shown");
  document.body.classList.remove("yj-split");
  opener?.classList.remove("yj-open");
  const target = opener?.isConnected ? opener : document.querySelector("#yj-ask textarea");
  opener = null;
  target?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !opener) return;
  event.preventDefault(); // the widget leaves alone what was wanted here
  closePanel();
});
