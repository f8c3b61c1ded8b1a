/** Whether an answer helped; of one that did not, what is wrong with it. */

import { button, confirm, make, request } from "./dom.js";
import { closePanel, fillPanel, showPanel } from "./panel.js";
import { words } from "./words.js";

const RATING = /#(good|bad)-([\w-]+)$/;

export const isRating = (link) => RATING.test(link.hash);

export function rate(link) {
  const [, rating, id] = RATING.exec(link.hash);
  if (rating === "bad") openForm(link, id);
  else send(link, id, rating);
}

async function send(link, id, rating, reason) {
  try {
    await request("api/feedback", { answer_id: id, rating, ...(reason && { reason }) });
    link.setAttribute("aria-pressed", "true");
    confirm(link, words.thanks);
  } catch (error) {
    confirm(link, error.message);
  }
}

function openForm(link, id) {
  const reasons = words.reasons.map((value) => make("label", {}, make("input", { type: "radio", name: "reason", value }), value));
  const more = make("textarea", { maxLength: 400, rows: 3 });
  more.setAttribute("aria-label", words.more);
  more.placeholder = words.more;
  const form = make("form", { className: "yj-choices" }, make("fieldset", {}, make("legend", { textContent: words.whatIsWrong }), ...reasons), more);
  const submit = () => {
    const said = [form.querySelector(":checked")?.value, more.value.trim()].filter(Boolean).join("：");
    send(link, id, "bad", said);
    closePanel();
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  showPanel(link, words.whatIsWrong, []);
  fillPanel([form], [button(words.submit, submit, "yj-main")]);
}
