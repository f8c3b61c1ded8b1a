"""Excel: every visible sheet a section, its rows as tables; values as last calculated, written as they are shown."""

from __future__ import annotations

import datetime
import io
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from index.loaders.archive import Archive
from index.loaders.content import Content, Writer, joined
from index.loaders.tables import Grid

if TYPE_CHECKING:
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

CELLS_MAX = 2_000_000
"""Cells of a sheet that are read; a sheet may claim a million empty rows."""
_MERGED_MAX = 10_000  # cells that one merged area may cover
_XML = re.compile(r"\.xml(?:\.rels)?$", re.I)
_UNNAMED = re.compile(r"(?:Sheet|工作表)[ ]?\d*", re.I)  # what nobody has named says nothing


def read(data: bytes) -> Content:
    """Read an .xlsx file.

    Raises:
        Unreadable: if it is damaged.
    """
    archive = Archive(data)
    for name in archive.names():  # openpyxl itself would expand entities
        if _XML.search(name):
            archive.xml(name)
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every extension that it leaves alone
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
    writer = Writer()
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            _write(writer, sheet, named=len(book.worksheets) > 1 and not _UNNAMED.fullmatch(sheet.title))
    return writer.content()


def _write(writer: Writer, sheet: Worksheet, *, named: bool) -> None:
    if sheet.max_row * sheet.max_column > CELLS_MAX:
        writer.notice(f"工作表「{sheet.title}」超过 {CELLS_MAX:,} 格，只读前一部分。")
    cells = _values(sheet)
    blocks = list(_blocks(cells))
    if named and blocks:
        writer.paragraph(sheet.title, level=1)
    for block in blocks:
        if len(block) == 1 or max(len({cell for cell in row if cell}) for row in block) < 2:
            for row in block:
                writer.paragraph(" ".join(dict.fromkeys(filter(None, row))))
        else:
            _write_table(writer, block)


def _write_table(writer: Writer, block: list[list[str]]) -> None:
    """Lines above the table that fill a row by themselves are its caption."""
    while len(block) > 1 and len({cell for cell in block[0] if cell}) == 1:
        caption = next(filter(None, block.pop(0)))
        writer.title = writer.title or caption
        writer.paragraph(caption)
    writer.table(Grid(block))


def _values(sheet: Worksheet) -> list[list[str]]:
    rows = min(sheet.max_row, max(1, CELLS_MAX // max(1, sheet.max_column)))
    cells = [[_shown(cell) for cell in row] for row in sheet.iter_rows(max_row=rows)]
    for area in sheet.merged_cells.ranges:
        if area.size["rows"] * area.size["columns"] <= _MERGED_MAX and area.min_row <= len(cells):
            text = cells[area.min_row - 1][area.min_col - 1]
            for row in cells[area.min_row - 1 : area.max_row]:
                row[area.min_col - 1 : area.max_col] = [text] * (area.max_col - area.min_col + 1)
    return cells


def _blocks(rows: list[list[str]]) -> Iterator[list[list[str]]]:
    """Runs of rows with something in them, without columns that are empty throughout."""
    run: list[list[str]] = []
    for row in [*rows, []]:
        if any(row):
            run.append(row)
        elif run:
            used = [column for column in range(max(map(len, run))) if any(line[column] for line in run)]
            yield [[line[column] for column in used] for line in run]
            run = []


def _shown(cell: Cell | MergedCell) -> str:
    value: Any = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d" if value.time() == datetime.time() else "%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return _number(float(value), cell.number_format or "General")
    return joined(str(value).split("\n"))


def _number(value: float, shape: str) -> str:
    """A number in its cell's format, as far as percent, decimals and thousands go."""
    shape = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.', "", shape.split(";")[0])
    percent = "%" in shape
    value = value * 100 if percent else value
    decimals = re.search(r"\.([0#]+)", shape)
    if decimals or re.search("[0#]", shape):
        text = f"{value:,.{len(decimals[1]) if decimals else 0}f}"
        text = text if re.search(r"[#0],[#0]", shape) else text.replace(",", "")
    else:
        text = f"{value:.12g}"
    return text + "%" * percent
