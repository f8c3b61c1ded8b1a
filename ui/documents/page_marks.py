"""The lines that a citation names, as shapes over the pictures of the pages on which they stand."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from index.errors import IndexCorrupt
from index.records import Document, Span
from index.structure.page_positions import PlacedLine, PlacedPage, unpacked

_MARGIN = 2  # units around a line, so that its characters are not cut


@dataclass(frozen=True, slots=True)
class PageMarks:
    """What is marked on one page."""

    width: int  # of the page, in the units of the shapes
    height: int
    shapes: tuple[str, ...]  # the corners of each marked line, as SVG wants them


def page_marks(document: Document, marked: Span | None) -> dict[int, PageMarks]:
    """Return the marks of a place in a document, by page from 1; none where it is not known where its lines stand.

    Raises:
        IndexCorrupt: if what the index says of that makes no sense.
    """
    if marked is None or not document.placed:
        return {}
    try:
        pages = unpacked(document.placed, len(document.text))
    except ValueError as error:
        message = f"索引里的一份文档已损坏（{error}）；请用 yiju-index verify 查明，再重新建立。"
        raise IndexCorrupt(".", message) from error
    found = {number: tuple(_shapes(document, page, marked)) for number, page in pages.items()}
    return {n: PageMarks(pages[n].width, pages[n].height, shapes) for n, shapes in found.items() if shapes}


def marks_json(marks: Mapping[int, PageMarks]) -> list[dict[str, object]]:
    """Return marks as JSON."""
    return [
        {"page": page, "width": mark.width, "height": mark.height, "shapes": list(mark.shapes)}
        for page, mark in marks.items()
    ]


def _shapes(document: Document, page: PlacedPage, marked: Span) -> Iterator[str]:
    for line in page.lines:
        start, end = max(line.span.start, marked.start), min(line.span.end, marked.end)
        if start < end and document.text[start:end].strip():
            corners = page.corners(_part(document, line, Span(start, end)))
            yield " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _part(document: Document, line: PlacedLine, part: Span) -> PlacedLine:
    """Return the part of a line where some of its characters stand.

    A row of a table says more than its cells and is whole.
    """
    share = 0.0, 1.0
    if not any(table.span.contains(line.span) for table in document.tables):
        widths = [_width(text) for text in _cut(document.text, line.span, part)]
        whole = max(1, sum(widths))
        share = widths[0] / whole, 1 - widths[2] / whole
    x0, x1 = (line.x0 + round((line.x1 - line.x0) * place) for place in share)
    return replace(
        line, x0=x0 - _MARGIN, top=line.top - _MARGIN, x1=x1 + _MARGIN, bottom=line.bottom + _MARGIN
    )  # fmt: skip


def _cut(text: str, line: Span, part: Span) -> tuple[str, str, str]:
    return text[line.start : part.start], part.slice(text), text[part.end : line.end]


def _width(text: str) -> int:
    """Return how much room a text takes: Chinese characters are set twice as wide as others."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)
