"""Hostile requests to every route of a running server, as nobody and as a reader: none reads, runs or stops what it
must not. Routes are taken from the application, so that a new one is attacked as well.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from index.rights import RightsFile
from tests.integration.test_rights_matrix import table
from tests.support.fake_answerer import PLAN, RULES, FakeAnswerer
from tests.support.served import built, serving
from ui.access.authentication import PUBLIC, Access
from ui.access.keys import KeyBook
from ui.access.visitors import Role
from ui.usage.log import UsageLog

ASKED = "不可外传的问题"
SECRETS = (RULES.title, RULES.source, "每千瓦时0.1元", "root:x:0:0")
SECONDS = 10.0
"""How long one try may take, on a busy machine."""

FILE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
COMPONENT = {"type": "component", "component": "dataframe", "value": ASKED, "constructor_args": {"row_count": 10**9}}
CHAT = {"data": [ASKED, [{"role": "user", "content": [COMPONENT]}], ""], "fn_index": 0, "session_hash": "abc"}
BODIES: tuple[bytes, ...] = (
    json.dumps(CHAT).encode(),
    json.dumps({**CHAT, "fn_index": 2, "data": CHAT["data"][1:]}).encode(),  # type: ignore[index]
    json.dumps({"question": ASKED, "history": [COMPONENT], "filter": FILE}).encode(),
    json.dumps({"question": "光" * 1_990, "history": ["？" * 2_000] * 20}).encode(),
    json.dumps({"question": {"$ne": None}, "messages": [{"role": "user", "content": [FILE]}]}).encode(),
    b"[" * 60_000,
    b'{"question": "\\ud800", "fn_index": 1e999, "answer_id": NaN}',
    b"how=export&name=" + b"%00" * 100,
    b"\x00\xff" * 500,
)
ADDRESSES = (
    "{}%0a", "{}%00", "{}%0d%0aX-Evil:%201", "/{}", "{}/..%2f..%2fetc%2fpasswd", "{}?session_hash=a&session_hash=b",
    "{}?stream=1&q=%F0%9F&start=-1&end=99999999999999999999&page=1e9", "{}?file=/etc/passwd&path=../../etc/passwd",
)  # fmt: skip
HEADERS: tuple[Mapping[str, str], ...] = (
    {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
    {"X-Remote-User": "root", "X-Remote-Groups": "hr"},
    {"Origin": "http://evil.example", "Host": "evil.example"},
    {"X-Original-URL": "/metrics", "X-HTTP-Method-Override": "DELETE", "Cookie": "yiju_session=e30.x.y"},
)


@dataclass(frozen=True)
class Target:
    """A server under attack, and what speaks to it as whom."""

    address: str
    routes: tuple[tuple[str, str], ...]
    keys: Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("attack")
    (folder / "rights.txt").write_text(f"@hr id:{RULES.id}\n", "utf-8")
    book = KeyBook(folder / "keys.sqlite")
    keys = {name: {"X-Yiju-Key": book.add(name, role=role)[1]} for name, role in [("reader", Role.READER)]}
    app = built(
        FakeAnswerer(sources=(PLAN, RULES)),
        access=Access(need_key=True, book=book, hosts=frozenset({"127.0.0.1"})),
        rights=RightsFile(folder / "rights.txt"),
        usage=UsageLog(folder / "usage.sqlite"),
    )
    routes = tuple(sorted({(method, path) for method, path in table(app) if method != "HEAD"}))
    with serving(app) as address:
        yield Target(address, routes, {"nobody": {}, **keys})


def tries(routes: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str, Mapping[str, str], bytes | None]]:
    for method, path in routes:
        filled = path.replace("{document_id}", RULES.id).replace("{n}", "1").replace("{path:path}", "x")
        verbs = ("GET", "POST") if method == "*" else (method,)
        for verb in verbs:
            for address in ADDRESSES:
                yield verb, address.format(filled), {}, None
            for headers in HEADERS:
                yield verb, filled, headers, None
            for body in BODIES if verb not in ("GET", "OPTIONS") else ():
                yield verb, filled, {"Content-Type": "application/json"}, body


def told(reply: httpx.Response) -> str:
    """All that a reply says, but for what only repeats the address that was asked for."""
    return (reply.text + str(reply.headers)).replace(RULES.id, "")


@pytest.mark.parametrize("caller", ["nobody", "reader"])
def test_no_hostile_request_reads_runs_or_stops_what_it_must_not(target, caller, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    wrong, count = [], 0
    with httpx.Client(base_url=target.address, headers=target.keys[caller], timeout=SECONDS) as client:
        for verb, address, headers, body in tries(target.routes):
            if address.startswith("/chat/gradio_api/queue/data") and caller == "reader":
                continue  # a stream, which only ends when the page goes
            count += 1
            began = time.monotonic()
            reply = client.request(verb, address, headers=headers, content=body)
            problem = [secret for secret in SECRETS if secret in told(reply)]
            problem += [f"{reply.status_code}"] if reply.status_code >= 500 and reply.status_code != 503 else []
            problem += ["slow"] if time.monotonic() - began > SECONDS else []
            plain = httpx.URL(address).path
            if caller == "nobody" and reply.status_code < 300 and not PUBLIC.fullmatch(plain):
                problem += [f"answered {reply.status_code}"] if plain not in ("/chat/",) else []
            wrong += [(caller, verb, address, body and body[:60], problem)] if problem else []
        assert client.get("/api/health").status_code == 200
        metrics = client.get("/metrics")
        assert metrics.status_code in (401, 403)
    said = capfd.readouterr()
    assert ASKED not in caplog.text + said.out + said.err
    assert wrong == []
    assert count >= 400


def test_the_files_beside_the_index_are_whole_and_private(target, tmp_path_factory):
    folder = Path(next(tmp_path_factory.getbasetemp().glob("attack*")))
    assert {each.name.split(".")[0] for each in folder.iterdir()} <= {"rights", "keys", "usage"}
    assert [oct(each.stat().st_mode & 0o077) for each in folder.glob("*.sqlite*")] == ["0o0"] * len(
        [*folder.glob("*.sqlite*")]
    )
