"""How fast, how exact and how large the default encoder is, beside the same weights in sentence-transformers.

All run in alternating rounds, so that what else the machine does falls on all alike: the product's encoder and PyTorch
in this process, sentence-transformers' own 8-bit ONNX export in another, with packages that do not go with ours.
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

from bench import Measurement
from bench.answers import GOLD
from bench.peers.environments import prepare
from bench.reference import write_reference
from eval.data.datasets import load_dataset
from index.encoding.e5 import PASSAGE_PROMPT
from index.encoding.encoders import load_encoder
from index.errors import YijuError
from index.loaders import find_files, load
from index.protocols import Encoder, Vectors
from index.structure.splitter import split
from training.encoder.e5_weights import load_checkpoint, locate_weights

if TYPE_CHECKING:
    from index.encoding.sentence_transformers_encoder import SentenceTransformerEncoder

LENGTH, TEXTS, ROUNDS = 200, 32, 5
_NAMES = (
    "default encoder",
    "sentence-transformers, PyTorch float32",
    "sentence-transformers, its ONNX int8 export",
)
_GOALS = ("≥ 4", "≥ 1.3")
QUESTION = "到2025年光伏发电装机目标是多少？"
CLAUSES = 12

_ROOT = Path(__file__).parents[1]
_ENVIRONMENTS = _ROOT / "build" / "peers" / "environments"
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
from index.encoding.encoders import load_encoder
encoder = load_encoder()
encoder.encode_passages(["光伏发电装机容量" * length for length in range(1, 50)])
print(resident() - before)
"""


def speed() -> list[Measurement]:
    """Return characters a second, query time, likeness to float32 and memory of the default encoder."""
    texts = _slices()
    ours = load_encoder()
    # Before PyTorch has threads: they go on spinning for a while after each call and would be in the way.
    question, clauses = _query_time(ours, [QUESTION]), _query_time(ours, [text[:40] for text in texts[:CLAUSES]])
    with _reference() as (folder, theirs), _export(folder) as export:
        rounds = _rounds(ours, theirs, export, texts)
        likeness = _likeness(ours, theirs, texts)
        slow_question = _query_time(theirs, [QUESTION])
    return [
        *_speeds(rounds, sum(map(len, texts))),
        Measurement("one question, p50, default encoder", question, "ms", "≤ 8"),
        Measurement("one question, p50, sentence-transformers", slow_question, "ms"),
        Measurement(f"{CLAUSES} clauses of 40 characters, p50, default encoder", clauses, "ms", "≤ 25"),
        Measurement("cosine to float32, mean", float(likeness.mean()), goal="≥ 0.995"),
        Measurement("cosine to float32, least", float(likeness.min()), goal="≥ 0.995"),
        Measurement("memory the default encoder adds", _memory(), "MB", "≤ 250"),
    ]


def retrieval() -> list[Measurement]:
    """Return r@1 and R@5 of default encoder and float32, whole vocabulary.

    Sample, CMRC2018 and LeCoQA, where at hand.
    """
    sets = [read() for path, read in ((_DOCUMENTS, _sample), (_CMRC, _encyclopedia), (_LAW, _law)) if path.exists()]
    with _reference() as (_, theirs):
        return [figure for questions in sets for figure in _recalls(questions, load_encoder(), theirs)]


@dataclass(frozen=True, slots=True)
class _Questions:
    """Questions, and which of the texts answer each."""

    name: str
    texts: Sequence[str]
    questions: Sequence[str]
    answering: Sequence[Sequence[int]]


def _sample() -> _Questions:
    """Return questions about the built-in documents, and the passages in which their evidence stands."""
    passages = [passage for path, source in find_files([_DOCUMENTS]) for passage in split(load(path, source=source))]
    held = [
        (query.question, [at for at, each in enumerate(passages) if any(part in each.text for part in query.evidence)])
        for query in load_dataset(GOLD, "dev").queries
        if not query.history
    ]
    asked = [(question, places) for question, places in held if places]
    texts = [passage.indexed_text for passage in passages]
    return _Questions("the sample", texts, [question for question, _ in asked], [places for _, places in asked])


def _encyclopedia() -> _Questions:
    rows = _rows(_CMRC)
    contexts = {context: number for number, context in enumerate(dict.fromkeys(row["context"] for row in rows))}
    answering = [[contexts[row["context"]]] for row in rows]
    return _Questions("CMRC2018", list(contexts), [row["question"] for row in rows], answering)


