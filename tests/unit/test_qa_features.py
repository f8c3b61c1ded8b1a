from __future__ import annotations

import numpy as np
import pytest

from index.records import Hit, Passage, Span
from qa.question.analysis import analyse
from qa.reading.features import LEXICAL, READ_PASSAGES, Asked, asked, bare_place, lexical, places

TEXT = "风电计划装机容量180MW和光伏发电计划装机容量70MW。总投资5亿元。（牵头单位：区发展改革委）"


def hit(text: str = TEXT, title: str = "綦江区方案", path: tuple[str, ...] = ("3．新能源",), score: float = 1.0) -> Hit:
    return Hit(Passage("d", title, text, Span(0, len(text)), path), score)


def rows(question: str, *hits: Hit) -> dict[str, dict[str, float]]:
    """Features by name for each candidate, by its text; of equal texts the first."""
    found = places(hits or [hit()])
    matrix = lexical(ask(question), found)
    return {
        place.text: dict(zip(LEXICAL, row, strict=True))
        for place, row in reversed(list(zip(found, matrix.tolist(), strict=True)))
    }


def ask(question: str) -> Asked:
    return asked(analyse(question), lambda word: 1.0)


def test_weights_add_up_to_one() -> None:
    assert sum(ask("大力发展光伏产业").weights) == pytest.approx(1.0)


def test_a_question_without_words_weighs_nothing() -> None:
    a = ask("多少？")
    assert (a.weights, a.roles) == ((), ())
    assert np.isfinite(lexical(a, places([hit()]))).all()


def test_no_candidates_give_no_rows() -> None:
    assert lexical(ask("光伏"), []).shape == (0, len(LEXICAL))
    assert places([hit("")]) == [] and places([]) == []


def test_a_candidate_that_is_added_gets_the_row_it_would_have_among_all() -> None:
    found = places([hit(score=1.0), hit("风电装机容量5MW。（责任单位：区能源局）", score=2.5)])
    a = ask("光伏发电装机容量是多少，由谁牵头")
    matrix = lexical(a, found)
    for row in range(len(found)):
        others = [*found[:row], *found[row + 1 :]]
        assert lexical(a, [found[row]], others).tolist() == [matrix[row].tolist()]


def test_the_figure_with_the_words_of_the_question_is_told_from_its_neighbour() -> None:
    found = rows("光伏发电装机容量是多少")
    assert found["70MW"]["own"] > found["180MW"]["own"]
    assert found["70MW"]["kind_first"] == 1.0


def test_units_that_measure_something_else_differ() -> None:
    found = rows("总投资是多少")
    assert found["5亿元"]["dimension_fits"] == 1.0
    assert found["70MW"]["dimension_differs"] == 1.0


def test_a_role_in_the_question_asks_for_its_label() -> None:
    assert rows("新能源由谁牵头")["区发展改革委"]["label_asked"] == 1.0
    assert rows("新能源责任单位是谁")["区发展改革委"]["label_asked"] == 0.0


def test_years_that_the_title_gives_meet_or_conflict() -> None:
    plan = hit(title="实施方案（2022—2025年）")
    assert rows("2024年光伏装机多少", plan)["70MW"]["period_meets"] == 1.0
    assert rows("2030年光伏装机多少", plan)["70MW"]["period_conflicts"] == 1.0
    assert rows("光伏装机多少", plan)["70MW"]["period_meets"] == 0.0


def test_since_when_is_not_when() -> None:
    report = hit("总值31534亿元，增速为1993年以来最快。", title="2025年政府工作报告")
    assert rows("2024年总值多少", report)["31534亿元"]["period_conflicts"] == 0.0
    assert rows("1993年总值多少", report)["31534亿元"]["period_conflicts"] == 1.0


def test_of_the_years_that_a_title_covers_the_one_before_the_sentence_holds() -> None:
    report = hit("过去一年，成绩显著。总值31534亿元。", title="2025年政府工作报告")
    assert rows("2024年总值多少", report)["31534亿元"]["period_meets"] == 1.0
    assert rows("2025年总值多少", report)["31534亿元"]["period_conflicts"] == 1.0
    ground = hit("根据2015年的办法。总值31534亿元。", title="2025年政府工作报告")
    assert rows("2025年总值多少", ground)["31534亿元"]["period_meets"] == 1.0


def test_places_are_held_by_the_title_or_missing() -> None:
    assert rows("綦江光伏装机多少")["70MW"]["place_missing"] == 0.0
    assert rows("江津区光伏装机多少")["70MW"]["place_missing"] == 1.0


@pytest.mark.parametrize(("name", "bare"), [("綦江区", "綦江"), ("重庆市", "重庆"), ("沙县", "沙县"), ("重庆", "重庆")])
def test_a_place_is_compared_without_its_rank(name: str, bare: str) -> None:
    assert bare_place(name) == bare


def test_only_the_first_passages_are_read() -> None:
    found = places([hit(f"产能{n}万吨") for n in range(READ_PASSAGES + 3)])
    assert {place.rank for place in found} == set(range(READ_PASSAGES))


def test_what_only_the_passage_at_large_holds_is_far() -> None:
    told = rows("光伏发电由谁牵头")
    assert told["区发展改革委"]["far"] > told["70MW"]["far"]
