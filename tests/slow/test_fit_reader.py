from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from eval.records import Query
from index.encoding.caching import RememberingEncoder
from index.records import Document, Span
from index.store.passage_index import PassageIndex
from qa.reading.extractive_reader import ExtractiveReader
from qa.reading.features import FEATURES, LEXICAL, SECOND, places
from qa.reading.model_input import Window
from qa.reading.ranking import RankingModel
from qa.reading.span_model import Support
from qa.settings import Caution
from tests.support.fakes import FakeSpans, HashEncoder, weights
from training.fit.fit_reader import (
    REFUSED,
    Ranked,
    RememberingSpans,
    _unseen_scores,
    answering,
    answers,
    askings,
    development_sets,
    fit,
    fit_logistic,
    fit_ranking,
    ranked,
    second,
    worded,
)

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


def test_the_candidates_that_answer_are_told_in_their_order() -> None:
    found = places(INDEX.search("光伏", 5))
    told = answering(QUERIES[0], found)
    assert told.dtype == np.bool_ and told.tolist() == [answers(QUERIES[0], place) for place in found]
    assert "70MW" in (right := {place.text for place, hit in zip(found, told, strict=True) if hit})
    assert all("70MW" in text and "180MW" not in text for text in right)


def test_nothing_answers_what_has_no_answer_or_no_candidates() -> None:
    found = places(INDEX.search("光伏", 5))
    assert not answering(QUERIES[3], found).any()


def test_what_is_fitted_on_has_the_features_of_its_model() -> None:
    asking = next(askings(INDEX, QUERIES))
    reader = ExtractiveReader(INDEX, FakeSpans(), weights())
    made = (worded(asking), ranked(asking, reader), second(asking, reader))
    for each, names in zip(made, (LEXICAL, FEATURES, SECOND), strict=True):
        assert each is not None and each.features.shape == (len(each.right), len(names))
        assert each.right.any() and not each.right.all()


def test_the_second_look_is_fitted_on_what_the_network_says_of_each_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.reading.second_look.LAG", 99.0)  # the others rank far behind
    asking = next(askings(INDEX, QUERIES))
    reader = ExtractiveReader(INDEX, FakeSpans({"光伏装机": "70MW"}), weights())
    made = second(asking, reader)
    assert made is not None
    support = made.features[:, SECOND.index("support")]
    assert support[made.right].min() > support[~made.right].max()


def test_a_question_without_its_evidence_is_not_fitted_on() -> None:
    _, robbed, *_ = askings(INDEX, QUERIES)
    assert worded(robbed) is None
    reader = ExtractiveReader(INDEX, FakeSpans(), weights())
    assert ranked(robbed, reader) is None and second(robbed, reader) is None


def test_a_fitted_model_round_trips_through_json_and_is_the_same_each_time() -> None:
    development = list(askings(INDEX, QUERIES))
    model = fit(development, FakeSpans(), REFUSED)
    assert RankingModel.from_json(json.loads(json.dumps(model.to_json()))).to_json() == model.to_json()
    assert fit(development, FakeSpans(), REFUSED).to_json() == model.to_json()
    assert all(np.isfinite(part).all() for part in (model.first, model.ranking, model.second, model.confidence))


def test_a_score_is_of_a_model_that_has_not_seen_the_question() -> None:
    random = np.random.default_rng(3)
    features, folds = random.normal(size=(60, 30)), np.arange(60) % 10
    right = random.integers(0, 2, 60).astype(float)  # noise: there is nothing to learn
    scores = _unseen_scores(features, right, np.ones(60), folds)
    seen = np.hstack([features, np.ones((60, 1))]) @ fit_logistic(features, right, np.ones(60))
    assert ((seen > 0) == right).mean() > 0.8  # by heart
    assert 0.3 < ((scores > 0) == right).mean() < 0.7
    others = right.copy()
    others[0] = 1 - others[0]  # the verdict on the first changes no score of its own part
    again = _unseen_scores(features, others, np.ones(60), folds)
    np.testing.assert_array_equal(again[folds == 0], scores[folds == 0])
    assert (again[folds != 0] != scores[folds != 0]).all()


def test_a_window_is_read_once() -> None:
    spans = FakeSpans()
    remembering, windows = RememberingSpans(spans), [Window("t", (), text) for text in ("甲。", "乙。", "甲。")]
    first, again = remembering.read("问", windows), remembering.read("问", windows[:1])
    assert [window.text for _, window in spans.seen] == ["甲。", "乙。"]
    assert first[0] is first[2] is again[0] and first[0] is not first[1]


def test_a_candidate_is_judged_once() -> None:
    asked: list[tuple[Window, Span]] = []

    class Counting(FakeSpans):
        def judge(self, question: str, marked: Sequence[tuple[Window, Span]]) -> list[Support]:
            asked.extend(marked)
            return super().judge(question, marked)

    window = Window("t", (), "甲乙。")
    one, other = (window, Span(0, 1)), (window, Span(1, 2))
    remembering = RememberingSpans(Counting({"问": "甲"}))
    first, again = remembering.judge("问", [one, other, one]), remembering.judge("问", [one])
    assert asked == [one, other]
    assert first[0] is first[2] is again[0] and (first[0].answers, first[1].answers) == (4.0, -4.0)


def test_more_caution_is_a_higher_threshold() -> None:
    model = fit(list(askings(INDEX, QUERIES)), FakeSpans(), {**REFUSED, Caution.HIGH: 0.9})
    low, normal, high = (model.thresholds[caution] for caution in Caution)
    assert 0 <= low <= normal <= high <= 1


def test_without_other_corpora_the_sample_document_is_fitted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.fit.fit_reader.askings", lambda index, queries: iter(queries))
    queries = list(development_sets(tmp_path / "none", ENCODER))
    assert queries and {query.split for query in queries} == {"dev"}
    assert str(tmp_path / "none") in capsys.readouterr().err
