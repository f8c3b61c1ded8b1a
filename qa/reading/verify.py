"""Nothing gets through that its citation does not carry.

Every figure with its unit, every year, document number, title and organisation of a short answer must stand in
the quote of one of its citations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from index.records import Span
from index.text import fold
from qa.language.grammar import UNIT, Kind, candidates

_CHECKED = frozenset({Kind.QUANTITY, Kind.DATE, Kind.NUMBER, Kind.NAME, Kind.ORGANISATION})
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
# What makes a longer figure of one that it stands before or behind.
_GROWS_BEFORE = re.compile(r"(?:\d[.,]?|[零〇一二两三四五六七八九十百千万亿]点?)$")
_GROWS_BEHIND = re.compile(r"\d|[.,]\d|[%‰十百千万亿]")
_FIGURE_FIRST = re.compile("[0-9零〇一二两三四五六七八九十百千万亿]")
_TAIL_UNIT = re.compile(rf"(?:{UNIT.pattern})$")


def claims(text: str) -> list[str]:
    """Return what in a text must be backed: figures with units, dates, document numbers, names, in text order.

    Digits that the grammar has no name for are claims by themselves.
    """
    spans = [item.span for item in candidates(text) if item.kind in _CHECKED]
    for match in _DIGITS.finditer(text):
        if not any(span.start <= match.start() and match.end() <= span.end for span in spans):
            spans.append(Span(match.start(), match.end()))
    spans.sort(key=lambda span: (span.start, -len(span)))
    return list(dict.fromkeys(span.slice(text) for span in spans))


def unsupported(text: str, quotes: Iterable[str]) -> list[str]:
    """Return the claims of `text` that stand in none of `quotes`; empty when everything is backed.

    Text is compared folded, so that full width and white space do not matter. A text that stands in a quote as a
    whole is backed; one without any claim that the grammar knows must.
    """
    folded = [fold(quote) for quote in quotes]
    if any(carries(quote, fold(text)) for quote in folded):
        return []
    needed = claims(text) or [text]
    return [claim for claim in needed if not any(carries(quote, fold(claim)) for quote in folded)]


def carries(quote: str, claim: str) -> bool:
    """Return whether a folded quote has a folded claim as a figure of its own: 170, 70.5 and 70% do not carry 70."""
    start = quote.find(claim) if claim else -1
    while start >= 0:
        if not _is_part(quote, start, start + len(claim)):
            return True
        start = quote.find(claim, start + 1)
    return False


def _is_part(quote: str, start: int, end: int) -> bool:
    """Return whether a figure goes on before `start` or behind `end`, or its unit does: 千瓦 is part of 千瓦时."""
    if _FIGURE_FIRST.match(quote, start) and _GROWS_BEFORE.search(quote[max(0, start - 2) : start]):
        return True
    if quote[end - 1].isdigit():
        return _GROWS_BEHIND.match(quote, end) is not None
    unit = _TAIL_UNIT.search(quote[max(0, end - 8) : end])
    if unit is None:
        return False
    longer = UNIT.match(quote, end - len(unit.group()))
    return longer is not None and longer.end() > end
