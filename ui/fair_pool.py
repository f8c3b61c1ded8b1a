"""A fair thread pool: visitors take turns, and none can take all threads or waiting places."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from ui.errors import BUSY, Busy, TooMany

T = TypeVar("T")
Work = tuple[Future[Any], Callable[[], Any]]


class FairPool:
    """Runs work in a few threads, of one party after the other."""

    def __init__(self, workers: int, name: str) -> None:
        self._most = max(1, workers - 1)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._lock = Lock()
        self._waiting: dict[str | None, deque[Work]] = {}
        self._running: Counter[str | None] = Counter()

    def submit(self, party: str | None, work: Callable[[], T]) -> Future[T]:
        """Run `work` in its party's turn: of one party one thread less than there are, of the owner (None) all."""
        future: Future[T] = Future()
        with self._lock:
            # In the context of whoever wants it: what is logged there has the number of their request.
            self._waiting.setdefault(party, deque()).append((future, partial(copy_context().run, work)))
        self._pool.submit(self._run)
        return future

    def waiting(self, party: str | None) -> int:
        """Return how much work of a party waits."""
        with self._lock:
            return sum(not future.cancelled() for future, _ in self._waiting.get(party, ()))

    def waiting_in_all(self) -> int:
        """Return how much work waits."""
        with self._lock:
            return sum(not future.cancelled() for queue in self._waiting.values() for future, _ in queue)

    def shutdown(self) -> None:
        """Cancel what waits, and waits for what runs."""
        with self._lock:
            left = [future for queue in self._waiting.values() for future, _ in queue]
            self._waiting.clear()
        for future in left:
            future.cancel()
        self._pool.shutdown()

    def _run(self) -> None:
        """Work as long as there is work that may be done: what has to wait is done by the thread that ends first."""
        while (taken := self._take()) is not None:
            party, (future, work) = taken
            try:
                if future.set_running_or_notify_cancel():
                    _settle(future, work)
            finally:
                with self._lock:
                    self._running[party] -= 1

    def _take(self) -> tuple[str | None, Work] | None:
        with self._lock:
            for party, queue in self._waiting.items():
                if party is None or self._running[party] < self._most:
                    work = queue.popleft()
                    del self._waiting[party]
                    if queue:  # behind the others again
                        self._waiting[party] = queue
                    self._running = +self._running
                    self._running[party] += 1
                    return party, work
        return None


class Aside:
    """Work beside answering, in threads of its own: what is slow there, or comes in masses, keeps no answer waiting.

    Only so much may wait; of one visitor a quarter of it, but for the owner's.
    """

    def __init__(self, workers: int, name: str, waiting: int) -> None:
        self._pool = FairPool(workers, name)
        self._waiting = waiting

    async def run(self, party: str | None, work: Callable[[], T]) -> T:
        """Return what `work` gives.

        Raises:
            Busy: if too much waits.
            TooMany: if too much of this party waits.
        """
        if self._pool.waiting_in_all() >= self._waiting:
            raise Busy(BUSY)
        if party is not None and self._pool.waiting(party) >= self._waiting // 4:
            raise TooMany("您的请求过于频繁，请稍后再试。", 5)
        return await asyncio.wrap_future(self._pool.submit(party, work))

    def close(self) -> None:
        """Cancel what waits, and waits for what runs."""
        self._pool.shutdown()


def _settle(future: Future[T], work: Callable[[], T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - it is the future that has it
        future.set_exception(error)
    else:
        future.set_result(result)
