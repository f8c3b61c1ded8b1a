from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.arrays import AnyArray
from index.search import sparse
from index.search.fusion import Mask, Rows
from index.search.postings import Postings, key_of
from index.search.sparse import SparseIndex
from index.text import fold, terms

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
    whole = SparseIndex.build(texts)
    chance = np.random.default_rng(seed)
    limited = whole.limited_to(np.flatnonzero(chance.random(len(texts)) < 0.8))
    among = np.flatnonzero(chance.random(len(texts)) < 0.6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse, "_FREQUENT", 2**40)  # look after every term
        for index in (whole, limited):
            scores, matching = index.scores(query), index.matching(query)
            for rows in (None, among):
                of = np.arange(len(texts)) if rows is None else rows
                found = [row for row in sorted(of, key=lambda row: (-scores[row], row)) if scores[row] > 0]
                assert matching.best(k, rows).tolist() == found[:k]
            assert matching.scores(np.arange(len(texts))).tolist() == scores.tolist()


WORDS = [2 * character for character in map(chr, range(0x4E00, 0x4F00)) if fold(character) == character][:40]


def drawn(rows: int, seed: int) -> tuple[list[Postings], str]:
    """Return postings of so many passages in three parts, and a question.

    Of the 39 first terms one is in nine of ten passages, the rarest in one of hundreds; the last is in every passage.
    """
    chance = np.random.default_rng(seed)
    shares = chance.permutation(0.9 / np.arange(1, 40) ** 1.6)
    parts = []
    for size in (rows // 2, rows // 3, rows - rows // 2 - rows // 3):
        held = [np.flatnonzero(chance.random(size) < share) for share in shares] + [np.arange(size)]
        counts = [chance.geometric(0.8, len(each)) for each in held]
        lengths = chance.integers(20, 400, size) + np.bincount(np.concatenate(held), np.concatenate(counts), size)
        arrays: dict[str, AnyArray] = {
            "keys": np.array([key_of(word) for word in WORDS], np.uint64),
            "starts": np.cumsum([0, *map(len, held)], dtype=np.int64),
            "rows": np.concatenate(held).astype(np.int32),
            "counts": np.concatenate(counts).astype(np.uint16),
            "lengths": lengths.astype(np.int32),
        }
        parts.append(Postings(arrays))
    return parts, " ".join([*chance.choice(WORDS[:-1], 12, replace=False), WORDS[-1]])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("k", [1, 10, 1000])
def test_the_best_of_many_are_those_of_all_scores(seed: int, k: int) -> None:
    parts, query = drawn(30_000, seed)
    index = SparseIndex(parts)
    some = np.arange(seed, 30_000, 3)
    for view, among in ((index, None), (index, some), (index.limited_to(some), None), (index, some[:1])):
        scores = view.scores(query)
        if among is not None:
            scores = np.where(np.isin(np.arange(len(scores)), among), scores, 0.0)
        wanted = [row for row in np.argsort(-scores, kind="stable")[:k].tolist() if scores[row] > 0]
        assert view.matching(query).best(k, among).tolist() == wanted


def test_a_term_of_every_passage_is_not_added_up_where_rarer_ones_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    parts, _ = drawn(30_000, 1)
    rare = WORDS[int(np.argmin(np.diff(parts[0].starts)))]
    index = SparseIndex(parts)
    looked: list[float] = []
    look = sparse._leading

    def noted(gathered: sparse.Gathered, shown: Mask | None, k: int, to_come: float) -> Rows:
        looked.append(to_come)
        return look(gathered, shown, k, to_come)

    monkeypatch.setattr(sparse, "_leading", noted)
    index.matching(f"{rare} {WORDS[-1]}").best(10)
    assert len(looked) == 1
    assert 0.0 < looked[0] < 0.001


def test_terms_are_kept_in_memory_up_to_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "KEPT_BYTES", 40_000)
    parts, query = drawn(5_000, 1)
    index, free = SparseIndex(parts), SparseIndex(parts)
    for word in query.split() * 2:
        index.matching(word).best(3)
        assert index._kept.currsize <= 40_000
    assert index.scores(query).tolist() == free.scores(query).tolist()
    assert index._kept.currsize > 0


def test_all_passages_of_three_characters_are_ranked() -> None:
    chance = np.random.default_rng(3)
    texts = ["".join(each) for each in chance.choice(list("光伏风电水"), (20_000, 3)).tolist()]
    index = SparseIndex.build(texts)
    scores = index.scores("光伏风电")
    assert index.matching("光伏风电").best(1000).tolist() == np.argsort(-scores, kind="stable")[:1000].tolist()


def test_a_crowd_of_equal_passages_comes_by_row() -> None:
    index = SparseIndex.build(["光伏装机"] * 10_000)
    assert index.matching("光伏装机").best(5).tolist() == [0, 1, 2, 3, 4]
    assert index.matching("光伏装机").best(1000, np.arange(7, 10_000)).tolist() == list(range(7, 1007))
    assert index.matching("光伏装机").best(10, np.array([9_876])).tolist() == [9_876]
