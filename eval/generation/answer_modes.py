"""The same questions answered in three ways: quoting alone, a language model alone, and both as the product does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from eval.generation.writing import CostJson, Truth, writing_json
from eval.metrics.answer_metrics import SCORES, TextOf, score
from eval.metrics.comparison import System, compare
from eval.metrics.scores import ScoreJson, score_json
from eval.records import Outcome
from qa.settings import Answering

LABELS = {
    Answering.EXTRACTIVE: "只摘原文",
    Answering.GENERATIVE: "只用语言模型",
    Answering.BOTH: "两者",
}
"""The ways as people read them, in the order in which they are compared."""


class WayJson(TypedDict):
    """What one way of answering reached, and what it cost; `cost` is null where no model was asked."""

    name: str
    label: str
    scores: dict[str, ScoreJson]
    ms_p50: float | None
    ms_p95: float | None
    share_struck: ScoreJson | None
    cost: CostJson | None


class ContrastJson(TypedDict):
    """One score of one way against quoting alone; `p` is corrected for all contrasts (Holm)."""

    name: str
    score: str
    difference: float
    low: float
    high: float
    p: float


class WaysJson(TypedDict):
    """All ways, and how the others differ from the first."""

    ways: list[WayJson]
    contrasts: list[ContrastJson]


def ways_json(
    answered: Mapping[Answering, Sequence[Outcome]], text_of: TextOf | None = None, truth: Truth | None = None
) -> WaysJson | None:
    """Compare ways of answering; None where there are fewer than two.

    Args:
        answered: outcomes of the same questions, by way.
        text_of: gives documents' texts; without it `verbatim` and `wrong_document` are not scored.
        truth: what was done to sentences, where that is known.
    """
    if len(answered) < 2:
        return None
    scored = {way: {each.query.id: score(each.query, each.answer, text_of) for each in answered[way]} for way in LABELS}
    contrasts = compare([System(way, scored[way]) for way in LABELS], SCORES)
    return {
        "ways": [_way(way, answered[way], scored[way], truth) for way in LABELS],
        "contrasts": [
            {
                "name": each.system,
                "score": each.score,
                "difference": round(each.difference.value, 6),
                "low": round(each.difference.interval.low, 6),
                "high": round(each.difference.interval.high, 6),
                "p": round(each.p, 6),
            }
            for each in contrasts
        ],
    }


def _way(
    way: Answering, outcomes: Sequence[Outcome], scored: Mapping[str, Mapping[str, float]], truth: Truth | None
) -> WayJson:
    writing = writing_json(outcomes, truth)
    ms = [each.answer["timing_ms"]["total"] for each in outcomes if each.answer]
    p50, p95 = (round(float(value), 3) for value in np.percentile(ms, [50, 95])) if ms else (None, None)
    return {
        "name": way,
        "label": LABELS[way],
        "scores": {name: score_json(each[name] for each in scored.values() if name in each) for name in SCORES},
        "ms_p50": p50,
        "ms_p95": p95,
        "share_struck": writing["share_struck"] if writing else None,
        "cost": writing["cost"] if writing else None,
    }
