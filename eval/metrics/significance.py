"""How sure a figure is: bootstrap intervals, and paired tests between two systems. Seeded, so that runs repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
LEVEL = 0.95

_BLOCK = 1_000_000
"""How many draws are held in memory at once."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between two systems on the same questions."""

    value: float  # mean of the differences, second minus first
    interval: Interval  # 95 % paired bootstrap interval of `value`
    p: float  # two-sided p-value of the sign-flip permutation test; 1 where nothing differs
    n: int


def bootstrap_interval(
    values: Sequence[float], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Return the percentile bootstrap interval of a mean of finite scores, one per question.

    Most scores take few distinct values. How often each of them is drawn into a resample is multinomial, so such
    resamples are drawn as counts: the same distribution as drawing question by question, in less time and memory.

    Raises:
        ValueError: if an argument is out of its range.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, §13.3.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    means = _resampled_means(_checked(values), resamples, seed)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def paired_difference(
    first: Sequence[float], second: Sequence[float], *, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """Compare two systems by their scores for the same questions in the same order; same seed, same result.

    Raises:
        ValueError: if lengths differ, there is no question, or a score is not finite.

    Source: Smucker, Allan & Carterette 2007, A Comparison of Statistical Significance Tests for IR Evaluation.
    """
    if len(first) != len(second):
        raise ValueError(f"both systems need the same questions, got {len(first)} and {len(second)}")
    differences = _checked(second) - _checked(first)
    interval = bootstrap_interval(differences.tolist(), resamples=resamples, seed=seed)
    p = sign_flip_p(differences, resamples=resamples, seed=seed)
    return Difference(float(differences.mean()), interval, p, len(differences))


def sign_flip_p(differences: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = 0) -> float:
    """Return two-sided p-value: how often random signs give a sum at least as far from 0.

    Questions whose difference has the same size are flipped together: how many of them keep their sign is binomial.

    Source: Smucker et al. 2007; (count + 1) / (resamples + 1) as in Phipson & Smyth 2010, so that p is never 0.
    """
    sizes, counts = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    if not len(sizes):
        return 1.0
    kept = np.random.default_rng(seed).binomial(counts, 0.5, size=(resamples, len(sizes)))
    sums = np.abs((2 * kept - counts) @ sizes)
    # Sums that are equal on paper may differ in the last bits.
    reached = sums >= abs(differences.sum()) - 1e-9
    return float((reached.sum() + 1) / (resamples + 1))


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values corrected for being many: the chance that even one of them is this small with nothing behind it.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    corrected = [0.0] * len(ps)
    reached = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        reached = max(reached, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = reached
    return corrected


def _checked(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        raise ValueError("at least one value is needed, got none")
    if not np.isfinite(array).all():
        raise ValueError("every value must be finite, got NaN or infinity")
    return array


def _resampled_means(values: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    generator = np.random.default_rng(seed)
    levels, counts = np.unique(values, return_counts=True)
    n = len(values)
    # A binomial draw costs about ten times a uniform one, so counts pay only where values repeat.
    if 10 * len(levels) <= n:
        means: NDArray[np.float64] = generator.multinomial(n, counts / n, size=resamples) @ levels / n
        return means
    rows = max(1, _BLOCK // n)
    sizes = [min(rows, resamples - done) for done in range(0, resamples, rows)]
    ordered = np.sort(values)
    return np.concatenate([ordered[generator.integers(0, n, size=(size, n))].mean(axis=1) for size in sizes])
