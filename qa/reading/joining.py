"""Join the answers to the parts of one turn into one, with citations numbered through."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from itertools import chain, zip_longest

from index.records import Hit
from qa.answers import Answer, Citation, Conflict, Sentence, Timing, Usage
from qa.reading.citations import MARKER, Numbered, unsupported

_END = re.compile(r"[?？。!！,，;；、\s]+$")


def joined(turn: str, parts: Sequence[Answer]) -> Answer:
    """Return one answer out of complete answers to the questions of a turn, each under its question.

    Abstained only where all parts are; as sure as the least sure of those that are given; a short answer only where
    each part has one.
    """
    numbers, citations = _numbered(parts)
    renumbered = list(zip(parts, numbers, strict=True))
    usage = [part.usage for part in parts if part.usage]
    given = [part for part in parts if not part.abstained]
    return Answer(
        question=turn,
        standalone_question="".join(f"{_END.sub('', part.standalone_question)}？" for part in parts),
        text=_told(renumbered) if given else _refused(parts),
        short=_short(parts, citations),
        citations=citations,
        hits=merged(parts),
        abstained=not given,
        confidence=min((part.confidence for part in given), default=0.0),
        timing=added(parts),
        sentences=tuple(_renumbered_sentence(each, n) for part, n in renumbered for each in part.sentences),
        notice="".join(dict.fromkeys(part.notice for part in parts if part.notice)) or None,
        expandable=any(part.expandable for part in parts),
        usage=sum(usage, Usage()) if usage else None,
        conflicts=tuple(_renumbered_conflict(each, n) for part, n in renumbered for each in part.conflicts),
    )


def _renumbered_sentence(sentence: Sentence, numbers: dict[str, int]) -> Sentence:
    cited = tuple(numbers.get(str(n), n) for n in sentence.citations)
    return dataclasses.replace(sentence, text=_renumbered(sentence.text, numbers), citations=cited)


def _renumbered_conflict(conflict: Conflict, numbers: dict[str, int]) -> Conflict:
    return Conflict(conflict.name, tuple(dataclasses.replace(each, n=numbers[str(each.n)]) for each in conflict.said))


def _numbered(parts: Sequence[Answer]) -> tuple[list[dict[str, int]], tuple[Citation, ...]]:
    """Return the new number of each part's markers, and all citations; the same quote is cited under one number."""
    cited = Numbered()
    numbers = [{str(each.n): cited.number(each) for each in part.citations} for part in parts]
    return numbers, tuple(cited.citations)


def _told(parts: Sequence[tuple[Answer, dict[str, int]]]) -> str:
    """Return each question with its answer below it."""
    return "\n\n".join(
        f"{place}. {_END.sub('', part.standalone_question)}？\n{_renumbered(part.text, numbers)}"
        for place, (part, numbers) in enumerate(parts, start=1)
    )


def _renumbered(text: str, numbers: dict[str, int]) -> str:
    return MARKER.sub(lambda marker: f"[{numbers.get(marker[1], marker[1])}]", text)


def _refused(parts: Sequence[Answer]) -> str:
    """Return one sentence that refuses all parts."""
    reasons = list(dict.fromkeys(part.text for part in parts))
    if len(reasons) == 1:
        return reasons[0]
    told = (f"「{_END.sub('', part.standalone_question)}」：{_END.sub('', part.text)}" for part in parts)
    return "；".join(told) + "。"


def _short(parts: Sequence[Answer], citations: Sequence[Citation]) -> str | None:
    """Return all short answers in a row, where each part has one and the quotes carry the whole."""
    shorts = [part.short for part in parts if part.short is not None]
    if len(shorts) < len(parts):
        return None
    quotes = [citation.text for citation in citations]
    return None if any(unsupported(short, quotes) for short in shorts) else "；".join(shorts)


def merged(parts: Sequence[Answer]) -> tuple[Hit, ...]:
    """Return all passages without duplicates: the best of each part, then the second of each, and so on."""
    ranked = chain.from_iterable(zip_longest(*(part.hits for part in parts)))
    return tuple({hit.passage.id: hit for hit in ranked if hit is not None}.values())


def added(parts: Sequence[Answer]) -> Timing:
    """Return the time that all parts took together."""
    timings = [part.timing for part in parts]
    return Timing(sum(t.retrieve for t in timings), sum(t.read for t in timings), sum(t.total for t in timings))
