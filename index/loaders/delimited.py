"""Tables as text, .csv and .tsv: encoding and delimiter are found out, every row names its columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice

from index.loaders import plain
from index.loaders.content import Content, Unreadable, Writer, spaced
from index.loaders.tables import Grid

COLUMNS_MAX = 2_000
"""Columns of a table; a file with more is no table."""
CELLS_MAX = 2_000_000
"""Cells that are read."""
_FIELD_MAX = 1_000_000  # characters of a cell
_DELIMITERS = (",", "\t", ";", "|", "，")
_NUMBER = re.compile(r"[\d.,\-+%/: ]+")
_SAMPLE = 50  # rows that the delimiter is told by


def read(data: bytes) -> Content:
    """Read a .csv or .tsv file; Unreadable if its encoding is unknown, or it is no table."""
    text, writer = plain.begun(data)
    rows = _rows(text, writer)
    above = next((number for number, row in enumerate(rows) if len(list(filter(None, row))) > 1), len(rows))
    for row in rows[:above]:
        title = " ".join(filter(None, row))
        writer.title = writer.title or title or None
        writer.paragraph(title)
    width = max(map(len, rows[above:]), default=0)
    if above < len(rows):
        writer.table(Grid([row + [""] * (width - len(row)) for row in rows[above:]], _header(rows[above:])))
    return writer.content()


def _rows(text: str, writer: Writer) -> list[list[str]]:
    csv.field_size_limit(_FIELD_MAX)
    rows: list[list[str]] = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text)):
            if len(row) > COLUMNS_MAX:
                raise Unreadable(
                    f"第 {len(rows) + 1} 行有 {len(row):,} 列，上限是 {COLUMNS_MAX:,} 列。请检查换行和分隔符。"
                )
            if (cells := cells + len(row)) > CELLS_MAX:
                writer.notice(f"超过 {CELLS_MAX:,} 格，只读了前 {len(rows):,} 行。请拆分。")
                break
            if any(kept := [spaced(cell.split("\n")) for cell in row]):
                rows.append(kept)
    except csv.Error as error:
        raise Unreadable(f"第 {len(rows) + 1} 行起无法读取（一格超过 {_FIELD_MAX:,} 字，或引号不成对）。") from error
    return rows


def delimiter_of(text: str) -> str:
    """Return the sign that parts most rows into as many cells, more than one."""

    def rows_alike(delimiter: str) -> tuple[int, int]:
        sample = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=delimiter)
        try:
            widths = Counter(len(row) for row in islice(sample, _SAMPLE) if len(row) > 1)
        except csv.Error:
            return (0, 0)
        width, count = max(widths.items(), key=lambda each: (each[1], each[0]), default=(0, 0))
        return count, width

    return max(_DELIMITERS, key=rows_alike)


def _header(rows: list[list[str]]) -> int | None:
    """Return 1 if the first row has only distinct names, else let the table find its heading rows."""
    first = rows[0]
    named = len(rows) > 1 and all(first) and len(set(first)) == len(first)
    return 1 if named and not any(_NUMBER.fullmatch(cell) for cell in first) else None
