"""Where there is no room, a question is turned away before anything is spent on it."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui.access.authentication import Access
from ui.middleware.load_shedding import LoadShedding


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"answered"})


async def unread() -> Message:
    raise AssertionError("read a body for nothing")


def status(method: str, path: str, *, full: bool, root: str = "") -> tuple[int, bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": root + path,
        "root_path": root,
        "headers": [],
        "query_string": b"",
    }
    asyncio.run(LoadShedding(inner, lambda: full)(scope, unread, send))
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions"])
def test_a_question_is_turned_away_unread_and_told_why(path):
    for root in ("", "/qa"):
        code, body = status("POST", path, full=True, root=root)
        assert (code, json.loads(body)["error"]["code"]) == (503, "busy")
        assert status("POST", path, full=False, root=root) == (200, b"answered")


def test_all_else_goes_on(tmp_path):
    for method, path in (("GET", "/api/ask"), ("GET", "/api/health"), ("POST", "/signin"), ("POST", "/api/askew")):
        assert status(method, path, full=True) == (200, b"answered")


def test_one_too_many_is_turned_away_by_the_service_and_counted(tmp_path):
    app = built(FakeAnswerer(pause=1.0), workers=1, waiting=0, access=Access(origins=["http://portal.test"]))
    question = {"question": "光伏装机目标是多少"}
    with TestClient(app) as client:
        first = threading.Thread(target=lambda: client.post("/api/ask", json=question))
        first.start()
        deadline = time.monotonic() + 10
        while "yiju_questions_in_flight 1" not in client.get("/metrics").text and time.monotonic() < deadline:
            time.sleep(0.02)
        reply = client.post("/api/ask", content=b"{", headers={"Origin": "http://portal.test"})
        first.join()
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "busy")
        assert reply.headers["retry-after"] == "5" and reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["access-control-allow-origin"] == "http://portal.test"  # its page can tell why
        assert 'yiju_refused_total{reason="busy"} 1' in client.get("/metrics").text
        assert client.post("/api/ask", json=question).status_code == 200
