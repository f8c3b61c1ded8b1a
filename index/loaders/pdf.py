"""PDF: the text layer where there is a true one, else what OCR reads off the page's picture."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from index.loaders import layout, limits, ocr, pdf_page
from index.loaders.content import Content, Unreadable, Writer
from index.loaders.pdf_annotations import annotated
from index.loaders.plain import everyday_share
from index.loaders.sheets import Sheet

if TYPE_CHECKING:
    import pypdfium2 as pdfium

PAGES_MAX = 3000
"""Pages of a document with a text layer that are read."""
SCANNED_MAX = 300
"""Pages that are read by OCR: about half an hour on two cores."""

_GARBLED = 0.5  # share of everyday characters below which a text layer says nothing
_JUDGED = 30  # characters from which that can be said
_PICTURE = 0.5  # share of the page that a picture covers if the page is a scan
_WHOLE = 0.8  # the same where a few words stand in the text layer
_STAMPED = 150  # characters of such words at most
_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_LETTERS = re.compile("[A-Za-z]")
_ACCENTED_MAX = 0.5  # accented letters for each plain one
_LEADERS = re.compile("[.．…·⋯‥•_—–-]+")
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffd\ufffe\uffff\x00-\x08]")
_BOOKMARKS_MAX = 5000


def read(data: bytes) -> Content:
    """Read a .pdf file; Unreadable if it is damaged or locked, MissingDependency if it is scanned without OCR."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("文件已加密（有打开密码）。请解除密码后重试。") from error
        raise Unreadable("PDF 结构损坏，文件可能不完整。请重新下载或另存。") from error
    writer = Writer()
    with document:
        document.init_forms()
        count = len(document)
        if count > PAGES_MAX:
            writer.notice(f"共 {count} 页，只读前 {PAGES_MAX} 页。请拆分成几个文件。")
        limits.pages(min(count, PAGES_MAX))
        layout.write(list(ocr.sheets(_sheets(document, min(count, PAGES_MAX), writer))), writer)
    return writer.content()


def _sheets(document: pdfium.PdfDocument, count: int, writer: Writer) -> Iterator[Sheet | ocr.Page]:
    headings = _bookmarks(document)
    scanned = 0
    for number in range(count):
        with limits.within(limits.PAGE_SECONDS):  # a form that draws itself has no end
            page = document[number]
            turned = pdf_page.Turn(page)
            read = pdf_page.sheets(page, turned, headings.get(number, ()))
            found: Sequence[Sheet | ocr.Page] = annotated(page, turned, read)
        if _needs_ocr(page, "".join(glyph.text for sheet in read for glyph in sheet.glyphs)):
            scanned += 1
            if scanned <= SCANNED_MAX:
                scale = ocr.scale(*page.get_size())
                picture = page.render(scale=scale, grayscale=False).to_numpy().copy()  # it outlives the page
                found = [ocr.Page(picture, 1 / scale, headings.get(number, ())), *annotated(page, turned, ())]
        page.close()
        yield from found
    if scanned > SCANNED_MAX:
        writer.notice(f"有 {scanned} 页是扫描件，只识别了前 {SCANNED_MAX} 页。请拆分成几个文件。")


def _bookmarks(document: pdfium.PdfDocument) -> dict[int, list[tuple[str, int]]]:
    """Return titles and levels of the document's outline, by page."""
    found: dict[int, list[tuple[str, int]]] = {}
    for number, bookmark in enumerate(document.get_toc()):
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        title = bookmark.get_title()
        if page is not None and title and number < _BOOKMARKS_MAX:
            found.setdefault(page, []).append((title, bookmark.level + 1))
    return found


# --- scans and garbled text -------------------------------------------------------------------


def _needs_ocr(page: pdfium.PdfPage, text: str) -> bool:
    """Return whether the page's text is in its picture only, or its text layer says nothing."""
    if len(text) >= _JUDGED and (len(_PRIVATE.findall(text)) * 5 > len(text) or _is_garbled(text)):
        return True
    # A line under a scan that says who made it, or when, is not what the page says.
    least = _PICTURE if len(text) < _JUDGED else _WHOLE
    return len(text) < _STAMPED and pdf_page.pictured(page) > least


def _is_garbled(text: str) -> bool:
    """Return whether a missing or wrong font mapping left characters that no text has."""
    inked = _LEADERS.sub("", text)  # without the dots of contents
    if len(inked) > 200 and Counter(inked).most_common(1)[0][1] > 0.6 * len(inked):
        return True  # one character over and over, as of fonts without a mapping
    accented, letters = len(_ACCENTED.findall(text)), len(_LETTERS.findall(text))
    foreign = (c for c in text if c > "\x7f" and not _ACCENTED.match(c))
    wide = "".join(c for c in foreign if unicodedata.category(c)[0] not in "PSZN")
    strange = (1 - everyday_share(wide)) * len(wide) if wide else 0.0
    strange += accented if accented > _ACCENTED_MAX * letters else 0  # 「ÎÒÃÇ」, but not 「café」
    return strange > (1 - _GARBLED) * (len(wide) + accented + letters)
