from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text import terms
from qa.question.spelling import HomophoneSpeller


def speller(*texts: str) -> HomophoneSpeller:
    counted: dict[str, int] = {}
    for text in texts:
        for term in set(terms(text)):
            counted[term] = counted.get(term, 0) + 1
    return HomophoneSpeller(lambda term: counted.get(term, 0), lambda: counted)


KNOWS = speller("光伏发电计划装机容量", "页岩气产能", "生猪养殖")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("光付装机容量", "光伏装机容量"), ("页岩汽产能", "页岩气产能"), ("光付", "光伏"), ("", ""), ("光", "光")],
)
def test_a_homophone_is_put_right_where_both_neighbours_gain(typed: str, meant: str) -> None:
    assert KNOWS.correct(typed) == meant


@pytest.mark.parametrize("text", ["光伏装机容量是多少", "今年的天气", "wind power", "70MW", "😀𠮷", "？"])
def test_what_is_right_or_sounds_like_nothing_known_stays(text: str) -> None:
    assert KNOWS.correct(text) == text


@pytest.mark.parametrize(
    ("text", "document"),
    [("按山西的办法", "鞍山的办法"), ("搞分布式", "高分的方法"), ("哪天发的", "哪天法的"), ("企业里抓", "企业力抓")],
)
def test_a_normal_word_is_not_made_another_that_sounds_the_same(text: str, document: str) -> None:
    assert speller(document).correct(text) == text


def test_without_documents_nothing_is_known_and_nothing_changed() -> None:
    assert speller().correct("光付装机") == "光付装机"


@given(st.text(alphabet="光付伏装机页岩汽产能a1 😀𠮷㎡é，", max_size=20))
def test_a_correction_never_changes_the_length(text: str) -> None:
    assert len(KNOWS.correct(text)) == len(text)
