"""A table as it is asked about: rows and columns with their names, cells with their figures and units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from index.records import Document, Row, Span, Table
from index.text import fold
from qa.language.grammar import UNIT
from qa.language.measures import asked_dimensions, dimension
from qa.language.quantities import unit_in
from qa.tables.words import bare, units_in

NAME_MAX = 60
"""Characters of a cell that may name its row."""
CELLS_MAX = 200_000
"""Cells of a table that is read; of a larger one rows are found by search alone."""

_FIGURE = re.compile(r"(?P<number>[-+−–]?\d+(?:,\d{3})*(?:\.\d+)?|[-+−–]?\.\d+)\s*(?P<unit>[^\d\s(（].{0,11})?")
_GROUPED = re.compile(r"(?<=\d) (?=\d{3}(?:\D|$))")  # 3 200
_YEAR = re.compile(r"(?:19|20)\d{2}(?:年度?)?")
_SERIAL = re.compile("序号|编号|行次|栏次|no")
_TOTAL = re.compile(
    "(?:总|合|小|共|累)计|总和|总数|总额$|(?:全[部市县区省国镇村州院校]|各(?:部门|单位|地区))(?:合计|总计|平均)?$|平均"
)
_UNIT_LINE = re.compile(r"单位[:：]\s*(?P<units>[^\s）)；;。|]{1,20})")
_UNIT_COLUMN = re.compile("(?:计量|货币)?单位")
_UNIT_ALONE = re.compile(
    rf"[十百千万亿]{{0,3}}{UNIT.pattern}(?:/{UNIT.pattern})?|[a-zμ°℃%‰/³²·^]{{1,3}}[a-zμ°℃%‰/³²·^0-9]{{0,8}}"
)
_NOTE = re.compile(r"(?:备?注|说明|附注|(?:数据|资料)?来源)\d*[:：]")
_WORDS = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]{4}")
_SECTION = re.compile(r"^(?:[（(]?[一二三四五六七八九十]{1,3}[)）]?[、.．)）]?|其中[:：]?)\s*")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with something in it: its row and column, from 0, and its text, verbatim, with where that stands."""

    row: int
    column: int
    span: Span
    text: str

    @property
    def number(self) -> Fraction | None:
        """Its figure, without unit; None where it holds none, or more than one."""
        plain = " ".join(unicodedata.normalize("NFKC", self.text).lower().split())
        match = _FIGURE.fullmatch(_GROUPED.sub("", plain))
        if match is None or (match["unit"] and not is_unit(match["unit"])):
            return None
        digits = match["number"].replace(",", "").replace("−", "-").replace("–", "-")
        return Fraction(digits) if len(digits) <= 40 else None

    @property
    def own_unit(self) -> str:
        """The unit behind its figure."""
        match = re.fullmatch(r"[-+−–]?[\d,.，]+\s*(\D+)", self.text.strip())
        return match[1].strip() if match and self.number is not None else ""


