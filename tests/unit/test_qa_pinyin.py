from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text import terms
from qa.question.pinyin import PinyinDecoder


def decoder(*texts: str) -> PinyinDecoder:
    counted = Counter(term for text in texts for term in set(terms(text)))
    return PinyinDecoder(lambda term: counted[term], lambda: counted)


KNOWS = decoder(
    "光伏发电计划装机容量，光伏装机目标",
    "由区发展改革委牵头，各部门负责",
    "绿色工厂建设",
    "PAN 材料",
    "pan 材料",
    "西安方案",
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("guangfu zhuangji mubiao shi duoshao", "光伏装机目标是多少"),
        ("guang fu zhuang ji 目标是多少？", "光伏装机目标是多少？"),
        ("由哪些bumen牵头", "由哪些部门牵头"),
        ("Lvse gongchang you naxie", "绿色工厂有哪些"),
        ("xi'an的fang'an", "西安的方案"),
        ("guangfuzhuangjimubiao", "光伏装机目标"),
    ],
)
def test_pinyin_becomes_the_words_of_the_documents(typed: str, meant: str) -> None:
    assert KNOWS.decode(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "what is the installed capacity target",
        "who are you",
        "can you sing a song",
        "pan的产量",
        "V&A在哪里",
        "PM2.5",
        "www.guangfu.cn",
        "jintian xiayu",
        "光伏装机",
        "",
        "a",
    ],
)
def test_what_is_no_pinyin_of_known_words_stays(text: str) -> None:
    assert KNOWS.decode(text) == text


@given(st.text(alphabet="guanfzhdoebm 光，'é1", max_size=30))
def test_any_text_can_be_decoded(text: str) -> None:
    assert (KNOWS.decode(text) == "") == (text == "")


def test_without_documents_only_phrases_of_questions_are_known() -> None:
    assert decoder().decode("guangfu") == "guangfu"
