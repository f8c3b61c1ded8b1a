"""Reload the index of a running server: the new one is opened, then replaces the old one.

Questions at work hold on to the assistant that they began with, so that none is lost and none sees half of each;
the old one is let go with the last of them. An index that cannot be opened changes nothing but `/api/health`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread

from index.errors import StoreUnavailable, YijuError
from index.protocols import Store
from qa.protocols import Answerer
from ui.answer_queue import AnswerQueue
from ui.unavailable import Unavailable

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two looks at the manifest."""

RETRY = 10
"""How many looks pass before an index that could not be opened is tried again, if it stayed the same."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where answers come from."""

    store: Store  # the index
    open: Callable[[], Answerer]  # makes an answerer of what lies there now
    stamp: str | None  # of what was opened first; taken before it was opened


def stamp_of(store: Store) -> str | None:
    """Tell one state of an index from another; None where there is none, or its server does not answer."""
    with suppress(StoreUnavailable):
        return store.stamp()
    return None


class Reloader:
    """Gives an answer queue the index that lies on disk; the queue's `warning` says why not."""

    def __init__(self, queue: AnswerQueue, source: Source) -> None:
        self._queue = queue
        self._source = source
        self._lock = Lock()
        self._stamp = source.stamp
        self._failed: tuple[str | None, int] | None = None  # what could not be opened, and looks left to pass

    def look(self) -> bool:
        """Look once, and take a new index up. Returns whether one was. Threads may look at the same time."""
        with self._lock:
            return self._look()

    def _look(self) -> bool:
        try:
            stamp = self._source.store.stamp()
        except StoreUnavailable as error:
            self._queue.outage = str(error)
            return False
        self._queue.outage = None
        absent = isinstance(self._queue.answerer, Unavailable)  # a model that was missing may be back
        if stamp == self._stamp and not absent:
            self._settle(None)
            return False
        if self._failed and self._failed[0] == stamp and self._failed[1] > 0:
            self._failed = (stamp, self._failed[1] - 1)
            return False
        try:
            answerer = self._source.open()
        except (YijuError, ValueError, OSError) as error:
            self._failed = (stamp, RETRY)
            if not absent:
                self._settle(f"索引有变动，但无法打开：{error}现在仍用原来的索引回答。")
            elif isinstance(error, YijuError):
                self._queue.answerer = Unavailable(error)
            return False
        self._queue.answerer, self._stamp = answerer, stamp
        self._settle(None)
        return True

    def _settle(self, warning: str | None) -> None:
        if warning is None:
            self._failed = None
        elif warning != self._queue.warning:
            log.warning(warning)
        self._queue.warning = warning


@contextmanager
def reloading(reloader: Reloader | None, every: float = EVERY) -> Iterator[None]:
    """Keep an answer queue up to date in a thread of its own, looking every few seconds while the block runs."""
    if reloader is None:
        yield
        return
    stopped = Event()
    thread = Thread(target=_watch, args=(reloader, stopped, every), name="reload", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(every)  # one that is opening an index is left to end with the process


def _watch(reloader: Reloader, stopped: Event, every: float) -> None:
    """Run the thread. It is the outermost handler there, hence the one broad `except`."""
    while not stopped.wait(every):
        try:
            reloader.look()
        except Exception:
            log.exception("looking for a new index failed")
