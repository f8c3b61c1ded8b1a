"""Give a list whole where one of its items is found and the question asks for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.numerals import cn_number
from index.records import Span
from index.text import align, terms
from qa.language.grammar import Candidate, Kind
from qa.language.polarity import figures, is_polar
from qa.question.analysis import Question
from qa.reading.features import Place
from qa.reading.matching import sites_of

_NUMERAL = "[一二三四五六七八九十]{1,3}|[0-9]{1,2}"
_MARK = rf"[ \t\u3000]*+(?:[(（](?:{_NUMERAL})[)）]|(?:{_NUMERAL})[、.．](?!\d)|[①-⑳])[ \t\u3000]*"
NUMBER = re.compile(_MARK)
_ITEM = re.compile(rf"^{_MARK}\S.*$", re.M)
_LEAD = re.compile(r"[^。\n]*[:：]\s*\Z")
_LONGEST, _MOST = 600, 20
"""Characters and items of a list of items that is given whole."""
_CONDITIONS = re.compile("条件|情形|要求|材料")
_ALL = re.compile("哪|什么|啥|怎")
_STEPS = re.compile("(?:怎|咋|如何)(?!.*了[?？。]*$)|步骤|流程|程序")
"""Asks how: a list of steps answers as a whole. 「利润怎么降了」 asks why."""
_INLINE = re.compile(
    rf"[(（](?P<a>{_NUMERAL})[)）]|第(?P<b>{_NUMERAL})步|(?<![0-9.])(?P<c>[0-9]{{1,2}})[.．、](?![0-9])|(?P<d>[①-⑳])"
)
"""Numbers of items that stand in one paragraph."""
_PART = re.compile("[^；;]+")
_PARTED = re.compile("[：:]([^：:；;。\n|]++(?:[；;][^：:；;。\n|]++)+)(?=。|\n|$)")
"""Items without numbers, none of them with a label of its own."""


def whole(question: Question, place: Place, found: Sequence[Place]) -> Place:
    """Return the list that a candidate is an item of, where the question asks for a list; else the candidate itself.

    A question for yes or no is answered by the item as a whole.

    Args:
        question: taken apart.
        place: the candidate that ranked first.
        found: all candidates of the passages.
    """
    if is_polar(question.text):
        place = _in_question(question.text, place, found)
        return _item(place) or place
    if not _asks_all(question):
        return (_STEPS.search(align(question.text)) and _items(place)) or place
    return _items(place) or _enumeration(place, found) or place


def _asks_all(question: Question) -> bool:
    aligned = align(question.text)
    return Kind.LIST in question.kinds or bool(_CONDITIONS.search(aligned) and _ALL.search(aligned))


def _enumeration(place: Place, found: Sequence[Place]) -> Place | None:
    """Return the shortest enumeration of the passage that holds the candidate and more."""
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


def _in_question(question: str, place: Place, found: Sequence[Place]) -> Place:
    """Return the figure of a sentence that a polar question asks about, or `place` where its words do not tell.

    「页岩气产能达到12亿m3，稳产10亿m3」 says yes to 「页岩气产能是12亿m3吗」, whichever of its figures ranked first.

    Args:
        question: a polar one.
        place: the candidate that ranked first.
        found: all candidates of the passages.
    """
    values = {value for value, _ in figures(align(question))}
    asked = terms(question)

    def held(each: Place) -> int:
        return sum(term in each.site.lead + each.site.value for term in asked)

    beside = [
        each
        for each in found
        if each.hit is place.hit and each.site.sentence == place.site.sentence and each.site.value in values
    ]
    best = max(beside, key=held, default=place)
    return best if place.site.value not in values and held(best) > held(place) else place


def lead_of(place: Place) -> Span | None:
    """Return what leads to the list that a candidate is in an item of, in the passage's text: 「禁止下列行为：」."""
    text, span = place.hit.passage.text, place.site.candidate.span
    for lead, items in _listings(text):
        if any(item.contains(span) for item in items):
            return lead
    return None


def _item(place: Place) -> Place | None:
    """Return the item of a list that a candidate is in, without its number."""
    text, span = place.hit.passage.text, place.site.candidate.span
    item = next((item for _, items in _listings(text) for item in items if item.contains(span)), None)
    if item is None:
        return None
    unnumbered = NUMBER.sub("", item.slice(text), count=1)
    content = Span(item.end - len(unnumbered), item.end - _stop(unnumbered))
    return placed(place, Candidate(Kind.CLAUSE, content, item, item.slice(text)))


def placed(place: Place, candidate: Candidate) -> Place:
    """Return another candidate of the passage that a candidate is from."""
    return Place(place.hit, place.rank, sites_of(place.hit.passage.text, [candidate])[0])


def _items(place: Place) -> Place | None:
    """Return the items, one a line, that the candidate is one of, or that its clause leads to."""
    text, span = place.hit.passage.text, place.site.candidate.span
    for lead, items in _listings(text):
        listed = Span(items[0].start, items[-1].end)
        if not (lead.start <= span.start and span.end <= listed.end):
            continue
        listed = Span(listed.start + _blank(listed.slice(text)), listed.end - _stop(listed.slice(text)))
        around = Span(lead.start, listed.end)
        if len(around) <= _LONGEST and 2 <= len(items) <= _MOST:
            return placed(place, Candidate(Kind.LIST, listed, around, lead.slice(text)))
    return None


def _listings(text: str) -> Iterator[tuple[Span, list[Span]]]:
    """Yield the lists of a text, of an item a line or within a paragraph: what leads to each, and its items."""
    lines = [Span(match.start(), match.end()) for match in _ITEM.finditer(text)]
    for block in _blocks(text, lines):
        if lead := _LEAD.search(text[: block[0].start]):
            yield Span(*lead.span()), block
    for paragraph in re.finditer(".+", text):
        for block in _inline(text, Span(*paragraph.span())):
            yield Span(max(paragraph.start(), text.rfind("。", 0, block[0].start) + 1), block[0].start), block


def _inline(text: str, paragraph: Span) -> Iterator[list[Span]]:
    """Yield the items within a paragraph that count from one on, or that semicolons part behind a colon."""
    runs: list[list[re.Match[str]]] = []
    for mark in _INLINE.finditer(text, paragraph.start, paragraph.end):
        style, number = mark.lastgroup, _number(mark)
        going_on = (run for run in reversed(runs) if (run[-1].lastgroup, _number(run[-1]) + 1) == (style, number))
        if number == 1:
            runs.append([mark])
        elif run := next(going_on, None):
            run.append(mark)
    for run in runs:
        if len(run) > 1 and text[paragraph.start : run[0].start()].strip():
            stop = text.find("。", run[-1].end(), paragraph.end)
            ends = [*(mark.start() for mark in run[1:]), paragraph.end if stop < 0 else stop]
            yield [Span(mark.start(), end) for mark, end in zip(run, ends, strict=True)]
    for match in _PARTED.finditer(text, paragraph.start, paragraph.end) if not runs else ():
        yield [Span(*part.span()) for part in _PART.finditer(text, *match.span(1))]


def _number(mark: re.Match[str]) -> int:
    numeral = mark[str(mark.lastgroup)]
    return ord(numeral) - ord("①") + 1 if mark.lastgroup == "d" else cn_number(numeral)


def _blocks(text: str, lines: Sequence[Span]) -> list[list[Span]]:
    """Return runs of items with nothing but white space between them."""
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
