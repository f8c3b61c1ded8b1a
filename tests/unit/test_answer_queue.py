"""The answer queue: few answer at a time, some wait, the rest are turned away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from index.filters import Filter
from qa.answers import Answer
from tests.support.fake_answerer import FakeAnswerer
from ui.answer_queue import AnswerFailed, AnswerQueue, Busy


@dataclass(frozen=True)
class Endless(FakeAnswerer):
    """Streams until it is stopped; counts its snapshots."""

    counted: list[int] = field(default_factory=list)

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        while True:
            self.counted.append(1)
            time.sleep(0.01)
            yield Answer(question, question, "…")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_listener_who_leaves_stops_the_work():
    async def run() -> None:
        endless = Endless()
        queue = AnswerQueue(endless, workers=1)
        snapshots = queue.stream("光伏")
        await anext(snapshots)
        await snapshots.aclose()
        await until(lambda: queue.in_flight == 0)
        counted = len(endless.counted)
        await asyncio.sleep(0.05)
        assert len(endless.counted) == counted
        await queue.close()

    asyncio.run(run())


def test_a_listener_who_does_not_listen_holds_no_worker():
    async def run() -> None:
        queue = AnswerQueue(FakeAnswerer(), workers=1)
        first = queue.stream("光伏和补贴")
        await anext(first)
        assert (await queue.ask("风电")).short == "180MW"
        assert [answer async for answer in first][-1].citations
        await queue.close()

    asyncio.run(run())


def test_a_waiting_question_that_is_given_up_leaves_the_queue():
    async def run() -> None:
        queue = AnswerQueue(FakeAnswerer(pause=0.2), workers=1, waiting=1)
        first = asyncio.create_task(queue.ask("光伏"))
        second = asyncio.create_task(queue.ask("风电"))
        await asyncio.sleep(0.02)
        with pytest.raises(Busy):
            await queue.ask("补贴")
        second.cancel()
        await until(lambda: queue.in_flight == 1)
        third = await queue.ask("补贴")
        assert ((await first).short, third.short) == ("70MW", "每千瓦时0.1元")
        await queue.close()

    asyncio.run(run())


def test_closing_ends_running_and_waiting_questions_and_takes_no_more():
    async def run() -> None:
        queue = AnswerQueue(Endless(), workers=1, waiting=3)
        running, waiting = queue.stream("光伏"), asyncio.create_task(queue.ask("风电"))
        await anext(running)
        await queue.close()
        with pytest.raises(Busy):
            await waiting
        with pytest.raises(Busy):
            await queue.ask("补贴")
        assert queue.problem() == "服务正在关闭。"

    before = threading.active_count()
    asyncio.run(run())
    assert threading.active_count() == before


def test_a_bug_reaches_the_log_and_not_the_caller(caplog):
    async def run() -> None:
        queue = AnswerQueue(FakeAnswerer())
        with pytest.raises(AnswerFailed) as caught:
            await queue.ask("崩溃")
        assert "bug" not in str(caught.value)
        await queue.close()

    asyncio.run(run())
    assert "a bug whose text" in caplog.text
