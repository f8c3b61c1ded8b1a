"""Retrieval scores as trec_eval defines them, one question at a time.

A judged question that a run does not answer counts 0, in every measure; a question without judgements does not count.
Unjudged documents are not relevant. Gains are linear, negative grades gain nothing.

Names are those of ir_measures: `R@5`, `P@10`, `RR`, `RR@10`, `AP`, `AP@100`, `nDCG`, `nDCG@10`, `Success@5`; and its
other names for them, `MRR@10`, `MAP`, `NDCG@10`, `Recall@5`, `Precision@1`.

Source: trec_eval 9 (`recall`, `P`, `recip_rank`, `map`, `map_cut`, `ndcg`, `ndcg_cut`, `success`);
Järvelin & Kekäläinen 2002, Cumulated Gain-based Evaluation of IR Techniques, for nDCG.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.metrics.trec import Qrels, Run, ranking

DEFAULT_MEASURES = ("R@1", "R@5", "R@10", "Success@5", "P@5", "RR", "AP", "nDCG@10")

Values = NDArray[np.float64]

_ALIASES = {"MRR": "RR", "MAP": "AP", "NDCG": "nDCG", "Recall": "R", "Precision": "P"}
_NAME = re.compile(rf"(R|P|RR|AP|nDCG|Success|{'|'.join(_ALIASES)})(?:@([1-9][0-9]{{0,5}}))?")
_NEEDS_CUTOFF = frozenset({"R", "P", "Success"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A run seen through judgements: one row a question, padded with 0."""

    gains: Values  # grade of what stands at each rank, never negative; shape (questions, depth), depth at least 1
    # grades of all relevant documents, falling; shape (questions, most relevant documents), at least 1 wide
    ideal: Values

    @property
    def relevant(self) -> Values:
        """Return how many documents are relevant to each question, 1 where none is: what follows is 0 then anyway."""
        counts: Values = np.maximum((self.ideal > 0).sum(axis=1), 1).astype(np.float64)
        return counts


def score_run(qrels: Qrels, run: Run, measures: Iterable[str] = DEFAULT_MEASURES) -> dict[str, dict[str, float]]:
    """Return question id → measure → value in [0, 1], for every judged question, in the order given.

    Raises:
        ValueError: if there is no such measure.
    """
    names = list(dict.fromkeys(measures))
    parsed = [_parsed(name) for name in names]
    judged = _judged(qrels, run)
    columns = [measure(judged, k).tolist() for measure, k in parsed]
    return {
        query: dict(zip(names, values, strict=True))
        for query, *values in zip(qrels, *columns, strict=True)  # one column a measure, one value a question
    }


def _recall(judged: Judged, k: int | None) -> Values:
    return _hits(judged, k) / judged.relevant


def _precision(judged: Judged, k: int | None) -> Values:
    # Over k, not over what was found: a short list is no better for being short.
    return _hits(judged, k) / (k or 1)


def _success(judged: Judged, k: int | None) -> Values:
    return (_hits(judged, k) > 0).astype(np.float64)


def _reciprocal_rank(judged: Judged, k: int | None) -> Values:
    found = judged.gains[:, :k] > 0
    return np.where(found.any(axis=1), 1.0 / (found.argmax(axis=1) + 1), 0.0)


def _average_precision(judged: Judged, k: int | None) -> Values:
    found = judged.gains[:, :k] > 0
    precision = found.cumsum(axis=1) / np.arange(1, found.shape[1] + 1)
    summed: Values = (precision * found).sum(axis=1)
    return summed / judged.relevant


def _ndcg(judged: Judged, k: int | None) -> Values:
    best = _dcg(judged.ideal[:, :k])
    return np.divide(_dcg(judged.gains[:, :k]), best, out=np.zeros_like(best), where=best > 0)


def _dcg(gains: Values) -> Values:
    discounted: Values = gains @ (1.0 / np.log2(np.arange(2, gains.shape[1] + 2)))
    return discounted


def _hits(judged: Judged, k: int | None) -> Values:
    hits: Values = (judged.gains[:, :k] > 0).sum(axis=1).astype(np.float64)
    return hits


_MEASURES: Mapping[str, Callable[[Judged, int | None], Values]] = {
    "R": _recall,
    "P": _precision,
    "Success": _success,
    "RR": _reciprocal_rank,
    "AP": _average_precision,
    "nDCG": _ndcg,
}


def canonical(name: str) -> str | None:
    """Return the name that a measure is reported by; None where there is no such measure."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    own = _ALIASES.get(match[1], match[1])
    return None if match[2] is None and own in _NEEDS_CUTOFF else f"{own}@{match[2]}" if match[2] else own


def _parsed(name: str) -> tuple[Callable[[Judged, int | None], Values], int | None]:
    known = canonical(name)
    if known is None:
        raise ValueError(
            f"没有检索指标 {name}；有 R@k、P@k、Success@k、RR、RR@k、AP、AP@k、nDCG、nDCG@k，k 为 1 到 999999"
        )
    own, _, cutoff = known.partition("@")
    return _MEASURES[own], int(cutoff) if cutoff else None


def _judged(qrels: Qrels, run: Run) -> Judged:
    gains = [[grades.get(id, 0) for id in ranking(run.get(query, {}))] for query, grades in qrels.items()]
    ideal = [sorted(grades.values(), reverse=True) for grades in qrels.values()]
    return Judged(_padded(gains), _padded(ideal))


def _padded(rows: Sequence[Sequence[int]]) -> Values:
    """Return the rows of one length, filled with 0; negative grades become 0."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    table = np.zeros((len(rows), max(1, lengths.max(initial=0))))
    flat = np.fromiter((grade for row in rows for grade in row), dtype=np.float64, count=int(lengths.sum()))
    table[np.arange(table.shape[1]) < lengths[:, None]] = flat
    return np.maximum(table, 0.0)
