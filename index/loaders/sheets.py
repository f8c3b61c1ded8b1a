"""Pages of placed characters, before anything is made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from index.loaders.content import Box
from index.loaders.grids import Rule, lattices
from index.structure.page_positions import UNITS, PlacedPage

Sides = tuple[float, float, float, float]
"""Left, top, right and bottom of a box, in points from the top left corner."""


class Glyph(NamedTuple):
    """A character, or a few, with the box around it: points from the top left corner of the page."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    turns: int = 0  # quarter turns to the left that bring its line upright; 1 for a column that is read downwards
    faint: bool = False  # printed so pale that it may lie under the text: a watermark

    @property
    def middle(self) -> tuple[float, float]:
        """Return where its middle stands."""
        return (self.x0 + self.x1) / 2, (self.top + self.bottom) / 2

    def is_within(self, box: Sides) -> bool:
        """Return whether its middle lies in a box, the right and lower side left out."""
        (x, y), (left, top, right, bottom) = self.middle, box
        return left <= x < right and top <= y < bottom


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a page, or on a part of it."""

    width: float  # in points
    height: float  # in points
    glyphs: Sequence[Glyph]  # in any order; those of one line one after the other
    rules: Sequence[Rule] = ()  # horizontal and vertical lines
    headings: Sequence[tuple[str, int]] = ()  # titles that lead to this page by a bookmark, with their level
    rough: bool = False  # the boxes were measured in a picture, so that sizes differ by chance
    turns: int = 0  # quarter turns to the left that brought the page upright
    skew: float = 0.0  # radians that its lines fell to the right by, before they were straightened
    part: bool = False  # goes on with the page of the sheet before it
    # where it lies on its page, as left, top, and the page's width and height; None if it is all of it
    frame: tuple[float, float, float, float] | None = None


class Shown:
    """A page, by its number from 1, as it is shown, and where on it stands what was read from a sheet."""

    def __init__(self, number: int, sheet: Sheet) -> None:
        self.number, self._turns = number, sheet.turns % 4
        self._across, self._down = (sheet.height, sheet.width) if self._turns % 2 else (sheet.width, sheet.height)
        self._left, self._above, width, height = sheet.frame or (0.0, 0.0, self._across, self._down)
        self._unit = UNITS / max(width, height, 1.0)
        self.page = PlacedPage(max(1, round(width * self._unit)), max(1, round(height * self._unit)), sheet.skew)

    def box(self, x0: float, top: float, x1: float, bottom: float) -> Box:
        """Return a rectangle of the sheet, in points, as it lies on the page, but for the skew that all lines share."""
        (left, upper), (right, lower) = self._point(x0, top), self._point(x1, bottom)
        x, y = sorted((round(left), round(right))), sorted((round(upper), round(lower)))
        return Box(self.number, x[0], y[0], x[1], y[1])

    def _point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the sheet as distances from the left and the top of the page, in units."""
        match self._turns:
            case 1:
                x, y = self._across - y, x
            case 2:
                x, y = self._across - x, self._down - y
            case 3:
                x, y = y, self._down - x
        return (x + self._left) * self._unit, (y + self._above) * self._unit


def upright(sheet: Sheet) -> Iterator[Sheet]:
    """Yield a sheet with its lines upright: turned as most of its characters ask, then what runs in other directions.

    A table is turned as a whole; characters that run otherwise in its cells keep their turns.
    """
    counts = Counter(glyph.turns for glyph in sheet.glyphs)
    if counts.total() == counts[0]:
        yield sheet
        return
    within = _directions(sheet) if len(counts) > 1 else {}
    kept: dict[int, list[Glyph]] = {}
    for place, glyph in enumerate(sheet.glyphs):
        kept.setdefault(within.get(place, glyph.turns), []).append(glyph)
    for number, (turns, glyphs) in enumerate(sorted(kept.items(), key=lambda each: -len(each[1]))):
        part = replace(sheet, glyphs=glyphs, part=sheet.part or number > 0)
        yield _turned(part if number == 0 else replace(part, headings=()), turns)


def _directions(sheet: Sheet) -> dict[int, int]:
    """Return for each character in a table the turns of the table's other characters."""
    tables = lattices(sheet.rules)
    inside: dict[int, list[int]] = {}
    for place, glyph in enumerate(sheet.glyphs):
        x, y = glyph.middle
        number = next((number for number, table in enumerate(tables) if table.cell(x, y) is not None), None)
        if number is not None:
            inside.setdefault(number, []).append(place)
    return {
        place: Counter(sheet.glyphs[each].turns for each in places).most_common(1)[0][0]
        for places in inside.values()
        for place in places
    }


def _turned(sheet: Sheet, turns: int) -> Sheet:
    """Return a sheet after quarter turns to the left."""
    width, height = (sheet.height, sheet.width) if turns % 2 else (sheet.width, sheet.height)
    glyphs = turned(sheet.glyphs, turns, sheet.width, sheet.height)
    rules = [Rule(*_side(rule, turns, sheet.width, sheet.height)) for rule in sheet.rules]
    return replace(sheet, width=width, height=height, glyphs=glyphs, rules=rules, turns=(sheet.turns + turns) % 4)


def turned(glyphs: Sequence[Glyph], turns: int, width: float, height: float) -> list[Glyph]:
    """Return characters on a page of a size after quarter turns of it to the left."""
    return [
        Glyph(glyph.text, *_side(glyph[1:5], turns, width, height), (glyph.turns - turns) % 4, glyph.faint)
        for glyph in glyphs
    ]


def _side(box: Sides, turns: int, width: float, height: float) -> Sides:
    x0, top, x1, bottom = box
    match turns % 4:
        case 1:
            return top, width - x1, bottom, width - x0
        case 2:
            return width - x1, height - bottom, width - x0, height - top
        case 3:
            return height - bottom, x0, height - top, x1
        case _:
            return box


def baselines(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """Return the characters that stand side by side, from the top down, each row from the left."""
    rows: list[list[Glyph]] = []
    centre = size = 0.0
    for glyph in sorted(glyphs, key=lambda glyph: glyph.top + glyph.bottom):
        middle, height = (glyph.top + glyph.bottom) / 2, glyph.bottom - glyph.top
        if rows and middle - centre <= 0.45 * max(size, height):
            rows[-1].append(glyph)
            centre += (middle - centre) / len(rows[-1])
            size = max(size, height)
        else:
            rows.append([glyph])
            centre, size = middle, height
    return [sorted(row, key=lambda glyph: glyph.x0 + glyph.x1) for row in rows]
