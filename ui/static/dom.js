/** Small things that every part of the chat needs. */

import { words } from "./words.js";

export const ROOT = new URL("../", import.meta.url);

/** An element with properties and children; texts only ever enter the page as text. */
export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A button with what it does. */
export function button(text, onClick, className = "") {
  const made = make("button", { type: "button", className, textContent: text });
  made.addEventListener("click", onClick);
  return made;
}

/** What a path of this service answers, as JSON; an error has a message for people. */
export async function request(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(new URL(path, ROOT), options);
  } catch {
    throw new Error(words.offline);
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Error(said.error?.message ?? `${response.status}`);
}

/** Plain HTTP has no `navigator.clipboard`. */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = make("textarea", { value: text });
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  focused?.focus();
}

/** Says on a button or link, for a moment, that it was done. */
export function confirm(where, text) {
  where.dataset.done = text;
  status(text);
  setTimeout(() => delete where.dataset.done, 1500);
}

const live = make("p", { className: "yj-status" });
live.setAttribute("role", "status");
document.body.append(live);

/** Says something to screen readers. */
export function status(text) {
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}

/** Gives a Gradio text box a value, as if typed. */
export function type(box, text) {
  if (!box) return;
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Asks a question. */
export function ask(question) {
  type(document.querySelector("#yj-ask textarea"), question);
  requestAnimationFrame(() => document.querySelector("#yj-ask .submit-button")?.click());
}
