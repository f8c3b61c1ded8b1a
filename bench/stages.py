"""Where the processor time of an answer goes: each stage's milliseconds and share, measured in every thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from threading import Lock, local
from typing import Any
from unittest.mock import patch

from bench import Measurement
from bench.answers import WARM_UP, dev_questions
from bench.programs import sample_index
from index.encoding.e5 import E5Encoder
from index.search.dense import DenseIndex
from index.search.sparse import Matching, SparseIndex
from index.structure.versions import Versions
from qa.assistant import Assistant
from qa.question.turns import Interpreter
from qa.reading import extractive_reader
from qa.reading.extractive_reader import ExtractiveReader
from qa.reading.span_model import SpanModel

STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "understanding the turn": ((Interpreter, "questions"),),
    "encoding the question": ((E5Encoder, "encode_queries"),),
    "search by meaning": ((DenseIndex, "best"), (DenseIndex, "scores")),
    "search by wording": ((SparseIndex, "matching"), (Matching, "best"), (Matching, "scores")),
    "versions of documents": ((Assistant, "versions"), (Versions, "left_out")),
    "articles and tables": ((Assistant, "_stated"),),
    "section listings": ((extractive_reader, "contents"),),
    "candidates": ((extractive_reader, "places"),),
    "features of wording": ((extractive_reader, "lexical"),),
    "network: windows": ((SpanModel, "_read_one"),),
    "choosing windows, their candidates": ((ExtractiveReader, "_chosen"),),
    "features of the network": ((extractive_reader, "span_features"),),
    "network: second look": ((SpanModel, "_judge_one"),),
    "second look": ((extractive_reader, "second_look"),),
    "confidence, whole answer": ((ExtractiveReader, "find"),),
    "quotes and verification": ((ExtractiveReader, "compose"),),
    "contradictions": ((Assistant, "_noted"),),
}
"""The functions of each stage; one that runs inside another counts for itself alone."""


class _Clock:
    """Adds up processor time by stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._lock = Lock()
        self._inner = local()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose time in this thread, less that of stages within it, counts for a stage."""

        @wraps(function)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            outer, self._inner.seconds = getattr(self._inner, "seconds", 0.0), 0.0
            start = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                spent = time.thread_time() - start
                with self._lock:
                    self.seconds[stage] += spent - self._inner.seconds
                self._inner.seconds = outer + spent

        return wrapped


@contextmanager
def _clocked() -> Iterator[_Clock]:
    clock = _Clock()
    with ExitStack() as stack:
        for stage, functions in STAGES.items():
            for owner, name in functions:
                stack.enter_context(patch.object(owner, name, clock.timed(stage, getattr(owner, name))))
        yield clock


def shares() -> list[Measurement]:
    """Return the processor time of a warm answer to a question not asked before, and the share of each stage."""
    from qa.bootstrap import open_assistant
    from qa.settings import Settings

    questions = dev_questions()
    with sample_index() as index:
        assistant = open_assistant(Settings(index))
        for query in questions[:WARM_UP]:
            assistant.ask(query.question, query.history)
        with _clocked() as clock:
            start = time.process_time()
            for query in questions[WARM_UP:]:
                assistant.ask(query.question, query.history)
            whole = time.process_time() - start
    count = len(questions) - WARM_UP
    told = {**clock.seconds, "the rest": whole - sum(clock.seconds.values())}
    return [
        Measurement(f"processor time of an answer, mean of {count}", 1000 * whole / count, "ms"),
        *(Measurement(f"of it {stage}", 100 * seconds / whole, "%") for stage, seconds in told.items()),
    ]
