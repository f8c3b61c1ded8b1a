"""Answers read off tables: what stands where a row and a column cross, and what is computed from such cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import and_

from index.loaders.tables import SEPARATOR
from index.records import Hit
from index.text import fold
from qa.answers import Answer
from qa.language.quantities import unit_in
from qa.protocols import DocumentOf
from qa.tables import choices
from qa.tables.asking import Request, Wanted, requested
from qa.tables.finding import HALF, MENTIONED, Line, Search, figures, unexplained
from qa.tables.grid import CELLS_MAX, NAME_MAX, Cell, Grid, dimension_of
from qa.tables.telling import Teller
from qa.tables.words import Words, bare, union, words

TABLES_MAX = 12
"""Tables that are looked into, those of the best passages first."""
_BESIDE = re.compile("占比|比重|比例|同比|环比|增长|增速|增幅|排名|位次|备注|%|％")
_BOUNDS = re.compile("限值|标准|目标|计划|上年|上期|同期|均值")
"""Names a column of what figures are compared with, not of one of those that have them."""
_PERIOD = re.compile(r"\d|[年季月期]|半年")
"""Stands in the name of a column of a time: from one to another a figure changes."""
TERMS_MAX = 40
"""Most figures that are summed up: a longer table has its own total."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A cell that a question may mean."""

    grid: Grid
    cell: Cell | None
    row: int
    column: int
    covered: int  # tokens of the question that its row, its column and what is said of the table hold
    own: int  # those that row and column hold
    unasked: int  # tokens of the names of its row and column that the question has not

    @property
    def rank(self) -> tuple[int, int, int]:
        """Return how well it fits; higher is better."""
        return self.own.bit_count(), -self.unasked, self.covered.bit_count()


def answer_of(question: str, hits: Sequence[Hit], document_of: DocumentOf) -> Answer | None:
    """Return the answer that a table holds; None where the passages' tables do not hold it beyond doubt."""
    grids = list(_grids(hits, document_of))
    if not grids and not any(choices.BOX.search(hit.passage.text) for hit in hits):
        return None
    request = requested(question)
    if (ticked := choices.answer_of(question, request.words, hits, document_of)) is not None:
        return ticked
    searches = [Search(grid, request.words) for grid in grids]
    if request.wanted is not Wanted.CELL:
        computed = (_computed(request, search, Teller(question, search.grid, hits)) for search in searches)
        if (answer := next(filter(None, computed), None)) is not None:
            return answer
    if request.wanted is Wanted.MOST:
        return None
    whose = (_whose(request, search, Teller(question, search.grid, hits)) for search in searches)
    if (answer := next(filter(None, whose), None)) is not None:
        return answer
    return _cell(question, request, searches, hits) or _holding(question, request, grids, hits)


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


def _cell(question: str, request: Request, searches: Sequence[Search], hits: Sequence[Hit]) -> Answer | None:
    found = [reading for search in searches for reading in _readings(request, search)]
    sure = [reading for reading in found if not unexplained(request.words, reading.covered)]
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
    return bool(held) and len(said.pairs - asked.pairs) > 1 and not unexplained(asked, held)


def _said(reading: Reading) -> str:
    return reading.cell.text if reading.cell else ""


def _readings(request: Request, search: Search) -> Iterator[Reading]:
    """Yield the best cells of a table: of the rows and columns that the question names best, where they cross."""
    grid = search.grid
    if not grid.columns:
        yield from _pairs(search)
        return
    for line in (line for line in search.rows if line.place in search.meant):
        for column in _columns(request, search, line):
            row = search.row(line.place, without=column.place)  # a cell does not name itself
            own = row.cover | column.cover
            if own == line.cover | column.cover:
                cell, unasked = grid.cell(row.place, column.place), row.unasked + column.unasked
                yield Reading(grid, cell, row.place, column.place, own | search.around, own, unasked)


