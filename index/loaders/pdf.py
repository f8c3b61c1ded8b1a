"""PDF: the text layer where there is a true one, else what OCR reads off the page's picture."""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from index.loaders import layout, ocr
from index.loaders.content import Content, Unreadable, Writer
from index.loaders.grids import Rule
from index.loaders.layout import Glyph, Sheet
from index.loaders.plain import everyday_share

if TYPE_CHECKING:
    import pypdfium2 as pdfium

PAGES_MAX = 3000
"""Pages of a document with a text layer that are read."""
SCANNED_MAX = 300
"""Pages that are read by OCR: about half an hour on two cores."""

_THIN = 2.5  # points up to which a filled rectangle is a rule
_SKEWED = 0.06  # radians: characters that are turned more, but not by a right angle, are a watermark
_GARBLED = 0.5  # share of everyday characters below which a text layer says nothing
_JUDGED = 30  # characters from which that can be said
_PICTURE = 0.5  # share of the page that a picture covers if the page is a scan
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffd\ufffe\uffff\x00-\x08]")
_LIGATURES = {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}
_BOOKMARKS_MAX = 5000


def read(data: bytes) -> Content:
    """Read a .pdf file.

    Raises:
        Unreadable: if it is damaged or has a password.
        MissingDependency: if it is scanned and OCR is not installed.
    """
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("文件已加密（有打开密码）。请解除密码后重试。") from error
        raise Unreadable("PDF 结构损坏，文件可能不完整。请重新下载或另存。") from error
    writer = Writer()
    with document:
        count = len(document)
        if count > PAGES_MAX:
            writer.notice(f"共 {count} 页，只读前 {PAGES_MAX} 页。请拆分成几个文件。")
        layout.write(list(ocr.sheets(_sheets(document, min(count, PAGES_MAX), writer))), writer)
    return writer.content()


def _sheets(document: pdfium.PdfDocument, count: int, writer: Writer) -> Iterator[Sheet | ocr.Page]:
    headings = _bookmarks(document)
    scanned = 0
    for number in range(count):
        page = document[number]
        sheet: Sheet | ocr.Page = (text := _sheet(page, headings.get(number, ())))
        if _needs_ocr(page, text.glyphs):
            scanned += 1
            if scanned <= SCANNED_MAX:
                sheet = _scanned(page, headings.get(number, ()))
        page.close()
        yield sheet
    if scanned > SCANNED_MAX:
        writer.notice(f"有 {scanned} 页是扫描件，只识别了前 {SCANNED_MAX} 页。请拆分成几个文件。")


def _bookmarks(document: pdfium.PdfDocument) -> dict[int, list[tuple[str, int]]]:
    """Titles and levels of the document's outline, by page."""
    found: dict[int, list[tuple[str, int]]] = {}
    for number, bookmark in enumerate(document.get_toc()):
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        title = bookmark.get_title()
        if page is not None and title and number < _BOOKMARKS_MAX:
            found.setdefault(page, []).append((title, bookmark.level + 1))
    return found


# --- text layer -------------------------------------------------------------------------------


def _sheet(page: pdfium.PdfPage, headings: Sequence[tuple[str, int]]) -> Sheet:
    turned = _Turn(page)
    return Sheet(turned.width, turned.height, list(_glyphs(page, turned)), list(_rules(page, turned)), headings)


class _Turn:
    """Where points of a page's own coordinates stand, seen as it is shown: from the top left, turned upright."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        left, bottom, right, top = page.get_cropbox()
        self._left, self._bottom, self._right, self._top = left, bottom, right, top
        self.rotation = page.get_rotation()
        across, down = right - left, top - bottom
        self.width, self.height = (down, across) if self.rotation in (90, 270) else (across, down)

    def box(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        """A box as left, top, right, bottom."""
        (x0, y0), (x1, y1) = self.point(left, bottom), self.point(right, top)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point as distances from the left and from the top."""
        match self.rotation:
            case 90:
                return y - self._bottom, x - self._left
            case 180:
                return self._right - x, y - self._bottom
            case 270:
                return self._top - y, self._right - x
            case _:
                return x - self._left, self._top - y


