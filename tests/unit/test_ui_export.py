"""Conversations as files: everything in them, nothing that does anything."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import etree
from markdown_it import MarkdownIt

from index.loaders import load
from ui import errors
from ui.chat import export

SOURCE = {"n": 1, "reference": "《…方案》三（一）3", "address": "http://127.0.0.1:7860/documents/d?start=1&end=9"}
TURN = {
    "question": "目标是多少？",
    "short": "70MW",
    "text": "目标为70MW。[1]",
    "confidence": "可信度较高",
    "sources": [SOURCE],
}
TRAPS = (
    "<script>alert(1)</script>",
    "![x](http://192.0.2.1/x.png)",
    "# a\n- b",
    "a]]>&lt;\x00\ufffe",
    "[x](javascript:alert(1))",
)


def post(**body: object):
    app = FastAPI()
    errors.install(app)
    export.add_routes(app)
    return TestClient(app).post("/api/export", content=json.dumps(body), headers={"Content-Type": "application/json"})


def test_markdown_holds_question_answer_and_linked_source():
    text = post(format="md", turns=[TURN]).text
    assert text.startswith(
        "# 问答记录\n\n## 目标是多少？\n\n**70MW**\n\n目标为70MW。\\[1\\]\n\n可信度较高\n\n出处：\n\n- "
    )
    shown = MarkdownIt().render(text)
    assert '<a href="http://127.0.0.1:7860/documents/d?start=1&amp;end=9">《…方案》三（一）3</a>' in shown
    assert post(format="md", lang="en", turns=[TURN]).text.startswith("# Conversation")


def test_a_word_file_reads_back_as_what_was_said(tmp_path):
    path = tmp_path / "c.docx"
    path.write_bytes(post(format="docx", turns=[TURN, {**TURN, "question": "还有呢？"}]).content)
    document = load(path)
    for said in ("问答记录", "目标是多少？", "还有呢？", "70MW", "[1] 《…方案》三（一）3"):
        assert said in document.text
    assert [heading.title for heading in document.headings if "？" in heading.title] == ["目标是多少？", "还有呢？"]


TABLE = "|  | 增长目标 |\n| --- | --- |\n| 四川 | 5.5%以上[1] |\n| *重庆* | 文中没有 |\n按原文。"


def test_a_table_stays_one_in_markdown_and_in_word(tmp_path):
    turn = {**TURN, "short": None, "text": TABLE}
    shown = MarkdownIt("commonmark").enable("table").render(post(format="md", turns=[turn]).text)
    assert "<td>四川</td>\n<td>5.5%以上[1]</td>" in shown
    assert "<td>*重庆*</td>" in shown and "<p>按原文。</p>" in shown
    path = tmp_path / "c.docx"
    path.write_bytes(post(format="docx", turns=[turn]).content)
    document = load(path)
    assert [table.span.slice(document.text).strip() for table in document.tables] == [
        "四川 | 增长目标：5.5%以上[1]\n*重庆* | 增长目标：文中没有"
    ]


def test_the_table_that_a_source_lies_in_goes_along_as_one(tmp_path):
    table = {
        "caption": "表 3 分年度目标",
        "columns": ["年份", "装机"],
        "rows": [["2024", "50MW"], ["2025", "70MW"]],
        "cited": [1],
    }
    turn = {**TURN, "sources": [{**SOURCE, "table": table}]}
    shown = MarkdownIt("commonmark").enable("table").render(post(format="md", turns=[turn]).text)
    assert "<p>[1] 表 3 分年度目标</p>\n<table>" in shown and "<td>2025</td>\n<td>70MW</td>" in shown
    path = tmp_path / "c.docx"
    path.write_bytes(post(format="docx", turns=[turn]).content)
    (found,) = load(path).tables
    assert (found.caption, found.columns, len(found.rows)) == ("表 3 分年度目标", ("年份", "装机"), 2)


@pytest.mark.parametrize("trap", [*TRAPS, f"| a |\n| --- |\n| {TRAPS[1]} |"])
def test_hostile_text_stays_text(trap):
    turn = {**TURN, "question": trap, "short": trap, "text": trap, "sources": [{**SOURCE, "reference": trap}]}
    shown = MarkdownIt("commonmark", {"html": True}).render(post(format="md", turns=[turn]).text)
    assert "<script" not in shown
    assert "<img" not in shown
    assert 'href="javascript' not in shown
    content = post(format="docx", turns=[turn]).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            etree.fromstring(archive.read(name))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"format": "pdf", "turns": []},
        {"format": "md", "turns": "x"},
        {"format": "md", "turns": [1]},
        {"format": "md", "turns": [{"question": 1}]},
        {"format": "md", "turns": [{**TURN, "sources": [1]}]},
        {"format": "md", "turns": [{**TURN, "sources": [{**SOURCE, "address": "javascript:alert(1)"}]}]},
        {
            "format": "md",
            "turns": [{**TURN, "sources": [{**SOURCE, "table": {"columns": ["a"], "rows": [["b", "c"]]}}]}],
        },
        {"format": "md", "turns": [{**TURN, "sources": [{**SOURCE, "table": {"columns": ["a"], "rows": [[1]]}}]}]},
        {"format": "md", "turns": [{**TURN, "sources": [{**SOURCE, "table": {"columns": "ab", "rows": []}}]}]},
        {"format": "md", "turns": [TURN] * 201},
    ],
)
def test_what_is_no_conversation_is_refused(body):
    reply = post(**body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_request")
