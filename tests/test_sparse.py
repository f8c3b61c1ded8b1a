from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sparse import SparseIndex
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
    frequencies = SparseIndex.build(TEXTS).frequencies
    assert (frequencies["光伏"], frequencies["装机"], frequencies.get("没有")) == (2, 3, None)


def test_terms_stand_by_spelling_so_that_no_history_shows() -> None:
    assert list(SparseIndex.build(["风电 b a", "光伏"]).frequencies) == sorted(["a", "b", "光伏", "风电"])


def test_an_empty_index_scores_nothing() -> None:
    empty = SparseIndex.build([])
    assert (len(empty), empty.scores("光伏").tolist()) == (0, [])


def test_passages_without_any_term_score_zero() -> None:
    assert SparseIndex.build(["", "。。。"]).scores("光伏").tolist() == [0.0, 0.0]


@given(st.lists(st.text("光伏风电a 7。", max_size=8), max_size=8), st.data())
def test_joining_parts_gives_the_index_of_the_whole(texts: list[str], data: st.DataObject) -> None:
    """Texts are dealt to two parts, some left out; the join must equal the index built of the kept ones."""
    places = data.draw(st.lists(st.sampled_from(["mine", "its", "gone"]), min_size=len(texts), max_size=len(texts)))
    kept = [text for text, place in zip(texts, places, strict=True) if place != "gone"]
    rows = np.cumsum([place != "gone" for place in places]) - 1
    mine = [i for i, place in enumerate(places) if place != "its"]
    its = [i for i, place in enumerate(places) if place == "its"]
    parts = [
        (
            SparseIndex.build(texts[i] for i in chosen),
            np.array([-1 if places[i] == "gone" else rows[i] for i in chosen], dtype=np.int64),
        )
        for chosen in (mine, its)
    ]
    joined, whole = SparseIndex.join(parts, len(kept)), SparseIndex.build(kept)
    assert list(joined.frequencies.items()) == list(whole.frequencies.items())
    assert joined.postings.tobytes() == whole.postings.tobytes()
    assert joined.scores("光伏风电").tolist() == whole.scores("光伏风电").tolist()


def stored(rows: list[int], counts: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.array([rows, counts], dtype=np.int32)


@pytest.mark.parametrize(
    ("frequencies", "postings", "size"),
    [
        ({"光伏": 2}, stored([0], [1]), 3),
        ({"光伏": 1}, stored([3], [1]), 3),
        ({"光伏": 1}, stored([-1], [1]), 3),
        ({"光伏": 1}, stored([0], [0]), 3),
        ({"光伏": 2}, stored([1, 1], [1, 1]), 3),
        ({"光伏": 2}, stored([1, 0], [1, 1]), 3),
        ({"光伏": 0, "风电": 1}, stored([0], [1]), 3),
        ({"光伏": -1, "风电": 2}, stored([0], [1]), 3),
        ({"光伏": 4}, stored([0, 1, 2, 3], [1, 1, 1, 1]), 3),
        ({"光伏": 1}, stored([0], [1]).astype(np.int64), 3),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    frequencies: dict[str, int], postings: np.ndarray[tuple[int, ...], np.dtype[np.int32]], size: int
) -> None:
    with pytest.raises(ValueError, match=r"postings|row"):
        SparseIndex(frequencies, postings, size)
