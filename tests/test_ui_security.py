"""What stands between the network and Gradio: closed routes, the file-read hole, headers and the content policy."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from threading import Event

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from qa.answers import Answer
from tests.fake_answerer import FakeAnswerer
from tests.served import built
from ui.access import Access
from ui.chat import mount_chat
from ui.desk import Desk
from ui.examples import Examples
from ui.security import Guard

FILE = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(built(FakeAnswerer(), access=Access(origins=["http://portal.example:8080"]))) as client:
        yield client


def call(client: TestClient, data: object) -> tuple[int, str]:
    body = {"data": data, "fn_index": 0, "session_hash": "abc", "event_data": None}
    reply = client.post("/chat/gradio_api/run/predict", json=body)
    return reply.status_code, reply.text


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/upload",
        "gradio_api/upload_progress",
        "gradio_api/file=/etc/hostname",
        "gradio_api/file/etc/hostname",
        "gradio_api/file=http://127.0.0.1:9/x",
        "gradio_api/proxy=http://127.0.0.1:9/x",
        "gradio_api/info",
        "gradio_api/openapi.json",
        "gradio_api/call/_submitted",
        "gradio_api/call/v2/_submitted",
        "gradio_api/api/predict",
        "gradio_api/stream/a/b/c",
        "gradio_api/deep_link",
        "gradio_api/component_server",
        "gradio_api/startup-events",
        "gradio_api/token",
        "gradio_api/mcp/",
        "gradio_api/process_recording",
        "openapi.json",
        "docs",
        "login",
        "logout",
        "monitoring",
        "manifest.json",
        "svelte/x.js",
        "upload",
        "file=/etc/hostname",
        "/gradio_api/upload",
        "%2e%2e/etc/hostname",
        "gradio_api/run/../upload",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_gradio_routes_the_chat_does_not_need_do_not_exist(client, method, path):
    reply = client.request(method, f"/chat/{path}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("data", [[FILE, []], ["a", [{"role": "user", "content": FILE}]], [[[{"_type": "x"}]], []]])
def test_a_chat_body_that_names_a_file_is_refused(client, data):
    status, text = call(client, data)
    assert (status, "只接受文字" in text) == (422, True)


def test_without_the_guard_gradio_itself_still_refuses_to_read_files():
    async def build() -> FastAPI:
        desk = Desk(FakeAnswerer())
        return mount_chat(FastAPI(), desk, Examples(desk))

    with TestClient(asyncio.run(build()), raise_server_exceptions=False) as bare:
        for data in (["", [{"role": "user", "content": [{"type": "file", "file": FILE}]}]], [FILE, []]):
            status, text = call(bare, data)  # 200 with the address of a copy, unless `has_launched` is set
            assert (status, "hostname" in text) == (500, False)
        assert bare.get("/chat/gradio_api/file=/etc/hostname").status_code in (403, 404)


@pytest.mark.parametrize("body", [b"{", b'["\\ud800"]', b"[" * 50_000])
def test_a_malformed_chat_body_is_a_400(client, body):
    reply = client.post("/chat/gradio_api/queue/join", content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 400


def test_a_chat_body_over_one_megabyte_is_a_413(client):
    assert client.post("/chat/gradio_api/queue/join", content=b" " * 1_100_000).status_code == 413


def test_a_page_runs_only_its_own_scripts_and_asks_nobody_else(client):
    first, second = client.get("/chat/"), client.get("/chat/")
    policy = first.headers["content-security-policy"]
    nonce = re.search(r"script-src 'self' 'nonce-([\w-]{20,})';", policy)[1]
    assert nonce not in second.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self' http://portal.example:8080" in policy
    assert "unsafe-eval" not in policy
    assert first.text.count("<script") == first.text.count(f'<script nonce="{nonce}"')
    assert '<html\n\tlang="zh-CN"' in first.text or 'lang="zh-CN"' in first.text
    loads = re.findall(r"""<(?:script|link|img|meta)[^>]+(?:src|href|content)=["'](https?:)?//[^"']+""", first.text)
    assert loads == []


def test_headers_are_on_everything(client):
    for path in ("/chat/", "/api/health", "/static/app.js", "/nothing", "/chat/gradio_api/upload"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert headers["cache-control"], path


def test_only_hashed_assets_are_kept_for_ever(client):
    asset = re.search(r'src="(?:\./|/chat/)?(assets/[^"]+\.js)"', client.get("/chat/").text)[1]
    assert "immutable" in client.get(f"/chat/{asset}").headers["cache-control"]
    assert client.get("/static/app.js").headers["cache-control"] == "no-cache"


def test_no_other_origin_is_let_in(client):
    for path in ("/api/health", "/chat/config"):
        headers = client.get(path, headers={"origin": "http://evil.example"}).headers
        assert "access-control-allow-origin" not in headers, path


def test_a_full_queue_of_gradios_is_told_in_chinese(client, monkeypatch):
    mounted = next(app for each in client.app.routes if hasattr(app := getattr(each, "app", None), "get_blocks"))
    monkeypatch.setattr(mounted.get_blocks()._queue, "max_size", 0)
    body = {"data": [[], ""], "fn_index": 0, "session_hash": "full"}
    reply = client.post("/chat/gradio_api/queue/join", json=body)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "5")
    assert reply.json()["detail"] == "现在提问的人太多，请稍后再试。"


def test_of_a_thousand_questions_at_once_the_surplus_is_refused_politely():
    gate = Event()

    class Slow(FakeAnswerer):
        def ask(self, *asked: object) -> Answer:
            assert gate.wait(300)
            return super().ask(*asked)

    async def flood() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=None) as client:
            asking = [asyncio.ensure_future(client.post("/api/ask", json={"question": "风电"})) for _ in range(1_000)]
            refused = 0
            for done in asyncio.as_completed(asking):
                refused += (await done).status_code == 503
                if refused == 995:
                    gate.set()
            return [each.result() for each in asking]

    app = built(Slow(), workers=1, waiting=4)
    replies = asyncio.run(flood())
    assert sorted(reply.status_code for reply in replies) == [200] * 5 + [503] * 995
    refusal = next(reply for reply in replies if reply.status_code == 503)
    assert (refusal.json()["error"]["code"], refusal.headers["retry-after"]) == ("busy", "5")


def posted(headers: list[tuple[bytes, bytes]], *messages: dict[str, object]) -> tuple[int, dict[str, object]]:
    """What the layers answer to a request whose body arrives in `messages` and then no further."""
    sent: list[dict[str, object]] = []
    waiting = list(messages)

    async def receive() -> dict[str, object]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("nothing ever comes")

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def unreachable(*_: object) -> None:
        raise AssertionError("nothing of this may reach the application")

    scope = {"type": "http", "method": "POST", "path": "/api/ask", "headers": headers, "query_string": b""}
    asyncio.run(Guard(unreachable)(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])["error"]


def test_a_body_that_never_ends_is_a_408(monkeypatch):
    monkeypatch.setattr("ui.security.BODY_SECONDS", 0.05)
    status, error = posted([], {"type": "http.request", "body": b'{"que', "more_body": True})
    assert (status, error) == (408, {"code": "timeout", "message": "请求体迟迟没有传完。"})


def test_a_body_in_many_pieces_is_counted_as_it_comes():
    piece = {"type": "http.request", "body": b" " * 100_000, "more_body": True}
    status, error = posted([(b"content-length", b"5")], *[piece] * 3)
    assert (status, error["code"]) == (413, "body_too_large")


def test_a_client_that_leaves_in_mid_body_is_not_answered_by_the_application():
    status, _ = posted([], {"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"})
    assert status == 400
