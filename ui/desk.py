"""The desk where questions queue: answering is CPU-bound, so it runs in a few threads behind a bounded queue."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

from index.errors import YijuError
from qa.answers import Answer
from qa.protocols import Answerer
from ui.errors import AnswerFailed, Busy
from ui.metrics import Metrics
from ui.unavailable import Unavailable

log = logging.getLogger(__name__)

Work = Callable[[], Iterator[Answer]]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One question at work: snapshots come out of `mail`, `None` behind the last, an error in its place."""

    mail: asyncio.Queue[Answer | Exception | None]
    loop: asyncio.AbstractEventLoop
    stopped: Event = field(default_factory=Event)

    def send(self, item: Answer | Exception | None) -> None:
        """Hands `item` to the event loop, from a worker thread; dropped once nobody listens."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.mail.put_nowait, item)


class Desk:
    """Takes questions, answers a few at a time, keeps a bounded number waiting, turns the rest away.

    Attributes:
        answerer: who answers.
        metrics: what was counted so far.
        waiting: how many questions may wait.
    """

    def __init__(self, answerer: Answerer, *, workers: int | None = None, waiting: int = 64) -> None:
        self.answerer = answerer
        self.metrics = Metrics()
        self.waiting = waiting
        self._workers = workers or min(4, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="answer")
        self._jobs: set[_Job] = set()
        self._closing = False

    @property
    def in_flight(self) -> int:
        """Questions being answered or waiting right now."""
        return len(self._jobs)

    def problem(self) -> str | None:
        """Why no question can be answered at the moment, in Chinese; None if it can."""
        if self._closing:
            return "服务正在关闭。"
        if isinstance(self.answerer, Unavailable):
            return str(self.answerer.error)
        if not self.answerer.documents():
            return "索引里没有文档，请先用 yiju-index build 建立索引。"
        return None

    async def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """One complete answer; raises what `stream` raises."""
        snapshots = [answer async for answer in self._run(lambda: iter((self.answerer.ask(question, history),)))]
        return snapshots[-1]

    def stream(self, question: str, history: Sequence[str] = ()) -> AsyncIterator[Answer]:
        """Growing snapshots, the last one complete; leaving the loop early stops the work.

        Raises:
            ValueError: if the question is empty or too long; the message is fit for a user's eyes.
            Busy: if too many questions are waiting.
            YijuError: if the world fails, e.g. a model that does not answer.
        """
        return self._run(lambda: self.answerer.stream(question, history))

    async def close(self) -> None:
        """Takes no more questions, stops the running ones at their next snapshot and waits for them."""
        self._closing = True
        for job in tuple(self._jobs):
            job.stopped.set()
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def _run(self, work: Work) -> AsyncIterator[Answer]:
        self._admit()
        job = _Job(asyncio.Queue(), asyncio.get_running_loop())
        self._jobs.add(job)
        future = self._pool.submit(self._answer, job, work, time.perf_counter())
        future.add_done_callback(lambda done: _leave(job, done, self._jobs))
        try:
            while (item := await job.mail.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            job.stopped.set()
            future.cancel()

    def _admit(self) -> None:
        if self._closing or len(self._jobs) >= self._workers + self.waiting:
            self.metrics.refused("busy")
            raise Busy("现在提问的人太多，请稍后再试。")

    def _answer(self, job: _Job, work: Work, since: float) -> None:
        """Runs in a worker thread. It is the outermost handler there, hence the one broad `except`."""
        try:
            self._deliver(job, work, since)
        except (ValueError, YijuError) as error:
            self.metrics.refused("invalid" if isinstance(error, ValueError) else "failed")
            job.send(error)
        except Exception:
            self.metrics.refused("failed")
            log.exception("answering failed")
            job.send(AnswerFailed("回答时出了错，已记入日志，请稍后再试。"))

    def _deliver(self, job: _Job, work: Work, since: float) -> None:
        last: Answer | None = None
        for answer in work():
            if job.stopped.is_set():
                return
            job.send(last := answer)
        if last is None:
            raise RuntimeError("the answerer gave no answer at all")
        self.metrics.answered(last, time.perf_counter() - since)


def _leave(job: _Job, done: Future[None], jobs: set[_Job]) -> None:
    """Ends the job's mail; called from the worker thread, or from whoever cancelled the waiting job."""
    jobs.discard(job)
    job.send(Busy("服务正在关闭，请稍后再试。") if done.cancelled() else None)
