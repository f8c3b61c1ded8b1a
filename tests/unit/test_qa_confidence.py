from __future__ import annotations

import numpy as np
import pytest

from index.records import Hit, Passage, Span
from qa.question.analysis import analyse
from qa.reading.confidence import akin, clash, confidence_features, doubt, meets, strays
from qa.reading.features import FEATURES, Asked, Place, asked, places
from qa.reading.ranking import CONFIDENCE
from tests.support.fakes import HashEncoder

TEXT = "到2025年，光伏发电计划装机容量70MW，总投资5亿元。"
PASSAGE = Passage("d", "綦江区方案", TEXT, Span(0, len(TEXT)), ("第三条 加快新能源产业发展",))


def ask(question: str) -> Asked:
    return asked(analyse(question), lambda word: 1.0)


def at(value: str, passage: Passage = PASSAGE) -> Place:
    return next(place for place in places([Hit(passage, 1.0)]) if place.text == value)


def features(question: str, *values: str, scores: tuple[float, ...] = (2.0,)) -> dict[str, float]:
    """The features of the first value, the others behind it; the network says 0.1 of the first, 0.2 of the next."""
    found = places([Hit(PASSAGE, 1.0)])
    ranking = [next(place for place in found if place.text == value) for value in values]
    matrix = np.zeros((len(ranking), len(FEATURES)))
    matrix[:, FEATURES.index("span")] = np.arange(1, len(ranking) + 1) / 10
    matrix[:, FEATURES.index("span_window")] = 0.7
    matrix[:, FEATURES.index("span_overlap")] = 0.8
    told = confidence_features(ask(question), ranking, found, np.array(scores), matrix, HashEncoder(), (2.0, -1.0))
    return dict(zip(CONFIDENCE, told, strict=True))


def clashes(question: str, value: str) -> str | None:
    return clash(analyse(question), at(value))


def test_words_that_the_sentence_holds_count_fully() -> None:
    told = features("光伏装机是多少", "70MW")
    assert told["held_near"] == told["held_anywhere"] == told["held_soft"] == pytest.approx(1.0)
    assert told["kind_asked"] == 1.0 and told["no_kind"] == 0.0
    assert told["retrieval"] == 0.0


def test_the_word_that_is_missed_most_is_told() -> None:
    told = features("核电装机容量是多少", "70MW")
    question = ask("核电装机容量是多少").question
    weight = ask("核电装机容量是多少").weights[[term.text for term in question.terms].index("核电")]
    assert told["heaviest_apart"] == pytest.approx(weight) and 0 < told["heaviest_missing"] <= weight
    assert features("光伏装机容量是多少", "70MW")["heaviest_missing"] == 0.0
    assert told["polar_missing"] == 0.0
    asked_whether = features("是否有核电装机容量", "70MW")
    assert asked_whether["polar_missing"] == asked_whether["heaviest_missing"] > 0


def test_what_the_network_says_is_told_of_the_first_candidate() -> None:
    told = features("光伏装机是多少", "70MW", "5亿元", scores=(2.0, 2.0))
    assert [told[name] for name in ("span", "span_window", "span_overlap")] == [0.1, 0.7, 0.8]
    assert told["span_lead"] == pytest.approx(-0.1)  # another candidate is 0.2
    assert features("光伏装机是多少", "70MW")["span_lead"] == pytest.approx(3.1)  # there is no other


def test_the_first_shares_the_mass_with_candidates_that_say_something_else() -> None:
    equal = features("光伏装机是多少", "70MW", "5亿元", scores=(2.0, 2.0))
    assert equal["share_of_top"] == pytest.approx(0.5)
    ahead = features("光伏装机是多少", "70MW", "5亿元", scores=(2.0, 1.0))
    assert ahead["share_of_top"] == pytest.approx(1 / (1 + np.exp(-1)))


def test_the_clause_around_a_candidate_is_no_rival() -> None:
    told = features("光伏装机是多少", "70MW", "光伏发电计划装机容量70MW", scores=(2.0, 2.0))
    assert told["share_of_top"] == 1.0 and told["span_lead"] == pytest.approx(3.1)


def test_a_word_that_is_not_there_lowers_what_is_held() -> None:
    assert features("核电装机是多少", "70MW")["held_near"] < features("光伏装机是多少", "70MW")["held_near"]


def test_a_role_that_is_asked_for_and_not_named_is_missing() -> None:
    assert features("光伏由谁牵头", "70MW")["role_missing"] == 1.0
    assert features("光伏装机是多少", "70MW")["role_missing"] == 0.0


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
    ranking = [at("600万", passage)]
    told = confidence_features(
        ask("旅居人数达到多少人"),
        ranking,
        ranking,
        np.array([1.0]),
        np.zeros((1, len(FEATURES))),
        HashEncoder(),
        (0, 0),
    )
    assert dict(zip(CONFIDENCE, told, strict=True))["unmeasured"] == 0.0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unmeasured", "文档提到了相关内容，但没有给出所问的数字。"),
        ("contrast", "文档有类似的内容，但说的不是所问的对象。"),
        ("held_soft", "文档中没有找到这个问题的答案。"),
        ("held_near", "文档中没有找到与这个问题有关的内容。"),
    ],
)
def test_a_refusal_says_what_speaks_most_against_the_answer(name: str, reason: str) -> None:
    told = {"held_soft": 0.0 if name == "held_near" else 0.5, "unmeasured": 0.0, "contrast": 0.0}
    assert doubt(told | {name: 1.0}) == reason


def test_another_unit_or_shape_than_the_one_asked_for_forbids_an_answer() -> None:
    assert clashes("光伏投资多少兆瓦", "70MW") is None
    assert clashes("光伏装机多少亿元", "70MW") == "文档提到了相关内容，但没有给出所问的数字。"
    assert clashes("光伏装机的联系电话是多少", "70MW") == "文档提到了相关内容，但没有给出所问的姓名、号码或地址。"


def test_a_sum_does_not_answer_for_an_average() -> None:
    assert clashes("户均投资多少", "5亿元") == "文档给出的不是平均到每一个的数字。"
    text = "户均补贴300元。"
    passage = Passage("d", "办法", text, Span(0, len(text)))
    assert clash(analyse("户均补贴多少钱"), at("300元", passage)) is None


@pytest.mark.parametrize(
    ("a", "b", "kin"),
    [
        ("核电", "火电", True),
        ("公办", "民办", True),
        ("冬季", "夏季", True),
        ("光伏", "太阳能", False),
        ("电", "火电", False),
        ("床位", "养老床位", False),
        ("核电", "核电", False),
    ],
)
def test_words_with_one_head_name_kinds_of_one_thing(a: str, b: str, kin: bool) -> None:
    assert akin(a, b) is akin(b, a) is kin


def test_another_kind_in_the_place_of_the_one_asked_for_is_told() -> None:
    assert features("风伏装机是多少", "70MW")["sibling"] == 1.0
    assert features("光伏装机是多少", "70MW")["sibling"] == 0.0
