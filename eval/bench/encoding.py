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
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eval.bench import Figure
from eval.bench.reference import write_reference
from index.e5_weights import load_checkpoint, locate_weights
from index.encoders import load_encoder
from index.protocols import Encoder, Vectors

if TYPE_CHECKING:
    from index.sentence_transformers_encoder import SentenceTransformerEncoder

LENGTH, TEXTS, ROUNDS = 200, 32, 5
QUESTION = "到2025年光伏发电装机目标是多少？"
CLAUSES = 12

_ROOT = Path(__file__).parents[2]
_DOCUMENTS = _ROOT / "data" / "documents"
_CMRC = _ROOT.parent / "shared" / "data" / "mrc" / "cmrc2018_trial.jsonl"

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
    ours = load_encoder(progress=_tell)
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
    """R@1 on CMRC2018 trial contexts, 8-bit default encoder and float32 reference; nothing where the data is absent."""
    if not _CMRC.is_file():
        return []
    rows = [json.loads(line) for line in _CMRC.read_text(encoding="utf-8").splitlines()]
    contexts = list(dict.fromkeys(row["context"] for row in rows))
    gold = np.array([contexts.index(row["context"]) for row in rows])
    questions = [row["question"] for row in rows]
    with _reference() as theirs:
        ours, other = (_recall(encoder, contexts, questions, gold) for encoder in (load_encoder(), theirs))
    return [
        Figure(f"R@1 among {len(contexts)} contexts, default encoder", ours, "%"),
        Figure(f"R@1 among {len(contexts)} contexts, float32", other, "%"),
        Figure("difference", ours - other, "points", "within 0.5"),
    ]


def _tell(message: str) -> None:
    print(message, file=sys.stderr)


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


def _recall(encoder: Encoder, contexts: Sequence[str], questions: Sequence[str], gold: NDArray[np.int64]) -> float:
    similarity = encoder.encode_queries(questions) @ encoder.encode_passages(contexts).T
    return float(100 * (similarity.argmax(axis=1) == gold).mean())
