"""Measure answers of one server under many users, and its memory after thousands; over HTTP."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import numpy as np

from bench import Measurement
from bench.commands import resident
from bench.programs import sample_index, serving
from index.errors import YijuError

USERS, SECONDS, READING = 50, 60.0, 5.0
"""How many people ask, for how long, and for how many seconds each reads an answer before the next question."""

ALONE = 20
"""Questions of somebody who has the server for themselves."""

ANSWERS, SETTLED, THREADS = 5_000, 500, 8
"""How many answers memory is watched over, from which on it should be flat, and how many are asked for at once."""

QUESTIONS = 8_000
"""More than all of these ask."""

PATIENCE_SECONDS = 60.0


class Unanswered(YijuError):
    """The server gave no answer; the message says what it gave."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds from a question to the first words of its answer, and to the whole."""

    first: float
    whole: float


def crowd() -> list[Measurement]:
    """Return waiting times of one user and of fifty for a minute, and memory over 5,000 answers.

    Takes about ten minutes.
    """
    with sample_index() as index, serving(index) as server:
        questions = iter(list(itertools.islice(windows(text_of(server.address)), QUESTIONS)))
        alone = [asked(server.address, next(questions)) for _ in range(ALONE)]
        waits, failures = together(server.address, questions, USERS, SECONDS, READING)
        name = f"{USERS} users for {SECONDS:.0f} s, {READING:.0f} s of reading between questions"
        return [
            _percentile("first words, one user, p50", [wait.first for wait in alone], 50, "≤ 300"),
            Measurement(f"{name}: answers", len(waits)),
            Measurement("of these: not answered", len(failures), "", "0"),
            _percentile("first words, p50", [wait.first for wait in waits], 50),
            _percentile("whole answer, p50", [wait.whole for wait in waits], 50),
            _percentile("whole answer, p95", [wait.whole for wait in waits], 95, "≤ 3000"),
            *endurance(server.address, server.pid, questions),
        ]


def together(
    address: str, questions: Iterator[str], users: int, seconds: float, reading: float
) -> tuple[list[Wait], list[str]]:
    """Return the waiting times of users who ask and read in turn, and the errors of the others.

    Args:
        address: of the server.
        questions: what is asked, by whoever is next; must be safe to share between threads, as a list's iterator is.
        users: how many there are; they come one after the other during the first reading time.
        seconds: how long they stay.
        reading: seconds between an answer and the next question.
    """
    end = time.monotonic() + seconds
    waits: list[Wait] = []
    failures: list[str] = []

    def stay(user: int) -> None:
        time.sleep(reading * user / users)
        for question in questions:
            try:
                waits.append(asked(address, question))
            except (OSError, HTTPException, Unanswered) as error:
                failures.append(str(error))
            time.sleep(reading)
            if time.monotonic() > end:
                return

    with ThreadPoolExecutor(users) as pool:
        list(pool.map(stay, range(users)))
    return waits, failures


def endurance(address: str, pid: int, questions: Iterator[str]) -> list[Measurement]:
    """Return the memory of the server once it has settled, and what it grows by until the last answer."""
    start = time.perf_counter()
    _many(address, itertools.islice(questions, SETTLED))
    settled = resident(pid)
    _many(address, itertools.islice(questions, ANSWERS - SETTLED))
    seconds, grown = time.perf_counter() - start, resident(pid)
    return [
        Measurement(f"answers a second over {ANSWERS} questions, each asked once", ANSWERS / seconds, "1/s"),
        Measurement(f"memory after {SETTLED} answers", settled, "MB"),
        Measurement(f"memory after {ANSWERS} answers", grown, "MB", "≤ 700"),
        Measurement("growth between the two", 100 * (grown / settled - 1), "%", "≤ 10"),
    ]


def asked(address: str, question: str) -> Wait:
    """Ask one question as a stream.

    Raises:
        Unanswered: if the server refuses or breaks off.
        OSError, HTTPException: if it cannot be reached or understood.
    """
    start = time.perf_counter()
    connection = HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)
    body = json.dumps({"question": question}).encode()
    try:
        connection.request("POST", "/api/ask?stream=1", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise Unanswered(f"{response.status}：{response.read().decode()}")
        events = [(line, time.perf_counter() - start) for line in response if line.startswith(b"event:")]
    finally:
        connection.close()
    if not events or events[-1][0].strip() != b"event: answer":
        raise Unanswered(f"没有答完：{question}")
    return Wait(events[0][1], events[-1][1])


def text_of(address: str) -> str:
    """Return the text of all documents of a server."""
    documents = json.loads(_get(address, "/api/documents"))["documents"]
    return "".join(_get(address, f"/api/documents/{each['id']}/text") for each in documents)


def windows(text: str) -> Iterator[str]:
    """Yield questions about a text, all different, so that no remembered vector helps.

    Each run of 8 characters, of 9…
    """
    line = "".join(text.split())
    runs = (line[start : start + length] for length in range(8, 60) for start in range(0, len(line) - length, 5))
    seen: set[str] = set()
    for run in runs:
        if run not in seen:
            seen.add(run)
            yield f"{run}是什么？"


def _many(address: str, questions: Iterator[str]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(partial(asked, address), questions))


def _get(address: str, path: str) -> str:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _percentile(name: str, seconds: Sequence[float], percent: float, goal: str = "") -> Measurement:
    return Measurement(name, 1000 * float(np.percentile(seconds, percent)) if seconds else float("nan"), "ms", goal)
