"""Two linear models over hand-made features: which candidate answers, and whether it is right.

Their weights stand in `ranking.json`, written by `python -m eval.fit_reader` from the development halves only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from qa.features import FEATURES, LEXICAL, SIMILARITIES, Matrix

CONFIDENCE = (
    "held_near",
    "held_anywhere",
    "held_soft",
    "held_own",
    "weakest_noun_soft",
    "subject_soft",
    "contrast",
    "share_of_top",
    "similar_own",
    "kind_asked",
    "no_kind",
    "role_missing",
    "retrieval",
    "foreign",
)
"""Features of the confidence model; `qa.confidence` makes them."""


@dataclass(frozen=True, slots=True)
class RankingModel:
    """Weights of both models.

    Attributes:
        ranking: one weight a feature of `FEATURES`, float64.
        confidence: one weight a feature of `CONFIDENCE`, then the bias, float64.
        threshold: confidence under which the reader abstains.
    """

    ranking: NDArray[np.float64]
    confidence: NDArray[np.float64]
    threshold: float

    @classmethod
    def load(cls) -> RankingModel:
        """The weights that ship with the package."""
        return cls.from_json(json.loads(resources.files("qa").joinpath("ranking.json").read_text("utf-8")))

    @classmethod
    def from_json(cls, stored: Mapping[str, Mapping[str, float] | float]) -> RankingModel:
        """Weights by feature name; a feature that is not named weighs nothing.

        Raises:
            TypeError: if the parts have other shapes.
        """
        ranking, confidence, threshold = stored["ranking"], stored["confidence"], stored["threshold"]
        if not isinstance(ranking, Mapping) or not isinstance(confidence, Mapping) or isinstance(threshold, Mapping):
            raise TypeError("ranking and confidence map feature names to weights, threshold is a number")
        return cls(
            np.array([ranking.get(name, 0.0) for name in FEATURES]),
            np.array([confidence.get(name, 0.0) for name in (*CONFIDENCE, "bias")]),
            float(threshold),
        )

    def to_json(self) -> dict[str, dict[str, float] | float]:
        """What `from_json` reads, weights rounded to four digits."""
        return {
            "ranking": {name: round(float(weight), 4) for name, weight in zip(FEATURES, self.ranking, strict=True)},
            "confidence": {
                name: round(float(weight), 4)
                for name, weight in zip((*CONFIDENCE, "bias"), self.confidence, strict=True)
            },
            "threshold": self.threshold,
        }

    def shortlist(self, lexical: Matrix, size: int) -> list[int]:
        """Rows of the `size` best candidates before anything is encoded, best first; ties in row order."""
        scores = lexical @ self.ranking[: len(LEXICAL)]
        return [int(row) for row in np.argsort(-scores, kind="stable")[:size]]

    def scores(self, lexical: Matrix, similarities: Matrix) -> NDArray[np.float64]:
        """Scores of the shortlist; only their differences mean something."""
        return np.hstack([lexical, standardised(similarities)]) @ self.ranking

    def probability(self, features: Sequence[float]) -> float:
        """How probable it is that the answer is right, 0 to 1."""
        return 1.0 / (1.0 + math.exp(-float(np.dot((*features, 1.0), self.confidence))))


def standardised(similarities: Matrix) -> Matrix:
    """Similarities as tenths above the mean of the shortlist: encoders differ in level and spread, not in order.

    Args:
        similarities: `(n, 2)`, cosines as `SIMILARITIES` names them.
    """
    return (
        (similarities - similarities.mean(axis=0)) * 10
        if len(similarities)
        else similarities.reshape(0, len(SIMILARITIES))
    )
