"""Watermarks that lie level across a page: left out, as they are no text of the document and break its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from statistics import median

import numpy as np

from index.loaders.sheets import Glyph, Sheet

_LARGE = 1.3  # times the size of the text from which what lies across it may be a watermark
_MARGIN = 0.12  # share of the page's height at top and bottom where what repeats is a header
_APART = 4.0  # em between characters of one watermark
_CROSSED_MIN = 2  # characters that it lies over

_Run = list[Glyph]


def without_watermarks(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return pages without what lies across their text.

    What crosses the text of a page is a watermark if it is pale or stands in the document more than once; its other
    copies go with it. So does what is pale, stands in the middle of pages and repeats from page to page.
    """
    suspects = [list(_suspects(sheet)) for sheet in sheets]
    counts = Counter(_key(run) for runs in suspects for run in runs)
    marks = {
        _key(run)
        for sheet, runs in zip(sheets, suspects, strict=True)
        for run in runs
        if (run[0].faint or counts[_key(run)] > 1) and _crosses(run, sheet.glyphs)
    }
    marks |= _repeated(sheets, suspects)
    if not marks:
        return list(sheets)
    gone = [{id(glyph) for run in runs if _key(run) in marks for glyph in run} for runs in suspects]
    return [
        replace(sheet, glyphs=[glyph for glyph in sheet.glyphs if id(glyph) not in left]) if left else sheet
        for sheet, left in zip(sheets, gone, strict=True)
    ]


def _suspects(sheet: Sheet) -> Iterator[_Run]:
    """Yield runs of characters on a line that are pale, or larger than most of the page."""
    if not sheet.glyphs or sheet.rough:
        return
    large = _LARGE * median(glyph.bottom - glyph.top for glyph in sheet.glyphs)
    run: _Run = []
    for glyph in chain(sheet.glyphs, [None]):
        if run and (glyph is None or not _goes_on(run[-1], glyph)):
            if len(run) > 1:
                yield run
            run = []
        if glyph is not None and (glyph.faint or glyph.bottom - glyph.top > large):
            run.append(glyph)


def _goes_on(last: Glyph, glyph: Glyph) -> bool:
    size = last.bottom - last.top
    level = abs(glyph.top - last.top) < 0.1 * size and abs(glyph.bottom - last.bottom) < 0.1 * size
    return level and last.faint == glyph.faint and -size < glyph.x0 - last.x1 < _APART * size


def _crosses(run: _Run, glyphs: Sequence[Glyph]) -> bool:
    """Return whether other characters stand in the boxes of a run's."""
    own = {id(glyph) for glyph in run}
    middles = [glyph.middle for glyph in glyphs if id(glyph) not in own and not glyph.text.isspace()]
    others = np.array(middles).reshape(-1, 2)
    x0, x1, top, bottom = run[0].x0, run[-1].x1, run[0].top, run[0].bottom
    inset = 0.1 * (bottom - top)
    inside = (others[:, 0] > x0) & (others[:, 0] < x1) & (others[:, 1] > top + inset) & (others[:, 1] < bottom - inset)
    return int(inside.sum()) >= _CROSSED_MIN


def _key(run: _Run) -> tuple[str, int]:
    """Return what a run says and how large it is."""
    return "".join("".join(glyph.text for glyph in run).split()), round((run[0].bottom - run[0].top) / 2)


def _repeated(sheets: Sequence[Sheet], suspects: Sequence[Sequence[_Run]]) -> set[tuple[str, int]]:
    """Return what is pale and stands in the middle of most pages."""
    pages: Counter[tuple[str, int]] = Counter()
    for sheet, runs in zip(sheets, suspects, strict=True):
        low, high = _MARGIN * sheet.height, (1 - _MARGIN) * sheet.height
        pages.update({_key(run) for run in runs if run[0].faint and low < run[0].top and run[0].bottom < high})
    return {key for key, count in pages.items() if count > 1 and count * 2 > len(sheets)}
