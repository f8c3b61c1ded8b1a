from __future__ import annotations

import math

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.retrieval_metrics import DEFAULT_MEASURES, canonical, score_run
from eval.metrics.trec import Qrels, Run

MEASURES = (*DEFAULT_MEASURES, "R@3", "P@1", "Success@1", "AP@3", "nDCG", "nDCG@3", "nDCG@100")


def oracle(qrels: Qrels, run: Run, measures: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """What trec_eval says, through ir_measures; a question that it leaves out counts 0."""
    wanted = [ir_measures.parse_measure(name) for name in measures]
    scores: dict[str, dict[str, float]] = {query: dict.fromkeys(measures, 0.0) for query in qrels}
    provider = ir_measures.pytrec_eval
    for each in provider.iter_calc(
        wanted, {q: dict(g) for q, g in qrels.items()}, {q: dict(s) for q, s in run.items()}
    ):
        scores[each.query_id][str(each.measure)] = each.value
    return scores


def assert_equal(mine: dict[str, dict[str, float]], theirs: dict[str, dict[str, float]]) -> None:
    assert list(mine) == list(theirs)
    for query, values in mine.items():
        assert values == pytest.approx(theirs[query], abs=1e-9), query


DOCUMENTS = [f"d{n}" for n in range(14)]
QUERIES = ["q1", "q2", "q3"]
# Quarters, so that scores often tie, and equal in the 32 bits that trec_eval keeps of them.
RUNS = st.dictionaries(
    st.sampled_from([*QUERIES, "unjudged"]),
    st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(-8, 8).map(lambda n: n / 4), min_size=1),
)
# trec_eval itself never ends where every grade of a question is negative; one test below has that case.
GRADES = st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(-1, 3), min_size=1).filter(
    lambda g: max(g.values()) >= 0
)
QRELS = st.dictionaries(st.sampled_from([*QUERIES, "missing"]), GRADES, min_size=1)


@given(QRELS, RUNS)
@settings(max_examples=1000)
def test_every_measure_equals_trec_eval_with_ties_missing_and_unjudged(
    qrels: dict[str, dict[str, int]], run: dict[str, dict[str, float]]
) -> None:
    assert_equal(score_run(qrels, run, MEASURES), oracle(qrels, run, MEASURES))


@given(QRELS, RUNS)
@settings(max_examples=200)
def test_reciprocal_rank_with_a_cutoff_is_that_of_the_run_cut_off(
    qrels: dict[str, dict[str, int]], run: dict[str, dict[str, float]]
) -> None:
    cut = {
        query: dict(sorted(scores.items(), key=lambda item: (item[1], item[0]), reverse=True)[:2])
        for query, scores in run.items()
    }
    expected = {query: {"RR@2": each["RR"]} for query, each in oracle(qrels, cut, ("RR",)).items()}
    assert_equal(score_run(qrels, run, ["RR@2"]), expected)


def test_long_runs_of_real_scores_equal_trec_eval_too() -> None:
    generator = np.random.default_rng(7)
    run = {
        f"q{n}": {f"d{d}": float(np.float32(generator.normal())) for d in generator.permutation(500)[:100]}
        for n in range(50)
    }
    qrels = {
        f"q{n}": {f"d{d}": int(generator.integers(0, 4)) for d in generator.permutation(500)[:30]} for n in range(50)
    }
    assert_equal(score_run(qrels, run, MEASURES), oracle(qrels, run, MEASURES))


def test_a_ranking_worked_by_hand() -> None:
    # Ranked: b (0.9, grade 0), then a before c would be alphabetical, but of equal scores the greater id comes first:
    # c (grade 2), a (grade 1). d (grade 1) was not found.
    scores = score_run(
        {"q": {"a": 1, "c": 2, "d": 1}}, {"q": {"a": 0.5, "b": 0.9, "c": 0.5}}, ["R@2", "P@2", "RR", "AP", "nDCG@3"]
    )["q"]
    ideal = 2 + 1 / math.log2(3) + 1 / 2
    assert scores == pytest.approx(
        {
            "R@2": 1 / 3,  # c of a, c, d
            "P@2": 1 / 2,  # c of b, c
            "RR": 1 / 2,
            "AP": (1 / 2 + 2 / 3) / 3,
            "nDCG@3": (2 / math.log2(3) + 1 / 2) / ideal,
        }
    )


def test_a_judged_question_without_a_result_counts_nought_and_an_unjudged_one_not_at_all() -> None:
    scores = score_run({"asked": {"a": 1}, "lost": {"a": 1}}, {"asked": {"a": 1.0}, "other": {"a": 1.0}}, ["RR"])
    assert scores == {"asked": {"RR": 1.0}, "lost": {"RR": 0.0}}


@pytest.mark.parametrize("grades", [{"a": 0, "b": -1}, {"a": -1}])
def test_judgements_that_call_nothing_relevant_score_nought(grades: dict[str, int]) -> None:
    assert set(score_run({"q": grades}, {"q": {"a": 1.0}}, MEASURES)["q"].values()) == {0.0}


def test_no_judgements_give_no_scores() -> None:
    assert score_run({}, {"q": {"a": 1.0}}) == {}


@pytest.mark.parametrize("name", ["R", "P", "Success", "RR@0", "nDCG@", "ndcg@10", "Recall", "R@5 "])
def test_a_measure_that_does_not_exist_is_refused_with_those_that_do(name: str) -> None:
    with pytest.raises(ValueError, match="nDCG@k"):
        score_run({"q": {"a": 1}}, {}, [name])


@pytest.mark.parametrize("name", ["NDCG@10", "MRR@10", "MAP", "Recall@5", "Precision@1", "nDCG@10", "RR", "R@5", "P@1"])
def test_a_measure_goes_by_the_names_that_ir_measures_knows(name: str) -> None:
    assert canonical(name) == str(ir_measures.parse_measure(name))
    assert list(score_run({"q": {"d": 1}}, {"q": {"d": 1.0}}, [name])["q"]) == [name]
