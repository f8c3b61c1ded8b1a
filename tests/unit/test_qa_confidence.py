from __future__ import annotations

import numpy as np
import pytest

from index.records import Hit, Passage, Span
from qa.question.analysis import analyse
from qa.reading.confidence import clash, confidence_features, doubt, meets, strays
from qa.reading.features import FEATURES, Asked, Place, asked, places
from qa.reading.ranking import CONFIDENCE

TEXT = "到2025年，光伏发电计划装机容量70MW，总投资5亿元。"
PASSAGE = Passage("d", "綦江区方案", TEXT, Span(0, len(TEXT)), ("第三条 加快新能源产业发展",))


def ask(question: str) -> Asked:
    return asked(analyse(question), lambda word: 1.0)


def at(value: str, passage: Passage = PASSAGE) -> Place:
    return next(place for place in places([Hit(passage, 1.0)]) if place.text == value)


def features(question: str, value: str) -> dict[str, float]:
    """Return the features of a value; the network says 0.1 of it, and 0.7 of the best span of its window."""
    found = places([Hit(PASSAGE, 1.0)])
    row = np.zeros(len(FEATURES))
    row[FEATURES.index("span")], row[FEATURES.index("span_window")] = 0.1, 0.7
    told = confidence_features(ask(question), at(value), found, row, 2.0)
    return dict(zip(CONFIDENCE, told, strict=True))


def clashes(question: str, value: str) -> str | None:
    return clash(analyse(question), at(value))


def test_words_that_the_sentence_holds_count_fully() -> None:
    told = features("光伏装机是多少", "70MW")
    assert told["held_near"] == pytest.approx(1.0)
    assert (told["no_kind"], told["retrieval"]) == (0.0, 0.0)


def test_what_the_network_says_is_told() -> None:
    told = features("光伏装机是多少", "70MW")
    assert [told[name] for name in ("span", "span_window", "support")] == [0.1, 0.7, 2.0]


def test_a_word_that_is_not_there_lowers_what_is_held() -> None:
    assert features("核电装机是多少", "70MW")["held_near"] < features("光伏装机是多少", "70MW")["held_near"]


def test_the_right_figure_clashes_with_nothing() -> None:
    assert clashes("綦江区2025年光伏装机是多少", "70MW") is None
    assert clashes("第三条的光伏装机是多少", "70MW") is None


@pytest.mark.parametrize(
    ("question", "value", "reason"),
    [
        ("2030年光伏装机是多少", "70MW", "文档未提及您所问的时间。"),
        ("江津区光伏装机是多少", "70MW", "文档没有说到江津区。"),
        ("第五条的光伏装机是多少", "70MW", "文档没有第五条，或者没有讲到所问的内容。"),
    ],
)
def test_what_forbids_an_answer_is_said(question: str, value: str, reason: str) -> None:
    assert clashes(question, value) == reason


def test_a_document_is_issued_on_a_day_and_not_over_some_years() -> None:
    issued = Passage("d", "方案（2022—2025年）", "方案（2022—2025年）于2023年4月28日印发。", Span(0, 27))
    question = ask("方案是什么时候印发的").question
    assert strays(question, at("2022—2025年", issued)) and not meets(question, at("2022—2025年", issued))
    assert meets(question, at("2023年4月28日", issued))


@pytest.mark.parametrize(
    ("question", "value", "unmeasured"),
    [
        ("光伏装机是多少", "70MW", 0.0),
        ("光伏装机是多少", "5亿元", 1.0),
        ("光伏装机是多少", "到2025年", 1.0),
        ("谁牵头光伏装机", "5亿元", 0.0),
    ],
)
def test_a_figure_of_something_else_is_no_measure_of_what_is_asked(
    question: str, value: str, unmeasured: float
) -> None:
    assert features(question, value)["unmeasured"] == unmeasured


def test_a_figure_without_a_unit_may_measure_anything() -> None:
    text = "力争旅居人数达600万。"
    passage = Passage("d", "方案", text, Span(0, len(text)), ())
    best = at("600万", passage)
    told = confidence_features(ask("旅居人数达到多少人"), best, [best], np.zeros(len(FEATURES)), 0.0)
    assert dict(zip(CONFIDENCE, told, strict=True))["unmeasured"] == 0.0


@pytest.mark.parametrize(
    ("held", "unmeasured", "reason"),
    [
        (0.5, 1.0, "文档提到了相关内容，但没有给出所问的数字。"),
        (0.5, 0.0, "文档中没有找到这个问题的答案。"),
        (0.0, 1.0, "文档中没有找到与这个问题有关的内容。"),
    ],
)
def test_a_refusal_says_what_speaks_most_against_the_answer(held: float, unmeasured: float, reason: str) -> None:
    assert doubt({"held_near": held, "unmeasured": unmeasured}) == reason


def test_another_unit_or_shape_than_the_one_asked_for_forbids_an_answer() -> None:
    assert clashes("光伏投资多少兆瓦", "70MW") is None
    assert clashes("光伏装机多少亿元", "70MW") == "文档提到了相关内容，但没有给出所问的数字。"
    assert clashes("光伏装机的联系电话是多少", "70MW") == "文档提到了相关内容，但没有给出所问的姓名、号码或地址。"


def test_a_sum_does_not_answer_for_an_average() -> None:
    assert clashes("户均投资多少", "5亿元") == "文档给出的不是平均到每一个的数字。"
    text = "户均补贴300元。"
    passage = Passage("d", "办法", text, Span(0, len(text)))
    assert clash(analyse("户均补贴多少钱"), at("300元", passage)) is None
