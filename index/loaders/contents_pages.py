"""Tables of contents, which are no text of their own and would answer with a title where its section should.

A list of prices or of dishes looks alike; it is told from them by what its lines name standing nowhere else.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice, takewhile

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


def contents_lines(lines: Sequence[str]) -> set[int]:
    """Return which lines of a document belong to tables of contents."""
    keys = [_key(line) for line in lines]
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


def _key(line: str) -> str:
    """Return what a line says, without spaces and the number of a page."""
    return re.sub(r"[\s.．…·⋯‥•_]+", "", _PAGE.sub("", unicodedata.normalize("NFKC", line).strip()))


def _stands_again(key: str, known: Sequence[tuple[str, int]], start: int, end: int) -> bool:
    """Return whether a line elsewhere begins with a key."""
    first = bisect_left(known, (key, -1)) if len(key) >= _KEY_MIN else len(known)
    alike = takewhile(lambda each: each[0].startswith(key), islice(known, first, None))
    return any(not start <= at < end for _, at in alike)


def _is_line_again(key: str, known: Sequence[tuple[str, int]], at: int) -> bool:
    """Return whether a line further down says the same."""
    place = bisect_left(known, (key, at + 1)) if len(key) >= _KEY_MIN else len(known)
    return place < len(known) and known[place][0] == key
