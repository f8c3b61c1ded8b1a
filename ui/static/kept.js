/** Conversations kept in this browser, and nowhere else. */

import { button, make, type } from "./dom.js";
import { closePanel, fillPanel, showPanel } from "./panel.js";
import { exportConversation } from "./turns.js";
import { fill, words } from "./words.js";

const STORE = "yiju:conversations";
const OPEN = "yiju:open"; // the conversation of this tab
const ASKED = "yiju:asked"; // the question that is being answered
const CONVERSATIONS = 30;
const TURNS = 50;

let seen = "";

/** What a store holds; a browser may forbid storage altogether. */
function load() {
  try {
    const found = JSON.parse(localStorage.getItem(STORE) ?? "[]");
    return Array.isArray(found) ? found.filter((each) => typeof each?.id === "string" && Array.isArray(each.turns)) : [];
  } catch {
    return [];
  }
}

/** Keeps the newest conversations, as many as the browser has room for. */
function save(conversations) {
  for (let n = Math.min(conversations.length, CONVERSATIONS); n >= 0; n -= 1) {
    try {
      return void localStorage.setItem(STORE, JSON.stringify(conversations.slice(0, n)));
    } catch {
      if (n === 0) return;
    }
  }
}

/** A value of this tab's own: read, or written, or with null removed. */
function own(name, value) {
  try {
    if (value === undefined) return sessionStorage.getItem(name);
    return value === null ? sessionStorage.removeItem(name) : sessionStorage.setItem(name, value);
  } catch {
    return null;
  }
}

const tab = (id) => own(OPEN, id);

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
}

/** Shows the conversation of this tab again, after the page was loaded anew; a question left unanswered goes into the box. */
export function restore(box) {
  const asked = own(ASKED);
  const turns = turnsOfTab();
  if (asked && box) type(box, asked);
  // The time tells apart a conversation that is opened twice: only a change is an event.
  if (turns.length) type(document.querySelector("#yj-past textarea"), JSON.stringify({ turns, at: Date.now() }));
}

/** The next turn begins another conversation. */
export const leave = () => tab(null);

export function openHistory(from) {
  showPanel(from, words.history, [], []);
  showHistory();
}

function showHistory() {
  const all = load();
  const current = document.querySelector("#yj-chat .yj-answer")
    ? [make("p", { className: "yj-row" }, exporting("md", words.exportMarkdown), exporting("docx", words.exportWord))] : [];
  const rows = all.map((each) => make("li", {}, opening(each), removing(each)));
  const list = rows.length ? make("ul", { className: "yj-kept" }, ...rows) : make("p", { className: "yj-path", textContent: words.noHistory });
  fillPanel([...current, list, make("p", { className: "yj-file", textContent: words.kept })], all.length ? [clearing()] : []);
}

function exporting(format, text) {
  return button(text, (event) => {
    exportConversation(format).catch((error) => { event.target.textContent = error.message; });
  });
}

const titleOf = ({ turns }) => String(turns[0]?.[0] ?? "…");

function opening(conversation) {
  const time = new Date(conversation.time).toLocaleString(words.language, { dateStyle: "medium", timeStyle: "short" });
  const made = button("", () => { tab(conversation.id); restore(); closePanel(); }, "yj-past");
  made.append(make("span", { textContent: titleOf(conversation) }), make("small", { textContent: time }));
  return made;
}

function removing(conversation) {
  const made = button("×", () => {
    save(load().filter((each) => each.id !== conversation.id));
    if (tab() === conversation.id) tab(null);
    showHistory();
  });
  made.setAttribute("aria-label", fill(words.remove, { what: titleOf(conversation) }));
  return made;
}

/** Asks once more before it clears everything. */
function clearing() {
  const made = button(words.clearAll, () => {
    if (made.textContent !== words.confirmClear) {
      made.textContent = words.confirmClear;
      return;
    }
    save([]);
    tab(null);
    showHistory();
  });
  return made;
}
