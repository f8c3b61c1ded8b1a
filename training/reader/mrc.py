"""Reading comprehension sets as examples: windows with the answer, and windows of the same article without.

CMRC2018 trial and XQuAD-zh (CC BY-SA 4.0) and DRCD (CC BY-SA 3.0, traditional characters).
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.records import Span
from index.text import fold, sentence_spans, terms
from qa.reading.model_input import Window, window_spans
from training.reader.examples import Example
from training.reader.partition import GOLD, Part, part_of

FILES = ("drcd_dev", "drcd_test", "cmrc2018_trial", "cmrc2018_train", "xquad_zh_test")
_WINDOW = (70, 200)
"""Characters a window with an answer is grown to; drawn anew for each."""
_REPEATED = {"cmrc2018_trial": 2}
"""Windows with the answer that are made of a question, where not one: long answers are rare in the other sets."""
_LATIN_TITLE = re.compile("^[ -~]+$")


@dataclass(frozen=True, slots=True)
class Reading:
    """One question of a set.

    Attributes:
        answers: acceptable strings; the first stands at `start` of `context`.
    """

    corpus: str
    title: str
    context_id: str
    context: str
    question: str
    answers: tuple[str, ...]
    start: int


def readings(folder: Path, part: Part) -> list[Reading]:
    """Return the questions of one part, in file order.

    Args:
        folder: that holds the sets as JSON lines.
        part: see `part_of`.
    """
    return [
        Reading(
            name,
            row["title"],
            row["context_id"],
            row["context"],
            row["question"],
            tuple(row["answers"]),
            row["answer_start"],
        )
        for name in FILES
        for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
        if part_of((row := json.loads(line))["title"]) == part and row["title"] not in GOLD
    ]


def examples(questions: Sequence[Reading], seed: int) -> Iterator[Example]:
    """Yield each question with a window that answers it and, more often than not, with one that looks as if it did."""
    draw = random.Random(seed)
    articles: dict[str, set[str]] = defaultdict(set)
    for each in questions:
        articles[each.title].add(each.context)
    for each in [question for question in questions for _ in range(_REPEATED.get(question.corpus, 1))]:
        title = "" if _LATIN_TITLE.match(each.title) or draw.random() < 0.3 else each.title
        span = Span(each.start, each.start + len(each.answers[0]))
        window = _grown(each.context, span, draw.randint(*_WINDOW), draw)
        answer = span.shift(-window.start)
        yield Example(each.question, Window(title, (), window.slice(each.context)), answer, each.corpus)
        if draw.random() < 0.7 and (decoy := _decoy(each, sorted(articles[each.title]), draw)):
            yield Example(each.question, Window(title, (), decoy), None, f"{each.corpus} decoy")


def _grown(text: str, span: Span, size: int, draw: random.Random) -> Span:
    """Return the sentences of `span` and as many neighbours on either side as `size` allows."""
    sentences = sentence_spans(text)
    inside = [i for i, sentence in enumerate(sentences) if sentence.overlap(span)]
    first, last = inside[0], inside[-1]
    while True:
        sides = []
        if first > 0 and sentences[last].end - sentences[first - 1].start <= size:
            sides.append(-1)
        if last + 1 < len(sentences) and sentences[last + 1].end - sentences[first].start <= size:
            sides.append(1)
        if not sides:
            return Span(min(sentences[first].start, span.start), max(sentences[last].end, span.end))
        if draw.choice(sides) < 0:
            first -= 1
        else:
            last += 1


def _decoy(reading: Reading, contexts: Sequence[str], draw: random.Random) -> str | None:
    """Return a window of the same article that shares words with the question and does not hold the answer."""
    wanted, answer = set(terms(reading.question)), fold(reading.answers[0])
    windows = [
        text
        for context in contexts
        for span in window_spans(context, draw.randint(90, 180))
        if answer not in fold(text := span.slice(context))
    ]
    ranked = sorted(windows, key=lambda text: -len(wanted.intersection(terms(text))))
    return draw.choice(ranked[:3]) if ranked else None
