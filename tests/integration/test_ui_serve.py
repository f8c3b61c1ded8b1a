"""`yiju-serve` as it is called: what it says, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.endless import FAKE
from tests.support.served import serving
from ui.__main__ import main
from ui.middleware.idle_timeout import Patient


def serve(*arguments: str) -> subprocess.Popen[str]:
    """The command with the fake assistant, whose streams never end."""
    command = [sys.executable, "-c", FAKE, "--no-usage-log", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("signalled", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_once_it_answers_and_ends_well_on_a_signal(signalled):
    with serve("--port", "0", "--root-path", "/qa") as server:
        line = server.stdout.readline()
        assert line.startswith("依据 已就绪：http://127.0.0.1:"), server.stderr.read()
        port = int(line.rstrip().removesuffix("/qa").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(b"GET /api/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        server.send_signal(signalled)
        out, said = server.communicate(timeout=60)
        assert (server.returncode, out, said) == (0, "", "")


def test_an_open_stream_does_not_keep_it_from_ending():
    with serve("--port", "0") as server:
        port = int(server.stdout.readline().rpartition(":")[2])
        body = '{"question": "光伏和补贴"}'.encode()
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            head = f"POST /api/ask?stream=1 HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n"
            client.sendall(head.encode() + b"content-type: application/json\r\n\r\n" + body)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            server.send_signal(signal.SIGTERM)
            while client.recv(65_536):  # or it would be the client who ends the stream
                pass
            assert server.wait(timeout=120) == 0
        server.communicate()


@pytest.mark.parametrize("begun", [b"", b"GET /api/health HTTP/1.1\r\nhost: local"])
def test_who_never_finishes_a_request_is_hung_up_on(monkeypatch, begun):
    monkeypatch.setattr("ui.middleware.idle_timeout.HEAD_SECONDS", 0.2)

    async def hello(scope, receive, send):
        if scope["type"] == "http":
            await asyncio.sleep(0.6)  # longer than a head may take: who is being answered stays
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"ok"})

    with serving(hello, http=Patient, lifespan="off") as address:
        where = ("127.0.0.1", int(address.rpartition(":")[2]))
        with socket.create_connection(where, timeout=60) as idle, socket.create_connection(where, timeout=60) as busy:
            idle.sendall(begun)
            busy.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert idle.recv(1) == b""
            assert busy.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "请加 --require-key"),
        (["--host", "::"], "若本就要对所有人开放，请加 --open"),
        (["--allow-host", "qa.example"], "不用登录就能看到所有文档"),
        (["--trust-proxy", "127.0.0.1"], "不用登录就能看到所有文档"),
        (["--open", "--require-key"], "不能与 --require-key"),
        (["--user-header", "X-Remote-User"], "须与 --trust-proxy 同用"),
        (["--trust-proxy", "10.0.0.0/8", "--open", "--groups-header", "X-G"], "须与 --user-header 同用"),
        (["--oidc-issuer", "http://sso.example"], "须一起给出"),
        (["--oidc-issuer", "http://sso", "--oidc-client", "x", "--oidc-secret-file", "/nowhere"], "/nowhere"),
    ],
)
def test_it_opens_to_nobody_by_mistake(arguments, says, capsys):
    assert main([*arguments, "--port", "0"]) == 2
    assert says in (said := capsys.readouterr().err) and said.count("\n") == 1


def test_a_port_in_use_is_one_clear_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"yiju-serve：端口 {port} 已被占用；请先停掉占用它的程序，或用 --port 换一个端口。\n"


def test_an_address_that_is_not_ours_is_one_clear_line(capsys):
    assert main(["--host", "192.0.2.1", "--port", "0", "--open"]) == 2
    assert capsys.readouterr().err.startswith("yiju-serve：无法监听 192.0.2.1:0")


def test_a_missing_index_is_one_clear_line_and_stays_quick(tmp_path: Path):
    command = [sys.executable, "-m", "ui", "--index", str(tmp_path / "none"), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert str(tmp_path / "none") in done.stderr


def test_the_caution_reaches_what_answers():
    with serve("--port", "0", "--caution", "high") as server:
        _, said = server.communicate(timeout=60)
    assert said.strip().endswith("opened with caution high")


def test_an_unknown_caution_in_the_environment_is_one_clear_line(monkeypatch, capsys):
    monkeypatch.setenv("YIJU_CAUTION", "brave")
    assert main(["--port", "0"]) == 2
    assert "YIJU_CAUTION 是 'brave'" in (said := capsys.readouterr().err) and said.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--port", "x"],
        ["--caution", "brave"],
        ["--allow-origin", "portal"],
        ["--allow-origin", "http://a.example/path"],
        ["--allow-origin", "http://a.example; script-src *"],
        ["--root-path", "qa"],
        ["--root-path", "/../x"],
        ["--allow-host", "http://qa.example"],
        ["--trust-proxy", "proxy.example"],
        ["--user-header", "X: y"],
        ["--per-address", "-1"],
    ],
)
def test_a_wrong_argument_is_the_callers_mistake(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
