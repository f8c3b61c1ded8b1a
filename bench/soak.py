"""`python -m bench.soak [--answers N] [--json FILE]`: a server under mixed clients for as long as it takes.

Clients of every kind ask at once: whole answers, streams, the OpenAI route, streams that are abandoned in the middle,
requests that are wrong in some way, pages. Every reply must be the one that its kind expects. Memory, descriptors,
threads and waiting times are looked at all the while. Then comes ten times more than the server can do, and connections
that never come to the point, while somebody else goes on asking; at last the folder of the index is away for a while.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from bench import Measurement
from bench.__main__ import table
from bench.commands import resident
from bench.load import PATIENCE_SECONDS, asked, text_of, windows
from bench.programs import Server, sample_index, serving
from index.errors import YijuError

ANSWERS, CLIENTS = 100_000, 8
"""How many answers, from how many clients at once: a night on two cores."""

WARM = 0.1
"""Share of the answers after which memory should be flat."""

SAMPLES = 200
"""How often the server is looked at."""

PEAK_SECONDS, FLOOD_SECONDS, TIMES = 20.0, 20.0, 10
"""How long capacity is measured and then exceeded, and by how much."""

HOPELESS = 100
"""More failures than answers by which it is given up: the server is gone."""

ASKED, EVERY = 20, 2.0
"""Questions while something is missing; seconds between two looks that a server takes at its index."""

IDLE = 100
"""Connections that never come to the point."""

_PROMPT_SECONDS = 2.0  # within which who is turned away should know it


@dataclass(frozen=True, slots=True)
class Sample:
    """The server at a moment.

    Attributes:
        answers: so far.
        megabytes: of memory.
        descriptors: files and connections that are open.
        threads: how many it has.
    """

    answers: int
    megabytes: float
    descriptors: int
    threads: int


@dataclass
class Record:
    """What came of it.

    Attributes:
        replies: by kind of client.
        waits: seconds to each whole answer, in the order of their ends.
        failures: replies that were not what their kind expects, told apart.
        samples: of the server.
    """

    replies: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)


class Unexpected(YijuError):
    """A reply that is not what this kind of request expects."""


Client = Callable[[str, str], bool]
"""Asks an address a question of its kind; says whether an answer was given; raises `Unexpected` for a wrong reply."""


def whole(address: str, question: str) -> bool:
    """Ask for a whole answer."""
    _expect(_post(address, "/api/ask", {"question": question}), 200, b'"confidence"')
    return True


def stream(address: str, question: str) -> bool:
    """Ask for a stream and hear it to its end."""
    asked(address, question)
    return True


def chat(address: str, question: str) -> bool:
    """Ask as programs for language models do."""
    body = {"model": "yiju", "messages": [{"role": "user", "content": question}]}
    _expect(_post(address, "/v1/chat/completions", body), 200, b'"choices"')
    return True


def abandoned(address: str, question: str) -> bool:
    """Return begins to hear a stream and hangs up."""
    with closing(_connection(address)) as connection:
        _request(connection, "/api/ask?stream=1", {"question": question})
        response = connection.getresponse()
        if response.status != 200:
            raise Unexpected(f"{response.status} instead of a stream")
        response.readline()
    return False


def wrong(address: str, question: str) -> bool:
    """Ask for what cannot be; each time in another way."""
    bodies: Sequence[tuple[str, object, int]] = (
        ("/api/ask", {"question": ""}, 422),
        ("/api/ask", {"question": question * 1000}, 422),
        ("/api/ask", [question], 400),
        ("/v1/chat/completions", {"messages": []}, 422),
        ("/api/nothing", {"question": question}, 404),
    )
    path, body, status = bodies[len(question) % len(bodies)]
    _expect(_post(address, path, body), status, b'"error"')
    return False


def page(address: str, _: str) -> bool:
    """Return looks at a page."""
    with closing(_connection(address)) as connection:
        connection.request("GET", "/documents/")
        _expect(connection.getresponse(), 200, b"</html>")
    return False


MIX: Mapping[Client, int] = {whole: 4, stream: 4, chat: 2, abandoned: 1, wrong: 1, page: 1}
"""Kinds of clients, and how often each comes."""


def mixed(server: Server, questions: Iterator[str], answers: int, clients: int, seed: int = 1) -> Record:
    """Return the clients of every kind at once, until so many answers have been given.

    Args:
        server: asked.
        questions: safe to share between threads, and enough of them.
        answers: how many.
        clients: how many ask at once.
        seed: of who comes when.

    Raises:
        Unexpected: if the server is gone.
    """
    record, lock, chance = Record(), threading.Lock(), random.Random(seed)
    kinds, weights = list(MIX), list(MIX.values())

    def stay(_: int) -> None:
        while len(record.waits) < answers:
            with lock:
                kind, question = chance.choices(kinds, weights)[0], next(questions)
            began = time.perf_counter()
            try:
                answered = kind(server.address, question)
            except (OSError, HTTPException, YijuError) as error:
                with lock:
                    record.failures[f"{kind.__name__}：{type(error).__name__} {str(error)[:80]}"] += 1
                if record.failures.total() > HOPELESS + len(record.waits):
                    raise Unexpected(f"服务器不再回答，已停止：{error}") from error
                continue
            with lock:
                record.replies[kind.__name__] += 1
                if answered:
                    record.waits.append(time.perf_counter() - began)
                    if len(record.waits) % max(1, answers // SAMPLES) == 0:
                        record.samples.append(_sample(server.pid, len(record.waits)))

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(stay, range(clients)))
    return record


def soaked(record: Record) -> list[Measurement]:
    """Return what a record says: whether anything grew after the first tenth, or failed."""
    after = [each for each in record.samples if each.answers >= WARM * len(record.waits)]
    fifth = max(1, len(after) // 5)
    first, last = after[:fifth], after[-fifth:]
    waits = record.waits[int(WARM * len(record.waits)) :]
    early, late = waits[: len(waits) // 5 or 1], waits[-(len(waits) // 5 or 1) :]
    return [
        Measurement("answers", len(record.waits)),
        *(Measurement(f"replies to {kind}", count) for kind, count in sorted(record.replies.items())),
        Measurement("failures", record.failures.total(), "", "0"),
        Measurement("memory after the first tenth", _median(first, "megabytes"), "MB"),
        Measurement("memory growth since then", _growth(first, last, "megabytes"), "%", "≤ 2"),
        Measurement("descriptors at the end", _median(last, "descriptors")),
        Measurement("growth of descriptors", _median(last, "descriptors") - _median(first, "descriptors"), "", "0"),
        Measurement("growth of threads", _median(last, "threads") - _median(first, "threads"), "", "0"),
        Measurement("waiting, p50", 1000 * float(np.percentile(waits, 50)), "ms"),
        Measurement("waiting, p95", 1000 * float(np.percentile(waits, 95)), "ms"),
        Measurement("p50 of the last fifth to the first", float(np.median(late) / np.median(early)), "", "≈ 1"),
    ]


def flooded(address: str, questions: Iterator[str]) -> list[Measurement]:
    """Return what is answered of ten times more than can be, as a share of the most that can be.

    And how the rest is told.
    """
    peak, _, _ = _offered(address, questions, PEAK_SECONDS, 0.0)
    good, refused, failures = _offered(address, questions, FLOOD_SECONDS, TIMES * peak)
    prompt = [wait for wait in refused if wait <= _PROMPT_SECONDS]
    return [
        Measurement("answers a second at most", peak, "1/s"),
        Measurement(f"answers a second at {TIMES} × that", good, "1/s"),
        Measurement("of the most", 100 * good / peak if peak else float("nan"), "%", "≥ 80"),
        Measurement("turned away with 503", len(refused)),
        Measurement(f"of these within {_PROMPT_SECONDS:g} s", 100 * len(prompt) / max(1, len(refused)), "%", "100"),
        Measurement("neither", failures.total(), "", "0"),
    ]


def _offered(
    address: str, questions: Iterator[str], seconds: float, rate: float
) -> tuple[float, list[float], Counter[str]]:
    """Measure answers a second, seconds until each 503, and what else came.

    Args:
        address: asked.
        questions: as for `mixed`.
        seconds: how long.
        rate: questions a second, whatever becomes of them; 0 for as many as are answered.
    """
    end = time.monotonic() + seconds
    answered: list[float] = []
    refused: list[float] = []
    failures: Counter[str] = Counter()

    def ask(question: str) -> None:
        began = time.monotonic()
        try:
            response = _post(address, "/api/ask", {"question": question})
        except (OSError, HTTPException) as error:
            failures[type(error).__name__] += 1
            return
        if response.status == 200:
            answered.append(time.monotonic())
        elif response.status == 503:
            refused.append(time.monotonic() - began)
        else:
            failures[str(response.status)] += 1

    def stay(_: int) -> None:
        while time.monotonic() < end:
            ask(next(questions))

    if not rate:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(stay, range(CLIENTS)))
    else:
        with ThreadPoolExecutor(1000) as pool:
            began = time.monotonic()
            for number in range(int(rate * seconds)):
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
                pool.submit(ask, next(questions))
    return sum(moment <= end for moment in answered) / seconds, refused, failures


def loris(server: Server, questions: Iterator[str]) -> list[Measurement]:
    """Open connections that send a byte now and then but never a request, while another client asks."""
    host, port = urlsplit(server.address).hostname, urlsplit(server.address).port
    before = _sample(server.pid, 0).descriptors
    with ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection((host, port))) for _ in range(IDLE)]
        waits = []
        for question in (next(questions) for _ in range(10)):
            for each in idle:
                _dribble(each)
            waits.append(asked(server.address, question).whole)
        deadline = time.monotonic() + 60
        while _sample(server.pid, 0).descriptors > before and time.monotonic() < deadline:
            for each in idle:
                _dribble(each)
            time.sleep(1)
        left = max(0, _sample(server.pid, 0).descriptors - before)
    return [
        Measurement(f"waiting beside {IDLE} connections that dribble, p50", 1000 * float(np.median(waits)), "ms"),
        Measurement("of these connections still held after a minute", left, "", "0"),
    ]


def vanished(address: str, index: Path, questions: Iterator[str]) -> list[Measurement]:
    """Return what is answered while the folder of the index is away, as network drives go, and once it is back."""
    away = index.with_name(f"{index.name}-away")
    index.rename(away)
    try:
        time.sleep(2 * EVERY)  # time for the server to look, and to miss it
        without = sum(_is_answered(address, next(questions)) for _ in range(ASKED))
    finally:
        away.rename(index)
    time.sleep(2 * EVERY)
    with closing(_connection(address)) as connection:
        connection.request("GET", "/api/health")
        health = connection.getresponse().status
    again = sum(_is_answered(address, next(questions)) for _ in range(ASKED))
    return [
        Measurement(f"answered of {ASKED} while the folder of the index is away", without, "", str(ASKED)),
        Measurement(f"answered of {ASKED} once it is back", again, "", str(ASKED)),
        Measurement("health then", health, "", "200"),
    ]


def _is_answered(address: str, question: str) -> bool:
    return _post(address, "/api/ask", {"question": question}).status == 200


def _dribble(connection: socket.socket) -> None:
    try:
        connection.sendall(b"G")
    except OSError:
        return  # hung up on, as it should be


def _sample(pid: int, answers: int) -> Sample:
    process = Path(f"/proc/{pid}")
    return Sample(
        answers, resident(pid), len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))
    )


def _median(samples: Sequence[Sample], name: str) -> float:
    return float(np.median([getattr(each, name) for each in samples])) if samples else float("nan")


def _growth(first: Sequence[Sample], last: Sequence[Sample], name: str) -> float:
    return 100 * (_median(last, name) / _median(first, name) - 1) if first and last else float("nan")


def _connection(address: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)


def _request(connection: HTTPConnection, path: str, body: object) -> None:
    connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and a body."""

    status: int
    body: bytes


