"""Whether confidence can be believed: of the answers given with about 0.8, about 80 % should be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers whose confidence lies in [low, high); the last bin includes 1.

    Attributes:
        low: lower edge.
        high: upper edge.
        n: how many answers.
        confidence: their mean confidence.
        accuracy: the share of them that is right.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def reliability_bins(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[ReliabilityBin]:
    """Answers grouped by confidence into bins of equal width.

    Args:
        confidences: one per answer, each in [0, 1].
        right: whether that answer is right, in the same order.
        bins: how many, at least 1.

    Returns:
        The bins that hold an answer, ascending.

    Raises:
        ValueError: if an argument is out of its range or lengths differ.
    """
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    if len(confidences) != len(right):
        raise ValueError(f"one verdict per confidence is needed, got {len(confidences)} and {len(right)}")
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, verdict in zip(confidences, right, strict=True):
        groups[_bin_of(confidence, bins)].append((confidence, verdict))
    return [_summary(n / bins, (n + 1) / bins, group) for n, group in enumerate(groups) if group]


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance between confidence and accuracy, bins weighted by their answers, in [0, 1].

    Raises:
        ValueError: if there are no bins.

    Source: Naeini, Cooper & Hauskrecht 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning.
    """
    total = sum(each.n for each in bins)
    if not total:
        raise ValueError("calibration needs at least one answer")
    return sum(each.n * abs(each.confidence - each.accuracy) for each in bins) / total


def _bin_of(confidence: float, bins: int) -> int:
    if not 0 <= confidence <= 1:
        raise ValueError(f"confidence must lie in [0, 1], got {confidence}")
    return min(int(confidence * bins), bins - 1)


def _summary(low: float, high: float, group: list[tuple[float, bool]]) -> ReliabilityBin:
    n = len(group)
    return ReliabilityBin(low, high, n, sum(each[0] for each in group) / n, sum(each[1] for each in group) / n)
