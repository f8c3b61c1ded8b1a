"""What was filled in and written onto a page of a PDF: values of form fields, boxes of text, comments."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import pypdfium2.raw as raw

from index.loaders.sheets import Glyph, Sheet, Sides

if TYPE_CHECKING:
    import pypdfium2 as pdfium

    from index.loaders.pdf_page import Turn

_ANNOTATIONS_MAX = 5000  # of a page
_TEXT_MAX = 100_000  # characters of one
_SIZE, _SMALLEST = 12.0, 4.0  # points of characters whose size is not told, and of the smallest
_LEADING = 1.25  # from line to line
_INSET = 2.0  # points from the side of a box to its text
_HIDDEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13
_FONT_SIZE = re.compile(r"(?<![0-9.])([0-9.]++)\s++Tf")
_TICKS = {raw.FPDF_FORMFIELD_CHECKBOX: "☐☑", raw.FPDF_FORMFIELD_RADIOBUTTON: "○●"}
_FILLED = frozenset([raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX])
_NO_COMMENT = frozenset(
    [raw.FPDF_ANNOT_UNKNOWN, raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT]
)

_Annotation = object
_Texts = list[tuple[Sides, str, float]]  # boxes, what stands in them, and how large; 0 where that is not told


def annotated(page: pdfium.PdfPage, turned: Turn, sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return a page's sheets with what was filled in where it stands; comments, and what covers text, behind them.

    Without sheets, as for a page that is read off its picture with all that stands in it, the comments alone.
    """
    filled, comments = _read(page, turned)
    told = [_listed(comments, turned)] if comments else []
    if not filled or not sheets:
        return [*sheets, *told]
    placed, covering = [list[Glyph]() for _ in range(2)]
    taken = [glyph for sheet in sheets for glyph in sheet.glyphs]
    for box, text, size in filled:
        (covering if len(sheets) > 1 or _covers(box, taken) else placed).extend(_set(box, text, size))
    first = Sheet(turned.width, turned.height, [*sheets[0].glyphs, *placed], sheets[0].rules, sheets[0].headings)
    found = [first if placed else sheets[0], *sheets[1:]]
    if covering:
        found.append(Sheet(turned.width, turned.height, covering, part=True))
    return [*found, *told]


def _read(page: pdfium.PdfPage, turned: Turn) -> tuple[_Texts, list[str]]:
    """Return the texts in boxes on the page, and the comments about it."""
    filled: _Texts = []
    comments: list[str] = []
    box = raw.FS_RECTF()
    for annotation in _annotations(page):
        if raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN or not raw.FPDFAnnot_GetRect(annotation, box):
            continue
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        text = _string(annotation, b"Contents")
        if kind == raw.FPDF_ANNOT_WIDGET:
            text = _value(page, annotation)
        if text and kind not in _NO_COMMENT:
            author = _string(annotation, b"T")
            comments.append(f"批注（{author}）：{text}" if author else f"批注：{text}")
        elif text and kind in (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT):
            size = _FONT_SIZE.search(_string(annotation, b"DA"))
            points = float(size[1]) if size and size[1].count(".") < 2 and size[1] != "." else 0.0
            filled.append((turned.box(box.left, box.bottom, box.right, box.top), text, points))
    return filled, comments


def _annotations(page: pdfium.PdfPage) -> Iterator[_Annotation]:
    for number in range(min(raw.FPDFPage_GetAnnotCount(page), _ANNOTATIONS_MAX)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if annotation:
            yield annotation
            raw.FPDFPage_CloseAnnot(annotation)


def _value(page: pdfium.PdfPage, annotation: _Annotation) -> str:
    """Return what a form field shows: its value, or a box that is ticked or not."""
    forms = page.formenv
    if forms is None:
        return ""
    kind = raw.FPDFAnnot_GetFormFieldType(forms, annotation)
    if ticks := _TICKS.get(kind):
        return ticks[bool(raw.FPDFAnnot_IsChecked(forms, annotation))]
    if kind not in _FILLED or raw.FPDFAnnot_GetFormFieldFlags(forms, annotation) & _PASSWORD:
        return ""
    return _read_string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(forms, annotation, buffer, size))


def _string(annotation: _Annotation, key: bytes) -> str:
    return _read_string(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, key, buffer, size))


def _read_string(read: Callable[[object, int], int]) -> str:
    size = min(read(None, 0), 2 * _TEXT_MAX)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    read(buffer, 2 * (size // 2 + 1))
    return bytes(buffer)[: max(0, size - 2)].decode("utf-16-le", "replace").strip("\0 \r\n\t")


# --- from text back to characters -------------------------------------------------------------


def _covers(box: Sides, glyphs: Sequence[Glyph]) -> bool:
    """Return whether text stands on the page where a box lies, but for lines to write on."""
    return any(glyph.is_within(box) for glyph in glyphs if glyph.text not in "_＿—-. …")


def _set(box: Sides, text: str, size: float) -> Iterator[Glyph]:
    """Yield text in a box, from its top left corner, in the middle of its height if it is one line."""
    x0, top, x1, bottom = box
    size = size or min(_SIZE, max(_SMALLEST, (bottom - top) / _LEADING))
    lines = list(_wrapped(text, max(size, x1 - x0 - 2 * _INSET), size))
    y = top + max(0.0, (bottom - top - size) / 2) if len(lines) == 1 else top + _INSET
    for line in lines:
        x = x0 + _INSET
        for character in line:
            width = _em(character) * size
            yield Glyph(character, x, y, x + width, y + size)
            x += width
        y += _LEADING * size


def _wrapped(text: str, width: float, size: float) -> Iterator[str]:
    for paragraph in islice(re.split(r"\r\n|\r|\n", text), _TEXT_MAX):
        line, length = "", 0.0
        for character in paragraph:
            if line and length + _em(character) * size > width:
                yield line
                line, length = "", 0.0
            line, length = line + character, length + _em(character) * size
        yield line


def _em(character: str) -> float:
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.5


def _listed(comments: Sequence[str], turned: Turn) -> Sheet:
    """Return comments below each other, with a line left free between them; not at the edges, where headers stand."""
    glyphs: list[Glyph] = []
    start = y = turned.height
    for comment in comments:
        glyphs.extend(_set((0.0, y, turned.width, y), " ".join(comment.split()), _SIZE))
        y = glyphs[-1].bottom + 2 * _SIZE
    return Sheet(turned.width, y + start, glyphs, part=True)
