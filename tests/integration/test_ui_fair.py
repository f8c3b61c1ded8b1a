"""Who shares the threads takes turns, and nobody has them all."""

from __future__ import annotations

import asyncio
from threading import Event, Lock

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.responses import Response

from qa.answers import Answer
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui.access.visitors import OWNER, Allowance, Role, Visitor
from ui.answer_queue import AnswerQueue
from ui.errors import TooMany
from ui.fair_pool import FairPool

HOSTILE, OTHER = Visitor("mallory", Role.READER), Visitor("li.lei", Role.READER)


def test_whoever_asks_little_does_not_wait_behind_whoever_asks_much():
    pool, done, gate = FairPool(1, "t"), [], Event()
    pool.submit("x", lambda: gate.wait(30) and None)
    for name in ["a"] * 20 + ["b", "c", "b"]:
        last = pool.submit(name, lambda name=name: done.append(name))
    gate.set()
    last.result(30)
    pool.shutdown()
    assert done[:6] == ["a", "b", "c", "a", "b", "a"]


@pytest.mark.parametrize(("party", "most"), [("a", 2), (None, 3)])
def test_one_party_leaves_a_thread_for_others_and_the_owner_need_not(party, most):
    pool, lock, at_work, seen, gate = FairPool(3, "t"), Lock(), [], [], Event()

    def work() -> None:
        with lock:
            at_work.append(1)
            seen.append(len(at_work))
        gate.wait(0.2)
        with lock:
            at_work.pop()

    jobs = [pool.submit(party, work) for _ in range(9)]
    other = Event()
    pool.submit("b", other.set)
    assert other.wait(30)
    for job in jobs:
        job.result(30)
    pool.shutdown()
    assert (len(seen), max(seen)) == (9, most)


def test_what_fails_or_is_cancelled_holds_nothing():
    pool, gate = FairPool(1, "t"), Event()
    pool.submit("x", lambda: gate.wait(30) and None)
    failing, cancelled = pool.submit("a", lambda: 1 // 0), pool.submit("a", gate.set)
    assert cancelled.cancel() and pool.waiting("a") == 1
    last = pool.submit("a", lambda: None)
    gate.set()
    last.result(30)
    assert isinstance(failing.exception(1), ZeroDivisionError)
    pool.shutdown()
    assert pool.waiting("a") == 0


def test_a_hundred_questions_of_one_visitor_keep_nobody_else_from_an_answer():
    gate = Event()

    class Slow(FakeAnswerer):
        def ask(self, question: str, *asked: object) -> Answer:
            assert "慢" not in question or gate.wait(60)
            return super().ask(question, *asked)

    async def crowd() -> tuple[list[object], Answer, Answer]:
        queue = AnswerQueue(Slow(), workers=2, waiting=64)
        asking = [asyncio.ensure_future(queue.ask(f"慢{n}", visitor=HOSTILE)) for n in range(100)]
        await asyncio.sleep(0)
        others = await queue.ask("风电", visitor=OTHER), await queue.ask("风电", visitor=OWNER)
        gate.set()
        ended = await asyncio.gather(*asking, return_exceptions=True)
        await queue.close()
        return ended, *others

    ended, other, owner = asyncio.run(asyncio.wait_for(crowd(), 60))
    assert other.short == owner.short == "180MW"
    assert sum(isinstance(each, TooMany) for each in ended) in (83, 84)  # 16 wait, and one may be at work already


def test_parties_are_users_keys_at_an_address_and_addresses():
    key = Visitor("key:门户", Role.READER, allowance=Allowance("k1"), address="192.0.2.1")
    parties = [HOSTILE.party, key.party, Visitor(address="192.0.2.1").party, OWNER.party]
    assert parties == ["user mallory", "key k1 192.0.2.1", "192.0.2.1", None]


@pytest.mark.parametrize("address", ["/documents/plan-1a2b/pages/1.png", "/api/documents", "/documents/"])
def test_pages_and_lists_asked_for_in_masses_keep_no_answer_waiting(monkeypatch, tmp_path, address):
    gate = Event()

    def slow(*_: object) -> bytes:
        assert gate.wait(60)
        return b""

    monkeypatch.setattr("ui.documents.routes._drawn", slow)
    monkeypatch.setattr("ui.documents.routes.file_of", lambda document: tmp_path)
    monkeypatch.setattr("ui.documents.routes._list", lambda *_: Response(slow()))
    monkeypatch.setattr("ui.api.routes._summary", lambda *_: {"slow": str(slow())})

    async def crowd() -> tuple[int, list[int]]:
        transport = httpx.ASGITransport(app, client=("192.0.2.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60) as client:
            many = [asyncio.ensure_future(client.get(address)) for _ in range(60)]
            await asyncio.sleep(0.1)
            asked = await client.post("/api/ask", json={"question": "风电"})
            read = await client.get("/static/app.js")
            gate.set()
            return asked.status_code + read.status_code, [each.status_code for each in await asyncio.gather(*many)]

    app = built(FakeAnswerer(), workers=2)
    answered, codes = asyncio.run(asyncio.wait_for(crowd(), 60))
    assert answered == 400 and set(codes) == {200, 429} and codes.count(429) > 20


def test_documents_are_listed_in_parts():
    with TestClient(built(FakeAnswerer())) as client:
        whole = client.get("/api/documents").json()
        parts = [client.get(f"/api/documents?offset={n}&limit=1").json() for n in range(3)]
        assert [each["total"] for each in parts] == [whole["total"]] * 3 == [2] * 3
        assert [*parts[0]["documents"], *parts[1]["documents"], *parts[2]["documents"]] == whole["documents"]
        assert [client.get(f"/api/documents?limit={n}").status_code for n in ("-1", "x", "", "１")] == [422] * 4