def _post(address: str, path: str, body: object) -> Reply:
    with closing(_connection(address)) as connection:
        _request(connection, path, body)
        response = connection.getresponse()
        return Reply(response.status, response.read())


def _expect(reply: Reply | HTTPResponse, status: int, part: bytes) -> None:
    body = reply.body if isinstance(reply, Reply) else reply.read()
    if reply.status != status or part not in body:
        raise Unexpected(f"{reply.status} instead of {status}: {body[:80].decode('utf-8', 'replace')}")


def _questions(text: str) -> Iterator[str]:
    """Yield questions about a text, without end; after some thousands they come again, as they do in life."""
    while True:
        yield from windows(text)


def main() -> int:
    """Return soak, flood, dribble; print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="长时间混合负载、过载与慢连接。")
    parser.add_argument("--answers", type=int, default=ANSWERS, help="一共多少个答案（默认 %(default)s，约一夜）")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="同时多少个客户端（默认 %(default)s）")
    parser.add_argument("--json", type=Path, metavar="FILE", help="另存为 JSON 文件，连同采样")
    options = parser.parse_args()
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)  # now, and not at the end of a night
    with sample_index() as index, serving(index) as server:
        questions = _Shared(_questions(text_of(server.address)))
        began = time.monotonic()
        record = mixed(server, questions, options.answers, options.clients)
        hours = (time.monotonic() - began) / 3600
        results = {
            "soak": [*soaked(record), Measurement("hours", hours)],
            "flood": flooded(server.address, questions),
            "dribble": loris(server, questions),
            "vanish": vanished(server.address, index, questions),
        }
    print(table(results))
    for failure, count in record.failures.most_common(20):
        print(f"{count} × {failure}", file=sys.stderr)
    if options.json:
        figures = {name: [asdict(figure) for figure in found] for name, found in results.items()}
        content = {"figures": figures, "samples": [asdict(each) for each in record.samples]}
        options.json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if record.failures else 0


class _Shared(Iterator[str]):
    """A generator that several threads may take from."""

    def __init__(self, items: Iterator[str]) -> None:
        self._items = items
        self._lock = threading.Lock()

    def __next__(self) -> str:
        with self._lock:
            return next(self._items)


if __name__ == "__main__":
    sys.exit(main())
