"""Search by wording: BM25 over bigrams, read out of postings that stay in their files.

Own arithmetic instead of a library. All of BM25 is one line; postings can be joined and cut by document without
reading texts again; any row can be scored exactly, for fusion; and nothing but numpy is imported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from math import log1p
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.search.fusion import Mask, Rows, Scores, best, mask_of
from index.search.postings import Postings, key_of, short_term
from index.text import terms

# Saturation of term frequency, and weight of passage length. The literature's 1.2 to 2.0 is for words in long texts; a
# bigram that recurs in a passage says little more. R@1 with 0.6 against 1.5, otherwise alike: XQuAD 0.948 and 0.932,
# DRCD 0.932 and 0.928, CMRC 0.921 and 0.917, 17 mixed documents 0.690 and 0.672, the sample alone 0.905 and 0.886.
K1 = 0.6
B = 0.75

# Looking whether the remaining terms can still bring a new row among the best pays where one of them is in so many.
_FREQUENT = 4096


class SparseIndex:
    """Terms over rows of passages, in one or several postings whose rows follow each other."""

    def __init__(self, parts: Sequence[Postings]) -> None:
        self._parts = [part for part in parts if len(part)]
        self._starts = np.cumsum([0, *map(len, self._parts)])[:-1].tolist()
        self._lengths = np.concatenate([np.zeros(0, np.int32), *(part.lengths for part in self._parts)])
        self._norms = _length_norms(self._lengths, self._lengths)
        self._held: Mask | None = None
        self._size = len(self._lengths)

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        """Return index texts, one row each, in order."""
        return cls([Postings.of(texts)])

    def limited_to(self, rows: Rows) -> Self:
        """Return what an index of some rows alone would say of them.

        Frequencies and lengths are theirs, row numbers stay.

        Args:
            rows: which, ascending.
        """
        view = copy(self)
        view._held, view._size = mask_of(rows, len(self._lengths)), len(rows)
        view._norms = _length_norms(self._lengths, self._lengths[rows])
        return view

    def __len__(self) -> int:
        """Return how many rows count."""
        return self._size

    @property
    def nbytes(self) -> int:
        """Bytes of rows and counts."""
        return sum(part.rows.nbytes + part.counts.nbytes for part in self._parts)

    def frequency(self, term: str) -> int:
        """Return in how many rows a term occurs."""
        if self._held is None:
            return int(np.diff(self._runs([key_of(term)])[:, 0]).sum())
        return sum(each.frequency for each in self._weighted([term]))

    def rarity(self, frequency: int) -> float:
        """Return the inverse document frequency of a term that occurs in so many rows; always positive."""
        return log1p((len(self) - frequency + 0.5) / (frequency + 0.5))

    def vocabulary(self) -> Mapping[str, int]:
        """Return all terms of one or two characters with the number of rows they occur in, by code points."""
        if not self._parts:
            return {}
        keys, where = np.unique(np.concatenate([part.keys for part in self._parts]), return_inverse=True)
        counts = np.bincount(where, np.concatenate(list(self._counts()))).astype(np.int64)
        named = ((short_term(key), count) for key, count in zip(keys.tolist(), counts.tolist(), strict=True) if count)
        return {term: count for term, count in named if term is not None}

    def _counts(self) -> Iterator[NDArray[np.int64]]:
        """Return for each part in how many rows each of its terms occurs."""
        for part, offset in zip(self._parts, self._starts, strict=True):
            if self._held is None:
                yield np.diff(part.starts)
            else:
                held = np.cumsum(np.append(0, self._held[part.rows + np.int64(offset)]))
                yield np.diff(held[part.starts])

    def scores(self, query: str) -> Scores:
        """Return the BM25 score of every row; 0 where no term of the query occurs, and for rows that do not count.

        Source:
            Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the idf that stays positive,
            ln(1 + (n - df + 0.5) / (df + 0.5)), and without the constant factor k1 + 1, as in Lucene 8.
        """
        scores = np.zeros(len(self._norms), dtype=np.float64)
        for term in self._weighted(terms(query)):
            scores[term.rows] += term.scores(self._norms)
        return scores

    def matching(self, query: str) -> Matching:
        """Return a query made ready to name its best rows and to score any."""
        return Matching(list(self._weighted(terms(query))), self._norms)

    def _weighted(self, query: Iterable[str]) -> Iterator[_Weighted]:
        """Yield the terms of a query that occur, each once."""
        counted = Counter(query)
        runs = self._runs([key_of(term) for term in counted]).swapaxes(0, 1).tolist()
        for repeats, bounds in zip(counted.values(), runs, strict=True):
            found = [
                (part.rows[first:last], offset, part.counts[first:last])
                for part, offset, (first, last) in zip(self._parts, self._starts, bounds, strict=True)
                if first < last
            ]
            if self._held is not None:
                found = _held(found, self._held)
            if frequency := sum(len(rows) for rows, _, _ in found):
                yield _Weighted(repeats * self.rarity(frequency), frequency, found)

    def _runs(self, keys: Sequence[int]) -> NDArray[np.int64]:
        """Return where each part keeps the rows of each term: `(parts, terms, 2)`, first and last.

        Equal where it has none.
        """
        wanted = np.array(keys, np.uint64)
        runs = np.zeros((len(self._parts), len(keys), 2), np.int64)
        for run, part in zip(runs, self._parts, strict=True):
            if len(part.keys):
                at = np.minimum(part.keys.searchsorted(wanted), len(part.keys) - 1)
                held = part.keys[at] == wanted
                run[held, 0], run[held, 1] = part.starts[at[held]], part.starts[at[held] + 1]
        return runs


_Stretch = tuple[NDArray[np.int32], int, NDArray[np.uint16]]
"""Rows of a part that hold a term, the number of the part's first row, and how often each holds it."""


