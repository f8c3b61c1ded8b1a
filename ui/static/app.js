/** What the chat does in the browser: header, source panel, history, filter, names for screen readers. */

import "./connection.js";
import { ask, button, make, request, ROOT } from "./dom.js";
import { isRating, rate } from "./feedback.js";
import { isKept, keepTurn, leave, noteQuestion, openHistory, restore, tab } from "./kept.js";
import { place } from "./places.js";
import { nameScope, openScope, showScope, tellState } from "./scope.js";
import { isSource, openSource } from "./sources.js";
import { copyAnswer, copyLink, follow, noteTurns } from "./turns.js";
import { fill, words } from "./words.js";

const query = new URLSearchParams(location.search);
const WAITING = "#yj-chat .yj-waiting";
let ready = false;
let stopping = 0; // box and conversation do not change at the same moment

function header() {
  const scope = button("", () => openScope(scope));
  const past = button(words.history, () => openHistory(past), "yj-history");
  const documents = new URL(`documents/${words.language === "en" ? "?lang=en" : ""}`, ROOT).href;
  const nav = make("nav", {},
    scope,
    make("a", { href: documents, target: "_blank", rel: "noopener", textContent: words.documents }),
    past,
    button(words.anew, begin),
    make("a", { href: otherLanguage(), className: "yj-language", lang: words.language === "en" ? "zh-CN" : "en", textContent: words.other }));
  scope.id = "yj-scope";
  showScope(scope);
  nameScope(scope);
  return make("header", { id: "yj-head" }, make("h1", { textContent: words.product }), make("p", { textContent: words.claim }), nav);
}

function otherLanguage() {
  const other = new URLSearchParams(query);
  if (words.language === "en") other.delete("lang");
  else other.set("lang", "en");
  other.delete("q");
  return other.size ? `?${other}` : location.pathname;
}

/** A new conversation: the same page without the question it may have come with. */
function begin() {
  leave();
  const kept = new URLSearchParams(location.search);
  kept.delete("q");
  const address = new URL(kept.size ? `./?${kept}${location.hash}` : `./${location.hash}`, location.href).href;
  if (address === location.href) place({ panel: false, id: null, turn: null }, true); // else the address makes the place
  location.assign(address);
}

function onClick(event) {
  const link = event.target.closest?.("#yj-chat a");
  if (!link) return;
  event.preventDefault();
  event.stopPropagation();
  if (isSource(link)) openSource(link);
  else if (isRating(link)) rate(link);
  else if (link.hash === "#link") copyLink(link);
  else if (link.hash.startsWith("#copy")) copyAnswer(link);
  else if (link.hash === "#ask") ask(link.textContent);
  else if (link.hash === "#expand") ask(link.title);
}

/** Whether an answer is waited for that nobody is giving any more. */
function isHalted() {
  const waiting = document.querySelector(WAITING);
  return waiting && !document.querySelector("#yj-ask .stop-button") && waiting.textContent !== words.stopped;
}

/** Gradio names some things in English, or not at all. */
function nameThings() {
  set('[data-testid="bot"]', "aria-label", words.answer);
  set('[data-testid="user"]', "aria-label", words.question);
  set('#yj-chat [role="log"]', "aria-label", words.conversation);
  document.querySelectorAll("#yj-chat .example").forEach((example) => put(example, "aria-label", example.textContent.trim()));
  set("#yj-ask textarea", "aria-label", words.question);
  set("#yj-ask textarea", "placeholder", words.placeholder);
  set("#yj-ask .submit-button", "aria-label", words.send);
  set("#yj-ask .stop-button", "aria-label", words.stop);
  ["aria-label", "title"].forEach((name) => set("#yj-chat .scroll-down-button-container", name, words.down));
  clearTimeout(stopping);
  if (isHalted()) stopping = setTimeout(() => { if (isHalted()) document.querySelector(WAITING).textContent = words.stopped; }, 500);
  set("#yj-chat .examples", "role", "group"); // a list may not hold buttons
  set("#yj-chat .yj-does a, #yj-chat .yj-next a", "role", "button");
  document.querySelectorAll('#yj-chat a[href*="#ev-"]').forEach((link) => {
    put(link, "aria-label", `${fill(words.basis, { n: link.textContent })}${words.colon}${link.title}${words.comma}${words.see}`);
  });
  if (words.language === "en") translate();
}

function translate() {
  const heading = document.querySelector("#yj-chat .placeholder h2");
  const hint = document.querySelector("#yj-chat .placeholder p");
  if (heading && !query.has("greeting") && heading.textContent !== words.heading) heading.textContent = words.heading;
  if (hint && hint.textContent !== words.hint) hint.textContent = words.hint;
}

const set = (selector, attribute, value) => document.querySelectorAll(selector).forEach((found) => put(found, attribute, value));

function put(found, attribute, value) {
  if (found.getAttribute(attribute) !== value) found.setAttribute(attribute, value);
}

/** Once there is a box to ask in: `?q=…` asks at once, else the conversation of this tab comes back. */
function onBox(box) {
  const question = query.get("q")?.trim();
  tellState();
  if (parent !== window) parent.postMessage({ yiju: "box" }, "*");
  if (matchMedia("(hover: hover)").matches && parent === window) box.focus();
  const { type } = performance.getEntriesByType("navigation")[0] ?? {};
  if (type === "back_forward" && history.state?.id) tab(history.state.id);
  const again = type === "reload" || type === "back_forward";
  if (!again && query.has("document")) leave(); // asked about this document: a conversation of its own
  if (!question || (again && isKept())) return restore(box);
  leave();
  ask(question);
}

let introduced = false;

/** Says on the empty page how many documents there are, and about what; where there are none, where to add some. */
async function introduce() {
  const place = document.querySelector("#yj-chat .placeholder");
  if (introduced || !place) return;
  introduced = true;
  const reply = await request("api/examples").catch(() => null);
  if (!reply || !place.isConnected) return;
  const { documents, titles } = await reply.json();
  const named = titles.map((title) => `《${title.replace(/^《(.*)》$/, "$1")}》`).join("");
  const said = documents ? fill(documents > titles.length ? words.aboutMany : words.about, { n: documents, titles: named }) : words.nothing;
  const add = make("a", { href: new URL("documents/", ROOT).href, textContent: words.addDocuments, target: "_blank", rel: "noopener" });
  place.append(make("p", { className: "yj-about" }, said, ...(documents || query.has("embed") ? [] : [" ", add])));
}

/** Gradio takes the browser's language for the page's. */
function speak() {
  put(document.documentElement, "lang", words.language);
}

function onChange() {
  speak();
  nameThings();
  introduce();
  noteQuestion();
  keepTurn();
  noteTurns(tab());
  follow();
  const box = document.querySelector("#yj-ask textarea");
  if (!box || ready || !document.querySelector("#yj-past textarea")) return;
  ready = true;
  onBox(box);
}

document.addEventListener("yiju:ask", ({ detail }) => ask(detail));
document.addEventListener("click", onClick, true);
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.querySelector("#yj-ask textarea")?.focus();
});
document.body.prepend(header());
new MutationObserver(onChange).observe(document.body, { childList: true, subtree: true });
new MutationObserver(speak).observe(document.documentElement, { attributeFilter: ["lang"] });
onChange();
