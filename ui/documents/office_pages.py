"""Pages of Word files and slides: laid out by LibreOffice when someone first looks, and kept for a while.

The text was read from the file, not from these pages; where a place stands on them is found by its words.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from cachetools import LRUCache, TTLCache

from index.errors import DocumentError, DocumentUnreadable
from index.loaders.libreoffice import program
from index.records import Document, Span
from index.sandbox import Sandbox
from index.store.sync import is_office, opened_as_indexed
from ui.documents.page_marks import PageMarks
from ui.documents.tables import row_at

KEPT = 64 * 2**20
"""Bytes of the documents that are kept as PDF."""

FAILED_SECONDS = 600.0
"""How long a document that could not be laid out is not tried again."""

_BESIDE = 60  # characters of the lines around a place by which it is found as well
_MARGIN = 2  # units around a line, so that its characters are not cut


def can_lay_out() -> bool:
    """Return whether this machine has what lays office documents out."""
    return program() is not None


def lays_out(document: Document) -> bool:
    """Return whether a document is shown as this machine lays it out."""
    return can_lay_out() and is_office(document)


class OfficePages:
    """Office documents as PDF, by the digests of their files; used by one thread at a time."""

    def __init__(self) -> None:
        self._kept: LRUCache[str, bytes] = LRUCache(KEPT, getsizeof=len)
        self._failed: TTLCache[str, DocumentError] = TTLCache(1024, FAILED_SECONDS)

    def marks(self, document: Document, place: Span | None) -> tuple[int, dict[int, PageMarks]]:
        """Return how many pages a document has, and the lines of a place by page from 1.

        Raises:
            DocumentError: if it cannot be laid out.
        """
        pdf = self._pdf(document)
        pieces = list(_pieces(document, place)) if place else []
        share = place.start / max(1, len(document.text)) if place else 0.0
        with Sandbox() as sandbox:
            count, found = sandbox.places(Path(document.source), partial(_file, pdf), pieces, share)
        return count, {
            page: PageMarks(width, height, tuple(_shape(*box) for box in boxes)) for page, width, height, boxes in found
        }

    def picture(self, document: Document, page: int) -> bytes:
        """Return a page as PNG.

        Raises:
            DocumentError: if there is no such page, or the document cannot be laid out.
        """
        pdf = self._pdf(document)
        with Sandbox() as sandbox:
            return sandbox.page_picture(Path(document.source), page, opened=partial(_file, pdf))

    def _pdf(self, document: Document) -> bytes:
        digest = document.origin.digest or ""
        if error := self._failed.get(digest):
            raise error
        if (pdf := self._kept.get(digest)) is None:
            opened_as_indexed(document).close()  # a file that is missing or changed is no failed conversion
            try:
                with Sandbox() as sandbox:
                    pdf = sandbox.laid_out(Path(document.source), partial(opened_as_indexed, document))
            except DocumentUnreadable as error:
                self._failed[digest] = error
                raise
            with suppress(ValueError):  # larger than all that is kept: made anew each time
                self._kept[digest] = pdf
        return pdf


def _file(content: bytes) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (who opens it closes it)
    file.write(content)
    file.seek(0)
    return file


def _shape(left: int, top: int, right: int, bottom: int) -> str:
    left, top, right, bottom = left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN
    return f"{left},{top} {right},{top} {right},{bottom} {left},{bottom}"


def _pieces(document: Document, place: Span) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a place as a page may have them, of a table the cells, and what stands around them."""
    text = document.text
    yield text[: place.start].rstrip().rpartition("\n")[2][-_BESIDE:], False
    start = place.start
    while start < place.end:
        end = text.find("\n", start, place.end) + 1 or place.end
        line = Span(start, end)
        table = next((each for each in document.tables if each.span.overlap(line)), None)
        row = row_at(table, Span(text.rfind("\n", 0, start) + 1, end)) if table else None
        cells = (
            [cell.slice(text) for cell in dict.fromkeys(row.cells) if cell and cell.overlap(place)]
            if row
            else [line.slice(text)]
        )
        yield from ((cell, True) for cell in cells)
        start = end
    yield text[place.end :].lstrip().partition("\n")[0][:_BESIDE], False
