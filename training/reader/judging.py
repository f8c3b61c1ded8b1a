"""Marked candidates of which the reader's network learns to say whether they answer.

The right answer of an example is one that does; the other candidates that the grammar finds in its window, its siblings
above all, are ones that do not; in a window without the answer, none does, least of all one in a clause that tempts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from index.records import Span
from qa.language.grammar import Kind, candidates
from qa.reading.model_input import Window, sentences_around
from training.reader.examples import Example, Judgement

_CONTEXT = (40, 180)
"""Characters around a candidate that are read with it; drawn anew for each."""
_EXACT = frozenset({Kind.QUANTITY, Kind.DATE, Kind.NUMBER})


def judgements(example: Example, draw: random.Random) -> Iterator[Judgement]:
    """Yield the example's answer as one that is supported, and one or two other candidates as ones that are not.

    Args:
        example: a question and a window.
        draw: decides which candidates and how much is read around them.
    """
    wrong = _wrong(example)
    if example.answer is not None:
        yield _judgement(example, example.answer, True, draw)
    for span in draw.sample(wrong, min(len(wrong), draw.choice((1, 1, 2)))):
        yield _judgement(example, span, False, draw)


def _wrong(example: Example) -> list[Span]:
    """Return candidates that do not answer: those that tempt, or of the answer's kind, where there are any."""
    answer = example.answer
    found = [each for each in candidates(example.window.text) if len(each.span) <= 60]
    if answer is None:
        spans = {each.span for each in found}
        clause = example.tempting
        return sorted({span for span in spans if clause and span.overlap(clause)} or spans)
    kinds = {each.kind for each in found if each.span.overlap(answer)} & _EXACT
    apart = [each for each in found if not each.span.overlap(answer)]
    alike = [each.span for each in apart if each.kind in kinds]
    return sorted(set(alike or [each.span for each in apart]))


def _judgement(example: Example, span: Span, supported: bool, draw: random.Random) -> Judgement:
    cut = sentences_around(example.window.text, span, draw.randint(*_CONTEXT))
    window = Window(example.window.title, example.window.path, cut.slice(example.window.text))
    verdict = example.verdict if supported else None
    return Judgement(example.question, window, span.shift(-cut.start), supported, example.source, verdict)