def _columns(request: Request, search: Search, row: Line) -> list[Line]:
    """Return the columns that may be meant beside a row: those that say more of the question, or the only one."""
    grid = search.grid
    values = [line for line in search.columns if line.place not in grid.heads] or search.columns[1:]
    if request.column and (kind := [each for each in values if request.column.search(bare(grid.name(each.place)))]):
        return kind
    # What stands in other cells of the row, as remarks, says which column is meant only where nothing else does.
    heads = [cell for cell in grid.cells[row.place] if cell and cell.column in grid.heads]
    for held in (row.cover, union(search.asked.cover(words(bare(cell.text))) for cell in heads)):
        if named := [line for line in values if line.cover & ~held]:
            return named
    # A column of shares or growth says something of the figures in another one.
    main = [each for each in values if each.place in grid.measured and not _BESIDE.search(grid.name(each.place))]
    cells = ((each.place, grid.figure(row.place, each.place)) for each in main)
    units = {place: grid.unit(cell) if cell else grid.unit_of_column(place) for place, cell in cells}
    return values if len(values) == 1 else _in_unit(request, main, units)


def _in_unit(request: Request, lines: Sequence[Line], units: Mapping[int, str]) -> list[Line]:
    """Return the only column, or the only one whose unit, or what it measures, is asked for; none where several are."""
    same = [line for line in lines if _is_in(units[line.place], request)]
    alike = [line for line in lines if dimension_of(units[line.place]) in request.dimensions]
    return next((list(some) for some in (lines, same, alike) if len(some) == 1), [])


def _pairs(search: Search) -> Iterator[Reading]:
    """Yield cells of a table without names of columns: each is named by the one before it, a form's question."""
    grid, asked = search.grid, search.asked
    # What a form is about stands in one of its cells.
    held_cells = (words(cell.text) for cells in grid.cells for cell in cells if cell)
    around = search.around | union(asked.cover(said) for said in held_cells if asked.share(said) >= MENTIONED)
    for row, cells in enumerate(grid.cells):
        for at in range(0, len(cells) - 1, 2):
            name, value = cells[at], cells[at + 1]
            if name and value and len(cells) % 2 == 0 and name.number is None:
                said = words(bare(name.text))
                held = asked.cover(said)
                if held and asked.share(said) >= HALF:
                    unasked = len(said.pairs - asked.pairs)
                    yield Reading(grid, value, row, at + 1, held | around, held, unasked)


def _whose(request: Request, search: Search, teller: Teller) -> Answer | None:
    """Return the rows of which another cell is named, by what names them: 「邓某是哪个村的村医」."""
    grid, named = search.grid, search.named
    if not request.kind or request.figure or not grid.columns or not named or named.keys() & {-1, *grid.heads}:
        return None
    kind, rows = words(request.kind), search.chosen
    called = any(kind.cover(words(grid.name(column))) for column in grid.heads)
    if not rows or not (called or all(request.kind[-1] in grid.head(row) for row in rows)):
        return None
    if unexplained(search.asked, search.named_cover | search.around | search.asked.cover(kind)):
        return None
    return teller.rows(rows) if len(rows) <= TERMS_MAX else None


# --- another row than the one asked about ------------------------------------------------------


def name_in_no_row(question: str, answer: Answer, document_of: DocumentOf) -> str:
    """Return the name that a question asks about if no row has it and the answer's first citation is another row.

    It stands nowhere in the document; empty where the answer may be right.
    """
    if answer.abstained or not answer.citations or SEPARATOR not in answer.citations[0].text:
        return ""
    citation = answer.citations[0]
    document = document_of(citation.passage.document_id)
    request = requested(question)
    if request.wanted is not Wanted.CELL:
        return ""
    for table in document.tables if document else ():
        if document is None or not table.columns or not table.span.overlap(citation.quote):
            continue
        search = Search(Grid(document, table, 0), request.words)
        columns = [line for line in search.columns if line.share >= MENTIONED and line.unasked == 0]
        named = union(line.cover for line in columns)
        if len(search.rows) > 1 and columns and not any(line.cover & ~named for line in search.rows):
            left = unexplained(request.words, named | search.around)
            return next((each for each in left if each not in fold(document.text)), "")
    return ""


# --- several cells ----------------------------------------------------------------------------


def _computed(request: Request, search: Search, teller: Teller) -> Answer | None:
    """Return what a table says by several of its cells; None where it does not say all that is asked."""
    if not search.grid.columns or not search.measured:
        return None
    match request.wanted:
        case Wanted.MOST:
            return _most(request, search, teller)
        case Wanted.SUM | Wanted.MEAN:
            return _sum(request, search, teller)
        case _:
            return _apart(request, search, teller)


