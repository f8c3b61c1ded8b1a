"""Tables as people know them: columns with names, rows of cells, the cited row among its neighbours."""

from __future__ import annotations

from collections.abc import Iterator

from index.records import Document, Row, Span, Table

AROUND = 2
"""How many rows are shown above and below the cited ones."""


def cited_table(document: Document, place: Span) -> dict[str, object] | None:
    """Return the part of a table that a place lies in, as JSON; None where it lies in none whose cells are known."""
    table = next((each for each in document.tables if each.rows and each.span.overlap(place)), None)
    cited = [n for n, row in enumerate(table.rows) if row.line.overlap(place)] if table else []
    if table is None or not cited:
        return None
    first = max(0, cited[0] - AROUND)
    shown = table.rows[first : cited[-1] + AROUND + 1]
    return {
        "caption": table.caption,
        "columns": [name.replace(" › ", " ") for name in table.columns],
        "rows": [[_text(document, cell) for cell in row.cells] for row in shown],
        "cited": [n - first for n in cited],
    }


def row_at(table: Table, line: Span) -> Row | None:
    """Return the row of a table that is written on a line; None if its cells are not known."""
    return next((row for row in table.rows if row.line.start <= line.start < row.line.end), None)


def widths(row: Row) -> Iterator[tuple[Span | None, int]]:
    """Yield the cells of a row, each once, with the number of columns that it reaches over."""
    at = 0
    while at < len(row.cells):
        cell, over = row.cells[at], 1
        while cell is not None and at + over < len(row.cells) and row.cells[at + over] == cell:
            over += 1
        yield cell, over
        at += over


def _text(document: Document, cell: Span | None) -> str:
    return " ".join(cell.slice(document.text).split()) if cell else ""
