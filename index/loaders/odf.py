"""OpenDocument, .odt .ods .odp: text with its headings, sheets as tables, slides as pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.loaders.archive import Archive, attribute, child, children, integer, local
from index.loaders.content import Content, Unreadable, Writer, spaced
from index.loaders.tables import Area, Grid

if TYPE_CHECKING:
    from lxml import etree

ROWS_MAX = 200_000
"""Rows of a sheet that are read."""
_COLUMNS_MAX = 2_000
_REPEATED_MAX = 1_000  # like rows and cells that hold something; empty ones may be repeated a million times
_SKIPPED = frozenset(
    ["tracked-changes", "sequence-decls", "forms", "note-citation", "table-of-content", "annotation-end"]
)
_BLOCKS = frozenset(["p", "h"])


def read(data: bytes) -> Content:
    """Read a file of OpenDocument; Unreadable if it is damaged, or has no body."""
    archive = Archive(data)
    body = child(archive.xml("content.xml"), "body")
    main = next(iter(body), None) if body is not None else None
    if main is None:
        raise Unreadable("没有正文。请用 LibreOffice 打开后另存。")
    writer = Writer()
    if local(main) == "spreadsheet":
        _sheets(writer, main)
    elif local(main) == "presentation":
        _slides(writer, main)
    else:
        _Text(writer).blocks(main)
    return writer.content()


class _Text:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def blocks(self, parent: etree._Element, depth: int = 0) -> None:
        for element in parent:
            name = local(element)
            if name == "h":
                self._writer.paragraph(_inline(element), level=integer(attribute(element, "outline-level"), 1))
            elif name == "p":
                self._paragraph(element)
            elif name == "list":
                self._list(element)
            elif name == "table":
                self._writer.table(_grid(element, self._writer))
            elif name not in _SKIPPED and depth < 50:
                self.blocks(element, depth + 1)

    def _paragraph(self, element: etree._Element) -> None:
        self._writer.paragraph(_inline(element))
        for note in element.iter("{*}annotation"):
            lines = [_inline(line) for line in note.iter("{*}p")]
            self._writer.paragraph(f"批注：{spaced(lines)}")
        for box in element.iter("{*}text-box"):
            self.blocks(box)
        for note in element.iter("{*}note-body"):
            self._writer.paragraph("［注］" + spaced([_inline(line) for line in note.iter("{*}p")]))

    def _list(self, element: etree._Element, depth: int = 0) -> None:
        for item in element:
            for number, part in enumerate(item):
                if local(part) == "list" and depth < 20:
                    self._list(part, depth + 1)
                elif local(part) in _BLOCKS:
                    self._writer.paragraph(("• " if number == 0 else "") + _inline(part))


def _inline(element: etree._Element) -> str:
    return "".join(_pieces(element))


def _pieces(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for below in element:
        name = local(below)
        if name == "s":
            yield " "
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name not in ("annotation", "note", "frame", "text-box", *_SKIPPED):
            yield from _pieces(below)
        yield below.tail or ""


# --- tables -----------------------------------------------------------------------------------


def _grid(table: etree._Element, writer: Writer) -> Grid:
    """Return the cells of a table that are shown, without what is empty at its ends; tell of rows left out."""
    rows: list[list[str]] = []
    areas: list[Area] = []
    header = 0
    for row, heads in _rows(table):
        if len(rows) >= ROWS_MAX:
            writer.notice(f"表格超过 {ROWS_MAX:,} 行，其余没有读取。请拆分。")
            break
        number, cells = len(rows), list[str]()
        for cell in children(row, "table-cell", "covered-table-cell"):
            text = _cell(cell)
            count = _count(cell, "number-columns-repeated")
            down, across = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
            if down > 1 or across > 1:
                areas.append(Area(number, len(cells), number + down, len(cells) + across))
            cells += [text] * min(count, _REPEATED_MAX if text else _COLUMNS_MAX, _COLUMNS_MAX - len(cells))
        header += heads and header == number
        rows += [list(cells)] * (min(_count(row, "number-rows-repeated"), _REPEATED_MAX) if any(cells) else 1)
    while rows and not any(rows[-1]):
        rows.pop()
    width = max((at + 1 for row in rows for at, cell in enumerate(row) if cell), default=0)
    return Grid.merged([row[:width] + [""] * (width - len(row)) for row in rows], areas, header or None)


def _rows(table: etree._Element, heads: bool = False) -> Iterator[tuple[etree._Element, bool]]:
    for part in table:
        name = local(part)
        if name == "table-row" and attribute(part, "visibility") not in ("collapse", "filter"):
            yield part, heads
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(part, name == "table-header-rows")


def _cell(cell: etree._Element) -> str:
    # Those of lists, text boxes and tables in it too; comments stand by themselves.
    blocks = (p for p in cell.iter("{*}p", "{*}h") if not any(local(e) == "annotation" for e in p.iterancestors()))
    lines = [_inline(line) for line in blocks]
    formula, value = attribute(cell, "formula"), attribute(cell, "value-type")
    return spaced(lines) or ("（公式未计算）" if formula and not value else "")


def _count(element: etree._Element, name: str) -> int:
    return max(1, integer(attribute(element, name), 1))


def _sheets(writer: Writer, main: etree._Element) -> None:
    tables = [table for table in children(main, "table") if attribute(table, "display") != "false"]
    for table in tables:
        grid = _grid(table, writer)
        name = attribute(table, "name") or ""
        if len(tables) > 1 and name and grid.rows:
            writer.paragraph(name, level=1)
        above = writer.captions(grid.rows)
        writer.table(Grid(grid.rows[above:], grid.header, grid.owners[above:]))
        for note in table.iter("{*}annotation"):
            writer.paragraph(f"批注：{spaced([_inline(line) for line in note.iter('{*}p')])}")


def _slides(writer: Writer, main: etree._Element) -> None:
    text = _Text(writer)
    for slide in children(main, "page"):
        writer.page()
        frames = [part for part in slide if local(part) != "notes"]
        for frame in sorted(frames, key=lambda part: attribute(part, "class") != "title"):
            if attribute(frame, "class") == "title":
                title = spaced([_inline(line) for line in frame.iter("{*}p")])
                writer.title = writer.title or title or None
                writer.paragraph(title, level=1)
            else:
                text.blocks(frame)
        for notes in children(slide, "notes"):
            said = spaced([_inline(line) for line in notes.iter("{*}p")])
            writer.paragraph(f"备注：{said}" if said else "")
