"""A score as reports have it: a mean with its 95 % interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

import numpy as np

from eval.metrics.significance import bootstrap_interval

SEED = 0


class ScoreJson(TypedDict):
    """A mean with its 95 % interval; null where nothing counts."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def score_json(values: Iterable[float]) -> ScoreJson:
    """Return the mean over what counts, with its interval."""
    counted = list(map(float, values))
    if not counted:
        return {"value": None, "low": None, "high": None, "n": 0}
    interval = bootstrap_interval(counted, seed=SEED)
    mean = float(np.mean(counted))
    return {"value": round(mean, 6), "low": round(interval.low, 6), "high": round(interval.high, 6), "n": len(counted)}


def percentiles(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the median and the 95th percentile; None of nothing."""
    p50, p95 = (round(float(each), 3) for each in np.percentile(values, [50, 95])) if values else (None, None)
    return p50, p95


def figure(value: float | None, digits: int = 3) -> str:
    """Return a number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"
