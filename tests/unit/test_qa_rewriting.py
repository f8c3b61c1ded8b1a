from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.encoding.encoders import load_encoder
from qa.question.rewriting import FollowUpRewriter
from tests.support.fakes import HashEncoder

REWRITER = FollowUpRewriter(HashEncoder())
FIRST = "光伏装机目标是多少"


@pytest.mark.parametrize(
    ("question", "history", "standalone"),
    [
        ("2030年呢", ["2025年光伏装机目标是多少"], "2030年光伏装机目标是多少"),
        ("江津区呢", ["綦江区光伏装机目标是多少"], "江津区光伏装机目标是多少"),
        ("它的牵头单位是谁", ["信息安全产业怎么发展"], "信息安全产业牵头单位是谁"),
        ("页岩气产能是多少", [FIRST], "页岩气产能是多少"),
        ("2030年呢", [FIRST], "2030年光伏装机目标是多少"),
        ("那风电呢", [], "那风电呢"),
        # Nothing stays of what the turn says anew.
        (
            "那浙江省2025年生产总值增长目标呢",
            ["上海2025年生产总值增长预期目标是多少"],
            "浙江省2025年生产总值增长目标是多少",
        ),
        ("那吉林的粮食产量呢", ["浙江2024年粮食产量是多少"], "吉林2024年粮食产量是多少"),
        ("王传福持股比例是多少", ["广东2025年生产总值增长目标是多少"], "王传福持股比例是多少"),
    ],
)
def test_a_follow_up_takes_over_what_it_leaves_out(question: str, history: list[str], standalone: str) -> None:
    assert REWRITER.standalone(question, history) == standalone


@pytest.mark.parametrize("question", ["那风电呢？", "风电呢", "风电又是多少", "换成风电"])
def test_a_new_subject_takes_the_place_of_the_old(question: str) -> None:
    assert REWRITER.standalone(question, [FIRST]) == "风电装机目标是多少"


@pytest.mark.parametrize(
    ("question", "earlier", "standalone"),
    [
        ("那风电呢？", "光伏发电装机容量是多少", "风电装机容量是多少"),
        ("肉牛呢", "生猪养殖规模是多少", "肉牛养殖规模是多少"),
        ("那学前教育呢", "职业教育在校生有多少人", "学前教育在校生有多少人"),
        ("工伤保险呢", "失业保险的缴费比例是多少", "工伤保险的缴费比例是多少"),
        ("铁路呢", "公路建设投资多少", "铁路建设投资多少"),
    ],
)
def test_a_new_subject_takes_the_place_of_a_thing_of_several_words_as_a_whole(
    question: str, earlier: str, standalone: str
) -> None:
    assert FollowUpRewriter(load_encoder()).standalone(question, [earlier]) == standalone


@pytest.mark.parametrize(
    "question",
    ["今天天气怎么样？", "指导思想是什么", "重点任务有哪些", "保障措施有哪些？", "基本原则是什么", "主要目标是什么"],
)
def test_a_whole_question_takes_nothing_over(question: str) -> None:
    assert REWRITER.standalone(question, [FIRST]) == question


@pytest.mark.parametrize("question", ["牵头单位是谁", "由谁牵头", "责任单位有哪些", "什么时候完成"])
def test_a_question_for_an_attribute_is_about_what_was_asked_before(question: str) -> None:
    assert REWRITER.standalone(question, [FIRST]) == f"光伏装机{question}"


def test_a_chain_is_followed_turn_by_turn() -> None:
    assert REWRITER.standalone("水电又是多少", [FIRST, "那风电呢"]) == "水电装机目标是多少"


def test_what_lies_more_than_six_turns_back_is_another_subject() -> None:
    history = [FIRST, *["页岩气产能是多少"] * 6]
    assert REWRITER.standalone("那风电呢", history) == REWRITER.standalone("那风电呢", history[1:])


@pytest.mark.parametrize("question", ["那", "呢", "还有呢？", "它", "？", "的"])
def test_a_turn_of_nothing_is_no_error(question: str) -> None:
    assert isinstance(REWRITER.standalone(question, [FIRST]), str)


TURN = st.text(alphabet="那它光伏风电呢是多少2030年綦江区？ a😀，", min_size=1, max_size=12).filter(str.strip)


@given(TURN, st.lists(TURN, max_size=4))
def test_any_conversation_gives_some_question(question: str, history: list[str]) -> None:
    assert isinstance(REWRITER.standalone(question, history), str)
    assert REWRITER.standalone(question, []) == question.strip()
