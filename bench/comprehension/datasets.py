"""Reading comprehension sets: questions, each with the one context that answers it.

DRCD (CC BY-SA 3.0, traditional characters), CMRC 2018 trial and XQuAD in Chinese (both CC BY-SA 4.0), as JSON lines of
`qid`, `question`, `answers`, `title`, `context_id` and `context`. Which articles may be learnt from and which judge is
decided by `training.reader.partition`; articles that a gold set asks about are left out of every part.
"""

from __future__ import annotations

import random
from argparse import ArgumentTypeError
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.errors import EvaluationError
from eval.jsonlines import Record, read_records
from index.records import Document, Hit
from index.store.passage_index import PassageIndex
from index.structure.outline import outline
from training.corpora import mixed_corpus
from training.reader.partition import Part, part_of

SETS: Mapping[str, tuple[str, ...]] = {
    "DRCD": ("drcd_dev.jsonl", "drcd_test.jsonl"),
    "CMRC2018": ("cmrc2018_trial.jsonl",),
    "XQuAD-zh": ("xquad_zh_test.jsonl",),
}
"""Files of each set, by the name it has in reports."""

_IN_GOLD = frozenset(source.key for source in mixed_corpus.SOURCES)


@dataclass(frozen=True, slots=True)
class Comprehension:
    """A question about a context.

    Attributes:
        id: unique in its set.
        set: name of the set.
        title: of the article that the context is from.
        context_id: of the context, usable as a document's id.
        context: verbatim.
        question: as asked.
        answers: alternatives, at least one; each a span of the context.
    """

    id: str
    set: str
    title: str
    context_id: str
    context: str
    question: str
    answers: tuple[str, ...]

    @property
    def document(self) -> Document:
        """The context as a file of its own that is named after the article."""
        return Document(
            self.context_id, self.title, self.context, f"{self.context_id}.txt", headings=outline(self.context)
        )


def load(folder: Path, files: Sequence[str], name: str) -> list[Comprehension]:
    """Return the questions of a set in file order.

    A line whose question is blank, as the published sets have, asks nothing.

    Args:
        folder: that holds the files.
        files: their names.
        name: of the set.

    Raises:
        EvaluationError: if a file cannot be used; names line and field.
    """
    records = [record for file in files for record in read_records(folder / file)]
    return [_question(record, name) for record in records if record.any_text("question").strip()]


def of_part(questions: Iterable[Comprehension], part: Part) -> list[Comprehension]:
    """Return those whose article belongs to a part and is in no gold set."""
    return [each for each in questions if each.title not in _IN_GOLD and part_of(each.title) == part]


def sample(questions: Sequence[Comprehension], n: int | None, seed: int = 0) -> list[Comprehension]:
    """Return at most `n` of the questions, drawn with a seed, in their order; all for None."""
    if n is None or n >= len(questions):
        return list(questions)
    return [questions[place] for place in sorted(random.Random(seed).sample(range(len(questions)), n))]


def selection(folder: Path, every: Iterable[Comprehension], part: Part, n: int | None) -> list[Comprehension]:
    """Return at most `n` questions of a part, as `of_part` and `sample` choose them.

    Raises:
        EvaluationError: if there is none; names `folder`, where the sets are from.
    """
    chosen = sample(of_part(every, part), n)
    if not chosen:
        raise EvaluationError(f"{folder} 里没有 {part} 部分的题目，应至少有一题；请核对数据的版本，或换 --part")
    return chosen


def count(text: str) -> int:
    """Return a number of questions from a command line.

    Raises:
        ArgumentTypeError: if it is no whole number above 0.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} 不是题数，应为大于 0 的整数，例如 200")
    return int(text)


def contexts(questions: Iterable[Comprehension]) -> list[Document]:
    """Return the contexts asked about, each once."""
    return list({each.context_id: each.document for each in questions}.values())


def right_passages(index: PassageIndex, question: Comprehension) -> list[Hit]:
    """Return all passages that the splitter makes of the right context, the nearest to the question first."""
    ranked = index.retriever("dense").search(question.question, index.passage_count)
    return [hit for hit in ranked if hit.passage.document_id == question.context_id]


def _question(record: Record, name: str) -> Comprehension:
    answers = record.texts("answers")
    if not answers:
        raise record.complaint("answers", "至少一个答案")
    return Comprehension(
        id=record.text("qid"),
        set=name,
        title=record.text("title"),
        context_id=record.text("context_id"),
        context=record.text("context"),
        question=record.text("question"),
        answers=answers,
    )
