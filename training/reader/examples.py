"""What the reader is trained on: a question, a window of text, and where in it the answer stands, if it does."""

from __future__ import annotations

from dataclasses import dataclass

from index.records import Span
from qa.reading.model_input import Window


@dataclass(frozen=True, slots=True)
class Example:
    """One pair.

    Attributes:
        question: as one would type it.
        window: what is read.
        answer: a span of the window's text, or None where it does not answer.
        source: the corpus or rule that made it, for reports.
        verdict: what the answer says to a question of yes or no; None for other questions.
        tempting: where nothing answers, a clause that only seems to.
    """

    question: str
    window: Window
    answer: Span | None
    source: str
    verdict: bool | None = None
    tempting: Span | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A question, a window in which a candidate answer is marked, and whether the candidate answers the question.

    Attributes:
        verdict: what the candidate says to a question of yes or no; None where it does not answer one.
    """

    question: str
    window: Window
    candidate: Span
    supported: bool
    source: str
    verdict: bool | None = None
