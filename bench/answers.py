"""How long an answer takes in a process that has answered before, and how many come out at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bench import Measurement
from bench.programs import ROOT, sample_index
from eval.data.datasets import load_dataset
from eval.records import Query
from qa.answers import Answer
from qa.protocols import Answerer

WARM_UP, THREADS = 5, 8

GOLD = ROOT / "eval" / "gold" / "qijiang.jsonl"


def speed() -> list[Measurement]:
    """Return the time of a warm answer to a question not asked before, and answers a second from eight threads."""
    from qa.bootstrap import open_assistant
    from qa.settings import Settings

    warm_up, questions = dev_questions()[:WARM_UP], dev_questions()[WARM_UP:]
    with sample_index() as index:
        # Each part has an assistant of its own, since one remembers the vectors of what it was asked.
        one, many = (open_assistant(Settings(index)) for _ in range(2))
    for query in warm_up:
        one.ask(query.question, query.history)
        many.ask(query.question, query.history)
    return [*latency(one, questions), throughput(many, questions)]


def dev_questions() -> list[Query]:
    """Return the questions of the development half, each once, in an order that mixes the kinds.

    The first are a sample.
    """
    queries = load_dataset(GOLD, "dev").queries
    distinct = list({(query.question, query.history): query for query in queries}.values())
    return [distinct[place] for place in np.random.default_rng(0).permutation(len(distinct))]


def latency(answerer: Answerer, questions: Sequence[Query]) -> list[Measurement]:
    """Return the milliseconds of an answer, asked once each, one after the other."""
    timed = [_timed(answerer, query) for query in questions]
    total = [seconds * 1000 for _, seconds in timed]
    retrieve = [answer.timing.retrieve for answer, _ in timed]
    read = [answer.timing.read for answer, _ in timed]
    return [
        _percentile(f"one answer, p50 of {len(questions)} questions", total, 50, "≤ 60"),
        _percentile("one answer, p95", total, 95, "≤ 150"),
        _percentile("of it finding passages, p50", retrieve, 50),
        _percentile("of it finding passages, p95", retrieve, 95),
        _percentile("of it reading, p50", read, 50),
        _percentile("of it reading, p95", read, 95),
    ]


def throughput(answerer: Answerer, questions: Sequence[Query]) -> Measurement:
    """Measure answers a second when `THREADS` threads ask."""
    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda query: answerer.ask(query.question, query.history), questions))
    return Measurement(f"answers a second, {THREADS} threads", len(answers) / (time.perf_counter() - start), "1/s")


def _timed(answerer: Answerer, query: Query) -> tuple[Answer, float]:
    """Return an answer and its seconds of wall time."""
    start = time.perf_counter()
    answer = answerer.ask(query.question, query.history)
    return answer, time.perf_counter() - start


def _percentile(name: str, milliseconds: Sequence[float], percent: float, goal: str = "") -> Measurement:
    return Measurement(name, float(np.percentile(milliseconds, percent)), "ms", goal)
