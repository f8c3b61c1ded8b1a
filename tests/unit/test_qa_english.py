from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text import terms
from qa.question.english import EnglishDecoder, _read, cedict
from qa.question.turns import core

TEXT = "页岩气产能达到12亿m3，风电装机容量180MW，PET产品100万吨，绿色工厂10家，信息安全产业，印发通知"


def decode(text: str, of: str = TEXT) -> str:
    counted = Counter(terms(of))
    return EnglishDecoder(lambda term: counted[term], cedict).decode(text)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("What is the shale gas target?", ["页岩气", "目标"]),
        ("How many green factories are planned by 2025?", ["2025年", "多少", "绿色", "工厂"]),
        ("Which products are of the information security industry?", ["信息安全", "产业", "哪些", "产品"]),
        ("When was the notice issued?", ["通知", "什么时候"]),
        ("What is the capital of France?", ["法国"]),
        ("What is Chongqing's population?", ["重庆", "人口"]),
        ("GDP of Hebei in 2025", ["2025年", "河北", "生产总值"]),
    ],
)
def test_the_words_of_a_question_become_chinese(asked: str, words: list[str]) -> None:
    read = decode(asked)
    assert all(word in read for word in words), read
    assert not any("a" <= letter <= "z" for letter in read.lower())


def test_of_several_translations_the_documents_choose() -> None:
    assert decode("industry target", "规模以上工业企业").startswith("工业")
    assert decode("industry target", "信息安全产业").startswith("产业")


def test_what_the_documents_do_not_hold_is_translated_all_the_same() -> None:
    assert "核电" in decode("What is the nuclear power target?")


def test_names_that_the_documents_have_stay() -> None:
    assert decode("How many tonnes of PET are planned?").startswith("PET")
    assert decode("PET产品产量是多少") == "PET产品产量是多少"


def test_english_within_chinese_is_read_where_it_stands() -> None:
    assert decode("那shale gas呢") == "那页岩气呢"


def test_a_question_to_documents_in_english_stays() -> None:
    asked = "What is the wind power target?"
    assert decode(asked, "The wind power target is 180 MW.") == asked


@pytest.mark.parametrize("text", ["光伏装机目标是多少", "2025", "?", "xqzzy", "guangfu zhuangji"])
def test_what_is_no_english_stays(text: str) -> None:
    assert decode(text) == text


@pytest.mark.parametrize("text", ["hello", "Thank you!", "Hi"])
def test_courtesy_is_courtesy_in_english_too(text: str) -> None:
    assert core(decode(text)) == ""


@given(st.text(alphabet="what is the of wind power 's PV光伏2025?&-’", max_size=40))
def test_any_mixture_is_read(text: str) -> None:
    assert isinstance(decode(text), str)


def test_many_who_ask_at_once_read_the_dictionary_once() -> None:
    _read.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: cedict(), range(8)))
    assert all(each is found[0] for each in found) and _read.cache_info().misses == 1
