"""`yiju-serve` as it is called: what it says, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ui.__main__ import main

FAKE = """
import sys, types
PAUSE = float(sys.argv.pop())
from tests.fake_answerer import FakeAnswerer
bootstrap = types.ModuleType("qa.bootstrap")
def open_assistant(settings):
    if settings.caution != "normal":
        raise SystemExit(f"opened with caution {settings.caution}")
    return FakeAnswerer(pause=PAUSE)
bootstrap.open_assistant = open_assistant
sys.modules["qa.bootstrap"] = bootstrap
from ui.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def serve(*arguments: str, pause: float = 0.0) -> subprocess.Popen[str]:
    """The command with the fake assistant."""
    command = [sys.executable, "-c", FAKE, *arguments, str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("signalled", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_once_it_answers_and_ends_well_on_a_signal(signalled):
    with serve("--port", "0", "--root-path", "/qa") as server:
        line = server.stdout.readline()
        assert line.startswith("依据 已就绪：http://127.0.0.1:"), server.stderr.read()
        port = int(line.rstrip().removesuffix("/qa").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"GET /api/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        server.send_signal(signalled)
        out, said = server.communicate(timeout=15)
        assert (server.returncode, out, said) == (0, "", "")


def test_an_open_stream_does_not_keep_it_from_ending():
    with serve("--port", "0", pause=0.5) as server:
        port = int(server.stdout.readline().rpartition(":")[2])
        body = '{"question": "光伏和补贴"}'.encode()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            head = f"POST /api/ask?stream=1 HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
            client.sendall(head.encode() + b"content-type: application/json\r\n\r\n" + body)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            since = time.monotonic()
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=15) == 0
            assert time.monotonic() - since < 10
        server.communicate()


def test_a_port_in_use_is_one_clear_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"yiju-serve：端口 {port} 已被占用；请先停掉占用它的程序，或用 --port 换一个端口。\n"


def test_an_address_that_is_not_ours_is_one_clear_line(capsys):
    assert main(["--host", "192.0.2.1", "--port", "0"]) == 2
    assert capsys.readouterr().err.startswith("yiju-serve：不能监听 192.0.2.1:0")


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
    ],
)
def test_a_wrong_argument_is_the_callers_mistake(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
