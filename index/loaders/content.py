"""What the loader of a format hands over, and the writer that puts it together with running offsets."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from index.loaders.symbols import with_fractions
from index.loaders.tables import Grid, Part, rendered
from index.records import Declared, Row, Span, Table
from index.structure import page_positions
from index.structure.page_positions import PlacedLine, PlacedPage

MAX_CHARACTERS = 20_000_000
"""Characters of one document: 40 times the longest law, and what still fits into memory with its index."""

CELLS_MAX = 400_000
"""Cells of one document whose places are kept; of those behind them only the text is."""

_CAPTION = re.compile(r"(?:续|附)?(?:表|专栏|图表)[ \u3000]?[0-9０-９A-Z一二三四五六七八九十]|Table[ ]\d", re.I)
_TICKED = re.compile(r"[□☐☑☒√✓✔■]")
# A line that says of a table in what units it is, of when and by whom.
_ABOUT_TABLE = re.compile(
    r"(?:.{0,30}[ （(])?(?:计量|货币|金额)?单位[:：].{1,20}|编制单位.*|(?:19|20)\d{2}年\d{1,2}月(?:\d{1,2}日)?(?: .*)?"
)
_CAPTION_MAX = 60  # characters of a line above a table that names it
_LOOSE = re.compile(r"[ \t\xa0\u2002-\u200a\u202f\u205f]+")
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF, 0xAD, *range(9), 0x0E, 0x0F]
)


class Unreadable(Exception):
    """Why a file cannot be read, in words that fit behind its name."""


class Box(NamedTuple):
    """A rectangle on a page, in `page_positions.UNITS`."""

    page: int  # its number, from 1
    x0: int
    top: int
    x1: int
    bottom: int


Place = tuple[int, int, Box]
"""From where to where in a paragraph a line of it goes, and where on a page it stands."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file's text with the file's own metadata."""

    text: str  # what a reader would read, paragraphs on lines of their own
    title: str | None = None  # what the file declares as its title
    page_starts: tuple[int, ...] = ()  # offset of each page; empty for formats without pages
    declared: tuple[Declared, ...] = ()  # headings by style, tag or bookmark, in text order
    tables: tuple[Table, ...] = ()  # in text order
    notices: tuple[str, ...] = ()  # what was left out and why, for the user to know
    placed: str = ""  # where the lines stand on their pages, as `page_positions.packed` writes it
    prominent: tuple[str, ...] = ()  # what stands in large print on the first pages, the largest first


