"""Plots as shapes for an SVG: bars and lines over stretches of time. Pure; the template writes them down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 720.0, 180.0
LEFT, BOTTOM, TOP = 44.0, 24.0, 8.0
LABELS = 8
"""About how many labels stand at the time axis."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `kind` names its colour, `tip` says what it stands for."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    tip: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, as SVG writes them; pieces where values are missing."""

    pieces: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label at an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot; positions in units of a box of `WIDTH` × `HEIGHT`, y downwards."""

    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    times: tuple[Tick, ...] = ()
    values: tuple[Tick, ...] = ()
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT


def stacked(labels: Sequence[str], series: Sequence[tuple[str, str, Sequence[int]]]) -> Plot:
    """Return bars on top of each other, a series the lowest first: its kind, its name, a value for each stretch."""
    totals = [sum(values) for values in zip(*(each[2] for each in series), strict=True)]
    top, ticks = _scale(max(totals, default=0), whole=True)
    step = (WIDTH - LEFT) / max(1, len(labels))
    bars = []
    for column, label in enumerate(labels):
        below = 0
        for kind, name, values in series:
            if values[column]:
                y, height = _y(below + values[column], top), _y(below, top) - _y(below + values[column], top)
                tip = f"{label} {name} {values[column]}"
                bars.append(Bar(LEFT + column * step + step * 0.15, y, step * 0.7, height, kind, tip))
            below += values[column]
    return Plot(bars=tuple(bars), times=_times(labels, step), values=ticks)


def lines(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]]) -> Plot:
    """Return lines over the stretches, a series each: its kind, a value for each stretch; None leaves a gap."""
    top, ticks = _scale(max((value for _, values in series for value in values if value is not None), default=0.0))
    step = (WIDTH - LEFT) / max(1, len(labels))
    drawn = tuple(Line(_pieces(values, step, top), kind) for kind, values in series)
    return Plot(lines=drawn, times=_times(labels, step), values=ticks)


def _pieces(values: Sequence[float | None], step: float, top: float) -> tuple[str, ...]:
    pieces: list[list[str]] = [[]]
    for column, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{LEFT + (column + 0.5) * step:.1f},{_y(value, top):.1f}")
    return tuple(" ".join(piece) for piece in pieces if piece)


def _y(value: float, top: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top), 2)


def _scale(highest: float, whole: bool = False) -> tuple[float, tuple[Tick, ...]]:
    """Return a round value at or above the highest, with the labels up to it.

    Steps of 1, 2 or 5 times a power of ten.
    """
    if highest <= 0:
        highest = 1.0
    rough = highest / 4
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    if whole:
        step = max(1.0, step)
    count = ceil(highest / step - 1e-9)
    top = step * count
    return top, tuple(Tick(_y(step * i, top), f"{step * i:g}") for i in range(count + 1))


def _times(labels: Sequence[str], step: float) -> tuple[Tick, ...]:
    every = max(1, ceil(len(labels) / LABELS))
    return tuple(Tick(LEFT + (i + 0.5) * step, label) for i, label in enumerate(labels) if i % every == 0)
