"""Search by wording: BM25 over bigrams, as postings in three flat arrays.

Own arithmetic instead of a library. All of BM25 is one line; postings can be joined and cut by document without
reading texts again; the scores of all passages come as one array, for exact fusion; and nothing but numpy is imported.
Measured beside bm25s 0.3.16 on 20,000 articles of law: scores equal to 4e-6 (it keeps float32), terms to index in
1.7 s against 3.0 s, a query in 0.15 ms against 0.06 ms, import for nothing against 0.5 s and scipy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from math import log1p
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.fusion import Rows, Scores
from index.text import terms

Integers = NDArray[np.int32]

# Saturation of term frequency, and weight of passage length. The literature's 1.2 to 2.0 is for words in long texts; a
# bigram that recurs in a passage says little more. R@1 with 0.6 against 1.5, otherwise alike: XQuAD 0.948 and 0.932,
# DRCD 0.932 and 0.928, CMRC 0.921 and 0.917, 17 mixed documents 0.690 and 0.672, the sample alone 0.905 and 0.886.
K1 = 0.6
B = 0.75


class SparseIndex:
    """Postings of terms over rows of passages."""

    def __init__(self, frequencies: Mapping[str, int], postings: Integers, size: int) -> None:
        """Take postings as they were stored.

        Args:
            frequencies: in how many rows each term occurs, at least 1; the order is that of `postings`.
            postings: int32 `(2, sum of frequencies)`: rows (ascending within a term) and how often it occurs there.
            size: number of rows.

        Raises:
            ValueError: if the arrays do not fit each other; untrusted input is caught here.
        """
        self._frequencies = dict(frequencies)
        self._postings = postings
        self._size = size
        counts = np.fromiter(self._frequencies.values(), dtype=np.int64, count=len(self._frequencies))
        self._starts = np.concatenate(([0], np.cumsum(counts)))
        _check_postings(counts, self._starts, postings, size)
        self._ids = {term: number for number, term in enumerate(self._frequencies)}
        self._lengths: Scores = np.bincount(postings[0], weights=postings[1], minlength=size).astype(np.float64)
        self._norms = _length_norms(self._lengths, self._lengths)

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        """Index texts, one row each, in order."""
        ids: dict[str, int] = {}
        columns: list[int] = []
        rows: list[int] = []
        counts: list[int] = []
        size = 0
        for row, text in enumerate(texts):
            counted = Counter(terms(text))
            columns.extend(ids.setdefault(term, len(ids)) for term in counted)
            rows.extend([row] * len(counted))
            counts.extend(counted.values())
            size = row + 1
        return cls._assemble(list(ids), np.array([columns, rows, counts], dtype=np.int64), size)

    @classmethod
    def join(cls, parts: Sequence[tuple[SparseIndex, Rows]], size: int) -> Self:
        """One index out of rows of several.

        Args:
            parts: indexes, each with the new row of each of its rows; -1 leaves a row out.
            size: number of rows of the result; no row may be given twice.

        Returns:
            The same index, to the last byte, that `build` makes of all texts in their new order.
        """
        ids: dict[str, int] = {}
        triples = [np.zeros((3, 0), dtype=np.int64)]
        for part, new_rows in parts:
            columns = np.fromiter((ids.setdefault(term, len(ids)) for term in part._frequencies), dtype=np.int64)
            repeated = np.repeat(columns, np.diff(part._starts))
            rows = new_rows[part._postings[0]]
            triple = np.stack([repeated, rows, part._postings[1]])
            triples.append(triple[:, rows >= 0])
        return cls._assemble(list(ids), np.concatenate(triples, axis=1), size)

    @classmethod
    def _assemble(cls, vocabulary: list[str], triples: NDArray[np.int64], size: int) -> Self:
        """Sort (term, row, count) triples; terms by spelling, so that no history shows in the result."""
        order = sorted(range(len(vocabulary)), key=vocabulary.__getitem__)
        rank = np.empty(len(vocabulary), dtype=np.int64)
        rank[order] = np.arange(len(vocabulary))
        columns = rank[triples[0]]
        by_term = np.lexsort((triples[1], columns))
        frequencies = np.bincount(columns, minlength=len(vocabulary)).tolist()
        named = {vocabulary[number]: frequencies[place] for place, number in enumerate(order) if frequencies[place]}
        return cls(named, np.ascontiguousarray(triples[1:, by_term], dtype=np.int32), size)

    def __len__(self) -> int:
        return self._size

    @property
    def frequencies(self) -> Mapping[str, int]:
        """In how many rows each term occurs, by spelling of the term."""
        return self._frequencies

    @property
    def postings(self) -> Integers:
        """int32 `(2, n)`: rows and counts, term by term."""
        return self._postings

    def frequency(self, term: str) -> int:
        """In how many rows a term occurs."""
        return self._frequencies.get(term, 0)

    def rarity(self, frequency: int) -> float:
        """The inverse document frequency of a term that occurs in so many rows; always positive."""
        return _rarity(frequency, self._size)

    def scores(self, query: str) -> Scores:
        """The BM25 score of every row; 0 where no term of the query occurs.

        Source:
            Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the idf that stays positive,
            ln(1 + (n - df + 0.5) / (df + 0.5)), and without the constant factor k1 + 1, as in Lucene 8.
        """
        return _scores(query, self._occurrences, self._norms, self._size)

    def limited_to(self, rows: Rows) -> SparseView:
        """What an index of some rows alone would say of them; nothing is copied.

        Args:
            rows: which, ascending.
        """
        return SparseView(self, rows)

    def _occurrences(self, term: str) -> Integers:
        """int32 `(2, n)`: the rows of a term, and how often it occurs there."""
        number = self._ids.get(term)
        if number is None:
            return np.zeros((2, 0), dtype=np.int32)
        return self._postings[:, self._starts[number] : self._starts[number + 1]]


class SparseView:
    """Some rows of an index, with frequencies and lengths as if there were no others; row numbers stay."""

    def __init__(self, index: SparseIndex, rows: Rows) -> None:
        self._index = index
        self._size = len(rows)
        self._held = np.zeros(len(index), dtype=np.bool_)
        self._held[rows] = True
        self._norms = _length_norms(index._lengths, index._lengths[rows])

    def frequency(self, term: str) -> int:
        """In how many of the rows a term occurs."""
        return len(self._occurrences(term)[0])

    @cached_property
    def frequencies(self) -> Mapping[str, int]:
        """In how many of the rows each term occurs, by spelling; terms of other rows alone are not there."""
        held = np.concatenate(([0], np.cumsum(self._held[self._index.postings[0]])))
        counts = np.diff(held[self._index._starts]).tolist()
        return {term: count for term, count in zip(self._index.frequencies, counts, strict=True) if count}

    def rarity(self, frequency: int) -> float:
        """As of the whole index, counted among the rows."""
        return _rarity(frequency, self._size)

    def scores(self, query: str) -> Scores:
        """The BM25 score of every row of the whole index; 0 for those that are not of the view."""
        return _scores(query, self._occurrences, self._norms, self._size)

    def _occurrences(self, term: str) -> Integers:
        found = self._index._occurrences(term)
        return found[:, self._held[found[0]]]


def _scores(query: str, occurrences: Callable[[str], Integers], norms: Scores, size: int) -> Scores:
    scores = np.zeros(len(norms), dtype=np.float64)
    for term, repeats in Counter(terms(query)).items():
        rows, counts = occurrences(term)
        if len(rows):
            scores[rows] += repeats * _rarity(len(rows), size) * counts / (counts + norms[rows])
    return scores


def _rarity(frequency: int, size: int) -> float:
    return log1p((size - frequency + 0.5) / (frequency + 0.5))


def _length_norms(lengths: Scores, among: Scores) -> Scores:
    """What a row's length adds to the term frequency in the denominator: K1 · (1 - B + B · length / mean length)."""
    mean = float(among.mean()) if len(among) else 0.0
    relative = lengths / mean if mean else lengths
    return np.asarray(K1 * (1.0 - B + B * relative), dtype=np.float64)


def _check_postings(counts: NDArray[np.int64], starts: NDArray[np.int64], postings: Integers, size: int) -> None:
    """Refuse arrays that would be read out of range or counted twice."""
    if postings.dtype != np.int32 or postings.shape != (2, int(starts[-1])):
        raise ValueError(f"int32 postings (2, {int(starts[-1])}) are needed, got {postings.dtype} {postings.shape}")
    if len(counts) and counts.min() < 1:
        raise ValueError("a term without a row")
    rows = postings[0]
    if rows.size == 0:
        return
    if rows.min() < 0 or rows.max() >= size or postings[1].min() < 1:
        raise ValueError(f"a row outside 0 to {size - 1}, or a count below 1")
    ascending = np.diff(rows) > 0
    ascending[starts[1:-1] - 1] = True
    if not ascending.all():
        raise ValueError("rows of a term must ascend")
