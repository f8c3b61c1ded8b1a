from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.grammar import Kind
from qa.language.lexicon import LIGHT_WORDS
from qa.question.analysis import Gap, Question, analyse


def words(question: Question) -> list[str]:
    return [term.text for term in question.terms]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("光伏装机目标是多少", Kind.QUANTITY),
        ("产能目标是什么", Kind.QUANTITY),
        ("how many factories", Kind.QUANTITY),
        ("哪个部门牵头", Kind.ORGANISATION),
        ("由谁负责", Kind.ORGANISATION),
        ("什么时候印发的", Kind.DATE),
        ("文号是什么", Kind.NUMBER),
        ("依托哪些龙头企业", Kind.LIST),
        ("落户哪个园区", Kind.NAME),
        ("咨询电话是多少", Kind.NAME),
        ("公园几点开门", Kind.DATE),
    ],
)
def test_the_interrogative_says_what_kind_is_asked_for(text: str, first: Kind) -> None:
    assert analyse(text).kinds[0] is first


@pytest.mark.parametrize("text", ["", "光伏", "为什么要发展光伏", "好几年的发展", "😀"])
def test_any_kind_may_do_where_nothing_asks(text: str) -> None:
    assert analyse(text).kinds == ()


def test_terms_are_the_words_that_matter() -> None:
    assert words(analyse("请问光伏装机的目标是多少？")) == ["光伏", "装机"]
    assert words(analyse("光伏裝機目標")) == ["光伏", "装机"]
    assert words(analyse("2025年的光伏呢")) == ["光伏"]
    assert words(analyse("多少？")) == []


def test_years_places_and_articles_are_read() -> None:
    question = analyse("江津区2030年按第五条规定装机多少万千瓦")
    assert [(period.first, period.last) for period in question.periods] == [(2030, 2030)]
    assert question.places == ("江津区",)
    assert question.provisions == ("第五条",)
    assert (question.unit, question.dimensions) == ("千瓦", {"power"})


def test_country_and_town_in_general_are_no_places() -> None:
    assert analyse("全国城镇有多少").places == ()


def test_the_gap_is_where_the_answer_would_stand() -> None:
    assert analyse("重点发展什么材料").gap == Gap("发展", "材料")
    assert analyse("哪个部门牵头").gap == Gap("", "部门")
    assert analyse("光伏装机").gap == Gap()


def test_light_words_are_folded_words() -> None:
    assert all(word and word == word.strip().lower() for word in LIGHT_WORDS)


@given(st.text(max_size=80))
def test_any_text_can_be_taken_apart(text: str) -> None:
    question = analyse(text)
    assert question.text == text
    assert all(term.text and term.text not in LIGHT_WORDS for term in question.terms)
    assert all(0 <= period.start < period.end <= len(text) for period in question.periods)


def test_of_a_page_that_was_pasted_only_so_many_words_count():
    """Every candidate is compared with every word: 2,000 random characters took a minute."""
    page = "".join(chr(0x4E00 + n * 37 % 20_000) for n in range(1_990))
    assert len(analyse(page).terms) == 60
    assert analyse(page + "光伏装机").terms[-1].text in "光伏装机"


def test_a_question_is_analysed_once() -> None:
    assert analyse("光伏装机目标是多少") is analyse("光伏装机目标是多少")
