/** The panel at the side, a drawer on phones: shows one thing at a time and gives the focus back when it closes. */

import { button, make } from "./dom.js";
import { panelClosed, panelOpened } from "./places.js";
import { words } from "./words.js";

const name = make("h2", { id: "yj-panel-name" });
const body = make("div", { className: "yj-source", tabIndex: -1 });
const header = make("header");
const where = make("p", { className: "yj-where" });
const shade = make("div", { className: "yj-shade" }); // on phones: a tap beside the drawer closes it
const footer = make("footer");
const close = button("×", () => closePanel());
const panel = make("div", { className: "yj-panel" }, header, body, footer);
let opener = null;

close.setAttribute("aria-label", words.close);
header.append(make("div", {}, name, where), close);
shade.addEventListener("click", () => closePanel());
header.setAttribute("role", "none"); // the page has a header and no footer of its own
footer.setAttribute("role", "none");
panel.setAttribute("role", "dialog");
panel.setAttribute("aria-labelledby", name.id);
document.body.append(shade, panel);

/** Shows something; `from` is what opened it, and gets the focus back. */
export function showPanel(from, title, content, foot = []) {
  opener?.classList.remove("yj-open");
  opener = from;
  opener.classList.add("yj-open");
  name.textContent = title;
  where.textContent = "";
  fillPanel(content, foot);
  panel.classList.add("yj-shown");
  document.body.classList.add("yj-split");
  body.focus({ preventScroll: true });
  panelOpened();
}

/** Says in the head, which stays, what is shown. */
export function placePanel(text) {
  where.textContent = text;
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

/** Closes it; `placed` where the browser's history is at the right place already. */
export function closePanel(placed = false) {
  panel.classList.remove("yj-shown");
  document.body.classList.remove("yj-split");
  opener?.classList.remove("yj-open");
  const target = opener?.isConnected ? opener : document.querySelector("#yj-ask textarea");
  opener = null;
  target?.focus();
  if (!placed) panelClosed();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !opener) return;
  event.preventDefault(); // the widget leaves alone what was wanted here
  closePanel();
});

/* A swipe down on the drawer's head closes it. */
let began = null;
header.addEventListener("touchstart", ({ touches }) => { began = touches[0].clientY; }, { passive: true });
header.addEventListener("touchmove", ({ touches }) => {
  if (began === null || touches[0].clientY - began < 48) return;
  began = null;
  closePanel();
}, { passive: true });
