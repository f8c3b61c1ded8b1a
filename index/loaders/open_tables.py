"""Tables without walls between columns: ruled above, under their heading and below, or not ruled at all.

Columns are where white space runs through all rows. Without rules it takes three rows of three cells that stand below
each other, or of two under a caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from index.loaders.grids import Lattice, Rule, Segment, levels
from index.loaders.sheets import Glyph, baselines

_ALIKE = 6.0  # points that rules of one table may begin or end differently
_WIDE = 80.0  # points of a table at least
_HEADING_ROWS_MAX = 4
_GAP = 0.9  # em between cells
_WRAPPED = 1.75  # em from line to line of one cell at most
_FULL = 1.5  # em that a line of a cell ends before others of its column if it did not end for want of room
_CELL_MAX = 20  # characters of most cells; longer ones are columns of text
_FILLED, _FULL_MAX = 0.85, 10  # share of its column that a full line takes, and characters of cells that all are full
_RULES_MAX = 400
_ALIGNED_MIN, _ALIGNED_MAX = 3, 12  # rows of a table without rules, and characters of most of its cells
_LINE_MAX = 3.5  # em from row to row of one
_CAPTION = re.compile(r"(?:续|附)?表[0-9０-９一二三四五六七八九十]")

_Interval = tuple[float, float]


class _Part(NamedTuple):
    """Characters of a row that stand together."""

    x0: float
    x1: float
    text: str


class _Row(NamedTuple):
    """A line of cells."""

    top: float
    bottom: float
    size: float
    parts: list[_Part]


def open_tables(rules: Sequence[Rule], glyphs: Sequence[Glyph]) -> list[Lattice]:
    """Return the tables of a page, from the top down; `glyphs` are what stands in no other table."""
    across, rows = levels(rules), [_row(line) for line in baselines(glyphs)]
    found: list[Lattice] = []
    for stack in _stacks(across) if len(across) <= _RULES_MAX else ():
        first = 0
        while first + 2 < len(stack):
            last = _last_rule(stack, first, rows)
            table = _table(stack[first : last + 1], rows, across) if last > first + 1 else None
            found.extend([table] if table else [])
            first = last if table else first + 1
    ruled = [(table.ys[0], table.ys[-1]) for table in found]
    found.extend(_aligned([row for row in rows if not any(top < row.bottom and row.top < end for top, end in ruled)]))
    return sorted(found, key=lambda table: table.ys[0])


def _aligned(rows: Sequence[_Row]) -> Iterator[Lattice]:
    """Yield tables without rules."""
    place = 0
    while place < len(rows):
        least = 2 if place and _CAPTION.match("".join(part.text for part in rows[place - 1].parts)) else 3
        end = place
        while end < len(rows) and _fits(rows[place:end], rows[end], least):
            end += 1
        run = rows[place:end]
        if end - place >= _ALIGNED_MIN and median(len(part.text) for row in run for part in row.parts) <= _ALIGNED_MAX:
            columns = _columns(run)
            between = ((left[1] + right[0]) / 2 for left, right in pairwise(columns))
            xs = [columns[0][0] - 1, *between, columns[-1][1] + 1]
            ys = [run[0].top, *((above.bottom + below.top) / 2 for above, below in pairwise(run)), run[-1].bottom]
            places = tuple(_places(number, (), columns, ()) for number in range(len(run)))
            yield Lattice(tuple(xs), tuple(ys), places)
        place = max(end, place + 1)


def _fits(rows: Sequence[_Row], row: _Row, least: int) -> bool:
    """Return whether a row goes on with those of an aligned table: each of its cells stands in one of their columns."""
    if not rows:
        return len(row.parts) >= least
    if row.top - rows[-1].top > _LINE_MAX * row.size or len(row.parts) < 2 or len(row.parts) > len(rows[0].parts):
        return False
    columns = _columns([*rows, row])
    return len(columns) == len(rows[0].parts) and len({_column(part, columns) for part in row.parts}) == len(row.parts)


def _row(line: Sequence[Glyph]) -> _Row:
    size = median(glyph.bottom - glyph.top for glyph in line)
    parts = [_Part(line[0].x0, line[0].x1, line[0].text)]
    for glyph in line[1:]:
        if glyph.x0 - parts[-1].x1 > _GAP * size:
            parts.append(_Part(glyph.x0, glyph.x1, glyph.text))
        else:
            parts[-1] = _Part(parts[-1].x0, max(parts[-1].x1, glyph.x1), parts[-1].text + glyph.text)
    return _Row(min(glyph.top for glyph in line), max(glyph.bottom for glyph in line), size, parts)


def _stacks(across: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Yield rules that begin and end alike, from the top down."""
    left = [rule for rule in across if rule.end - rule.start >= _WIDE]
    while left:
        one = left[0]
        stack = [r for r in left if abs(r.start - one.start) <= _ALIKE and abs(r.end - one.end) <= _ALIKE]
        left = [rule for rule in left if rule not in stack]
        if len(stack) > 2:
            yield stack


