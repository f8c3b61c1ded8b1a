"""Answer a question for all of something by the headings under it.

「重点任务有哪些」 is answered by the headings under 「三、重点任务」, or by those that follow 「重点任务如下：」.
They stand pages apart, so that no passage has them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from index.numerals import HEADING_NUMBER, NUMERAL, cn_number
from index.records import Document, Heading, Span
from index.text import align, fold, terms
from qa.language import lexicon
from qa.language.grammar import Kind
from qa.question.analysis import Question

_NUMERAL = f"{NUMERAL}+"
_SUMMARY = re.compile(lexicon.ASKS_SUMMARY)
_FIRST = re.compile("^[ #]*(?:第|[(（])?[一1](?![0-9一二三四五六七八九十百])")
"""The number of the first part of a series."""
_FEWEST, _MOST = 2, 30
"""Parts of a section that is given as a list."""
_SAME = 0.6
"""Share of a heading's pairs of characters that a question must have to ask for it."""
_GENERAL = lexicon.words(lexicon.LISTS["section_words"])
"""Words that say nothing of which section is meant."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Headings that belong together, and what they are the parts of."""

    document: Document
    title: str  # the heading of the section, or the sentence that leads to its parts
    parts: tuple[Heading, ...]  # the headings right under it, in text order

    def name(self, heading: Heading) -> Span:
        """Return a heading without its numbering, as a span of the document's text."""
        start = heading.end - len(bare(heading.title))
        return Span(max(start, heading.start), heading.end)


def bare(title: str) -> str:
    """Return a heading's title without its numbering."""
    return HEADING_NUMBER.sub("", title)


def contents(question: Question, matter: str, documents: Iterable[Document]) -> Contents | None:
    """Return the first section of the documents, likeliest first, that a question asks all of; else None.

    A summary is left to language models: the sections of the likeliest document are named instead. The `matter` is what
    the question asks, without politeness.
    """
    if _SUMMARY.search(align(matter)):
        return _overview(question, list(documents))
    if Kind.LIST not in question.kinds or Kind.ORGANISATION in question.kinds:
        return None
    for document in documents:
        for title, parts in _asked(question, document):
            if _FEWEST <= len(parts) <= _MOST:
                return Contents(document, title, parts)
    return None


def _overview(question: Question, documents: Sequence[Document]) -> Contents | None:
    """Return the outermost sections of the likeliest document, for a question that asks for a summary.

    A question without words of its own means the only document there is.
    """
    if not documents or (len(documents) > 1 and not question.terms):
        return None
    title = f"总结要由语言模型来写。《{documents[0].title}》有这些部分，可以逐节查看"
    parts = _outermost(documents[0].headings, 0)[:_MOST]
    return Contents(documents[0], title, parts) if parts else None


def _asked(question: Question, document: Document) -> Iterator[tuple[str, tuple[Heading, ...]]]:
    """Yield what a question may ask all of with its parts: sections by their heading, lists by what leads to them."""
    for place, heading in enumerate(document.headings):
        if _is_asked(question, document, heading):
            yield heading.title, _outermost(document.headings[place + 1 :], heading.level)
        elif _FIRST.match(heading.title):
            series = _series(document.headings[place:])
            lead = _lead(document, place, len(series))
            if lead and _is_led(question, document, heading, lead):
                yield lead.rstrip("。:："), series


def _outermost(headings: Sequence[Heading], level: int) -> tuple[Heading, ...]:
    """Return the outermost of the headings that stand below a level."""
    under = list(takewhile(lambda heading: heading.level > level, headings))
    outermost = min((heading.level for heading in under), default=0)
    return tuple(heading for heading in under if heading.level == outermost)


def _series(headings: Sequence[Heading]) -> tuple[Heading, ...]:
    """Return the first heading and those that go on numbering as it does."""
    level, style = headings[0].level, _style(headings[0].title)
    beside = (each for each in takewhile(lambda each: each.level >= level, headings) if each.level == level)
    return tuple(takewhile(lambda each: _style(each.title) == style, beside))


def _style(title: str) -> str:
    """Return a heading's numbering with its numeral left open."""
    number = HEADING_NUMBER.match(title)
    return re.sub(_NUMERAL, "N", number.group().strip()) if number else ""


def _lead(document: Document, place: int, size: int) -> str:
    """Return the sentence before a heading that announces a list, by its colon or by as many parts as follow."""
    start = document.headings[place - 1].end if place else 0
    before = document.text[start : document.headings[place].start].rstrip()
    sentence = re.split("[。\n]", before[:-1])[-1] + before[-1:]
    counts = [cn_number(each) for each in re.findall(_NUMERAL, align(sentence).replace("两", "二"))]
    return sentence if sentence.endswith((":", "：")) or size in counts else ""


def _is_led(question: Question, document: Document, heading: Heading, lead: str) -> bool:
    """Return whether a question's words all stand in what leads to a list or around it, one of weight in the former."""
    told = fold(" ".join((document.title, *document.section_path(heading.start)[:-1], lead)))
    # 「十件实事」 and 「十方面实事」 count the same things.
    named = [each.text for each in question.terms if each.text not in _GENERAL and not re.match(_NUMERAL, each.text)]
    held = [word for word in named if word in fold(lead)]
    periods = all(str(period.first) in told for period in question.periods)
    return periods and any(len(word) > 1 for word in held) and all(word in told for word in named)


def _is_asked(question: Question, document: Document, heading: Heading) -> bool:
    """Return whether a question has the words of a heading, and none that neither it nor what is around it has."""
    name = bare(heading.title)
    pairs, asked = set(terms(name)), set(terms(question.text))
    if len(fold(name)) < 3 or len(pairs & asked) < _SAME * len(pairs):
        return False
    told = fold(" ".join((document.title, *document.section_path(heading.start))))
    if any(str(period.first) not in told for period in question.periods):
        return False
    return all(term.text in told or term.text in _GENERAL for term in question.terms)
