from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from qa.features import FEATURES, LEXICAL
from qa.ranking import CONFIDENCE, RankingModel, standardised


def test_the_weights_of_the_package_name_every_feature_and_no_other() -> None:
    stored = json.loads(resources.files("qa").joinpath("ranking.json").read_text("utf-8"))
    assert set(stored["ranking"]) == set(FEATURES)
    assert set(stored["confidence"]) == {*CONFIDENCE, "bias"}
    assert 0 < stored["threshold"] < 1


def test_json_round_trips() -> None:
    model = RankingModel.load()
    assert RankingModel.from_json(json.loads(json.dumps(model.to_json()))).to_json() == model.to_json()


def test_features_that_are_not_named_weigh_nothing() -> None:
    model = RankingModel.from_json({"ranking": {"own": 2.0}, "confidence": {}, "threshold": 0.5})
    assert model.ranking.sum() == 2.0
    assert model.probability([1.0] * len(CONFIDENCE)) == 0.5


def test_other_shapes_are_refused() -> None:
    with pytest.raises(TypeError):
        RankingModel.from_json({"ranking": 1.0, "confidence": {}, "threshold": 0.5})


def test_the_shortlist_is_best_first_and_keeps_the_order_of_ties() -> None:
    model = RankingModel.from_json({"ranking": {"own": 1.0}, "confidence": {}, "threshold": 0.0})
    lexical = np.zeros((4, len(LEXICAL)))
    lexical[:, FEATURES.index("own")] = [0.1, 0.9, 0.1, 0.5]
    assert model.shortlist(lexical, 3) == [1, 3, 0]


def test_scores_weigh_similarities_above_the_mean_of_the_shortlist() -> None:
    model = RankingModel.from_json({"ranking": {"similar_own": 1.0}, "confidence": {}, "threshold": 0.0})
    similarities = np.array([[0.9, 0.5], [0.8, 0.5]])
    # (0.9 - 0.85) * 10 and (0.8 - 0.85) * 10
    np.testing.assert_allclose(model.scores(np.zeros((2, len(LEXICAL))), similarities), [0.5, -0.5])


def test_standardising_takes_the_level_of_an_encoder_away() -> None:
    similarities = np.array([[0.1, 0.2], [0.3, 0.6]])
    np.testing.assert_allclose(standardised(similarities), standardised(similarities + 0.3))
    assert standardised(np.empty((0, 2))).shape == (0, 2)


def test_probability_is_the_logistic_function() -> None:
    model = RankingModel.from_json({"ranking": {}, "confidence": {"held_near": 2.0, "bias": -1.0}, "threshold": 0.0})
    features = [1.0] + [0.0] * (len(CONFIDENCE) - 1)
    assert model.probability(features) == pytest.approx(1 / (1 + np.exp(-1.0)))
