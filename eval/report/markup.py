"""What pages of the evaluation are made of: one self-contained HTML file, tables that sort, plots as SVG.

A page loads nothing from the network; its content security policy forbids it and allows only the page's own script.
Every text that comes from outside goes through `escape`.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_FOLDER = Path(__file__).parent
_STYLE, _SCRIPT = ("\n" + (_FOLDER / name).read_text("utf-8") for name in ("page.css", "page.js"))


def document(title: str, body: Iterable[str], script: str = _SCRIPT) -> str:
    """Return a complete HTML document, light or dark as the reader's system is.

    Args:
        title: plain text.
        body: HTML.
        script: the one script of the page.
    """
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + f"\n<script>{script}</script>\n</body></html>\n"
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell that sorts by something else than its text."""

    html: str
    value: float | None  # what it sorts by; None sorts last


Row = Sequence[str | Cell]


def sortable(header: Sequence[str], rows: Iterable[Row]) -> str:
    """Return a table whose columns sort at a click; the header is text, cells are HTML."""
    head = "".join(f'<th><button type="button">{escape(cell)}</button></th>' for cell in header)
    lines = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return (
        f'<div class="wide card"><table data-sorts><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    )


def _cell(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return f"<td>{cell}</td>"
    return f'<td data-v="{"-" if cell.value is None else f"{cell.value:.6g}"}">{cell.html}</td>'


def filters(selector: str, kinds: Sequence[tuple[str, int]], hint: str) -> str:
    """Return a box of words and buttons that leaves only what matches to be seen.

    Args:
        selector: CSS selector of what is filtered; each has `data-kind`.
        kinds: names with how many there are.
        hint: what stands in the empty box.
    """
    buttons = "".join(
        f'<button type="button" value="{escape(kind)}" aria-pressed="false">{escape(kind)} {n}</button>'
        for kind, n in kinds
    )
    return (
        f'<div class="kinds" data-filters="{escape(selector)}">'
        f'<input type="search" placeholder="{escape(hint)}" aria-label="{escape(hint)}">'
        f"{buttons}<output></output></div>"
    )


def definitions(facts: Iterable[tuple[str, str]]) -> str:
    """Return names with texts, both plain."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts) + "</dl>"


def clip(text: str, length: int) -> str:
    """Return text on one line, cut off where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def clip_start(text: str, length: int) -> str:
    """Return text on one line, its beginning cut off where it is longer: the end of a path says more."""
    return clip(text[::-1], length)[::-1]


def interval_bar(value: float, low: float, high: float, before: float | None = None) -> str:
    """Return an interval as a line, the value as a dot, the value before as a tick, on a scale from 0 to 1."""
    x, left, right = (10 + 180 * each for each in (value, low, high))
    tick = ""
    if before is not None:
        at = 10 + 180 * before
        tick = f'<line x1="{at:.1f}" x2="{at:.1f}" y1="1" y2="15" stroke="currentColor" stroke-width="2"/>'
    return (
        f'<svg width="200" height="16" viewBox="0 0 200 16" role="img" aria-label="{low:.3f} 到 {high:.3f}">'
        '<line x1="10" x2="190" y1="8" y2="8" stroke="var(--line)" stroke-width="2"/>'
        f'<line x1="{left:.1f}" x2="{right:.1f}" y1="8" y2="8" stroke="var(--bar)" stroke-width="4"/>'
        f'{tick}<circle cx="{x:.1f}" cy="8" r="5" fill="var(--bar)"/></svg>'
    )


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of a plot."""

    label: str
    low: float = 0.0
    high: float = 1.0
    digits: int = 1  # of its tick labels, behind the point

    def share(self, value: float) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high one."""
        return (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5


@dataclass(frozen=True, slots=True)
class Plot:
    """A square of two axes to put marks on."""

    x: Axis
    y: Axis

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point, in pixels."""
        return 48 + 240 * self.x.share(x), 220 - 200 * self.y.share(y)

    def dot(self, x: float, y: float, radius: float = 4, color: str = "var(--bar)", title: str = "") -> str:
        """Return a filled circle that shows its title under the pointer."""
        left, top = self.at(x, y)
        return (
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{radius:.1f}" fill="{color}" fill-opacity=".75">'
            f"<title>{escape(title)}</title></circle>"
        )

    def line(self, points: Sequence[tuple[float, float]], color: str = "var(--bar)", width: float = 2) -> str:
        """Return a line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))
        return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width:g}"/>'

    def drawn(self, label: str, marks: Iterable[str]) -> str:
        """Return the plot with its axes and marks."""
        return (
            f'<svg width="300" height="260" viewBox="0 0 300 260" role="img" aria-label="{escape(label)}">'
            '<rect x="48" y="20" width="240" height="200" fill="var(--soft)"/>'
            + "".join(self._ticks())
            + "".join(marks)
            + f'<text x="168" y="252" text-anchor="middle">{escape(self.x.label)}</text>'
            f'<text x="4" y="12">{escape(self.y.label)}</text></svg>'
        )

    def _ticks(self) -> Iterable[str]:
        for share in (0.0, 0.5, 1.0):
            x, y = (axis.low + share * (axis.high - axis.low) for axis in (self.x, self.y))
            left, top = self.at(x, y)
            yield f'<text x="{left:.0f}" y="235" text-anchor="middle">{x:.{self.x.digits}f}</text>'
            yield f'<text x="44" y="{top + 4:.0f}" text-anchor="end">{y:.{self.y.digits}f}</text>'
            yield f'<line x1="48" x2="288" y1="{top:.1f}" y2="{top:.1f}" stroke="var(--line)"/>'