class Grid:
    """A table of a document, of known cells.

    Its rank, from 0, is that of the document's best passage in it among those found.
    """

    def __init__(self, document: Document, table: Table, rank: int) -> None:
        self.document, self.table, self.rank = document, table, rank
        text = document.text
        self.columns = table.columns
        self.width = max((len(row.cells) for row in table.rows), default=0)
        self.rows: list[Row] = []
        self.sections: list[str] = []
        self.cells: list[list[Cell | None]] = []
        section = ""
        for row in table.rows:
            if _is_section(row) and row.cells[0]:
                said = row.cells[0].slice(text)
                section = section if _NOTE.match(said) else _SECTION.sub("", said)
                continue
            number = len(self.rows)
            self.rows.append(row)
            self.sections.append(section)
            self.cells.append(
                [Cell(number, at, span, span.slice(text)) if span else None for at, span in enumerate(row.cells)]
            )

    def cell(self, row: int, column: int) -> Cell | None:
        """Return what stands in a place; None where nothing does."""
        return self.cells[row][column] if column < len(self.cells[row]) else None

    def figure(self, row: int, column: int) -> Cell | None:
        """Return the figure that stands in a place; None where none does."""
        cell = self.cell(row, column)
        return cell if cell and cell.number is not None else None

    def name(self, column: int) -> str:
        """Return what a column is called; empty where nothing names it."""
        return self.columns[column] if column < len(self.columns) else ""

    def names(self, row: int) -> Iterator[Cell]:
        """Yield the cells that name a row: texts, and whatever stands first in it."""
        for cell in self.cells[row]:
            if cell is None or len(cell.text) > NAME_MAX:
                continue
            if cell.column in self.heads or (cell.number is None and cell.column not in self.measured):
                yield cell

    @cached_property
    def heads(self) -> frozenset[int]:
        """Return the columns at the left that name rows: up to the first with unique names or figures."""
        found: list[int] = []
        for column in range(self.width):
            if column in self.measured and found:
                break
            if self._is_serial(column):
                continue
            found.append(column)
            named = [cell.text for row in self.cells if column < len(row) and (cell := row[column])]
            if len(set(named)) == len(named):
                break
        return frozenset(found or [0])

    @cached_property
    def measured(self) -> frozenset[int]:
        """The columns that mostly hold figures; a column of years or running numbers names rows."""
        found = []
        for column in range(self.width):
            held = [cell for row in self.cells if column < len(row) and (cell := row[column])]
            figures = [cell for cell in held if cell.number is not None]
            if not figures or len(figures) * 2 < len(held) or self._is_serial(column):
                continue
            if column == 0 and all(_YEAR.fullmatch(fold(cell.text)) for cell in figures):
                continue
            found.append(column)
        return frozenset(found)

    def _is_serial(self, column: int) -> bool:
        if _SERIAL.fullmatch(fold(self.name(column))):
            return True
        held = [cell.text for row in self.cells if column < len(row) and (cell := row[column])]
        if column or len(held) < 2 or not all(text.isdigit() and len(text) < 5 for text in held):
            return False
        counted = [int(text) for text in held]  # 1, 2, 3, and anew in every section
        return counted[0] == 1 and all(b in (a + 1, 1) for a, b in pairwise(counted))

    def head(self, row: int) -> str:
        """Return what a row is called: its last name cell at the left, the most particular one."""
        named = [cell for column in sorted(self.heads) if (cell := self.cell(row, column))][-1:]
        if named and not _WORDS.search(named[0].text):  # a code tells less than the name behind it
            named += [cell for cell in self.names(row) if cell.column > named[0].column and _WORDS.search(cell.text)][
                :1
            ]
        return " ".join(dict.fromkeys(cell.text for cell in named))

    def is_total(self, row: int) -> bool:
        """Return whether a row sums up others."""
        return any(_TOTAL.search(fold(bare(cell.text))) and len(cell.text) <= 12 for cell in self.names(row))

    def is_total_column(self, column: int) -> bool:
        """Return whether a column sums up others."""
        return bool(_TOTAL.search(fold(bare(self.name(column).rpartition("›")[2]))))

    # --- units --------------------------------------------------------------------------------

    def unit(self, cell: Cell) -> str:
        """Return the unit of a figure: its own, else that of its column, its row, the table; else nothing."""
        if cell.own_unit:
            return cell.own_unit
        named = [*reversed(units_in(self.name(cell.column))), *self._units_of_row(cell.row)]
        found = next((unit for unit in named if is_unit(unit)), "")
        return found or self._unit_of_table(f"{self.name(cell.column)} {self.head(cell.row)}")

    def unit_of_column(self, column: int) -> str:
        """Return the unit of a column's first figure; empty where it has none."""
        held = (cell for row in range(len(self.rows)) if (cell := self.cell(row, column)))
        return next((self.unit(cell) for cell in held if cell.number is not None), "")

    def _units_of_row(self, row: int) -> Iterator[str]:
        for cell in self.names(row):
            yield from units_in(cell.text)
            if _UNIT_COLUMN.fullmatch(fold(self.name(cell.column))):
                yield cell.text

    def _unit_of_table(self, name: str) -> str:
        """Return the unit that the caption gives; of several the one that measures what a name says."""
        units = _units_said(self.table.caption)
        if len(units) < 2:
            return units[0] if units else next((u for u in units_in(self.table.caption) if is_unit(u)), "")
        if counted := [unit for unit in units if f"{unit}数" in name]:  # 台数, 件数, 人数
            return counted[0]
        wanted = asked_dimensions(fold(name), "")
        rest = [unit for unit in units if dimension_of(unit) in wanted]
        if not rest and re.search("产量|总产", name):
            rest = [unit for unit in units if dimension_of(unit) == "mass"]
        return rest[0] if len(rest) == 1 else ""

    def unit_line(self) -> Span | None:
        """Return where the text above says in what units the table is."""
        text, start = self.document.text, self.table.span.start
        lines = text[max(0, start - 400) : start].split("\n")[-5:]
        at = start
        for line in reversed(lines):
            if line and _units_said(line):
                return Span(at - len(line), at)
            at -= len(line) + 1
        return None


def _units_said(text: str) -> list[str]:
    """Return the units that a line gives: 亩 and 吨 of 「填报单位：农委 单位：亩、吨」."""
    for line in _UNIT_LINE.finditer(text):
        units = [unit for unit in re.split("[、,，]", line["units"]) if is_unit(unit)]
        if units:
            return units
    return []


def is_unit(text: str) -> bool:
    """Return whether a text is a unit of measure and no more."""
    return _UNIT_ALONE.fullmatch(fold(text)) is not None


def dimension_of(unit: str) -> str:
    """Return what a unit measures; empty where it is none."""
    found = unit_in(unit)
    return dimension(found[0].name) if found else ""


def _is_section(row: Row) -> bool:
    """Return whether a row is one cell that heads those below it."""
    return len(row.cells) > 1 and row.cells[0] is not None and all(cell == row.cells[0] for cell in row.cells)
