"""Tables in an answer's text: written so that nothing leaves its cell, read back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qa.computing.tabulating import blocks, markdown

ROWS = [["", "增长目标"], ["四川", "5.5%以上[1]"], ["重庆", "文中没有"]]
CELLS = st.text(alphabet="| \n\t-a光[1]", max_size=8)


def test_a_table_is_written_in_markdown() -> None:
    assert markdown(ROWS) == "|  | 增长目标 |\n| --- | --- |\n| 四川 | 5.5%以上[1] |\n| 重庆 | 文中没有 |"


def test_it_is_read_back_between_the_lines_around_it() -> None:
    text = f"如下：\n\n{markdown(ROWS)}\n最多的是四川。"
    assert list(blocks(text)) == ["如下：", ROWS, "最多的是四川。"]


def test_bars_without_a_rule_below_are_lines() -> None:
    row = "| 项目：光伏 | 2024年：70 |"
    assert list(blocks(f"{row}\n{row}\n| --- | --- |")) == [row, [["项目：光伏", "2024年：70"]]]
    assert list(blocks("| a |\n| --- | --- |")) == ["| a |", "| --- | --- |"]
    assert list(blocks("")) == []


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=2, max_size=5))
def test_no_cell_breaks_the_table(rows) -> None:
    shown = [[" ".join(cell.split()).replace("|", "｜") for cell in row] for row in rows]
    assert list(blocks(markdown(rows))) == [shown]
