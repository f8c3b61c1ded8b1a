from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.calibration import ReliabilityBin, expected_calibration_error, reliability_bins


def test_bins_hold_mean_confidence_and_share_of_right_answers() -> None:
    bins = reliability_bins([0.8, 0.9, 0.1, 1.0], [True, False, False, True], bins=2)
    low, high = bins
    assert low == ReliabilityBin(0.0, 0.5, 1, 0.1, 0.0)
    assert (high.low, high.high, high.n) == (0.5, 1.0, 3)
    assert high.confidence == pytest.approx(0.9)
    assert high.accuracy == pytest.approx(2 / 3)


def test_the_error_weighs_bins_by_their_answers() -> None:
    # bin 1: 1 answer, |0.1 − 0| = 0.1; bin 2: 3 answers, |0.9 − 2/3| = 0.2333; (0.1 + 3 · 0.2333) / 4 = 0.2
    bins = reliability_bins([0.8, 0.9, 0.1, 1.0], [True, False, False, True], bins=2)
    assert expected_calibration_error(bins) == pytest.approx(0.2)


def test_confidence_that_is_the_share_of_right_answers_has_no_error() -> None:
    bins = reliability_bins([0.75] * 4, [True, True, True, False])
    assert expected_calibration_error(bins) == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.integers(1, 20))
def test_every_answer_falls_into_one_bin_and_the_error_is_a_share(answers: list[tuple[float, bool]], n: int) -> None:
    bins = reliability_bins([each[0] for each in answers], [each[1] for each in answers], n)
    assert sum(each.n for each in bins) == len(answers)
    assert 0 <= expected_calibration_error(bins) <= 1


@pytest.mark.parametrize(
    ("confidences", "right", "bins", "message"),
    [
        ([0.5], [], 10, "one verdict per confidence"),
        ([1.2], [True], 10, r"confidence must lie in \[0, 1\]"),
        ([float("nan")], [True], 10, r"confidence must lie in \[0, 1\]"),
        ([0.5], [True], 0, "bins must be at least 1"),
    ],
)
def test_arguments_out_of_range_are_refused(
    confidences: list[float], right: list[bool], bins: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        reliability_bins(confidences, right, bins)


def test_no_answers_have_no_calibration() -> None:
    with pytest.raises(ValueError, match="at least one answer"):
        expected_calibration_error([])
