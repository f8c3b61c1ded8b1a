"""Stages are measured where they happen, each for itself, and only where somebody measures."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from qa.timing import during, measuring, stage


def spend(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_a_stage_within_another_counts_for_itself_alone() -> None:
    with measuring() as watch:
        with stage("read"):
            spend(0.01)
            with stage("verify"):
                spend(0.04)
        with stage("read"):
            pass
    assert watch.seconds["verify"] >= 0.04
    assert 0.01 <= watch.seconds["read"] < watch.seconds["verify"]


def test_what_others_do_with_an_item_is_no_part_of_the_stage() -> None:
    def items() -> Iterator[int]:
        for n in range(3):
            spend(0.002)
            yield n

    with measuring() as watch:
        seen = []
        for item in during("read", items()):
            seen.append(item)
            spend(0.05)
    assert seen == [0, 1, 2] and 0.006 <= watch.seconds["read"] < 0.1


def test_nobody_measures_nothing_is_kept_and_measurements_do_not_mix() -> None:
    with stage("read"):
        pass
    with measuring() as outer:
        with measuring() as inner, stage("interpret"):
            pass
        with stage("retrieve"):
            pass
    assert (set(inner.seconds), set(outer.seconds)) == ({"interpret"}, {"retrieve"})


def test_a_stage_that_fails_is_measured_and_the_error_goes_on() -> None:
    with measuring() as watch, pytest.raises(RuntimeError, match="broken"), stage("read"):
        raise RuntimeError("broken")
    assert "read" in watch.seconds
