"""Linear models over features: which windows are worth reading, which candidate answers, and whether it is right.

Their weights stand in `ranking.json`, written by `python -m training.fit.fit_reader` from the development halves only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from qa.reading.features import FEATURES, LEXICAL, SECOND
from qa.settings import Caution

CONFIDENCE = (
    "held_near",
    "unmeasured",
    "span",
    "span_window",
    "no_kind",
    "retrieval",
    "support",
)
"""Features of the confidence model; `qa.reading.confidence` makes them."""


@dataclass(frozen=True, slots=True)
class RankingModel:
    """Weights of all models.

    Attributes:
        first: one weight a feature of `LEXICAL`, float64: chooses what is read.
        ranking: one weight a feature of `FEATURES`, float64.
        second: one weight a feature of `SECOND`, float64: chooses among the candidates that are read again.
        confidence: one weight a feature of `CONFIDENCE`, then the bias, float64.
        thresholds: for each caution the confidence under which the reader abstains.
    """

    first: NDArray[np.float64]
    ranking: NDArray[np.float64]
    second: NDArray[np.float64]
    confidence: NDArray[np.float64]
    thresholds: Mapping[Caution, float]

    @classmethod
    def load(cls) -> RankingModel:
        """Return the weights that ship with the package."""
        return cls.from_json(json.loads(resources.files("qa").joinpath("models/ranking.json").read_text("utf-8")))

    @classmethod
    def from_json(cls, stored: Mapping[str, Mapping[str, float]]) -> RankingModel:
        """Return weights by feature name; a feature that is not named weighs nothing."""
        first, ranking, second, confidence = (
            np.array([stored[part].get(name, 0.0) for name in names]) for part, names in _PARTS.items()
        )
        return cls(first, ranking, second, confidence, {caution: stored["thresholds"][caution] for caution in Caution})

    @classmethod
    def blank(cls) -> RankingModel:
        """Return weights of nothing, which never abstain: where fitting starts."""
        return cls.from_json({**{part: {} for part in _PARTS}, "thresholds": dict.fromkeys(Caution, 0.0)})

    def to_json(self) -> dict[str, dict[str, float]]:
        """Return what `from_json` reads, weights rounded to four digits."""
        parts = zip(_PARTS.items(), (self.first, self.ranking, self.second, self.confidence), strict=True)
        named = {
            part: {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}
            for (part, names), weights in parts
        }
        return {**named, "thresholds": {caution.value: value for caution, value in self.thresholds.items()}}

    def probability(self, features: Sequence[float]) -> float:
        """Return how probable it is that the answer is right, 0 to 1."""
        return 1.0 / (1.0 + math.exp(-float(np.dot((*features, 1.0), self.confidence))))


_PARTS: Mapping[str, Sequence[str]] = {
    "first": LEXICAL,
    "ranking": FEATURES,
    "second": SECOND,
    "confidence": (*CONFIDENCE, "bias"),
}
