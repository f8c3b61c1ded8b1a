"""Suggest follow-up questions about facts next to the one just answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from index.records import Document, Passage, Span
from qa.answers import Answer
from qa.language.grammar import candidates
from qa.suggesting.examples import about, is_well_formed, question_of

AROUND = 700
"""How far from the quote a fact may stand, in code points."""

ASKED = 3
"""How many questions are suggested."""


def suggestions(answer: Answer, document: Document, *, named: bool = False) -> list[str]:
    """Return questions that the surroundings of an answer's first quote answer, the nearest lines first.

    They are made by the rules that make examples and not tried out, which takes milliseconds.

    Args:
        answer: complete, with citations.
        document: that its first citation quotes.
        named: whether each names the subject of its document, since there are documents of others.
    """
    said = answer.question + answer.standalone_question + answer.text
    asked = {answer.question.rstrip("？?"), answer.standalone_question.rstrip("？?")}
    fresh = (
        about(document, question) if named else question
        for question, expected in _facts(document, answer.citations[0].quote)
        if is_well_formed(question) and expected not in said and question.rstrip("？?") not in asked
    )
    return list(islice(_distinct(fresh), ASKED))


def _distinct(questions: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for question in questions:
        if question not in seen:
            seen.add(question)
            yield question


def _facts(document: Document, quote: Span) -> Iterator[tuple[str, str]]:
    """Yield questions about what stands near a quote, with their answers."""
    lines = sorted(_lines(document.text, quote), key=lambda line: max(line.start - quote.end, quote.start - line.end))
    for line in lines:
        path = document.section_path(line.start)
        passage = Passage(document.id, document.title, line.slice(document.text), line, path)
        for candidate in candidates(passage.text):
            if made := question_of(passage, candidate):
                yield made[:2]


def _lines(text: str, quote: Span) -> Iterator[Span]:
    """Yield the lines that begin near the quote, as far as they are near."""
    start = text.rfind("\n", 0, quote.start) + 1
    start = text.rfind("\n", 0, max(0, start - AROUND)) + 1
    last = min(len(text), quote.end + AROUND)
    while start < last:
        end = text.find("\n", start, last)
        end = last if end < 0 else end
        yield Span(start, end)
        start = end + 1