def _law() -> _Questions:
    """Return the questions of laypeople, every fifth, and the articles that LeCoQA cites."""
    statutes, rows = _rows(_LAW / "lecoqa_statutes.jsonl"), _rows(_LAW / "lecoqa_questions.jsonl")[::5]
    numbers = {statute["doc_id"]: number for number, statute in enumerate(statutes)}
    texts = [f"{statute['title']}\n{statute['text']}" for statute in statutes]
    answering = [[numbers[key] for key in row["doc_ids"]] for row in rows]
    return _Questions("LeCoQA", texts, [row["question"] for row in rows], answering)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _recalls(questions: _Questions, ours: Encoder, theirs: Encoder) -> Iterator[Measurement]:
    """Yield shares of questions answered among the first 1 and 5 texts, of both encoders, and their differences."""
    ranks = [_ranks(encoder, questions) for encoder in (ours, theirs)]
    name = f"{questions.name}, {len(questions.questions)} questions, {len(questions.texts)} texts"
    for k in (1, 5):
        mine, other = (float(100 * (rank < k).mean()) for rank in ranks)
        yield Measurement(f"R@{k} on {name}, default encoder", mine, "%")
        yield Measurement(f"R@{k} on the same, float32", other, "%")
        yield Measurement("difference", mine - other, "points", "within 0.5")


def _ranks(encoder: Encoder, questions: _Questions) -> NDArray[np.int64]:
    """Return for each question how many texts come before the first that answers it."""
    similarity = encoder.encode_queries(questions.questions) @ encoder.encode_passages(questions.texts).T
    best = [row[list(places)].max() for row, places in zip(similarity, questions.answering, strict=True)]
    ranks: NDArray[np.int64] = (similarity > np.array(best)[:, None]).sum(axis=1)
    return ranks


def _slices() -> list[str]:
    """Return consecutive 200-character slices, spread evenly over the built-in documents."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(_DOCUMENTS.glob("*.txt")))
    starts = np.linspace(0, len(text) - LENGTH, TEXTS).astype(int)
    return [text[start : start + LENGTH] for start in starts]


@contextmanager
def _reference() -> Iterator[tuple[Path, SentenceTransformerEncoder]]:
    """Provide the same weights in sentence-transformers, in PyTorch float32, and the folder that they lie in."""
    from index.encoding.sentence_transformers_encoder import load_sentence_transformer

    with tempfile.TemporaryDirectory() as folder:
        write_reference(load_checkpoint(locate_weights()), Path(folder))
        yield Path(folder), load_sentence_transformer(folder)


class Export:
    """sentence-transformers' 8-bit ONNX export, encoding in a process of its own.

    Args:
        process: runs `bench.peers.onnx_peer`.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def seconds(self, texts: Sequence[str]) -> float:
        """Return how long encoding texts takes.

        Raises:
            YijuError: if the process has ended.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("the process needs pipes")
        self._process.stdin.write(json.dumps([PASSAGE_PROMPT + text for text in texts]) + "\n")
        self._process.stdin.flush()
        if not (line := self._process.stdout.readline()):
            raise YijuError(f"sentence-transformers 的 ONNX 进程以 {self._process.wait()} 退出。")
        return float(json.loads(line)[0])


@contextmanager
def _export(folder: Path) -> Iterator[Export | None]:
    """Provide the export of a model; None where its packages cannot be had, which is said."""
    try:
        environment = prepare("sentence-transformers-onnx", _ENVIRONMENTS)
    except YijuError as error:
        sys.stderr.write(f"不与 sentence-transformers 的 ONNX int8 比较：{error}\n")
        yield None
        return
    command = [str(environment.python), "-m", "bench.peers.onnx_peer", str(folder)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=_ROOT, text=True, **pipes) as process:
        yield Export(process)
        process.kill()


def _rounds(ours: Encoder, theirs: Encoder, export: Export | None, texts: Sequence[str]) -> Vectors:
    """Return seconds a round, of the default encoder, of PyTorch and, where it is at hand, of the export."""
    works = [partial(_seconds, partial(encoder.encode_passages, texts)) for encoder in (ours, theirs)]
    works += [partial(export.seconds, texts)] if export else []
    for work in works:
        work()
    seconds: Vectors = np.array([[work() for work in works] for _ in range(ROUNDS)], dtype=np.float32)
    return seconds


def _speeds(rounds: Vectors, characters: int) -> Iterator[Measurement]:
    """Yield characters a second of each, and how many times as fast the first is; the median of rounds."""
    for name, seconds in zip(_NAMES, rounds.T, strict=False):
        yield Measurement(f"characters a second, {name}", float(characters / np.median(seconds)), "1/s")
    for name, goal, seconds in zip(_NAMES[1:], _GOALS, rounds.T[1:], strict=False):
        yield Measurement(f"times as fast as {name}", float(np.median(seconds / rounds[:, 0])), goal=goal)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _query_time(encoder: Encoder, texts: Sequence[str]) -> float:
    """Return median milliseconds of a call."""
    encoder.encode_queries(texts)
    return 1000 * median(_seconds(partial(encoder.encode_queries, texts)) for _ in range(31))


def _likeness(ours: Encoder, theirs: Encoder, texts: Sequence[str]) -> Vectors:
    """Return the cosines of the two vectors of each text, as passage and, its beginning, as query."""
    beginnings = [text[:30] for text in texts]
    passages = ours.encode_passages(texts) * theirs.encode_passages(texts)
    queries = ours.encode_queries(beginnings) * theirs.encode_queries(beginnings)
    cosines: Vectors = np.concatenate([passages, queries]).sum(axis=1)
    return cosines


def _memory() -> float:
    done = subprocess.run([sys.executable, "-c", _MEMORY], cwd=_ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)
