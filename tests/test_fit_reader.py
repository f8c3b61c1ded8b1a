from __future__ import annotations

import json

import numpy as np
import pytest

from eval.fit_reader import Ranked, answers, askings, fit, fit_logistic, fit_ranking
from eval.records import Query
from index.passage_index import PassageIndex
from index.records import Document
from index.remembering import RememberingEncoder
from qa.features import FEATURES, places
from qa.ranking import RankingModel
from tests.fakes import HashEncoder

TEXT = "风电计划装机容量180MW。光伏发电计划装机容量70MW。水电新增装机容量1200MW。总投资5亿元。"
ENCODER = RememberingEncoder(HashEncoder(dim=64))
INDEX = PassageIndex.build([Document("d", "綦江区方案", TEXT, "方案.txt")], ENCODER)
QUERIES = [
    Query("q1", "光伏装机容量是多少", (("70MW",),), ("光伏发电计划装机容量70MW",), True, "number"),
    Query("q2", "风电装机容量是多少", (("180MW",),), ("风电计划装机容量180MW",), True, "number"),
    Query("q3", "水电装机容量是多少", (("1200MW",),), ("水电新增装机容量1200MW",), True, "number"),
    Query("q4", "核电装机容量是多少", (), (), False, "unanswerable"),
]


def examples(separating: str) -> list[Ranked]:
    """Twenty questions of five candidates: noise everywhere, and one feature that is 1 for the right one only."""
    random = np.random.default_rng(7)
    made = []
    for number in range(20):
        features = random.normal(size=(5, len(FEATURES)))
        right = np.arange(5) == number % 5
        features[:, FEATURES.index(separating)] = right
        made.append(Ranked(features, right))
    return made


def test_ranking_learns_the_feature_that_separates() -> None:
    weights = fit_ranking(examples("label_asked"))
    assert FEATURES[int(np.argmax(weights))] == "label_asked"
    assert all(np.argmax(each.features @ weights) == np.argmax(each.right) for each in examples("label_asked"))


def test_fitting_is_deterministic() -> None:
    np.testing.assert_array_equal(fit_ranking(examples("own")), fit_ranking(examples("own")))


def test_logistic_regression_finds_the_boundary_on_raw_features() -> None:
    features = np.arange(10.0)[:, None]
    right = (features[:, 0] >= 5).astype(float)
    slope, bias = fit_logistic(features, right, np.ones(10), decay=0.01)
    assert slope > 0
    assert -bias / slope == pytest.approx(4.5, abs=0.1)  # half way between 4 and 5


def test_a_feature_that_never_varies_does_no_harm() -> None:
    weights = fit_logistic(np.ones((4, 1)), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4))
    assert np.isfinite(weights).all()


def test_every_answerable_question_is_asked_again_without_its_evidence() -> None:
    made = list(askings(INDEX, QUERIES))
    assert [(each.query.id, each.evidence) for each in made] == [
        ("q1", True), ("q1", False), ("q2", True), ("q2", False), ("q3", True), ("q3", False), ("q4", True)
    ]  # fmt: skip  # one question a pair
    assert all("70MW" not in hit.passage.text for hit in made[1].hits)


def test_a_candidate_answers_only_from_evidence_and_when_it_is_narrow() -> None:
    found = {place.text: place for place in places(INDEX.search("光伏", 5))}
    assert answers(QUERIES[0], found["70MW"])
    assert not answers(QUERIES[0], found["180MW"])
    assert not answers(QUERIES[3], found["70MW"])


def test_a_fitted_model_round_trips_through_json_and_is_the_same_each_time() -> None:
    development = list(askings(INDEX, QUERIES))
    model = fit(development, ENCODER, 0.0)
    assert 0 <= model.threshold <= 1
    assert RankingModel.from_json(json.loads(json.dumps(model.to_json()))).to_json() == model.to_json()
    assert fit(development, ENCODER, 0.0).to_json() == model.to_json()
