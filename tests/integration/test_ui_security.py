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
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui.access.authentication import Access
from ui.answer_queue import AnswerQueue
from ui.chat.blocks import mount_chat
from ui.chat.examples import Examples
from ui.middleware.security import RequestGuard

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
        "gradio_api/user",
        "gradio_api/queue/status",
        "gradio_api/heartbeat/abc",
        "gradio_api/run/_submitted",
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


PLAIN = {"type": "text", "text": "<p>风电</p>"}
COMPONENT = {"type": "component", "component": "html", "value": "x", "constructor_args": {}, "props": {}}


def said(*parts: object, **further: object) -> dict[str, object]:
    """A message as the page sends it."""
    return {"role": "user", "metadata": None, "content": [*parts], "options": None, **further}


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


PARTS = [
    COMPONENT,
    {**COMPONENT, "component": "image", "value": "data:image/png;base64,AAAA"},
    {**COMPONENT, "component": "dataframe", "constructor_args": {"row_count": 10**8}},
    {**COMPONENT, "component": "fileexplorer", "constructor_args": {"root_dir": "/"}},
    {"type": "component", "component": "html"},
    {"type": "file", "file": FILE},
    {**PLAIN, "type": ["text"]},
    {**PLAIN, "type": "Text"},
    {**PLAIN, "constructor_args": {}},
    {**PLAIN, "text": None},
    {**PLAIN, "text": [COMPONENT]},
    {**PLAIN, "text": {"type": "text"}},
    {"text": "风电"},
    FILE,
    "风电",
    None,
    nested(200),
]
MESSAGES = [
    *([said(each)] for each in PARTS),
    *([said(PLAIN, each)] for each in PARTS),
    [said(PLAIN, metadata={"title": "x"})],
    [said(PLAIN, options=[{"value": "x"}])],
    [said(PLAIN, component="html")],
    [said(PLAIN, role="system")],
    [said(PLAIN, content="风电")],
    [said(PLAIN, content=COMPONENT)],
    [{"role": "user"}],
    [[said(PLAIN)]],
    ["风电"],
    [said(PLAIN)] * 201,
    {"root": [said(PLAIN)]},
    "风电",
    None,
    1,
]


def refused(client: TestClient, body: object, route: str = "run/predict") -> bool:
    reply = client.post(f"/chat/gradio_api/{route}", json=body)
    return (reply.status_code, "只接受问答页自己发送的内容" in reply.text) == (400, True)


@pytest.mark.parametrize("messages", MESSAGES, ids=range(len(MESSAGES)))
def test_of_a_conversation_nothing_but_text_reaches_gradio(client, messages):
    for event, data in ((0, ["风电", messages, ""]), (1, [messages, ""]), (2, [messages, ""]), (3, [messages, ""])):
        chosen = {"event_data": {"index": 0, "value": {"text": "风电"}}} if event == 1 else {}
        body = {"data": data, "fn_index": event, "session_hash": "abc", **chosen}
        assert refused(client, body, "queue/join" if event in (2, 3) else "run/predict"), event


BODY = {"data": ["风电", [said(PLAIN)], ""], "event_data": None, "fn_index": 0, "trigger_id": 2, "session_hash": "abc"}
CHOICE = {**BODY, "data": [[], ""], "fn_index": 1, "event_data": {"index": 0, "value": {"text": "风电"}}}
BODIES = [
    *({**BODY, "fn_index": each} for each in (None, -1, 2, 3, 5, 8, 10**30, "0", 0.0, True, [0])),
    *({**BODY, "session_hash": each} for each in (None, 1, "", "a" * 65, "../x", "a-b", "甲", "abc\n", {"path": "x"})),
    *({**BODY, "data": each} for each in (None, {}, "风电", [], [""], ["", []], ["", [], "", ""], ["", [], {}])),
    *({**BODY, "data": [each, [], ""]} for each in (None, 1, FILE, COMPONENT, ["x"], nested(300))),
    *({**BODY, "event_data": each} for each in (1, ["x"], FILE, COMPONENT, {"index": 0, "value": {"text": "x"}})),
    *({**BODY, name: None} for name in ("api_name", "request", "batched", "simple_format", "oauth_token", "event_id")),
    *({name: value for name, value in BODY.items() if name != left} for left in ("data", "fn_index", "session_hash")),
    *(
        {**CHOICE, "event_data": each}
        for each in (None, {}, FILE, {"index": 0, "value": "x"}, {"value": {"text": "x"}})
    ),
    {**CHOICE, "event_data": {"index": 0, "value": {"text": "x", "path": "/etc/hostname"}}},
    {**CHOICE, "event_data": {"index": 0, "value": {"text": "x"}, "_type": "gradio.FileData"}},
    [BODY],
    "x",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_an_event_that_the_page_would_not_send_is_a_400(client, body):
    assert refused(client, body)


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("reset", {"event_id": FILE}),
        ("reset", {"event_id": "a", "path": "x"}),
        ("reset", {}),
        ("cancel", {"event_id": "a", "session_hash": "abc", "fn_index": 0}),
        ("cancel", {"event_id": "a", "session_hash": "abc", "fn_index": "2"}),
        ("cancel", {"event_id": "a", "session_hash": ["abc"], "fn_index": 2}),
        ("queue/join", BODY),
    ],
)
def test_other_bodies_that_the_page_would_not_send_are_400s(client, route, body):
    assert refused(client, body, route)


