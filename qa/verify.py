"""Nothing gets through that its citation does not carry.

Every figure with its unit, every year, document number, title and organisation of a short answer must stand in
the quote of one of its citations.
"""

from __future__ import annotations

from collections.abc import Iterable

from index.text import fold
from qa.grammar import Kind, candidates

_CHECKED = frozenset({Kind.QUANTITY, Kind.DATE, Kind.NUMBER, Kind.NAME, Kind.ORGANISATION})


def claims(text: str) -> list[str]:
    """What in a text must be backed: figures with units, dates, document numbers, names, in text order."""
    found = [item for item in candidates(text) if item.kind in _CHECKED]
    found.sort(key=lambda item: (item.span.start, -len(item.span)))
    return [item.span.slice(text) for item in found]


def unsupported(text: str, quotes: Iterable[str]) -> list[str]:
    """The claims of `text` that stand in none of `quotes`; empty when everything is backed.

    Text is compared folded, so that full width and white space do not matter. A text without any claim that the
    grammar knows must stand in a quote as a whole.
    """
    folded = [fold(quote) for quote in quotes]
    needed = claims(text) or [text]
    return [claim for claim in needed if not any(_carries(quote, fold(claim)) for quote in folded)]


def _carries(quote: str, claim: str) -> bool:
    """Whether `claim` stands in `quote` as a figure of its own: 70 is not carried by 170 or by 70.5."""
    start = quote.find(claim)
    while start >= 0:
        before, after = quote[start - 1 : start], quote[start + len(claim) : start + len(claim) + 1]
        grows = (claim[0].isdigit() and before.isdigit()) or (claim[-1].isdigit() and (after.isdigit() or after == "%"))
        if not grows:
            return True
        start = quote.find(claim, start + 1)
    return False
