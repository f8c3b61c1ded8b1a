"""Search by meaning: unit vectors in FAISS. The only module that knows FAISS.

Few vectors are compared one by one. Of many, those in the lists nearest to the question are compared by four bits a
dimension, and the best of them exactly, by the vectors themselves, which stay on disk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import sqrt
from threading import Lock
from typing import Self

import faiss
import numpy as np
from numpy.typing import NDArray

from index.arrays import AnyArray, Bytes
from index.protocols import Vectors
from index.search.fusion import Mask, Rows, Scores, best, mask_of

Vector = NDArray[np.float32]

# Vectors arrive as float32 of an encoder's own normalisation; further off than this is no rounding.
_UNIT_TOLERANCE = 1e-2

EXACT_UP_TO = 32_768
"""Vectors that are compared one by one: 50 MB, some milliseconds."""
_RECALL_AT = 100
"""As many as a search by meaning and wording fuses: what is missing among them may be missing among its first ten.

On 65,000 articles of law and lay questions, for 0.98 of the ten nearest 38 lists of 1,025 are read, and 0.96 of the ten
best fused are found; for 0.98 of the hundred nearest 110 lists and 0.99, in 1.2 instead of 0.8 ms.
"""
_DEPTH = 256  # of so many that four bits put first, the vectors themselves are compared
_PER_LIST = 40  # vectors to learn a list from
_ROUNDS = 8  # of k-means: more change recall in the third decimal
_BLOCK = 16_384  # vectors encoded together: 25 MB
_TOGETHER = 4096  # vectors compared together: 6 MB


class DenseIndex:
    """Unit vectors, searched exactly by inner product (cosine).

    Few are kept in memory; of many, those that are compared are read.
    """

    def __init__(self, vectors: Vectors) -> None:
        """Index vectors, one row each.

        Args:
            vectors: float32 `(n, dim)`, unit rows; not copied.

        Raises:
            ValueError: if shape or type differ, or a row is not of unit length.
        """
        check_vectors(vectors)
        self._take([vectors], int(vectors.shape[1]))

    @classmethod
    def over(cls, parts: Sequence[Vectors], dim: int, lists: Lists | None = None) -> Self:
        """Return an index over vectors whose rows follow each other, vouched for by `check_vectors`.

        Args:
            parts: the vectors.
            dim: length of each.
            lists: all of them in lists, to search approximately; exactly without.
        """
        index = cls.__new__(cls)
        index._take(parts, dim, lists)
        return index

    def _take(self, parts: Sequence[Vectors], dim: int, lists: Lists | None = None) -> None:
        self.dim = dim
        self._parts = list(parts)
        self._offsets = np.cumsum([0, *map(len, self._parts)], dtype=np.int64)
        self._lists = lists

    @cached_property
    def _compared(self) -> list[Vectors]:
        """All vectors, in memory where they are few."""
        return [np.ascontiguousarray(part) for part in self._parts] if len(self) <= EXACT_UP_TO else self._parts

    @classmethod
    def empty(cls, dim: int) -> Self:
        """Return an index without vectors, for vectors of length `dim`."""
        return cls(np.zeros((0, dim), dtype=np.float32))

    def __len__(self) -> int:
        return int(self._offsets[-1])

    def vectors(self) -> Vectors:
        """Return a copy of all vectors, float32 `(n, dim)`, in row order."""
        return np.concatenate([np.zeros((0, self.dim), np.float32), *self._parts])

    def best(self, query: Vector, k: int, among: Rows | None = None) -> Rows:
        """Return the rows nearest to a query.

        Args:
            query: float32 `(dim,)`, unit length.
            k: how many; all are taken where there are fewer.
            among: ascending rows to choose from; all by default.

        Returns:
            Rows, nearest first; ties by row.

        Raises:
            ValueError: if the query has another length than the vectors, or a row is outside the index.
        """
        if self._lists is not None and (among is None or len(among) > EXACT_UP_TO):
            self._check(query)
            rows = self._lists.near(query, max(2 * k, _DEPTH), None if among is None else mask_of(among, len(self)))
            if len(rows) >= k:
                return rows[best(self.scores(query, rows), k)]
        if among is not None:
            return among[best(self.scores(query, among), k)]
        self._check(query)
        _use_one_thread()
        found = [offset + _nearest(part, query, k) for part, offset in zip(self._compared, self._offsets, strict=False)]
        rows = np.concatenate([np.zeros(0, np.int64), *found])
        return rows[best(self.scores(query, rows), k)]

    def scores(self, query: Vector, rows: Rows) -> Scores:
        """Return the inner product of a query with each of some rows.

        Args:
            query: float32 `(dim,)`, unit length.
            rows: which, each within the index.

        Returns:
            float64, in the order of `rows`.

        Raises:
            ValueError: if the query has another length than the vectors, or a row is outside the index.
        """
        self._check(query)
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
            raise ValueError(f"rows must be within 0 to {len(self) - 1}")
        _use_one_thread()
        blocks = [self._products(query, rows[at : at + _TOGETHER]) for at in range(0, len(rows), _TOGETHER)]
        return np.concatenate([np.zeros(0, np.float32), *blocks]).astype(np.float64)

    def _products(self, query: Vector, rows: Rows) -> NDArray[np.float32]:
        """Return inner products by FAISS, each pair by itself: equal vectors have equal products wherever they lie."""
        vectors = np.empty((len(rows), self.dim), np.float32)
        part_of = np.searchsorted(self._offsets, rows, side="right") - 1
        for number in np.unique(part_of).tolist():
            mine = part_of == number
            vectors[mine] = self._compared[number][rows[mine] - self._offsets[number]]
        labels, found = np.arange(len(rows)), np.empty(len(rows), np.float32)
        query = np.ascontiguousarray(query)
        pointers = (faiss.swig_ptr(each) for each in (found, query, vectors, labels))
        faiss.fvec_inner_products_by_idx(*pointers, len(query), 1, len(rows))  # type: ignore[attr-defined]  # no stub
        return found

    def _check(self, query: Vector) -> None:
        if query.shape != (self.dim,) or query.dtype != np.float32:
            raise ValueError(f"a float32 query of length {self.dim} is needed, got {query.dtype} {query.shape}")


class Codebook:
    """How many vectors are searched: sorted into lists by what they are near to, and kept in four bits a dimension.

    Attributes:
        probes: how many lists a search reads.
        learnt_from: how many vectors there were when it was learnt.
        recall: share of the true hundred nearest that a search then found.
        wanted: the share that was asked for.
    """

    def __init__(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take arrays as they were stored.

        Raises:
            ValueError: if one is missing, or they do not fit each other.
        """
        try:
            self._centroids: Vectors = np.ascontiguousarray(arrays["centroids"])
            self._ranges: Vector = arrays["ranges"]
            self.probes, self.learnt_from, found, wanted = map(int, arrays["numbers"])
        except KeyError as error:
            raise ValueError(f"缺少数组 {error}") from error
        self.recall, self.wanted = found / 10_000, wanted / 10_000
        check_vectors(self._centroids)
        if self._ranges.dtype != np.float32 or self._ranges.shape != (2 * self._centroids.shape[1],):
            raise ValueError(f"ranges of {self._centroids.shape[1]} dimensions are needed, got {self._ranges.shape}")
        if not 1 <= self.probes <= len(self._centroids):
            raise ValueError(f"1 to {len(self._centroids)} lists can be read, got {self.probes}")
        self.arrays = dict(arrays)

    @classmethod
    def learn(cls, parts: Sequence[Vectors], queries: Vectors, wanted: float) -> Self:
        """Learn lists and bits from an index's own vectors, and how many lists to read for a wanted recall.

        Args:
            parts: all vectors.
            queries: what is searched to measure, as questions are encoded.
            wanted: share of the true hundred nearest that is to be found, 0 to 1.
        """
        draft = cls.drafted(parts, wanted)
        return draft.tuned(parts, [draft.encode(part) for part in parts], queries)

    @classmethod
    def drafted(cls, parts: Sequence[Vectors], wanted: float) -> Self:
        """See `learn`, with all lists to be read: how many are enough is known once the vectors are encoded."""
        size, dim = sum(map(len, parts)), parts[0].shape[1]
        lists = max(1, round(4 * sqrt(size)))
        _use_all_threads()
        index = _empty_lists(dim, lists)
        index.cp.niter, index.cp.spherical, index.cp.min_points_per_centroid = _ROUNDS, True, 1
        index.train(_sample(parts, _PER_LIST * lists))
        return cls(
            {
                "centroids": index.quantizer.reconstruct_n(0, lists),
                "ranges": faiss.vector_to_array(index.sq.trained),
                "numbers": np.array([lists, size, 10_000, round(wanted * 10_000)], np.int64),
            }
        )

    def tuned(self, parts: Sequence[Vectors], codes: Sequence[Bytes], queries: Vectors) -> Self:
        """Return the same with the fewest lists to read for the wanted recall.

        Args:
            parts: all vectors.
            codes: what it made of each part.
            queries: what is searched to measure, as questions are encoded.
        """
        trial = type(self)(self.arrays)
        probes, found = Lists(trial, codes).tuned(parts, queries, self.wanted)
        numbers = np.array([probes, self.learnt_from, int(found * 10_000), self.arrays["numbers"][3]], np.int64)
        return type(self)(self.arrays | {"numbers": numbers})

    @property
    def lists(self) -> int:
        """Return how many lists."""
        return len(self._centroids)

    def encode(self, vectors: Vectors) -> Bytes:
        """Return each vector's list and bits: uint8 `(n, bytes)`."""
        _use_all_threads()
        index = self.empty()
        blocks = [index.sa_encode(np.asarray(vectors[at : at + _BLOCK])) for at in range(0, len(vectors), _BLOCK)]
        return np.concatenate([np.zeros((0, index.sa_code_size()), np.uint8), *blocks])

    def empty(self) -> faiss.IndexIVFScalarQuantizer:
        """Return lists with nothing in them."""
        index = _empty_lists(self._centroids.shape[1], self.lists)
        index.quantizer.add(self._centroids)
        faiss.copy_array_to_vector(self._ranges, index.sq.trained)
        index.is_trained = True
        return index

    def check(self, codes: Bytes, rows: int) -> None:
        """Make sure that codes can be read.

        Raises:
            ValueError: if there are not as many as rows, or one names a list that is not there.
        """
        width = -(-(self.lists - 1).bit_length() // 8)
        size = self.empty().sa_code_size()
        if codes.dtype != np.uint8 or codes.shape != (rows, size):
            raise ValueError(f"uint8 codes {(rows, size)} are needed, got {codes.dtype} {codes.shape}")
        numbers = codes[:, :width].astype(np.int64) @ (256 ** np.arange(width))
        if rows and numbers.max() >= self.lists:
            raise ValueError(f"a list outside 0 to {self.lists - 1}")


class Lists:
    """Vectors in the lists of a codebook; read into memory at the first search.

    Args:
        codebook: made the codes.
        codes: of vectors whose rows follow each other.
    """

    def __init__(self, codebook: Codebook, codes: Sequence[Bytes]) -> None:
        self._codebook = codebook
        self._codes = codes
        self._index: faiss.IndexIVFScalarQuantizer | None = None
        self._lock = Lock()

    def near(self, query: Vector, depth: int, mask: Mask | None = None) -> Rows:
        """Return about the nearest rows, ascending; fewer than `depth` where the lists that are read hold no more.

        Args:
            query: float32 `(dim,)`, unit length.
            depth: how many.
            mask: for every row whether it may be among them.
        """
        _use_one_thread()
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = self._codebook.probes
        if mask is not None:
            parameters.sel = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))  # type: ignore[call-arg,arg-type]
        _, found = self._loaded().search(query[np.newaxis], depth, params=parameters)
        rows: Rows = found[0]
        return np.sort(rows[rows >= 0])

    def tuned(self, parts: Sequence[Vectors], queries: Vectors, wanted: float) -> tuple[int, float]:
        """Return the fewest lists to read for a wanted recall, and the recall."""
        whole = DenseIndex.over(parts, queries.shape[1], self)
        true = _exactly(parts, queries)
        low, high = 0, self._codebook.lists
        found = 1.0
        while high - low > max(1, high // 16):
            # Few lists are enough as a rule: begin there.
            probes = min(2 * low + 1, (low + high) // 2) if low else min(8, high // 2)
            self._codebook.probes = probes
            # What the lists hold, and not what is looked for elsewhere where they hold too few.
            listed = [(query, self.near(query, _DEPTH)) for query in queries]
            found_here = [rows[best(whole.scores(query, rows), _RECALL_AT)].tolist() for query, rows in listed]
            here = [len(near.intersection(rows)) for near, rows in zip(true, found_here, strict=True)]
            share = sum(here) / max(1, sum(map(len, true)))
            low, high, found = (low, probes, share) if share >= wanted else (probes, high, found)
        return high, found

    def _loaded(self) -> faiss.IndexIVFScalarQuantizer:
        with self._lock:
            if self._index is None:
                index, row = self._codebook.empty(), 0
                for codes in map(np.ascontiguousarray, self._codes):
                    self._codebook.check(codes, len(codes))
                    index.add_sa_codes(codes, np.arange(row, row + len(codes)))
                    row += len(codes)
                self._index = index
        return self._index


def check_vectors(vectors: Vectors) -> None:
    """Look at every vector.

    Raises:
        ValueError: if shape or type differ, or a row is not of unit length.
    """
    if vectors.ndim != 2 or vectors.dtype != np.float32 or vectors.shape[1] < 1:
        raise ValueError(f"float32 vectors (n, dim) are needed, got {vectors.dtype} {vectors.shape}")
    if len(vectors) and not _all_unit(vectors):
        raise ValueError("every vector must be finite and of unit length")


def _empty_lists(dim: int, lists: int) -> faiss.IndexIVFScalarQuantizer:
    bits = faiss.ScalarQuantizer.QT_4bit
    return faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(dim), dim, lists, bits, faiss.METRIC_INNER_PRODUCT, False)


def _sample(parts: Sequence[Vectors], count: int) -> Vectors:
    """Return vectors at even distances, about `count`."""
    step = max(1, sum(map(len, parts)) // count)
    return np.concatenate([part[::step] for part in parts])


def _exactly(parts: Sequence[Vectors], queries: Vectors) -> list[set[int]]:
    """Return the rows that are truly nearest to each query, in one pass over all vectors."""
    _use_all_threads()
    scores, rows = [np.zeros((len(queries), 0), np.float32)], [np.zeros((len(queries), 0), np.int64)]
    first = 0
    for part in parts:
        for at in range(0, len(part), _BLOCK):
            block = np.asarray(part[at : at + _BLOCK])
            found = faiss.knn(queries, block, min(_RECALL_AT, len(block)), metric=faiss.METRIC_INNER_PRODUCT)
            scores.append(found[0])
            rows.append(found[1] + first + at)
        first += len(part)
    all_scores, all_rows = np.concatenate(scores, axis=1), np.concatenate(rows, axis=1)
    order = np.argsort(-all_scores, axis=1, kind="stable")[:, :_RECALL_AT]
    return [set(mine[best].tolist()) for mine, best in zip(all_rows, order, strict=True)]


def _nearest(vectors: Vectors, query: Vector, k: int) -> Rows:
    """Return the `k` nearest rows of some vectors and all that tie with the last of them, ascending."""
    wanted = min(k, len(vectors))
    if wanted == 0:
        return np.zeros(0, dtype=np.int64)
    vectors = np.ascontiguousarray(vectors)
    # FAISS orders equal scores as it likes, also across the last place: look further until its ties are all in.
    depth = wanted
    while True:
        depth = min(2 * depth + 16, len(vectors))
        found = faiss.knn(query[np.newaxis], vectors, depth, metric=faiss.METRIC_INNER_PRODUCT)
        scores, rows = found[0][0], found[1][0]
        if depth == len(vectors) or scores[-1] < scores[wanted - 1]:
            # -1 pads a list that came out short; as a row it would mean the last one.
            return np.sort(rows[rows >= 0])


def _use_one_thread() -> None:
    """Search with one thread: FAISS splits work by question, so that one question only waits for other threads.

    Measured on two busy cores: p95 of a search of 29 passages 10 ms with a team, 0.2 ms without. The setting
    holds for the calling thread only, hence not once at import.
    """
    faiss.omp_set_num_threads(1)


def _use_all_threads() -> None:
    """Use all threads, for work on many vectors at once."""
    faiss.omp_set_num_threads(os.cpu_count() or 1)


def _all_unit(vectors: Vectors) -> bool:
    """Return whether every row is finite and of unit length (NaN fails every comparison)."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return bool(np.all(np.abs(squares - 1.0) < _UNIT_TOLERANCE))
