"""Measure reading with the right passage given: `python -m bench.comprehension.reading`.

The context of each question is split as the product splits it, and all its passages are given, nearest to the question
first. Two figures each: *forced* takes the best span however unsure the reader is, as the scorers of these sets assume,
for every question has an answer; *as given* takes what the product would say, where an abstention earns nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypedDict

from bench.comprehension.arguments import parser, run
from bench.comprehension.datasets import SETS, Comprehension, contexts, count, load, right_passages, selection
from eval.metrics.answer_metrics import exact_match, f1, false_refusal, span_exact_match, span_f1
from eval.metrics.scores import ScoreJson, score_json
from eval.progress import with_progress
from eval.records import Query
from eval.report.report import table
from index.encoding.caching import RememberingEncoder
from index.encoding.encoders import load_encoder
from index.protocols import Encoder
from index.records import Hit
from index.store.passage_index import PassageIndex
from qa.protocols import Reader
from qa.reading.extractive_reader import ExtractiveReader
from qa.reading.span_model import load_span_model
from training.reader.partition import Part

Scores = dict[str, float]

LABELS: Mapping[str, str] = {
    "em_forced": "EM（必答）",
    "f1_forced": "F1（必答）",
    "em": "EM（照答）",
    "f1": "F1（照答）",
    "abstained": "拒答",
}
"""Every score by its name, as people read it."""

ALL = "全部"


class SpanReader(Reader, Protocol):
    """What is measured: the product's reader, which can also be made to choose."""

    def best_span(self, question: str, hits: Sequence[Hit]) -> str | None:
        """Return the best span of the passages, however unsure; None where there is nothing to choose from."""
        ...


class ForcedExtractiveReader(ExtractiveReader):
    """The extractive reader, made to choose."""

    def best_span(self, question: str, hits: Sequence[Hit]) -> str | None:
        """Return the best candidate, even one that it would rather not give."""
        finding = self.find(question, hits)
        return finding.place.text if finding else None


class ReadingJson(TypedDict):
    """A measurement: scores by set, `ALL` for all sets together."""

    part: str
    sets: dict[str, dict[str, ScoreJson]]


def open_reader(index: PassageIndex) -> SpanReader:
    """Return the reader of the product on an index."""
    return ForcedExtractiveReader(index, load_span_model())


def read(reader: SpanReader, question: Comprehension, hits: Sequence[Hit]) -> Scores:
    """Return the scores of one question, forced and as given."""
    span = reader.best_span(question.question, hits) or ""
    *_, answer = reader.read(question.question, hits)
    query, given = query_of(question), answer.to_json()
    return {
        "em_forced": span_exact_match(span, question.answers),
        "f1_forced": span_f1(span, question.answers),
        "em": exact_match(query, given),
        "f1": f1(query, given),
        "abstained": false_refusal(given),
    }


def query_of(question: Comprehension) -> Query:
    """Return the question as one of a data set, typed by its set."""
    alternatives = tuple((answer,) for answer in question.answers)
    return Query(question.id, question.question, alternatives, (), True, question.set)


def read_all(reader: SpanReader, index: PassageIndex, questions: Sequence[Comprehension]) -> Iterator[Scores]:
    """Yield scores of every question, each read in its own context."""
    for question in questions:
        yield read(reader, question, right_passages(index, question))


def make_report(part: str, questions: Sequence[Comprehension], scored: Sequence[Scores]) -> ReadingJson:
    """Return means with intervals for each set and for all.

    Args:
        part: which questions they are.
        questions: that were read.
        scored: their scores, in the same order.
    """
    groups: dict[str, list[Scores]] = {}
    for question, scores in zip(questions, scored, strict=True):
        groups.setdefault(question.set, []).append(scores)
    groups[ALL] = list(scored)
    sets = {name: {key: score_json([each[key] for each in group]) for key in LABELS} for name, group in groups.items()}
    return {"part": part, "sets": sets}


def report_text(report: ReadingJson) -> str:
    """Return the measurement as a terminal shows it: percent with 95 % intervals."""
    rows = [
        [name, str(scores["f1"]["n"]), *(percent(scores[key]) for key in LABELS)]
        for name, scores in report["sets"].items()
    ]
    return table([f"问题集（{report['part']}）", "题数", *LABELS.values()], rows)


def percent(score: ScoreJson) -> str:
    """Return a score in percent with its interval; a dash where nothing counts."""
    if score["value"] is None or score["low"] is None or score["high"] is None:
        return "-"
    return f"{100 * score['value']:.1f} [{100 * score['low']:.1f}, {100 * score['high']:.1f}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0 done, 2 an input is unusable."""
    options = _parser().parse_args(argv)
    folder = options.data / "mrc"

    def measure() -> ReadingJson:
        return _measure(folder, options.part, options.n, RememberingEncoder(load_encoder()))

    return run(options, measure, report_text)


def _measure(folder: Path, part: Part, n: int | None, encoder: Encoder) -> ReadingJson:
    every = [each for name, files in SETS.items() for each in load(folder, files, name)]
    questions = selection(folder, every, part, n)
    index = PassageIndex.build(contexts(questions), encoder)
    scored = list(with_progress(read_all(open_reader(index), index, questions), len(questions)))
    return make_report(part, questions, scored)


def _parser() -> argparse.ArgumentParser:
    made = parser("bench.comprehension.reading", "给出正确的段落，测阅读器找答案的本事")
    made.add_argument("--n", type=count, help="随机抽多少题（固定种子；默认全部）")
    return made


if __name__ == "__main__":
    sys.exit(main())
