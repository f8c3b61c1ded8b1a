"""Where a short answer begins and ends: with the words beside a figure that change what it means.

不低于20% is another target than 20%, 48小时内 another deadline than 48小时, and 0.1%～1% is one answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from index.records import Span
from index.text import align
from qa.language.grammar import Kind
from qa.language.polarity import is_polar
from qa.question.analysis import Question
from qa.reading.features import Place
from qa.reading.list_expansion import NUMBER, placed

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
_JOINS = re.compile(r"^\s*(?:[~～—–-]{1,2}|至|到)\s*$")
_FIGURES = frozenset({Kind.QUANTITY, Kind.DATE})
_LONGEST_CLAUSE = 60
"""Characters of a clause that is given whole to a question of yes or no."""


def completed(question: Question, place: Place, found: Sequence[Place]) -> Place:
    """Return a candidate with the words beside it that belong to the answer.

    A figure takes the other end of its range and the words that bound it; other words are given with their whole clause
    where yes or no is asked for; a question why gets the reason alone, without what it repeats.

    Args:
        question: taken apart.
        place: what answers.
        found: all candidates of the passages.
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
    text, span = place.hit.passage.text, place.site.candidate.span
    for other in found:
        if other.hit is not place.hit or other.site.candidate.kind is not place.site.candidate.kind:
            continue
        beside = other.site.candidate.span
        if span.end < beside.start <= span.end + 4 and _JOINS.match(text[span.end : beside.start]):
            return Span(span.start, beside.end)
        if beside.end < span.start <= beside.end + 4 and _JOINS.match(text[beside.end : span.start]):
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
