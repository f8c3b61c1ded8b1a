from __future__ import annotations

import pytest

from index.records import Hit, Passage, Span
from qa.reading.features import Place, places
from qa.reading.table_cells import better_cell

REPORT = (
    "总资产（元） | 本报告期末：840,527 | 上年度末：783,355 | 本报告期末比上年度末增减（%）：7.30%\n"
    "加权平均净资产收益率 | 本报告期末：4.37% | 上年同期：3.24% | 本报告期比上年同期增减（%）：1.13%\n"
)
PLAN = (
    "序号：2 | 指标名称：非化石能源消费比重 | 单位：% | 基期 2020年：15.2 | 目标值 2025年：21 | 属性：约束性\n"
    "序号：3 | 指标名称：光伏装机 | 单位：万千瓦 | 基期 2020年：12.5 | 目标值 2025年：42 | 属性：预期性\n"
)


def cells(text: str, path: tuple[str, ...] = ("表1",)) -> list[Place]:
    return places([Hit(Passage("d", "表", text, Span(0, len(text)), path), 1.0)])


def better(question: str, first: str, text: str) -> str | None:
    found = cells(text)
    place = next(each for each in found if each.text == first and each.site.candidate.labelled)
    chosen = better_cell(question, place, found)
    return chosen.text if chosen else None


@pytest.mark.parametrize(
    ("question", "first", "wanted", "text"),
    [
        ("本报告期末总资产是多少", "7.30%", "840,527", REPORT),  # the same words, and less that nobody asked for
        ("净资产收益率上年同期是多少", "4.37%", "3.24%", REPORT),  # more of the question
        ("总资产上年度末是多少", "3.24%", "783,355", REPORT),  # another row
        ("光伏装机2025年目标是多少", "12.5", "42", PLAN),
        ("2020年光伏装机是多少", "15.2", "12.5", PLAN),
        ("2020年非化石能源消费比重是多少", "%", "15.2", PLAN),  # a unit is no answer where a year is named
    ],
)
def test_the_cell_whose_row_and_column_the_question_names_is_better(
    question: str, first: str, wanted: str, text: str
) -> None:
    assert better(question, first, text) == wanted


@pytest.mark.parametrize(
    ("question", "first", "text"),
    [
        ("本报告期末总资产是多少", "840,527", REPORT),
        ("光伏装机是多少", "42", PLAN),  # no column is named: the ranking knows best
        ("光伏装机的属性是什么", "预期性", PLAN),
    ],
)
def test_a_cell_that_fits_is_left_alone(question: str, first: str, text: str) -> None:
    assert better(question, first, text) is None


def test_prose_and_cells_of_other_tables_are_no_rivals() -> None:
    prose = "光伏装机70MW，风电180MW。"
    assert better_cell("2025年光伏装机", cells(prose)[0], cells(PLAN)) is None
    first = next(each for each in cells(REPORT) if each.text == "4.37%")
    assert better_cell("2025年光伏装机", first, cells(PLAN, ("表2",))) is None
