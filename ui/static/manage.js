/** Documents handed in, replaced, renamed and removed in the browser, with the progress of each. */

import { button as plain, make, ROOT, status } from "./dom.js";
import { fill, words as common } from "./words.js";

const CHINESE = {
  sending: "正在上传 {p}%", queued: "等待上传", waiting: "等待处理", reading: "正在读取", page: "正在读取：第 {n} 页", pages: "正在读取：第 {n} 页，共 {of} 页", count: "正在读取：共 {of} 页",
  indexing: "正在建立索引 {p}%", done: "完成", removed: "已移除", restored: "已恢复", renamed: "已改名为“{to}”", failed: "失败：{why}",
  exists: "已有同名文档。", replace: "替换", retry: "重试", undo: "撤销", hide: "不再显示", offline: "无法连接服务，请稍后重试。",
  unreadable: "浏览器无法读取这个文件。", cut: "上传中断：文件在上传时被改动，或连接中断。", rename: "改名", newName: "新文件名", save: "保存", cancel: "取消", ask: "提问",
  rights: "谁能读“{name}”", everyone: "所有人", some: "仅这些人", readers: "用户名和 @用户组，以逗号分隔", folder: "按所在文件夹的规则", readable: "能读它的人：{who}", nobody: "无人",
  all: "全部 {n}", active: "进行中 {n}", bad: "失败 {n}", good: "完成 {n}", clear: "清除已结束的", sums: "已完成 {done} 份，失败 {failed} 份",
};

const ENGLISH = {
  sending: "Uploading {p}%", queued: "Waiting to be sent", waiting: "Waiting", reading: "Reading", page: "Reading: page {n}", pages: "Reading: page {n} of {of}", count: "Reading: {of} pages",
  indexing: "Indexing {p}%", done: "Done", removed: "Removed", restored: "Restored", renamed: "Renamed to “{to}”", failed: "Failed: {why}",
  exists: "There is a document of this name.", replace: "Replace", retry: "Try again", undo: "Undo", hide: "Hide", offline: "The service cannot be reached. Try again later.",
  unreadable: "The browser cannot read it.", cut: "The upload broke off: the file changed, or the connection was lost.", rename: "Rename", newName: "New file name", save: "Save", cancel: "Cancel", ask: "Ask",
  rights: "Who may read “{name}”", everyone: "Everyone", some: "Only these", readers: "User names and @groups, with commas", folder: "As its folder's rule says", readable: "Readable by: {who}", nobody: "nobody",
  all: "All {n}", active: "At work {n}", bad: "Failed {n}", good: "Done {n}", clear: "Clear those at an end", sums: "{done} done, {failed} failed",
};

/** What the service refuses, by its code; in Chinese it says so itself. */
const REFUSED = {
  empty_file: "The file is empty.", bad_name: "A file may not have this name.", file_too_large: "The file is over 300 MB: please split it.", disk_full: "The disk of the server is full.",
  busy: "Too many files at once. Try again later.", read_only: "Documents cannot be changed here.", incomplete: "The file did not arrive whole.", timeout: "The file took too long to arrive.",
  exists: "There is a document of this name.", not_ours: "Only files that were added on this page can be renamed here.", cannot_undo: "This cannot be undone, or was already.", rights_change: "Others could read it under this name: set its rights first.",
  job_not_found: "This step is no longer known.", document_not_found: "There is no such document any more.",
};

/** Why the service refuses something, as its error says it. */
const refusal = (error) => (common.language === "en" && REFUSED[error?.code]) || error?.message;

const words = common.language === "en" ? ENGLISH : CHINESE;
const AT_ONCE = 3;
const zone = document.getElementById("manage");
const section = document.getElementById("jobs");
const list = section.querySelector(".queue");
const filters = section.querySelector(".filters");
const rows = new Map(); // a job's id, or that of a file not handed in yet → what is shown of it
const toSend = [];
let sending = 0;
let shown = "all";
let events = null;
let number = 0;

const button = (text, onClick) => plain(text, onClick, "quiet");

// --- what is shown ---

