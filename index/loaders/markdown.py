"""Markdown: verbatim text with the tables, underlined headings and title that a parser finds in it.

Headings with a # are found by `index.structure.heading_numbers`, which knows their numbers too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from itertools import accumulate, islice, pairwise, takewhile

from index.loaders.content import Content
from index.loaders.tables import place, rendered, spanned
from index.records import Declared, Row, Span, Table

PARSED_MAX = 4_000_000
"""Characters up to which the parser is asked; it reads about a million in ten seconds."""
_FRONT = re.compile(r"\A---[ \t]*\n(?P<matter>(?:.*\n){0,200}?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(?P<quote>[\"']?)(?P<title>\S.*?)(?P=quote)[ \t]*$", re.M)
_BAR = re.compile(r"\\.|(?P<code>`+)|(?P<bar>\|)")
_MARKS = re.compile(r"\*\*|__|`|<[^<>]{1,80}>")
_CODE = ("fence", "code_block")
_CAPTION_MAX = 60  # characters of a line above a table that names it

_PART = re.compile(r"<(?P<close>/?)(?P<name>table|caption|tr|t[dh])\b(?P<said>[^<>]{0,2000})>", re.I)
_REACH = re.compile(r"\b(?P<name>rowspan|colspan)\s*=\s*[\"']?(?P<count>\d{1,4})", re.I)
_TAG = re.compile(r"<[/!?a-z][^<>]{0,2000}>", re.I)
_BLANK = r"(?:\s|&nbsp;|<[^<>]{0,2000}>)*+"
_BEFORE = re.compile(_BLANK)
# A run is tried from its first character only: from each of its characters, long ones would take quadratic time.
_BEHIND = re.compile(rf"(?<![\s>])(?<!&nbsp;){_BLANK}\Z")
_SPAN_MAX = 100


def read(text: str) -> Content:
    """Find what a markdown text declares; its line ends are `\n`."""
    from markdown_it import MarkdownIt

    if len(text) > PARSED_MAX:
        return Content(text, notices=(f"超过 {PARSED_MAX:,} 字，其中的表格没有按表格读取。请拆分。",))
    front = _FRONT.match(text)
    # Lines of the front matter are kept as empty ones, so that all others keep their numbers.
    body = "\n" * front.group().count("\n") + text[front.end() :] if front else text
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    declared, tables = [], []
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.markup in ("=", "-") and token.map:
            line = token.map[0]
            span = _visible(lines[line], starts[line])
            declared.append(Declared(int(token.tag[1]), span))
        elif token.type == "table_open" and token.map:
            first = token.map[0]
            inside = takewhile(lambda each: each.type != "table_close", islice(tokens, at, None))
            rows = [each.map[0] for each in inside if each.type == "tr_open" and each.map]
            tables.append(_table(lines, starts, first, rows))
    shown = [
        Span(starts[a], starts[b]) for token in tokens if token.type in _CODE and token.map for a, b in [token.map]
    ]
    for table in _markup_tables(text, shown):
        above = text[: text.rfind("<table", 0, table.span.start)].split("\n")[-3:]
        tables.append(replace(table, caption=table.caption or _caption([*above, ""], len(above))))
    tables.sort(key=lambda table: table.span.start)
    title = _TITLE.search(front["matter"]) if front else None
    return Content(text, title["title"] if title else None, declared=tuple(declared), tables=tuple(tables))


def _visible(line: str, start: int) -> Span:
    left = start + len(line) - len(line.lstrip())
    return Span(left, left + len(line.strip()))


def _table(lines: Sequence[str], starts: Sequence[int], first: int, rows: Sequence[int]) -> Table:
    """Return a table: its first row names the columns, the second one only draws a line."""
    head = [_MARKS.sub("", lines[first][cell.start : cell.end]) if cell else "" for cell in _cells(lines[first])]
    found = []
    for line in rows[1:]:
        cells = [cell.shift(starts[line]) if cell else None for cell in _cells(lines[line])][: len(head)]
        found.append(Row(_visible(lines[line], starts[line]), (*cells, *[None] * (len(head) - len(cells)))))
    end = max([first + 1, *rows])
    span = Span(starts[first], min(starts[end] + len(lines[end]) + 1, starts[-1] - 1))
    return Table(span, _caption(lines, first), tuple(head), tuple(found))


def _cells(line: str) -> Iterator[Span | None]:
    """Yield where the cells of a row stand, None for empty ones; a bar in code or behind a \\ parts nothing."""
    bars, code = [], ""
    for match in _BAR.finditer(line):
        if match["code"]:
            code = "" if code == match["code"] else code or match["code"]
        elif match["bar"] and not code:
            bars.append(match.start())
    text = line.rstrip()
    begin = line.index("|") + 1 if line.lstrip().startswith("|") else 0
    bounds = [begin - 1, *(bar for bar in bars if bar >= begin)]
    if not bars or bars[-1] != len(text) - 1:
        bounds.append(len(text))
    for left, right in pairwise(bounds):
        cell = _visible(line[left + 1 : right], left + 1)
        yield cell if len(cell) else None


def _caption(lines: Sequence[str], first: int) -> str:
    """Return the line right above a table, where it names it."""
    above = next((line.strip() for line in reversed(lines[max(0, first - 2) : first]) if line.strip()), "")
    named = above and len(above) <= _CAPTION_MAX and above[0] not in "|#-" and above[-1] not in "。；;！？"
    return _MARKS.sub("", above).rstrip("：:") if named else ""


# --- tables in HTML ---------------------------------------------------------------------------


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


def _markup_tables(text: str, without: list[Span]) -> Iterator[Table]:
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
                yield from _table_parts(text, table)
            depth = max(depth, 0)
        elif depth == 1:
            table.end(text, part.start())
            if name == "tr" and not closes:
                table.rows.append(Span(part.end(), part.end()))
                table.heads.append(True)
                table.column = 0
            elif not closes:
                table.begin(name, part["said"], part.end())


def _table_parts(text: str, table: _Open) -> Iterator[Table]:
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
