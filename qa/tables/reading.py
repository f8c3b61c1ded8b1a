"""Answers read off tables: what stands where a row and a column cross, and what is computed from such cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from index.loaders.tables import SEPARATOR
from index.records import Hit
from index.text import fold
from qa.answers import Answer
from qa.language.quantities import unit_in
from qa.tables import choices, finding
from qa.tables.asking import Request, Wanted, requested
from qa.tables.choices import DocumentOf
from qa.tables.finding import Line
from qa.tables.grid import CELLS_MAX, NAME_MAX, Cell, Grid
from qa.tables.telling import Teller
from qa.tables.words import Words, bare, words

TABLES_MAX = 12
"""Tables that are looked into, those of the best passages first."""
_BESIDE = re.compile("占比|比重|比例|同比|环比|增长|增速|增幅|排名|位次|备注|%|％")
TERMS_MAX = 40
"""Most figures that are summed up: a longer table has its own total."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A cell that a question may mean.

    Attributes:
        covered: tokens of the question that its row, its column and what is said of the table hold.
        own: those that row and column hold.
        unasked: tokens of the names of its row and column that the question has not.
    """

    grid: Grid
    cell: Cell | None
    row: int
    column: int
    covered: int
    own: int
    unasked: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """How well it fits; higher is better."""
        return self.own.bit_count(), -self.unasked, self.covered.bit_count()


def answer_of(question: str, hits: Sequence[Hit], document_of: DocumentOf) -> Answer | None:
    """Return the answer that a table holds; None where the passages' tables do not hold it beyond doubt.

    Args:
        question: standalone.
        hits: passages that were found, best first.
        document_of: gives a document by its id.
    """
    grids = list(_grids(hits, document_of))
    if not grids and not any(choices.BOX.search(hit.passage.text) for hit in hits):
        return None
    request = requested(question)
    if (ticked := choices.answer_of(question, request.words, hits, document_of)) is not None:
        return ticked
    if not grids:
        return None
    if request.wanted is not Wanted.CELL:
        for grid in grids:
            if (answer := _computed(question, request, grid, hits)) is not None:
                return answer
    if request.wanted is Wanted.MOST:
        return None
    return _cell(question, request, grids, hits) or _holding(question, request, grids, hits)


def _grids(hits: Sequence[Hit], document_of: DocumentOf) -> Iterator[Grid]:
    """Yield the tables that the passages stand in, each once."""
    seen: set[tuple[str, int]] = set()
    for rank, hit in enumerate(hits):
        if SEPARATOR not in hit.passage.text and "<td" not in hit.passage.text.lower():
            continue  # no row of a table: its document need not be opened
        document = document_of(hit.passage.document_id)
        for table in document.tables if document else ():
            place = (hit.passage.document_id, table.span.start)
            cells = sum(len(row.cells) for row in table.rows[:1]) * len(table.rows)
            if document and place not in seen and 0 < cells <= CELLS_MAX and table.span.overlap(hit.passage.span):
                seen.add(place)
                yield Grid(document, table, rank)
                if len(seen) >= TABLES_MAX:
                    return


# --- one cell ---------------------------------------------------------------------------------


def _cell(question: str, request: Request, grids: Sequence[Grid], hits: Sequence[Hit]) -> Answer | None:
    found = [reading for grid in grids for reading in _readings(grid, request)]
    sure = [reading for reading in found if not finding.unexplained(request.words, reading.covered)]
    if not sure:
        return None
    best = max(sure, key=lambda reading: reading.rank)
    equal = [reading for reading in sure if reading.rank == best.rank]
    if len({_said(reading) for reading in equal}) > 1:
        equal = [each for each in equal if each.cell and _is_in(each.grid.unit(each.cell), request)]
    if len({_said(reading) for reading in equal}) != 1:
        return None
    return Teller(question, equal[0].grid, hits).cell(equal[0].row, equal[0].column, request)


def _is_in(unit: str, request: Request) -> bool:
    """Return whether a unit is of the family in which an answer is asked."""
    found = unit_in(unit)
    return request.unit is not None and found is not None and found[0].family == request.unit[0].family


def _holding(question: str, request: Request, grids: Sequence[Grid], hits: Sequence[Hit]) -> Answer | None:
    """Return the one short cell that has all of a question's words itself: 「车辆费包干使用」."""
    if request.figure or not request.words.tokens:
        return None
    found = [
        (grid, cell)
        for grid in grids
        for row in grid.cells
        for cell in row
        if cell and cell.number is None and len(cell.text) <= NAME_MAX and _holds(grid, cell, request.words)
    ]
    if len({cell.text for _, cell in found}) != 1:
        return None
    grid, cell = found[0]
    return Teller(question, grid, hits).text(cell)