def _most(request: Request, search: Search, teller: Teller) -> Answer | None:
    """Return the largest or smallest figure of a column among rows, or of a row among columns."""
    kind = words(request.kind)
    of_kind = search.asked.cover(kind)
    told = any(line.cover & ~of_kind for line in search.measured)
    measured = search.measured if told else _by_unit(request, search) or search.measured
    row = max(search.rows, key=lambda line: (line.place in search.meant, *_worth(line, of_kind)))
    column = max(measured, key=lambda line: _worth(line, of_kind))
    if row.place in search.meant and _worth(row, of_kind)[0] > _worth(column, of_kind)[0]:
        cells, covered = _of_row(search.grid, row.place, kind), row.cover
    elif column.cover & ~of_kind or len(measured) == 1:
        cells, covered = figures(search.grid, search.chosen, column.place), column.cover | search.named_cover
    else:
        return None
    if len(cells) < 2 or unexplained(search.asked, covered | search.around | of_kind):
        return None
    numbers = [cell.number or Fraction(0) for cell in cells]
    edge = min(numbers) if request.least else max(numbers)
    best = [cell for cell, number in zip(cells, numbers, strict=True) if number == edge]
    return teller.most(best, cells, request, across=len({cell.row for cell in cells}) == 1)


def _worth(line: Line, said: int) -> tuple[int, int]:
    """Return how much of the question a row or column names beside what is `said` already; higher is better."""
    return (line.cover & ~said).bit_count(), -line.unasked


def _of_row(grid: Grid, row: int, kind: Words) -> list[Cell]:
    """Return the figures of a row that may be compared: of the columns of a kind, of one unit, without totals."""
    columns = (column for column in sorted(grid.measured) if not grid.is_total_column(column))
    cells = [cell for column in columns if (cell := grid.figure(row, column))]
    of_kind = [cell for cell in cells if kind.tokens and kind.cover(words(bare(grid.name(cell.column))))]
    others = [cell for cell in cells if cell not in of_kind]
    # What is called otherwise may be of the kind as well: 妇幼保健院 is a 医院, 限值 is no 水厂.
    beside = [grid.name(cell.column) for cell in others]
    if len(of_kind) > 1 and all(_BESIDE.search(name) or _BOUNDS.search(name) for name in beside):
        cells = of_kind
    unit = grid.unit(cells[0]) if cells else ""
    return [cell for cell in cells if grid.unit(cell) == unit]


def _sum(request: Request, search: Search, teller: Teller) -> Answer | None:
    """Return the sum or mean of a column over the named rows, or all rows, or of the columns of a row."""
    grid, rows, best = search.grid, search.chosen, _named_columns(search, request)
    if len(best) > 1 and len(rows) == 1:
        cells = [cell for column in best if (cell := grid.figure(rows[0], column.place))]
        whole = len(cells) == len(best)
    elif len(best) == 1 and (len(rows) > 1 or not search.named):
        column = best[0].place
        cells = figures(grid, rows, column)
        whole = len(cells) == len({cell.span for number in rows if (cell := grid.cell(number, column))})
    else:
        return None
    covered = search.around | search.named_cover | union(line.cover for line in best)
    if len(cells) < 2 or unexplained(search.asked, covered):
        return None
    units = {grid.unit(cell) for cell in cells}
    mean = request.wanted is Wanted.MEAN
    if len(units) > 1 or (units & {"%", "‰"} and not mean):
        return None
    unit = units.pop()
    stated = None if mean else _stated(search, cells)
    if stated is not None:
        return teller.stated(stated, sum((cell.number or Fraction(0) for cell in cells), Fraction(0)), unit)
    return teller.sum(cells, unit, mean=mean, whole=whole) if len(cells) <= TERMS_MAX else None


def _named_columns(search: Search, request: Request) -> list[Line]:
    """Return the columns of figures that a question means: the one it names best, or all that it names wholly."""
    grid, values, said = search.grid, search.measured, search.named_cover
    wholly = [line for line in values if line.share >= MENTIONED and line.unasked == 0]
    if len(wholly) > 1:
        return wholly
    if told := [line for line in values if line.cover & ~said]:
        best = max(told, key=lambda line: _worth(line, said))
        equal = [line for line in told if (line.cover & ~said, line.unasked) == (best.cover & ~said, best.unasked)]
        if len(equal) > 1:
            of_unit = [line for line in equal if _is_in(grid.unit_of_column(line.place), request)]
            group = request.wanted is Wanted.SUM and len(search.chosen) == 1 and _is_group(grid, equal, values)
            equal = of_unit if len(of_unit) == 1 else equal if group else []
        return equal
    if len(values) > 1 and (of_unit := _by_unit(request, search)):
        return of_unit
    parts = [line for line in values if not grid.is_total_column(line.place)]
    return parts if len(values) == 1 or len({grid.name(line.place) for line in parts}) > 1 else []


