import { officeView, viewer } from "./viewer.js";

/** Brings the place that the address names into view, and offers a permanent link to what is selected. */
(() => {
  const article = document.querySelector("article");
  const outline = document.querySelector(".outline");
  const link = document.createElement("a");
  link.className = "selected";
  link.textContent = article.dataset.link;
  link.hidden = true;
  article.append(link);

  if (matchMedia("(max-width: 900px)").matches) outline?.removeAttribute("open");
  // The page as it looks comes first, where it is known on which lines the place stands.
  const sheets = [...document.querySelectorAll(".yj-sheet")];
  const marks = new Map(sheets.flatMap((sheet) => [...sheet.querySelectorAll("svg")].map((svg) => [Number(sheet.dataset.page), svg])));
  for (const sheet of sheets) {
    const { src } = sheet.querySelector("img");
    viewer(sheet, { page: Number(sheet.dataset.page), pages: Number(article.dataset.pages), address: (n) => src.replace(/\d+\.png/, `${n}.png`), marks });
  }
  const office = document.querySelector(".yj-office");
  const lay = () => office.append(officeView(office.dataset.document, office.dataset.place));
  if (office?.open) lay();
  else office?.addEventListener("toggle", lay, { once: true });
  const polygon = document.querySelector("polygon");
  if (!location.hash && polygon) {
    const image = polygon.closest(".yj-paper").querySelector("img");
    const show = () => polygon.scrollIntoView({ block: "center" });
    show();
    if (!image.complete) image.addEventListener("load", show, { once: true });
  }
  else if (!location.hash) document.querySelector("mark")?.scrollIntoView({ block: "center" });

  /** Where a point of the selection stands in the document's text, in code points. */
  function offset(node, at) {
    const block = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest("[data-start]");
    if (!block) return null;
    const before = document.createRange();
    before.setStart(block, 0);
    before.setEnd(node, at);
    return Number(block.dataset.start) + [...before.toString()].length;
  }

  function onSelect() {
    const selection = getSelection();
    const range = selection.isCollapsed || !selection.rangeCount ? null : selection.getRangeAt(0);
    const start = range && offset(range.startContainer, range.startOffset);
    const end = range && offset(range.endContainer, range.endOffset);
    link.hidden = start === null || end === null || end <= start;
    if (link.hidden) return;
    const language = new URLSearchParams(location.search).get("lang");
    link.href = `?start=${start}&end=${end}${language ? `&lang=${encodeURIComponent(language)}` : ""}`;
  }

  document.addEventListener("selectionchange", onSelect);
})();
