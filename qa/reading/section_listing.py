"""Who asks for all of something that a document has a section on is told what that section is made of.

「重点任务有哪些」 is answered by the headings under 「三、重点任务」, which stand pages apart: no passage has them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.records import Document, Heading, Passage, Span
from index.text import fold, terms
from qa.language.grammar import Kind
from qa.question.analysis import Question

_NUMERAL = "[〇零一二三四五六七八九十百千0-9]+"
_NUMBERING = re.compile(
    rf"^\s*+#*+\s*+(?:第{_NUMERAL}(?:部分|[编章节条])|[(（]{_NUMERAL}[)）]|{_NUMERAL}(?:[、.．]|是)(?!\d)|专栏{_NUMERAL})\s*"
)
_FEWEST, _MOST = 2, 30
"""Parts of a section that is given as a list."""
_SAME = 0.6
"""Share of a heading's pairs of characters that a question must have to ask for it."""
_GENERAL = frozenset(
    (
        *(
            "方面",
            "内容",
            "部分",
            "方案",
            "文件",
            "通知",
            "意见",
            "工作",
            "措施",
            "举措",
            "主要",
            "具体",
            "包括",
            "包含",
        ),
        *("提出", "要求", "列出", "开展", "采取", "分为", "几个", "点", "项", "条"),
    )
)
"""Words that say nothing of which section is meant."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A section and what it is made of.

    Attributes:
        heading: of the section.
        parts: the headings right under it, in text order.
    """

    document: Document
    heading: Heading
    parts: tuple[Heading, ...]

    def name(self, heading: Heading) -> Span:
        """Return a heading without its numbering, as a span of the document's text."""
        start = heading.end - len(bare(heading.title))
        return Span(max(start, heading.start), heading.end)


def bare(title: str) -> str:
    """Return a heading's title without its numbering."""
    return _NUMBERING.sub("", title)


def contents(question: Question, documents: Iterable[Document]) -> Contents | None:
    """Return the first section of the documents that a question asks all of; None where it asks for something else.

    Args:
        question: taken apart.
        documents: likeliest first.
    """
    if Kind.LIST not in question.kinds or Kind.ORGANISATION in question.kinds:
        return None
    for document in documents:
        for place, heading in enumerate(document.headings):
            if _is_asked(question, document, heading):
                parts = _parts(document.headings, place)
                if _FEWEST <= len(parts) <= _MOST:
                    return Contents(document, heading, parts)
    return None


def passage_of(document: Document, heading: Heading) -> Passage:
    """Return a heading as a passage of its own, to be quoted."""
    span = Span(heading.start, heading.end)
    path = document.section_path(heading.start)
    return Passage(document.id, document.title, span.slice(document.text), span, path, document.page(span.start))


def _parts(headings: Sequence[Heading], place: int) -> tuple[Heading, ...]:
    under = []
    for heading in headings[place + 1 :]:
        if heading.level <= headings[place].level:
            break
        under.append(heading)
    outermost = min((heading.level for heading in under), default=0)
    return tuple(heading for heading in under if heading.level == outermost)


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
