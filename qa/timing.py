"""Measure how long the stages of an answer take, for callers that ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from time import perf_counter
from typing import Literal, TypeVar

Stage = Literal["interpret", "retrieve", "read", "verify"]
STAGES: tuple[Stage, ...] = ("interpret", "retrieve", "read", "verify")
"""Understanding the turn; finding passages; finding the answer in them; quoting it and checking the quote."""

Item = TypeVar("Item")
_END = object()


class Stopwatch:
    """What was measured.

    Attributes:
        seconds: by stage; a stage within another counts for itself alone.
        spans: by stage, when it first began and last ended, as `perf_counter` counts.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.spans: dict[str, tuple[float, float]] = {}
        self._within = 0.0  # seconds of stages that ended inside the one that runs

    @contextmanager
    def run(self, stage: Stage) -> Iterator[None]:
        """Measure the block."""
        outer, self._within = self._within, 0.0
        start = perf_counter()
        try:
            yield
        finally:
            end = perf_counter()
            spent = end - start
            self.spans[stage] = (self.spans.get(stage, (start, end))[0], end)
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent - self._within
            self._within = outer + spent


_watch: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


@contextmanager
def measuring() -> Iterator[Stopwatch]:
    """Gather what the block's stages take, as far as they happen in this thread."""
    token = _watch.set(watch := Stopwatch())
    try:
        yield watch
    finally:
        _watch.reset(token)


@contextmanager
def stage(name: Stage) -> Iterator[None]:
    """Measure the block as a stage if a stopwatch runs."""
    watch = _watch.get()
    with watch.run(name) if watch else nullcontext():
        yield


def during(name: Stage, items: Iterable[Item]) -> Iterator[Item]:
    """Yield the same items; producing each counts as part of a stage, using it does not."""
    iterator = iter(items)
    while True:
        with stage(name):
            item = next(iterator, _END)
        if item is _END:
            return
        yield item  # type: ignore[misc]  # the sentinel has been told apart
