"""The examples of `docs/deploy/` at work: a real nginx before two servers, and the arguments of the unit."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_network
from threading import Event

import httpx
import pytest

from qa.answers import Answer
from tests.support.fake_answerer import FakeAnswerer
from tests.support.nginx import DEPLOY, needs_nginx, nginx
from tests.support.served import built, serving
from ui.__main__ import main
from ui.access.authentication import Access
from ui.access.keys import KeyBook
from ui.access.visitors import Role

SYSTEMD_ANALYZE = shutil.which("systemd-analyze")


@dataclass(frozen=True)
class Gated(FakeAnswerer):
    """Streams two snapshots, of which a service sends one on, and the rest once the gate is open."""

    gate: Event = field(default_factory=Event)

    def stream(self, *asked: object) -> Iterator[Answer]:
        first, second, *rest = super().stream(*asked)  # type: ignore[arg-type]
        yield from (first, second)
        assert self.gate.wait(120)
        yield from rest


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Access:
    book = KeyBook(tmp_path_factory.mktemp("keys") / "keys.sqlite")
    return Access(
        proxies=[ip_network("127.0.0.1")], user_header="X-Remote-User", need_key=True, book=book, per_address=10_000
    )


@pytest.fixture(scope="module")
def answerer() -> Gated:
    return Gated()


@pytest.fixture(scope="module")
def site(access: Access, answerer: Gated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two servers with one file of keys, behind nginx."""
    with ExitStack() as stack:
        apps = [built(answerer, access=access) for _ in range(2)]
        services = [stack.enter_context(serving(app, proxy_headers=False)) for app in apps]
        yield stack.enter_context(nginx(tmp_path_factory.mktemp("nginx"), *services))


@pytest.fixture
def client(site: str, access: Access) -> Iterator[httpx.Client]:
    """Somebody with a key."""
    assert access.book is not None
    key = access.book.add("门户")[1]
    with httpx.Client(base_url=site, headers={"X-Yiju-Key": key}, timeout=300, trust_env=False) as client:
        yield client


@needs_nginx
def test_everything_is_found_below_the_prefix(client, site):
    assert client.get("/").headers["location"] == "chat/"
    page = client.get("/chat/?embed=1")
    assert page.status_code == 200
    assert f"{site}/chat" in page.text  # what Gradio's page takes for its address
    scripts = re.findall(r'(?:src|href)="((?:\.\.?/|/qa/)[^"]+\.(?:js|css))', page.text)
    assert scripts
    for script in (*scripts, "../static/app.js", "../widget.js"):
        assert client.get(str(page.url.join(script))).status_code == 200, script
    assert client.get("/documents/").status_code == 200
    led = httpx.get(f"{site}/documents/", timeout=300, trust_env=False)
    assert led.headers["location"] == "/qa/signin?next=%2Fqa%2Fdocuments%2F"


@needs_nginx
def test_words_come_through_as_they_are_said(client, answerer):
    answerer.gate.clear()
    with client.stream("POST", "/api/ask?stream=1", json={"question": "光伏和补贴"}) as reply:
        chunks = reply.iter_text()
        first = next(chunks)  # would not come before the answer is complete, were it buffered or compressed
        assert "event: snapshot" in first and "event: answer" not in first
        answerer.gate.set()
        assert "event: answer" in "".join(chunks)


@needs_nginx
def test_the_chat_keeps_to_the_process_that_has_its_answer(client, answerer):
    answerer.gate.set()
    config = client.get("/chat/config").json()
    event = next(each for each in config["dependencies"] if each["queue"] is not False and len(each["inputs"]) == 2)
    for number in range(4):
        messages = [{"role": "user", "content": [{"type": "text", "text": "风电"}]}]
        body = {"data": [messages, ""], "fn_index": event["id"], "session_hash": f"c{number}"}
        assert client.post("/chat/gradio_api/queue/join", json=body).status_code == 200
        assert "180MW" in client.get(f"/chat/gradio_api/queue/data?session_hash=c{number}").text


