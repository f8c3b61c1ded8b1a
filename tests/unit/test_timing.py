"""Stages are measured where they happen, each for itself, and only where somebody measures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qa.timing import during, measuring, stage


class Clock:
    """A clock that goes on only when time is spent, so that no test depends on the machine."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def spend(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("qa.timing.perf_counter", clock)
    return clock


def test_a_stage_within_another_counts_for_itself_alone(clock: Clock) -> None:
    with measuring() as watch:
        with stage("read"):
            clock.spend(0.01)
            with stage("verify"):
                clock.spend(0.04)
        with stage("read"):
            pass
    assert watch.seconds == pytest.approx({"read": 0.01, "verify": 0.04})


def test_what_others_do_with_an_item_is_no_part_of_the_stage(clock: Clock) -> None:
    def items() -> Iterator[int]:
        for n in range(3):
            clock.spend(0.002)
            yield n

    with measuring() as watch:
        seen = []
        for item in during("read", items()):
            seen.append(item)
            clock.spend(0.05)
    assert seen == [0, 1, 2] and watch.seconds == pytest.approx({"read": 0.006})


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