def _holds(grid: Grid, cell: Cell, asked: Words) -> bool:
    """Return whether a cell says all that is asked, and more."""
    said = words(cell.text)
    held = asked.cover(said)
    return bool(held) and len(said.pairs - asked.pairs) > 1 and not finding.unexplained(asked, held)


def _said(reading: Reading) -> str:
    return reading.cell.text if reading.cell else ""


def _readings(grid: Grid, request: Request) -> Iterator[Reading]:
    """Yield the best cells of a table: of the rows and columns that the question names best, where they cross."""
    asked = request.words
    lines, across = finding.rows(grid, asked), finding.columns(grid, asked)
    around = finding.context(grid, asked)
    values = [line for line in across if line.place not in grid.heads] or across[1:]
    if not grid.columns:
        yield from _pairs(grid, asked, around)
        return
    for line in _meant(lines):
        for column in _columns(values, line, grid, asked):
            row = finding.row(grid, line.place, asked, column.place)  # a cell does not name itself
            if row.cover | column.cover != line.cover | column.cover:
                continue
            own = row.cover | column.cover
            unasked = row.unasked + column.unasked
            cell = grid.cell(row.place, column.place)
            yield Reading(grid, cell, row.place, column.place, own | around, own, unasked)


def _meant(lines: Sequence[Line]) -> list[Line]:
    """Return the rows that may be meant: those named by half or more; the only one of a table."""
    if len(lines) == 1:
        return list(lines)
    return [line for line in lines if line.cover and (line.share >= finding.HALF or line.cover.bit_count() >= 4)]


def _columns(values: Sequence[Line], row: Line, grid: Grid, asked: Words) -> list[Line]:
    """Return the columns that may be meant beside a row: those that say more of the question, or the only one."""
    # What stands in other cells of the row, as remarks, says which column is meant only where nothing else does.
    heads = 0
    for cell in grid.cells[row.place]:
        if cell and cell.column in grid.heads:
            heads |= asked.cover(words(bare(cell.text)))
    for held in (row.cover, heads):
        if named := [line for line in values if line.cover & ~held]:
            return named
    main = [line for line in values if line.place in grid.measured and not _is_beside(grid, line.place)]
    return list(values) if len(values) == 1 else main if len(main) == 1 else []


def _is_beside(grid: Grid, column: int) -> bool:
    """Return whether a column says something of the figures in another one: their share, their growth."""
    return _BESIDE.search(grid.name(column)) is not None


def _pairs(grid: Grid, asked: Words, around: int) -> Iterator[Reading]:
    """Yield cells of a table without names of columns: each is named by the one before it, a form's question."""
    for row, cells in enumerate(grid.cells):
        for at in range(0, len(cells) - 1, 2):
            name, value = cells[at], cells[at + 1]
            if name and value and len(cells) % 2 == 0 and name.number is None:
                said = words(bare(name.text))
                held = asked.cover(said)
                if held and asked.share(said) >= finding.HALF:
                    unasked = len(said.pairs - asked.pairs)
                    yield Reading(grid, value, row, at + 1, held | around, held, unasked)


# --- another row than the one asked about ------------------------------------------------------


def stranger(question: str, answer: Answer, document_of: DocumentOf) -> str:
    """Return the name that a question asks about if no row has it and the answer is from another row.

    Args:
        question: standalone.
        answer: with the row as its first citation.
        document_of: gives a document by its id.

    Returns:
        The name, as the document has it nowhere; empty where the answer may be right.
    """
    if answer.abstained or not answer.citations or SEPARATOR not in answer.citations[0].text:
        return ""
    citation = answer.citations[0]
    document = document_of(citation.passage.document_id)
    request = requested(question)
    asked = request.words
    if request.wanted is not Wanted.CELL:
        return ""
    for table in document.tables if document else ():
        if document is None or not table.columns or not table.span.overlap(citation.quote):
            continue
        grid = Grid(document, table, 0)
        named = [line for line in finding.columns(grid, asked) if line.share >= finding.MENTIONED and line.unasked == 0]
        if len(grid.rows) > 1 and named and not any(line.cover & ~_all(named) for line in finding.rows(grid, asked)):
            held = _all(named) | finding.context(grid, asked)
            left = finding.unexplained(asked, held)
            return next((each for each in left if each not in fold(document.text)), "")
    return ""


def _all(lines: Sequence[Line]) -> int:
    mask = 0
    for line in lines:
        mask |= line.cover
    return mask