@needs_nginx
def test_nobody_writes_the_proxys_headers_but_the_proxy(site):
    forged = {"X-Remote-User": "admin", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Prefix": "/evil"}
    reply = httpx.get(f"{site}/api/documents", headers=forged, timeout=300, trust_env=False)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "sign_in_needed")


@needs_nginx
def test_a_body_that_is_too_large_is_refused_by_one_or_the_other(client):
    assert (
        client.post("/api/ask", content=b" " * 300_000, headers={"content-type": "application/json"}).status_code == 413
    )
    assert client.post("/api/ask", content=b" " * 3_000_000).status_code == 413


@needs_nginx
def test_one_process_may_end_without_anybody_noticing(access, answerer, tmp_path):
    answerer.gate.set()
    assert access.book is not None
    headers = {"X-Yiju-Key": access.book.add("门户")[1]}
    with ExitStack() as last, ExitStack() as first:
        services = [
            stack.enter_context(serving(built(answerer, access=access), proxy_headers=False)) for stack in (first, last)
        ]
        site = last.enter_context(nginx(tmp_path, *services))
        for _ in range(2):
            reply = httpx.post(
                f"{site}/api/ask", json={"question": "风电"}, headers=headers, timeout=300, trust_env=False
            )
            assert reply.json()["short_answer"] == "180MW"
            first.close()


def unit() -> str:
    return (DEPLOY / "yiju@.service").read_text("utf-8")


def test_the_unit_is_one_systemd_takes(tmp_path):
    if SYSTEMD_ANALYZE is None:
        pytest.skip("systemd-analyze is not installed")
    written = re.sub(r"ExecStart=\S+", f"ExecStart={shutil.which('true')}", unit())
    written = re.sub(r"(User|Group)=yiju", r"\1=root", written)
    (tmp_path / "yiju@.service").write_text(written, "utf-8")
    done = subprocess.run(
        [SYSTEMD_ANALYZE, "verify", "--man=no", str(tmp_path / "yiju@.service")],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert [line for line in done.stderr.splitlines() if "yiju@" in line] == []


def test_the_unit_leaves_the_service_little_to_do_harm_with(tmp_path):
    if SYSTEMD_ANALYZE is None:
        pytest.skip("systemd-analyze is not installed")
    (tmp_path / "yiju@7861.service").write_text(unit().replace("%i", "7861"), "utf-8")
    command = [SYSTEMD_ANALYZE, "security", "--offline=true", "--no-pager", str(tmp_path / "yiju@7861.service")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = re.search(r"exposure level for yiju@7861.service: ([\d.]+)", done.stdout)
    if found is None:
        pytest.skip("this systemd-analyze looks at no files")
    assert float(found[1]) <= 2.5  # 10 is worst; what remains is the network, JIT memory and /proc/cpuinfo


def test_the_units_command_is_one_the_program_takes(monkeypatch, tmp_path):
    line = re.search(r"^ExecStart=(.*)$", unit(), re.M)
    assert line is not None
    program, *arguments = shlex.split(
        line[1].replace("%i", "0").replace("/srv/yiju/data/index", str(tmp_path / "none"))
    )
    assert program.endswith("/bin/yiju-serve")
    taken: list[Sequence[str]] = []

    def load(settings: object, given: object) -> None:
        from index.errors import YijuError
        from ui.options import access_of

        access = access_of(given, tmp_path / "index")  # type: ignore[arg-type]
        taken.append([*access.origins, json.dumps(sorted(access.hosts or ()))])
        assert (access.need_key, access.open_to, access.protected) == (True, Role.GUEST, True)
        raise YijuError("far enough")

    monkeypatch.setattr("ui.__main__._load", load)
    assert main(arguments) == 2
    assert taken[0][0] == "http://portal.example" and "qa.example" in taken[0][1]
