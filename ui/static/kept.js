/** Conversations kept in this browser, and nowhere else. */

import { button, make, type } from "./dom.js";
import { closePanel, fillPanel, panelOpener, showPanel } from "./panel.js";
import { onPlace, place } from "./places.js";
import { storage, whenGiven } from "./storage.js";
import { exportConversation, forgetTurns, showTurn } from "./turns.js";
import { fill, words } from "./words.js";

const STORE = "yiju:conversations";
const OPEN = "yiju:open"; // the conversation of this tab
const ASKED = "yiju:asked"; // the question that is being answered
const CONVERSATIONS = 30;
const TURNS = 50;

const browser = storage("localStorage");
const ofTab = storage("sessionStorage");
let seen = "";
let undo = null; // what was deleted last, with the place that it had

/** What a store holds; a browser may forbid storage altogether. */
function load() {
  try {
    const found = JSON.parse(browser.getItem(STORE) ?? "[]");
    return Array.isArray(found) ? found.filter((each) => typeof each?.id === "string" && Array.isArray(each.turns)) : [];
  } catch {
    return [];
  }
}

/** Keeps the newest conversations, as many as the browser has room for. */
function save(conversations) {
  for (let n = Math.min(conversations.length, CONVERSATIONS); n >= 0; n -= 1) {
    try {
      return void browser.setItem(STORE, JSON.stringify(conversations.slice(0, n)));
    } catch {
      if (n === 0) return;
    }
  }
}

/** A value of this tab's own: read, or written, or with null removed. */
function own(name, value) {
  try {
    if (value === undefined) return ofTab.getItem(name);
    return value === null ? ofTab.removeItem(name) : ofTab.setItem(name, value);
  } catch {
    return null;
  }
}

/** The conversation of this tab: read, or opened, or with null left. */
export const tab = (id) => own(OPEN, id);

const turnsOfTab = () => load().find((each) => each.id === tab())?.turns ?? [];

/** Whether this tab's conversation has been kept. */
export const isKept = () => turnsOfTab().length > 0;

/** Remembers the question being answered, until its answer is kept or it was stopped. */
export function noteQuestion() {
  const asking = document.querySelector("#yj-ask .stop-button");
  const asked = [...document.querySelectorAll('#yj-chat [data-testid="user"]')].at(-1)?.textContent.trim();
  if (asking && asked) own(ASKED, asked);
  else if (asked) own(ASKED, null);
}

