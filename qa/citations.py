"""From a span that answers to the sentence that is quoted, and between claims and their markers."""

from __future__ import annotations

import re

from index.records import Span
from index.text import sentence_spans

MAX_QUOTE = 300
"""Characters a quote is cut to at the next clause end, where one sentence runs on and on."""

_MARKER = re.compile(r"\[(\d{1,3})\]")
_STOP = re.compile(r"[,，、；;]")


def quote_span(text: str, span: Span) -> Span:
    """The part of `text` to quote for `span`: its sentence, or of a very long sentence the part around it.

    Never longer than three sentences; always holds `span`, of which a part is kept where it spans more.
    """
    sentences = [sentence for sentence in sentence_spans(text) if sentence.overlap(span)]
    if not sentences:
        return span
    whole = Span(sentences[0].start, sentences[min(len(sentences), 3) - 1].end)
    return whole if len(whole) <= MAX_QUOTE else _around(text, whole, span)


def _around(text: str, whole: Span, span: Span) -> Span:
    room = max(0, MAX_QUOTE - len(span)) // 2
    starts = [m.end() for m in _STOP.finditer(text, whole.start, span.start) if m.end() >= span.start - room]
    ends = [m.start() for m in _STOP.finditer(text, span.end, whole.end) if m.start() <= span.end + room]
    start = whole.start if span.start - whole.start <= room else min(starts, default=span.start)
    end = whole.end if whole.end - span.end <= room else max(ends, default=span.end)
    return Span(start, max(end, min(span.end, whole.end)))


def resolve_markers(text: str, count: int) -> str:
    """Remove every marker that names none of `count` citations: a marker out of range is never resolved."""
    return _MARKER.sub(lambda match: match.group() if 1 <= int(match[1]) <= count else "", text)