def _glyphs(page: pdfium.PdfPage, turned: _Turn) -> Iterator[Glyph]:
    import pypdfium2.raw as raw

    text = page.get_textpage()
    box = raw.FS_RECTF()
    for i in range(text.count_chars()):
        code = raw.FPDFText_GetUnicode(text, i)
        if code <= 32 or raw.FPDFText_IsGenerated(text, i) == 1 or 0xDC00 <= code < 0xE000:
            continue
        if not raw.FPDFText_GetLooseCharBox(text, i, ctypes.byref(box)) or _is_skewed(
            raw.FPDFText_GetCharAngle(text, i)
        ):
            continue
        x0, top, x1, bottom = turned.box(box.left, box.bottom, box.right, box.top)
        if 0 <= (x0 + x1) / 2 <= turned.width and 0 <= (top + bottom) / 2 <= turned.height and bottom > top:
            yield Glyph(_character(raw, text, i, code), x0, top, x1, bottom)
    text.close()


def _character(raw: object, text: object, place: int, code: int) -> str:
    if 0xD800 <= code < 0xDC00:  # pdfium counts in UTF-16
        low = raw.FPDFText_GetUnicode(text, place + 1)  # type: ignore[attr-defined]
        return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)) if 0xDC00 <= low < 0xE000 else "\ufffd"
    character = chr(code)
    return _LIGATURES.get(character, character)


def _is_skewed(angle: float) -> bool:
    off = angle % (math.pi / 2)
    return min(off, math.pi / 2 - off) > _SKEWED


def _rules(page: pdfium.PdfPage, turned: _Turn) -> Iterator[Rule]:
    """Straight lines along the page's edges: strokes, sides of boxes, and boxes as thin as a line."""
    import pypdfium2.raw as raw

    for drawn in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=5):
        if _is_background(drawn):
            continue
        matrix = drawn.get_matrix()
        points: list[tuple[float, float]] = []
        start: tuple[float, float] | None = None
        for number in range(min(raw.FPDFPath_CountSegments(drawn), 2000)):
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


def _is_background(drawn: pdfium.PdfObject) -> bool:
    """Whether a shape is filled but not drawn round, and too thick for a rule: the colour behind a cell."""
    import pypdfium2.raw as raw

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(drawn, fill, stroke)
    left, bottom, right, top = drawn.get_bounds()
    thick = bool(min(right - left, top - bottom) > _THIN)
    return thick and not bool(stroke.value)


def _straight(points: Sequence[tuple[float, float]], turned: _Turn) -> Iterator[Rule]:
    for (x0, y0), (x1, y1) in pairwise(points):
        if abs(x1 - x0) <= _THIN / 2 or abs(y1 - y0) <= _THIN / 2:  # false for NaN
            whole = abs(x1 - x0) > 0.98 * turned.width or abs(y1 - y0) > 0.98 * turned.height
            if not whole and max(abs(x1 - x0), abs(y1 - y0)) > _THIN:
                yield Rule(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


# --- scans and garbled text -------------------------------------------------------------------


def _needs_ocr(page: pdfium.PdfPage, glyphs: Sequence[Glyph]) -> bool:
    """Whether the page's text is in its picture only, or its text layer says nothing."""
    import pypdfium2.raw as raw

    text = "".join(glyph.text for glyph in glyphs)
    if len(text) >= _JUDGED:
        return len(_PRIVATE.findall(text)) * 5 > len(text) or everyday_share(text) < _GARBLED or _is_monotonous(text)
    width, height = page.get_size()
    covered = 0.0
    for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=5):
        left, bottom, right, top = image.get_bounds()
        covered += max(0.0, right - left) * max(0.0, top - bottom)
    return bool(covered > _PICTURE * width * height)


def _is_monotonous(text: str) -> bool:
    """Fonts without a mapping may come out as one character over and over."""
    return len(text) > 200 and Counter(text).most_common(1)[0][1] > 0.6 * len(text)


def _scanned(page: pdfium.PdfPage, headings: Sequence[tuple[str, int]]) -> ocr.Page:
    scale = ocr.scale(*page.get_size())
    # A copy: the picture outlives the page.
    return ocr.Page(page.render(scale=scale, grayscale=False).to_numpy().copy(), 1 / scale, headings)