def test_what_the_page_sends_is_taken(client):
    assert client.post("/chat/gradio_api/run/predict", json=BODY).status_code == 200
    assert client.post("/chat/gradio_api/run/predict", json=CHOICE).status_code == 200
    for event in (4, 6):
        body = {"data": [], "fn_index": event, "trigger_id": 2, "session_hash": "abc"}
        assert client.post("/chat/gradio_api/run/predict", json=body).status_code == 200, event
    text = json.dumps({"turns": [["风电", "180MW"]]})
    changed = {"data": [text], "event_data": text, "fn_index": 7, "trigger_id": 5, "session_hash": "abc"}
    assert "180MW" in client.post("/chat/gradio_api/run/predict", json=changed).text
    cancel = {"event_id": "3d92c5eb0aa94c2bb5a063caac192af0", "session_hash": "abc", "fn_index": 2}
    assert client.post("/chat/gradio_api/cancel", json=cancel).status_code == 200
    assert client.post("/chat/gradio_api/reset", json={"event_id": cancel["event_id"]}).status_code == 200


@pytest.mark.parametrize("query", ["", "session_hash=", "session_hash=a&session_hash=b", "session_hash=a%2Fb", "x=1"])
def test_a_conversation_is_listened_to_by_its_name_alone(client, query):
    assert client.get(f"/chat/gradio_api/queue/data?{query}").status_code == 400


@pytest.mark.parametrize("query", ["page=x", "deep_link=x", "view=x", "session_hash=x", "__theme=x"])
def test_what_an_address_of_the_page_says_is_for_its_scripts_alone(client, query):
    assert client.get(f"/chat/?{query}").status_code == 200


def test_what_gradio_remembers_of_conversations_is_bounded(client):
    blocks = gradio_of(client)
    for number in range(300):
        client.post("/chat/gradio_api/run/predict", json={**BODY, "session_hash": f"c{number}"})
    assert len(blocks.state_holder.session_data) <= 257
    assert blocks._queue.pending_messages_per_session.max_size == 256


def test_events_of_the_page_are_counted_and_limited():
    with TestClient(built(FakeAnswerer(), access=Access(per_address=2)), client=("10.0.0.9", 1)) as client:
        codes = [client.post("/chat/gradio_api/run/predict", json=BODY).status_code for _ in range(21)]
        assert codes in ([200] * 20 + [429], [200] * 21)  # the latter where a minute has just ended
        assert "yiju_chat_events_total 21" in client.get("/metrics").text


def gradio_of(client: TestClient):
    mounted = next(app for each in client.app.routes if hasattr(app := getattr(each, "app", None), "get_blocks"))
    return mounted.get_blocks()


def test_without_the_guard_gradio_itself_still_reads_no_files_and_builds_no_components(monkeypatch):
    async def build() -> FastAPI:
        queue = AnswerQueue(FakeAnswerer())
        app = FastAPI()
        mount_chat(app, queue, Examples(queue))
        return app

    built_ones: list[object] = []
    monkeypatch.setattr("gradio.components.chatbot.import_component_and_data", built_ones.append)
    with TestClient(asyncio.run(build()), raise_server_exceptions=False) as bare:
        call(bare, ["", [said(COMPONENT)], ""])
        assert built_ones == []  # Gradio's own preprocessing would look up the class, and call it
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
    monkeypatch.setattr(gradio_of(client)._queue, "max_size", 0)
    body = {"data": [[], ""], "fn_index": 2, "session_hash": "full"}
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
    asyncio.run(RequestGuard(unreachable)(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])["error"]


def test_a_body_that_never_ends_is_a_408(monkeypatch):
    monkeypatch.setattr("ui.middleware.security.BODY_SECONDS", 0.05)
    status, error = posted([], {"type": "http.request", "body": b'{"que', "more_body": True})
    assert (status, error) == (408, {"code": "timeout", "message": "请求体没有在规定时间内传完。"})


def test_a_body_in_many_pieces_is_counted_as_it_comes():
    piece = {"type": "http.request", "body": b" " * 100_000, "more_body": True}
    status, error = posted([(b"content-length", b"5")], *[piece] * 3)
    assert (status, error["code"]) == (413, "body_too_large")


def test_a_client_that_leaves_in_mid_body_is_not_answered_by_the_application():
    status, _ = posted([], {"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"})
    assert status == 400
