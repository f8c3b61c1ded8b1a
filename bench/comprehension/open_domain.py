"""How well questions are answered that come with nothing else: `python -m bench.comprehension.open_domain`.

The contexts of DRCD's test file are one index, each a document of its own; the product is asked and must find the
context first. Against it stands the same reader with the right context given: what is lost between the two is what
finding costs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np

from bench.comprehension.arguments import parser, run
from bench.comprehension.datasets import Comprehension, contexts, load, right_passages, selection
from bench.comprehension.reading import SpanReader, open_reader, percent, query_of
from eval.errors import EvaluationError
from eval.metrics.answer_metrics import f1, span_f1
from eval.metrics.scores import ScoreJson, score_json
from eval.metrics.significance import paired_difference
from eval.progress import with_progress
from eval.report.report import table
from index.encoding.caching import RememberingEncoder
from index.encoding.encoders import load_encoder
from index.store.passage_index import PassageIndex
from index.store.storage import MANIFEST
from qa.bootstrap import open_assistant
from qa.protocols import Answerer
from qa.settings import Settings
from training.reader.partition import Part

FILE = "drcd_test.jsonl"
QUESTIONS = 300
DEPTH = 5

LABELS: Mapping[str, str] = {
    "f1_given": "给出正确段落，F1（必答）",
    "f1_forced": "自己找段落，F1（必答）",
    "f1": "自己找段落，F1（照答）",
    "abstained": "拒答",
    "recall_at_5": f"正确文件在前 {DEPTH} 段",
}
"""Every score by its name, as people read it."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One question.

    Attributes:
        scores: by the names of `LABELS`.
        seconds: that the product took for its answer.
    """

    scores: dict[str, float]
    seconds: float


class OpenDomainJson(TypedDict):
    """A measurement.

    Attributes:
        loss: `f1_given` minus `f1_forced` over the same questions.
        milliseconds: of an answer, p50 and p95.
    """

    part: str
    documents: int
    scores: dict[str, ScoreJson]
    loss: ScoreJson
    milliseconds: dict[str, float]


def ask(answerer: Answerer, reader: SpanReader, index: PassageIndex, question: Comprehension) -> OpenQuestion:
    """Ask the product, let the reader choose from what it found, and from the right context.

    Args:
        answerer: of the product, on the index.
        reader: as the product's, on the same index.
        index: of all contexts.
        question: about one of them.
    """
    start = time.perf_counter()
    answer = answerer.ask(question.question)
    seconds = time.perf_counter() - start
    found = answer.hits
    given = right_passages(index, question)
    scores = {
        "f1_given": span_f1(reader.best_span(question.question, given) or "", question.answers),
        "f1_forced": span_f1(reader.best_span(answer.standalone_question, found) or "", question.answers),
        "f1": f1(query_of(question), answer.to_json()),
        "abstained": float(answer.abstained),
        "recall_at_5": float(any(hit.passage.document_id == question.context_id for hit in found[:DEPTH])),
    }
    return OpenQuestion(scores, seconds)


def ask_all(
    answerer: Answerer, reader: SpanReader, index: PassageIndex, questions: Sequence[Comprehension]
) -> Iterator[OpenQuestion]:
    """Yield every question in turn."""
    for question in questions:
        yield ask(answerer, reader, index, question)


def make_report(part: str, documents: int, asked: Sequence[OpenQuestion]) -> OpenDomainJson:
    """Return means with intervals, and what finding costs.

    Args:
        part: which questions they are.
        documents: how many the index holds.
        asked: at least one question.
    """
    values = {name: [each.scores[name] for each in asked] for name in LABELS}
    loss = paired_difference(values["f1_forced"], values["f1_given"])
    p50, p95 = np.percentile([1000 * each.seconds for each in asked], [50, 95])
    return {
        "part": part,
        "documents": documents,
        "scores": {name: score_json(each) for name, each in values.items()},
        "loss": {"value": loss.value, "low": loss.interval.low, "high": loss.interval.high, "n": loss.n},
        "milliseconds": {"p50": float(p50), "p95": float(p95)},
    }


def report_text(report: OpenDomainJson) -> str:
    """Return the measurement as a terminal shows it: percent with 95 % intervals."""
    rows = [[LABELS[name], percent(score)] for name, score in report["scores"].items()]
    rows.append(["找段落的代价（F1 之差，必答）", percent(report["loss"])])
    times = report["milliseconds"]
    head = f"{report['documents']} 份文件，{report['loss']['n']} 题（{report['part']}）"
    return f"{table([head, '%'], rows)}\n每题 p50 {times['p50']:.0f} ms，p95 {times['p95']:.0f} ms"


@contextmanager
def opened(questions: Sequence[Comprehension], folder: Path | None) -> Iterator[Path]:
    """Provide the folder of an index of all contexts.

    The one named, built if there is none yet, or one for the moment.
    """
    with tempfile.TemporaryDirectory() as temporary:
        path = folder or Path(temporary) / "index"
        if not (path / MANIFEST).exists():
            PassageIndex.build(contexts(questions), load_encoder()).save(path)
        yield path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0 done, 2 an input is unusable."""
    options = _parser().parse_args(argv)
    folder = options.data / "mrc"

    def measure() -> OpenDomainJson:
        every = load(folder, (FILE,), "DRCD")
        asked_for = selection(folder, every, options.part, None if options.all else QUESTIONS)
        with opened(every, options.index) as path:
            return _measure(path, options.part, asked_for)

    return run(options, measure, report_text)


def _measure(path: Path, part: Part, questions: Sequence[Comprehension]) -> OpenDomainJson:
    answerer = open_assistant(Settings(path))
    stored = PassageIndex.open(path)
    index = stored.with_encoder(RememberingEncoder(stored.encoder))
    _check(path, index, questions)
    asked = list(with_progress(ask_all(answerer, open_reader(index), index, questions), len(questions)))
    return make_report(part, len(index.documents()), asked)


def _check(path: Path, index: PassageIndex, questions: Sequence[Comprehension]) -> None:
    """Refuse an index of something else: every question would count as not found."""
    missing = [each.context_id for each in questions if index.document(each.context_id) is None]
    if missing:
        found = f"索引 {path} 里没有 {len(missing)} 题所问的文件（例如 {missing[0]}）"
        raise EvaluationError(f"{found}，应是 {FILE} 全部文字的索引；请换一个文件夹，没有索引时会建在那里")


def _parser() -> argparse.ArgumentParser:
    made = parser("bench.comprehension.open_domain", "一千段 DRCD 文字一个索引，只给问题，测找与读合起来的本事")
    made.add_argument("--all", action="store_true", help=f"问全部题目（默认按固定种子抽 {QUESTIONS} 题）")
    made.add_argument("--index", type=Path, help="索引文件夹；没有就建在这里，下次再用（默认临时建）")
    return made


if __name__ == "__main__":
    sys.exit(main())