/** Adds the turn that the server has just handed over, if there is a new one. */
export function keepTurn() {
  const said = document.querySelector("#yj-kept textarea")?.value;
  if (!said || said === seen) return;
  seen = said;
  const [question, reply] = JSON.parse(said);
  const all = load();
  const id = tab() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const current = all.find((each) => each.id === id) ?? { id, turns: [] };
  tab(id);
  current.time = Date.now();
  current.turns = [...current.turns, [question, reply]].slice(-TURNS);
  save([current, ...all.filter((each) => each !== current)]);
  document.dispatchEvent(new CustomEvent("yiju:turn", { detail: new Set(String(reply).match(/#ev-[\w-]+/g)).size }));
}

/** Shows the conversation of this tab again, after the page was loaded anew; a question left unanswered goes into the box. */
export function restore(box) {
  const asked = own(ASKED);
  const turns = turnsOfTab();
  forgetTurns();
  if (asked && box) type(box, asked);
  // The time tells apart a conversation that is opened twice: only a change is an event.
  if (turns.length) type(document.querySelector("#yj-past textarea"), JSON.stringify({ turns, at: Date.now() }));
}

/** Back and Forward: out of the panel, to another conversation, or to another turn. */
onPlace(({ panel, id, turn }) => {
  if (panelOpener()) return closePanel(true);
  if (panel) place({ panel: false });
  if (id && id !== tab() && load().some((each) => each.id === id)) {
    tab(id);
    return restore();
  }
  if (turn) showTurn(turn);
});

/** The next turn begins another conversation. */
export const leave = () => tab(null);

whenGiven(() => { if (!document.querySelector('#yj-chat [data-testid="user"]')) restore(); });

export function openHistory(from) {
  undo = null;
  showPanel(from, words.history, [], []);
  showHistory();
}

let wanted = "";

function showHistory() {
  const all = load();
  const current = document.querySelector("#yj-chat .yj-answer")
    ? [make("p", { className: "yj-row" }, exporting("md", words.exportMarkdown), exporting("docx", words.exportWord))] : [];
  const list = make("ul", { className: "yj-kept" });
  const fillList = () => {
    const found = all.filter((each) => JSON.stringify([titleOf(each), ...each.turns.map(([question]) => question)]).toLowerCase().includes(wanted));
    const ordered = [...found.filter((each) => each.pinned), ...found.filter((each) => !each.pinned)];
    list.replaceChildren(...ordered.map((each) => make("li", {}, opening(each), pinning(each), renaming(each), removing(each))));
  };
  const find = make("input", { type: "search", placeholder: words.findConversation, value: wanted, className: "yj-find" });
  find.setAttribute("aria-label", words.findConversation);
  find.addEventListener("input", () => { wanted = find.value.trim().toLowerCase(); fillList(); });
  fillList();
  const shown = all.length ? [...(all.length > 5 ? [find] : []), list] : [make("p", { className: "yj-path", textContent: words.noHistory })];
  const back = undo ? [make("p", { className: "yj-row" }, button(words.undoRemoval, bringBack))] : [];
  fillPanel([...current, ...back, ...shown, make("p", { className: "yj-file", textContent: words.kept })], all.length ? [clearing()] : []);
}

function bringBack() {
  const all = load();
  all.splice(undo.at, 0, undo.conversation);
  save(all);
  undo = null;
  showHistory();
}

function exporting(format, text) {
  return button(text, (event) => {
    exportConversation(format).catch((error) => { event.target.textContent = error.message; });
  });
}

const titleOf = ({ title, turns }) => String(title || (turns[0]?.[0] ?? "…"));

function opening(conversation) {
  const time = new Date(conversation.time).toLocaleString(words.language, { dateStyle: "medium", timeStyle: "short" });
  const made = button("", () => {
    const before = tab();
    tab(conversation.id);
    restore();
    closePanel(before !== conversation.id); // the place of the panel becomes that of the conversation
    if (before !== conversation.id) place({ panel: false, id: conversation.id, turn: null });
  }, "yj-past");
  made.append(make("span", { textContent: titleOf(conversation) }), make("small", { textContent: time }));
  if (conversation.id === tab()) made.setAttribute("aria-current", "true");
  return made;
}

/** A small button of a conversation, which changes what is kept of it. */
function changing(text, name, conversation, change) {
  const made = button(text, () => change(made));
  made.setAttribute("aria-label", fill(name, { what: titleOf(conversation) }));
  made.title = fill(name, { what: titleOf(conversation) });
  return made;
}

function update(conversation, values) {
  save(load().map((each) => (each.id === conversation.id ? { ...each, ...values } : each)));
  showHistory();
}

function pinning(conversation) {
  const made = changing("☆", words.pin, conversation, () => update(conversation, { pinned: !conversation.pinned }));
  made.setAttribute("aria-pressed", String(Boolean(conversation.pinned)));
  if (conversation.pinned) made.textContent = "★";
  return made;
}

function renaming(conversation) {
  return changing("✎", words.renameConversation, conversation, (made) => {
    const field = make("input", { value: titleOf(conversation), maxLength: 80, className: "yj-find" });
    field.setAttribute("aria-label", made.title);
    const done = () => update(conversation, { title: field.value.trim() });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) done();
      if (event.key === "Escape") { event.stopPropagation(); showHistory(); }
    });
    made.closest("li").replaceChildren(field, button("✓", done));
    field.select();
  });
}

function removing(conversation) {
  return changing("×", words.remove, conversation, () => {
    const all = load();
    undo = { at: all.findIndex((each) => each.id === conversation.id), conversation };
    save(all.filter((each) => each.id !== conversation.id));
    if (tab() === conversation.id) empty();
    showHistory();
  });
}

/** Takes the conversation off the screen that is no longer kept. */
function empty() {
  tab(null);
  own(ASKED, null);
  type(document.querySelector("#yj-past textarea"), JSON.stringify({ turns: [], at: Date.now() }));
}

/** Asks once more before it clears everything. */
function clearing() {
  const made = button(words.clearAll, () => {
    if (made.textContent !== words.confirmClear) {
      made.textContent = words.confirmClear;
      return;
    }
    save([]);
    empty();
    undo = null;
    showHistory();
  });
  return made;
}
