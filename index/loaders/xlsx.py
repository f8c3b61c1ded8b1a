"""Excel: every sheet that is not hidden a section, its rows as tables, values written as they are shown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.loaders import drawings, symbols
from index.loaders.archive import Archive, attribute, child, children, integer, local, main_part, relations
from index.loaders.content import Content, Unreadable, Writer, spaced
from index.loaders.number_formats import BUILT_IN, GENERAL, shown
from index.loaders.tables import Area, Grid

if TYPE_CHECKING:
    from lxml import etree

CELLS_MAX = 2_000_000
"""Cells of a sheet that are read."""
UNCALCULATED = "（公式未计算）"
"""What stands for the value of a formula that the file has none of."""
_DENSE_MAX = 4_000_000  # places of a table, empty ones included; a sheet may be a million rows of one cell each
_MERGED_MAX = 10_000  # cells that one merged area may cover
_ROWS, _COLUMNS = 1_048_576, 16_384
_UNNAMED = re.compile(r"(?:Sheet|工作表)[ ]?\d*", re.I)  # what nobody has named says nothing
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_SIMPLE_NUMBER = re.compile(r"-?\d{1,15}")

Place = tuple[int, int]


def read(data: bytes) -> Content:
    """Read an .xlsx file; Unreadable if it is damaged."""
    return _Book(Archive(data)).content()


def rows(data: bytes) -> list[tuple[int, list[str]]]:
    """Return the cells of the first sheet that is shown, by row number, without empty rows; Unreadable if damaged."""
    return _Book(Archive(data)).rows()


@dataclass(slots=True)
class _Sheet:
    """What a sheet shows."""

    # texts by row and column, from 0; rows and columns that are hidden are left out
    cells: dict[Place, str] = field(default_factory=dict)
    areas: list[Area] = field(default_factory=list)  # merged cells
    hidden: set[tuple[str, int]] = field(default_factory=set)  # rows and columns that hold something and are not shown


class _Book:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        main = main_part(archive, "workbook.xml")
        self._book, self._parts = archive.xml(main), relations(archive, main)
        folder = main.rpartition("/")[0]
        self._strings = _strings(archive.optional_xml(f"{folder}/sharedStrings.xml"))
        styles = archive.optional_xml(f"{folder}/styles.xml")
        self._formats, self._fonts = _formats(styles), _fonts(styles)
        self._since_1904 = attribute(child(self._book, "workbookPr"), "date1904") in ("1", "true")
        self._writer = Writer()

    def content(self) -> Content:
        for name, part, alone in self._sheets():
            self._write(name, part, named=not alone)
        return self._writer.content()

    def rows(self) -> list[tuple[int, list[str]]]:
        name, part, _ = next(self._sheets())
        cells = self._sheet(self._archive.xml(part), name).cells
        width = 1 + max((column for _, column in cells), default=-1)
        return [(row + 1, [cells.get((row, at), "") for at in range(width)]) for row in sorted({r for r, _ in cells})]

    def _sheets(self) -> Iterator[tuple[str, str, bool]]:
        """Yield name and part of each sheet that is shown, and whether the book has no other sheet."""
        listed = children(child(self._book, "sheets"), "sheet")
        if not listed:
            raise Unreadable("没有工作表。请用 Excel 打开后另存。")
        for sheet in listed:
            part = self._parts.get(next((str(v) for k, v in sheet.attrib.items() if str(k).endswith("}id")), ""), "")
            if attribute(sheet, "state") in (None, "visible") and "worksheets/" in part:
                yield attribute(sheet, "name") or "", part, len(listed) == 1

    def _write(self, name: str, part: str, *, named: bool) -> None:
        sheet = self._sheet(self._archive.xml(part), name)
        blocks = list(_blocks(sheet))
        if named and blocks and not _UNNAMED.fullmatch(name):
            self._writer.paragraph(name, level=1)
        if sheet.hidden:
            counts = Counter(kind for kind, _ in sheet.hidden)
            told = "、".join(f"{counts[kind]} {kind}" for kind in "行列" if counts[kind])
            self._writer.notice(f"工作表「{name}」有 {told}是隐藏的，没有读取。")
        if UNCALCULATED in sheet.cells.values():
            self._writer.notice(f"工作表「{name}」有公式没有计算结果。请用 Excel 或 WPS 打开后保存，再重新读取。")
        for rows, areas in blocks:
            self._block(rows, areas)
        for comment in self._comments(part, sheet):
            self._writer.paragraph(comment)
        drawings.write_of_sheet(self._writer, self._archive, part)

    def _block(self, rows: list[list[str]], areas: list[Area]) -> None:
        if len(rows) == 1 or max(len(set(filter(None, row))) for row in rows) < 2:
            for row in rows:
                self._writer.paragraph(" ".join(filter(None, row)))
            return
        above = self._writer.captions(rows)
        kept = [area._replace(top=area.top - above, bottom=area.bottom - above) for area in areas if area.top >= above]
        self._writer.table(Grid.merged(rows[above:], kept), continued=above == 0)

    def _sheet(self, root: etree._Element, name: str) -> _Sheet:
        sheet = _Sheet()
        hidden = _hidden_columns(root)
        number = -1
        for row in root.iterfind(".//{*}sheetData/{*}row"):
            number = integer(row.get("r"), number + 2) - 1
            if not 0 <= number < _ROWS:
                continue
            out = attribute(row, "hidden") in ("1", "true")
            column = -1
            for cell in row:
                column = _column(cell.get("r"), column + 1)
                if not 0 <= column < _COLUMNS or not (text := self._shown(cell)):
                    continue
                if out or column in hidden:
                    sheet.hidden.add(("行", number) if out else ("列", column))
                elif len(sheet.cells) < CELLS_MAX:
                    sheet.cells[number, column] = text
                else:
                    self._writer.notice(f"工作表「{name}」超过 {CELLS_MAX:,} 格，只读了前一部分。")
                    return sheet
        sheet.areas = list(_areas(root))
        return sheet

    def _shown(self, cell: etree._Element) -> str:
        """Return what a cell shows, as the font that it is set in shows it."""
        text, style = self._said(cell), integer(cell.get("s"))
        font = self._fonts[style] if 0 <= style < len(self._fonts) else ""
        signs = symbols.is_symbolic(font) and all(ord(each) < 0x100 for each in text)
        return symbols.text(font if signs else "", text)

    def _said(self, cell: etree._Element) -> str:
        kind, value, formula = cell.get("t", "n"), None, False
        for part in cell:
            name = local(part)
            if name == "v":
                value = part.text
            elif name == "is":
                return spaced(_rich(part).split("\n"))
            formula = formula or name == "f"
        if not value:
            return UNCALCULATED if formula and kind != "str" else ""
        if kind == "s":
            return self._strings[int(value)] if value.isdigit() and int(value) < len(self._strings) else ""
        if kind == "b":
            return "是" if value == "1" else "否"
        if kind == "d":
            return value.removesuffix("T00:00:00").replace("T", " ")
        return spaced(value.split("\n")) if kind in ("str", "e") else self._number(value, cell.get("s"))

    def _number(self, value: str, style: str | None) -> str:
        place = integer(style)
        shape = self._formats[place] if 0 <= place < len(self._formats) else GENERAL
        if shape == GENERAL and _SIMPLE_NUMBER.fullmatch(value):
            return value if len(value) <= 11 else shown(float(value), shape) if len(value) > 15 else value
        try:
            number = float(value)
        except ValueError:
            return value
        return shown(number, shape, since_1904=self._since_1904) if math.isfinite(number) else value

    def _comments(self, part: str, sheet: _Sheet) -> Iterator[str]:
        """Yield comments on cells, each with its cell and the name of the row; a thread in place of its first form."""
        found: dict[str, str] = {}
        for target in sorted(relations(self._archive, part).values(), key=lambda target: "threaded" in target.lower()):
            if "comment" in target.lower() and target.endswith(".xml"):
                threads: dict[str, str] = {}
                root = self._archive.optional_xml(target)
                for comment in root.iter("{*}comment", "{*}threadedComment") if root is not None else ():
                    text = child(comment, "text")
                    reference = comment.get("ref") or ""
                    said = spaced(_rich(text).split("\n")) if text is not None else ""
                    threads[reference] = f"{threads[reference]} {said}" if reference in threads else said
                found |= threads
        for reference, said in found.items():
            row, column = _row_of(reference), _column(reference, -1)
            name = next(filter(None, (sheet.cells.get((row, at), "") for at in range(min(column, 3)))), "")
            if said and not {("行", row), ("列", column)} & sheet.hidden:
                yield f"批注（{reference}{'，' + name if name else ''}）：{said}"


_Block = tuple[list[list[str]], list[Area]]


def _blocks(sheet: _Sheet) -> Iterator[_Block]:
    """Yield runs of rows with something in them, without columns that are empty throughout; with their merged cells."""
    filled_areas = (area for area in sheet.areas if (area.top, area.left) in sheet.cells)
    small = [a for a in filled_areas if (a.bottom - a.top) * (a.right - a.left) <= _MERGED_MAX]
    filled: dict[int, set[int]] = {}
    for row, column in sheet.cells:
        filled.setdefault(row, set()).add(column)
    for area in small:
        for row in range(area.top, area.bottom):
            if ("行", row) not in sheet.hidden:
                filled.setdefault(row, set()).update(range(area.left, area.right))
    run: list[int] = []
    for row in [*sorted(filled), -1]:
        if run and row != run[-1] + 1 and not _only_hidden(run[-1], row, sheet.hidden):
            yield from _dense(sheet.cells, {each: filled[each] for each in run}, small)
            run = []
        run.append(row)


def _only_hidden(last: int, row: int, hidden: set[tuple[str, int]]) -> bool:
    """Return whether all between two rows is hidden: what stands on both sides is one table."""
    return last < row <= last + len(hidden) + 1 and all(("行", each) in hidden for each in range(last + 1, row))


def _dense(cells: Mapping[Place, str], filled: Mapping[int, set[int]], areas: list[Area]) -> Iterator[_Block]:
    """Yield a run of rows as one table; row by row where too many of its places are empty."""
    rows, columns = list(filled), sorted(set().union(*filled.values()))
    if len(rows) * len(columns) > _DENSE_MAX:
        for row, held in filled.items():
            yield [[cells[row, column] for column in sorted(held) if (row, column) in cells]], []
        return
    at_row, at_column = ({each: place for place, each in enumerate(some)} for some in (rows, columns))
    merged = [
        Area(at_row[a.top], at_column[a.left], 1 + max(at_row[r] for r in range(a.top, a.bottom) if r in at_row),
             1 + max(at_column[c] for c in range(a.left, a.right) if c in at_column))
        for a in areas if a.top in at_row and a.left in at_column
    ]  # fmt: skip
    yield [[cells.get((row, column), "") for column in columns] for row in rows], merged


def _areas(root: etree._Element) -> Iterator[Area]:
    for merged in root.iterfind(".//{*}mergeCells/{*}mergeCell"):
        first, _, last = (merged.get("ref") or "").partition(":")
        if last and -1 not in (place := (_row_of(first), _column(first, -1), _row_of(last), _column(last, -1))):
            yield Area(place[0], place[1], place[2] + 1, place[3] + 1)


def _hidden_columns(root: etree._Element) -> set[int]:
    found: set[int] = set()
    for columns in root.iterfind(".//{*}cols/{*}col"):
        if columns.get("hidden") in ("1", "true"):
            first, last = (integer(columns.get(name)) for name in ("min", "max"))
            found.update(range(max(0, first - 1), min(last, _COLUMNS)))
    return found


def _row_of(reference: str) -> int:
    match = _REFERENCE.fullmatch(reference)
    return int(match[2]) - 1 if match else -1


def _column(reference: str | None, following: int) -> int:
    match = _REFERENCE.fullmatch(reference or "")
    if match is None:
        return following
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _strings(root: etree._Element | None) -> list[str]:
    return [spaced(_rich(item).split("\n")) for item in children(root, "si")]


def _rich(element: etree._Element) -> str:
    """Return the text of runs, without the reading aids of Japanese."""
    texts = (text for text in element.iter("{*}t") if not any(local(above) == "rPh" for above in text.iterancestors()))
    return "".join(_run(text.text or "", child(text.getparent(), "rPr")) for text in texts)


def _run(text: str, looks: etree._Element | None) -> str:
    font, place = (attribute(child(looks, name), "val") for name in ("rFont", "vertAlign"))
    return symbols.shifted(symbols.text(font or "", text), place)


def _fonts(root: etree._Element | None) -> list[str]:
    """Return the font of each cell style."""
    if root is None:
        return []
    named = [attribute(child(font, "name"), "val") or "" for font in root.iterfind("{*}fonts/{*}font")]
    places = [integer(style.get("fontId")) for style in root.iterfind(".//{*}cellXfs/{*}xf")]
    return [named[place] if 0 <= place < len(named) else "" for place in places]


def _formats(root: etree._Element | None) -> list[str]:
    """Return the number format of each cell style."""
    if root is None:
        return []
    own = {e.get("numFmtId") or "": e.get("formatCode") or GENERAL for e in root.iterfind(".//{*}numFmts/{*}numFmt")}
    styles = [style.get("numFmtId") or "0" for style in root.iterfind(".//{*}cellXfs/{*}xf")]
    return [own.get(number) or BUILT_IN.get(integer(number), GENERAL) for number in styles]