/** A row of the queue; `told` says its state: active, good or bad. */
function show(key, name, text, { kind = "active", share = null, actions = [] } = {}) {
  const row = rows.get(key) ?? make("li", {}, make("span", { className: "name" }), make("span", { className: "said" }), make("progress", { max: 1 }), make("span", { className: "acts" }));
  const [title, said, bar, acts] = row.children;
  if (!rows.has(key)) {
    rows.set(key, row);
    list.prepend(row);
    bar.setAttribute("aria-label", name);
  }
  title.textContent = name;
  said.textContent = text;
  bar.hidden = kind !== "active";
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  row.dataset.kind = kind;
  const before = acts.contains(document.activeElement);
  acts.replaceChildren(...actions);
  if (before) (acts.querySelector("button") ?? list.closest("section")).focus();
  arrange();
}

function drop(key) {
  rows.get(key)?.remove();
  rows.delete(key);
  arrange();
}

let arranging = 0;
let summed = "";
function arrange() {
  if (arranging) return;
  arranging = requestAnimationFrame(() => {
    arranging = 0;
    const all = [...rows.values()];
    const counts = { all: all.length };
    for (const kind of ["active", "bad", "good"]) counts[kind] = all.filter((row) => row.dataset.kind === kind).length;
    if (shown !== "all" && !counts[shown]) shown = "all";
    section.hidden = !all.length;
    all.forEach((row) => { row.hidden = shown !== "all" && row.dataset.kind !== shown; });
    const focused = filters.contains(document.activeElement) && document.activeElement.dataset.kind;
    filters.replaceChildren(...Object.entries(counts).filter(([kind, n]) => n || kind === "all").map(([kind, n]) => {
      const made = button(fill(words[kind], { n }), () => { shown = kind; arrange(); });
      made.dataset.kind = kind;
      made.setAttribute("aria-pressed", String(shown === kind));
      return made;
    }), ...(counts.good || counts.bad ? [button(words.clear, clear)] : []));
    if (focused) filters.querySelector(`[data-kind="${focused}"]`)?.focus();
    const sums = !counts.active && counts.all ? fill(words.sums, { done: counts.good, failed: counts.bad }) : "";
    if (sums && sums !== summed) status(sums);
    summed = sums;
  });
}

function clear() {
  const hidden = new Set(JSON.parse(localStorage.getItem("yiju:jobs") ?? "[]"));
  for (const [key, row] of [...rows]) {
    if (row.dataset.kind === "active") continue;
    hidden.add(key);
    drop(key);
  }
  localStorage.setItem("yiju:jobs", JSON.stringify([...hidden].slice(-1000)));
}

// --- jobs of the service ---

function showJob(job) {
  const { id, source, state, kind } = job;
  if (state === "failed") return show(id, source, fill(words.failed, { why: job.reason }), { kind: "bad" });
  if (state === "done") {
    const said = { add: job.reason || words.done, remove: words.removed, restore: words.restored, rename: fill(words.renamed, { to: job.target }) }[kind];
    const undo = job.undo ? [button(words.undo, () => change(`api/jobs/${id}/undo`, "POST", source))] : [];
    const asks = kind !== "remove" && job.documents.length ? [link(job.documents[0])] : [];
    return show(id, source, [said, ...job.notices].join(" "), { kind: "good", actions: [...undo, ...asks] });
  }
  const page = fill(!job.page ? words.count : job.pages ? words.pages : words.page, { n: job.page, of: job.pages });
  const said = { waiting: job.reason || words.waiting, reading: job.page || job.pages ? page : words.reading, indexing: fill(words.indexing, { p: Math.round(100 * job.share) }) }[state];
  const share = { waiting: null, reading: job.pages ? job.page / job.pages : null, indexing: job.share }[state];
  return show(id, source, said, { share });
}

const link = (id) => make("a", { href: new URL(`chat/?document=${encodeURIComponent(id)}${common.language === "en" ? "&lang=en" : ""}`, ROOT).href, textContent: words.ask });

function watch() {
  if (events) return;
  events = new EventSource(new URL("api/jobs/events", ROOT));
  events.addEventListener("open", begin); // what ended before the stream was open is not told by it
  events.addEventListener("job", ({ data }) => {
    const job = JSON.parse(data);
    const ended = job.state === "done" || job.state === "failed";
    showJob(job);
    if (ended) refresh();
  });
}

