"""Build, ask, serve and browse where there is no network but loopback: nothing is missed, and nothing else is tried."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.browser import CHROMIUM

ROOT = Path(__file__).parents[2]

EMPTY_NETWORK = ("unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
"""A network namespace of its own with nothing in it but loopback."""


def no_namespace() -> str:
    """Why no empty network can be made here; empty if it can."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return "unshare or ip is missing (Debian: apt install util-linux iproute2)"
    tried = subprocess.run([*EMPTY_NETWORK, "true"], capture_output=True, text=True)
    return tried.stderr.strip() and f"no network namespace may be made here: {tried.stderr.strip()}"


WHY_NOT = no_namespace()

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `tests.support.offline_run` left what it saw."""
    folder = tmp_path_factory.mktemp("offline")
    command = [*EMPTY_NETWORK, sys.executable, "-m", "tests.support.offline_run", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict:
    return json.loads((folder / "seen.json").read_text("utf-8"))


def test_build_ask_and_serve_work_without_a_network(seen):
    assert seen["asked"]["short_answer"] == "70MW"
    assert [each["n"] for each in seen["asked"]["citations"]] == [1]
    for answer in (seen["asked"], seen["served"]):
        del answer["timing_ms"]
        answer.pop("id", None)
    assert seen["served"] == seen["asked"]
    assert (seen["status"], seen["stderr"]["qa"], seen["stderr"]["ui"]) == (0, "", "")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt install chromium)")
def test_the_browser_asks_the_server_and_nobody_else(seen):
    assert "70MW" in seen["shown"]
    assert "70MW" in seen["quoted"]
    assert (seen["off_origin"], seen["failures"], seen["console"]) == ([], [], [])


def test_no_process_turns_to_any_address_but_loopback(folder):
    lines = (folder / "sockets.jsonl").read_text("utf-8").splitlines()
    turned_to = {(event, address) for event, address, _ in map(json.loads, lines)}
    assert any(event == "socket.bind" for event, _ in turned_to)  # the watch was on: the server's own port
    local = ("127.", "('127.", "localhost", "('localhost", "::1", "('::1", "/", "None")
    assert [each for each in turned_to if not each[1].startswith(local)] == []


def test_the_kernel_saw_no_packet_without_a_way(seen):
    assert seen["unrouted"] == [0, 2]  # none of ours; the two sent on purpose are counted
