from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.calibration import (
    ReliabilityBin,
    area_under_risk_coverage,
    expected_calibration_error,
    reliability_bins,
    risk_coverage,
)


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


def test_risk_falls_as_the_less_confident_answers_are_withheld() -> None:
    # Five asked, four answered. 0.9 right; the two at 0.6 come together, one wrong; 0.3 wrong.
    points = risk_coverage([0.6, 0.9, 0.3, 0.6], [False, True, False, True], questions=5)
    assert [(point.confidence, point.coverage, point.risk) for point in points] == [
        (0.9, 1 / 5, 0.0),
        (0.6, 3 / 5, 1 / 3),
        (0.3, 4 / 5, 2 / 4),
    ]
    # One answer at risk 0, two at 1/3, one at 1/2.
    assert area_under_risk_coverage(points) == pytest.approx((0 + 2 / 3 + 1 / 2) / 4)


def test_a_confidence_that_ranks_wrong_answers_last_has_the_smaller_area() -> None:
    right = [True, True, False]
    good, bad = (risk_coverage(confidences, right, 3) for confidences in ([0.9, 0.8, 0.1], [0.1, 0.2, 0.9]))
    assert area_under_risk_coverage(good) == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert area_under_risk_coverage(bad) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


def test_without_answers_there_is_no_curve() -> None:
    assert risk_coverage([], [], 3) == []
    with pytest.raises(ValueError, match="at least one answer"):
        area_under_risk_coverage([])


def test_more_answers_than_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="question per answer"):
        risk_coverage([0.5], [True], 0)
