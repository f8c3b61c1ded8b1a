"""Retrievers: by meaning, by wording, and both fused, over the same rows of passages.

Each prepares a question once (encodes it, or counts its words) and can then name its best rows and score any row,
so that fusion has both scores of every candidate of either side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from index.filters import Filter
from index.protocols import Encoder, Stage
from index.records import Hit, Passage
from index.search.dense import DenseIndex, Vector
from index.search.fusion import Rows, Scores, best, fuse
from index.search.sparse import SparseIndex

# Share of the dense score. R@1 / R@5 of the passage that holds the evidence, multilingual-e5-small, passages of 400:
#                                 0 (wording)    0.4            0.5            0.6            1 (meaning)
#   sample alone, 105 of dev      0.905 / 0.962  0.895 / 0.952  0.895 / 0.952  0.848 / 0.924  0.724 / 0.857
#   17 mixed documents, 116       0.690 / 0.888  0.724 / 0.948  0.750 / 0.948  0.776 / 0.974  0.724 / 0.897
#   CMRC 2018 trial, 496          0.921 / 0.990  0.944 / 0.998  0.944 / 0.994  0.946 / 0.994  0.831 / 0.974
#   DRCD dev, 250 texts, 500      0.932 / 0.984  0.954 / 0.996  0.952 / 1.000  0.950 / 1.000  0.830 / 0.982
#   XQuAD zh, 500                 0.948 / 0.990  0.958 / 0.994  0.954 / 0.994  0.954 / 0.994  0.864 / 0.976
#   600 statutes, 400 lay         0.422 / 0.652  0.458 / 0.718  0.463 / 0.720  0.482 / 0.743  0.440 / 0.700
#   20,000 statutes, 702 lay, R@10  0.556        0.634          0.642          0.667          0.621
# One document wants less of it, many want more; half and half is within three points of the best everywhere.
DEFAULT_WEIGHT = 0.5
MANY, WEIGHT_OF_MANY = 200, 0.6
"""From how many documents on more of it is taken: on the sets of 240 and more above that costs 0.002 at most."""

# How many candidates of each side are fused. Fixed, so that asking for more hits does not change the first ones.
POOL = 100


def weight_among(documents: int) -> float:
    """Return the share of the dense score in an index of so many documents."""
    return WEIGHT_OF_MANY if documents >= MANY else DEFAULT_WEIGHT


class Prepared(Protocol):
    """A question made ready for one index."""

    def best(self, k: int, among: Rows | None = None) -> Rows:
        """Return the best rows, at most `k`, best first; ties by row. `among` are ascending rows to choose from."""
        ...

    def scores(self, rows: Rows) -> Scores:
        """Return the score of each of these rows, in their order."""
        ...


class Preparing(Protocol):
    """What fusion needs of a retriever."""

    def prepare(self, query: str) -> Prepared:
        """Make a question ready."""
        ...


class DenseRetriever:
    """By meaning: cosine of encoded question and encoded passages."""

    def __init__(self, passages: Sequence[Passage], dense: DenseIndex, encoder: Encoder) -> None:
        self._passages = passages
        self._dense = dense
        self._encoder = encoder

    def prepare(self, query: str) -> Prepared:
        """Encode the question."""
        return _DenseQuestion(self._dense, self._encoder.encode_queries([query])[0])

    def search(self, query: str, k: int, among: Rows | None = None) -> list[Hit]:
        """Return the nearest passages (of the rows `among`), at most `k`, best first; ties by document id, then offset.

        Raises:
            ValueError: if `k` is below 1.
        """
        return _hits(self._passages, self, query, k, among)


class LexicalRetriever:
    """By wording: BM25. A passage that shares no term with the question is no hit."""

    def __init__(self, passages: Sequence[Passage], sparse: SparseIndex) -> None:
        self._passages = passages
        self._sparse = sparse

    def prepare(self, query: str) -> Prepared:
        """Look up the words of the question."""
        return self._sparse.matching(query)

    def search(self, query: str, k: int, among: Rows | None = None) -> list[Hit]:
        """Return the passages (of the rows `among`) that share most of the question's wording, at most `k`.

        Ties as for all.

        Raises:
            ValueError: if `k` is below 1.
        """
        return _hits(self._passages, self, query, k, among)


class HybridRetriever:
    """Both: weighted z-scores over the candidates of either side."""

    def __init__(
        self,
        passages: Sequence[Passage],
        dense: Preparing,
        lexical: Preparing,
        weight: float = DEFAULT_WEIGHT,
        rows: Rows | None = None,
    ) -> None:
        """Fuse two retrievers over the same passages.

        Args:
            passages: rows of both.
            dense: by meaning.
            lexical: by wording.
            weight: share of the dense score, 0 to 1.
            rows: ascending rows beside which there are none; all by default.

        Raises:
            ValueError: if `weight` is outside 0 to 1.
        """
        if not 0.0 <= weight <= 1.0:
            raise ValueError(f"weight must be within 0 to 1, got {weight}")
        self._passages = passages
        self._dense = dense
        self._lexical = lexical
        self._weight = weight
        self._rows = rows

    def search(self, query: str, k: int, among: Rows | None = None) -> list[Hit]:
        """Return the best passages by fused score, at most `k`, best first; ties by document id, then offset.

        Args:
            query: what is looked for.
            k: how many passages.
            among: ascending rows to choose from; all by default. Scores are measured against the candidates of all
                rows that there are even then, so that a score says as much as without: what answers depends on it.

        Raises:
            ValueError: if `k` is below 1.
        """
        _check_k(k)
        if not self._passages or any(rows is not None and not len(rows) for rows in (self._rows, among)):
            return []
        dense, lexical = self._dense.prepare(query), self._lexical.prepare(query)
        depth = max(k, POOL)
        everywhere = np.union1d(dense.best(depth, self._rows), lexical.best(depth, self._rows))
        mine = everywhere if among is None else np.union1d(dense.best(depth, among), lexical.best(depth, among))
        rows = np.union1d(everywhere, mine)
        sides = dense.scores(rows), lexical.scores(rows)
        fused = fuse(*sides, self._weight, np.isin(rows, everywhere))
        places = np.flatnonzero(np.isin(rows, mine))
        chosen = places[best(fused[places], k)]
        return [
            Hit(self._passages[int(rows[at])], float(fused[at]), float(sides[0][at]), float(sides[1][at]))
            for at in chosen
        ]


class _DenseQuestion:
    def __init__(self, dense: DenseIndex, vector: Vector) -> None:
        self._dense = dense
        self._vector = vector

    def best(self, k: int, among: Rows | None = None) -> Rows:
        return self._dense.best(self._vector, k, among)

    def scores(self, rows: Rows) -> Scores:
        return self._dense.scores(self._vector, rows)


def _hits(passages: Sequence[Passage], retriever: Preparing, query: str, k: int, among: Rows | None) -> list[Hit]:
    _check_k(k)
    if not passages:
        return []
    prepared = retriever.prepare(query)
    rows = prepared.best(k, among)
    scores = prepared.scores(rows)
    return [Hit(passages[int(row)], float(score)) for row, score in zip(rows, scores, strict=True)]


def _check_k(k: int) -> None:
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")


@dataclass(frozen=True, slots=True)
class OneStage:
    """A `Retriever` that searches an index by one stage.

    Attributes:
        search_stage: of the index.
        stage: which.
    """

    search_stage: Callable[[Stage, str, int, Filter | None], list[Hit]]
    stage: Stage

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """Return the best passages of the stage, as `search` of the index does of all."""
        return self.search_stage(self.stage, query, k, within)
