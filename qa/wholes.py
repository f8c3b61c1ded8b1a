"""Lists come back whole: where one item of a list is found and the question asks for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.records import Span
from index.text import align
from qa.features import Place
from qa.grammar import Candidate, Kind
from qa.matching import sites_of
from qa.questions import Question

_NUMERAL = "[一二三四五六七八九十]{1,3}|[0-9]{1,2}"
_ITEM = re.compile(rf"^[ \t\u3000]*(?:[(（](?:{_NUMERAL})[)）]|(?:{_NUMERAL})[、.．](?!\d)|[①-⑳]).*$", re.M)
_LEAD = re.compile(r"[^。\n]*[:：]\s*\Z")
_LONGEST, _MOST = 600, 20
"""Characters and items of a list of items that is given whole."""
_CONDITIONS = re.compile("条件|情形|要求|材料")
_ALL = re.compile("哪|什么|啥|怎")


def whole(question: Question, place: Place, found: Sequence[Place]) -> Place:
    """The list that a candidate is an item of, where the question asks for a list; else the candidate itself.

    Args:
        question: taken apart.
        place: the candidate that ranked first.
        found: all candidates of the passages.
    """
    if not _asks_all(question):
        return place
    return _items(place) or _enumeration(place, found) or place


def _asks_all(question: Question) -> bool:
    aligned = align(question.text)
    return Kind.LIST in question.kinds or bool(_CONDITIONS.search(aligned) and _ALL.search(aligned))


def _enumeration(place: Place, found: Sequence[Place]) -> Place | None:
    """The shortest enumeration of the passage that holds the candidate and more."""
    span = place.site.candidate.span
    holding = [
        each
        for each in found
        if each.hit is place.hit
        and each.site.candidate.kind is Kind.LIST
        and not each.site.candidate.labelled
        and each.site.candidate.span != span
        and 2 * each.site.candidate.span.overlap(span) > len(span)
        and len(each.site.candidate.span) > len(span)
    ]
    return min(holding, key=lambda each: len(each.site.candidate.span), default=None)


def _items(place: Place) -> Place | None:
    """The items, one a line, that the candidate is one of, or that its clause leads to."""
    text, span = place.hit.passage.text, place.site.candidate.span
    lines = [Span(match.start(), match.end()) for match in _ITEM.finditer(text)]
    for block in _blocks(text, lines):
        lead = _LEAD.search(text[: block[0].start])
        if lead is None or not (lead.start() <= span.start and span.end <= block[-1].end):
            continue
        listed = Span(block[0].start, block[-1].end)
        listed = Span(listed.start + _blank(listed.slice(text)), listed.end - _stop(listed.slice(text)))
        around = Span(lead.start(), listed.end)
        if len(around) <= _LONGEST and 2 <= len(block) <= _MOST:
            candidate = Candidate(Kind.LIST, listed, around, lead.group())
            return Place(place.hit, place.rank, sites_of(text, [candidate])[0])
    return None


def _blocks(text: str, lines: Sequence[Span]) -> list[list[Span]]:
    """Runs of items with nothing but white space between them."""
    blocks: list[list[Span]] = []
    for line in lines:
        if blocks and not text[blocks[-1][-1].end : line.start].strip():
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def _blank(text: str) -> int:
    return len(text) - len(text.lstrip())


def _stop(text: str) -> int:
    return len(text) - len(text.rstrip(" \t\u3000。；;，,"))
