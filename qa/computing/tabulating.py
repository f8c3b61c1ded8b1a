"""Tables inside an answer's text: rows of Markdown, written and read back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Rows = list[list[str]]
"""Cells by row, the first row names the columns; every row as long as it."""

_ROW = re.compile(r"\|(?: [^|]* \|)+")
_RULE = re.compile(r"\|(?: -{3,} \|)+")


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table; what is in a cell stays in it: a bar becomes 「｜」, white space a space."""
    head, *body = [_line(row) for row in rows]
    return "\n".join((head, _line(["---"] * len(rows[0])), *body))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', '｜') for cell in cells)} |"


def blocks(text: str) -> Iterator[str | Rows]:
    """Yield a text's lines that hold something, and its tables in between.

    A table begins with a row above a rule of dashes with as many cells; any other line with bars is a line.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    at = 0
    while at < len(lines):
        rows = _table(lines[at:])
        yield rows or lines[at]
        at += len(rows) + 1 if rows else 1


def _table(lines: Sequence[str]) -> Rows:
    if len(lines) < 2 or not _ROW.fullmatch(lines[0]) or not _RULE.fullmatch(lines[1]):
        return []
    width = len(_cells(lines[0]))
    rows = [_cells(lines[0])]
    for line in lines[2:]:
        if not _ROW.fullmatch(line) or len(_cells(line)) != width:
            break
        rows.append(_cells(line))
    return rows if len(_cells(lines[1])) == width else []


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line[1:-1].split("|")]
