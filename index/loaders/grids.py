"""Ruled tables on a page: rules that touch form a table; places with no rule between them are one merged cell."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_NEAR = 3.0  # points within which two rules are one, or touch
_SHORT = 6.0  # points below which a rule is part of a sign
_WALL = 0.6  # share of a cell's side that must be ruled
_RULES_MAX = 4000  # a drawing, not a table


class Rule(NamedTuple):
    """A horizontal or vertical line, in points from the top left corner of the page."""

    x0: float
    top: float
    x1: float
    bottom: float


class Segment(NamedTuple):
    """A horizontal line at `at` from `start` to `end`, or a vertical one with the axes exchanged."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Lattice:
    """The grid of a table."""

    xs: tuple[float, ...]  # positions of its columns' borders, ascending; at least two
    ys: tuple[float, ...]  # the same of its rows
    cells: tuple[tuple[int, ...], ...]  # for each place, row by row, the number of the merged cell that it belongs to
    header: int | None = None  # rows at the top that name the columns; None where that is not known

    def cell(self, x: float, y: float) -> int | None:
        """Return the cell at a point, or None outside the table."""
        column, row = bisect_right(self.xs, x) - 1, bisect_right(self.ys, y) - 1
        if 0 <= column < len(self.xs) - 1 and 0 <= row < len(self.ys) - 1:
            return self.cells[row][column]
        return None


def lattices(rules: Sequence[Rule]) -> list[Lattice]:
    """Return the ruled tables of a page, from the top down; frames around a single cell are none."""
    if len(rules) > _RULES_MAX:
        return []
    across = levels(rules)
    down = _merged([Segment((r.x0 + r.x1) / 2, r.top, r.bottom) for r in rules if r.x1 - r.x0 <= r.bottom - r.top])
    found = [lattice for group in _touching(across, down) if (lattice := _lattice(*group)) is not None]
    return sorted(_outermost(found), key=lambda lattice: (lattice.ys[0], lattice.xs[0]))


def levels(rules: Sequence[Rule]) -> list[Segment]:
    """Return horizontal rules, from the top down, what touches on one line as one."""
    return _merged([Segment((r.top + r.bottom) / 2, r.x0, r.x1) for r in rules if r.x1 - r.x0 > r.bottom - r.top])


def _merged(segments: Sequence[Segment]) -> list[Segment]:
    """Return segments on one line that touch or overlap as one; short ones left out afterwards, as dashes add up."""
    merged: list[Segment] = []
    for group in _clusters(sorted(segments)):
        at = sum(segment.at for segment in group) / len(group)
        first = len(merged)
        for _, start, end in sorted(group, key=lambda segment: segment.start):
            if len(merged) > first and start <= merged[-1].end + _NEAR:
                merged[-1] = Segment(at, merged[-1].start, max(merged[-1].end, end))
            else:
                merged.append(Segment(at, start, end))
    return [segment for segment in merged if segment.end - segment.start >= _SHORT]


def _clusters(segments: Sequence[Segment]) -> list[list[Segment]]:
    groups: list[list[Segment]] = []
    for segment in segments:
        if groups and segment.at - groups[-1][0].at <= _NEAR:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    return groups


def _touching(across: Sequence[Segment], down: Sequence[Segment]) -> list[tuple[list[Segment], list[Segment]]]:
    """Return the groups of rules that hang together."""
    parents = list(range(len(across) + len(down)))
    for i, one in enumerate(across):
        for j, other in enumerate(down):
            if one.start - _NEAR <= other.at <= one.end + _NEAR and other.start - _NEAR <= one.at <= other.end + _NEAR:
                parents[_root(parents, i)] = _root(parents, len(across) + j)
    groups: dict[int, tuple[list[Segment], list[Segment]]] = defaultdict(lambda: ([], []))
    for i, segment in enumerate((*across, *down)):
        groups[_root(parents, i)][i >= len(across)].append(segment)
    return [group for group in groups.values() if all(group)]


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = place = parents[parents[place]]
    return place


def _lattice(across: list[Segment], down: list[Segment]) -> Lattice | None:
    """Return the grid of a group of rules; sides that are left open end where the rules end."""
    xs = _positions(down, [end for rule in across for end in (rule.start, rule.end)])
    ys = _positions(across, [end for rule in down for end in (rule.start, rule.end)])
    if (len(xs) - 1) * (len(ys) - 1) < 2:
        return None
    columns, rows = len(xs) - 1, len(ys) - 1
    parents = list(range(rows * columns))
    for row in range(rows):
        for column in range(columns):
            place = row * columns + column
            if column + 1 < columns and not _ruled(down, xs[column + 1], ys[row], ys[row + 1]):
                parents[_root(parents, place + 1)] = _root(parents, place)
            if row + 1 < rows and not _ruled(across, ys[row + 1], xs[column], xs[column + 1]):
                parents[_root(parents, place + columns)] = _root(parents, place)
    cells = tuple(tuple(_root(parents, row * columns + column) for column in range(columns)) for row in range(rows))
    return Lattice(xs, ys, cells) if len({cell for row in cells for cell in row}) > 1 else None


def _positions(rules: Sequence[Segment], ends: Sequence[float]) -> tuple[float, ...]:
    at = sorted(rule.at for rule in rules)
    outer = [end for end in (min(ends), max(ends)) if end < at[0] - 2 * _NEAR or end > at[-1] + 2 * _NEAR]
    positions: list[float] = []
    for position in sorted([*at, *outer]):
        if not positions or position - positions[-1] > _NEAR:
            positions.append(position)
    return tuple(positions)


def _ruled(rules: Sequence[Segment], at: float, start: float, end: float) -> bool:
    covered = sum(max(0.0, min(end, rule.end) - max(start, rule.start)) for rule in rules if abs(rule.at - at) <= _NEAR)
    return covered >= _WALL * (end - start)


def _outermost(found: Sequence[Lattice]) -> list[Lattice]:
    """Return the tables that lie in no other; one inside a cell is read with the cell."""

    def lies_in(one: Lattice, other: Lattice) -> bool:
        sides = ((one.xs, other.xs), (one.ys, other.ys))
        return all(outer[0] - _NEAR <= inner[0] and inner[-1] <= outer[-1] + _NEAR for inner, outer in sides)

    return [one for one in found if not any(other is not one and lies_in(one, other) for other in found)]
