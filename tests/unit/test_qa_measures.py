from __future__ import annotations

import pytest

from qa.language.measures import asked_dimensions, dimension


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("mw", "power"),
        ("千瓦", "power"),
        ("千瓦时", "energy"),
        ("元", "money"),
        ("吨", "mass"),
        ("公里", "length"),
        ("平方公里", "area"),
        ("m3", "volume"),
        ("%", "share"),
        ("年", "duration"),
        ("周岁", "age"),
        ("人", "people"),
        ("家", "count"),
        ("元/吨", "money"),
        ("", ""),
    ],
)
def test_a_unit_measures_one_thing(unit: str, expected: str) -> None:
    assert dimension(unit) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("总投资是多少", {"money"}),
        ("光伏装机容量是多少", {"power"}),
        ("年发电量是多少", {"energy"}),
        ("利用率是多少", {"share"}),
        ("期限多久", {"duration"}),
        ("目标是多少", set()),
        ("花钱多吗", set()),
    ],
)
def test_words_say_what_is_to_be_measured(question: str, expected: set[str]) -> None:
    assert asked_dimensions(question, "") == expected


def test_the_unit_of_the_question_decides() -> None:
    assert asked_dimensions("投资多少万吨", "吨") == {"mass"}


def test_people_are_counted_with_either_measure_word() -> None:
    assert asked_dimensions("多少人", "人") == asked_dimensions("多少个", "个") == {"count", "people"}
