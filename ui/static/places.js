/** What Back and Forward lead to in the chat: out of the panel, to the turn before, to the conversation before.

    In a frame the entries would be those of the page around it: there are none. */

const framed = parent !== window;
let ignored = false;

/** Says where the page is; `fresh` keeps the place before for Back. */
export function place(values, fresh = false) {
  if (framed) return;
  const state = { ...history.state, ...values };
  if (fresh) history.pushState(state, "");
  else history.replaceState(state, "");
}

/** The panel opened: Back closes it. */
export function panelOpened() {
  if (!history.state?.panel) place({ panel: true }, true);
}

/** The panel was closed otherwise. */
export function panelClosed() {
  if (!history.state?.panel) return;
  ignored = true;
  history.back();
}

/** Does something at the place that the page is on its way to. */
export function whenPlaced(act) {
  if (ignored) addEventListener("popstate", act, { once: true });
  else act();
}

/** Calls `listener` with the place that Back or Forward leads to. */
export function onPlace(listener) {
  addEventListener("popstate", ({ state }) => {
    if (!ignored) listener(state ?? {});
    ignored = false;
  });
}
