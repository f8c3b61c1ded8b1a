"""Which rows and columns of a table a question means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from qa.language.lexicon import LISTS, pattern
from qa.tables.grid import Cell, Grid
from qa.tables.words import Words, bare, union, words

MENTIONED = 1.0
"""Share of a name that must stand in a question for it to be named there."""
HALF = 0.5
"""Share of a name from which a row may be meant."""
_LIGHT, _GENERAL = frozenset(LISTS["cell_characters"]), re.compile(pattern("cell_words"))
"""Words that say nothing of which cell is meant."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row or a column as a question sees it."""

    place: int  # its number
    cover: int  # tokens of the question that its names hold, as bits
    share: float  # how much of its best name stands in the question
    unasked: int  # tokens of that name that do not


class Search:
    """A question before one table: each part is worked out when it is first needed, and once."""

    def __init__(self, grid: Grid, asked: Words) -> None:
        self.grid = grid
        self.asked = asked

    @cached_property
    def rows(self) -> list[Line]:
        """The rows, as the question sees them."""
        return [self.row(number) for number in range(len(self.grid.rows))]

    def row(self, number: int, without: int = -1) -> Line:
        """Return a row as the question sees it, when one of its columns is left out."""
        names = [words(bare(cell.text)) for cell in self.grid.names(number) if cell.column != without]
        if self.grid.sections[number]:
            names.append(words(self.grid.sections[number]))
        return _line(number, names, self.asked)

    @cached_property
    def columns(self) -> list[Line]:
        """The columns, as the question sees them; those that name rows and the running numbers among them."""
        return [self._column(number) for number in range(self.grid.width)]

    def _column(self, number: int) -> Line:
        levels = [words(bare(level)) for level in self.grid.name(number).split("›")]
        # A column is called all that its headings say: what of it is not asked counts on every level.
        unasked = sum(_unasked(level, self.asked) for level in levels)
        return replace(_line(number, levels, self.asked), unasked=unasked)

    @cached_property
    def meant(self) -> frozenset[int]:
        """The rows that the question names by half, or by words that name no other row; the only one of a table."""
        heads = [
            union(self.asked.cover(words(bare(cell.text))) for cell in cells if cell and cell.column in self.grid.heads)
            for cells in self.grid.cells
        ]
        alone = {
            row
            for row, cover in enumerate(heads)
            if cover.bit_count() > 1 and not any(cover & other for at, other in enumerate(heads) if at != row)
        }
        told = {line.place for line in self.rows if line.cover and (line.share >= HALF or line.cover.bit_count() >= 4)}
        return frozenset(told | alone) if len(self.rows) > 1 else frozenset({0})

    @cached_property
    def measured(self) -> list[Line]:
        """The columns of figures."""
        return [line for line in self.columns if line.place in self.grid.measured]

    @cached_property
    def around(self) -> int:
        """The tokens that say which table is meant: those of caption, headings, document and columns."""
        document, start, caption = self.grid.document, self.grid.table.span.start, self.grid.table.caption
        said = (caption, document.title, document.source, *document.section_path(start), *self.grid.columns)
        return union(self.asked.cover(words(text)) for text in said)

    @cached_property
    def named(self) -> dict[int, dict[str, int]]:
        """For each column that names rows what of it the question names wholly, with its tokens; -1 is for sections.

        A name inside a longer one that is named too is left out: 教育 of 教育局.
        """
        found: dict[int, dict[str, int]] = {}
        for number in range(len(self.grid.rows)):
            for column, text in _named(self.grid, number):
                name = words(bare(text))
                if text not in found.get(column, {}) and name.tokens and self.asked.share(name) >= MENTIONED:
                    found.setdefault(column, {})[text] = self.asked.cover(name)
        masks = [mask for named in found.values() for mask in named.values()]
        return {
            column: kept
            for column, named in found.items()
            if (kept := {text: mask for text, mask in named.items() if not _is_inside(mask, masks)})
        }

    @cached_property
    def named_cover(self) -> int:
        """The tokens of everything that is named."""
        return union(mask for each in self.named.values() for mask in each.values())

    @cached_property
    def chosen(self) -> list[int]:
        """The rows of which every column that is named holds something named, but for totals."""
        return [
            number
            for number in range(len(self.grid.rows))
            if not self.grid.is_total(number) and self._is_chosen(number)
        ]

    def _is_chosen(self, number: int) -> bool:
        held = list(_named(self.grid, number))
        return all(any(at == column and text in wanted for at, text in held) for column, wanted in self.named.items())


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


def _named(grid: Grid, number: int) -> Iterator[tuple[int, str]]:
    yield from ((cell.column, cell.text) for cell in grid.names(number))
    if grid.sections[number]:
        yield -1, grid.sections[number]


def _is_inside(mask: int, masks: Sequence[int]) -> bool:
    return any(other != mask and mask & other == mask for other in masks)


def figures(grid: Grid, numbers: Sequence[int], column: int) -> list[Cell]:
    """Return the cells of rows in a column that hold figures, merged ones once."""
    held = (grid.figure(number, column) for number in numbers)
    return list({cell.span: cell for cell in held if cell}.values())
