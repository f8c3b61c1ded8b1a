"""What stands on a page of a PDF: characters of its text layer, rules, and where pictures lie."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import pypdfium2.raw as raw

from index.loaders.glyph_repair import repaired
from index.loaders.grids import Rule
from index.loaders.sheets import Glyph, Sheet, Sides

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_THIN = 2.5  # points up to which a filled rectangle is a rule
_SKEWED = 0.06  # radians: characters that are turned more, but not by a right angle, are a watermark
_LIGATURES = {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}
_FONT_NAME_MAX = 200  # bytes
_DEPTH = 5  # forms within forms
_FORMS_MAX = 64  # pages on one page
_SEGMENTS_MAX = 2000  # of one shape
_PALE, _WHITE = 0.6, 0.97  # luminance between which text may lie under other text
_CLEAR = 178  # opacity of 255 below which it may as well
_COLUMN_MIN = 8  # characters below each other from which a page may be written downwards
_APART_MAX = 2.2  # em from one character to the next of a line
_LOST = 0xFFFD  # what stands for a character of which its font does not say what it is
_LOST_MAX = 0.05  # of such characters those with codes of no sign, up to which the codes may be letters all the same
_OUTSIDE_MAX = 0.1  # share of the characters that may stand beside the pages that a page shows


def sheets(page: pdfium.PdfPage, turned: Turn, headings: Sequence[tuple[str, int]]) -> list[Sheet]:
    """Return what stands on a page; one sheet for each of several pages that are printed on it side by side."""
    glyphs, rules = _directed(_glyphs(page, turned)), list(_rules(page, turned))
    whole = Sheet(turned.width, turned.height, glyphs, rules, headings)
    parts = [_cut(whole, area) for area in _logical_pages(page, turned)]
    if len(glyphs) - sum(len(part.glyphs) for part in parts) > _OUTSIDE_MAX * len(glyphs):
        return [whole]
    return [replace(part, part=number > 0) for number, part in enumerate(parts)] or [whole]


def pictured(page: pdfium.PdfPage) -> float:
    """Return the share of a page that pictures cover."""
    turned = Turn(page)
    images = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEPTH)
    boxes = [_bounds(image, turned) for image in images]
    covered = sum(max(0.0, x1 - x0) * max(0.0, bottom - top) for x0, top, x1, bottom in boxes)
    return float(covered / max(1.0, turned.width * turned.height))


class Turn:
    """Where points of a page's own coordinates stand, seen as it is shown: from the top left, turned upright."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self._left, self._bottom, self._right, self._top = page.get_cropbox()
        self.rotation = page.get_rotation()
        across, down = self._right - self._left, self._top - self._bottom
        self.width, self.height = (down, across) if self.rotation in (90, 270) else (across, down)

    def box(self, left: float, bottom: float, right: float, top: float) -> Sides:
        """Return a box as left, top, right, bottom."""
        return self.around([(left, bottom), (right, top)])

    def around(self, points: Sequence[tuple[float, float]]) -> Sides:
        """Return the box around points, as left, top, right, bottom."""
        placed = [self.point(x, y) for x, y in points]
        xs, ys = [x for x, _ in placed], [y for _, y in placed]
        return min(xs), min(ys), max(xs), max(ys)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point as distances from the left and from the top."""
        match self.rotation:
            case 90:
                return y - self._bottom, x - self._left
            case 180:
                return self._right - x, y - self._bottom
            case 270:
                return self._top - y, self._right - x
            case _:
                return x - self._left, self._top - y

    def quarters(self, angle: float) -> int:
        """Return how many quarter turns to the left make text upright; `angle` is clockwise, in radians."""
        return int(round(angle / (math.pi / 2)) + self.rotation // 90) % 4


# --- characters -------------------------------------------------------------------------------


def _glyphs(page: pdfium.PdfPage, turned: Turn) -> list[Glyph]:
    text = page.get_textpage()
    box = raw.FS_RECTF()
    glyphs: list[Glyph] = []
    places: list[int] = []
    unmapped: list[int] = []
    for i in range(text.count_chars()):
        code, lost = raw.FPDFText_GetUnicode(text, i), raw.FPDFText_HasUnicodeMapError(text, i) == 1
        code = _LOST if lost and code < 32 else code
        if code <= 32 or raw.FPDFText_IsGenerated(text, i) == 1 or 0xDC00 <= code < 0xE000:
            continue
        angle = raw.FPDFText_GetCharAngle(text, i)
        off = angle % (math.pi / 2)
        if min(off, math.pi / 2 - off) > _SKEWED or not raw.FPDFText_GetLooseCharBox(text, i, ctypes.byref(box)):
            continue
        x0, top, x1, bottom = turned.box(box.left, box.bottom, box.right, box.top)
        if 0 <= (x0 + x1) / 2 <= turned.width and 0 <= (top + bottom) / 2 <= turned.height and bottom > top:
            turns, faint = turned.quarters(angle), _is_faint(text, i)
            if lost:
                unmapped.append(len(glyphs))
            glyphs.append(Glyph(_character(text, i, code), x0, top, x1, bottom, turns, faint))
            places.append(i)
    if sum(glyphs[at].text == chr(_LOST) for at in unmapped) > _LOST_MAX * len(unmapped):
        for at in unmapped:
            glyphs[at] = glyphs[at]._replace(text=chr(_LOST))
    found = repaired(glyphs, lambda place: _font(text, places[place]))
    text.close()
    return found


def _font(text: pdfium.PdfTextPage, place: int) -> str:
    """Return the name of the font that a character is set in, behind the letters of a subset: ABCDEF+SimSun."""
    name = ctypes.create_string_buffer(_FONT_NAME_MAX)
    raw.FPDFText_GetFontInfo(text, place, name, _FONT_NAME_MAX, ctypes.c_int())
    return name.value.decode("utf-8", "replace")


def _character(text: pdfium.PdfTextPage, place: int, code: int) -> str:
    if 0xD800 <= code < 0xDC00:  # pdfium counts in UTF-16
        low = raw.FPDFText_GetUnicode(text, place + 1)
        return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)) if 0xDC00 <= low < 0xE000 else "\ufffd"
    character = chr(code)
    return _LIGATURES.get(character, character)


def _is_faint(text: pdfium.PdfTextPage, place: int) -> bool:
    red, green, blue, opacity = (ctypes.c_uint() for _ in range(4))
    if not raw.FPDFText_GetFillColor(text, place, red, green, blue, opacity):
        return False
    light = (0.299 * red.value + 0.587 * green.value + 0.114 * blue.value) / 255
    return _PALE < light < _WHITE or 0 < opacity.value < _CLEAR


def _directed(glyphs: list[Glyph]) -> list[Glyph]:
    """Return the characters that mostly follow each other downwards, as columns to be read from the right."""
    down, across = _steps(glyphs)
    if len(down) < _COLUMN_MIN or len(down) <= len(across):
        return glyphs
    level = {place for step in across for place in step} - {place for step in down for place in step}
    return [glyph if glyph.turns or place in level else glyph._replace(turns=1) for place, glyph in enumerate(glyphs)]


def _steps(glyphs: Sequence[Glyph]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the neighbours of which the second stands below the first, and those of which it stands beside it."""
    down, across = [], []
    for place, (one, other) in enumerate(pairwise(glyphs)):
        width = one.x1 - one.x0
        right, below = other.x0 + other.x1 - one.x0 - one.x1, other.top + other.bottom - one.top - one.bottom
        if one.turns or other.turns:
            continue
        if abs(right) < 0.6 * width and width < below < 2 * _APART_MAX * width:
            down.append((place, place + 1))
        elif abs(below) < 0.6 * width and 0 < right < 2 * _APART_MAX * width:
            across.append((place, place + 1))
    return down, across


