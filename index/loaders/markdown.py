"""Markdown: verbatim text with the tables, underlined headings and title that a parser finds in it.

Headings with a # are found by `index.structure.heading_numbers`, which knows their numbers too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, islice, pairwise, takewhile

from index.loaders import markup_tables
from index.loaders.content import Content
from index.records import Declared, Row, Span, Table

PARSED_MAX = 4_000_000
"""Characters up to which the parser is asked; it reads about a million in ten seconds."""
_FRONT = re.compile(r"\A---[ \t]*\n(?P<matter>(?:.*\n){0,200}?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(?P<quote>[\"']?)(?P<title>\S.*?)(?P=quote)[ \t]*$", re.M)
_BAR = re.compile(r"\\.|(?P<code>`+)|(?P<bar>\|)")
_MARKS = re.compile(r"\*\*|__|`|<[^<>]{1,80}>")
_CODE = ("fence", "code_block")
_CAPTION_MAX = 60  # characters of a line above a table that names it


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
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.markup in ("=", "-") and token.map:
            line = token.map[0]
            span = _visible(lines[line], starts[line])
            declared.append(Declared(int(token.tag[1]), span))
        elif token.type == "table_open" and token.map:
            first = token.map[0]
            inside = takewhile(lambda each: each.type != "table_close", islice(tokens, place, None))
            rows = [each.map[0] for each in inside if each.type == "tr_open" and each.map]
            tables.append(_table(lines, starts, first, rows))
    shown = [
        Span(starts[a], starts[b]) for token in tokens if token.type in _CODE and token.map for a, b in [token.map]
    ]
    for table in markup_tables.tables(text, shown):
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
