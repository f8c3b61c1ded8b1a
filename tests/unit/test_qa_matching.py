from __future__ import annotations

import tracemalloc

import pytest

from index.records import Passage, Span
from qa.language.grammar import Candidate, Kind
from qa.reading.matching import SITES_BYTES, match, passage_scopes, sites, sites_of

TEXT = "前一句。到2025年，光伏装机容量７０ＭＷ以上。"


def test_a_candidate_knows_its_surroundings_folded() -> None:
    site = next(each for each in sites(TEXT) if each.candidate.kind is Kind.QUANTITY)
    assert site.candidate.span.slice(TEXT) == "７０ＭＷ以上"
    assert site.sentence.slice(TEXT) == "到2025年，光伏装机容量７０ＭＷ以上。"
    assert site.value == "70mw以上"
    assert site.clause == "光伏装机容量70mw以上"
    assert site.lead == "光伏装机容量"
    assert site.before == "年,光伏装机容量"


def test_clauses_are_candidates_too_and_none_comes_twice() -> None:
    found = sites(TEXT)
    assert "到2025年" in [each.value for each in found if each.candidate.kind is Kind.CLAUSE]
    assert len({each.candidate for each in found}) == len(found)


@pytest.mark.parametrize("text", ["", "   \n", "。。。"])
def test_a_text_of_nothing_has_no_candidates(text: str) -> None:
    assert sites(text) == ()


def test_a_candidate_belongs_to_the_sentence_that_holds_most_of_it() -> None:
    text = "甲乙。“丙丁”戊。己"
    whole, none = (Candidate(Kind.NAME, span, span, "") for span in (Span(1, 8), Span(2, 2)))
    assert [site.sentence.slice(text) for site in sites_of(text, [whole, none])] == ["“丙丁”戊。", "甲乙。"]


def test_figures_alone_are_candidates() -> None:
    assert [each.value for each in sites("70")] == ["70", "70"]


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("光伏", "光伏装机", 1.0),
        ("规上", "规模以上工业", 0.8),
        ("规上", "上规模", 0.0),
        ("规上", "规a上,规定规模上", 0.8),
        ("规上", "规a上,规定规模以上,规", 0.8),
        ("规上", "规上去规、上", 1.0),
        ("规上", "规、上规模模模上", 0.0),
        ("装机容量", "装机总容量", 0.8 * 2 / 3),  # 装机 and 容量 of 装机, 机容, 容量
        ("光", "风电", 0.0),
        ("光伏", "", 0.0),
        ("", "光伏", 1.0),
        ("a+", "aa", 0.0),
        ("市长", "分管副市长", 0.0),
        ("市长", "副市长和市长", 1.0),
        ("副市长", "分管副市长", 1.0),
    ],
)
def test_a_word_is_held_wholly_in_short_or_in_part(word: str, text: str, expected: float) -> None:
    assert match(word, text) == pytest.approx(expected)


def test_the_scopes_of_a_passage_are_heading_path_and_text() -> None:
    passage = Passage("d", "方案", "正文Ａ", Span(0, 3), ("一、目标", "（一）光伏"), labels=("文号",))
    assert passage_scopes(passage) == ("(一)光伏文号", "方案一、目标", "正文a")


def test_the_sites_of_passages_are_kept_up_to_a_bound_in_bytes() -> None:
    sites.cache.clear()
    text = "到2025年，光伏发电装机容量70MW，风电180MW。" * 3
    for number in range(40):
        sites(f"第{number}项。{text}")
    one = sites.cache.currsize / 40
    assert len(sites.cache) == 40 and one > 20_000  # a passage takes far more than its text
    assert sites(f"第39项。{text}") is sites(f"第39项。{text}")
    assert sites.cache.maxsize == SITES_BYTES <= 64 * 2**20
    sites.cache.clear()


def test_the_size_of_sites_is_about_what_they_take() -> None:
    text = "到2025年，光伏发电装机容量70MW，风电180MW，由区发展改革委牵头。" * 4
    sites.cache.clear()
    sites(text.replace("光伏", "水电"))  # what is loaded once
    tracemalloc.start()
    sites(text)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    _, counted = sorted(sites.cache.getsizeof(found) for found in (sites(text), sites(text.replace("光伏", "水电"))))
    assert 0.5 < counted / taken < 2
