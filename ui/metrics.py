"""Counters of the running server, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from index.store.storage import program_version
from qa.answers import Answer
from qa.timing import STAGES

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency of answers in seconds."""

STAGE_BUCKETS = (0.001, 0.0025, 0.005, *BUCKETS)
"""The same of stages, some of which take but milliseconds."""

QUEUE = "queue"
"""The stage before all others: waiting for a thread."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which is not needed


class Metrics:
    """Counts answers; safe to use from several threads.

    Gauges are looked up when they are asked for: what each means, and its value, by name.
    """

    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        self._registry = made = CollectorRegistry()
        ProcessCollector(registry=made)
        Info("yiju_build", "The program.", registry=made).info({"version": program_version()})
        for name, (meaning, value) in gauges.items():
            Gauge(f"yiju_{name}", meaning, registry=made).set_function(value)
        self._answers = Counter("yiju_answers", "Complete answers by outcome.", ["outcome"], registry=made)
        self._refused = Counter("yiju_refused", "Questions without an answer by reason.", ["reason"], registry=made)
        self._events = Counter("yiju_chat_events", "Requests of the chat's page that name an event.", registry=made)
        self._replies = Counter("yiju_http_responses", "Responses by status.", ["status"], registry=made)
        said = "Time from question to complete answer, waiting included."
        self._whole = Histogram("yiju_answer_seconds", said, buckets=BUCKETS, registry=made)
        said = "Time from question to passages, where nothing is read."
        self._searches = Histogram("yiju_search_seconds", said, buckets=STAGE_BUCKETS, registry=made)
        said = "Time of each stage of a question: waiting, interpreting, retrieving, reading, quoting with verifying."
        self._stages = Histogram("yiju_stage_seconds", said, ["stage"], buckets=STAGE_BUCKETS, registry=made)
        for counted, labels in (
            (self._answers, ("answered", "abstained")),
            (self._refused, ("busy", "invalid", "failed", "limited")),
            (self._stages, (QUEUE, *STAGES)),
        ):
            for label in labels:
                counted.labels(label)  # what has not happened yet is 0, not absent

    def answered(self, answer: Answer, seconds: float) -> None:
        """Count one complete answer and the time it took."""
        self._answers.labels("abstained" if answer.abstained else "answered").inc()
        self._whole.observe(seconds)

    def searched(self, seconds: float) -> None:
        """Count one search without reading and the time it took."""
        self._searches.observe(seconds)

    def took(self, stages: Mapping[str, float]) -> None:
        """Count the seconds of stages of one question; a stage that did not happen is not counted."""
        for name, seconds in stages.items():
            self._stages.labels(name).observe(seconds)

    def refused(self, reason: str) -> None:
        """Count a question without an answer; `reason` is `busy`, `invalid`, `failed` or `limited`."""
        self._refused.labels(reason).inc()

    def replied(self, status: int) -> None:
        """Count a response."""
        self._replies.labels(str(status)).inc()

    def event(self) -> None:
        """Count an event of the chat's page."""
        self._events.inc()

    def render(self) -> str:
        """Return the text that Prometheus scrapes."""
        return generate_latest(self._registry).decode()
