/** A page as it looks, to be turned and enlarged by buttons and keys. */

import { button, make, request, ROOT } from "./dom.js";
import { fill, words } from "./words.js";

const SIZES = [1, 1.5, 2, 3];

const SVG = "http://www.w3.org/2000/svg";

/** The drawings that mark lines, by the numbers of their pages. */
function drawings(pictures) {
  return new Map(pictures.map(({ page, width, height, shapes }) => {
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("aria-hidden", "true");
    for (const points of shapes) {
      const shape = document.createElementNS(SVG, "polygon");
      shape.setAttribute("points", points);
      drawing.append(shape);
    }
    return [page, drawing];
  }));
}

/** The first of the pages on which a place stands, or of all, its lines marked; other pages can be turned to. */
export function pageView(id, pages, pictures) {
  const marks = drawings(pictures);
  const { page, width, height } = pictures[0] ?? { page: 1 };
  const address = (n) => new URL(`documents/${encodeURIComponent(id)}/pages/${n}.png`, ROOT).href;
  const image = make("img", { src: address(page), alt: fill(marks.has(page) ? words.pageImage : words.plainImage, { n: page }), ...(width && { width, height }) });
  const paper = make("div", { className: "yj-paper" }, image, ...(marks.has(page) ? [marks.get(page).cloneNode(true)] : []));
  const shown = viewer(make("div", { className: "yj-sheet" }, paper), { page, pages, address, marks });
  image.addEventListener("error", () => shown.remove()); // the file has changed, or a site's key cannot be sent for pictures
  image.addEventListener("load", () => paper.querySelector("polygon")?.scrollIntoView({ block: "center" }), { once: true });
  return shown;
}

/** Says that the pages of an office document are being made, and shows them when they are. */
export function officeView(id, place = "") {
  const waiting = make("p", { className: "yj-laying", textContent: words.laying });
  waiting.setAttribute("role", "status");
  request(`documents/${encodeURIComponent(id)}/pages${place}`)
    .then((reply) => reply.json())
    .then(({ pages, pictures }) => waiting.replaceWith(...(place && !pictures.length ? [] : [pageView(id, pages, pictures)])))
    .catch((error) => { waiting.textContent = error.message; });
  return waiting;
}

/** Gives a sheet what turns and enlarges it; `marks` has the drawings over pages by their numbers. Returns both. */
export function viewer(sheet, { page, pages, address, marks }) {
  const paper = sheet.firstElementChild;
  const image = paper.querySelector("img");
  const where = make("span");
  let at = page;
  let size = 0;

  function tell() {
    where.textContent = fill(words.pageOf, { n: at, of: pages });
    [before.disabled, after.disabled, smaller.disabled, larger.disabled] = [at === 1, at === pages, size === 0, size === SIZES.length - 1];
    paper.style.width = `${100 * SIZES[size]}%`;
  }

  function turn(by) {
    if (at + by < 1 || at + by > pages) return;
    at += by;
    image.src = address(at);
    image.alt = fill(marks.has(at) ? words.pageImage : words.plainImage, { n: at });
    paper.querySelector("svg")?.remove();
    if (marks.has(at)) paper.append(marks.get(at).cloneNode(true));
    sheet.scrollTo(0, 0);
    tell();
  }

  function enlarge(by) {
    size = Math.min(SIZES.length - 1, Math.max(0, size + by));
    tell();
  }

  const named = (text, name, act) => {
    const made = button(text, act);
    made.title = name;
    made.setAttribute("aria-label", name);
    return made;
  };
  const before = named("‹", words.pageBefore, () => turn(-1));
  const after = named("›", words.pageAfter, () => turn(1));
  const smaller = named("−", words.smaller, () => enlarge(-1));
  const larger = named("+", words.larger, () => enlarge(1));
  const bar = make("div", { className: "yj-turning" }, before, where, after, smaller, larger);
  where.setAttribute("role", "status");
  sheet.tabIndex = 0;
  sheet.setAttribute("role", "group");
  sheet.setAttribute("aria-label", words.pageKeys);
  const keys = { "+": () => enlarge(1), "=": () => enlarge(1), "-": () => enlarge(-1), 0: () => enlarge(-size) };
  const turns = { ArrowLeft: () => turn(-1), ArrowRight: () => turn(1) };
  const viewing = make("div", { className: "yj-viewer" });
  viewing.addEventListener("keydown", (event) => {
    const act = keys[event.key] ?? (size ? null : turns[event.key]); // an enlarged page is moved by its arrow keys
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  sheet.replaceWith(viewing);
  viewing.append(bar, sheet);
  tell();
  return viewing;
}