# --- rules ------------------------------------------------------------------------------------


def _rules(page: pdfium.PdfPage, turned: Turn) -> Iterator[Rule]:
    """Yield straight lines along the page's edges: strokes, sides of boxes, and boxes as thin as a line."""
    for drawn in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=_DEPTH):
        if _is_background(drawn, turned):
            continue
        matrix = _matrix(drawn)
        points: list[tuple[float, float]] = []
        start: tuple[float, float] | None = None
        for number in range(min(raw.FPDFPath_CountSegments(drawn), _SEGMENTS_MAX)):
            segment = raw.FPDFPath_GetPathSegment(drawn, number)
            x, y = ctypes.c_float(), ctypes.c_float()
            raw.FPDFPathSegment_GetPoint(segment, x, y)
            point = turned.point(*matrix.on_point(x.value, y.value))
            if raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_MOVETO:
                start, points = point, [*points, (math.nan, math.nan), point]
            else:
                points.append(point)
            if raw.FPDFPathSegment_GetClose(segment) and start is not None:
                points.append(start)
        yield from _straight(points, turned)


def _matrix(drawn: pdfium.PdfObject) -> pdfium.PdfMatrix:
    """Return the matrix from an object's own coordinates to those of the page, through the forms that it lies in."""
    matrix = drawn.get_matrix()
    return matrix if drawn.container is None else matrix.multiply(_matrix(drawn.container))


