"""Map the lines of a text to positions on its pages, so that a citation can be shown there.

Kept with the document as a short text of small differences from line to line, in base 64 as source maps have them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from index.records import Span

UNITS = 1000
"""Units of the longer side of a page."""
_SKEW_UNITS = 10_000  # of a radian
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUES = {sign: value for value, sign in enumerate(_SIGNS)}
_PAGE_ENDS = ";"
_LARGEST = 2**40
_FARTHEST = 100 * UNITS
"""How far from the top left corner a line may be kept."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of text, or a row of a table, in a rectangle."""

    span: Span  # what stands there of the document's text
    x0: int  # left side in units, `UNITS` for the longer side of the page; from the top left corner, like the others
    top: int  # upper side
    x1: int  # right side
    bottom: int  # lower side


class FoundPage(NamedTuple):
    """A page on which a text was found, with the boxes of its lines in units: left, top, right, bottom."""

    page: int
    width: int
    height: int
    boxes: list[list[int]]


@dataclass(frozen=True, slots=True)
class PlacedPage:
    """A page as it is shown, with what was read from it."""

    width: int  # in units
    height: int  # in units
    # radians that its lines fall to the right by; their rectangles are turned about the middle of the page
    skew: float = 0.0
    lines: tuple[PlacedLine, ...] = ()  # in the order of the text

    def corners(self, line: PlacedLine) -> tuple[Point, ...]:
        """Return the four corners of a line as the page shows it, in units, from the top left one clockwise."""
        cos, sin, x, y = math.cos(self.skew), math.sin(self.skew), self.width / 2, self.height / 2
        return tuple(
            (x + cos * (left - x) - sin * (top - y), y + sin * (left - x) + cos * (top - y))
            for left, top in ((line.x0, line.top), (line.x1, line.top), (line.x1, line.bottom), (line.x0, line.bottom))
        )


def packed(pages: Sequence[PlacedPage]) -> str:
    """Return pages as a text; empty where nothing is known of any."""
    sane = [_within_reach(page) for page in pages]
    if not any(page.lines for page in sane):
        return ""
    return _PAGE_ENDS.join(_written(_numbers(page)) if page.lines else "" for page in sane)


def _within_reach(page: PlacedPage) -> PlacedPage:
    """Return a page without the lines that a broken file puts where no page is."""
    if max(page.width, page.height) > _FARTHEST:
        return replace(page, lines=())
    sides = ((line, (line.x0, line.top, line.x1, line.bottom)) for line in page.lines)
    return replace(page, lines=tuple(line for line, ends in sides if max(map(abs, ends)) <= _FARTHEST))


def unpacked(text: str, length: int) -> dict[int, PlacedPage]:
    """Return the pages of which lines are known, by number from 1.

    Raises:
        ValueError: if the text was not made by `packed`, or a line goes beyond the `length` of the document.
    """
    parts = enumerate(text.split(_PAGE_ENDS), 1)
    return {number: _page(_read(part), length) for number, part in parts if part}


def _numbers(page: PlacedPage) -> Iterator[int]:
    """Yield size and skew, then for each line what differs from the line before."""
    yield from (page.width, page.height, round(page.skew * _SKEW_UNITS))
    before = PlacedLine(Span(0, 0), 0, 0, 0, 0)
    for line in page.lines:
        yield from (line.span.start - before.span.end, len(line.span))
        yield from (line.x0 - before.x0, line.top - before.bottom, line.x1 - before.x1, line.bottom - line.top)
        before = line


def _page(numbers: Sequence[int], length: int) -> PlacedPage:
    if len(numbers) < 3 or len(numbers) % 6 != 3 or min(numbers[:2]) < 1:
        raise ValueError("页面上各行的位置不合规")
    width, height, skew = numbers[:3]
    lines: list[PlacedLine] = []
    end = x0 = x1 = bottom = 0
    for gap, size, left, above, right, high in zip(*[iter(numbers[3:])] * 6, strict=True):
        start, x0, top, x1 = end + gap, x0 + left, bottom + above, x1 + right
        end, bottom = start + size, top + high
        if not 0 <= start <= end <= length:
            raise ValueError(f"页面上一行的位置超出正文：{start}–{end}")
        lines.append(PlacedLine(Span(start, end), x0, top, x1, bottom))
    return PlacedPage(width, height, skew / _SKEW_UNITS, tuple(lines))


def _written(numbers: Iterator[int]) -> str:
    signs: list[str] = []
    for number in numbers:
        left = -number << 1 | 1 if number < 0 else number << 1
        while left > 31:
            signs.append(_SIGNS[left & 31 | 32])
            left >>= 5
        signs.append(_SIGNS[left])
    return "".join(signs)


def _read(text: str) -> list[int]:
    numbers: list[int] = []
    value = shift = 0
    for sign in text:
        bits = _VALUES.get(sign)
        if bits is None:
            raise ValueError(f"页面上各行的位置里有不合规的字符：{sign!r}")
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
        elif value > _LARGEST:
            raise ValueError("页面上各行的位置里有过大的数")
    if shift:
        raise ValueError("页面上各行的位置不完整")
    return numbers
