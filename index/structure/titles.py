"""Titles without a number on lines of their own: 结束语, 关于外交工作, 名词解释.

A short line is a title where a paragraph ends before it and another, or a numbered heading, begins behind it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.structure.heading_numbers import Marker, lines

UNNUMBERED = "题"

_TITLE_MIN, _TITLE_MAX = 3, 45  # characters
_PARAGRAPH_MIN = 30  # characters of a line from which it is a paragraph
_END = "。！？”）)"  # what a paragraph ends with
_CLOSING = "。！？；：!?;:”）)〕】》"  # and what else ends a line that is no part of a sentence
_SENTENCE_END = re.compile("[。！？；]")
_BROKEN_MAX = 0.02  # share of lines that may break off in a sentence where each is a whole paragraph
# Signs of sentences, labels, addresses, figures and table rows; a line of a title has none.
_NO_TITLE = re.compile(
    r"[。！？；：!?;:|\t…□√]|[，,、0-9０-９日号]$|^(?![0-9０-９]{4}年)[^\u4e00-\u9fff“《「]|^(?:各位|图|表)"
)


def unnumbered(text: str, found: Sequence[Marker]) -> list[Marker]:
    """Return titles without a number, but those on lines of headings `found`, of a text that declares no headings.

    None where sentences go on from line to line, as what looks like a title is then a part of one.
    """
    numbered = {marker.line for marker in found}
    shown = [(start, visible) for start, end in lines(text) if (visible := text[start:end].strip())]
    titles = []
    for (_, before), (line, visible), (line_after, after) in zip(shown, shown[1:], shown[2:], strict=False):
        leads = line_after in numbered or _is_paragraph(after) or after[-1] in "！!"  # 各位代表！
        fits = _TITLE_MIN <= len(visible) <= _TITLE_MAX and not _NO_TITLE.search(visible)
        if leads and line not in numbered and fits and _is_paragraph(before):
            start = text.index(visible[0], line)
            titles.append(Marker(UNNUMBERED, 0, line, start, start, start + len(visible)))
    broken = sum(visible[-1] not in _CLOSING and _SENTENCE_END.search(visible) is not None for _, visible in shown)
    return titles if broken <= _BROKEN_MAX * len(shown) else []


def _is_paragraph(visible: str) -> bool:
    return len(visible) >= _PARAGRAPH_MIN and visible[-1] in _END
