/** What the conversation on the page says, read from the page itself: to copy it, and to take it along. */

import { confirm, copyText, make, request } from "./dom.js";
import { place } from "./places.js";
import { permanent, tableOf } from "./sources.js";
import { words } from "./words.js";

let followed = "";

/** Shows a growing answer up to its end, but never past its question: a long one is read from its beginning. */
export function follow() {
  const log = document.querySelector("#yj-chat .bubble-wrap");
  const asked = log?.querySelectorAll('[data-testid="user"]') ?? [];
  if (!asked.length) return;
  const now = `${asked.length} ${log.querySelector(".message-wrap")?.textContent.length}`;
  if (now === followed) return; // folding passages open is no growth
  followed = now;
  const above = asked[asked.length - 1].getBoundingClientRect().top - log.getBoundingClientRect().top - 16;
  log.scrollTop = Math.min(log.scrollTop + above, log.scrollHeight);
}

let known = 0; // turns that the browser's history has places for

/** Gives each new turn a place in the browser's history; `id` is the conversation's. */
export function noteTurns(id) {
  const count = document.querySelectorAll('#yj-chat [data-testid="user"]').length;
  if (!count || (count === known && (history.state?.id ?? null) === id)) return;
  const fresh = known > 0 && count === known + 1;
  place({ turn: count, id, ...(fresh && { panel: false }) }, fresh);
  known = count;
}

/** The turns that come are no new ones. */
export const forgetTurns = () => { known = 0; };

/** Brings a turn into view, by its number from 1. */
export function showTurn(n) {
  document.querySelectorAll('#yj-chat [data-testid="user"]')[n - 1]?.scrollIntoView({ block: "start" });
}

/** Copies an answer: the short one with its reference, or all of it with its sources. */
export function copyAnswer(link) {
  const turn = turnOf(link.closest(".yj-answer"));
  copyText(link.hash === "#copy" ? brief(turn) : whole(turn));
  confirm(link, words.copied);
}

/** Copies a link to the question of an answer, with the documents it was put to; the conversation stays here. */
export function copyLink(link) {
  const asked = [...document.querySelectorAll('#yj-chat [data-testid="user"], #yj-chat .yj-answer')];
  const before = asked[asked.indexOf(link.closest(".yj-answer")) - 1];
  const address = new URL(location.pathname, location.href);
  for (const [name, value] of new URLSearchParams(location.search)) if (["document", "issuer", "region", "year", "lang"].includes(name)) address.searchParams.append(name, value);
  address.searchParams.set("q", before?.textContent.trim() || "");
  copyText(address.href);
  confirm(link, words.copied);
}

/** Saves the conversation as a file, `md` or `docx`; the service makes it and keeps nothing. */
export async function exportConversation(format) {
  const turns = [];
  for (const message of document.querySelectorAll('#yj-chat [data-testid="user"], #yj-chat [data-testid="bot"]')) {
    if (message.dataset.testid === "user") turns.push({ question: message.textContent.trim() });
    else Object.assign(turns.at(-1) ?? {}, turnOf(message));
  }
  const tabled = async ({ link, ...source }) => ({ ...source, table: await tableOf(link) });
  for (const turn of turns) turn.sources = await Promise.all((turn.sources ?? []).map(tabled));
  const reply = await request("api/export", { format, lang: words.language, turns });
  const link = make("a", { href: URL.createObjectURL(await reply.blob()), download: `${words.product}.${format}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function turnOf(answer) {
  const cited = new Map([...answer.querySelectorAll('a[href*="#ev-"]')].map((link) => [Number(link.textContent), link]));
  return {
    short: textOf(answer, ".yj-short") || null,
    text: [...answer.querySelectorAll(".yj-said, .yj-table, .yj-none, .yj-refusal")].map(readable).join("\n"),
    confidence: textOf(answer, ".yj-sure"),
    sources: [...cited].map(([n, link]) => ({ n, reference: link.title, address: permanent(link), link })),
  };
}

const textOf = (answer, selector) => answer.querySelector(selector)?.textContent.trim() ?? "";

/** The text of a paragraph, or of a table as Markdown, with its markers in brackets. */
function readable(block) {
  const copy = block.cloneNode(true);
  copy.querySelectorAll('a[href*="#ev-"]').forEach((link) => { link.textContent = `[${link.textContent}]`; });
  const [head, ...rows] = [...copy.querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
  return head ? [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n") : copy.textContent.trim();
}

/** 70MW（《…》三（一）3） */
function brief({ short, text, sources }) {
  const said = short ?? text.replace(/\[\d{1,3}\]/g, "");
  return sources.length ? `${said}（${sources.map((each) => each.reference).join("；")}）` : said;
}

function whole({ short, text, confidence, sources }) {
  const listed = sources.map(({ n, reference }) => `[${n}] ${reference}`);
  return [short, text, confidence, ...listed].filter(Boolean).join("\n");
}
