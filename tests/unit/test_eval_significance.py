from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from eval.metrics.significance import bootstrap_interval, paired_difference, sign_flip_p

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(SCORES)
def test_an_interval_lies_within_the_values_and_is_ordered(values: list[float]) -> None:
    interval = bootstrap_interval(values, resamples=200)
    assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9


@given(st.floats(0, 1), st.integers(1, 30))
def test_equal_values_leave_no_doubt(value: float, n: int) -> None:
    interval = bootstrap_interval([value] * n, resamples=50)
    assert interval.low == pytest.approx(value)
    assert interval.high == pytest.approx(value)


@given(SCORES, st.integers(0, 2**32 - 1))
def test_the_same_seed_gives_the_same_interval(values: list[float], seed: int) -> None:
    first = bootstrap_interval(values, resamples=50, seed=seed)
    assert first == bootstrap_interval(values, resamples=50, seed=seed)


def test_the_order_of_questions_makes_no_difference() -> None:
    assert bootstrap_interval([0, 1, 1, 0.5]) == bootstrap_interval([1, 0.5, 0, 1])


def test_the_interval_of_a_share_is_near_the_normal_one() -> None:
    # 80 of 100 right: 0.8 ± 1.96 · sqrt(0.8 · 0.2 / 100) = 0.8 ± 0.0784
    interval = bootstrap_interval([1.0] * 80 + [0.0] * 20)
    assert interval.low == pytest.approx(0.8 - 0.0784, abs=0.011)
    assert interval.high == pytest.approx(0.8 + 0.0784, abs=0.011)


@pytest.mark.parametrize("values", [[0.0, 0.25, 0.25, 0.5, 1.0, 1.0, 1.0, 0.75, 0.0, 0.5] * 5, np.linspace(0, 1, 50)])
def test_drawing_counts_is_drawing_questions(values: NDArray[np.float64]) -> None:
    # The plain bootstrap, question by question, as the oracle; 0.01 is its own sampling error.
    values = np.asarray(values)
    rows = np.random.default_rng(1).integers(0, len(values), size=(20_000, len(values)))
    low, high = np.quantile(values[rows].mean(axis=1), [0.025, 0.975])
    interval = bootstrap_interval(values.tolist(), resamples=20_000)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.01)


@pytest.mark.parametrize(
    ("values", "level", "resamples", "message"),
    [
        ([], 0.95, 10, "at least one value"),
        ([math.nan], 0.95, 10, "finite"),
        ([1.0], 1.0, 10, "level"),
        ([1.0], 0.95, 0, "resamples"),
    ],
)
def test_arguments_out_of_range_are_refused(values: list[float], level: float, resamples: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(values, level=level, resamples=resamples)


def test_equal_systems_do_not_differ() -> None:
    difference = paired_difference([1, 0, 1], [1, 0, 1])
    assert (difference.value, difference.p, difference.n) == (0, 1, 3)
    assert (difference.interval.low, difference.interval.high) == (0, 0)


def test_the_p_value_of_a_clean_sweep_is_that_of_the_sign_test() -> None:
    # 6 questions lost, none won: only all signs equal reach the sum, 2 of 2^6 = 0.03125
    assert sign_flip_p(np.array([-1.0] * 6 + [0.0] * 20)) == pytest.approx(2 / 64, abs=0.006)


def test_wins_and_losses_of_equal_number_are_no_evidence() -> None:
    # The observed sum is 0, which every permutation reaches.
    assert sign_flip_p(np.array([1.0, -1.0, 0.5, -0.5])) == 1


def test_differences_of_several_sizes_are_flipped_apart() -> None:
    # |±1 ± 0.5| reaches 1.5 in 2 of 4 permutations.
    assert sign_flip_p(np.array([1.0, 0.5])) == pytest.approx(0.5, abs=0.02)


def test_a_difference_is_second_minus_first_with_its_interval_around_it() -> None:
    difference = paired_difference([1.0] * 20, [1.0] * 10 + [0.0] * 10)
    assert difference.value == -0.5
    assert difference.interval.low < -0.5 < difference.interval.high < 0
    assert difference.p < 0.01


def test_systems_with_different_questions_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="same questions, got 1 and 2"):
        paired_difference([1.0], [1.0, 0.0])


def test_many_resamples_of_many_values_are_drawn_block_by_block() -> None:
    values = np.linspace(0, 1, 300).tolist()
    # Standard error of the mean: sqrt(1/12 / 300) = 0.0167; 0.5 ± 1.96 · 0.0167.
    interval = bootstrap_interval(values, resamples=5_001)
    assert (interval.low, interval.high) == pytest.approx((0.4673, 0.5327), abs=0.003)
