"""Short answers with the words beside a figure that change what it means, and clauses whole for yes or no."""

from __future__ import annotations

import pytest

from index.records import Hit, Passage, Span
from qa.question.analysis import analyse
from qa.reading.extent import completed
from qa.reading.features import places


def answer(question: str, text: str, value: str) -> str:
    hit = Hit(Passage("d", "办法", text, Span(0, len(text))), 1.0)
    found = places([hit])
    place = next(place for place in found if place.text == value)
    return completed(analyse(question), place, found).text


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("出险后应在48小时内报案。", "48小时", "48小时内"),
        ("农村屋顶覆盖率不低于20%，医院屋顶不低于40%。", "20%", "不低于20%"),
        ("皮疹的发生率为0.1%～1%。", "0.1%", "0.1%～1%"),
        ("皮疹的发生率为0.1%～1%。", "1%", "0.1%～1%"),
        ("地面车位每月220元，地下300元。", "220元", "每月220元"),
        ("给予补贴，最高不超过500万元。", "500万元", "最高不超过500万元"),
        ("工作日夜间值班至次日8:00。", "8:00", "次日8:00"),
        ("预付30%，验收后15个工作日内支付。", "30%", "30%"),
        ("年满80周岁（含）以上的老年人。", "80周岁", "80周岁（含）以上"),
    ],
)
def test_a_figure_takes_the_words_that_bound_it(text: str, value: str, expected: str) -> None:
    assert answer("是多少", text, value) == expected


@pytest.mark.parametrize(
    ("question", "text", "value", "expected"),
    [
        ("利润怎么降了", "利润下降11%，主要原因是退货增加以及运费上涨。", "11%", "退货增加以及运费上涨"),
        ("毛利率为啥下降", "毛利率27.9%，同比下降，主要系低价产品占比上升。", "27.9%", "低价产品占比上升"),
        ("为什么停水", "由于管道检修，城南3个小区停水。", "3个", "管道检修"),
        ("工期为何延长", "连续降雨12天，因此工期顺延。", "12天", "连续降雨12天"),
        ("为什么下降", "利润下降11%。", "11%", "11%"),  # no reason is given
        ("利润降了多少", "利润下降11%，主要原因是退货增加。", "11%", "11%"),
    ],
)
def test_a_question_why_gets_the_reason_without_what_it_explains(
    question: str, text: str, value: str, expected: str
) -> None:
    assert answer(question, text, value) == expected


def test_words_of_another_sentence_are_not_taken() -> None:
    assert answer("是多少", "金额应不低于。48小时内报案。", "48小时") == "48小时内"


def test_yes_or_no_is_answered_by_the_whole_clause() -> None:
    text = "施工时间为工作日，周日及法定节假日不得进场装修，违者罚款。"
    assert answer("周日能进来装修吗", text, "周日及法定节假日不得进场装修") == "周日及法定节假日不得进场装修"
    assert answer("违反了要罚款吗", text, "违者罚款") == "违者罚款"
