"""Which rows and columns of a table a question means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.language.lexicon import LISTS, pattern
from qa.tables.grid import Cell, Grid
from qa.tables.words import Words, bare, words

MENTIONED = 1.0
"""Share of a name that must stand in a question for it to be named there."""
HALF = 0.5
"""Share of a name from which a row may be meant."""
_LIGHT, _GENERAL = frozenset(LISTS["cell_characters"]), re.compile(pattern("cell_words"))
"""Words that say nothing of which cell is meant."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row or a column as a question sees it.

    Attributes:
        place: its number.
        cover: tokens of the question that its names hold, as bits.
        share: how much of its best name stands in the question.
        unasked: tokens of that name that do not.
    """

    place: int
    cover: int
    share: float
    unasked: int


def rows(grid: Grid, asked: Words) -> list[Line]:
    """Return the rows, as the question sees them."""
    return [_row(grid, number, asked) for number in range(len(grid.rows))]


def _row(grid: Grid, number: int, asked: Words, without: int = -1) -> Line:
    names = [words(bare(cell.text)) for cell in grid.names(number) if cell.column != without]
    if grid.sections[number]:
        names.append(words(grid.sections[number]))
    return _line(number, names, asked)


def row(grid: Grid, number: int, asked: Words, without: int) -> Line:
    """Return a row as the question sees it when one of its columns is left out."""
    return _row(grid, number, asked, without)


def columns(grid: Grid, asked: Words) -> list[Line]:
    """Return the columns, as the question sees them; those that name rows and the running numbers among them."""
    return [_column(grid, number, asked) for number in range(grid.width)]


def _column(grid: Grid, number: int, asked: Words) -> Line:
    levels = [words(bare(level)) for level in grid.name(number).split("›")]
    line = _line(number, levels, asked)
    # A column is called all that its headings say: what of it is not asked counts on every level.
    unasked = sum(_unasked(level, asked) for level in levels)
    return Line(number, line.cover, line.share, unasked)


def _line(place: int, names: Sequence[Words], asked: Words) -> Line:
    cover = 0
    best = Line(place, 0, 0.0, 99)
    for name in names:
        cover |= (held := asked.cover(name))
        line = Line(place, held, asked.share(name), _unasked(name, asked))
        if (held.bit_count(), line.share, -line.unasked) > (best.cover.bit_count(), best.share, -best.unasked):
            best = line
    return Line(place, cover, best.share, best.unasked)


def _unasked(name: Words, asked: Words) -> int:
    return len(name.pairs - asked.pairs)


def context(grid: Grid, asked: Words) -> int:
    """Return the tokens of a question that say of which table it is.

    Its caption, headings above it, its document, its columns.
    """
    document, start = grid.document, grid.table.span.start
    said = (grid.table.caption, document.title, document.source, *document.section_path(start), *grid.columns)
    mask = 0
    for text in said:
        mask |= asked.cover(words(text))
    return mask


def unexplained(asked: Words, covered: int) -> list[str]:
    """Return what of a question nothing in or above a table holds: a lone character is let pass, a figure is not."""
    runs, run = [], ""
    covered |= asked.spare
    for at, token in enumerate((*asked.tokens, "")):
        if token and not covered >> at & 1:
            run += f" {token} " if token.isascii() else token
        elif run:
            runs.append(run)
            run = ""
    left = ["".join(each for each in _GENERAL.sub("", run) if each not in _LIGHT) for run in runs]
    told = [part for run in left for part in run.split()]
    return [part for part in told if part.isascii() or len(part) > 1]


def mentions(grid: Grid, asked: Words) -> dict[int, dict[str, int]]:
    """Return for each column that names rows what of it the question names wholly; -1 is for sections.

    A name inside a longer one that is named too is left out: 教育 of 教育局.
    """
    found: dict[int, dict[str, int]] = {}
    for number in range(len(grid.rows)):
        for column, text in _named(grid, number):
            name = words(bare(text))
            if text not in found.get(column, {}) and name.tokens and asked.share(name) >= MENTIONED:
                found.setdefault(column, {})[text] = asked.cover(name)
    masks = [mask for named in found.values() for mask in named.values()]
    return {
        column: kept
        for column, named in found.items()
        if (kept := {text: mask for text, mask in named.items() if not _is_inside(mask, masks)})
    }


def _named(grid: Grid, number: int) -> Iterator[tuple[int, str]]:
    yield from ((cell.column, cell.text) for cell in grid.names(number))
    if grid.sections[number]:
        yield -1, grid.sections[number]


def _is_inside(mask: int, masks: Sequence[int]) -> bool:
    return any(other != mask and mask & other == mask for other in masks)


def chosen(grid: Grid, named: dict[int, dict[str, int]]) -> list[int]:
    """Return the rows of which every column that is named holds something named."""
    return [
        number
        for number in range(len(grid.rows))
        if all(
            any(text in wanted for at, text in _named(grid, number) if at == column) for column, wanted in named.items()
        )
    ]


def figures(grid: Grid, numbers: Sequence[int], column: int) -> list[Cell]:
    """Return the cells of rows in a column that hold figures, merged ones once."""
    held = [cell for number in numbers if (cell := grid.cell(number, column)) and cell.number is not None]
    return list({cell.span: cell for cell in held}.values())