# --- several cells ----------------------------------------------------------------------------


def _computed(question: str, request: Request, grid: Grid, hits: Sequence[Hit]) -> Answer | None:
    """Return what a table says by several of its cells; None where it does not say all that is asked."""
    if not grid.columns or not grid.measured:
        return None
    teller = Teller(question, grid, hits)
    match request.wanted:
        case Wanted.MOST:
            return _most(request, grid, teller)
        case Wanted.SUM | Wanted.MEAN:
            return _sum(request, grid, teller)
        case _:
            return _apart(request, grid, teller)


def _most(request: Request, grid: Grid, teller: Teller) -> Answer | None:
    """Return the largest or smallest figure of a column among rows, or of a row among columns."""
    asked, kind = request.words, words(request.kind)
    around = finding.context(grid, asked)
    said = ~asked.cover(kind)
    by_column = max(
        (line for line in finding.columns(grid, asked) if line.place in grid.measured),
        key=lambda line: ((line.cover & said).bit_count(), -line.unasked),
    )
    rows = finding.rows(grid, asked)
    by_row = max(rows, key=lambda line: (line.share >= finding.HALF, (line.cover & said).bit_count(), -line.unasked))
    if by_row.share >= finding.HALF and (by_row.cover & said).bit_count() > (by_column.cover & said).bit_count():
        cells = _of_row(grid, by_row.place, kind)
        covered = by_row.cover | around
    elif by_column.cover & said or len(grid.measured) == 1:
        named = finding.mentions(grid, asked)
        kept = [number for number in finding.chosen(grid, named) if not grid.is_total(number)]
        cells = finding.figures(grid, kept, by_column.place)
        covered = by_column.cover | around | _bits(named)
    else:
        return None
    if len(cells) < 2 or finding.unexplained(asked, covered | asked.cover(kind)):
        return None
    numbers = [cell.number or Fraction(0) for cell in cells]
    edge = min(numbers) if request.least else max(numbers)
    best = [cell for cell, number in zip(cells, numbers, strict=True) if number == edge]
    return teller.most(best, cells, request, across=len({cell.row for cell in cells}) == 1)


def _of_row(grid: Grid, row: int, kind: Words) -> list[Cell]:
    """Return the figures of a row that may be compared: of the columns of a kind, of one unit, without totals."""
    cells = [
        cell
        for column in sorted(grid.measured)
        if (cell := grid.cell(row, column)) and cell.number is not None and not grid.is_total_column(column)
    ]
    of_kind = [cell for cell in cells if kind.tokens and kind.cover(words(bare(grid.name(cell.column))))]
    cells = of_kind if len(of_kind) > 1 else cells
    unit = grid.unit(cells[0]) if cells else ""
    return [cell for cell in cells if grid.unit(cell) == unit]


def _bits(named: dict[int, dict[str, int]]) -> int:
    mask = 0
    for each in named.values():
        for bits in each.values():
            mask |= bits
    return mask


def _sum(request: Request, grid: Grid, teller: Teller) -> Answer | None:
    """Return the sum or mean of a column over the named rows, or all rows, or of the columns of a row."""
    asked = request.words
    around = finding.context(grid, asked)
    named = finding.mentions(grid, asked)
    kept = [number for number in finding.chosen(grid, named) if not grid.is_total(number)]
    across = finding.columns(grid, asked)
    best = _named_columns(grid, across, _bits(named), request)
    if len(best) > 1 and len(kept) == 1:
        cells = [cell for column in best if (cell := grid.cell(kept[0], column.place)) and cell.number is not None]
        whole = len(cells) == len(best)
    elif len(best) == 1 and (len(kept) > 1 or not named):
        column = best[0].place
        cells = finding.figures(grid, kept, column)
        whole = len(cells) == len({cell.span for number in kept if (cell := grid.cell(number, column))})
    else:
        return None
    covered = around | _bits(named)
    for line in best:
        covered |= line.cover
    if len(cells) < 2 or finding.unexplained(asked, covered):
        return None
    units = {grid.unit(cell) for cell in cells}
    mean = request.wanted is Wanted.MEAN
    if len(units) > 1 or (units & {"%", "‰"} and not mean):
        return None
    unit = units.pop()
    stated = None if mean else _stated(grid, cells, named)
    if stated is not None:
        return teller.stated(stated, sum((cell.number or Fraction(0) for cell in cells), Fraction(0)), unit)
    return teller.sum(cells, unit, mean=mean, whole=whole) if len(cells) <= TERMS_MAX else None


