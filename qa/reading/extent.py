"""Decide how much of the text is given: a list whole, both ends of a range, the words that bound a figure.

不低于20% is another target than 20%, 48小时内 another deadline than 48小时, and 0.1%～1% is one answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from index.numerals import cn_number
from index.records import Span
from index.text import align, terms
from qa.language.grammar import RANGE_SIGN, Candidate, Kind
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
_BEFORE = re.compile(
    "(?:大?约|将?近|接近|(?:应当?|均|原则上)?不(?:得|能|应|宜)?(?:低|高|少|多|大|小|超过?)[于过]?|超过|[低高大小少多]于|至[少多]"
    "|最[高低多少长短][为达]?|累计|逾|每[人户年月日天次件台亩吨度份条辆间床位]{1,2}(?:每[年月日天次])?"
    "|次日|当[日天]|单[价笔次人]|上[浮调]|下[浮调])[ ]*$"
)
_BEHIND = re.compile(
    r"^[ ]*(?:(?:以|之)[内上下前后]|左右|上下|[内前后起止余多]|[（(](?:不?含[^（()）]{0,6}|北京时间)[)）]"
    r"|/[^\s，。；、,;|/]{1,4}|每[人户年月日天次件台]|封顶)"
)
_ASKS_WHY = re.compile("为什么|为啥|为何|何以|(?:原因|理由)是?(?:什么|啥|$)|(?:怎么|咋)[^，。]*了[?？。]*$")
_REASON_AHEAD = re.compile(
    "(?:主要)?(?:原因(?:是|为|在于|：|:)|是?由于|是?因为|系因|系由于)|主要[系因]|(?<=[，,])[系因](?!此)"
)
_REASON_BEHIND = re.compile("[，,。；;]?(?:因此|所以|为此|故(?=[不未须应需])|导致|致使)")
_RANGE = re.compile(rf"\s*{RANGE_SIGN}\s*")
_FIGURES = frozenset({Kind.QUANTITY, Kind.DATE})
_LONGEST_CLAUSE = 60
"""Characters of a clause that is given whole to a question of yes or no."""


def whole(question: Question, place: Place, found: Sequence[Place]) -> Place:
    """Return the list that a candidate is an item of, where the question asks for a list; else the candidate itself.

    A question for yes or no is answered by the item as a whole.
    """
    if is_polar(question.text):
        place = _in_question(question.text, place, found)
        return _item(place) or place
    aligned = align(question.text)
    if Kind.LIST in question.kinds or (_CONDITIONS.search(aligned) and _ALL.search(aligned)):
        return _items(place) or _enumeration(place, found) or place
    return (_STEPS.search(aligned) and _items(place)) or place


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
        inner = listed.slice(text)
        listed = Span(listed.start + len(inner) - len(inner.lstrip()), listed.end - _stop(inner))
        around = Span(lead.start, listed.end)
        if len(around) <= _LONGEST and 2 <= len(items) <= _MOST:
            return placed(place, Candidate(Kind.LIST, listed, around, lead.slice(text)))
    return None


@lru_cache(maxsize=64)
def _listings(text: str) -> tuple[tuple[Span, list[Span]], ...]:
    """Return the lists of a text, of an item a line or within a paragraph: what leads to each, and its items."""
    return tuple(_sought_listings(text))


def _sought_listings(text: str) -> Iterator[tuple[Span, list[Span]]]:
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


def _stop(text: str) -> int:
    return len(text) - len(text.rstrip(" \t\u3000。；;，,"))


def completed(question: Question, place: Place, found: Sequence[Place]) -> Place:
    """Return a candidate with the words beside it that belong to the answer.

    A figure takes the other end of its range and the words that bound it; other words are given with their whole clause
    where yes or no is asked for; a question why gets the reason alone, without what it repeats.
    """
    candidate, text = place.site.candidate, place.hit.passage.text
    if is_polar(question.text) and candidate.kind not in _FIGURES:
        clause = _stripped(text, candidate.clause)
        fits = clause.contains(candidate.span) and len(clause) <= _LONGEST_CLAUSE and "|" not in clause.slice(text)
        return placed(place, replace(place.site.candidate, span=clause)) if fits else place
    if _ASKS_WHY.search(align(question.text)):
        return _reason(place) or place
    if candidate.kind not in _FIGURES or candidate.labelled:
        return place
    span = _qualified(align(text), _ranged(place, found), place.site.sentence)
    return place if span == candidate.span else placed(place, replace(place.site.candidate, span=span))


def _reason(place: Place) -> Place | None:
    """Return the reason that a candidate's sentence gives, without what it is the reason of; None where it gives none.

    It stands behind 原因是 or 由于, up to the next comma where the sentence begins so, and before 因此 or 导致.
    """
    text, sentence = place.hit.passage.text, place.site.sentence
    if ahead := _REASON_AHEAD.search(text, sentence.start, sentence.end):
        comma = text.find("，", ahead.end(), sentence.end) if ahead.start() == sentence.start else -1
        reason = Span(ahead.end(), sentence.end if comma < 0 else comma)
    elif behind := _REASON_BEHIND.search(text, sentence.start + 1, sentence.end):
        reason = Span(sentence.start, behind.start())
    else:
        return None
    reason = _stripped(text, reason)
    return (
        placed(place, replace(place.site.candidate, span=reason))
        if len(reason) > 1 and "|" not in reason.slice(text)
        else None
    )


def _ranged(place: Place, found: Sequence[Place]) -> Span:
    """Return the span of the range that a figure is one end of, else its own."""
    text, span = align(place.hit.passage.text), place.site.candidate.span
    for other in found:
        if other.hit is not place.hit or other.site.candidate.kind is not place.site.candidate.kind:
            continue
        beside = other.site.candidate.span
        if span.end < beside.start <= span.end + 4 and _RANGE.fullmatch(text[span.end : beside.start]):
            return Span(span.start, beside.end)
        if beside.end < span.start <= beside.end + 4 and _RANGE.fullmatch(text[beside.end : span.start]):
            return Span(beside.start, span.end)
    return span


def _qualified(text: str, span: Span, sentence: Span) -> Span:
    """Return a span widened, within its sentence, by the words before and behind it that bound a figure."""
    start, end = span.start, span.end
    while match := _BEHIND.match(text[end : sentence.end]):
        end += match.end()
    while match := _BEFORE.search(text[sentence.start : start]):
        start -= len(match.group())
    return Span(start, end)


def _stripped(text: str, clause: Span) -> Span:
    """Return a clause without the number of its item and without marks at its ends."""
    inner = clause.slice(text)
    start = clause.start + len(inner) - len(inner.lstrip(" \t\n\u3000，,；;、。"))
    if number := NUMBER.match(text, start, clause.end):
        start = number.end()
    end = start + len(text[start : clause.end].rstrip(" \t\n\u3000，,；;、。：:"))
    return Span(start, end)
