"""The view of a document: parts of limited length, its outline and a marked place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.records import Document, Heading, Span, Table
from ui.documents.tables import row_at, widths

PART = 16_000
"""Longest part of a document on one page, in code points."""

OUTLINE = 240
"""How many headings the outline lists; of a longer one only the outer levels."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text."""

    text: str  # as it stands in the document
    marked: bool = False  # whether it belongs to the place that was asked for
    strong: bool = False  # whether it is a heading that its paragraph follows in the same line


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table."""

    start: int | None  # where its text begins; None where it is empty
    pieces: tuple[Piece, ...]
    over: int  # how many columns it reaches over


@dataclass(frozen=True, slots=True)
class Block:
    """A line of the text."""

    span: Span
    pieces: tuple[Piece, ...]
    heading: Span | None = None  # where its heading stands; None if it has none
    level: int = 0  # 2 to 6, without jumps, where the line is nothing but a heading; else 0
    row: bool = False  # whether it is a row of a table
    table: Table | None = None  # it is a row of, where its cells are known
    cells: tuple[Cell, ...] = ()  # of that row
    # those that began since the line before it, up to the one that it begins on; of the first line of a part
    # only that one
    pages: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the outline."""

    heading: Heading  # it leads to
    part: int  # on which it stands, from 0


def parts(document: Document) -> list[Span]:
    """Consecutive spans that cover the text; each ends before a heading, or at a line end, or where it must."""
    text, spans, start = document.text, list[Span](), 0
    headings = [heading.start for heading in document.headings]
    while len(text) - start > PART:
        end = _cut(text, headings, start)
        spans.append(Span(start, end))
        start = end
    return [*spans, Span(start, len(text))]


def part_at(spans: Sequence[Span], offset: int) -> int:
    """Return the number of the part that holds `offset`, from 0."""
    return max(0, bisect_right([span.start for span in spans], offset) - 1)


def blocks(document: Document, part: Span, marked: Span | None = None) -> list[Block]:
    """Return the lines of a part that have any text."""
    headings = {heading.start: heading for heading in document.headings}
    made: list[Block] = []
    depth, page = 1, 0
    for span in _visible_lines(document.text, part):
        heading = headings.get(span.start)
        alone = heading is not None and heading.end >= span.end
        if heading is not None and alone:
            depth = min(depth + 1, heading.level + 1, 6)
        table = next((each for each in document.tables if each.span.contains(span)), None)
        cells = tuple(_cells(document.text, table, span, marked)) if table else ()
        before, page = page, document.page(span.start) or 0
        made.append(
            Block(
                span,
                tuple(_pieces(document.text, span, marked, None if alone else heading)),
                Span(heading.start, heading.end) if heading else None,
                depth if alone else 0,
                table is not None,
                table if cells else None,
                cells,
                range(before + 1 if before else max(page, 1), page + 1),
            )
        )
    return made


def pages_behind(document: Document, part: Span, shown: Sequence[Block]) -> Sequence[int]:
    """Return the pages of a part that begin behind the beginning of its last line, which goes on over them."""
    last = document.page(max(part.start, part.end - 1)) or 0
    return range((document.page(shown[-1].span.start) or 0) + 1, last + 1) if shown else ()


def outline(document: Document, spans: Sequence[Span]) -> tuple[list[Entry], int]:
    """Return the headings to list, and the deepest level listed."""
    levels = sorted({heading.level for heading in document.headings})
    while len(levels) > 1 and sum(heading.level <= levels[-1] for heading in document.headings) > OUTLINE:
        levels.pop()
    deepest = levels[-1] if levels else 0
    listed = [heading for heading in document.headings if heading.level <= deepest][: 4 * OUTLINE]
    return [Entry(heading, part_at(spans, heading.start)) for heading in listed], deepest


def _cells(text: str, table: Table, line: Span, marked: Span | None) -> Iterator[Cell]:
    row = row_at(table, line)
    for cell, over in widths(row) if row else ():
        yield Cell(cell.start if cell else None, tuple(_pieces(text, cell, marked, None)) if cell else (), over)


def _cut(text: str, headings: Sequence[int], start: int) -> int:
    latest, earliest = start + PART, start + PART // 2
    before = bisect_right(headings, latest) - 1
    if before >= 0 and headings[before] > earliest:
        return text.rfind("\n", start, headings[before]) + 1 or headings[before]
    return text.rfind("\n", earliest, latest) + 1 or latest


def _visible_lines(text: str, part: Span) -> Iterator[Span]:
    """Yield the lines of a part without the white space around them, those of nothing else left out."""
    start = part.start
    while start < part.end:
        end = text.find("\n", start, part.end) + 1 or part.end
        line = text[start:end]
        if line.strip():
            yield Span(end - len(line.lstrip()), start + len(line.rstrip()))
        start = end


def _pieces(text: str, line: Span, marked: Span | None, heading: Heading | None) -> Iterator[Piece]:
    strong = Span(heading.start, heading.end) if heading else Span(0, 0)
    mark = marked or Span(0, 0)
    inside = (at for span in (strong, mark) for at in (span.start, span.end) if line.start < at < line.end)
    for start, end in pairwise(sorted({line.start, *inside, line.end})):
        piece = Span(start, end)
        yield Piece(piece.slice(text), mark.contains(piece), strong.contains(piece))
