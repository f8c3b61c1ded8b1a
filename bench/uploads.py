"""Files handed to a running server: how soon a long one can be asked about, and how answers wait meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from threading import Event
from urllib.parse import quote, urlsplit

import numpy as np

from bench import Measurement
from bench.extremes import book
from bench.load import PATIENCE_SECONDS, asked, text_of, windows
from bench.programs import sample_index, serving
from index.errors import YijuError

PAGES, LINES = 300, (1, 20)
"""How many pages the long file has, and how many lines each of them: hardly any text, and a full page."""

_FONT = (
    "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type/Font"
    "/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
    "/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 -120 1000 880]/ItalicAngle 0"
    "/Ascent 880/Descent -120/CapHeight 880/StemV 80>>/DW 1000>>]>>"
)

FILES, AT_ONCE = 200, 3
"""How many files are dropped at once, and how many of them a browser sends at the same time."""

RESTING = 60
"""Questions asked while nothing else is at work."""

_LOOK_SECONDS = 0.05
_LIMIT_SECONDS = 1_200.0


def handed_in() -> list[Measurement]:
    """Return the waiting times for a PDF of 300 pages, and of questions while 200 files come in, against those at rest.

    Takes some ten minutes.
    """
    with sample_index() as index, serving(index) as server:
        questions = windows(text_of(server.address))
        figures = [each for lines in LINES for each in long_file(server.address, lines)]
        return [*figures, *dropped(server.address, questions, FILES)]


def long_file(address: str, lines: int) -> list[Measurement]:
    """Return how soon progress of a long PDF is seen, and it can be asked about once its last page was read."""
    began = time.perf_counter()
    job = _send(address, f"book{lines}.pdf", book(PAGES, partial(_page, lines=lines), _FONT))
    seen = last = None
    for told in _followed(address, job):
        at = time.perf_counter() - began
        seen = at if seen is None and (told["page"] or told["pages"]) else seen
        last = at if last is None and told["state"] in ("indexing", "done") else last
    whole = time.perf_counter() - began
    name = f"a PDF of {PAGES} pages, lines a page: {lines}"
    return [
        Measurement(f"{name}: progress seen after", seen or whole, "s", "≤ 1"),
        Measurement(f"{name}: asked about after its last page was read", whole - (last or 0.0), "s", "≤ 10"),
    ]


def dropped(address: str, questions: Iterator[str], files: int) -> list[Measurement]:
    """Return how long questions wait while files are handed in, against the same server at rest before and after."""
    resting = [asked(address, next(questions)).whole for _ in range(RESTING // 2)]
    busy: list[float] = []
    over = Event()

    def keep_asking() -> None:
        while not over.is_set():
            busy.append(asked(address, next(questions)).whole)

    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        asking = pool.submit(keep_asking)
        try:
            jobs = list(pool.map(lambda number: _send(address, f"dropped/{number}.txt", _text(number)), range(files)))
            ends = [list(_followed(address, job))[-1]["state"] for job in jobs]
        finally:
            over.set()
        asking.result()
    resting += [asked(address, next(questions)).whole for _ in range(RESTING // 2)]
    ratio = float(np.percentile(busy, 95) / np.percentile(resting, 95))
    return [
        Measurement(f"{files} files dropped: not done", sum(end != "done" for end in ends), "", "0"),
        Measurement(f"{files} files dropped: answers meanwhile", len(busy)),
        Measurement("an answer at rest, p95", 1e3 * float(np.percentile(resting, 95)), "ms"),
        Measurement("an answer meanwhile, p95", 1e3 * float(np.percentile(busy, 95)), "ms"),
        Measurement("meanwhile against at rest, p95", ratio, "", "≤ 2"),
    ]


def _page(number: int, lines: int) -> str:
    said = (
        f"第{number}页第{row}项：完成投资{number * 7 + row}万元，由综合科牵头，每季度报告进展。" for row in range(lines)
    )
    return " ".join(f"<{line.encode('utf-16-be').hex()}> Tj 0 -24 Td" for line in said)


def _text(number: int) -> bytes:
    tasks = (
        f"{task}．第{number}单位：完成投资{number * 7 + task}万元，由综合科牵头，每季度报告。" for task in range(1, 31)
    )
    return "\n".join((f"第{number}号单位工作方案", *tasks, "")).encode()


def _send(address: str, name: str, content: bytes) -> str:
    """Hand a file in, as soon as the server takes it, and return its job."""
    headers = {"Content-Type": "application/octet-stream"}
    for _ in range(600):
        status, said = _reply(address, "POST", f"/api/documents?name={quote(name)}", content, headers)
        if status == 202:
            return str(said["id"])
        if status != 503:
            raise YijuError(f"没有接收 {name}：{status} {said}")
        time.sleep(1.0)
    raise YijuError(f"没有接收 {name}：一直太忙")


def _followed(address: str, job: str) -> Iterator[dict[str, object]]:
    """Yield how far a job has come until it ends."""
    until = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < until:
        _, told = _reply(address, "GET", f"/api/jobs/{job}")
        yield told
        if told["finished"]:
            return
        time.sleep(_LOOK_SECONDS)
    raise YijuError(f"任务 {job} 超过 {_LIMIT_SECONDS:.0f} 秒没有结束")


def _reply(address: str, method: str, path: str, *rest: object) -> tuple[int, dict[str, object]]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, *rest)  # type: ignore[arg-type]
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
