/** What a citation rests on: its sentence marked in its surroundings, where it stands, and the way to the document. */

import { button, confirm, copyText, make, request, ROOT } from "./dom.js";
import { fillPanel, panelOpener, placePanel, showPanel } from "./panel.js";
import { officeView, pageView } from "./viewer.js";
import { fill, words } from "./words.js";

const PLACE = /#(ev|lead)-([\w-]+)-(\d+)-(\d+)$/;

/** Whether a link leads to a place in a document. */
export const isSource = (link) => PLACE.test(link.hash);

/** The permanent address of the place a link leads to. */
export function permanent(link) {
  const [, , id, start, end] = PLACE.exec(link.hash);
  const language = words.language === "en" ? "&lang=en" : "";
  return new URL(`documents/${encodeURIComponent(id)}?start=${start}&end=${end}${language}`, ROOT).href;
}

/** What the service tells of the place a link leads to. */
async function placeOf(link) {
  const [, , id, start, end] = PLACE.exec(link.hash);
  return { ...await (await request(`api/documents/${encodeURIComponent(id)}/context?start=${start}&end=${end}`)).json(), start, end };
}

/** The part of a table that a link leads to; null where it leads to none. */
export const tableOf = (link) => placeOf(link).then(({ table: found }) => found, () => null);

export async function openSource(link) {
  const [, kind] = PLACE.exec(link.hash);
  const cited = kind === "ev";
  const title = cited ? fill(words.basis, { n: link.textContent }) : link.closest(".yj-read") ? words.read : words.lead;
  showPanel(link, title, [make("p", { className: "yj-path", textContent: words.fetching })]);
  try {
    const place = await placeOf(link);
    if (panelOpener() === link) show(link, place, cited);
  } catch (error) {
    if (panelOpener() === link) fillPanel([make("p", { className: "yj-warning", textContent: error.message })]);
  }
}

/** The page on which the place begins, as it looks. */
function picture({ document_id: id, start, end, pages, pictures, office }) {
  if (office) return [officeView(id, `?start=${start}&end=${end}`)];
  return pictures.length ? [pageView(id, pages, pictures)] : [];
}

/** The rows around the cited one, its cell marked. */
function table(found, short) {
  if (!found) return [];
  const head = found.columns.some(Boolean) ? [make("thead", {}, make("tr", {}, ...found.columns.map((name) => make("th", { scope: "col", textContent: name }))))] : [];
  const rows = found.rows.map((cells, n) => make("tr", { className: found.cited.includes(n) ? "yj-cited" : "" }, ...cells.map((cell) => {
    const hit = found.cited.includes(n) && short && (cell === short || short.includes(cell) || cell.includes(short)) && cell;
    return make("td", {}, hit ? make("mark", { textContent: cell }) : cell);
  })));
  const caption = found.caption ? [make("caption", { textContent: found.caption })] : [];
  const framed = make("div", { className: "yj-grid", tabIndex: 0 }, make("table", {}, ...caption, ...head, make("tbody", {}, ...rows)));
  framed.setAttribute("role", "group");
  framed.setAttribute("aria-label", found.caption || words.table);
  return [framed];
}

/** A quote with the answer set off in it. */
function answered(quote, link) {
  const short = link.closest(".yj-answer")?.querySelector(".yj-short")?.textContent.trim();
  const at = short ? quote.indexOf(short) : -1;
  return at < 0 || short === quote ? [quote] : [quote.slice(0, at), make("strong", { textContent: short }), quote.slice(at + short.length)];
}

function show(link, place, cited) {
  placePanel([place.title, place.section.at(-1)].filter(Boolean).join(" › "));
  const path = make("ol", { className: "yj-path" }, ...place.section.map((title) => make("li", { textContent: title })));
  if (place.page) path.append(make("li", { textContent: fill(words.pageN, { n: place.page }) }));
  const mark = make("mark", {}, ...answered(place.quote, link));
  const before = (place.begins ? "" : "…") + place.before;
  const text = make("p", { className: "yj-text" }, before, mark, place.after + (place.ends ? "" : "…"));
  const title = make("p", { className: "yj-title", textContent: place.title });
  const note = cited || link.closest(".yj-read") ? [] : [make("p", { className: "yj-warning", textContent: words.notAnswer })];
  const view = make("a", { href: permanent(link), target: "_blank", rel: "noopener", textContent: words.view });
  const copy = button(words.copyQuote, () => {
    copyText(`“${place.quote.trim()}”（${link.title || `《${place.title}》`}）`);
    confirm(copy, words.copied);
  });
  const short = link.closest(".yj-answer")?.querySelector(".yj-short")?.textContent.trim();
  const shown = place.table ? [] : [text]; // the table says the same, and more
  fillPanel([...note, title, path, ...picture(place), ...table(place.table, short), ...shown, make("p", { className: "yj-file", textContent: place.source })], [view, copy]);
  if (!place.pictures.length) mark.scrollIntoView({ block: "nearest" });
}