def _between(rows: Sequence[_Row], upper: Segment, lower: Segment) -> list[_Row]:
    """Return the rows between two rules, but for what stands outside of them."""
    found = []
    for row in rows:
        if upper.at < (row.top + row.bottom) / 2 < lower.at:
            parts = [part for part in row.parts if upper.start - _ALIKE < (part.x0 + part.x1) / 2 < upper.end + _ALIKE]
            found.extend([row._replace(parts=parts)] if parts else [])
    return found


def _last_rule(stack: Sequence[Segment], first: int, rows: Sequence[_Row]) -> int:
    """Return the last rule of the table that begins at one: all between is rows of several cells."""
    last = first
    for upper, lower in pairwise(stack[first:]):
        band = _between(rows, upper, lower)
        if not any(len(row.parts) > 1 for row in band) or (last == first and len(band) > _HEADING_ROWS_MAX):
            break
        last += 1
    return last


def _table(stack: Sequence[Segment], rows: Sequence[_Row], across: Sequence[Segment]) -> Lattice | None:
    heading = _between(rows, stack[0], stack[1])
    bands = [_between(rows, upper, lower) for upper, lower in pairwise(stack[1:])]
    columns = _columns([heading[-1], *(row for band in bands for row in band)])
    if len(columns) < 2 or _is_text([part for band in bands for row in band for part in row.parts], columns):
        return None
    body = [row for band in _rows_of(bands, columns) for row in band]
    lines = [[row] for row in heading] + body
    ys = [stack[0].at]
    for number, (above, below) in enumerate(pairwise(lines), 1):
        middle = (max(row.bottom for row in above) + min(row.top for row in below)) / 2
        ys.append(stack[1].at if number == len(heading) else middle)
    ys.append(stack[-1].at)
    xs = [stack[0].start, *((left[1] + right[0]) / 2 for left, right in pairwise(columns)), stack[0].end]
    inner = [rule for rule in across if stack[0].at < rule.at < stack[1].at]
    middles = [(row.top + row.bottom) / 2 for row in heading] + [stack[1].at]
    places = [
        _places(number, row.parts, columns, [rule for rule in inner if middles[number] < rule.at < middles[number + 1]])
        for number, row in enumerate(heading)
    ]
    places += [_places(number, (), columns, ()) for number in range(len(heading), len(lines))]
    return Lattice(tuple(xs), tuple(ys), tuple(places), len(heading))


def _is_text(parts: Sequence[_Part], columns: Sequence[_Interval]) -> bool:
    """Return whether what seems to be cells are the lines of columns of text: long ones, or full ones."""
    usual = median(len(part.text) for part in parts)
    widths = [right - left for left, right in columns]
    full = sum(part.x1 - part.x0 > _FILLED * widths[_column(part, columns)] for part in parts)
    return usual > _CELL_MAX or (usual > _FULL_MAX and full * 2 > len(parts))


def _columns(rows: Sequence[_Row]) -> list[_Interval]:
    """Return where the columns lie: rows of a single part, as a note is, do not count."""
    columns: list[_Interval] = []
    for x0, x1 in sorted((part.x0, part.x1) for row in rows if len(row.parts) > 1 for part in row.parts):
        if columns and x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], x1))
        else:
            columns.append((x0, x1))
    return columns


def _rows_of(bands: Sequence[list[_Row]], columns: Sequence[_Interval]) -> Iterator[list[list[_Row]]]:
    """Yield the lines of each band, those of one row together: all of it where most rows have rules of their own."""
    ruled = len(bands) > 2 and sum(len(band) == 1 for band in bands) * 2 >= len(bands)
    for band in bands:
        rows: list[list[_Row]] = []
        for row in band:
            if rows and (ruled or _is_wrapped(rows[-1][-1], row, columns)):
                rows[-1].append(row)
            else:
                rows.append([row])
        yield rows


def _is_wrapped(above: _Row, row: _Row, columns: Sequence[_Interval]) -> bool:
    """Return whether a line only goes on with cells of the line above that had no more room."""
    if row.top - above.top > _WRAPPED * row.size or len(row.parts) == len(columns):
        return False
    upper = {_column(part, columns): part for part in above.parts}
    for part in row.parts:
        column = _column(part, columns)
        over = upper.get(column)
        if over is None or columns[column][1] - over.x1 > _FULL * row.size:
            return False
    return True


def _column(part: _Part, columns: Sequence[_Interval]) -> int:
    """Return the column that most of a part stands in."""
    overlaps = [min(part.x1, right) - max(part.x0, left) for left, right in columns]
    return overlaps.index(max(overlaps))


def _places(
    number: int, parts: Sequence[_Part], columns: Sequence[_Interval], below: Sequence[Segment]
) -> tuple[int, ...]:
    """Return for each column the number of the cell it belongs to; rules right below say how far cells reach."""
    places = [number * len(columns) + column for column in range(len(columns))]
    for part in parts:
        under = [rule for rule in below if rule.start < part.x1 and part.x0 < rule.end]
        x0, x1 = min([part.x0, *(r.start for r in under)]), max([part.x1, *(r.end for r in under)])
        covered = [n for n, (left, right) in enumerate(columns) if x0 < (left + right) / 2 < x1]
        for column in covered:
            places[column] = places[covered[0]]
    return tuple(places)