class Writer:
    """Puts a document's text together, line by line."""

    def __init__(self) -> None:
        self.title: str | None = None
        self._parts: list[str] = []
        self._length = 0
        self._pages: list[int] = []
        self._declared: list[Declared] = []
        self._tables: list[Table] = []
        self._names: list[str] = []  # of the columns of the last table
        self._cells = 0
        self._ahead: deque[int] = deque()  # rows of the table that is being written at which pages begin
        self._notices: list[str] = []
        self._prominent: list[tuple[float, str]] = []
        self._frames: list[PlacedPage] = []
        self._placed: dict[int, list[PlacedLine]] = defaultdict(list)

    def paragraph(
        self, text: str, *, level: int | None = None, turns: Sequence[int] = (), places: Sequence[Place] = ()
    ) -> None:
        """Add a paragraph; line breaks inside it stay.

        Args:
            text: trimmed here; nothing is written where nothing is visible.
            level: 1 for the outermost; declares its first line a heading.
            turns: offsets in `text` at which pages begin inside the paragraph.
            places: where lines of `text` stand.
        """
        text = "\n".join(line for raw in text.split("\n") if (line := tidy(raw)))
        if not text:
            return
        if level is not None:
            self._declared.append(Declared(level, Span(self._length, self._length + len(text.split("\n")[0]))))
        self._pages.extend(self._length + min(turn, len(text)) for turn in turns)
        for start, end, box in places:
            self._place(min(start, len(text)), min(end, len(text)), box)
        self._append(text + "\n")

    def table(
        self,
        grid: Grid,
        *,
        continued: bool = False,
        boxes: Sequence[Box] = (),
        caption: str | None = None,
        turns: Sequence[int] = (),
    ) -> None:
        """Add a table: a line for each row, every cell behind the words of its column.

        Args:
            grid: cells, merged ones repeated wherever they reach.
            continued: it may go on from the table before, from the page before.
            boxes: where the rows stand, where that is known.
            caption: what it is called; by default what stands right above.
            turns: rows at which pages begin, ascending.
        """
        goes_on = continued and bool(self._tables) and self._tables[-1].span.end == self._length
        self._ahead = deque(turns)
        found = rendered(grid, self._names if goes_on else ())
        above = self._tables[-1].caption if goes_on else None
        for text, row in found.lead:
            self._row(text, row, boxes)
        said = self._caption() if above is None else above
        self._names = found.names
        for part in found.parts:
            self._part(part, boxes, said if caption is None else caption)
        self._turn(len(grid.rows))

    def _part(self, part: Part, boxes: Sequence[Box], caption: str) -> None:
        """Add rows under one set of names."""
        start, rows = self._length, list[Row]()
        held: list[Span | None] = []
        for line in part.lines:
            base = self._length
            self._row(line.text, line.row, boxes)
            own = [cell.shift(base) if cell else None for cell in line.cells]
            old = [None if fresh or at >= len(held) else held[at] for at, fresh in enumerate(line.fresh)]
            held = [before or now for before, now in zip(old, own, strict=True)]
            rows.append(Row(Span(base, base + len(line.text)), tuple(held)))
        self._cells += sum(len(row.cells) for row in rows)
        known = tuple(rows) if self._cells <= CELLS_MAX else ()
        self._tables.append(Table(Span(start, self._length), caption, part.names, known))

    def _row(self, text: str, row: int, boxes: Sequence[Box]) -> None:
        self._turn(row)
        if boxes:
            self._place(0, len(text), boxes[row])
        self._append(text + "\n")

    def _turn(self, row: int) -> None:
        """Begin the pages that begin at a row of a table, or before it."""
        while self._ahead and self._ahead[0] <= row:
            self._ahead.popleft()
            self.page()

    def captions(self, rows: Sequence[Sequence[str]]) -> int:
        """Write the rows of a sheet above its table, which say one thing each, and return how many they are."""
        above = 0
        while above < len(rows) - 1 and len(set(filter(None, rows[above]))) == 1:
            caption = next(filter(None, rows[above]))
            self.title = self.title or caption
            self.paragraph(caption)
            above += 1
        return above

    def include(self, content: Content, *, pages: bool = True) -> None:
        """Add all of another content here; `pages` says whether its pages are pages of this document, too."""
        base = self._length
        self._append(content.text if content.text.endswith("\n") or not content.text else content.text + "\n")
        self._declared += [Declared(each.level, each.span.shift(base)) for each in content.declared]
        self._tables += [table.shift(base) for table in content.tables]
        if pages:
            self._pages += [base + start for start in content.page_starts]
        for notice in content.notices:
            self.notice(notice)

    def prominent(self, text: str, size: float) -> None:
        """Tell of print that is larger than the text, near the beginning."""
        self._prominent.append((size, tidy(text)))

    def set_off(self, line: Span) -> None:
        """Tell that a line written before looks like a heading, of whatever level."""
        self._declared.append(Declared(0, line))

    @property
    def length(self) -> int:
        """Characters written so far."""
        return self._length

    def frames(self, pages: Sequence[PlacedPage]) -> None:
        """Tell what the pages are like on which lines stand, in order and without these lines."""
        self._frames.extend(pages)

    def page(self) -> None:
        """Begin the next page here."""
        self._pages.append(self._length)

    def notice(self, message: str) -> None:
        """Remember what the user should know about this reading."""
        if message not in self._notices:
            self._notices.append(message)

    def content(self) -> Content:
        """Return all that was written."""
        return Content(
            "".join(self._parts),
            self.title,
            tuple(self._pages),
            tuple(sorted(self._declared, key=lambda heading: heading.span)),
            tuple(self._tables),
            tuple(self._notices),
            page_positions.packed([replace(p, lines=tuple(self._placed[n])) for n, p in enumerate(self._frames, 1)]),
            tuple(text for _, text in sorted(self._prominent, key=lambda each: -each[0])),
        )

    def _place(self, start: int, end: int, box: Box) -> None:
        """Note the box in which what is written next stands."""
        self._placed[box.page].append(PlacedLine(Span(self._length + start, self._length + end), *box[1:]))

    def _append(self, text: str) -> None:
        if self._length + len(text) > MAX_CHARACTERS:
            raise Unreadable(f"文字超过 {MAX_CHARACTERS:,} 字的上限。请拆分成几个文件。")
        self._parts.append(text)
        self._length += len(text)

    def _caption(self) -> str:
        """Return the lines right above that name the table: 「表 3 分年度目标」, 「单位：万元」."""
        since = self._tables[-1].span.end if self._tables else 0
        above = self._lines_since(since)
        found: list[str] = []
        while above and not _CAPTION.match(above[-1]) and _ABOUT_TABLE.fullmatch(above[-1]):
            found.insert(0, above.pop())
        if above and len(above[-1]) <= _CAPTION_MAX and (_CAPTION.match(above[-1]) or above[-1][-1] not in "。；;！？"):
            found.insert(0, above.pop().rstrip("：:"))
        return " ".join(found)

    def _lines_since(self, offset: int) -> list[str]:
        """Return the last lines written, but none from before an offset, and no boxes to tick."""
        lines: list[str] = []
        position = self._length
        for part in reversed(self._parts[-4:]):
            position -= len(part)
            if position < offset:
                break
            if not _TICKED.match(part):
                lines.insert(0, part.rstrip("\n"))
        return lines


def tidy(line: str) -> str:
    """Return a line without invisible characters, with single spaces, none at its ends; tabs stay inside it."""
    line = with_fractions(line.translate(_INVISIBLE))
    return _LOOSE.sub(lambda gap: "\t" if "\t" in gap.group() else " ", line).strip(" \t\u3000\r\x0b\x0c")


def joined(lines: Sequence[str]) -> str:
    """Return the lines of one paragraph or cell as one: with a space only between words of spaced scripts."""
    text = ""
    for line in filter(None, map(tidy, lines)):
        if text and _spaced(text[-1]) and _spaced(line[0]):
            text += " "
        text += line
    return text


def spaced(lines: Sequence[str]) -> str:
    """Return the lines of a cell on one line: what the author set on lines of their own is kept apart by a space."""
    return " ".join(filter(None, map(tidy, lines))).replace("\t", " ")


def _spaced(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in ",.;:)%!?")
