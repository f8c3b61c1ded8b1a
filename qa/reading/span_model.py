"""The trained network of the reader on onnxruntime: where an answer starts and ends, and whether a candidate answers.

Made by `make reader`; its card is `qa/models/README.md`.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from index.encoding.model_files import load_model, load_tokenizer, run
from index.records import Span
from qa.reading.model_input import InputTokenizer, Window

MODELS = Path(__file__).parents[1] / "models"
MODEL = "reader.onnx"

LONGEST = 60
"""Tokens of an answer that no grammar names."""
_MOST_THREADS = 8


@dataclass(frozen=True, slots=True)
class Scores:
    """What the network says of one window.

    All scores are differences to "no answer here" in natural logarithms, so that those of several windows compare.

    Attributes:
        spans: where each token stands in the window's text.
        starts: float32 `(tokens,)`, that the answer starts with a token.
        ends: float32 `(tokens,)`, that it ends with it.
    """

    spans: tuple[Span, ...]
    starts: NDArray[np.float32]
    ends: NDArray[np.float32]

    def of(self, span: Span) -> float:
        """Return the score of a span of the window's text; of one that lies outside, a very low one."""
        first = bisect_right(self.spans, span.start, key=attrgetter("end"))
        last = bisect_left(self.spans, span.end, key=attrgetter("start")) - 1
        # A token may be as wide as nothing, and then touches nothing.
        while first <= last and not self.spans[first].overlap(span):
            first += 1
        while first <= last and not self.spans[last].overlap(span):
            last -= 1
        return float(self.starts[first] + self.ends[last]) if first <= last else -np.inf

    def best(self, n: int = 1) -> list[tuple[Span, float]]:
        """Return the `n` best spans with their scores, best first; ties in text order."""
        count = len(self.spans)
        if not count:
            return []
        width = min(LONGEST, count)
        behind = np.append(self.ends, np.full(width - 1, -np.inf, np.float32))
        pairs = (self.starts[:, None] + sliding_window_view(behind, width)).ravel()
        found = _largest(pairs, n)
        places = [divmod(int(place), width) for place in found if pairs[place] > -np.inf]
        return [
            (Span(self.spans[a].start, self.spans[a + more].end), float(pairs[a * width + more])) for a, more in places
        ]


@dataclass(frozen=True, slots=True)
class Support:
    """What the network says of a candidate that is marked in its window, in natural logarithms of odds.

    Attributes:
        answers: that the candidate answers the question.
        affirms: that it says yes to a question of yes or no; means nothing for other questions.
    """

    answers: float
    affirms: float


def _largest(values: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """Return the indices of the `n` largest, largest first, ties in order; a full sort would take most of the time."""
    if n < len(values):
        least = np.partition(values, len(values) - n)[len(values) - n]
        enough = np.flatnonzero(values >= least)
    else:
        enough = np.arange(len(values))
    return enough[np.argsort(-values[enough], kind="stable")[:n]]


class SpanModel:
    """Reads windows of text for a question.

    Each window runs through the network by itself on one thread, several side by side: its scores depend on nothing
    but question and window. Calls from several threads are safe.

    Args:
        session: of the shipped graph, one thread a run.
        tokenizer: makes its input.
        threads: how many windows run at the same time, at least 1.
    """

    def __init__(self, session: ort.InferenceSession, tokenizer: InputTokenizer, *, threads: int) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="read")

    def read(self, question: str, windows: Sequence[Window]) -> list[Scores]:
        """Return scores of each window, in order."""
        return list(self._workers.map(lambda window: self._read_one(question, window), windows))

    def judge(self, question: str, marked: Sequence[tuple[Window, Span]]) -> list[Support]:
        """Return for each window and candidate in it whether the candidate answers, in order."""
        return list(self._workers.map(lambda each: self._judge_one(question, *each), marked))

    def _judge_one(self, question: str, window: Window, candidate: Span) -> Support:
        ids = self._tokenizer.marked(question, window, candidate)
        support = run(self._session, "support", ids=np.array([ids], dtype=np.int64))
        return Support(float(support[0, 0]), float(support[0, 1]))

    def _read_one(self, question: str, window: Window) -> Scores:
        tokens = self._tokenizer(question, window)
        scores = run(self._session, "scores", ids=np.array([tokens.ids], dtype=np.int64))
        relative = (scores[0] - scores[0, 0])[tokens.first : tokens.first + len(tokens.spans)]
        return Scores(tokens.spans, relative[:, 0], relative[:, 1])


def load_span_model(folder: Path = MODELS) -> SpanModel:
    """Load the shipped network.

    Raises:
        ModelUnavailable: if a model file is missing or altered.
    """
    session = load_model(folder, MODEL)
    return SpanModel(session, InputTokenizer(load_tokenizer()), threads=min(_MOST_THREADS, os.cpu_count() or 1))
