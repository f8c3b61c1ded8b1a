"""Pages of the evaluation: one self-contained HTML file each, from templates that escape whatever they are given.

A page loads nothing from the network; its content security policy forbids it and allows only the page's own script.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.metrics.answer_metrics import LABELS
from eval.metrics.scores import figure

_FOLDER = Path(__file__).parent


def clip(text: str, length: int) -> str:
    """Return text on one line, cut off where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def clip_start(text: str, length: int) -> str:
    """Return text on one line, its beginning cut off where it is longer: the end of a path says more."""
    return clip(text[::-1], length)[::-1]


_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {
    "clip": clip,
    "clip_start": clip_start,
    "figure": figure,
    "label": lambda name: LABELS.get(name, name),
}


def page(template: str, title: str, script: str = "page.js", **values: object) -> str:
    """Return a complete HTML document, light or dark as the reader's system is; the same values give the same bytes.

    `script` names the one script of the page, `values` are what the template shows.
    """
    style, code = ("\n" + (_FOLDER / name).read_text("utf-8") for name in ("page.css", script))
    digest = b64encode(hashlib.sha256(code.encode()).digest()).decode()
    shown = {"title": title, "style": Markup(style), "script": Markup(code), "digest": Markup(digest)}
    return _TEMPLATES.get_template(template).render(**shown, **values)


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell that sorts by something else than its text."""

    text: str
    value: float | None  # None sorts last


Row = Sequence[str | Cell]


def table(header: Sequence[str], rows: Sequence[Row]) -> Markup:
    """Return a table whose columns sort at a click."""
    return Markup(_TEMPLATES.get_template("parts.html").module.table(header, rows))  # type: ignore[attr-defined]


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

    def value(self, share: float) -> float:
        """Return the value that lies there."""
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a plot that shows its title under the pointer."""

    x: float
    y: float
    title: str
    radius: float = 4
    color: str = "var(--bar)"


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points of a plot."""

    points: Sequence[tuple[float, float]]
    color: str = "var(--bar)"


@dataclass(frozen=True, slots=True)
class Plot:
    """A square of two axes with lines and dots in it; `draw` of parts.html writes it as SVG."""

    label: str
    x: Axis
    y: Axis
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point, in pixels."""
        return 48 + 240 * self.x.share(x), 220 - 200 * self.y.share(y)


def draw(plot: Plot) -> Markup:
    """Return a plot as SVG."""
    return Markup(_TEMPLATES.get_template("parts.html").module.draw(plot))  # type: ignore[attr-defined]
