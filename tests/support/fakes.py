"""Stand-ins for slow parts: pure functions of their input, the same on every machine and in every run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from index.protocols import Vectors
from index.records import Span
from index.text import sentence_spans, terms
from qa.language.polarity import says
from qa.reading.model_input import Window
from qa.reading.ranking import RankingModel
from qa.reading.span_model import Scores, Support
from qa.settings import Caution


class HashEncoder:
    """Bag of bigrams, each hashed to one signed dimension: texts that share bigrams are near each other."""

    def __init__(self, dim: int = 64, name: str = "hash", revision: str | None = None) -> None:
        self.dim = dim
        self.name = name
        self.revision = revision or f"crc32-{dim}"

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in terms(text):
                code = crc32(term.encode("utf-8", "surrogatepass"))
                vectors[row, code % self.dim] += 1.0 if code & 0x80000000 else -1.0
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        norms: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32)
        return vectors / norms


class FakeSpans:
    """A `SpanScorer`: a token is worth what its sentence shares with the question, and told answers are worth more.

    Args:
        told: answers by a string of the question; where a window holds one, its first occurrence is the best span.
    """

    def __init__(self, told: Mapping[str, str] | None = None) -> None:
        self.told = told or {}
        self.seen: list[tuple[str, Window]] = []

    def read(self, question: str, windows: Sequence[Window]) -> list[Scores]:
        self.seen += [(question, window) for window in windows]
        return [self._scores(question, window.text) for window in windows]

    def judge(self, question: str, marked: Sequence[tuple[Window, Span]]) -> list[Support]:
        answers = [answer for key, answer in self.told.items() if key in question]
        return [
            Support(4.0 if text in answers else -4.0 if answers else 0.0, _says(question, window.text, text))
            for window, text in ((window, span.slice(window.text)) for window, span in marked)
        ]

    def _scores(self, question: str, text: str) -> Scores:
        spans = tuple(Span(*match.span()) for match in re.finditer(r"\d+(?:\.\d+)?|[a-zA-Z]+|[^\s\u200b]", text))
        wanted = set(terms(question))
        starts = np.full(len(spans), -3, dtype=np.float32)
        for sentence in sentence_spans(text):
            share = len(wanted.intersection(terms(sentence.slice(text)))) / max(1, len(wanted))
            starts[[sentence.contains(span) for span in spans]] += 2 * share
        ends = starts.copy()
        for answer in (answer for key, answer in self.told.items() if key in question and answer in text):
            place = Span(text.index(answer), text.index(answer) + len(answer))
            inside = [i for i, span in enumerate(spans) if span.overlap(place)]
            starts[inside[0]] = ends[inside[-1]] = 5
        return Scores(spans, starts, ends)


def _says(question: str, window: str, candidate: str) -> float:
    """Return a verdict that never speaks against the rules: figures decide by themselves, words where they stand."""
    told = says(question, candidate if re.search("[0-9]", candidate) else window)
    return {True: 2.0, False: -2.0, None: 0.0}[told]


_WORDING = {
    **dict.fromkeys(("own", "clause", "sentence", "heading", "kind_first", "label_asked", "unit_fits"), 2.0),
    **dict.fromkeys(("nucleus_own", "dimension_fits", "open_quantity"), 1.0),
    **dict.fromkeys(("kind_unasked", "label_unasked", "dimension_differs", "restates"), -1.0),
}
_WEIGHTS = {
    "first": _WORDING,
    "ranking": {**_WORDING, "span": 1.0, "span_overlap": 2.0},
    "second": {"lead": 1.0, "among_siblings": 4.0, "strays": -8.0, "meets": 2.0, "unfit": -4.0, "support": 1.0},
    "confidence": {"held_near": 4.0, "span": 0.5, "bias": -2.0},
}


def weights(low: float = 0.0, normal: float = 0.0, high: float = 0.0) -> RankingModel:
    """Weights made up by hand, which read a plain text sensibly and answer always where no thresholds are given."""
    thresholds = {Caution.LOW.value: low, Caution.NORMAL.value: normal, Caution.HIGH.value: high}
    return RankingModel.from_json({**_WEIGHTS, "thresholds": thresholds})


def random_units(rows: int, dim: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, dim)).astype(np.float32)
    units: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units
