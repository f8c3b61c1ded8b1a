from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from qa.reading.features import FEATURES, LEXICAL, SECOND
from qa.reading.ranking import CONFIDENCE, RankingModel
from qa.settings import Caution
from tests.support.fakes import weights

EMPTY = {
    **{part: {} for part in ("first", "ranking", "second", "confidence")},
    "thresholds": {"low": 0.1, "normal": 0.2, "high": 0.3},
}


def test_the_weights_of_the_package_name_every_feature_and_no_other() -> None:
    """A feature that came or went needs the shipped weights fitted again (`python -m training.fit.fit_reader`)."""
    stored = json.loads(resources.files("qa").joinpath("models/ranking.json").read_text("utf-8"))
    assert set(stored) == {"first", "ranking", "second", "confidence", "thresholds"}
    assert set(stored["first"]) == set(LEXICAL)
    assert set(stored["ranking"]) == set(FEATURES)
    assert set(stored["second"]) == set(SECOND)
    assert set(stored["confidence"]) == {*CONFIDENCE, "bias"}


def test_the_shipped_thresholds_rise_with_caution() -> None:
    """Of the shipped weights, as above."""
    thresholds = RankingModel.load().thresholds
    assert 0 < thresholds[Caution.LOW] <= thresholds[Caution.NORMAL] <= thresholds[Caution.HIGH] < 1


def test_json_round_trips() -> None:
    model = weights(0.1, 0.2, 0.3)
    stored = json.loads(json.dumps(model.to_json()))
    again = RankingModel.from_json(stored)
    assert again.to_json() == model.to_json() == stored
    np.testing.assert_array_equal(again.ranking, model.ranking)
    assert again.thresholds == {Caution.LOW: 0.1, Caution.NORMAL: 0.2, Caution.HIGH: 0.3}


def test_features_that_are_not_named_weigh_nothing() -> None:
    model = RankingModel.from_json({**EMPTY, "first": {"own": 2.0}, "ranking": {"span": 3.0}})
    assert (len(model.first), len(model.ranking)) == (len(LEXICAL), len(FEATURES))
    assert model.first[LEXICAL.index("own")] == model.first.sum() == 2.0
    assert model.ranking[FEATURES.index("span")] == model.ranking.sum() == 3.0
    assert model.probability([1.0] * len(CONFIDENCE)) == 0.5


def test_what_chooses_windows_is_weighed_before_anything_is_read() -> None:
    # The same columns come first in both, so that the features of reading are added behind those of wording.
    assert FEATURES[: len(LEXICAL)] == LEXICAL
    assert {name for name in FEATURES if name.startswith("span")} == set(FEATURES) - set(LEXICAL)


@pytest.mark.parametrize("missing", list(EMPTY))
def test_weights_that_lack_a_part_are_refused(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        RankingModel.from_json({part: each for part, each in EMPTY.items() if part != missing})


def test_every_caution_needs_its_threshold() -> None:
    with pytest.raises(KeyError, match="HIGH"):
        RankingModel.from_json({**EMPTY, "thresholds": {"low": 0.1, "normal": 0.2}})


def test_probability_is_the_logistic_function() -> None:
    model = RankingModel.from_json({**EMPTY, "confidence": {"held_near": 2.0, "bias": -1.0}})
    features = [1.0] + [0.0] * (len(CONFIDENCE) - 1)
    assert model.probability(features) == pytest.approx(1 / (1 + np.exp(-1.0)))
