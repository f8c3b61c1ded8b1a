from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.fusion import best, fuse, standardise


def test_best_puts_the_highest_first() -> None:
    assert best(np.array([0.1, 0.9, 0.5]), 2).tolist() == [1, 2]


def test_equal_scores_keep_the_order_of_rows_even_across_the_cut() -> None:
    assert best(np.array([1.0, 2.0, 1.0, 2.0, 1.0]), 4).tolist() == [1, 3, 0, 2]


def test_asking_for_more_than_there_is_gives_all() -> None:
    assert best(np.array([1.0, 2.0]), 9).tolist() == [1, 0]


def test_asking_for_none_gives_none() -> None:
    assert best(np.array([1.0, 2.0]), 0).tolist() == []


def test_the_best_of_nothing_is_nothing() -> None:
    assert best(np.zeros(0), 3).tolist() == []


@given(st.lists(st.integers(-3, 3), max_size=30), st.integers(0, 35))
def test_best_is_the_beginning_of_the_full_order(scores: list[int], k: int) -> None:
    full = sorted(range(len(scores)), key=lambda row: (-scores[row], row))
    assert best(np.array(scores, dtype=np.float64), k).tolist() == full[:k]


def test_z_scores_count_deviations_from_the_mean() -> None:
    # mean 3, deviations -2 0 2, variance 8/3, deviation 1.632993
    assert standardise(np.array([1.0, 3.0, 5.0])) == pytest.approx([-1.224745, 0.0, 1.224745], abs=1e-6)


@pytest.mark.parametrize("scores", [[0.7], [0.0, 0.0], [0.1, 0.1, 0.1], [1e9, 1e9, 1e9]])
def test_scores_that_do_not_differ_say_nothing(scores: list[float]) -> None:
    assert standardise(np.array(scores)).tolist() == [0.0] * len(scores)


def test_no_scores_stay_no_scores() -> None:
    assert standardise(np.zeros(0)).tolist() == []


def test_fusion_is_the_weighted_sum_of_z_scores() -> None:
    # dense z: -1, 1; lexical z: 1, -1; 0.75 · -1 + 0.25 · 1 = -0.5
    fused = fuse(np.array([0.2, 0.4]), np.array([9.0, 3.0]), 0.75)
    assert fused == pytest.approx([-0.5, 0.5])


def test_a_side_that_cannot_tell_leaves_the_order_to_the_other() -> None:
    fused = fuse(np.array([0.9, 0.8, 0.7]), np.array([0.0, 0.0, 0.0]), 0.3)
    assert best(fused, 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_weight_is_a_share(weight: float) -> None:
    with pytest.raises(ValueError, match="weight must be within 0 to 1"):
        fuse(np.zeros(1), np.zeros(1), weight)


def test_every_candidate_needs_both_scores() -> None:
    with pytest.raises(ValueError, match="both scores"):
        fuse(np.zeros(2), np.zeros(1), 0.5)