let refreshing = 0;
/** The list of documents as it is now. */
function refresh() {
  clearTimeout(refreshing);
  refreshing = setTimeout(async () => {
    const reply = await fetch(location.href).catch(() => null);
    if (!reply?.ok) return;
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const at = document.activeElement?.closest("#list li")?.dataset.id;
    const fresh = page.getElementById("list");
    document.getElementById("list").replaceWith(fresh);
    zone.className = page.getElementById("manage")?.className ?? zone.className;
    if (!document.querySelector(".find") && page.querySelector(".find")) fresh.before(page.querySelector(".find"));
    if (at) fresh.querySelector(`li[data-id="${CSS.escape(at)}"] button`)?.focus();
  }, 300);
}

/** What the service replies; an error where it refuses. */
async function told(path, method, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const reply = await fetch(new URL(path, ROOT), { method, headers, body: body && JSON.stringify(body) });
  const said = await reply.json();
  if (!reply.ok) throw new Error(refusal(said.error) ?? reply.status);
  return said;
}

function fail(key, name, error) {
  const why = error instanceof TypeError ? words.offline : error.message;
  show(key, name, fill(words.failed, { why }), { kind: "bad", actions: [button(words.hide, () => drop(key))] });
}

async function change(path, method, name, body) {
  const key = `new-${number += 1}`;
  try {
    showJob(await told(path, method, body));
    watch();
  } catch (error) { fail(key, name, error); }
}

// --- files ---

function add(files) {
  for (const [file, name, replaces] of files) {
    const item = { key: `new-${number += 1}`, file, name, replaces };
    show(item.key, name, words.queued);
    toSend.push(item);
  }
  next();
}

function next() {
  while (sending < AT_ONCE && toSend.length) {
    sending += 1;
    send(toSend.shift()).finally(() => { sending -= 1; next(); });
  }
}

const again = (item, text, replaces) => button(text, () => { drop(item.key); add([[item.file, item.name, replaces]]); });

async function send(item, tries = 0) {
  const { status, said } = await posted(item);
  if (status === 202) {
    drop(item.key);
    showJob(said);
    watch();
  } else if (status === 503 && said?.error?.code === "busy" && tries < 600) {
    await new Promise((done) => { setTimeout(done, 1000); });
    await send(item, tries + 1);
  } else if (status === 409) {
    show(item.key, item.name, words.exists, { kind: "bad", actions: [again(item, words.replace, true), button(words.hide, () => drop(item.key))] });
  } else {
    const why = refusal(said?.error) ?? (item.read ? words.cut : words.offline);
    show(item.key, item.name, fill(words.failed, { why }), { kind: "bad", actions: [again(item, words.retry, item.replaces), button(words.hide, () => drop(item.key))] });
  }
}

/** Sends one file; only this old way tells how much has gone. */
function posted(item) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ name: item.name, ...(item.replaces && { replace: "1" }) });
    request.open("POST", new URL(`api/documents?${query}`, ROOT));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      item.read = true;
      show(item.key, item.name, fill(words.sending, { p: Math.round((100 * loaded) / total) }), { share: loaded / total });
    });
    const end = () => {
      let said = null;
      try { said = JSON.parse(request.responseText); } catch { /* a proxy's page */ }
      done({ status: request.status, said });
    };
    request.addEventListener("loadend", end);
    request.send(item.file);
  });
}

