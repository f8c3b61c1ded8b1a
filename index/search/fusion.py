"""Turn score arrays into rankings: the best of one array, and the fusion of two.

Rows of an index stand in canonical order (document id, then offset), so "ties by row"
is "ties by document id, then offset".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


def best(scores: Scores, k: int) -> Rows:
    """Return where the `k` highest scores are.

    Args:
        scores: finite numbers, any range.
        k: how many, at least 0; all are taken where there are fewer.

    Returns:
        Positions, highest score first; ties by position.
    """
    if k < len(scores):
        # Partition by value alone cannot say which of several equal scores it keeps: take all that tie with the last.
        bar = np.partition(scores, len(scores) - k)[len(scores) - k] if k else np.inf
        positions = np.flatnonzero(scores >= bar)
    else:
        positions = np.arange(len(scores))
    return positions[np.argsort(-scores[positions], kind="stable")][:k]


def standardise(scores: Scores, yardstick: Mask | None = None) -> Scores:
    """Return z-scores: how many standard deviations each score lies above the mean.

    Args:
        scores: finite numbers, any range.
        yardstick: which of them make mean and deviation; all by default.

    Returns:
        Same shape and order; all 0 where the scores of the yardstick do not differ (one candidate, or none that
        matches), for then they say nothing.
    """
    measured = scores if yardstick is None else scores[yardstick]
    if len(measured) == 0:
        return np.zeros_like(scores)
    deviation = float(measured.std())
    # Equal floats may differ from their own mean in the last bit; that is no signal to blow up to size 1.
    if deviation <= 1e-9 * max(1.0, float(np.abs(measured).max())):
        return np.zeros_like(scores)
    standardised: Scores = (scores - measured.mean()) / deviation
    return standardised


def fuse(dense: Scores, lexical: Scores, weight: float, yardstick: Mask | None = None) -> Scores:
    """Return one score out of two for the same candidates.

    Args:
        dense: score by meaning of each candidate.
        lexical: score by wording of the same candidates in the same order.
        weight: share of the dense score, 0 to 1.
        yardstick: which candidates make the means and deviations; all by default.

    Returns:
        `weight · z(dense) + (1 - weight) · z(lexical)`, in the order of the candidates.

    Raises:
        ValueError: if the two differ in length, or `weight` is outside 0 to 1.
    """
    if dense.shape != lexical.shape:
        raise ValueError(f"both scores of every candidate are needed, got {dense.shape} and {lexical.shape}")
    if not 0.0 <= weight <= 1.0:
        raise ValueError(f"weight must be within 0 to 1, got {weight}")
    return weight * standardise(dense, yardstick) + (1.0 - weight) * standardise(lexical, yardstick)


def mask_of(rows: Rows, size: int) -> Mask:
    """Return whether each of so many rows is among some."""
    mask = np.zeros(size, np.bool_)
    mask[rows] = True
    return mask
