from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.answer_metrics import (
    LOWER_IS_BETTER,
    SCORES,
    answer_hit,
    citation_precision,
    citation_recall,
    cmrc_segments,
    evidence_recall,
    exact_match,
    f1,
    false_answer,
    false_refusal,
    normalise,
    score,
    short_hit,
    span_exact_match,
    span_f1,
    verbatim,
    wrong_document,
)
from index.records import Document
from qa.answers import AnswerJson
from tests.support.eval_fakes import DOCUMENT, EVIDENCE, TEXT, make_answer, make_query, refusal

DOCUMENTS: dict[str, Document] = {DOCUMENT.id: DOCUMENT}


def text_of(document_id: str) -> str | None:
    return DOCUMENTS[document_id].text if document_id in DOCUMENTS else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("７０ＭＷ", "70mw"),  # NFKC, case folding
        ("12亿 m³\n", "12亿m3"),  # NFKC of ³, white space
        ("1,200MW", "1200mw"),
        ("1，200，000吨", "1200000吨"),  # the full-width comma becomes a comma first
        ("2022,2023", "2022,2023"),  # four digits follow: no thousands separator
        ("《綦江“十四五”规划》", "綦江十四五规划"),
        ("‘a’ \"b\" 'c'", "abc"),
        ("1—2家", "1-2家"),
        ("1–2−3―4－5‐6", "1-2-3-4-5-6"),
        ("〔2023〕", "〔2023〕"),  # brackets that are no quotation marks stay
        ("", ""),
    ],
)
def test_text_is_compared_without_differences_of_form(text: str, expected: str) -> None:
    assert normalise(text) == expected


# Letters whose composition depends on their neighbours are left out: white space between them can keep them apart.
PLAIN = st.text(st.sampled_from("光伏装机７0123456789,， .。、MWmw³亿《》“”‘’\"'—–-−－\t\n　〔〕%％"), max_size=40)


@given(PLAIN)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(PLAIN, st.integers(0, 40))
def test_white_space_anywhere_between_words_makes_no_difference(text: str, at: int) -> None:
    # A comma between digits is looked at after white space is gone, so its place does not matter either.
    assert normalise(text[:at] + " \n" + text[at:]) == normalise(text)


@given(PLAIN)
def test_normalised_text_has_no_white_space_quotation_marks_or_long_dashes(text: str) -> None:
    assert not set(normalise(text)) & set(" \t\n　《》“”‘’\"'—–−－")


def test_an_answer_hits_if_all_strings_of_some_alternative_occur() -> None:
    query = make_query(("区发展改革委", "区经济信息委"), ("两家",))
    assert answer_hit(query, make_answer("由区发展改革委、区经济信息委牵头[1]")) == 1
    assert answer_hit(query, make_answer("两家[1]")) == 1
    assert answer_hit(query, make_answer("由区发展改革委牵头[1]")) == 0


def test_a_refusal_hits_nothing_even_if_it_repeats_the_expected_string() -> None:
    assert answer_hit(make_query(("2030年",)), refusal()) == 0


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        ("70MW", 1.0),
        ("光伏发电计划装机70MW", 1.0),  # 12 characters; allowed 2 × 4 + 8 = 16
        ("a" * 12 + "70MW", 1.0),  # exactly 16
        ("a" * 13 + "70MW", 0.0),  # 17: too long
        ("180MW", 0.0),
        (None, 0.0),
    ],
)
def test_a_short_answer_hits_if_it_holds_the_answer_and_little_else(short: str | None, expected: float) -> None:
    assert short_hit(make_query(), make_answer(short=short)) == expected


def test_the_length_allowed_counts_all_strings_of_the_alternative_that_hits() -> None:
    query = make_query(("火电",), ("火电", "建材", "有色"))
    # 13 characters: over 2 × 2 + 8 = 12 for the first, under 2 × 6 + 8 = 20 for the second.
    assert short_hit(query, make_answer(short="火电、建材、有色等重点行业")) == 1
    assert short_hit(make_query(("火电",)), make_answer(short="火电、建材、有色等重点行业")) == 0


