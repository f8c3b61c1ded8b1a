"""What pages of the evaluation are made of: one self-contained HTML file, tables that sort, plots as SVG.

A page asks nothing of the network; its policy forbids it to, and lets run only the one script that is in it.
Every text that comes from outside goes through `escape`.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root { color-scheme: light dark; --line: #8883; --soft: #8881; --ink: #1d5f8a; --bar: #3b82c4; --good: #23805c;
  --bad: #c04a2f; --card: #fff; --page: #f6f7f9; }
@media (prefers-color-scheme: dark) { :root { --ink: #8cc4ee; --bar: #5aa2e0; --good: #5cc79b; --bad: #f0836a;
  --card: #1d2229; --page: #14171c; } }
* { box-sizing: border-box; }
body { font: 15px/1.65 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 0 auto; max-width: 76rem;
  padding: 1.2rem 1rem 4rem; background: var(--page); }
h1 { font-size: 1.5rem; margin: .4rem 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: .8rem 1rem; }
.cards { display: grid; gap: .7rem; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.cards b { display: block; font-size: 1.75rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
.beside { display: grid; gap: .7rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); align-items: start; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; white-space: nowrap; }
td.text { white-space: normal; min-width: 16rem; overflow-wrap: anywhere; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible, .kinds button:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
small, .quiet { opacity: .72; }
.good { color: var(--good); } .bad { color: var(--bad); }
svg { max-width: 100%; height: auto; }
td svg { max-width: none; vertical-align: middle; } svg text { fill: currentColor; font-size: 11px; }
details { border: 1px solid var(--line); border-radius: .6rem; margin: .4rem 0; padding: .4rem .8rem;
  background: var(--card); }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { color: var(--bad); }
dl { display: grid; gap: .25rem 1rem; grid-template-columns: max-content 1fr; margin: .6rem 0; }
dt { opacity: .72; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.kinds { display: flex; flex-wrap: wrap; gap: .4rem; margin: .5rem 0; }
.kinds button, .kinds input, .kinds select { font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 2rem; padding: .15rem .8rem; }
.kinds input { flex: 1 1 14rem; min-width: 0; }
.kinds button[aria-pressed=true] { background: var(--ink); color: var(--page); }
[hidden] { display: none !important; }
"""

_SCRIPT = """
for (const table of document.querySelectorAll('table[data-sorts]')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstChild.addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') !== 'descending';
    heads.forEach(each => each.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = row => row.cells[column].dataset.v ?? row.cells[column].textContent;
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === '-' || y === '-') return (x === '-') - (y === '-') || 0;
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y, 'zh') : x - y;
      return down ? -order : order;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
  }));
}
for (const box of document.querySelectorAll('[data-filters]')) {
  const input = box.querySelector('input'), buttons = [...box.querySelectorAll('button')];
  const count = box.querySelector('output');
  const items = [...document.querySelectorAll(box.dataset.filters)];
  const apply = () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const kind = buttons.find(each => each.getAttribute('aria-pressed') === 'true')?.value ?? '';
    let shown = 0;
    for (const item of items) {
      const text = item.textContent.toLowerCase();
      item.hidden = (kind && item.dataset.kind !== kind) || !words.every(word => text.includes(word));
      shown += !item.hidden;
    }
    count.textContent = shown + ' / ' + items.length;
  };
  input.addEventListener('input', apply);
  buttons.forEach(button => button.addEventListener('click', () => {
    const pressed = button.getAttribute('aria-pressed') === 'true';
    buttons.forEach(each => each.setAttribute('aria-pressed', 'false'));
    button.setAttribute('aria-pressed', String(!pressed));
    apply();
  }));
  apply();
}
"""


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
    """A table cell that sorts by something else than its text.

    Attributes:
        html: what is shown.
        value: what it sorts by; None sorts last.
    """

    html: str
    value: float | None


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


def figure(value: float | None, digits: int = 3) -> str:
    """Return a number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def clip(text: str, length: int) -> str:
    """Return text on one line, cut off where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def clip_start(text: str, length: int) -> str:
    """Return text on one line, its beginning cut off where it is longer: of a path the end tells more."""
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
    """An axis of a plot.

    Attributes:
        label: what it shows.
        low: its smallest value.
        high: its greatest.
        digits: of its tick labels, behind the point.
    """

    label: str
    low: float = 0.0
    high: float = 1.0
    digits: int = 1

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
        """Return a filled circle that tells its title under the pointer."""
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
