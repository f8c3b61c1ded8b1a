"""The trained network of the reader on onnxruntime: where in a window of text an answer starts and ends.

Made by `make reader`; its card is `qa/models/README.md`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from index.model_files import load_model, load_tokenizer
from index.records import Span
from qa.reading_input import InputTokenizer, Window

MODELS = Path(__file__).parent / "models"
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
        """The score of a span of the window's text; of one that lies outside, a very low one."""
        inside = [i for i, token in enumerate(self.spans) if token.overlap(span)]
        return float(self.starts[inside[0]] + self.ends[inside[-1]]) if inside else -np.inf

    def best(self, n: int = 1) -> list[tuple[Span, float]]:
        """The `n` best spans with their scores, best first; ties in text order."""
        pairs = self.starts[:, None] + self.ends[None, :]
        allowed = np.triu(np.ones(pairs.shape, dtype=bool)) & ~np.triu(np.ones(pairs.shape, dtype=bool), LONGEST)
        ranked = np.where(allowed, pairs, -np.inf).ravel()
        found = np.argsort(-ranked, kind="stable")[: min(n, len(ranked))]
        places = [divmod(int(place), len(self.spans)) for place in found if ranked[place] > -np.inf]
        return [(Span(self.spans[a].start, self.spans[b].end), float(pairs[a, b])) for a, b in places]


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
        """Scores of each window, in order."""
        return list(self._workers.map(lambda window: self._read_one(question, window), windows))

    def _read_one(self, question: str, window: Window) -> Scores:
        tokens = self._tokenizer(question, window)
        (scores,) = self._session.run(None, {"ids": np.array([tokens.ids], dtype=np.int64)})
        relative = (scores[0] - scores[0, 0])[tokens.first : tokens.first + len(tokens.spans)]
        return Scores(tokens.spans, relative[:, 0], relative[:, 1])


def load_span_model(folder: Path = MODELS) -> SpanModel:
    """Load the shipped network.

    Raises:
        ModelUnavailable: if a model file is missing or altered.
    """
    session = load_model(folder, MODEL)
    return SpanModel(session, InputTokenizer(load_tokenizer()), threads=min(_MOST_THREADS, os.cpu_count() or 1))