def _bounds(drawn: pdfium.PdfObject, turned: Turn) -> Sides:
    """Return the box around an object as the page is shown; pdfium tells it in coordinates of the form around it."""
    left, bottom, right, top = drawn.get_bounds()
    corners = [(left, bottom), (left, top), (right, bottom), (right, top)]
    if drawn.container is not None:
        matrix = _matrix(drawn.container)
        corners = [matrix.on_point(*corner) for corner in corners]
    return turned.around(corners)


def _is_background(drawn: pdfium.PdfObject, turned: Turn) -> bool:
    """Return whether a shape is filled but not drawn round, and too thick for a rule: the colour behind a cell."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(drawn, fill, stroke)
    if stroke.value:
        return False
    x0, top, x1, bottom = _bounds(drawn, turned)
    return min(x1 - x0, bottom - top) > _THIN


def _straight(points: Sequence[tuple[float, float]], turned: Turn) -> Iterator[Rule]:
    for (x0, y0), (x1, y1) in pairwise(points):
        if abs(x1 - x0) <= _THIN / 2 or abs(y1 - y0) <= _THIN / 2:  # false for NaN
            whole = abs(x1 - x0) > 0.98 * turned.width or abs(y1 - y0) > 0.98 * turned.height
            if not whole and max(abs(x1 - x0), abs(y1 - y0)) > _THIN:
                yield Rule(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


# --- several pages on one ---------------------------------------------------------------------


def _logical_pages(page: pdfium.PdfPage, turned: Turn) -> list[Sides]:
    """Return where forms lie that are pages of their own: side by side and none over another; row by row."""
    forms = page.get_objects(filter=[raw.FPDF_PAGEOBJ_FORM], max_depth=1)
    areas = sorted((_bounds(form, turned) for form in islice(forms, _FORMS_MAX)), key=lambda area: area[1])
    rows: list[list[Sides]] = []
    for area in areas:
        if rows and area[1] < max(bottom for *_, bottom in rows[-1]):
            rows[-1].append(area)
        else:
            rows.append([area])
    rows = [sorted(row) for row in rows]
    overlap = any(left[2] > right[0] for row in rows for left, right in pairwise(row))
    return [area for row in rows for area in row] if any(len(row) > 1 for row in rows) and not overlap else []


def _cut(sheet: Sheet, area: Sides) -> Sheet:
    """Return the part of a page in an area, as a page of its own."""
    x0, top, x1, bottom = area
    glyphs = [
        glyph._replace(x0=glyph.x0 - x0, top=glyph.top - top, x1=glyph.x1 - x0, bottom=glyph.bottom - top)
        for glyph in sheet.glyphs
        if glyph.is_within(area)
    ]
    rules = [
        Rule(rule.x0 - x0, rule.top - top, rule.x1 - x0, rule.bottom - top)
        for rule in sheet.rules
        if x0 <= (rule.x0 + rule.x1) / 2 <= x1 and top <= (rule.top + rule.bottom) / 2 <= bottom
    ]
    frame = (x0, top, sheet.width, sheet.height)
    return replace(sheet, width=x1 - x0, height=bottom - top, glyphs=glyphs, rules=rules, frame=frame)
