"""Find where a text stands on the pages of a PDF made from its document: by its words, as nothing else tells."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from index.loaders.pdf_page import Turn
from index.loaders.sheets import Sides
from index.structure.page_positions import UNITS, FoundPage
from index.text import fold

_ENDS = "。；;！？，,、：:|"
_CLAUSE = re.compile(f"[^{_ENDS}]+[{_ENDS}]*|[{_ENDS}]+")
_SHORT = 6  # characters up to which a text means nothing far from what stands beside it
_NEAR = 400  # characters within which it does
_OVERLAP = 0.5  # share of their height that characters of one line have in common


def find(data: bytes, pieces: Sequence[tuple[str, bool]], share: float) -> tuple[int, list[FoundPage]]:
    """Return how many pages a PDF has, and where pieces of a text stand.

    Args:
        data: a PDF.
        pieces: of the text, in its order; those that are `False` are not asked for, but stand beside what is.
        share: of the whole text that stands before them, 0 to 1: what stands there more than once is sought near it.
    """
    with pdfium.PdfDocument(data) as document:
        text, owners = _text(document)
        spans = _placed(text, [(fold(piece), marked) for piece, marked in pieces], round(share * len(text)))
        characters = [owners[place] for start, end in spans for place in range(start, end)]
        by_page = groupby(characters, key=lambda owner: owner[0])
        return len(document), [_on_page(document, n, [place for _, place in places]) for n, places in by_page]


def _text(document: pdfium.PdfDocument) -> tuple[str, list[tuple[int, int]]]:
    """Return all text of a document, folded, and for each character its page and its number there."""
    parts: list[str] = []
    owners: list[tuple[int, int]] = []
    for number in range(len(document)):
        page = document[number]
        text = page.get_textpage()
        for place in range(text.count_chars()):
            code = raw.FPDFText_GetUnicode(text, place)
            folded = fold(chr(code)) if code > 32 and not 0xD800 <= code < 0xE000 else ""
            parts.append(folded)
            owners += [(number, place)] * len(folded)
        text.close()
        page.close()
    return "".join(parts), owners


def _placed(text: str, pieces: Sequence[tuple[str, bool]], at: int) -> list[tuple[int, int]]:
    """Return where the marked pieces stand: the longest tells where all are, the others stand before and behind it."""
    longest = max(range(len(pieces)), key=lambda n: len(pieces[n][0]), default=0)
    places: dict[int, list[tuple[int, int]]] = {}
    begin = end = at
    for n in (longest, *range(longest + 1, len(pieces)), *range(longest - 1, -1, -1)):
        piece = pieces[n][0]
        at = begin - len(piece) if n < longest else end
        places[n] = sorted(_found(text, piece, at, near=bool(places.get(longest))))
        if places[n] and n >= longest:
            begin, end = places[n][0][0] if n == longest else begin, places[n][-1][1]
        elif places[n]:
            begin = places[n][0][0]
    return sorted(span for n, found in places.items() if pieces[n][1] for span in found)


def _found(text: str, piece: str, at: int, *, near: bool) -> Iterator[tuple[int, int]]:
    """Yield where a piece stands nearest to a place; where it stands nowhere as a whole, where its parts stand.

    A page's foot, a number that the page counts or the name of a column may stand between them.
    """
    if (start := _nearest(text, piece, at, near=near)) is not None:
        yield start, start + len(piece)
        return
    clauses = _CLAUSE.findall(piece)
    for clause in sorted(clauses, key=len, reverse=True) if len(clauses) > 1 else ():
        for span in _found(text, clause, at, near=near):
            yield span
            at, near = span[0], True
    if len(clauses) == 1:
        yield from _torn(text, piece.rstrip(_ENDS), at, near=near)


def _torn(text: str, clause: str, at: int, *, near: bool) -> Iterator[tuple[int, int]]:
    """Yield the two parts of a clause that something stands between, or the whole of one without its stop."""
    for cut in range(len(clause), 1, -1):
        start = _nearest(text, clause[:cut], at, near=near)
        rest = (
            _nearest(text, clause[cut:], start + cut, near=True) if start is not None and cut < len(clause) else start
        )
        if start is not None and rest is not None and rest >= start:
            yield start, start + cut
            yield from [(rest, rest + len(clause) - cut)] if cut < len(clause) else []
            return


def _nearest(text: str, piece: str, at: int, *, near: bool) -> int | None:
    places = {text.find(piece, at), text.rfind(piece, 0, at + len(piece))} - {-1} if piece else set()
    best = min(places, key=lambda place: abs(place - at), default=None)
    if best is None or (abs(best - at) > _NEAR and (near or len(piece) < _SHORT)):
        return None
    return best


def _on_page(document: pdfium.PdfDocument, number: int, places: Sequence[int]) -> FoundPage:
    page = document[number]
    turned, text = Turn(page), page.get_textpage()
    unit = UNITS / max(turned.width, turned.height, 1.0)
    boxes = [[round(side * unit) for side in line] for line in _lines(list(_boxes(text, turned, places)))]
    text.close()
    page.close()
    return FoundPage(number + 1, max(1, round(turned.width * unit)), max(1, round(turned.height * unit)), boxes)


def _boxes(text: pdfium.PdfTextPage, turned: Turn, places: Sequence[int]) -> Iterator[Sides]:
    box = raw.FS_RECTF()
    for place in places:
        if raw.FPDFText_GetLooseCharBox(text, place, ctypes.byref(box)):
            yield turned.box(box.left, box.bottom, box.right, box.top)


def _lines(boxes: Sequence[Sides]) -> Iterator[Sides]:
    """Yield a box around each line of characters that follow each other."""
    line: list[Sides] = []
    for box in boxes:
        if line and not _beside(line[-1], box):
            yield _around(line)
            line = []
        line.append(box)
    if line:
        yield _around(line)


def _beside(one: Sides, other: Sides) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared > _OVERLAP * min(one[3] - one[1], other[3] - other[1]) and other[2] > one[0]


def _around(line: Sequence[Sides]) -> Sides:
    return min(b[0] for b in line), min(b[1] for b in line), max(b[2] for b in line), max(b[3] for b in line)
