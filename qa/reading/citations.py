"""From a span that answers to the sentence that is quoted, and between claims and their markers."""

from __future__ import annotations

import re

from index.records import Span
from index.text import sentence_spans

MAX_QUOTE = 300
"""Characters a quote is cut to, at a clause end where there is one, where a sentence runs on and on."""

MAX_SENTENCES = 3
"""Sentences that one quote may hold."""

_MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKERS = re.compile(r"\s*[\[【]\s*\d{1,3}(?:\s*[,，、]\s*\d{1,3})*\s*[\]】]")
_NUMBER = re.compile(r"\d+")
_STOP = re.compile(r"[,，、；;]")


def quote_span(text: str, span: Span) -> Span:
    """Return the part of `text` to quote for `span`: its sentence, or of a very long sentence the part around it.

    Args:
        text: a passage's text.
        span: what answers, in `text`.

    Returns:
        At most three sentences and `MAX_QUOTE` characters. It holds `span` but where that alone is longer: then
        its beginning.
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
    return _MARKER.sub(r"［\1］", text)
