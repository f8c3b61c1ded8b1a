"""Curves over the number of passages as SVG, both axes logarithmic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 460, 280, 56, 34, 26, 12
_COLOURS = ("var(--bar)", "var(--bad)", "var(--good)", "currentColor")

Line = Sequence[tuple[float, float]]


def plot(title: str, lines: Mapping[str, Line], goal: float | None = None) -> str:
    """Return curves with their names.

    Args:
        title: with the unit of what is drawn.
        lines: by name, points `(passages, value)`, all above 0; the last of four colours is for every further one.
        goal: drawn as a dashed line.
    """
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    values = [value for _, value in points] + ([goal] if goal else [])
    across, up = _scale([x for x, _ in points]), _scale(values)
    drawn = [_grid(across, up)]
    for number, (name, line) in enumerate(lines.items()):
        drawn.append(_line(name, line, across, up, _COLOURS[min(number, len(_COLOURS) - 1)], number))
    if goal:
        y = _y(goal, up)
        drawn.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
                     'stroke-dasharray="5 4" opacity=".6"/>')  # fmt: skip
    label = escape(title)
    return (
        f'<figure class="card"><figcaption>{label}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{label}">{"".join(drawn)}</svg></figure>'
    )


def _scale(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten below and above all values."""
    low, high = floor(log10(min(values)) + 1e-9), ceil(log10(max(values)) - 1e-9)
    return low, max(high, low + 1)


def _x(value: float, across: tuple[int, int]) -> float:
    return _LEFT + (log10(value) - across[0]) / (across[1] - across[0]) * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, up: tuple[int, int]) -> float:
    return _HEIGHT - _BOTTOM - (log10(value) - up[0]) / (up[1] - up[0]) * (_HEIGHT - _BOTTOM - _TOP)


def _grid(across: tuple[int, int], up: tuple[int, int]) -> str:
    parts = []
    low, bottom = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM + 16
    for power in range(across[0], across[1] + 1):
        x = _x(10.0**power, across)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{low}" stroke="var(--line)"/>'
                     f'<text x="{x:.1f}" y="{bottom}" text-anchor="middle">{_number(power)}</text>')  # fmt: skip
    for power in range(up[0], up[1] + 1):
        y = _y(10.0**power, up)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'
                     f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(power)}</text>')  # fmt: skip
    return "".join(parts)


def _line(name: str, line: Line, across: tuple[int, int], up: tuple[int, int], colour: str, number: int) -> str:
    places = [(_x(x, across), _y(y, up)) for x, y in line]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
    left = _LEFT + 6 + number * 100
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'
        f'<rect x="{left}" y="8" width="10" height="10" fill="{colour}"/>'
        f'<text x="{left + 14}" y="17">{escape(name)}</text>'
    )


def _number(power: int) -> str:
    return {4: "1万", 5: "10万", 6: "100万"}.get(power, f"{10.0**power:g}")
