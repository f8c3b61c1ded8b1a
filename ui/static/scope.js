/** Which documents questions are put to: chosen in the panel, kept in the page's address, told to the server. */

import { button, make, request, type } from "./dom.js";
import { closePanel, fillPanel, panelOpener, showPanel } from "./panel.js";
import { whenPlaced } from "./places.js";
import { fill, words } from "./words.js";

/** Parameters of the address → parts of a filter. */
const PARTS = { document: "documents", issuer: "issuers", region: "regions", year: "years" };

const query = new URLSearchParams(location.search);
let titles = {}; // of the documents that were chosen, by id
const chosen = Object.fromEntries(Object.keys(PARTS).map((name) => [name, new Set(query.getAll(name))]));

/** Writes what the page says beside each question into its hidden box. */
export function tellState() {
  const filter = {};
  for (const [name, part] of Object.entries(PARTS)) {
    const values = name === "year" ? [...chosen.year].map(Number).filter(Number.isInteger) : [...chosen[name]];
    if (values.length) filter[part] = values;
  }
  const state = { lang: words.language, embed: query.has("embed"), ...(Object.keys(filter).length && { filter }) };
  type(document.querySelector("#yj-state textarea"), JSON.stringify(state));
}

/** What the control in the header says. */
function scopeLabel() {
  const all = Object.values(chosen).flatMap((values) => [...values]);
  if (!all.length) return words.scope;
  const title = titles[[...chosen.document][0]];
  const named = chosen.document.size ? title && `《${title.replace(/^《(.*)》$/, "$1")}》` : all[0];
  const single = all.length === 1 && named ? named : fill(words.several, { n: all.length });
  return fill(words.chosen, { what: single });
}

/** The names of the chosen documents, for the control. */
export async function nameScope(control) {
  if (chosen.document.size !== 1) return;
  try {
    const [id] = chosen.document;
    const { title } = await (await request(`api/documents/${encodeURIComponent(id)}`)).json();
    titles[id] = title;
    showScope(control);
  } catch { /* it keeps saying how many */ }
}

/** Shows on the control what is chosen. */
export function showScope(control) {
  control.textContent = scopeLabel();
  control.classList.toggle("yj-narrowed", Object.values(chosen).some((values) => values.size));
}

export async function openScope(from) {
  showPanel(from, words.scope, [make("p", { className: "yj-path", textContent: "…" })]);
  try {
    const { documents } = await (await request("api/documents")).json();
    if (panelOpener() === from) showChoices(from, documents);
  } catch (error) {
    if (panelOpener() === from) fillPanel([make("p", { className: "yj-warning", textContent: error.message })]);
  }
}

function showChoices(from, documents) {
  titles = Object.fromEntries(documents.map(({ id, title }) => [id, title]));
  const form = make("form", { className: "yj-choices" },
    group("issuer", words.issuer, documents.flatMap((each) => each.issuer?.split("、") ?? [])),
    group("region", words.region, documents.flatMap((each) => each.region ?? [])),
    group("year", words.year, documents.flatMap((each) => each.years ?? []).map(String), (a, b) => b - a),
    documentGroup(documents));
  const done = () => { apply(from, form); };
  form.addEventListener("submit", (event) => { event.preventDefault(); done(); });
  const none = button(words.clearScope, () => { form.querySelectorAll(":checked").forEach((box) => { box.checked = false; }); done(); });
  fillPanel([form], [button(words.apply, done, "yj-main"), none]);
}

function group(name, title, values, order) {
  const counted = [...new Set([...values, ...chosen[name]])].sort(order);
  return fieldset(title, counted.map((value) => choice(name, value, value)));
}

function documentGroup(documents) {
  const rows = documents.map(({ id, title }) => choice("document", id, title));
  const find = make("input", { type: "search", placeholder: words.findDocument });
  find.setAttribute("aria-label", words.findDocument);
  find.addEventListener("input", () => rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(find.value.trim().toLowerCase()); }));
  return fieldset(words.documents, documents.length > 8 ? [find, ...rows] : rows);
}

function fieldset(title, rows) {
  const shown = rows.length ? rows : [make("p", { className: "yj-path", textContent: words.none })];
  return make("fieldset", {}, make("legend", { textContent: title }), ...shown);
}

function choice(name, value, text) {
  return make("label", {}, make("input", { type: "checkbox", name, value, checked: chosen[name].has(value) }), make("span", { textContent: text }));
}

function apply(from, form) {
  for (const name of Object.keys(PARTS)) {
    chosen[name] = new Set([...form.querySelectorAll(`input[name="${name}"]:checked`)].map((box) => box.value));
    query.delete(name);
    chosen[name].forEach((value) => query.append(name, value));
  }
  query.delete("q");
  showScope(from);
  tellState();
  closePanel();
  whenPlaced(() => history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`));
}
