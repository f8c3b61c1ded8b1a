"""The answer queue: answering is CPU-bound, so a few threads answer and a bounded number of questions wait."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

from index.errors import YijuError
from index.filters import Filter
from index.protocols import Vectors
from index.records import Document, Hit
from index.rights import RightsFile
from qa.answers import Answer
from qa.privacy.masking import Masked
from qa.privacy.personal import Mask
from qa.protocols import Answerer, Expander
from qa.timing import measuring
from ui.access.limits import Limits
from ui.access.readable import Reading
from ui.access.visitors import OWNER, Visitor
from ui.audit.entries import AuditedQuestion, note_reading, noting
from ui.errors import BUSY, AnswerFailed, Busy, TooMany, Unwritten
from ui.fair_pool import Aside, FairPool
from ui.metrics import QUEUE, Metrics
from ui.request_id import REQUEST_ID, TRACE_PARENT
from ui.tracing import TracedQuestion, Tracing
from ui.unavailable import Unavailable
from ui.usage.log import UsageLog

if TYPE_CHECKING:
    from ui.audit.log import AuditLog

log = logging.getLogger(__name__)

Work = Callable[[], Iterator[Answer]]

SHARE = 4
"""One visitor may have one in so many of the places to wait."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One question at work: snapshots come out of `mail`, `None` behind the last, an error in its place."""

    mail: asyncio.Queue[Answer | Exception | None]
    loop: asyncio.AbstractEventLoop
    question: str
    visitor: Visitor
    where: str | None
    searched: bool = False
    id: str = field(default_factory=lambda: uuid4().hex)
    stopped: Event = field(default_factory=Event)

    def send(self, item: Answer | Exception | None) -> None:
        """Hand `item` to the event loop from a worker thread; dropped once no one listens."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.mail.put_nowait, item)


class AnswerQueue:
    """Takes questions, answers a few at a time, keeps a bounded number waiting, turns the rest away.

    What documents hold goes to visitors through `seen_by` alone.

    Attributes:
        answerer: who answers; may be replaced at any time, and questions at work keep the one they began with.
        warning: what is wrong though questions are answered, in Chinese; None where nothing is.
        outage: why the index cannot be searched for now, in Chinese; None where it can.
        metrics: what was counted so far.
        usage: where answers are kept; None keeps none.
        audit: where it is noted who asked what of which document; None notes nothing.
        waiting: how many questions may wait.
        limits: how much each visitor may ask.
        looking: where documents are listed and opened.
        drawing: where their pages are drawn.
        laying: where office documents are laid out on pages, which may take long.
        mask: what is done to texts that are neither documents nor answers before they are kept or shown; by default
            nothing. Where there is one, documents and answers show nothing personal either.
    """

    def __init__(
        self,
        answerer: Answerer,
        *,
        workers: int | None = None,
        waiting: int = 64,
        usage: UsageLog | None = None,
        audit: AuditLog | None = None,
        limits: Limits | None = None,
        rights: RightsFile | None = None,
        mask: Mask | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.answerer = answerer
        self.warning: str | None = None
        self.outage: str | None = None
        self.metrics = Metrics(
            {
                "questions_in_flight": ("Questions being answered or waiting.", lambda: self.in_flight),
                "ready": ("Whether questions can be answered.", lambda: self.problem() is None),
                "index_documents": ("Documents in the index.", lambda: len(self.answerer.descriptions())),
                "index_characters": (
                    "Characters of all documents in the index.",
                    lambda: sum(each.characters for each in self.answerer.descriptions()),
                ),
            }
        )
        self.usage = usage
        self.audit = audit
        self.waiting = waiting
        self.limits = limits or Limits()
        self.mask: Mask = mask or str
        self._tracing = tracing
        self._reading = Reading(rights, Masked if mask else None)
        self._workers = workers or min(4, os.cpu_count() or 1)
        self._pool = FairPool(self._workers, "answer")
        self.looking = Aside(2, "look", 64)
        self.drawing = Aside(1, "draw", 32)
        self.laying = Aside(1, "lay", 32)
        self._jobs: set[_Job] = set()
        self._closing = False

    @property
    def in_flight(self) -> int:
        """Return questions being answered or waiting right now."""
        return len(self._jobs)

    def problem(self) -> str | None:
        """Return why no question can be answered at the moment, in Chinese; None if it can."""
        if self._closing:
            return "服务正在关闭。"
        if isinstance(self.answerer, Unavailable):
            return str(self.answerer.error)
        if self.outage:
            return self.outage
        if self.audit and (unwritten := self.audit.problem()):
            return f"{unwritten}恢复写入之前不回答问题，也不打开文档。"
        if not self.answerer.documents():
            return "还没有文档；请先添加文档，或用 yiju-index build 建立索引。"
        return None

    def seen_by(self, visitor: Visitor) -> Answerer:
        """Return the documents, and answers from them, as if there were none but those that the visitor may read."""
        return self._reading.of(self.answerer, visitor)

    def sees_all(self, visitor: Visitor) -> bool:
        """Return whether there is nothing that the visitor may not read."""
        return self._reading.is_whole(self.answerer, visitor)

    def document(self, document_id: str, visitor: Visitor, where: str) -> Document | None:
        """Return a document that the visitor may see, or None; that they look at it is noted.

        Raises:
            Unwritten: if it cannot be.
        """
        found = self.seen_by(visitor).document(document_id)
        if found is not None and self.audit is not None:
            self._check_noting()
            note_reading(self.audit, visitor, document_id, where)
        return found

    async def ask(
        self,
        question: str,
        history: Sequence[str] = (),
        within: Filter | None = None,
        *,
        expand: bool = False,
        visitor: Visitor = OWNER,
        where: str | None = None,
    ) -> Answer:
        """Yield one complete answer; arguments and errors as those of `stream`."""

        def work() -> Iterator[Answer]:
            seen = self.seen_by(visitor)
            if expand and isinstance(seen, Expander):
                *_, answer = seen.expand(question, history, within)
                yield answer
            else:
                yield seen.ask(question, history, within)

        return [answer async for answer in self._run(work, question, visitor, where)][-1]

    def stream(
        self,
        question: str,
        history: Sequence[str] = (),
        within: Filter | None = None,
        *,
        expand: bool = False,
        visitor: Visitor = OWNER,
        where: str | None = None,
    ) -> AsyncIterator[Answer]:
        """Growing snapshots, the last one complete; leaving the loop early stops the work.

        Args:
            question: as typed.
            history: earlier questions of the conversation, oldest first.
            within: which documents to answer from; by default all that the visitor may read, and never more.
            expand: whether more is wanted than is needed, where a language model is at hand.
            visitor: who asks.
            where: chat, widget, api, openai or mcp; the answer is kept under this. None keeps it nowhere.

        Raises:
            ValueError: if the question is empty or too long; the message is fit for a user's eyes.
            Busy, TooMany: if too many questions are waiting, or the visitor asks more than they may.
            YijuError: if the world fails, e.g. a model that does not answer.
        """

        def work() -> Iterator[Answer]:
            seen = self.seen_by(visitor)
            asking = seen.expand if expand and isinstance(seen, Expander) else seen.stream
            return asking(question, history, within)

        return self._run(work, question, visitor, where)

    async def search(
        self, question: str, k: int, within: Filter | None = None, *, visitor: Visitor = OWNER, where: str
    ) -> tuple[Hit, ...]:
        """Return the passages that are found for a question; nothing is read; only the audit log keeps the question.

        Raises:
            ValueError: as `stream`, and if `k` is below 1.
            Busy, TooMany, YijuError: as `stream`.
        """

        def work() -> Iterator[Answer]:
            yield Answer(question, question, "", hits=tuple(self.seen_by(visitor).search(question, k, within)))

        found = [answer async for answer in self._run(work, question, visitor, where, searched=True)]
        return found[-1].hits

    async def encode(self, texts: Sequence[str], *, queries: bool = False, visitor: Visitor = OWNER) -> Vectors:
        """Vectors of texts, made in the threads that answer.

        Raises:
            Busy, TooMany, YijuError: as `stream`.
        """
        self._admit(visitor)
        made: list[Vectors] = []

        def work() -> None:
            made.append(self.answerer.encode(texts, queries=queries))

        await asyncio.wrap_future(self._pool.submit(visitor.party, work))
        return made[0]

    async def close(self) -> None:
        """Take no more questions, stops the running ones at their next snapshot and waits for them."""
        self._closing = True
        for job in tuple(self._jobs):
            job.stopped.set()
        for close in (self._pool.shutdown, self.looking.close, self.drawing.close, self.laying.close):
            await asyncio.to_thread(close)
        if self.usage is not None:
            await asyncio.to_thread(self.usage.close)
        if self.audit is not None:
            await asyncio.to_thread(self.audit.close)
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)

    async def _run(
        self, work: Work, question: str, visitor: Visitor, where: str | None, *, searched: bool = False
    ) -> AsyncIterator[Answer]:
        self._admit(visitor)
        job = _Job(asyncio.Queue(), asyncio.get_running_loop(), question, visitor, where, searched)
        self._jobs.add(job)
        future = self._pool.submit(visitor.party, partial(self._answer, job, work, time.perf_counter()))
        future.add_done_callback(lambda done: _leave(job, done, self._jobs))
        try:
            while (item := await job.mail.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            job.stopped.set()
            future.cancel()

    def turns_away(self) -> bool:
        """Return whether there is no room for another question; who asks is counted as turned away, if so."""
        full = self._closing or len(self._jobs) >= self._workers + self.waiting
        if full:
            self.metrics.refused("busy")
        return full

    def admit_event(self, visitor: Visitor) -> None:
        """Count what the chat's page asks of the server beside questions.

        Raises:
            TooMany: if the visitor's page asks more than a page does.
        """
        self.metrics.event()
        try:
            self.limits.take_event(visitor)
        except TooMany:
            self.metrics.refused("limited")
            raise

    def _admit(self, visitor: Visitor) -> None:
        if self.turns_away():
            raise Busy(BUSY)
        try:
            self._check_noting()
            self._check_share(visitor)
            self.limits.take(visitor)
        except (TooMany, Unwritten) as error:
            self.metrics.refused("limited" if isinstance(error, TooMany) else "failed")
            raise

    def _check_share(self, visitor: Visitor) -> None:
        if visitor.party is not None and self._pool.waiting(visitor.party) >= max(1, self.waiting // SHARE):
            raise TooMany("您还有几个问题在等待回答，请答完后再问。", 5)

    def _check_noting(self) -> None:
        if self.audit and (unwritten := self.audit.problem()):
            raise Unwritten(f"{unwritten}恢复写入之前不回答问题，也不打开文档。")

    def _answer(self, job: _Job, work: Work, since: float) -> None:
        """Answer in a worker thread; as the outermost handler there it has the one broad `except`."""
        where, request_id, parent = job.where or "admin", REQUEST_ID.get(), TRACE_PARENT.get()
        traced = TracedQuestion(self.mask(job.question), where, request_id, since, parent)
        try:
            with noting(self.audit, job.visitor, traced.question, traced.where, job.id) as asked:
                asked.searched = job.searched
                self._deliver(job, work, asked, traced)
        except (ValueError, YijuError) as error:
            traced.error = type(error).__name__
            self.metrics.refused("invalid" if isinstance(error, ValueError) else "failed")
            job.send(error)
        except Exception:
            traced.error = AnswerFailed.__name__
            self.metrics.refused("failed")
            log.exception("answering failed")
            job.send(AnswerFailed("回答时出了错，已记入日志，请稍后再试。"))
        finally:
            if self._tracing is not None:
                self._tracing.question(traced)

    def _deliver(self, job: _Job, work: Work, asked: AuditedQuestion, traced: TracedQuestion) -> None:
        last: Answer | None = None
        self.metrics.took({QUEUE: time.perf_counter() - traced.since})
        with measuring() as watch:
            traced.stages = watch.spans
            for answer in work():
                asked.last = traced.answer = answer
                if job.stopped.is_set():
                    return
                named = replace(answer, id=job.id)
                if named != last:  # one that repeats the last is nothing but a chance to stop
                    job.send(last := named)
        self.metrics.took(watch.seconds)
        asked.complete = True
        if last is None:
            raise RuntimeError("the answerer gave no answer at all")
        seconds = time.perf_counter() - traced.since
        if job.searched:
            self.metrics.searched(seconds)
            return
        self.metrics.answered(last, seconds)
        if self.usage is not None and job.where is not None:
            self.usage.record(last, job.visitor, where=job.where, seconds=seconds)


def _leave(job: _Job, done: Future[None], jobs: set[_Job]) -> None:
    """Close the job's channel; called from the worker thread or from the caller that cancelled the job."""
    jobs.discard(job)
    job.send(Busy("服务正在关闭，请稍后再试。") if done.cancelled() else None)
