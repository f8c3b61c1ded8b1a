"""What stands on pages and is no text of the document: watermarks that lie level across it, and tables of contents."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, takewhile
from statistics import median

import numpy as np

from index.loaders.sheets import Glyph, Sheet

_LARGE = 1.3  # times the size of the text from which what lies across it may be a watermark
_MARGIN = 0.12  # share of the page's height at top and bottom where what repeats is a header
_APART = 4.0  # em between characters of one watermark
_CROSSED_MIN = 2  # characters that it lies over

_TITLE = re.compile(r"目[ \u3000]*[录錄次]|contents|table of contents", re.I)
# A line may be as long as a file: patterns that try each dot of a row against all that follow would take time with its
# square. A leader is therefore looked for in the last dots of a row, a page from the first dot alone.
_LEADER = re.compile(
    r"(?:[.．…·⋯‥•_]{2}|[^0-9.][.．…·⋯‥•]|[…⋯])[.．…·⋯‥•_ ]{0,120}[—–-]?[ ]?[0-9IVXivx]{1,4}[ ]?[—–-]?$"
)
_PAGE = re.compile(r"(?<![.．…·⋯‥•_ \t])[.．…·⋯‥•_ \t]*+[—–-]?[ ]?[0-9IVXivx]{0,4}[ ]?[—–-]?$")
_NUMBERED = re.compile(r"[^0-9.][0-9]{1,3}$")
_ENTRY_MAX = 60  # characters
_RUN_MIN = 3  # entries of a table of contents
_GAP_MAX = 2  # lines between entries: first halves of long ones
_AGAIN = 0.5  # share of its entries that stand in the document once more
_KEY_MIN = 3  # characters that tell one line from others

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


def contents_lines(lines: Sequence[str]) -> set[int]:
    """Return which lines of a document belong to tables of contents, which would answer where their section should.

    A list of prices looks alike; it is told from them by what its lines name standing nowhere else.
    """
    keys = [_bare(line) for line in lines]
    known = sorted((key, place) for place, key in enumerate(keys) if len(key) >= _KEY_MIN)
    found: set[int] = set()
    place = 0
    while place < len(lines):
        titled = _TITLE.fullmatch(lines[place].strip()) is not None
        end = _end(lines, keys, known, place + titled, titled) if titled or _LEADER.search(lines[place]) else place
        entries = [at for at in range(place + titled, end) if _is_entry(lines[at])]
        again = sum(_stands_again(keys[at], known, place, end) for at in entries)
        if len(entries) >= _RUN_MIN and again >= _AGAIN * len(entries):
            found.update(range(place, end))
        place = max(end, place + 1)
    return found


def _end(lines: Sequence[str], keys: Sequence[str], known: Sequence[tuple[str, int]], place: int, titled: bool) -> int:
    """Return where the entries that begin at a place end."""
    end = place
    while place < len(lines) and place - end <= _GAP_MAX:
        # Without numbers of pages it is a list of titles, each of which stands once more as a line.
        bare = titled and _is_entry(lines[place]) and _is_line_again(keys[place], known, place)
        paged = _NUMBERED.search(lines[place]) is not None and not re.search(r"[。；：，]", lines[place])
        if _LEADER.search(lines[place]) or (titled and paged) or bare:
            end = place + 1
        place += 1
    return end


def _is_entry(line: str) -> bool:
    return len(line) <= _ENTRY_MAX or _LEADER.search(line) is not None


def _bare(line: str) -> str:
    """Return what a line says, without spaces and the number of a page."""
    return re.sub(r"[\s.．…·⋯‥•_]+", "", _PAGE.sub("", unicodedata.normalize("NFKC", line).strip()))


def _stands_again(key: str, known: Sequence[tuple[str, int]], start: int, end: int) -> bool:
    """Return whether a line elsewhere begins with a key."""
    first = bisect_left(known, (key, -1)) if len(key) >= _KEY_MIN else len(known)
    alike = takewhile(lambda at: known[at][0].startswith(key), range(first, len(known)))
    return any(not start <= known[at][1] < end for at in alike)


def _is_line_again(key: str, known: Sequence[tuple[str, int]], at: int) -> bool:
    """Return whether a line further down says the same."""
    place = bisect_left(known, (key, at + 1)) if len(key) >= _KEY_MIN else len(known)
    return place < len(known) and known[place][0] == key
