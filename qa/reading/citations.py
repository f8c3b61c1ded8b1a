"""Quotes: from a span that answers to the sentence that is quoted, their markers, and whether they carry a claim.

Every figure with its unit, every year, document number, title and organisation of a short answer must stand in the
quote of one of its citations.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from index.records import Document, Passage, Span
from index.text import fold, sentence_spans
from qa.answers import Citation
from qa.language.grammar import UNIT, Kind, candidates

MAX_QUOTE = 300
"""Characters a quote is cut to, at a clause end where there is one, where a sentence runs on and on."""

MAX_SENTENCES = 3
"""Sentences that one quote may hold."""

MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKERS = re.compile(r"\s*[\[【]\s*\d{1,3}(?:\s*[,，、]\s*\d{1,3})*\s*[\]】]")
_NUMBER = re.compile(r"\d+")
_STOP = re.compile(r"[,，、；;]")

_CHECKED = frozenset({Kind.QUANTITY, Kind.DATE, Kind.NUMBER, Kind.NAME, Kind.ORGANISATION})
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
# What makes a longer figure of one that it stands before or behind.
_GROWS_BEFORE = re.compile(r"(?:\d[.,]?|[零〇一二两三四五六七八九十百千万亿]点?)$")
_GROWS_BEHIND = re.compile(r"\d|[.,]\d|[%‰十百千万亿]")
_FIGURE_FIRST = re.compile("[0-9零〇一二两三四五六七八九十百千万亿]")
_TAIL_UNIT = re.compile(rf"(?:{UNIT.pattern})$")


def quote_span(text: str, span: Span) -> Span:
    """Return the part of `text` to quote for `span`: its sentence, or of a very long sentence the part around it.

    At most three sentences and `MAX_QUOTE` characters. It holds `span` but where that alone is longer: then its
    beginning.
    """
    sentences = [sentence for sentence in sentence_spans(text) if sentence.overlap(span)][:MAX_SENTENCES]
    if not sentences:
        return Span(span.start, min(span.end, span.start + MAX_QUOTE))
    whole = Span(sentences[0].start, sentences[-1].end)
    if len(whole) <= MAX_QUOTE:
        return whole
    start = max(span.start, whole.start)
    return _around(text, whole, Span(start, min(span.end, whole.end, start + MAX_QUOTE)))


def quote_spans(text: str, span: Span) -> list[Span]:
    """Return the parts of `text` to quote for a span of any length, in text order, each as `quote_span` cuts it."""
    quotes: list[Span] = []
    counts: list[int] = []
    for sentence in sentence_spans(text):
        if not sentence.overlap(span):
            continue
        if quotes and counts[-1] < MAX_SENTENCES and sentence.end - quotes[-1].start <= MAX_QUOTE:
            quotes[-1], counts[-1] = Span(quotes[-1].start, sentence.end), counts[-1] + 1
        else:
            inside = Span(max(span.start, sentence.start), min(span.end, sentence.end))
            quotes.append(quote_span(text, inside))
            counts.append(1)
    return quotes or [quote_span(text, span)]


def _around(text: str, whole: Span, span: Span) -> Span:
    """Return as many clauses of `whole` before and behind `span` as there is room for."""
    room = (MAX_QUOTE - len(span)) // 2
    starts = [m.end() for m in _STOP.finditer(text, whole.start, span.start) if m.end() >= span.start - room]
    ends = [m.start() for m in _STOP.finditer(text, span.end, whole.end) if m.start() <= span.end + room]
    start = whole.start if span.start - whole.start <= room else min(starts, default=span.start)
    end = whole.end if whole.end - span.end <= room else max(ends, default=span.end)
    return Span(start, end)


def marked(text: str) -> tuple[str, tuple[int, ...]]:
    """Return a sentence without its markers, and their numbers, each once.

    `[1][3]`, `[1, 3]` and 【1】 are markers; nothing else in brackets is.
    """
    numbers = [int(number) for match in _MARKERS.finditer(text) for number in _NUMBER.findall(match.group())]
    return _MARKERS.sub("", text), tuple(dict.fromkeys(numbers))


def unmarked(text: str) -> str:
    """`text` with what looks like a marker in other brackets: the [3] of a source is none of our citations."""
    return MARKER.sub(r"［\1］", text)


def quoted(citation: Citation) -> str:
    """Return a quote as people read it: on one line, with its marker."""
    return f"{unmarked(' '.join(citation.text.split()))}[{citation.n}]"


def passage_at(document: Document, span: Span) -> Passage:
    """Return a stretch of a document as a passage of its own."""
    path, page = document.section_path(span.start), document.page(span.start)
    return Passage(document.id, document.title, span.slice(document.text), span, path, page)


class Numbered:
    """Numbers citations in the order in which they are needed; the same quote keeps its number."""

    def __init__(self, citations: Iterable[Citation] = ()) -> None:
        self.citations = list(citations)

    def number(self, citation: Citation) -> int:
        """Return the number of a citation, whatever its own number is."""
        place = (citation.passage.document_id, citation.quote)
        for known in self.citations:
            if (known.passage.document_id, known.quote) == place:
                return known.n
        self.citations.append(dataclasses.replace(citation, n=len(self.citations) + 1))
        return len(self.citations)

    def marker(self, citation: Citation) -> str:
        """Return the marker of a citation."""
        return f"[{self.number(citation)}]"


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