/** Files that were dropped, those in folders with the names of the folders. */
async function dropped(items) {
  const found = [];
  const entries = [...items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const walk = async (entry, path) => {
    if (entry.isFile) return void found.push([await new Promise((ok, no) => { entry.file(ok, no); }), path + entry.name]);
    const reader = entry.createReader();
    for (;;) { // a folder is listed a hundred at a time
      const some = await new Promise((ok, no) => { reader.readEntries(ok, no); });
      if (!some.length) return undefined;
      for (const each of some) await walk(each, `${path}${entry.name}/`);
    }
  };
  for (const entry of entries) {
    if (entry instanceof File) found.push([entry, entry.name]);
    else await walk(entry, "").catch(() => fail(`new-${number += 1}`, entry.name, new Error(words.unreadable)));
  }
  return found.filter(([, name]) => !/(^|\/)(\.|~\$|Thumbs\.db$|desktop\.ini$)/.test(name));
}

function choosing(input, taken) {
  input.addEventListener("change", () => {
    taken([...input.files]);
    input.value = "";
  });
}

const files = document.getElementById("files");
const folder = document.getElementById("folder");
document.getElementById("choose").addEventListener("click", () => files.click());
document.getElementById("choose-folder").addEventListener("click", () => folder.click());
choosing(files, (chosen) => add(chosen.map((file) => [file, file.name])));
choosing(folder, (chosen) => add(chosen.map((file) => [file, file.webkitRelativePath || file.name]).filter(([, name]) => !/(^|\/)\./.test(name))));

document.addEventListener("dragover", (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  zone.classList.add("over");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("over"); });
document.addEventListener("drop", async (event) => {
  if (!event.dataTransfer.items.length) return;
  event.preventDefault();
  zone.classList.remove("over");
  add(await dropped(event.dataTransfer.items));
});
addEventListener("beforeunload", (event) => { if (sending || toSend.length) event.preventDefault(); });

// --- the documents of the list ---

function replace(source) {
  const input = make("input", { type: "file" });
  choosing(input, ([file]) => { if (file) add([[file, source, true]]); });
  input.click();
}

/** A dialog that calls `onSave` when it is saved. */
function asking(title, content, onSave) {
  const choices = make("div", { className: "choices" }, make("button", { textContent: words.save }), button(words.cancel, () => dialog.close()));
  const dialog = make("dialog", {}, make("form", { method: "dialog" }, ...content, choices));
  dialog.setAttribute("aria-label", title);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.firstChild.addEventListener("submit", onSave);
  document.body.append(dialog);
  dialog.showModal();
}

const address = (id) => `api/documents/${encodeURIComponent(id)}`;

function rename(id, source) {
  const field = make("input", { value: source.split("/").pop(), required: true, maxLength: 180 });
  asking(words.rename, [make("label", {}, words.newName, field)], () => change(address(id), "PATCH", source, { name: field.value.trim() }));
  field.select();
}

function setRights(id, source, readers) {
  const field = make("input", { value: readers === "*" || readers === "-" ? "" : readers });
  field.setAttribute("aria-label", words.readers);
  field.placeholder = words.readers;
  const choice = (value, text) => make("label", {}, make("input", { type: "radio", name: "who", value, checked: value === (readers === "*" ? "*" : "some") }), text);
  const title = fill(words.rights, { name: source });
  const group = make("fieldset", {}, make("legend", { textContent: title }), choice("*", words.everyone), choice("some", words.some), field, choice("folder", words.folder));
  field.addEventListener("input", () => { group.querySelector('[value="some"]').checked = true; });
  asking(title, [group], async () => {
    const some = field.value.split(/[,，、]/).map((name) => name.trim()).filter(Boolean);
    const who = group.querySelector(":checked").value;
    const said = who === "*" ? ["*"] : who === "folder" ? null : some.length ? some : ["-"];
    const key = `new-${number += 1}`;
    try {
      const { readers: now } = await told(address(id), "PATCH", { readers: said });
      const named = now.map((name) => (name === "*" ? words.everyone : name)).join("、") || words.nobody;
      show(key, source, fill(words.readable, { who: named }), { kind: "good", actions: [button(words.hide, () => drop(key))] });
      refresh();
    } catch (error) { fail(key, source, error); }
  });
}

document.addEventListener("click", ({ target }) => {
  const item = target.closest("#list li");
  const { act } = target.dataset;
  if (!item || !act) return;
  const { id, source } = item.dataset;
  if (act === "replace") replace(source);
  if (act === "rename") rename(id, source);
  if (act === "rights") setRights(id, source, item.dataset.readers);
  if (act === "remove") change(address(id), "DELETE", source);
});

/** What was at work when the page was loaded, and what has come to its end lately. */
async function begin() {
  const reply = await fetch(new URL("api/jobs", ROOT)).catch(() => null);
  if (!reply?.ok) return;
  const { jobs } = await reply.json();
  const hidden = new Set(JSON.parse(localStorage.getItem("yiju:jobs") ?? "[]"));
  const lately = Date.now() / 1000 - 3600;
  jobs.filter((job) => !hidden.has(job.id) && (!job.finished || job.finished > lately)).reverse().forEach(showJob);
  if (jobs.some((job) => !job.finished)) watch();
  if (jobs.some((job) => job.finished * 1000 > performance.timeOrigin - 2000)) refresh(); // since this page was made
}

begin();
