"""Counters of the running server in the Prometheus text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock

from qa.answers import Answer
from qa.timing import STAGES

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency of answers in seconds."""

STAGE_BUCKETS = (0.001, 0.0025, 0.005, *BUCKETS)
"""The same of stages, some of which take but milliseconds."""

QUEUE = "queue"
"""The stage before all others: waiting for a thread."""


class Histogram:
    """Seconds, counted by how many they are.

    Args:
        bounds: upper bounds, ascending.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._buckets = [0] * len(bounds)
        self._seconds = 0.0
        self._count = 0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._count += 1
        self._seconds += seconds
        for i, bound in enumerate(self._bounds):
            self._buckets[i] += seconds <= bound

    def lines(self, name: str, labels: str = "") -> list[str]:
        """Return the figures in the text format of Prometheus.

        Args:
            name: of the metric.
            labels: as they stand between the braces.
        """
        more, braced = (f"{labels}," if labels else ""), (f"{{{labels}}}" if labels else "")
        bounds = [*map(str, self._bounds), "+Inf"]
        return [
            *(
                f'{name}_bucket{{{more}le="{bound}"}} {count}'
                for bound, count in zip(bounds, [*self._buckets, self._count], strict=True)
            ),
            f"{name}_sum{braced} {self._seconds:.6f}",
            f"{name}_count{braced} {self._count}",
        ]


class Metrics:
    """Counts answers; safe to use from several threads.

    Source: Prometheus exposition formats, text format 0.0.4.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers = {"answered": 0, "abstained": 0}
        self._refused = {"busy": 0, "invalid": 0, "failed": 0, "limited": 0}
        self._events = 0
        self._replies: Counter[int] = Counter()
        self._whole = Histogram(BUCKETS)
        self._searches = Histogram(STAGE_BUCKETS)
        self._stages = {name: Histogram(STAGE_BUCKETS) for name in (QUEUE, *STAGES)}

    def answered(self, answer: Answer, seconds: float) -> None:
        """Count one complete answer and the time it took."""
        with self._lock:
            self._answers["abstained" if answer.abstained else "answered"] += 1
            self._whole.observe(seconds)

    def searched(self, seconds: float) -> None:
        """Count one search without reading and the time it took."""
        with self._lock:
            self._searches.observe(seconds)

    def took(self, stages: Mapping[str, float]) -> None:
        """Count the seconds of stages of one question; a stage that did not happen is not counted."""
        with self._lock:
            for name, seconds in stages.items():
                self._stages[name].observe(seconds)

    def refused(self, reason: str) -> None:
        """Count a question without an answer; `reason` is `busy`, `invalid`, `failed` or `limited`."""
        with self._lock:
            self._refused[reason] += 1

    def replied(self, status: int) -> None:
        """Count a response."""
        with self._lock:
            self._replies[status] += 1

    def event(self) -> None:
        """Count an event of the chat's page."""
        with self._lock:
            self._events += 1

    def render(self, in_flight: int) -> str:
        """Return the text that Prometheus scrapes.

        Args:
            in_flight: questions being answered or waiting right now.
        """
        with self._lock:
            return "\n".join([*self._counters(), *self._histograms(), *_gauge(in_flight)]) + "\n"

    def _counters(self) -> list[str]:
        return [
            "# HELP yiju_answers_total Complete answers by outcome.",
            "# TYPE yiju_answers_total counter",
            *(f'yiju_answers_total{{outcome="{key}"}} {count}' for key, count in self._answers.items()),
            "# HELP yiju_refused_total Questions without an answer by reason.",
            "# TYPE yiju_refused_total counter",
            *(f'yiju_refused_total{{reason="{key}"}} {count}' for key, count in self._refused.items()),
            "# HELP yiju_chat_events_total Requests of the chat's page that name an event.",
            "# TYPE yiju_chat_events_total counter",
            f"yiju_chat_events_total {self._events}",
            "# HELP yiju_http_responses_total Responses by status.",
            "# TYPE yiju_http_responses_total counter",
            *(f'yiju_http_responses_total{{status="{status}"}} {n}' for status, n in sorted(self._replies.items())),
        ]

    def _histograms(self) -> list[str]:
        return [
            "# HELP yiju_answer_seconds Time from question to complete answer, waiting included.",
            "# TYPE yiju_answer_seconds histogram",
            *self._whole.lines("yiju_answer_seconds"),
            "# HELP yiju_search_seconds Time from question to passages, where nothing is read.",
            "# TYPE yiju_search_seconds histogram",
            *self._searches.lines("yiju_search_seconds"),
            "# HELP yiju_stage_seconds Time of each stage of a question: waiting, interpreting, retrieving, reading, "
            "quoting with verifying.",
            "# TYPE yiju_stage_seconds histogram",
            *(
                line
                for name, histogram in self._stages.items()
                for line in histogram.lines("yiju_stage_seconds", f'stage="{name}"')
            ),
        ]


def _gauge(in_flight: int) -> list[str]:
    return [
        "# HELP yiju_questions_in_flight Questions being answered or waiting.",
        "# TYPE yiju_questions_in_flight gauge",
        f"yiju_questions_in_flight {in_flight}",
    ]