def test_evidence_is_recalled_at_the_depth_of_the_first_passage_that_holds_it() -> None:
    answer = make_answer(passages=("别的段落", "还是别的", TEXT))
    assert [evidence_recall(make_query(), answer, k) for k in (1, 2, 3, 10)] == [0, 0, 1, 1]


def test_any_one_evidence_string_is_enough_and_must_lie_inside_one_passage() -> None:
    split = make_answer(passages=("光伏发电计划", "装机容量70MW"))
    assert evidence_recall(make_query(), split, 5) == 0
    assert evidence_recall(make_query(evidence=("别处", "装机容量70MW")), split, 5) == 1


def test_a_depth_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        evidence_recall(make_query(), make_answer(), 0)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (TEXT, 1.0),  # the whole evidence lies in the quote
        ("装机容量70MW", 1.0),  # 8 of 8 characters of the quote lie in the evidence
        ("计划装机容量180MW", 0.0),  # the run 计划装机容量 is 6 of the quote's 11 characters: 55 %
        ("牵头单位：区发展改革委", 0.0),
    ],
)
def test_a_citation_counts_if_it_shares_sixty_percent_of_the_shorter_text(quote: str, expected: float) -> None:
    assert citation_recall(make_query(), make_answer(quotes=(quote,))) == expected


def test_sixty_percent_is_enough_exactly() -> None:
    query = make_query(evidence=("甲乙丙丁戊",))
    assert citation_recall(query, make_answer(quotes=("甲乙丙子丑寅",))) == 1  # 3 of 5
    assert citation_recall(query, make_answer(quotes=("甲乙子丑寅卯",))) == 0  # 2 of 5


def test_citation_precision_is_the_share_of_citations_with_evidence_behind_them() -> None:
    answer = make_answer(quotes=(EVIDENCE, "牵头单位：区发展改革委", "光伏发电计划装机容量70MW。"))
    assert citation_precision(make_query(), answer) == pytest.approx(2 / 3)


def test_verbatim_is_the_share_of_quotes_that_stand_at_their_offsets() -> None:
    answer = make_answer(quotes=(EVIDENCE, "风电计划装机容量180MW", "这句话原文没有"))
    assert verbatim(answer, text_of) == pytest.approx(2 / 3)


def test_a_quote_of_an_unknown_document_or_an_empty_one_is_not_verbatim() -> None:
    answer = make_answer(quotes=(EVIDENCE,))
    answer["citations"][0]["document_id"] = "gone"
    assert verbatim(answer, text_of) == 0
    assert verbatim(make_answer(quotes=("",)), text_of) == 0


def test_both_error_rates_look_at_abstention_alone() -> None:
    assert (false_answer(make_answer()), false_answer(refusal())) == (1, 0)
    assert (false_refusal(make_answer()), false_refusal(refusal())) == (0, 1)


def test_exact_match_ignores_the_punctuation_that_the_cmrc_scorer_removes() -> None:
    query = make_query(("1—2家",), ("《綦江》",))
    assert exact_match(query, make_answer(short="綦江。")) == 1
    assert exact_match(query, make_answer(short="綦江区")) == 0


def test_exact_match_and_f1_fall_back_to_the_answer_without_markers() -> None:
    answer = make_answer("70MW[1]", short=None)
    assert exact_match(make_query(), answer) == 1
    assert f1(make_query(), answer) == 1


def test_a_refusal_predicts_nothing() -> None:
    assert exact_match(make_query(("2030年",)), refusal()) == 0
    assert f1(make_query(("2030年",)), refusal()) == 0


def test_segments_are_chinese_characters_and_whole_words() -> None:
    assert cmrc_segments("光伏70MW，1-2家、3.5%") == ["光", "伏", "70mw12", "家", "3.5", "%"]


def test_f1_measures_the_longest_common_run() -> None:
    # expected 区发展改革委 (6 segments), given 市发展改革委员会 (8): the run 发展改革委 has 5.
    # precision 5/8, recall 5/6, F1 = 2·5/(6+8) = 5/7
    assert f1(make_query(("区发展改革委",)), make_answer(short="市发展改革委员会")) == pytest.approx(5 / 7)
    # 甲乙丙丁 against 甲乙子丙丁: the bag would share 4, the longest run has 2: F1 = 2·2/(4+5)
    assert f1(make_query(("甲乙丙丁",)), make_answer(short="甲乙子丙丁")) == pytest.approx(4 / 9)


