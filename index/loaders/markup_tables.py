"""Tables written as HTML inside a text whose offsets must not move: where their rows and cells stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from index.loaders.tables import place, rendered, spanned
from index.records import Row, Span, Table

_PART = re.compile(r"<(?P<close>/?)(?P<name>table|caption|tr|t[dh])\b(?P<said>[^<>]{0,2000})>", re.I)
_REACH = re.compile(r"\b(?P<name>rowspan|colspan)\s*=\s*[\"']?(?P<count>\d{1,4})", re.I)
_TAG = re.compile(r"<[/!?a-z][^<>]{0,2000}>", re.I)
_BLANK = r"(?:\s|&nbsp;|<[^<>]{0,2000}>)*+"
_BEFORE = re.compile(_BLANK)
# A run is tried from its first character only: from each of its characters, long ones would take quadratic time.
_BEHIND = re.compile(rf"(?<![\s>])(?<!&nbsp;){_BLANK}\Z")
_SPAN_MAX = 100


@dataclass(slots=True)
class _Open:
    """A table that is being read: its rows so far, the cells by row and column, and what is open in it."""

    start: int
    rows: list[Span] = field(default_factory=list)  # where each row stands
    # for every place where the text of the cell stands that covers it, and that cell's number
    cells: dict[tuple[int, int], tuple[Span, int]] = field(default_factory=dict)
    heads: list[bool] = field(default_factory=list)  # for each row whether all of its cells are headings
    caption: Span | None = None
    at: int = -1  # where the cell or caption begins whose end has not come; its tag; its reach down and across
    tag: str = ""
    column: int = 0  # the first that may be free in the last row
    reach: tuple[int, int] = (1, 1)

    def begin(self, tag: str, said: str, at: int) -> None:
        """Begin a caption or a cell."""
        reach = {found["name"].lower(): int(found["count"]) for found in _REACH.finditer(said)}
        self.at, self.tag = at, tag
        self.reach = (
            min(max(1, reach.get("rowspan", 1)), _SPAN_MAX), min(max(1, reach.get("colspan", 1)), _SPAN_MAX),
        )  # fmt: skip

    def end(self, text: str, end: int) -> None:
        """End what was begun, if anything was."""
        if self.at < 0:
            return
        span, self.at = _said(text, self.at, end), -1
        if self.tag == "caption":
            self.caption = span
        elif self.rows:
            row = len(self.rows) - 1
            self.column = place(self.cells, (span, len(self.cells)), row, self.column, self.reach)
            self.heads[row] = self.heads[row] and self.tag == "th"
            self.rows[row] = Span(self.rows[row].start, end)


def tables(text: str, without: list[Span]) -> Iterator[Table]:
    """Yield the tables in HTML of a text, none in spans `without`, as of code; a table in a cell is text of that."""
    table, depth = _Open(0), 0
    for part in _PART.finditer(text):
        if any(span.start <= part.start() < span.end for span in without):
            continue
        name, closes = part["name"].lower(), bool(part["close"])
        if name == "table":
            depth += -1 if closes else 1
            if depth == 1 and not closes:
                table = _Open(part.start())
            elif depth == 0 and closes:
                table.end(text, part.start())
                yield from _parts(text, table)
            depth = max(depth, 0)
        elif depth == 1:
            table.end(text, part.start())
            if name == "tr" and not closes:
                table.rows.append(Span(part.end(), part.end()))
                table.heads.append(True)
                table.column = 0
            elif not closes:
                table.begin(name, part["said"], part.end())


def _parts(text: str, table: _Open) -> Iterator[Table]:
    """Yield a table, or the parts of one whose columns are named anew in the middle."""
    width = max((column for _, column in table.cells), default=-1) + 1
    if width < 2:
        return
    shown = {at: (_plain(text, span), number) for at, (span, number) in table.cells.items()}
    declared = next((number for number, heads in enumerate(table.heads) if not heads), 0)
    caption = _plain(text, table.caption) if table.caption else ""
    for part in rendered(spanned(shown, len(table.rows), declared)).parts:
        rows = []
        for line in part.lines:
            spans = [table.cells.get((line.row, at), (None, 0))[0] for at in range(width)]
            rows.append(Row(table.rows[line.row], tuple(span if span else None for span in spans)))
        if rows:
            yield Table(Span(rows[0].line.start, rows[-1].line.end), caption, part.names, tuple(rows))


def _said(text: str, start: int, end: int) -> Span:
    """Return where the visible text of a cell stands, from its first to its last character."""
    first = _BEFORE.match(text, start, end)
    start = first.end() if first else start
    last = _BEHIND.search(text[start:end])
    return Span(start, start + (last.start() if last else end - start))


def _plain(text: str, span: Span) -> str:
    return " ".join(unescape(_TAG.sub(" ", span.slice(text))).split())