class _Weighted:
    """A term of a query: what it weighs, and the rows that hold it with how often each does, read when they are needed.

    Args:
        weight: of one occurrence.
        frequency: in how many rows it is.
        stretches: these rows, part by part.
    """

    def __init__(self, weight: float, frequency: int, stretches: Sequence[_Stretch]) -> None:
        self.weight = weight
        self.frequency = frequency
        self._stretches = stretches

    @cached_property
    def rows(self) -> NDArray[np.int32]:
        """Return all rows that hold it, ascending."""
        return np.concatenate([rows + np.int32(offset) for rows, offset, _ in self._stretches])

    @cached_property
    def _counts(self) -> NDArray[np.uint16]:
        return np.concatenate([counts for _, _, counts in self._stretches])

    def scores(self, norms: Scores) -> Scores:
        """Return what it adds to the score of each of its rows."""
        return self.weight * self._counts / (self._counts + norms[self.rows])

    def scores_of(self, rows: NDArray[np.int32], norms: Scores) -> Scores:
        """Return what it adds to the score of each of some ascending rows; no others are read for that."""
        counts = np.zeros(len(rows), np.int64)
        read = "_counts" in self.__dict__
        for stretch, offset, often in [(self.rows, 0, self._counts)] if read else self._stretches:
            held = np.asarray(stretch)
            first, last = rows.searchsorted((offset + int(held[0]), offset + int(held[-1]) + 1))
            if first < last:
                mine = rows[first:last] - np.int32(offset)
                at = held.searchsorted(mine)
                counts[first:last] = np.where(held[at] == mine, often[at], 0)
        found: Scores = self.weight * counts / (counts + norms)
        return found


def _held(stretches: Sequence[_Stretch], mask: Mask) -> list[_Stretch]:
    """Return the rows that count."""
    found = []
    for rows, offset, counts in stretches:
        rows = np.asarray(rows)
        held = mask[rows + np.int32(offset)]
        if held.any():
            found.append((rows[held], offset, counts[held]))
    return found


