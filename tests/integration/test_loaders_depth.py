"""Tables within tables, and pages that nest deeper than a parser goes: nothing of them is lost silently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from index.loaders import load, load_all
from index.records import Document
from tests.support.files import docx, p, tbl

Load = Callable[[bytes], tuple[Document, list[str]]]


@pytest.fixture
def html(tmp_path: Path) -> Load:
    def read(body: bytes) -> tuple[Document, list[str]]:
        (tmp_path / "a.html").write_bytes(b"<html><meta charset=utf-8><body>" + body + b"</body></html>")
        notices: list[str] = []
        (found,) = load_all(tmp_path / "a.html", notice=notices.append)
        assert isinstance(found, Document)
        return found, notices

    return read


def test_a_table_in_a_cell_follows_its_own_and_is_called_by_its_row(html: Load) -> None:
    document, _ = html(
        "<table><tr><th>项目</th><th>内容</th></tr><tr><td>课题名称</td><td>水处理</td></tr>"
        "<tr><td>经费预算</td><td>单位：万元<table><tr><th>科目</th><th>申请</th></tr>"
        "<tr><td>设备费</td><td>120</td></tr></table></td></tr><tr><td>周期</td><td>两年</td></tr></table>".encode()
    )
    assert document.text.splitlines() == [
        "项目：课题名称 | 内容：水处理",
        "项目：经费预算 | 内容：单位：万元",
        "项目：周期 | 内容：两年",
        "科目：设备费 | 申请：120",
    ]
    assert [table.caption for table in document.tables] == ["", "经费预算"]


def test_tables_that_lay_out_a_page_are_no_tables(html: Load) -> None:
    document, _ = html(
        "<table><tr><td>左栏</td><td><table><tr><td>指标</td><td>数值</td></tr><tr><td>产量</td><td>12</td></tr>"
        "</table></td></tr><tr><td></td><td>版权说明</td></tr></table>".encode()
    )
    assert document.text.splitlines() == ["左栏", "指标：产量 | 数值：12", "版权说明"]


def test_fonts_that_are_never_closed_hide_nothing(html: Load) -> None:
    document, notices = html(("<p>" + "<font color=red><b>第一段。" * 400 + "</p><p>最后一段。</p>").encode())
    assert document.text.count("第一段。") == 400
    assert "最后一段。" in document.text
    assert notices == []


@pytest.mark.parametrize("depth", [300, 10_000])
def test_what_nests_too_deep_is_read_as_lines_and_told(html: Load, depth: int) -> None:
    open_, close = "<table><tr><td>甲</td><td>", "</td></tr></table>"
    document, notices = html((f"<p>开头。</p>{open_ * depth}最里面{close * depth}<p>结尾。</p>").encode())
    lines = document.text.splitlines()
    assert (lines[0], lines[-2:], lines.count("甲")) == ("开头。", ["最里面", "结尾。"], depth)
    assert "嵌套" in notices[0]


def test_a_text_of_twelve_million_characters_in_one_element_is_whole(html: Load) -> None:
    assert len(html(b"<p>" + b"abcdefghi " * 1_200_000 + b"</p>")[0].text) > 11_999_990


def test_tables_of_word_below_the_deepest_are_text_of_their_cells(tmp_path: Path) -> None:
    table = "<w:tbl><w:tr><w:tc>" + p("最里面") + "</w:tc><w:tc>" + p("值") + "</w:tc></w:tr></w:tbl>"
    for number in range(12):
        table = f"<w:tbl><w:tr><w:tc>{p(f'第{number}层')}</w:tc><w:tc>{table}</w:tc></w:tr></w:tbl>"
    (tmp_path / "a.docx").write_bytes(docx(table + tbl([["后", "面"]])))
    text = load(tmp_path / "a.docx").text
    assert all(f"第{number}层" in text for number in range(12))
    assert "最里面" in text and "后 | 面" in text
