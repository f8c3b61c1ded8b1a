"""Measure the waiting time of commands and the memory of a running server as Linux counts it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from urllib.request import ProxyHandler, Request, build_opener

from bench import Measurement
from bench.answers import dev_questions
from bench.programs import DOCUMENTS, run, sample_index, serving
from eval.records import Query

QUESTION = "光伏装机目标是多少"
BUILDS, ASKS, STARTS, SERVED = 3, 5, 3, 50

_DIRECT = build_opener(ProxyHandler({}))


def speed() -> list[Measurement]:
    """Return the time of `yiju-index build`, `yiju-ask` and the start of `yiju-serve`.

    Memory of the server, size of the index.
    """
    with sample_index() as index:
        return [_building(), _asking(index), *_serving(index), Measurement("index folder", megabytes(index), "MB")]


def megabytes(folder: Path) -> float:
    """Return the size of the files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def resident(pid: int) -> float:
    """Return the megabytes of memory that a process holds, from its `/proc` entry."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == "VmRSS":
            return int(value.removesuffix("kB")) * 1024 / 1e6
    raise ValueError(f"process {pid} holds no memory")


def _building() -> Measurement:
    with tempfile.TemporaryDirectory() as folder:
        seconds = [run("index", "build", str(DOCUMENTS), "-o", f"{folder}/index") for _ in range(BUILDS)]
    return Measurement(f"building the sample index, median of {BUILDS}", median(seconds), "s", "≤ 15")


def _asking(index: Path) -> Measurement:
    seconds = [run("qa", QUESTION, "--index", str(index)) for _ in range(ASKS)]
    return Measurement(f"yiju-ask in a new process, median of {ASKS}", median(seconds), "s", "≤ 4")


def _serving(index: Path) -> list[Measurement]:
    ready = [_ready(index) for _ in range(STARTS - 1)]
    with serving(index) as server:
        ready.append(server.ready)
        before = resident(server.pid)
        seconds = _over_http(server.address, dev_questions()[:SERVED])
        after = resident(server.pid)
    return [
        Measurement(f"yiju-serve until it answers, median of {STARTS}", median(ready), "s", "≤ 10"),
        Measurement("memory of the server before the first answer", before, "MB"),
        Measurement(f"memory of the server after {SERVED} answers", after, "MB", "≤ 700"),
        Measurement(f"one answer over HTTP, p50 of the same {SERVED}", 1000 * median(seconds), "ms"),
    ]


def _ready(index: Path) -> float:
    with serving(index) as server:
        return server.ready


def _over_http(address: str, questions: Sequence[Query]) -> list[float]:
    """Return the seconds of each answer."""
    seconds = []
    for query in questions:
        body = json.dumps({"question": query.question, "history": query.history}).encode()
        start = time.perf_counter()
        with _DIRECT.open(Request(f"{address}/api/ask", body, {"Content-Type": "application/json"})) as response:
            response.read()
        seconds.append(time.perf_counter() - start)
    return seconds
