"""Documents, names and questions are data: hostile text through every format and every view stays text.

What a real browser makes of the pages is in `tests/browser/test_browser_injections.py`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html import escape as html_escape
from pathlib import Path
from unicodedata import normalize

import openpyxl
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import etree, html
from markdown_it import MarkdownIt

from eval.commands.draft import COLUMNS, read_sheet, review_page, sheet
from eval.records import Dataset, Outcome, Query
from eval.report.page import report_page
from eval.report.report import make_report
from eval.report.report_text import report_text
from index.__main__ import main as index_main
from index.loaders import load
from index.records import Document
from index.store.passage_index import PassageIndex
from index.terminal import escaped, printable
from qa.__main__ import plain
from qa.assistant import Assistant
from qa.bootstrap import Opener
from qa.settings import Settings
from tests.support.fake_answerer import PLAN, FakeAnswerer
from tests.support.fakes import HashEncoder
from tests.support.files import at, docx, p, pdf
from tests.support.hostile import drafts, evil, inert, quiet, visible
from tests.support.injections import HOST, PAYLOADS, TEXTS, Payload, every_payload
from tests.support.layered import layered
from tests.support.markdown import words_of
from tests.support.served import built
from ui import errors
from ui.access.authentication import Access
from ui.access.visitors import Visitor
from ui.answer_queue import AnswerQueue
from ui.api.routes import event
from ui.chat.export import Source, Turn, as_markdown, as_word
from ui.chat.rendering import render, render_question, render_refusal
from ui.documents import routes
from ui.usage.log import UsageLog
from ui.wording import CHINESE

PADDING = "本段只是文字。" * 200
"""Makes a text file of what would else be mostly control characters, which is taken for none."""


# Pages


@every_payload
def test_a_message_of_the_chat_holds_only_its_own_markup(payload: Payload) -> None:
    _, answer = evil(payload.text)
    refused = replace(answer, abstained=True, short=None, citations=())
    for message in (
        render(answer, CHINESE, suggestions=(payload.text,), rated=True),
        render(refused),
        render_question(payload.text),
        render_refusal(payload.text),
    ):
        shown = words_of(message)
        assert visible(payload.text)[:40] in visible(shown)


@pytest.fixture(scope="module")
def pages() -> Iterator[TestClient]:
    app = FastAPI()
    errors.install(app)
    documents = tuple(replace(evil(text)[0], id=f"e{n}") for n, text in enumerate(TEXTS))
    routes.add_routes(app, AnswerQueue(FakeAnswerer(sources=documents)))
    with TestClient(app) as client:
        yield client


@every_payload
def test_a_documents_page_shows_its_text_and_does_nothing_else(pages: TestClient, payload: Payload) -> None:
    for query in ("", "?start=0&end=3"):
        reply = pages.get(f"/documents/e{TEXTS.index(payload.text)}{query}")
        tree = inert(reply.text)
        said = visible(tree.text_content()).replace("\x00", "")
        assert reply.status_code == 200 and visible(payload.text.replace("\x00", ""))[:30] in said


def test_the_list_of_documents_shows_names_and_does_nothing_else(pages: TestClient) -> None:
    for page, query in ((0, "?q=%3Cscript%3Ehit()"), (0, ""), (1, "?page=1")):
        tree = inert(pages.get(f"/documents/{query}").text)
        assert page == 1 or "hit()" in tree.text_content()


@every_payload
def test_signing_in_leads_nowhere_else(payload: Payload) -> None:
    client = layered(Access(need_key=True))
    reply = client.get("/signin", params={"next": payload.text})
    inert(reply.text)
    assert HOST not in reply.text


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    usage = UsageLog(tmp_path_factory.mktemp("usage") / "index-usage.sqlite")
    for n, text in enumerate(TEXTS):
        answer = replace(evil(text)[1], id=f"{n:032}", standalone_question=f"{n} {text}")
        usage.record(answer, Visitor(text), where="chat")
        usage.rate(answer.id or "", False, text).result()
    with TestClient(built(FakeAnswerer(), usage=usage)) as client:
        yield client


def test_the_administrators_page_lists_what_was_asked_and_does_nothing_else(site: TestClient) -> None:
    tree = inert(site.get("/admin/").text)
    listed = [visible(each.text_content()) for each in tree.cssselect("section.open h3")]
    assert len(listed) >= 100 and any("<script>hit()</script>" in each for each in listed)
    inert(site.post("/admin/settle", data={"how": "<script>hit()</script>", "answer": ["<b>"], "until": "1"}).text)
    rows = [json.loads(line) for line in site.get("/admin/questions.jsonl").text.split("\n")[:-1]]
    assert {row["question"].partition(" ")[2] for row in rows} >= {
        text for text in TEXTS if visible(text)[:1] == text[:1]
    }


# What programs get


@every_payload
def test_a_question_is_answered_or_refused_and_comes_back_as_it_was(site: TestClient, payload: Payload) -> None:
    for address in ("/api/ask", "/api/ask?stream=1"):
        reply = site.post(address, json={"question": payload.text, "history": [payload.text]})
        assert reply.status_code in (200, 422) and reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-type"].partition(";")[0] in ("application/json", "text/event-stream")
    body = {"messages": [{"role": "system", "content": payload.text}, {"role": "user", "content": payload.text}]}
    assert site.post("/v1/chat/completions", json=body).status_code in (200, 422)
    assert site.get(f"/api/documents/{payload.text.encode().hex()}").status_code == 404


@every_payload
def test_no_text_makes_an_event_of_its_own(payload: Payload) -> None:
    _, answer = evil(payload.text)
    lines = event("answer", {**answer.to_json()}).encode().decode().split("\n")
    assert (lines[0], lines[2:]) == ("event: answer", ["", ""])
    assert json.loads(lines[1].removeprefix("data: "))["short_answer"] == payload.text


@every_payload
def test_an_exported_conversation_is_text(payload: Payload) -> None:
    address = "http://127.0.0.1:7860/documents/d?start=1&end=9"
    turn = Turn(payload.text, payload.text, payload.text, payload.text, (Source(1, payload.text, address),))
    tree = html.fromstring(MarkdownIt("commonmark", {"html": True}).render(as_markdown([turn], CHINESE)))
    assert {str(each.tag) for each in tree.iter(etree.Element)} <= {"div", "h1", "h2", "p", "strong", "ul", "li", "a"}
    assert {each.get("href") for each in tree.iter("a")} == {address}
    kept = replace(turn, text=re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", payload.text))
    with zipfile.ZipFile(
        io.BytesIO(as_word([replace(kept, question="q", short="s", confidence="", sources=())], CHINESE))
    ) as file:
        body = etree.fromstring(file.read("word/document.xml"))
        names = {etree.QName(each).localname for each in body.iter(etree.Element)}
        assert names.isdisjoint({"instrText", "fldSimple", "object", "altChunk", "hyperlink"})
        assert HOST not in file.read("word/_rels/document.xml.rels").decode()


# The terminal


@every_payload
def test_a_terminal_is_told_nothing(payload: Payload) -> None:
    _, answer = evil(payload.text)
    for said in (plain(answer), plain(replace(answer, abstained=True, short=None)), printable(payload.text)):
        assert quiet(said)
    line = escaped(json.dumps(answer.to_json(), ensure_ascii=False))
    assert quiet(line) and json.loads(line) == answer.to_json()


def test_the_commands_tell_a_terminal_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    names = [text.replace("/", "／").replace("\0", "") for text in TEXTS]
    names = [name for name in dict.fromkeys(names) if name.strip(". ") and len(f"{name}.txt".encode()) < 250]
    for n, name in enumerate(names):
        (folder / f"{n}{name}.txt").write_text(f"{name}\n第一条 {TEXTS[n]}\n{PADDING}\n", "utf-8", newline="")
    index = tmp_path / "index"

    def run(*arguments: object) -> str:
        index_main([*map(str, arguments)], load_encoder=lambda name: HashEncoder())
        said = capsys.readouterr()
        assert quiet(said.out) and quiet(said.err), arguments
        return said.out

    run("build", folder, "-o", index)
    listed = json.loads(run("info", index, "--json"))
    sources = {each["source"] for each in listed["documents"]}
    assert sources <= {normalize("NFC", f"{n}{name}.txt") for n, name in enumerate(names)} and len(sources) >= 140
    run("info", index)
    run("rights", index)
    for each in listed["documents"][:40]:
        run("show", index, each["id"])
    run("show", index, "\x1b[2J")
    run("build", tmp_path / "\x1b[2Jnowhere", "-o", index)


# Tables and reports


@every_payload
def test_no_cell_is_a_formula_and_what_it_says_is_read_again(payload: Payload, tmp_path: Path) -> None:
    written = sheet(drafts(payload.text))
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert len(rows[1]) == len(COLUMNS)
    assert not [cell for row in rows for cell in row if re.match(r"[=+\-@＝＋－＠\t\r\n]", cell)]
    if not (said := payload.text.replace("\0", "").strip()) or "\0" in payload.text:
        return
    path = tmp_path / "sheet.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # as a person saves it who keeps the question
        csv.writer(file).writerows([rows[0], ["1", *rows[1][1:]]])
    (read,) = read_sheet(path)
    assert read.question.replace("\r\n", "\n").split() == said.replace("\r", "\n").split() or read.question == said


@every_payload
def test_pages_of_the_evaluation_show_and_do_nothing_else(payload: Payload) -> None:
    query = Query("q1", payload.text, ((payload.text,),), (payload.text,), True, payload.text)
    _, answer = evil(payload.text)
    report = make_report(Dataset(payload.text, (query,)), [Outcome(query, answer.to_json())], lambda id: None)
    assert quiet(report_text(report))
    for page in (report_page(report), review_page(drafts(payload.text))):
        own = re.findall(r"<script>(.*?)</script>", page, re.S)
        assert len(own) == 1 and "hit()" not in own[0]
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
        assert policy and "default-src 'none'" in policy[1] and "sha256-" in policy[1]
        bare = re.sub(r"<(script|style)>.*?</\1>|<meta[^>]*>|<svg.*?</svg>", "", page, flags=re.S)
        inert(bare)


# Formats


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError(f"tried to reach {arguments}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)


def _xml(text: str) -> str:
    return html_escape("".join(c for c in text if c in "\t" or c.isprintable()))


def test_text_comes_out_of_every_format_as_text(tmp_path: Path, offline: None) -> None:
    lines = [" ".join(text.split()) for text in TEXTS if text.isprintable() and text.strip()]
    book = openpyxl.Workbook()
    for n, line in enumerate(lines, 1):
        book.active.cell(n, 1).value = line
        book.active.cell(n, 1).data_type = "s"
    book.save(tmp_path / "a.xlsx")
    (tmp_path / "a.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "a.html").write_text(
        "<title>t</title>" + "".join(f"<p>{html_escape(each)}</p>" for each in lines), "utf-8"
    )
    (tmp_path / "a.docx").write_bytes(docx("".join(p(_xml(each)) for each in lines)))
    shown = [each for each in lines if each.isascii() and len(each) < 60 and "\\" not in each]
    (tmp_path / "a.pdf").write_bytes(pdf(*(at(50, 400, each) for each in shown)))
    for name, wanted in (("a.txt", lines), ("a.html", lines), ("a.docx", lines), ("a.xlsx", lines), ("a.pdf", shown)):
        text = re.sub(r"\s+", "", load(tmp_path / name).text)
        missing = [each for each in wanted if re.sub(r"\s+", "", each) not in text]
        assert not missing, name


def test_a_page_that_is_hostile_itself_is_read_without_running_or_fetching_anything(
    tmp_path: Path, offline: None
) -> None:
    body = "".join(
        f"<p>段{n}</p>{text}" for n, text in enumerate(TEXTS) if "plaintext" not in text and "<!--" not in text
    )
    (tmp_path / "a.html").write_text(f"<html><body><h1>方案</h1>{body}<p>末段</p></body></html>", "utf-8")
    assert "段0" in load(tmp_path / "a.html").text
    written = [text for text in TEXTS if "\0" not in text]
    (tmp_path / "a.md").write_text("\n\n".join(["# 方案", PADDING, *written, "末段"]), "utf-8", newline="")
    text = load(tmp_path / "a.md").text
    assert all(each.replace("\r\n", "\n").replace("\r", "\n") in text for each in written)


# Nothing is obeyed


@pytest.fixture(scope="module")
def assistants(tmp_path_factory: pytest.TempPathFactory) -> tuple[Assistant, Assistant]:
    """The product's own: on a plan, and on the plan beside a document full of orders."""
    folder = tmp_path_factory.mktemp("orders")
    plain_document = replace(PLAN, id="plan")
    orders = "方案附件\n" + "\n".join(each.text for each in PAYLOADS if each.kind == "prompt") + "\n"
    hostile = Document("orders", "方案附件", orders, "附件.txt")
    made = []
    for name, documents in (("alone", [plain_document]), ("beside", [plain_document, hostile])):
        from index.encoding.encoders import DEFAULT_ENCODER, load_encoder

        PassageIndex.build(documents, load_encoder(DEFAULT_ENCODER)).save(folder / name)
        made.append(Opener(Settings(index=folder / name)).open())
    return made[0], made[1]