class Matching:
    """A query on one index."""

    def __init__(self, weighted: Sequence[_Weighted], norms: Scores) -> None:
        self._weighted = weighted
        self._norms = norms

    def best(self, k: int, among: Rows | None = None) -> Rows:
        """Return the rows that score best, at most `k`, best first; ties by row. None without a term of the query.

        Args:
            k: how many.
            among: ascending rows to choose from; all by default.
        """
        candidates = self._candidates(k, None if among is None else mask_of(among, len(self._norms)))
        return candidates[best(self.scores(candidates), k)]

    def scores(self, rows: Rows) -> Scores:
        """Return the score of each of these rows, in their order."""
        order = np.argsort(rows, kind="stable")
        ascending = rows[order].astype(np.int32)
        norms = self._norms[ascending]
        scores = np.empty(len(rows), dtype=np.float64)
        scores[order] = sum((term.scores_of(ascending, norms) for term in self._weighted), np.zeros(len(rows)))
        return scores

    def _candidates(self, k: int, mask: Mask | None) -> Rows:
        """Return all rows that may be among the best, ascending.

        Term by term, the heaviest first, rows gather score. As soon as the k-th best has more than all terms to come
        can give, no further row can enter, and those are in question whose lead they could make good. Terms that are
        in every other passage, the last and lightest, are so never read.

        Source:
            Turtle and Flood, Query evaluation: strategies and optimizations (1995), their MaxScore.
        """
        gathered = np.zeros(len(self._norms), dtype=np.float64)
        touched = [np.zeros(0, np.int32)]
        to_come = sum(term.weight for term in self._weighted)
        for term in sorted(self._weighted, key=lambda term: -term.weight):
            if term.frequency > _FREQUENT and len(found := _leading(gathered, touched, k, to_come)):
                return found
            fresh = term.rows[gathered[term.rows] == 0.0]
            touched.append(fresh if mask is None else fresh[mask[fresh]])
            gathered[term.rows] += term.scores(self._norms)
            to_come -= term.weight
        found = _leading(gathered, touched, k, 0.0)
        return found if len(found) else np.sort(np.concatenate(touched)).astype(np.int64)


def _leading(gathered: Scores, touched: Sequence[NDArray[np.int32]], k: int, to_come: float) -> Rows:
    """Return the rows whose score, with all that may come, reaches the k-th best; none where others might, too."""
    rows = np.concatenate(touched)
    if not 0 < k < len(rows):
        return np.zeros(0, np.int64)
    scores = gathered[rows]
    bar = np.partition(scores, len(scores) - k)[len(scores) - k]
    if bar <= to_come:
        return np.zeros(0, np.int64)
    # Sums in another order differ in the last bits: whoever is so near is looked at.
    return np.sort(rows[scores >= bar - to_come - 1e-9 * bar]).astype(np.int64)


def _length_norms(lengths: NDArray[np.int32], among: NDArray[np.int32]) -> Scores:
    """Return what a row's length adds to the term frequency in the denominator.

    K1 · (1 - B + B · length / mean length).
    """
    mean = float(among.mean(dtype=np.float64)) if len(among) else 0.0
    relative = lengths / mean if mean else lengths
    return np.asarray(K1 * (1.0 - B + B * relative), dtype=np.float64)


class SparseLexicon:
    """The terms of an index that searches by wording: an `index.protocols.Lexicon`."""

    _sparse: SparseIndex

    def document_frequency(self, term: str) -> int:
        """Return in how many passages a term (of `index.text.terms`) occurs, title and section path included."""
        return self._sparse.frequency(term)

    def vocabulary(self) -> Mapping[str, int]:
        """Return all terms of one or two characters with the number of passages they occur in."""
        return self._sparse.vocabulary()

    def rarity(self, word: str) -> float:
        """Return how rare a folded word is: the inverse document frequency of its rarest term, as BM25 counts it."""
        return self._sparse.rarity(min(map(self._sparse.frequency, terms(word)), default=0))
