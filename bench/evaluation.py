"""How long evaluating itself takes, on made-up runs of the size that people have."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from bench import Measurement
from eval.metrics.retrieval_metrics import score_run
from eval.metrics.significance import bootstrap_interval
from eval.metrics.stages import STAGES, StagedSearch
from eval.records import Dataset, Outcome, Query
from eval.report.page import report_page
from eval.report.report import Circumstances, make_report
from index.protocols import Stage
from index.records import Hit, Passage, Span
from qa.answers import AnswerJson, passage_json

RANKED, HITS, QUESTIONS, VALUES = 10_000, 100, 5_000, 1_000

_TEXT = "光伏发电计划装机容量{}MW，风电项目分布在山区，牵头单位为区发展改革委，责任单位为各街镇。"


def speed() -> list[Measurement]:
    """Return the time of scoring a large run, of a bootstrap, and of a report with its page."""
    generator = np.random.default_rng(0)
    qrels, run = _run(generator)
    dataset, outcomes = _answers(generator)
    circumstances = Circumstances(search=_search(dataset, generator))
    report = make_report(dataset, outcomes, circumstances=circumstances)
    return [
        _timed(f"scoring {RANKED:,} questions × {HITS} hits, eight measures", lambda: score_run(qrels, run), "≤ 2"),
        _timed(
            f"bootstrap, 10,000 resamples of {VALUES:,} distinct values",
            lambda: bootstrap_interval(generator.random(VALUES).tolist()),
            "≤ 1",
        ),
        _timed(
            f"report and page for {QUESTIONS:,} questions",
            lambda: report_page(make_report(dataset, outcomes, circumstances=circumstances)),
            "≤ 5",
        ),
        Measurement("size of that page", len(report_page(report).encode()) / 1e6, "MB", "≤ 3"),
    ]


def _timed(name: str, work: Callable[[], object], goal: str) -> Measurement:
    """Return the seconds of processor time: what other processes do at the time does not count."""
    start = time.process_time()
    work()
    return Measurement(name, time.process_time() - start, "s", goal)


def _run(generator: np.random.Generator) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    documents = [f"d{n}" for n in range(1000)]
    scores = generator.random((RANKED, HITS)).tolist()
    starts = generator.integers(0, len(documents) - HITS, RANKED).tolist()
    run = {
        f"q{n}": dict(zip(documents[start : start + HITS], row, strict=True))
        for n, (start, row) in enumerate(zip(starts, scores, strict=True))
    }
    return {query: dict.fromkeys([*found][::40], 1) for query, found in run.items()}, run


def _answers(generator: np.random.Generator) -> tuple[Dataset, list[Outcome]]:
    """Return answers to questions of five types, a third of them wrong, over 500 passages of 400 characters."""
    passages = [_TEXT.format(n) * 8 for n in range(500)]
    queries, outcomes = [], []
    for n in range(QUESTIONS):
        evidence = _TEXT.format(n % 500)
        queries.append(
            Query(f"q{n}", f"第{n}个光伏项目的装机容量是多少", ((f"{n % 500}MW",),), (evidence,), True, f"类型{n % 5}")
        )
        right = generator.random() < 2 / 3
        shown = [passages[int(at)] for at in generator.integers(0, 500, 9)] + [passages[n % 500]]
        outcomes.append(Outcome(queries[-1], _answer(f"{n % 500 if right else n}MW", evidence, shown, generator)))
    return Dataset("made up", tuple(queries)), outcomes


def _search(dataset: Dataset, generator: np.random.Generator) -> StagedSearch:
    """Return a hundred hits a question and stage, the passage with the evidence somewhere among them."""
    texts = [_TEXT.format(n) * 8 for n in range(500)]
    passages = [
        Passage("d", "方案", text, Span(n * 400, n * 400 + len(text)), ("第一章",)) for n, text in enumerate(texts)
    ]
    hits: dict[Stage, dict[str, list[Hit]]] = {
        stage: {
            query.id: [Hit(passages[(start + rank) % 500], -float(rank)) for rank in range(HITS)]
            for query, start in zip(dataset.queries, generator.integers(0, 500, QUESTIONS).tolist(), strict=True)
        }
        for stage in STAGES
    }
    qrels = {query.id: {passages[n % 500].id: 1} for n, query in enumerate(dataset.queries)}
    return StagedSearch(dict.fromkeys(qrels, "d.txt"), qrels, hits)


def _answer(short: str, quote: str, passages: list[str], generator: np.random.Generator) -> AnswerJson:
    return {
        "question": "",
        "standalone_question": "",
        "answer": f"{short}[1]",
        "short_answer": short,
        "abstained": False,
        "confidence": round(float(generator.random()), 4),
        "citations": [
            {
                "n": 1,
                "document_id": "d",
                "source": "d.txt",
                "title": "d",
                "section": [],
                "page": None,
                "start": 0,
                "end": len(quote),
                "quote": quote,
            }
        ],
        "passages": [
            passage_json(Hit(Passage("d", "d", text, Span(n, n + len(text)), ()), 1.0))
            for n, text in enumerate(passages)
        ],
        "timing_ms": {"retrieve": 1.0, "read": 2.0, "total": float(generator.gamma(4, 10))},
    }