def _by_unit(request: Request, search: Search) -> list[Line]:
    """Return the column of figures that the unit asked in tells from the others; none where it does not."""
    units = {line.place: search.grid.unit_of_column(line.place) for line in search.measured}
    return _in_unit(request, search.measured, units)


def _is_group(grid: Grid, lines: Sequence[Line], every: Sequence[Line]) -> bool:
    """Return whether columns are all those under one heading, without a total."""
    above = {grid.name(line.place).rpartition("›")[0] for line in lines}
    group = [line for line in every if grid.name(line.place).rpartition("›")[0] in above]
    total = any(grid.is_total_column(line.place) for line in lines)
    return len(above) == 1 and "" not in above and len(group) == len(lines) and not total


def _stated(search: Search, cells: Sequence[Cell]) -> Cell | None:
    """Return the total that the table itself gives of all rows of a column, or of all columns of a row."""
    grid = search.grid
    if len({cell.row for cell in cells}) == 1:
        totals = [column for column in sorted(grid.measured) if grid.is_total_column(column)]
        of_row = [cell for column in totals if (cell := grid.figure(cells[0].row, column))]
        return of_row[0] if len(of_row) == 1 and len(cells) == len(grid.measured) - 1 else None
    if search.named or len({cell.column for cell in cells}) > 1:
        return None
    rows = [number for number in range(len(grid.rows)) if grid.is_total(number) and "平均" not in grid.head(number)]
    found = [cell for number in rows if (cell := grid.figure(number, cells[0].column))]
    return found[-1] if found else None


def _apart(request: Request, search: Search, teller: Teller) -> Answer | None:
    """Return the difference or the ratio of two cells: of two rows in a column, or of two columns in a row."""
    grid = search.grid
    places, covered = _two_places(request, search)
    cells = [cell for place in places if (cell := grid.figure(*place))]
    if len(cells) != 2 or unexplained(search.asked, covered | search.around | search.named_cover):
        return None
    first, second = cells
    unit = grid.unit(first)
    if unit != grid.unit(second):
        return None
    if request.wanted is Wanted.RATIO:
        return teller.ratio(first, second, (first.number or Fraction(0)) / second.number) if second.number else None
    over_time = first.row == second.row and all(_PERIOD.search(grid.name(cell.column)) for cell in cells)
    return teller.change(first, second, unit) if over_time else teller.difference(first, second, unit)


def _two_places(request: Request, search: Search) -> tuple[list[tuple[int, int]], int]:
    """Return the row and column of two cells that are set side by side, in order, and the tokens that name them."""
    asked, rows = search.asked, search.chosen
    if len(rows) == 2 and any(len(each) == 2 for each in search.named.values()):
        best = _named_columns(search, request)
        if len(best) != 1:
            return [], 0
        turns = {row: _first(asked.cover(words(bare(search.grid.head(row))))) for row in rows}
        return [(row, best[0].place) for row in sorted(rows, key=turns.__getitem__)], best[0].cover
    line = max(search.rows, key=lambda line: (line.cover.bit_count(), line.share, -line.unasked))
    two = _two_columns(search.measured, line)
    if not two or (line.share < HALF and len(search.rows) > 1):
        return [], 0
    return [(line.place, each.place) for each in two], line.cover | two[0].cover | two[1].cover


def _two_columns(across: Sequence[Line], row: Line) -> list[Line]:
    """Return the two columns that a question sets side by side, in its order: each holds something of its own."""
    told = [line for line in across if line.cover & ~row.cover]
    common = reduce(and_, (line.cover for line in told), -1)
    best: dict[int, Line] = {}
    for line in told:
        own = line.cover & ~row.cover & ~common
        if own and (own not in best or _worth(line, 0) > _worth(best[own], 0)):
            best[own] = line
    top = [line for own, line in best.items() if not any(other != own and other & own == own for other in best)]
    if len(top) != 2:
        return []
    return sorted(top, key=lambda line: _first(line.cover & ~row.cover & ~common))


def _first(mask: int) -> int:
    return (mask & -mask).bit_length()
