"""What a table says, in words, with every cell cited by its row and a unit by the line that gives it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from index.records import Hit, Span
from qa.answers import Answer, Citation
from qa.language.quantities import decimal
from qa.reading.citations import MAX_QUOTE, Numbered, passage_at, quoted, unmarked
from qa.tables.asking import Request
from qa.tables.grid import Cell, Grid
from qa.tables.words import bare

SURE = 0.95
"""Confidence of a cell of which the question names row and column; nine of ten figures computed are right."""
COMPUTED = 0.9
_LISTED = 12
"""Figures that are shown beside the largest."""
_POINTS = {"%": "个百分点", "‰": "个千分点"}
_HOW = "（四舍五入，保留两位小数）"


class Teller:
    """Writes answers from one table."""

    def __init__(self, question: str, grid: Grid, hits: Sequence[Hit]) -> None:
        self._question = question
        self._grid = grid
        self._hits = tuple(hits)
        self._cited = Numbered()

    def cell(self, row: int, column: int, request: Request) -> Answer:
        """Return what stands in a place: its value, or that the table gives none."""
        cell, name = self._grid.cell(row, column), self._name(row, column)
        mark = self._row(row, cell)
        if cell is None:
            return self._answer(f"表中未给出：{name}一栏是空的{mark}。", None, SURE)
        if self._is_missing(cell, request):
            return self._answer(f"表中未给出：{name}一栏写的是「{unmarked(cell.text)}」{mark}。", cell.text, SURE)
        value = self._value(cell)
        return self._answer(f"{name}：{unmarked(value)}{mark}{self._unit_mark(cell)}", value, SURE)

    def rows(self, rows: Sequence[int]) -> Answer:
        """Return what rows are called, each cited."""
        heads = [self._grid.head(row) for row in rows]
        told = "、".join(f"{unmarked(head)}{self._row(row)}" for head, row in zip(heads, rows, strict=True))
        return self._answer(told, "、".join(dict.fromkeys(heads)), COMPUTED)

    def text(self, cell: Cell) -> Answer:
        """Return what one cell says by itself."""
        return self._answer(f"{unmarked(cell.text)}{self._row(cell.row, cell)}", cell.text, COMPUTED)

    def _is_missing(self, cell: Cell, request: Request) -> bool:
        """Return whether a cell says that there is no figure where there should be one."""
        if not any(each.isalnum() for each in cell.text):
            return True
        blank = not any(each.isdigit() for each in cell.text)
        return blank and request.figure and cell.column in self._grid.measured

    def most(self, best: Sequence[Cell], cells: Sequence[Cell], request: Request, *, across: bool) -> Answer:
        """Return the largest or smallest of some cells and the others beside it; `across` where they are of one row."""
        named = [self._of(cell, across=across) for cell in best]
        shown = "、".join(f"{self._term(cell, across=across, value=True)}" for cell in best)
        what = self._grid.head(best[0].row) if across else self._grid.name(best[0].column)
        text = f"「{what}」{'最小' if request.least else '最大'}的是{shown}{self._unit_mark(best[0])}。"
        others = [cell for cell in cells if cell not in best]
        if 0 < len(others) < _LISTED:
            text += "其余：" + "、".join(self._term(cell, across=across, value=True) for cell in others) + "。"
        return self._answer(text, "、".join(named) if request.names else self._value(best[0]), COMPUTED)

    def stated(self, cell: Cell, total: Fraction, unit: str) -> Answer:
        """Return the total that a table gives itself, and whether it is the sum of its parts."""
        value = self._value(cell)
        name, mark = self._name(cell.row, cell.column), self._row(cell.row, cell)
        agrees = cell.number == total
        result = f"{_grouped(decimal(total)[0])}{unit}"
        checked = "，与各项之和一致" if agrees else f"；但各项之和是{result}，两者不一致，请核对原文"
        text = f"表中写明{name}：{unmarked(value)}{mark}{self._unit_mark(cell)}{checked}。"
        return self._answer(text, value, COMPUTED if agrees else COMPUTED - 0.1)

    def sum(self, cells: Sequence[Cell], unit: str, *, mean: bool, whole: bool) -> Answer:
        """Return the sum, or the mean, of cells of one unit; not the `whole` where cells asked for hold no figure."""
        across = len({cell.row for cell in cells}) == 1
        total = sum((cell.number or Fraction(0) for cell in cells), Fraction(0))
        result, exact = decimal(total / len(cells) if mean else total)
        value = f"{'' if exact else '约'}{_grouped(result)}{unit}"
        terms = " + ".join(self._term(cell, across=across) for cell in cells)
        terms = f"（{terms}）÷ {len(cells)}" if mean else terms
        how = ("" if exact else _HOW) + self._unit_mark(cells[0])
        text = f"{'平均' if mean else '合计'}{value}：{terms} = {value}{how}。"
        return self._answer(text if whole else f"{text}没有数字的格没有算在内。", None, COMPUTED)

    def ratio(self, first: Cell, second: Cell, quotient: Fraction) -> Answer:
        """Return how many times one cell is another."""
        across = first.row == second.row
        names, terms = self._both((first, second), across=across)
        number, exact = decimal(quotient)
        about, sign, how = ("", "=", "") if exact else ("约", "≈", _HOW)
        text = f"{names[0]}{about}是{names[1]}的{number}倍：{terms[0]} ÷ {terms[1]} {sign} {number}{how}。"
        return self._answer(text, None, COMPUTED)

    def change(self, first: Cell, second: Cell, unit: str) -> Answer:
        """Return what became of a figure from one column of a row to another."""
        names, terms = self._both((first, second), across=True)
        a, b = first.number or Fraction(0), second.number or Fraction(0)
        if a == b:
            return self._answer(f"两者相同：{terms[0]}，{terms[1]}。", None, COMPUTED)
        size = f"{_grouped(decimal(abs(b - a))[0])}{_POINTS.get(unit, unit)}"
        rate, exact = decimal(abs(b - a) / abs(a) * 100) if a and unit not in _POINTS else ("", True)
        share = f"，{'增长' if b > a else '下降'}{'' if exact else '约'}{rate}%" if rate else ""
        told = f"{names[0]}到{names[1]}{'增加' if b > a else '减少'}{size}{share}"
        sign = "" if b > a else "-"
        return self._answer(f"{told}：{terms[1]} − {terms[0]} = {sign}{size}{self._unit_mark(first)}。", None, COMPUTED)

    def difference(self, first: Cell, second: Cell, unit: str) -> Answer:
        """Return how much more one cell is than another."""
        cells = (first, second) if (first.number or 0) >= (second.number or 0) else (second, first)
        names, terms = self._both(cells, across=first.row == second.row)
        apart = (cells[0].number or Fraction(0)) - (cells[1].number or Fraction(0))
        if not apart:
            return self._answer(f"两者相同：{terms[0]}，{terms[1]}。", None, COMPUTED)
        size = f"{_grouped(decimal(apart)[0])}{_POINTS.get(unit, unit)}"
        text = f"{names[0]}比{names[1]}多{size}：{terms[0]} − {terms[1]} = {size}{self._unit_mark(first)}。"
        return self._answer(text, None, COMPUTED)

    # --- names, values, citations -----------------------------------------------------------

    def _name(self, row: int, column: int) -> str:
        head, name = self._grid.head(row), self._grid.name(column)
        cell = self._grid.cell(row, column - 1) if not name and column else None
        if not name and cell:
            return f"「{cell.text.rstrip('：:')}」"
        section = self._grid.sections[row]
        head = f"{section} {head}" if section else head
        return f"「{head}」的「{name}」" if name and head else f"「{head or name}」"

    def _both(self, cells: tuple[Cell, Cell], *, across: bool) -> tuple[list[str], list[str]]:
        """Return the names of two cells, and the cells as terms of a calculation."""
        return [self._of(each, across=across) for each in cells], [self._term(each, across=across) for each in cells]

    def _term(self, cell: Cell, *, across: bool, value: bool = False) -> str:
        """Return a cell with the name that distinguishes it, and its marker."""
        text = self._value(cell) if value else cell.text
        return f"{self._of(cell, across=across)} {unmarked(text)}{self._row(cell.row, cell)}"

    def _of(self, cell: Cell, *, across: bool) -> str:
        return bare(self._grid.name(cell.column)) if across else self._grid.head(cell.row)

    def _value(self, cell: Cell) -> str:
        """Return a cell's figure with its unit, or its text."""
        return cell.text if cell.number is None or cell.own_unit else f"{cell.text}{self._grid.unit(cell)}"

    def _unit_mark(self, cell: Cell) -> str:
        """Return the citation of the line that gives the unit, where the cell's row does not."""
        unit, line = self._grid.unit(cell), self._grid.unit_line()
        if not unit or line is None or unit in self._grid.rows[cell.row].line.slice(self._grid.document.text):
            return ""
        return f"（单位见{self._cite(line)}）"

    def _row(self, row: int, cell: Cell | None = None) -> str:
        line = self._grid.rows[row].line
        if len(line) > MAX_QUOTE:
            line = _around(line, cell.span if cell and line.contains(cell.span) else line)
        return self._cite(line)

    def _cite(self, span: Span) -> str:
        """Return a marker for a quote."""
        document = self._grid.document
        held = (hit.passage for hit in self._hits if hit.passage.document_id == document.id)
        passage = next((each for each in held if each.span.contains(span)), None) or passage_at(document, span)
        return self._cited.marker(Citation(0, passage, document.source, span))

    def _answer(self, text: str, short: str | None, confidence: float) -> Answer:
        citations, question = tuple(self._cited.citations), self._question
        told = "\n".join((text, *map(quoted, citations)))
        return Answer(question, question, told, short, citations, self._hits, confidence=confidence)


def _around(line: Span, span: Span) -> Span:
    """Return as much of a long row around a cell as may be quoted."""
    start = max(line.start, min(span.start - MAX_QUOTE // 2, line.end - MAX_QUOTE))
    return Span(start, min(line.end, start + MAX_QUOTE))


def _grouped(number: str) -> str:
    """Return a number with its thousands parted."""
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, point, part = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{part}"
