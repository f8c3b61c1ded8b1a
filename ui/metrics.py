"""Counters of the running server in the Prometheus text format."""

from __future__ import annotations

from threading import Lock

from qa.answers import Answer

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram in seconds."""


class Metrics:
    """Counts answers; safe to use from several threads.

    Source: Prometheus exposition formats, text format 0.0.4.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers = {"answered": 0, "abstained": 0}
        self._refused = {"busy": 0, "invalid": 0, "failed": 0, "limited": 0}
        self._buckets = [0] * len(BUCKETS)
        self._seconds = 0.0

    def answered(self, answer: Answer, seconds: float) -> None:
        """Counts one complete answer and the time it took."""
        with self._lock:
            self._answers["abstained" if answer.abstained else "answered"] += 1
            self._seconds += seconds
            for i, bound in enumerate(BUCKETS):
                self._buckets[i] += seconds <= bound

    def refused(self, reason: str) -> None:
        """Counts a question without an answer; `reason` is `busy`, `invalid`, `failed` or `limited`."""
        with self._lock:
            self._refused[reason] += 1

    def render(self, in_flight: int) -> str:
        """The text that Prometheus scrapes.

        Args:
            in_flight: questions being answered or waiting right now.
        """
        with self._lock:
            return "\n".join([*self._counters(), *self._histogram(), *_gauge(in_flight)]) + "\n"

    def _counters(self) -> list[str]:
        return [
            "# HELP yiju_answers_total Complete answers by outcome.",
            "# TYPE yiju_answers_total counter",
            *(f'yiju_answers_total{{outcome="{key}"}} {count}' for key, count in self._answers.items()),
            "# HELP yiju_refused_total Questions without an answer by reason.",
            "# TYPE yiju_refused_total counter",
            *(f'yiju_refused_total{{reason="{key}"}} {count}' for key, count in self._refused.items()),
        ]

    def _histogram(self) -> list[str]:
        total = sum(self._answers.values())
        return [
            "# HELP yiju_answer_seconds Time from question to complete answer, waiting included.",
            "# TYPE yiju_answer_seconds histogram",
            *(
                f'yiju_answer_seconds_bucket{{le="{bound}"}} {count}'
                for bound, count in zip(BUCKETS, self._buckets, strict=True)
            ),
            f'yiju_answer_seconds_bucket{{le="+Inf"}} {total}',
            f"yiju_answer_seconds_sum {self._seconds:.6f}",
            f"yiju_answer_seconds_count {total}",
        ]


def _gauge(in_flight: int) -> list[str]:
    return [
        "# HELP yiju_questions_in_flight Questions being answered or waiting.",
        "# TYPE yiju_questions_in_flight gauge",
        f"yiju_questions_in_flight {in_flight}",
    ]
