"""Search by wording: BM25 over bigrams, read out of postings that stay in their files.

Own arithmetic instead of a library. All of BM25 is one line; postings can be joined and cut by document without
reading texts again; any row can be scored exactly, for fusion; and no more than numpy and a bounded cache is imported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from math import log1p
from threading import Lock
from typing import NamedTuple, Self

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from index.search.fusion import Mask, Rows, Scores, best, mask_of
from index.search.postings import Postings, key_of, short_term
from index.text import terms

# Saturation of term frequency, and weight of passage length. The literature's 1.2 to 2.0 is for words in long texts; a
# bigram that recurs in a passage says little more. R@1 with 0.6 against 1.5, otherwise alike: XQuAD 0.948 and 0.932,
# DRCD 0.932 and 0.928, CMRC 0.921 and 0.917, 17 mixed documents 0.690 and 0.672, the sample alone 0.905 and 0.886.
K1 = 0.6
B = 0.75

KEPT_BYTES = 256 * 2**20
"""Terms that were asked for last are kept in memory; what 200 lay questions ask of a million articles is 150 MB."""

_BLOCK = 64  # rows whose best score is looked at first when the best of all are looked for
_FREQUENT = 16  # a term in more than this fraction of all rows costs more to add up than to look whether it can be left
_FEW = 4096  # rows that are scored one by one for less than a frequent term is added up
_SLACK = 1e-4  # what sums of float32 may be wrong by, relative to them; many times as much as they are


Gathered = NDArray[np.float32]


class SparseIndex:
    """Terms over rows of passages, in one or several postings whose rows follow each other."""

    def __init__(self, parts: Sequence[Postings]) -> None:
        self._parts = [part for part in parts if len(part)]
        self._starts = np.cumsum([0, *map(len, self._parts)])[:-1].tolist()
        self._lengths = np.concatenate([np.zeros(0, np.int32), *(part.lengths for part in self._parts)])
        self._norms = _Norms.of(self._lengths, self._lengths)
        self._held: Mask | None = None
        self._size = len(self._lengths)
        self._kept: LRUCache[int, _Column] = LRUCache(KEPT_BYTES, lambda column: column.nbytes)
        self._lock = Lock()

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
        view._norms = _Norms.of(self._lengths, self._lengths[rows])
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
        return sum(len(column.rows) for column in self._columns([key_of(term)]))

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
        scores = np.zeros(len(self._lengths), dtype=np.float64)
        for term in self._weighted(query):
            scores[term.rows] += term.weight * term.counts / (term.counts + self._norms.at(term.rows))
        return scores

    def matching(self, query: str) -> Matching:
        """Return a query made ready to name its best rows and to score any."""
        return Matching(self._weighted(query), self._norms)

    def _weighted(self, query: str) -> list[_Weighted]:
        """Return the terms of a query that occur, each once."""
        counted = Counter(terms(query))
        columns = self._columns([key_of(term) for term in counted])
        return [
            _Weighted(repeats * self.rarity(len(column.rows)), column.rows, column.counts)
            for repeats, column in zip(counted.values(), columns, strict=True)
            if len(column.rows)
        ]

    def _columns(self, keys: Sequence[int]) -> list[_Column]:
        """Return the rows that hold each term, as far as they count."""
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
        if missing := [key for key in keys if key not in known]:
            fresh = dict(zip(missing, self._read(missing), strict=True))
            with self._lock:
                self._kept.update((key, column) for key, column in fresh.items() if column.nbytes <= KEPT_BYTES)
            known |= fresh
        return [known[key] if self._held is None else known[key].among(self._held) for key in keys]

    def _read(self, keys: Sequence[int]) -> Iterator[_Column]:
        """Read the rows that hold each term out of all parts."""
        pieces: list[list[tuple[NDArray[np.int32], NDArray[np.uint16]]]] = [[] for _ in keys]
        for part, offset, runs in zip(self._parts, self._starts, self._runs(keys), strict=True):
            [held] = np.nonzero(runs[:, 0] < runs[:, 1])
            bounds = runs[held].tolist()
            rows, counts = part.entries(bounds)
            rows = rows + np.int32(offset)
            ends = np.cumsum([last - first for first, last in bounds]).tolist()
            for term, first, last in zip(held.tolist(), [0, *ends], ends, strict=False):
                pieces[term].append((rows[first:last], counts[first:last]))
        for found in pieces:
            all_rows, all_counts = zip((_NO_ROWS, _NO_COUNTS), *found, strict=True)
            yield _Column(np.concatenate(all_rows), np.concatenate(all_counts))

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


_NO_ROWS, _NO_COUNTS = np.zeros(0, np.int32), np.zeros(0, np.uint16)


class _Column(NamedTuple):
    """The rows that hold a term.

    Attributes:
        rows: ascending.
        counts: how often each holds it.
    """

    rows: NDArray[np.int32]
    counts: NDArray[np.uint16]

    @property
    def nbytes(self) -> int:
        """Bytes of memory, about."""
        return self.rows.nbytes + self.counts.nbytes + 512

    def among(self, mask: Mask) -> _Column:
        """Return the rows that count."""
        held = mask[self.rows]
        return _Column(self.rows[held], self.counts[held])


class _Norms(NamedTuple):
    """What a row's length adds to the term frequency in the denominator of a score.

    Attributes:
        lengths: of all rows.
        mean: length of those that count.
        rough: of all rows, in half the memory.
    """

    lengths: NDArray[np.int32]
    mean: float
    rough: Gathered

    @classmethod
    def of(cls, lengths: NDArray[np.int32], among: NDArray[np.int32]) -> _Norms:
        """Return those of all rows, by the mean length of some."""
        mean = float(among.mean(dtype=np.float64)) if len(among) else 0.0
        return cls(lengths, mean, _length_norms(lengths, mean).astype(np.float32))

    def at(self, rows: NDArray[np.int32]) -> Scores:
        """Return those of some rows exactly."""
        return _length_norms(self.lengths[rows], self.mean)


class _Weighted(NamedTuple):
    """A term of a query.

    Attributes:
        weight: of one occurrence.
        rows: that hold it, ascending.
        counts: how often each does.
    """

    weight: float
    rows: NDArray[np.int32]
    counts: NDArray[np.uint16]


class Matching:
    """A query on one index."""

    def __init__(self, weighted: Sequence[_Weighted], norms: _Norms) -> None:
        self._weighted = weighted
        self._norms = norms

    def best(self, k: int, among: Rows | None = None) -> Rows:
        """Return the rows that score best, at most `k`, best first; ties by row. None without a term of the query.

        Args:
            k: how many.
            among: ascending rows to choose from; all by default.
        """
        if not k or not self._weighted:
            return np.zeros(0, np.int64)
        if among is None:
            candidates = self._candidates(k, None)
        elif len(among) * len(self._weighted) < sum(len(term.rows) for term in self._weighted):
            candidates = among
        else:
            candidates = self._candidates(k, mask_of(among, len(self._norms.lengths)))
        scores = self.scores(candidates)
        found = best(scores, k)
        return candidates[found[scores[found] > 0.0]]

    def scores(self, rows: Rows) -> Scores:
        """Return the score of each of these rows, in their order."""
        order = np.argsort(rows, kind="stable")
        ascending = rows[order].astype(np.int32)
        norms = self._norms.at(ascending)
        gathered = np.zeros(len(rows), dtype=np.float64)
        for weight, held, often in self._weighted:
            at = held.searchsorted(ascending)
            at[at == len(held)] = 0
            counts = np.where(held[at] == ascending, often[at], 0)
            gathered += weight * counts / (counts + norms)
        scores = np.empty_like(gathered)
        scores[order] = gathered
        return scores

    def _candidates(self, k: int, mask: Mask | None) -> Rows:
        """Return all rows that may be among the best, ascending.

        Term by term, the heaviest first, rows gather score. As soon as the k-th best has more than all terms to come
        can give, no further row can enter, and those are in question whose lead they could make good. Terms that are
        in every other passage, the last and lightest, are so never added up.

        Source:
            Turtle and Flood, Query evaluation: strategies and optimizations (1995), their MaxScore.
        """
        size, norms = len(self._norms.lengths), self._norms.rough
        gathered = np.zeros(-(-size // _BLOCK) * _BLOCK, np.float32)
        shown = None if mask is None else np.append(mask, np.zeros(len(gathered) - size, np.bool_))
        to_come = sum(term.weight for term in self._weighted)
        for term in sorted(self._weighted, key=lambda term: -term.weight):
            if len(term.rows) * _FREQUENT > size and len(found := _leading(gathered, shown, k, to_come)):
                return found
            counts = term.counts.astype(np.float32)
            np.add.at(gathered, term.rows, np.float32(term.weight) * (counts / (counts + norms[term.rows])))
            to_come -= term.weight
        return _leading(gathered, shown, k, 0.0)


def _leading(gathered: Gathered, shown: Mask | None, k: int, to_come: float) -> Rows:
    """Return the rows whose score, with all that may come, reaches the k-th best, ascending.

    Args:
        gathered: scores so far; a multiple of `_BLOCK`.
        shown: which rows are in question; all by default.
        k: how many are wanted.
        to_come: what a score may still rise by. Above 0, none are returned where other rows might enter, or too many.
    """
    blocks = (gathered if shown is None else gathered * shown).reshape(_BLOCK, -1)
    tops = blocks.max(axis=0)
    bar = _last_of(tops, k)  # no more than the k-th best: so many rows have as much
    least = max(_last_of((near := blocks[:, tops >= bar])[near >= bar], k) * (1.0 - _SLACK) - to_come, 0.0)
    if to_come and not least:
        return np.zeros(0, np.int64)
    columns = np.flatnonzero(tops > 0.0 if not least else tops >= least)
    in_block, column = np.nonzero(blocks[:, columns] >= (least or np.finfo(np.float32).tiny))
    if to_come and len(column) > _FEW:
        return np.zeros(0, np.int64)
    # Row by row of blocks: ascending.
    return in_block * blocks.shape[1] + columns[column]


def _last_of(scores: Gathered, k: int) -> float:
    """Return the k-th highest of some scores; 0 where there are fewer."""
    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if k <= len(scores) else 0.0


def _length_norms(lengths: NDArray[np.int32], mean: float) -> Scores:
    """Return what a row's length adds to the term frequency in the denominator.

    K1 · (1 - B + B · length / mean length).
    """
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
