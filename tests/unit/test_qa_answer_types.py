from __future__ import annotations

import pytest

from qa.language.grammar import candidates
from qa.question.analysis import analyse
from qa.reading.answer_types import mismeasured, misshapen


@pytest.mark.parametrize(
    ("question", "fits", "differs"),
    [
        ("投诉电话是多少？", "12345", "投诉电话"),
        ("联系人的手机号是多少", "139-0000-0000", "联系人：王某"),
        ("报送邮箱是什么", "a@b.cn", "电子邮件"),
        ("申报网址是什么", "https://a.gov.cn/x", "申报系统"),
        ("依据哪一条处罚", "第五十三条", "本办法"),
        ("第几条讲收费", "第12条", "不收费"),
        ("由哪位领导签发", "王小明", "区人民政府"),
    ],
)
def test_an_answer_has_the_shape_that_is_asked_for(question: str, fits: str, differs: str) -> None:
    asked = analyse(question)
    assert not misshapen(asked, fits)
    assert misshapen(asked, differs)


@pytest.mark.parametrize("question", ["热线由谁管理", "电话多久接通", "哪条河最长", "由哪个部门牵头"])
def test_a_question_that_only_mentions_such_a_thing_takes_any_answer(question: str) -> None:
    assert not misshapen(analyse(question), "市政务服务局")


def measured(question: str, text: str) -> bool:
    return mismeasured(analyse(question), candidates(text)[0], text)


def test_another_unit_than_the_one_asked_for_does_not_answer() -> None:
    assert measured("生产总值是多少亿元", "5.4%")
    assert measured("用电报装要几个工作日", "3家")
    assert not measured("生产总值是多少亿元", "120万元")
    assert not measured("用电报装要几个工作日", "30天")


def test_a_share_is_no_magnitude() -> None:
    assert measured("社会消费品零售总额达到多少万亿", "119.7%")
    assert not measured("社会消费品零售总额达到多少", "119.7%")


def test_growth_is_no_amount() -> None:
    assert measured("网上零售额增速", "386.7亿元")
    assert not measured("网上零售额增速", "13.5%")
    assert not measured("网上零售额", "386.7亿元")


def test_what_says_how_much_without_a_figure_may_answer() -> None:
    assert not measured("办一张证要多少钱", "“免费”")
    assert not measured("审批压减几个环节", "“一半”")
    assert measured("办一张证要多少元", "《收费办法》")


def test_a_question_for_no_figure_takes_any_unit() -> None:
    assert not measured("由哪个部门牵头", "3家")
