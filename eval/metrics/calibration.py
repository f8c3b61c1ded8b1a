"""Measure calibration and selective answering.

Of the answers given with a confidence of about 0.8, about 80 % should be right, and wrong answers should be the ones
given with the least confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers whose confidence lies in [low, high); the last bin includes 1."""

    low: float
    high: float
    n: int
    confidence: float  # their mean confidence
    accuracy: float  # the share of them that is right


def reliability_bins(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[ReliabilityBin]:
    """Return answers grouped by confidence, each in [0, 1], into bins of equal width: those that hold one, ascending.

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
    """Return mean distance between confidence and accuracy, bins weighted by their answers, in [0, 1].

    Raises:
        ValueError: if there are no bins.

    Source: Naeini, Cooper & Hauskrecht 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning.
    """
    total = sum(each.n for each in bins)
    if not total:
        raise ValueError("calibration needs at least one answer")
    return sum(each.n * abs(each.confidence - each.accuracy) for each in bins) / total


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What would remain if every answer below a confidence were withheld."""

    confidence: float  # the lowest that is still given
    coverage: float  # share of all questions that are still answered
    risk: float  # share of wrong ones among those answers


def risk_coverage(confidences: Sequence[float], right: Sequence[bool], questions: int) -> list[RiskPoint]:
    """Return how risk falls as answers are withheld, a point for each distinct confidence, coverage rising.

    Args:
        confidences: one per answer given, each in [0, 1].
        right: whether that answer is right, in the same order.
        questions: how many were asked, refused ones among them.

    Raises:
        ValueError: if lengths differ, or there were fewer questions than answers.

    Source: El-Yaniv & Wiener 2010, On the Foundations of Noise-free Selective Classification.
    """
    if len(confidences) != len(right) or questions < len(right):
        raise ValueError(
            f"one verdict per confidence, and a question per answer, got {len(confidences)}, {len(right)}, {questions}"
        )
    points: list[RiskPoint] = []
    given = wrong = 0
    for confidence, group in groupby(sorted(zip(confidences, right, strict=True), reverse=True), key=itemgetter(0)):
        verdicts = [verdict for _, verdict in group]
        given, wrong = given + len(verdicts), wrong + verdicts.count(False)
        points.append(RiskPoint(confidence, given / questions, wrong / given))
    return points


def area_under_risk_coverage(points: Sequence[RiskPoint]) -> float:
    """Return AURC: mean risk over all coverages that the answers reach, in [0, 1]; 0 is best.

    Each answer counts once, at the risk of the point it belongs to.

    Raises:
        ValueError: if there are no points.

    Source: Geifman, Uziel & El-Yaniv 2019, Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers.
    """
    if not points:
        raise ValueError("a risk-coverage curve needs at least one answer")
    reached = [0.0, *(point.coverage for point in points)]
    return (
        sum(point.risk * (point.coverage - before) for point, before in zip(points, reached, strict=False))
        / reached[-1]
    )


def _bin_of(confidence: float, bins: int) -> int:
    if not 0 <= confidence <= 1:
        raise ValueError(f"confidence must lie in [0, 1], got {confidence}")
    return min(int(confidence * bins), bins - 1)


def _summary(low: float, high: float, group: list[tuple[float, bool]]) -> ReliabilityBin:
    n = len(group)
    return ReliabilityBin(low, high, n, sum(each[0] for each in group) / n, sum(each[1] for each in group) / n)
