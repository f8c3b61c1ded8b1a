from __future__ import annotations

from collections import Counter

import pytest

from index.text import terms
from qa.question.english import EnglishDecoder
from qa.question.pinyin import PinyinDecoder
from qa.question.rewriting import FollowUpRewriter
from qa.question.spelling import HomophoneSpeller, Tidier
from qa.question.turns import Interpreter
from qa.settings import MAX_QUESTION_CHARACTERS
from tests.support.fakes import HashEncoder

COUNTED = Counter(terms("光伏发电计划装机容量，光伏装机目标，风电装机，由发展改革委牵头"))

DICTIONARY = {
    "wind power": [("风电", 0)],
    "target": [("目标", 0)],
    "thank you": [("谢谢", 0)],
    "weather": [("天气", 0)],
}


def frequency(term: str) -> int:
    return COUNTED[term]


INTERPRETER = Interpreter(
    Tidier(frequency),
    (PinyinDecoder(frequency, lambda: COUNTED), EnglishDecoder(frequency, lambda: DICTIONARY)),
    HomophoneSpeller(frequency, lambda: COUNTED),
    FollowUpRewriter(HashEncoder()),
)


@pytest.mark.parametrize(
    ("turn", "history", "questions"),
    [
        ("光伏裝機目標是多少", [], ["光伏装机目标是多少"]),
        ("您好，请问光付装机目标是多少，谢谢", [], ["光伏装机目标是多少"]),
        ("guangfu zhuangji mubiao shi duoshao？", [], ["光伏装机目标是多少？"]),
        ("光伏装机目标是多少，风电又是多少", [], ["光伏装机目标是多少", "风电装机目标是多少"]),
        ("那风电呢", ["您好！光付裝機目標是多少？谢谢"], ["风电装机目标是多少？"]),
        ("谢谢！", ["光伏装机目标是多少"], ["谢谢！"]),
        ("光伏、风电装机分别是多少，列个表对比", [], ["光伏、风电装机分别是多少，列个表对比"]),
        ("对比光伏、风电的装机目标", ["水电、风电装机合计多少"], ["对比光伏、风电的装机目标"]),
        ("What is the wind power target?", [], ["风电目标是什么"]),
        ("那wind power呢", ["光伏装机目标是多少"], ["风电装机目标是多少"]),
        ("Thank you!", ["光伏装机目标是多少"], ["Thank you!"]),
        ("😀", [], ["😀"]),
    ],
)
def test_a_turn_becomes_the_questions_it_asks(turn: str, history: list[str], questions: list[str]) -> None:
    assert INTERPRETER.questions(turn, history) == questions


def test_a_question_grown_too_long_by_its_history_stands_as_typed() -> None:
    long = "光" * (MAX_QUESTION_CHARACTERS - 5) + "是多少"
    assert INTERPRETER.questions("它的牵头单位是谁", [long]) == ["它的牵头单位是谁"]
