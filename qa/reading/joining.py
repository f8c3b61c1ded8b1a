"""Join the answers to the parts of one turn into one, with citations numbered through."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from itertools import chain, zip_longest

from index.records import Hit
from qa.answers import Answer, Citation, Conflict, Sentence, Timing, Usage
from qa.reading.citations import MARKER, unsupported

_END = re.compile(r"[?？。!！,，;；、\s]+$")


def joined(turn: str, parts: Sequence[Answer]) -> Answer:
    """Return one answer out of several.

    Args:
        turn: what was asked, as typed.
        parts: complete answers to the questions of the turn, in order; at least one.

    Returns:
        Each part under its question; abstained only where all parts are; as sure as the least sure of those that are
        given; a short answer only where each part has one.
    """
    numbers, citations = _numbered(parts)
    given = [part for part in parts if not part.abstained]
    return Answer(
        question=turn,
        standalone_question="".join(f"{_END.sub('', part.standalone_question)}？" for part in parts),
        text=_told(parts, numbers) if given else _refused(parts),
        short=_short(parts, citations),
        citations=citations,
        hits=merged(parts),
        abstained=not given,
        confidence=min((part.confidence for part in given), default=0.0),
        timing=added(parts),
        sentences=_sentences(parts, numbers),
        notice="".join(dict.fromkeys(part.notice for part in parts if part.notice)) or None,
        expandable=any(part.expandable for part in parts),
        usage=_taken(parts),
        conflicts=_conflicts(parts, numbers),
    )


def _sentences(parts: Sequence[Answer], numbers: Sequence[dict[str, int]]) -> tuple[Sentence, ...]:
    """Return what language models wrote, with the numbers that the citations have now."""
    return tuple(
        dataclasses.replace(
            sentence,
            text=_renumbered(sentence.text, renumbered),
            citations=tuple(renumbered.get(str(n), n) for n in sentence.citations),
        )
        for part, renumbered in zip(parts, numbers, strict=True)
        for sentence in part.sentences
    )


def _conflicts(parts: Sequence[Answer], numbers: Sequence[dict[str, int]]) -> tuple[Conflict, ...]:
    """Return what documents disagree about, with the numbers that the citations have now."""
    return tuple(
        Conflict(conflict.name, tuple(dataclasses.replace(each, n=renumbered[str(each.n)]) for each in conflict.said))
        for part, renumbered in zip(parts, numbers, strict=True)
        for conflict in part.conflicts
    )


def _taken(parts: Sequence[Answer]) -> Usage | None:
    """Return what language models took for all parts; None where none was asked."""
    taken = [part.usage for part in parts if part.usage]
    return sum(taken, Usage()) if taken else None


def _numbered(parts: Sequence[Answer]) -> tuple[list[dict[str, int]], tuple[Citation, ...]]:
    """Return the new number of each part's markers, and all citations; the same quote is cited under one number."""
    found: dict[tuple[str, int, int], Citation] = {}
    numbers: list[dict[str, int]] = []
    for part in parts:
        renumbered = {}
        for citation in part.citations:
            place = (citation.passage.document_id, citation.quote.start, citation.quote.end)
            kept = found.setdefault(place, dataclasses.replace(citation, n=len(found) + 1))
            renumbered[str(citation.n)] = kept.n
        numbers.append(renumbered)
    return numbers, tuple(found.values())


def _told(parts: Sequence[Answer], numbers: Sequence[dict[str, int]]) -> str:
    """Return each question with its answer below it."""
    return "\n\n".join(
        f"{place}. {_END.sub('', part.standalone_question)}？\n{_renumbered(part.text, renumbered)}"
        for place, (part, renumbered) in enumerate(zip(parts, numbers, strict=True), start=1)
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
