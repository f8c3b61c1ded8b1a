"""How fast, how exact and how large the default encoder is, beside the same weights in sentence-transformers.

Both run in this process, in alternating rounds, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eval.bench import Figure
from eval.bench.reference import write_reference
from index.encoders import load_encoder
from index.protocols import Encoder, Vectors
from index.training.e5_weights import load_checkpoint, locate_weights

if TYPE_CHECKING:
    from index.sentence_transformers_encoder import SentenceTransformerEncoder

LENGTH, TEXTS, ROUNDS = 200, 32, 5
QUESTION = "到2025年光伏发电装机目标是多少？"
CLAUSES = 12

_ROOT = Path(__file__).parents[2]
_DOCUMENTS = _ROOT / "data" / "documents"
_DATA = _ROOT.parent / "shared" / "data"
_CMRC, _LAW = _DATA / "mrc" / "cmrc2018_trial.jsonl", _DATA / "law"

# Run by itself: what the encoder adds to a process that has numpy.
_MEMORY = """
import numpy
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
before = resident()
from index.encoders import load_encoder
encoder = load_encoder()
encoder.encode_passages(["光伏发电装机容量" * length for length in range(1, 50)])
print(resident() - before)
"""


def speed() -> list[Figure]:
    """Characters a second, query time, likeness to float32 and memory of the default encoder."""
    texts = _slices()
    ours = load_encoder()
    # Before PyTorch has threads: they go on spinning for a while after each call and would be in the way.
    question, clauses = _query_time(ours, [QUESTION]), _query_time(ours, [text[:40] for text in texts[:CLAUSES]])
    with _reference() as theirs:
        ratios, rates = _compare(ours, theirs, texts)
        likeness = _likeness(ours, theirs, texts)
        slow_question = _query_time(theirs, [QUESTION])
    return [
        Figure("characters a second, default encoder", rates[0], "1/s"),
        Figure("characters a second, sentence-transformers, PyTorch float32", rates[1], "1/s"),
        Figure("ratio of the two, median of rounds", median(ratios), goal="≥ 3"),
        Figure("one question, p50, default encoder", question, "ms", "≤ 8"),
        Figure("one question, p50, sentence-transformers", slow_question, "ms"),
        Figure(f"{CLAUSES} clauses of 40 characters, p50, default encoder", clauses, "ms", "≤ 25"),
        Figure("cosine to float32, mean", float(likeness.mean()), goal="≥ 0.995"),
        Figure("cosine to float32, least", float(likeness.min()), goal="≥ 0.995"),
        Figure("memory the default encoder adds", _memory(), "MB", "≤ 250"),
    ]


def retrieval() -> list[Figure]:
    """R@1 and R@5 of default encoder and float32, whole vocabulary, on CMRC2018 and LeCoQA where they are at hand."""
    sets = [read() for path, read in ((_CMRC, _encyclopedia), (_LAW, _law)) if path.exists()]
    if not sets:
        return []
    with _reference() as theirs:
        return [figure for questions in sets for figure in _recalls(questions, load_encoder(), theirs)]


@dataclass(frozen=True, slots=True)
class _Questions:
    """Questions, and which of the texts answer each."""

    name: str
    texts: Sequence[str]
    questions: Sequence[str]
    answering: Sequence[Sequence[int]]


def _encyclopedia() -> _Questions:
    rows = _rows(_CMRC)
    contexts = {context: number for number, context in enumerate(dict.fromkeys(row["context"] for row in rows))}
    answering = [[contexts[row["context"]]] for row in rows]
    return _Questions("CMRC2018", list(contexts), [row["question"] for row in rows], answering)


def _law() -> _Questions:
    """Questions of laypeople, every fifth, and the articles that LeCoQA cites."""
    statutes, rows = _rows(_LAW / "lecoqa_statutes.jsonl"), _rows(_LAW / "lecoqa_questions.jsonl")[::5]
    numbers = {statute["doc_id"]: number for number, statute in enumerate(statutes)}
    texts = [f"{statute['title']}\n{statute['text']}" for statute in statutes]
    answering = [[numbers[key] for key in row["doc_ids"]] for row in rows]
    return _Questions("LeCoQA", texts, [row["question"] for row in rows], answering)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _recalls(questions: _Questions, ours: Encoder, theirs: Encoder) -> Iterator[Figure]:
    """Shares of questions with an answering text among the first 1 and 5, of both encoders, and how they differ."""
    ranks = [_ranks(encoder, questions) for encoder in (ours, theirs)]
    name = f"{questions.name}, {len(questions.questions)} questions, {len(questions.texts)} texts"
    for k in (1, 5):
        mine, other = (float(100 * (rank < k).mean()) for rank in ranks)
        yield Figure(f"R@{k} on {name}, default encoder", mine, "%")
        yield Figure(f"R@{k} on the same, float32", other, "%")
        yield Figure("difference", mine - other, "points", "within 0.5")


def _ranks(encoder: Encoder, questions: _Questions) -> NDArray[np.int64]:
    """For each question, how many texts come before the first that answers it."""
    similarity = encoder.encode_queries(questions.questions) @ encoder.encode_passages(questions.texts).T
    best = [row[list(places)].max() for row, places in zip(similarity, questions.answering, strict=True)]
    ranks: NDArray[np.int64] = (similarity > np.array(best)[:, None]).sum(axis=1)
    return ranks


def _slices() -> list[str]:
    """Consecutive 200-character slices, spread evenly over the built-in documents."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(_DOCUMENTS.glob("*.txt")))
    starts = np.linspace(0, len(text) - LENGTH, TEXTS).astype(int)
    return [text[start : start + LENGTH] for start in starts]


@contextmanager
def _reference() -> Iterator[SentenceTransformerEncoder]:
    """The same weights in sentence-transformers, in PyTorch float32."""
    from index.sentence_transformers_encoder import load_sentence_transformer

    with tempfile.TemporaryDirectory() as folder:
        write_reference(load_checkpoint(locate_weights()), Path(folder))
        yield load_sentence_transformer(folder)


def _compare(ours: Encoder, theirs: Encoder, texts: Sequence[str]) -> tuple[list[float], tuple[float, float]]:
    """Ratio of speeds round by round, and both median speeds in characters a second."""
    characters = sum(map(len, texts))
    for encoder in (ours, theirs):
        encoder.encode_passages(texts[:4])
    rounds = [[_seconds(partial(encoder.encode_passages, texts)) for encoder in (ours, theirs)] for _ in range(ROUNDS)]
    rates = characters / np.median(np.array(rounds), axis=0)
    return [slow / fast for fast, slow in rounds], (float(rates[0]), float(rates[1]))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _query_time(encoder: Encoder, texts: Sequence[str]) -> float:
    """Median milliseconds of a call."""
    encoder.encode_queries(texts)
    return 1000 * median(_seconds(partial(encoder.encode_queries, texts)) for _ in range(31))


def _likeness(ours: Encoder, theirs: Encoder, texts: Sequence[str]) -> Vectors:
    """Cosines of the two vectors of each text, as passage and, its beginning, as query."""
    beginnings = [text[:30] for text in texts]
    passages = ours.encode_passages(texts) * theirs.encode_passages(texts)
    queries = ours.encode_queries(beginnings) * theirs.encode_queries(beginnings)
    cosines: Vectors = np.concatenate([passages, queries]).sum(axis=1)
    return cosines


def _memory() -> float:
    done = subprocess.run([sys.executable, "-c", _MEMORY], cwd=_ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)
