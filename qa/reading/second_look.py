"""The second look: the network reads the best candidates again, each marked in its sentences, and says what answers.

The first reading scores every span of a window at once; here a whole candidate is judged, against the question and
against its siblings, which the ranking alone confuses most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.records import Span
from qa.question.analysis import Question
from qa.reading.confidence import alike, meets, strays
from qa.reading.features import Matrix, Place
from qa.reading.model_input import Window, sentences_around
from qa.reading.span_model import Support

LAG = 3.0
"""How far a candidate may rank behind the first to be read again: on 763 development questions none beyond it was
chosen, and three in five readings are spared."""
JUDGED = 4
"""Candidates that are read again."""
CONTEXT = 110
"""Characters of whole sentences that are read with a candidate."""
CERTAIN = 8.0
"""Log odds beyond it, either way, say no more."""


class Judge(Protocol):
    """Judges marked candidates: `qa.reading.span_model.SpanModel`, or a stand-in in tests."""

    def judge(self, question: str, marked: Sequence[tuple[Window, Span]]) -> list[Support]:
        """Return for each window and candidate in it whether the candidate answers, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """Candidates that were read again.

    Attributes:
        rows: their places in the ranking, best first.
        supports: what the network says of each.
        features: of each, float64 `(len(rows), len(SECOND))`.
    """

    rows: tuple[int, ...]
    supports: tuple[Support, ...]
    features: Matrix


def second_look(
    question: Question, ranking: Sequence[Place], scores: NDArray[np.float64], features: Matrix, judge: Judge
) -> Judged:
    """Read the best candidates again, of each group that says the same the best one only.

    Args:
        question: taken apart.
        ranking: candidates, best first; at least one.
        scores: of `ranking`.
        features: of `ranking`, as `qa.reading.features.FEATURES` names them.
        judge: the network.
    """
    rows = _distinct(question, ranking, scores)
    supports = judge.judge(question.text, [marked(ranking[row]) for row in rows])
    told = [
        (scores[row] - scores[0], strays(question, ranking[row]), meets(question, ranking[row]), bounded(each.answers))
        for row, each in zip(rows, supports, strict=True)
    ]
    return Judged(tuple(rows), tuple(supports), np.array(told, dtype=np.float64))


def _distinct(question: Question, ranking: Sequence[Place], scores: NDArray[np.float64]) -> list[int]:
    """Return the rows of the best candidates that say different things; one that fits the question is among them."""
    rows: list[int] = []
    for row, place in enumerate(ranking):
        if len(rows) == JUDGED or scores[row] < scores[0] - LAG:
            break
        if not any(alike(place, ranking[other]) for other in rows):
            rows.append(_under_heading(row, ranking))
    if all(strays(question, ranking[row]) for row in rows):
        rows += [row for row, place in enumerate(ranking) if meets(question, place)][:1]
    return list(dict.fromkeys(rows))


def _under_heading(row: int, ranking: Sequence[Place]) -> int:
    """Return the row of the same value from under a heading, where a candidate is from the head of its document.

    A headline, a news lead or a covering note announces what the body states; the body is the basis.
    """
    first = ranking[row]
    if first.hit.passage.section_path:
        return row
    for other in range(row + 1, len(ranking)):
        place = ranking[other]
        same = place.site.value == first.site.value and place.hit.passage.document_id == first.hit.passage.document_id
        if same and place.hit.passage.section_path:
            return other
    return row


def marked(place: Place) -> tuple[Window, Span]:
    """Return the sentences around a candidate as a window, and where in it the candidate stands."""
    passage, span = place.hit.passage, place.site.candidate.span
    cut = sentences_around(passage.text, span, CONTEXT)
    return Window(passage.title, passage.section_path, cut.slice(passage.text)), span.shift(-cut.start)


def bounded(logit: float) -> float:
    """Return log odds cut off where they say no more."""
    return float(np.clip(logit, -CERTAIN, CERTAIN))