def test_f1_takes_the_best_alternative() -> None:
    assert f1(make_query(("子丑",), ("70MW",)), make_answer()) == 1


def test_scores_of_an_answerable_question() -> None:
    scores = score(make_query(), make_answer(), text_of)
    expected = {name: float(name not in LOWER_IS_BETTER) for name in SCORES if name != "false_answer"}
    assert scores == expected
    assert list(scores) == [name for name in SCORES if name in scores]


def test_an_unanswerable_question_counts_for_false_answers_and_verbatim_only() -> None:
    query = make_query(answerable=False)
    assert score(query, refusal(), text_of) == {"false_answer": 0.0}
    assert score(query, make_answer(), text_of) == {"verbatim": 1.0, "false_answer": 1.0}


def test_an_answer_without_citations_has_no_citation_precision() -> None:
    assert "citation_precision" not in score(make_query(), refusal(), text_of)
    assert score(make_query(), refusal(), text_of)["citation_recall"] == 0


def test_a_set_without_evidence_is_not_scored_on_evidence() -> None:
    assert list(score(make_query(evidence=()), make_answer(), text_of)) == [
        "answer_hit",
        "short_hit",
        "verbatim",
        "false_refusal",
        "em",
        "f1",
    ]


def test_what_is_compared_with_documents_needs_the_documents() -> None:
    assert {"verbatim", "wrong_document"}.isdisjoint(score(make_query(), make_answer()))


OTHER = {"plan": TEXT, "other": "乙区光伏发电计划装机容量90MW。"}


def cites(*documents: str) -> AnswerJson:
    """An answer with one citation of each document."""
    answer = make_answer(quotes=[EVIDENCE] * len(documents))
    for citation, document in zip(answer["citations"], documents, strict=True):
        citation["document_id"] = document
    return answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (cites("plan"), 0),
        (cites("other"), 1),
        (cites("plan", "other"), 1),  # beside the right figure, another document's is shown as well
        (cites("plan", "plan"), 0),
        (cites("gone"), 1),  # a document that is not there holds nothing
        (cites(), 0),
        (refusal(), 0),
        (None, 0),
    ],
)
def test_citing_a_document_without_the_evidence_is_citing_a_wrong_one(
    answer: AnswerJson | None, expected: float
) -> None:
    assert wrong_document(make_query(), answer, OTHER.get) == expected


def test_a_document_holds_evidence_whatever_its_form() -> None:
    texts = {"plan": "光伏发电计划装机容量 ７０ＭＷ。"}
    assert wrong_document(make_query(), make_answer(), texts.get) == 0


@pytest.mark.parametrize(
    ("given", "expected", "em", "f1"),
    [
        ("北京。", ["南京", "北京"], 1, 1),
        ("北京市", ["北京"], 0, 4 / 5),
        ("", ["北京"], 0, 0),
        ("北京", [], 0, 0),
    ],
)
def test_bare_spans_are_scored_as_answers_are(given: str, expected: list[str], em: float, f1: float) -> None:
    assert span_exact_match(given, expected) == em
    assert span_f1(given, expected) == pytest.approx(f1)


def test_a_question_without_a_result_earns_nothing() -> None:
    scores = score(make_query(), None, text_of)
    assert scores == {name: 0.0 for name in SCORES if name not in {"verbatim", "false_answer"}}
    assert score(make_query(answerable=False), None, text_of) == {"false_answer": 1.0}


@given(st.text(max_size=30), st.one_of(st.none(), st.text(max_size=30)), st.lists(st.text(max_size=30), max_size=3))
def test_every_score_lies_between_zero_and_one(text: str, short: str | None, quotes: list[str]) -> None:
    scores = score(make_query(), make_answer(text, short, quotes=quotes), text_of)
    assert all(0 <= value <= 1 for value in scores.values())


def test_less_is_better_for_the_error_rates_only() -> None:
    assert {"false_answer", "false_refusal", "wrong_document"} == LOWER_IS_BETTER
