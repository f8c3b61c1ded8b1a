"""`make load`: puts many users before a running service, or before one of its own, and says what they got."""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import numpy as np

from bench import Measurement
from bench.__main__ import table
from bench.load import PATIENCE_SECONDS, QUESTIONS, text_of, together, windows
from bench.programs import sample_index, serving
from index.errors import YijuError

_STAGE = re.compile(r'^yiju_stage_seconds_(sum|count)\{stage="(\w+)"\} (\S+)$', re.M)

Stages = Mapping[str, tuple[float, float]]
"""Seconds and number of each stage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate load and print what came of it.

    Args:
        arguments: those of the command line unless given.

    Returns:
        The exit status: 0, or 2 if the service cannot be reached.
    """
    options = _parser().parse_args(arguments)
    try:
        with nullcontext(options.address.rstrip("/")) if options.address else _own() as address:
            figures = load(address, options.users, options.seconds, options.reading)
    except (YijuError, OSError, HTTPException, ValueError) as error:
        print(f"make load：{options.address or '自己的服务'} 没有照常回应：{error}", file=sys.stderr)
        return 2
    print(table({"load": figures}))
    return 0


def load(address: str, users: int, seconds: float, reading: float) -> list[Measurement]:
    """Return what users got: answers and refusals, waits, and how long each stage took on average.

    Args:
        address: of the service.
        users: how many ask at the same time.
        seconds: for how long.
        reading: seconds between an answer and the next question.
    """
    questions = iter(list(itertools.islice(windows(text_of(address)), QUESTIONS)))
    before = stages_of(address)
    waits, failures = together(address, questions, users, seconds, reading)
    after = stages_of(address)
    name = f"{users} users, {reading:g} s of reading"
    refused = Counter(failure[:60] for failure in failures)
    return [
        Measurement(f"{name}: answers a second", len(waits) / seconds, "1/s"),
        *(Measurement(f"not answered: {why}", count) for why, count in refused.most_common(5)),
        *_percentiles("first words", [wait.first for wait in waits]),
        *_percentiles("whole answer", [wait.whole for wait in waits]),
        *_means(before, after),
    ]


def stages_of(address: str) -> Stages:
    """Return what `/metrics` says of the stages; empty where it may not be read."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", f"{urlsplit(address).path}/metrics")
        said = connection.getresponse().read().decode()
    finally:
        connection.close()
    found = {(stage, what): float(value) for what, stage, value in _STAGE.findall(said)}
    return {stage: (seconds, found[stage, "count"]) for (stage, what), seconds in found.items() if what == "sum"}


def _means(before: Stages, after: Stages) -> Iterator[Measurement]:
    for stage, (seconds, count) in after.items():
        earlier, counted = before.get(stage, (0.0, 0.0))
        if count > counted:
            yield Measurement(f"stage {stage}, mean", 1000 * (seconds - earlier) / (count - counted), "ms")


def _percentiles(name: str, seconds: Sequence[float]) -> Iterator[Measurement]:
    for percent in (50, 95, 99) if seconds else ():
        yield Measurement(f"{name}, p{percent}", 1000 * float(np.percentile(seconds, percent)), "ms")


@contextmanager
def _own() -> Iterator[str]:
    with sample_index() as index, serving(index) as server:
        yield server.address


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make load", description="让许多用户同时提问，报告等了多久、多少没有答上。")
    parser.add_argument("address", nargs="?", help="服务的地址，例如 http://127.0.0.1:7860；不给就自己起一个")
    parser.add_argument("--users", type=int, default=20, metavar="N", help="同时提问的人数，默认 %(default)s")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S", help="持续多少秒，默认 %(default)g")
    parser.add_argument("--reading", type=float, default=1.0, metavar="S", help="读一个答案几秒，默认 %(default)g")
    return parser


if __name__ == "__main__":
    sys.exit(main())
