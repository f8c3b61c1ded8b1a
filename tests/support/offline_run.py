"""Everything a user does, in one go, for `tests/slow/test_offline.py`: `python -m tests.support.offline_run FOLDER`.

Runs where there is no network but loopback and writes what it saw to `FOLDER/seen.json`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

from playwright.sync_api import expect

from tests.support.browser import CHROMIUM, CITATION, PANEL, ask, chromium, opened

QUESTION = "光伏发电计划装机容量是多少？"
PATIENCE = 14.0
"""How long the server runs, in seconds, before packets are counted: telemetry likes to wait until nobody looks."""

WATCHER = Path(__file__).with_name("watched")


@dataclass
class Seen:
    """What happened.

    Attributes:
        stderr: what commands said there, by command.
        asked: JSON answer of `yiju-ask`.
        served: JSON answer over HTTP.
        shown, quoted: text of the answer and of the marked sentence in the browser.
        off_origin, failures, console: as `tests.support.browser.Watch` saw them.
        unrouted: packets that this network had no way for, by the kernel's count: after all programs but the
            browser, which probes the network on its own account, and after two packets sent on purpose.
        status: exit status of the server after SIGTERM.
    """

    stderr: dict[str, str] = field(default_factory=dict)
    asked: dict[str, object] = field(default_factory=dict)
    served: dict[str, object] = field(default_factory=dict)
    shown: str = ""
    quoted: str = ""
    off_origin: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    unrouted: list[int] = field(default_factory=list)
    status: int | None = None


def main(folder: Path) -> None:
    seen = Seen()
    index = folder / "index"
    command(seen, folder, "index", "build", "data/documents", "-o", str(index))
    seen.asked = json.loads(command(seen, folder, "qa", QUESTION, "--index", str(index), "--json"))
    since = time.monotonic()
    server = start(folder, "ui", "--index", str(index), "--port", "0")
    try:
        use(seen, server.stdout.readline().rstrip().partition("：")[2], since)
    finally:
        server.send_signal(signal.SIGTERM)
        seen.stderr["ui"] = server.communicate(timeout=20)[1]
    seen.status = server.returncode
    (folder / "seen.json").write_text(json.dumps(asdict(seen), ensure_ascii=False), "utf-8")


def use(seen: Seen, address: str, since: float) -> None:
    seen.served = post(f"{address}/api/ask", {"question": QUESTION})
    time.sleep(max(0.0, since + PATIENCE - time.monotonic()))
    seen.unrouted.append(unrouted())
    stray()
    seen.unrouted.append(unrouted())
    if CHROMIUM:
        browse(seen, address)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """One of our commands, its sockets watched by `watched/sitecustomize.py`."""
    watched = {**os.environ, "PYTHONPATH": str(WATCHER), "YIJU_SOCKET_LOG": str(folder / "sockets.jsonl")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-m", *arguments], env=watched, text=True, **pipes)


def command(seen: Seen, folder: Path, *arguments: str) -> str:
    process = start(folder, *arguments)
    out, seen.stderr[arguments[0]] = process.communicate(timeout=120)
    if process.returncode:
        raise SystemExit(f"{arguments}: {process.returncode}\n{seen.stderr[arguments[0]]}")
    return out


def post(address: str, body: dict[str, object]) -> dict[str, object]:
    request = Request(address, json.dumps(body).encode(), {"content-type": "application/json"})
    with build_opener(ProxyHandler({})).open(request, timeout=30) as reply:
        return json.load(reply)


def browse(seen: Seen, address: str) -> None:
    with chromium() as browser, opened(browser, f"{address}/chat/") as (page, watch):
        seen.shown = ask(page, QUESTION)
        page.locator(CITATION).first.click()
        expect(page.locator(f"{PANEL} mark")).to_be_visible()
        seen.quoted = page.locator(f"{PANEL} mark").inner_text()
        page.goto(f"{address}/widget/demo")
        page.get_by_role("button", name="打开文档问答").click()
        expect(page.frame_locator("iframe").locator("#yj-ask textarea")).to_be_visible()
        seen.off_origin = watch.off_origin(address)
        seen.failures, seen.console = watch.failures, watch.console


def stray() -> None:
    """Sends to an address outside, once a protocol, so that the count is known to count."""
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family) as outward, suppress(OSError):
            outward.connect((address, 80))


def unrouted() -> int:
    """How often anything in this network namespace tried to send where there is no way: OutNoRoutes of IPv4 and 6."""
    names, values = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:")]
    six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return int(values[names.index("OutNoRoutes")]) + int(six["Ip6OutNoRoutes"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
