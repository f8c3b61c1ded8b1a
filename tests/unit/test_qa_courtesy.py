from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.question.turns import core, is_personal


@pytest.mark.parametrize(
    ("turn", "question"),
    [
        (
            "您好，我是区里的工作人员，领导让我问一下，能不能麻烦您帮我查查光伏这块咱们装机的目标到底是多少呀，谢谢啦",
            "光伏装机的目标是多少",
        ),
        ("打扰一下，想请教个问题：牵头单位到底是哪个来着？非常感谢！", "牵头单位是哪个？"),
        ("你好你好，不好意思打扰了，就是那个乙二醇规划多大规模呢，麻烦了", "乙二醇规划多大规模呢"),
        ("是这样的，我们单位在写材料，烦请告知项目是多少头的，不胜感激", "项目是多少头的"),
        ("师傅您好，我就想问一句，一次扣几分啊？先谢谢您了", "一次扣几分？"),
        ("您好，请问下降幅度是多少", "下降幅度是多少"),
        ("Hi, what is the target? Thanks!", "what is the target?"),
    ],
)
def test_only_the_question_is_left(turn: str, question: str) -> None:
    assert core(turn) == question


@pytest.mark.parametrize(
    "turn",
    [
        "老板让我加班不给钱怎么办",
        "我想看病要带什么材料",
        "请假几天扣工资",
        "我是四川人，社保怎么转",
        "问责程序是什么",
        "谢谢条例是什么",
        "我们区今年的目标是多少",
        "咱们县的光伏目标",
        "感谢信写给谁",
        "是否应急",
        "急救中心在哪",
        "领导要求整改的事项有哪些",
        "请教育局负责吗",
        "介绍信怎么开",
        "给我们企业的补贴是多少",
        "好评率是多少",
        "我是新来的工作人员",
    ],
)
def test_words_that_only_look_polite_stay(turn: str) -> None:
    assert core(turn) == turn


@pytest.mark.parametrize("turn", ["您好", "谢谢啦", "？", "在吗", "好的，明白了", "嗯嗯，谢谢！"])
def test_nothing_is_left_of_mere_politeness(turn: str) -> None:
    assert core(turn) == ""


@pytest.mark.parametrize(
    "question",
    [
        "你是谁",
        "你是人工智能吗？",
        "您觉得这个方案好吗",
        "是谁开发了你",
        "你会什么",
        "今天几号？",
        "吃饭了吗",
        "您最近忙吗？",
        "最近怎么样",
    ],
)
def test_what_is_asked_of_the_assistant_is_personal(question: str) -> None:
    assert is_personal(question)


@pytest.mark.parametrize(
    "question",
    [
        "你会计师事务所在哪",
        "今天起施行的办法",
        "现在光伏装机多少",
        "谁设计了你校的校徽",
        "你是否知道光伏目标",
        "食堂吃饭收费吗",
        "光伏怎么样",
    ],
)
def test_what_is_asked_of_documents_is_not(question: str) -> None:
    assert not is_personal(question)


@given(st.text(alphabet="您好请问谢麻烦帮我查下光伏，？。a😀 的是多少呀", max_size=30))
def test_what_is_left_stands_in_the_turn_in_order(turn: str) -> None:
    letters = iter(turn)
    assert all(character in letters for character in core(turn))
