"use strict";

/** Fills the portal with what the index really holds; where nothing may be shown, says so. */
(() => {
  const SHOWN = 6;

  function row(text, address, aside = "") {
    const line = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { textContent: text, href: address, target: "_blank", rel: "noopener" });
    line.append(link);
    if (aside) line.append(Object.assign(document.createElement("span"), { textContent: aside }));
    return line;
  }

  async function fetched(address) {
    const response = await fetch(address);
    if (!response.ok) throw new Error((await response.json()).error.message);
    return response.json();
  }

  async function documents() {
    const list = document.getElementById("file-list");
    try {
      const { documents } = await fetched("../api/documents");
      list.replaceChildren(...documents.slice(0, SHOWN).map((each) => (
        row(each.title, `../documents/${encodeURIComponent(each.id)}`, each.issued ?? "")
      )));
    } catch (error) {
      list.replaceChildren(Object.assign(document.createElement("li"), { textContent: error.message }));
    }
  }

  async function examples() {
    const { examples } = await fetched("../api/examples");
    document.getElementById("example-list").append(...examples.slice(0, SHOWN).map((question) => (
      row(question, `../chat/?q=${encodeURIComponent(question)}`)
    )));
    document.getElementById("asked").hidden = !examples.length;
  }

  documents();
  examples().catch(() => {}); // the list only suggests; without it the page is whole
})();