def test_orders_in_a_document_change_no_answer_from_another(assistants: tuple[Assistant, Assistant]) -> None:
    for question in ("风电计划装机容量是多少", "加快新能源开发的牵头单位有哪些"):
        alone, beside = (each.ask(question) for each in assistants)
        assert alone.short == beside.short is not None
        assert [each.text for each in alone.citations] == [each.text for each in beside.citations]


@pytest.mark.parametrize("payload", [each for each in PAYLOADS if each.kind in ("prompt", "unicode")])
def test_orders_in_questions_bring_out_nothing_but_quotes(assistants: tuple[Assistant, Assistant], payload) -> None:
    alone, _ = assistants
    for question, history in (
        (payload.text, ()),
        ("那风电呢？", (payload.text,)),
        (f"光伏装机目标是多少？{payload.text}", ()),
    ):
        try:
            answer = alone.ask(question, history)
        except ValueError:  # nothing that can be asked is left of it
            continue
        assert all(each.text in PLAN.text for each in answer.citations)
        assert answer.abstained == (not answer.citations)
        assert "999" not in (answer.short or "") and "接管" not in (answer.short or "")
        for line in re.sub(r"\[\d+\]", "", answer.text).splitlines() if not answer.abstained else ():
            assert not re.search("999MW|已被接管|PWNED", line)


def test_the_suite_is_large_enough() -> None:
    assert len(set(TEXTS)) >= 150
    kinds = {each.kind for each in PAYLOADS}
    assert kinds == {"html", "markdown", "template", "csv", "prompt", "unicode", "terminal"}
