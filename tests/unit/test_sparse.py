from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search import sparse
from index.search.postings import Postings
from index.search.sparse import SparseIndex
from index.text import terms

TEXTS = ["光伏装机目标", "风电装机 wind 70", "", "光伏光伏光伏", "工业园区绿色制造体系建设，装机容量70MW"]


def oracle(texts: list[str], query: str, k1: float = 0.6, b: float = 0.75) -> list[float]:
    """BM25 as the paper writes it, one passage and one term at a time."""
    counted = [Counter(terms(text)) for text in texts]
    lengths = [sum(counts.values()) for counts in counted]
    mean = sum(lengths) / len(texts)
    scores = []
    for counts, length in zip(counted, lengths, strict=True):
        score = 0.0
        for term in terms(query):
            df = sum(term in other for other in counted)
            idf = math.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
            if term in counts:
                score += idf * counts[term] / (counts[term] + k1 * (1 - b + b * length / mean))
        scores.append(score)
    return scores


def test_a_score_worked_by_hand() -> None:
    # Two passages of 2 and 1 bigrams, mean 1.5. Query 光伏: df 1, idf ln(1 + 1.5 / 1.5) = 0.693147.
    # Passage 0: norm 0.6 · (0.25 + 0.75 · 2 / 1.5) = 0.75; 0.693147 · 1 / (1 + 0.75) = 0.396084.
    index = SparseIndex.build(["光伏装", "风电"])
    assert index.scores("光伏") == pytest.approx([0.396084, 0.0], abs=1e-6)


@pytest.mark.parametrize("query", ["光伏装机", "装机容量70MW", "光伏光伏", "绿色 wind", "没有的词", "", "？"])
def test_scores_agree_with_the_formula(query: str) -> None:
    assert SparseIndex.build(TEXTS).scores(query) == pytest.approx(oracle(TEXTS, query), abs=1e-12)


def test_a_term_asked_twice_counts_twice() -> None:
    index = SparseIndex.build(TEXTS)
    assert index.scores("光伏 光伏") == pytest.approx(2 * index.scores("光伏"))


def test_frequencies_count_passages_not_occurrences() -> None:
    index = SparseIndex.build(TEXTS)
    assert [index.frequency(term) for term in ("光伏", "装机", "wind", "没有")] == [2, 3, 1, 0]


def test_the_vocabulary_is_of_terms_of_one_or_two_characters() -> None:
    vocabulary = SparseIndex([Postings.of(["风电 wind b", "光伏"]), Postings.of(["光伏光伏 𠮷"])]).vocabulary()
    assert dict(vocabulary) == {"b": 1, "𠮷": 1, "伏光": 1, "光伏": 2, "风电": 1}


def test_an_empty_index_scores_nothing() -> None:
    empty = SparseIndex.build([])
    assert (len(empty), empty.scores("光伏").tolist()) == (0, [])


def test_passages_without_any_term_score_zero() -> None:
    assert SparseIndex.build(["", "。。。"]).scores("光伏").tolist() == [0.0, 0.0]


@given(
    st.lists(st.lists(st.text("光伏风电a 7。", max_size=8), max_size=5), max_size=4), st.text("光伏风电a7 ", max_size=9)
)
# the first example loads the tables of characters
def test_several_postings_score_as_one(parts: list[list[str]], query: str) -> None:
    several = SparseIndex([Postings.of(part) for part in parts])
    one = SparseIndex.build(text for part in parts for text in part)
    assert several.scores(query).tolist() == one.scores(query).tolist()
    assert several.vocabulary() == one.vocabulary()


@given(
    st.lists(st.text("光伏风电水a7 ", max_size=12), min_size=1, max_size=40),
    st.text("光伏风电水a7 ", max_size=12),
    st.integers(1, 12),
    st.integers(0, 2**40),
)
# the first example loads the tables of characters
def test_the_best_are_those_of_all_scores_however_many_terms_are_left_unread(
    texts: list[str], query: str, k: int, seed: int
) -> None:
    index = SparseIndex.build(texts)
    scores = index.scores(query)
    matching = index.matching(query)
    among = np.flatnonzero(np.random.default_rng(seed).random(len(texts)) < 0.6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse, "_FREQUENT", 0)  # look after every term
        for rows in (None, among):
            of = np.arange(len(texts)) if rows is None else rows
            found = [row for row in sorted(of, key=lambda row: (-scores[row], row)) if scores[row] > 0]
            assert matching.best(k, rows).tolist() == found[:k]
    assert matching.scores(np.arange(len(texts))).tolist() == scores.tolist()


def test_a_crowd_of_equal_passages_comes_by_row() -> None:
    index = SparseIndex.build(["光伏装机"] * 10_000)
    assert index.matching("光伏装机").best(5).tolist() == [0, 1, 2, 3, 4]
