from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.periods import Period, conflict, covered, periods


def years(text: str, present: int | None = None) -> list[tuple[int, int]]:
    return [(period.first, period.last) for period in periods(text, present)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("到2025年", [(2025, 2025)]),
        ("到２０２５年", [(2025, 2025)]),
        ("2022—2025年", [(2022, 2025)]),
        ("2022年至2025年", [(2022, 2025)]),
        ("2023年4月28日", [(2023, 2023)]),
        ("2023-04-28", [(2023, 2023)]),
        ("2023.4.28", [(2023, 2023)]),
        ("2023.4", [(2023, 2023)]),
        ("二〇二三年", [(2023, 2023)]),
        ("“十四五”时期", [(2021, 2025)]),
        ("十四五规划", [(2021, 2025)]),
        ("“十四五”末", [(2025, 2025)]),
        ("“十三五”期末", [(2020, 2020)]),
        ("十五五期间", [(2026, 2030)]),
        ("2020年比2015年", [(2020, 2020), (2015, 2015)]),
    ],
)
def test_names_of_time_become_years(text: str, expected: list[tuple[int, int]]) -> None:
    assert years(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2000万吨",
        "1993.5万吨",
        "2024.12亿元",
        "1998.5公里",
        "12025年",
        "2025%",
        "〔16〕号",
        "三十五万",
        "光伏",
        "1000",
    ],
)
def test_other_figures_are_no_years(text: str) -> None:
    assert years(text) == []


def test_this_year_is_the_year_of_the_document() -> None:
    assert years("今年", 2025) == [(2025, 2025)]
    assert years("去年和前年", 2025) == [(2024, 2024), (2023, 2023)]
    assert years("明年", 2025) == [(2026, 2026)]
    assert years("今年") == []


def test_a_range_written_backwards_is_put_in_order() -> None:
    assert years("2025—2022年") == [(2022, 2025)]


def test_offsets_are_those_of_the_expression() -> None:
    text = "到２０２５年，“十四五”末"
    assert [text[period.start : period.end] for period in periods(text)] == ["２０２５", "十四五”末"]


def test_conflict_needs_years_on_both_sides_that_never_meet() -> None:
    plan, target = Period(2021, 2025, 0, 1), Period(2030, 2030, 0, 1)
    assert conflict([target], [plan])
    assert not conflict([Period(2025, 2025, 0, 1)], [plan])
    assert not conflict([target], []) and not conflict([], [plan])
    assert not conflict([target], [plan, Period(2026, 2035, 0, 1)])


@given(st.text(alphabet="到2025年—至“十四五”末期间今去、,. ", max_size=30), st.none() | st.integers(1990, 2050))
def test_periods_stand_inside_the_text_in_order(text: str, present: int | None) -> None:
    found = periods(text, present)
    assert all(0 <= period.start < period.end <= len(text) for period in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(period.first <= period.last for period in found)


@pytest.mark.parametrize(
    ("title", "years"),
    [
        ("2025年浙江省政府工作报告", [(2024, 2025)]),
        ("实施方案（2022—2025年）", [(2022, 2025)]),
        ("管理办法", []),
        ("2024年统计公报", [(2024, 2024)]),
    ],
)
def test_a_document_of_one_year_also_tells_of_the_year_before(title: str, years: list[tuple[int, int]]) -> None:
    assert [(period.first, period.last) for period in covered(title)] == years


def test_the_past_year_is_the_one_before_this_year() -> None:
    assert [period.first for period in periods("过去一年工作回顾", 2025)] == [2024]
