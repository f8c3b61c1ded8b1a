"""OFD, the fixed layout of Chinese public bodies (GB/T 33190-2016): placed characters and lines, read like PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.loaders import layout, limits
from index.loaders.archive import Archive, child, children, resolved
from index.loaders.content import Content, Unreadable, Writer
from index.loaders.grids import Rule
from index.loaders.sheets import Glyph, Sheet

if TYPE_CHECKING:
    from lxml import etree

_POINTS = 72 / 25.4  # points in a millimetre
_A4 = (0.0, 0.0, 210.0, 297.0)
_ASCENT = 0.85  # share of a character's size above its base line
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_STEP = re.compile(r"[MLSC]|-?\d+(?:\.\d+)?")
_PAGES_MAX = 3000
_REPEATS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Book:
    """An OFD document, open.

    Attributes:
        archive: its parts.
        root: the part that tells of all others.
        folder: in which that lies.
        pages: the parts of its pages.
        templates: parts that pages lie on, by their ids.
        area: of a page that says nothing of its own: left, top, width and height in millimetres.
    """

    archive: Archive
    root: etree._Element
    folder: str
    pages: Sequence[str]
    templates: Mapping[str, str]
    area: tuple[float, ...]

    def layers(self, page: etree._Element) -> list[etree._Element]:
        """Return what lies on a page, the lowest first: its templates, then its own."""
        asked = (self.templates.get(each.get("TemplateID") or "") for each in page.iter("{*}Template"))
        return [*(self.archive.xml(resolved(self.folder, location.strip())) for location in asked if location), page]

    def box(self, page: etree._Element) -> tuple[float, float, float, float]:
        """Return the area of a page: left, top, width and height in millimetres."""
        own = child(page, "Area", "PhysicalBox")
        return box(own.text if own is not None else None, self.area)


def opened(data: bytes) -> Book:
    """Open an .ofd file; raises what `read` does."""
    archive = Archive(data)
    body = archive.xml("OFD.xml")
    root = next((e.text or "" for e in body.iter("{*}DocRoot")), "").strip().lstrip("/")
    if not root:
        raise Unreadable("没有正文（缺少 DocRoot）。请用 OFD 阅读器打开后另存。")
    document, folder = archive.xml(root), root.rpartition("/")[0]
    templates = {e.get("ID") or "": e.get("BaseLoc") or "" for e in document.iter("{*}TemplatePage")}
    area = box(next((e.text for e in document.iter("{*}PhysicalBox")), None), _A4)
    pages = [resolved(folder, (e.get("BaseLoc") or "").strip()) for e in document.iter("{*}Page") if e.get("BaseLoc")]
    return Book(archive, document, folder, pages, templates, area)


def read(data: bytes) -> Content:
    """Read an .ofd file; Unreadable if it is damaged, or is no OFD document."""
    book = opened(data)
    writer = Writer()
    if len(book.pages) > _PAGES_MAX:
        writer.notice(f"共 {len(book.pages)} 页，只读前 {_PAGES_MAX} 页。请拆分成几个文件。")
    pages = book.pages[:_PAGES_MAX]
    limits.pages(len(pages))
    sheets = list[Sheet]()
    for page in pages:
        sheets.append(_sheet(book, book.archive.xml(page)))
        limits.page()
    layout.write(sheets, writer)
    return writer.content()


def _sheet(book: Book, page: etree._Element) -> Sheet:
    left, top, width, height = book.box(page)
    layers = book.layers(page)
    glyphs = [glyph for layer in layers for text in layer.iter("{*}TextObject") for glyph in _glyphs(text)]
    rules = [rule for layer in layers for path in layer.iter("{*}PathObject") for rule in _rules(path)]
    return Sheet(
        width * _POINTS, height * _POINTS,
        [Glyph(g.text, *_scaled(g[1:5], left, top)) for g in glyphs],
        [Rule(*_scaled(rule, left, top)) for rule in rules],
    )  # fmt: skip


def _scaled(box: tuple[float, ...], left: float, top: float) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return (x0 - left) * _POINTS, (y0 - top) * _POINTS, (x1 - left) * _POINTS, (y1 - top) * _POINTS


def box(text: str | None, default: tuple[float, ...]) -> tuple[float, float, float, float]:
    """Return a box as left, top, width and height."""
    numbers = numbers_of(text)
    x, y, width, height = numbers if len(numbers) == 4 else default
    return x, y, width, height


def numbers_of(text: str | None) -> list[float]:
    """Return the numbers of an attribute."""
    return [float(number) for number in _NUMBER.findall(text or "")]


def _placed(element: etree._Element, x: float, y: float) -> tuple[float, float]:
    """Return a point of an object on its page."""
    left, top, _, _ = box(element.get("Boundary"), (0.0, 0.0, 0.0, 0.0))
    matrix = numbers_of(element.get("CTM"))
    if len(matrix) == 6:
        a, b, c, d, e, f = matrix
        x, y = a * x + c * y + e, b * x + d * y + f
    return left + x, top + y


def _glyphs(element: etree._Element) -> Iterator[Glyph]:
    """Yield the characters of a text object, in millimetres; those of objects that are turned are a watermark."""
    size = (numbers_of(element.get("Size")) or [4.0])[0]
    matrix = numbers_of(element.get("CTM"))
    if len(matrix) == 6 and abs(matrix[1]) > 0.06 * max(abs(matrix[0]), 1e-6):
        return
    scale = abs(matrix[3]) if len(matrix) == 6 and matrix[3] else 1.0
    x = y = 0.0
    for code in children(element, "TextCode"):
        x, y = (numbers_of(code.get("X")) or [x])[0], (numbers_of(code.get("Y")) or [y])[0]
        across, down = deltas(code.get("DeltaX")), deltas(code.get("DeltaY"))
        right, below = x, y
        for number, character in enumerate(code.text or ""):
            left, base = _placed(element, right, below)
            height = size * scale
            width = height * (0.5 if character.isascii() else 1.0)
            yield Glyph(character, left, base - _ASCENT * height, left + width, base + (1 - _ASCENT) * height)
            right += across[min(number, len(across) - 1)] if across else (0.0 if down else size)
            below += down[min(number, len(down) - 1)] if down else 0.0


def deltas(text: str | None) -> list[float]:
    """Return distances between characters; 「g 3 5.5」 stands for three times 5.5."""
    parts = (text or "").split()
    found: list[float] = []
    while parts:
        part = parts.pop(0)
        if part == "g" and len(parts) >= 2:
            count = int((numbers_of(parts.pop(0)) or [0])[0])
            found += numbers_of(parts.pop(0))[:1] * max(0, min(count, _REPEATS_MAX))
        else:
            found += numbers_of(part)[:1]
    return found


def _rules(element: etree._Element) -> Iterator[Rule]:
    """Yield the straight parts of a drawing that run along the page's edges."""
    data = child(element, "AbbreviatedData")
    steps = _STEP.findall(data.text or "") if data is not None else []
    start = last = None
    place = 0
    while place < len(steps):
        step = steps[place]
        if step in ("M", "S", "L") and place + 2 < len(steps) and step != steps[place + 1]:
            point = _placed(element, float(steps[place + 1]), float(steps[place + 2]))
            if step == "L" and last is not None:
                yield from _rule(last, point)
            start, last = (point if step != "L" else start), point
            place += 3
        else:
            if step == "C" and last is not None and start is not None:
                yield from _rule(last, start)
            place += 1


def _rule(one: tuple[float, float], other: tuple[float, float]) -> Iterator[Rule]:
    x0, x1 = sorted((one[0], other[0]))
    y0, y1 = sorted((one[1], other[1]))
    if x1 - x0 < 0.5 or y1 - y0 < 0.5:
        yield Rule(x0, y0, x1, y1)