def _named_columns(grid: Grid, across: Sequence[Line], named: int, request: Request) -> list[Line]:
    """Return the columns of figures that a question means: the one it names best, or all that it names wholly."""
    values = [line for line in across if line.place in grid.measured]
    wholly = [line for line in values if line.share >= finding.MENTIONED and line.unasked == 0]
    told = [line for line in values if line.cover & ~named]
    if len(wholly) > 1:
        return wholly
    if told:
        best = max(told, key=lambda line: ((line.cover & ~named).bit_count(), -line.unasked))
        equal = [line for line in told if (line.cover & ~named, line.unasked) == (best.cover & ~named, best.unasked)]
        if len(equal) > 1:
            equal = [line for line in equal if _is_in(grid.unit_of_column(line.place), request)]
        return equal if len(equal) == 1 else []
    parts = [line for line in values if not grid.is_total_column(line.place)]
    return parts if len(values) == 1 or len({grid.name(line.place) for line in parts}) > 1 else []


def _stated(grid: Grid, cells: Sequence[Cell], named: dict[int, dict[str, int]]) -> Cell | None:
    """Return the total that the table itself gives of all rows of a column, or of all columns of a row."""
    if len({cell.row for cell in cells}) == 1:
        totals = [column for column in sorted(grid.measured) if grid.is_total_column(column)]
        of_row = [cell for column in totals if (cell := grid.cell(cells[0].row, column)) and cell.number is not None]
        return of_row[0] if len(of_row) == 1 and len(cells) == len(grid.measured) - 1 else None
    if named or len({cell.column for cell in cells}) > 1:
        return None
    rows = [number for number in range(len(grid.rows)) if grid.is_total(number) and "平均" not in grid.head(number)]
    found = [cell for number in rows if (cell := grid.cell(number, cells[0].column)) and cell.number is not None]
    return found[-1] if found else None


def _apart(request: Request, grid: Grid, teller: Teller) -> Answer | None:
    """Return the difference or the ratio of two cells: of two rows in a column, or of two columns in a row."""
    asked = request.words
    around = finding.context(grid, asked)
    named = finding.mentions(grid, asked)
    kept = [number for number in finding.chosen(grid, named) if not grid.is_total(number)]
    across = [line for line in finding.columns(grid, asked) if line.place in grid.measured]
    rows = finding.rows(grid, asked)
    pair: list[tuple[int, int]] = []
    covered = around | _bits(named)
    if len(kept) == 2 and any(len(each) == 2 for each in named.values()):
        best = _named_columns(grid, across, _bits(named), request)
        if len(best) == 1:
            pair = [(number, best[0].place) for number in kept]
            covered |= best[0].cover
        pair.sort(key=lambda place: _turn(asked, grid.head(place[0])))
    else:
        row = max(rows, key=lambda line: (line.cover.bit_count(), line.share, -line.unasked))
        two = _two_columns(across, row)
        if two and (row.share >= finding.HALF or len(rows) == 1):
            pair = [(row.place, line.place) for line in two]
            covered |= row.cover | two[0].cover | two[1].cover
    cells = [cell for row_, column in pair if (cell := grid.cell(row_, column)) and cell.number is not None]
    if len(cells) != 2 or finding.unexplained(asked, covered):
        return None
    first, second = cells
    unit = grid.unit(first)
    if unit != grid.unit(second):
        return None
    if request.wanted is Wanted.RATIO:
        return teller.ratio(first, second, (first.number or Fraction(0)) / second.number) if second.number else None
    if first.row == second.row:
        return teller.change(first, second, unit)
    return teller.difference(first, second, unit)


def _two_columns(across: Sequence[Line], row: Line) -> list[Line]:
    """Return the two columns that a question sets side by side, in its order.

    Each holds something that the other has not.
    """
    told = [line for line in across if line.cover & ~row.cover]
    best: dict[int, Line] = {}
    common = -1
    for line in told:
        common &= line.cover
    for line in told:
        own = line.cover & ~row.cover & ~common
        if own and (
            own not in best
            or (line.cover.bit_count(), -line.unasked) > (best[own].cover.bit_count(), -best[own].unasked)
        ):
            best[own] = line
    top = [line for own, line in best.items() if not any(other != own and other & own == own for other in best)]
    if len(top) != 2:
        return []
    return sorted(top, key=lambda line: _first(line.cover & ~row.cover & ~common))


def _first(mask: int) -> int:
    return (mask & -mask).bit_length()


def _turn(asked: Words, name: str) -> int:
    """Return where in the question a name stands."""
    return _first(asked.cover(words(bare(name))))
