"""Turn pages of placed characters into text in reading order.

PDF, OFD and scans only say where each character stands. Here characters become lines, lines find their order (columns,
tables), what repeats at the edges of pages is left out, and lines are joined to paragraphs: a paragraph ends where a
line ends early, where the next is set in, numbered or larger, never merely because a line or a page is full.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby, pairwise
from statistics import median

from index.loaders.content import Box, Place, Writer, joined
from index.loaders.furniture import contents_lines, without_watermarks
from index.loaders.grids import Lattice, lattices
from index.loaders.open_tables import open_tables
from index.loaders.sheets import Glyph, Sheet, Shown, baselines, turned, upright
from index.loaders.symbols import lowered, raised
from index.loaders.tables import Grid
from index.structure.heading_numbers import markers

_EDGE = 0.12  # share of the page's height at top and bottom where headers and footers stand
_NUMBER_EDGE = 0.2  # the same for the first or last line of what remains, if it is the number of a page
_PAGE_NUMBER = re.compile(
    r"[-—–─·•.\s]*+(?:第?\s*+[0-9０-９ivxIVX]{1,5}\s*+页?|[0-9]{1,4}\s*+/\s*+[0-9]{1,4}"
    r"|第\s*+\d++\s*+页\s*+[,，/]?\s*+共\s*+\d++\s*+页)[-—–─·•.\s]*+"
)
_NOTE = re.compile(r"[①-⑳*＊†]|[\[［(（〔]?\d{1,3}[\]］)）〕]|\d{1,2}[ ]|注[:：\d]")
_STOPS = "。！？!?；;：:"
_CLOSERS = '”’」』）)】》"'
_BODY_GAP = 0.3  # em: white space between Chinese characters that somebody meant
_MIXED_GAP = 0.45  # em: the same between Chinese and other characters, which are set apart anyway
_SIGN_GAP = 0.8  # em: beside a Chinese sign, whose box is half empty
_OPENERS, _ENDERS = "《〈（〔【“‘", "》〉）〕】”’，。；：、！？"
_WORD_GAP = 0.17  # em: the same between words of spaced scripts
_OWNERS = 1_000_000  # more than a page has cells
_COLUMN_OFF = 6.0  # points that columns of one table may stand differently on two pages
_CUT_MIN = 10  # characters of a cell that may go on over the page
_CONTINUED = re.compile(
    r"(?:续[上前]?[表页]|[接续]上[表页]|(?:表|续表)[\d\-—.．]{1,6}.{0,40}[（(]续[^()（）]{0,3}[）)])[\d\s：:]*"
)
_SEGMENT_GAP = 1.6  # em: from here on, parts of a line may belong to different columns
_PADDING = 2.0  # em that a cell is wider than a line of it if no digit had room on it
_SHORT = 2.2  # em that a line ends before the margin if its paragraph ends
_FAR_IN = 4.0  # em from the left margin where no paragraph begins
_LARGE = 1.15  # times the size of the text from which a line is a title
_BOOKMARK_MAX = 60  # characters of a bookmark that is a heading
_HEADING_LINES = 4
_COVERS = 2  # pages on which a title may stand
_INDENT = 1.2  # em that a first line is set in at least
_NUMBER_BEGUN = re.compile(r"[^\x00-\x7f][0-9][0-9.,]*$")  # of Chinese text, which has no space between numbers
_NUMBER_GOES_ON = re.compile(r"[.,]?[0-9]|[%‰]")
_NUMBER_MAX = 30  # characters of a number
_SMALL, _OFF = 0.8, 0.1  # of the size of its line: how large a power is at most, how far from its middle at least
_SHIFTABLE = frozenset("0123456789+-−–n")
_LEAD = re.compile(r"[0-9]{1,2}(?:[.．][0-9]{1,2}){0,3}(?=[\u4e00-\u9fff])")


@dataclass(slots=True)
class _Line:
    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    left: float = 0.0  # distance from the left margin of its column
    right: float = 0.0  # the same on the right
    rough: bool = False
    heading: int | None = None
    goes_on: bool = False  # with the heading of the line before
    numbered: int = 0  # characters of a number at its beginning that stands apart from the words behind it
    page: int = 0  # counted from 0

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def opening(self) -> str:
        """Return its text as it begins a paragraph: 「2 数据与方法」; inside a sentence the gap is none, 「共12个」."""
        return f"{self.text[: self.numbered]} {self.text[self.numbered :]}" if self.numbered else self.text


@dataclass(frozen=True, slots=True)
class _Block:
    """A table in the flow of lines."""

    rows: list[list[str]]
    owners: tuple[tuple[int, ...], ...]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    page: int
    header: int | None = None  # rows at the top that are known to name columns

    @property
    def top(self) -> float:
        return self.ys[0]


@dataclass(slots=True)
class _Table:
    """A table as it grows from page to page."""

    block: _Block  # on the last page that it reached
    rows: list[list[str]]
    owners: list[Sequence[int]]
    boxes: list[Box]
    continued: bool  # it may go on from a table of other columns
    header: int | None = None  # rows at the top that are known to name columns
    turns: list[int] = field(default_factory=list)  # rows at which pages begin


@dataclass(slots=True)
class _Page:
    part: bool = False  # goes on with the page before
    flow: list[_Line | _Block] = field(default_factory=list)
    notes: list[_Line] = field(default_factory=list)


def write(sheets: Sequence[Sheet], writer: Writer) -> None:
    """Write pages, in order, as paragraphs and tables; an empty sheet still counts as a page."""
    sheets = [part for sheet in without_watermarks(sheets) for part in upright(sheet)]
    read = [_read(number, sheet) for number, sheet in enumerate(sheets)]
    body = _body_size([line for lines, _ in read for line in lines])
    _drop_edges(sheets, [lines for lines, _ in read], body)
    margins = _margins([line for lines, _ in read for line in lines], sheets, body)
    laid_out = [_page(sheet, *content, body, margins) for sheet, content in zip(sheets, read, strict=True)]
    _drop_contents(laid_out)
    numbers = accumulate(not sheet.part for sheet in sheets)
    shown = [Shown(number, sheet) for number, sheet in zip(numbers, sheets, strict=True)]
    _Flow(writer, body, shown).write(laid_out)


# --- characters into lines --------------------------------------------------------------------


def _read(number: int, sheet: Sheet) -> tuple[list[_Line], list[_Block]]:
    glyphs = [glyph for glyph in _once(sheet.glyphs) if not glyph.text.isspace()]
    tables = lattices(sheet.rules)
    inside, outside = _sorted_into(tables, glyphs)
    if found := open_tables(sheet.rules, outside):
        tables += found
        inside, outside = _sorted_into(tables, glyphs)
    lines = _segments(outside)
    for line in lines:
        line.page, line.rough = number, sheet.rough
    _mark(lines, sheet.headings)
    return lines, [block for i, table in enumerate(tables) if (block := _block(i, table, inside, number))]


def _sorted_into(
    tables: Sequence[Lattice], glyphs: Sequence[Glyph]
) -> tuple[dict[tuple[int, int], list[Glyph]], list[Glyph]]:
    """Return the characters in each cell of each table, and those in none."""
    inside, outside = defaultdict[tuple[int, int], list[Glyph]](list), list[Glyph]()
    for glyph in glyphs:
        cells = ((number, table.cell(*glyph.middle)) for number, table in enumerate(tables))
        place = next(((number, cell) for number, cell in cells if cell is not None), None)
        if place is None:
            outside.append(glyph)
        else:
            inside[place].append(glyph)
    return inside, outside


def _once(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Characters printed several times over each other, to look bold, once."""
    kept: list[Glyph] = []
    seen: dict[str, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        near = (glyph.bottom - glyph.top) * 0.2
        beside = min(near, (glyph.x1 - glyph.x0) * 0.5)  # 「ll」 are two
        if not any(abs(o.x0 - glyph.x0) < beside and abs(o.top - glyph.top) < near for o in seen[glyph.text][-50:]):
            kept.append(glyph)
        seen[glyph.text].append(glyph)
    return kept


def _block(number: int, grid: Lattice, inside: dict[tuple[int, int], list[Glyph]], page: int) -> _Block | None:
    texts: dict[int, str] = {}
    widths = [right - left for left, right in pairwise(grid.xs)]
    for row in grid.cells:
        for cell in dict.fromkeys(row):
            if cell not in texts:
                width = sum(width for at, width in zip(row, widths, strict=True) if at == cell)
                texts[cell] = _cell_text(inside.get((number, cell), []), width)
    rows = [[texts[cell] for cell in row] for row in grid.cells]
    return _Block(rows, grid.cells, grid.xs, grid.ys, page, grid.header) if any(map(any, rows)) else None


def _cell_text(glyphs: Sequence[Glyph], width: float) -> str:
    """Return the text of a cell; a space where a line ends early, as what follows is something else."""
    if turns := {glyph.turns for glyph in glyphs} - {0}:
        groups = [[glyph for glyph in glyphs if glyph.turns == turn] for turn in sorted({0, *turns})]
        edge = max(max(glyph.x1, glyph.bottom) for glyph in glyphs)
        return " ".join(filter(None, (_cell_text(turned(g, g[0].turns, edge, edge), edge) for g in groups if g)))
    lines = [_line(row) for row in baselines(glyphs)]
    edge = max((line.x1 for line in lines), default=0.0)
    text, apart, room = "", False, 0.0
    for line in lines:
        cut = room < _PADDING * line.size and text[-1:].isdigit() and line.text[0].isdigit()
        text = text + line.text if cut or apart else joined([text, line.text])
        apart, room = line.x1 < edge - _SHORT * line.size, width - (line.x1 - line.x0)
        text += " " if apart else ""
    return text.strip()


def _segments(glyphs: Sequence[Glyph]) -> list[_Line]:
    """Lines, taken apart where a gap may be that between columns."""
    lines: list[_Line] = []
    for row in baselines(glyphs):
        size = median(glyph.bottom - glyph.top for glyph in row)
        start = 0
        for i, (left, right) in enumerate(pairwise(row), 1):
            if right.x0 - left.x1 > (_INDENT if left.text in "。；" else _SEGMENT_GAP) * size:
                lines.append(_line(row[start:i]))
                start = i
        lines.append(_line(row[start:]))
    return lines


def _line(row: Sequence[Glyph]) -> _Line:
    size = median(glyph.bottom - glyph.top for glyph in row)
    row = _powers(row, size)
    # Letters set wide, as in titles and justified lines, are no words of their own.
    spread = max(0.0, median([right.x0 - left.x1 for left, right in pairwise(row)])) if len(row) > 4 else 0.0
    text = row[0].text
    for left, right in pairwise(row):
        text += _space(left, right, size, spread) + right.text
    return _Line(
        text, row[0].x0, max(glyph.x1 for glyph in row),
        median(glyph.top for glyph in row), median(glyph.bottom for glyph in row), size,
        numbered=_numbered(text, row, size),
    )  # fmt: skip


def _powers(row: Sequence[Glyph], size: float) -> Sequence[Glyph]:
    """Return a line with small raised digits behind others as powers, 10⁴, and small lowered ones as indices, CO₂.

    What is raised or lowered together stays as it is where Unicode has no such sign for a part of it: PM2.5.
    """
    full = [(glyph.top + glyph.bottom) / 2 for glyph in row if glyph.bottom - glyph.top > _SMALL * size]
    if len(full) in (0, len(row)):
        return row
    middle, found = median(full), list[Glyph]()
    for side, group in groupby(row, key=lambda glyph: _side(glyph, middle, size)):
        run = list(group)
        before = found[-1] if found else None
        near = before is not None and run[0].x0 - before.x1 < _WORD_GAP * size
        behind = before is not None and before.text[-1].isascii() and before.text[-1].isalnum()
        if side and near and behind and _SHIFTABLE.issuperset(glyph.text for glyph in run):
            shift = raised if side < 0 else lowered
            run = [glyph._replace(text=shift(glyph.text)) for glyph in run]
        found += run
    return found


def _side(glyph: Glyph, middle: float, size: float) -> int:
    """Return -1 for a small sign above the middle of its line, 1 for one below it, 0 for others."""
    off = (glyph.top + glyph.bottom) / 2 - middle
    small = glyph.bottom - glyph.top <= _SMALL * size and abs(off) > _OFF * size
    return (1 if off > 0 else -1) if small else 0


def _numbered(text: str, row: Sequence[Glyph], size: float) -> int:
    lead = _LEAD.match(text)
    at = lead.end() if lead else 0
    if at and at < len(row) and all(len(glyph.text) == 1 for glyph in row[:at]):
        return at if row[at].x0 - row[at - 1].x1 > _WORD_GAP * size else 0
    return 0


def _space(left: Glyph, right: Glyph, size: float, spread: float) -> str:
    narrow = _is_narrow(left.text[-1]) + _is_narrow(right.text[0])
    gap = (right.x0 - left.x1 - spread) / size
    if gap < _SIGN_GAP and (right.text[0] in _OPENERS or left.text[-1] in _ENDERS):
        return ""
    return " " if gap > (_BODY_GAP, _MIXED_GAP, _WORD_GAP)[narrow] else ""


def _is_narrow(character: str) -> bool:
    """Return whether a character belongs to a script with spaces between words: é and – do."""
    return character.isascii() or character == "–" or (character < "\u2e80" and character.isalpha())


def _mark(lines: Sequence[_Line], headings: Sequence[tuple[str, int]]) -> None:
    """Give the lines that bookmarks lead to their level; a bookmark that says a whole paragraph heads nothing."""
    for title, level in headings:
        wanted = "".join(title.split())
        if len(wanted) > _BOOKMARK_MAX or re.search("[。；]", wanted[:-1]):
            continue
        for place, line in enumerate(lines):
            held = _saying(wanted, lines[place:]) if line.heading is None else 0
            for number, part in enumerate(lines[place : place + held]):
                part.heading, part.goes_on = level, number > 0
            if held:
                break


def _saying(wanted: str, lines: Sequence[_Line]) -> int:
    """Return how many lines, from the first, say what a bookmark does; 0 where they do not."""
    text = ""
    for number, line in enumerate(lines[:_HEADING_LINES], 1):
        text += "".join(line.text.split())
        if text == wanted:
            return number
        if len(text) < 4 or not wanted.startswith(text):
            return 0
    return 0


# --- what is no text of the document ----------------------------------------------------------


def _drop_edges(sheets: Sequence[Sheet], pages: Sequence[list[_Line]], body: float) -> None:
    """Take out headers, footers and page numbers."""
    counts: Counter[tuple[str, str]] = Counter()
    for sheet, lines in zip(sheets, pages, strict=True):
        counts.update({key for line in lines if (key := _edge_key(sheet, line, body))})
    needed = max(2, min(3, len(sheets)), round(len(sheets) * 0.15))
    for sheet, lines in zip(sheets, pages, strict=True):
        lines[:] = [line for line in lines if not ((key := _edge_key(sheet, line, body)) and counts[key] >= needed)]
        first = min((line.top for line in lines), default=0.0)
        last = max((line.bottom for line in lines), default=0.0)
        outer = (line for line in lines if line.top - first < line.size or last - line.bottom < line.size)
        numbers = (line for line in outer if _PAGE_NUMBER.fullmatch(line.text) and _edge(sheet, line, _NUMBER_EDGE))
        gone = set(map(id, numbers))
        lines[:] = [line for line in lines if id(line) not in gone]


def _drop_contents(pages: Sequence[_Page]) -> None:
    """Take out tables of contents."""
    lines = [item for page in pages for item in page.flow if isinstance(item, _Line)]
    gone = {id(lines[place]) for place in contents_lines([line.text for line in lines])}
    for page in pages:
        page.flow = [item for item in page.flow if id(item) not in gone]


def _edge(sheet: Sheet, line: _Line, share: float = _EDGE) -> str:
    if line.middle < share * sheet.height:
        return "top"
    return "bottom" if line.middle > (1 - share) * sheet.height else ""


def _edge_key(sheet: Sheet, line: _Line, body: float) -> tuple[str, str] | None:
    edge = _edge(sheet, line)
    counted = r"\s+" if line.size > _LARGE * body else r"\d+|\s+"  # 「项目进度报告（2）」 is a title
    return (edge, re.sub(counted, "", line.text)) if edge else None


def _body_size(lines: Sequence[_Line]) -> float:
    """Return the size that most characters are set in."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


# --- lines in reading order -------------------------------------------------------------------


def _margins(lines: Sequence[_Line], sheets: Sequence[Sheet], body: float) -> tuple[float, float]:
    """Left and right margin of the document's full lines; titles run over them."""
    lines = [line for line in lines if line.size < _LARGE * body] or lines
    if not lines:
        return 0.0, sheets[0].width if sheets else 0.0
    widest = max(line.x1 - line.x0 for line in lines)
    left, right = _full(lines)
    # Where no line is full, the right margin is as wide as the left one.
    return left, right if widest > 0.5 * sheets[0].width else sheets[0].width - left


def _full(lines: Sequence[_Line]) -> tuple[float, float]:
    """Return where full lines begin and end: what stands in the middle, as a byline does, is none."""
    widest = max(line.x1 - line.x0 for line in lines)
    full = [line for line in lines if line.x1 - line.x0 > 0.6 * widest]
    return _quantile([line.x0 for line in full], 0.1), _quantile([line.x1 for line in full], 0.9)


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _page(sheet: Sheet, lines: list[_Line], blocks: list[_Block], body: float, margins: tuple[float, float]) -> _Page:
    page = _Page(sheet.part)
    page.notes = _notes(sheet, lines, body)
    above = float("-inf")
    for block in [*sorted(blocks, key=lambda block: block.top), None]:
        below = block.top if block else float("inf")
        page.flow.extend(_ordered([line for line in lines if above <= line.middle < below], margins))
        if block:
            page.flow.append(block)
            above = below
    return page


def _notes(sheet: Sheet, lines: list[_Line], body: float) -> list[_Line]:
    """Take footnotes out of the lines of a page: smaller ones at its foot that begin with a sign."""
    small = [line for line in lines if line.size < 0.9 * body and line.middle > sheet.height / 2]
    foot = max((line.bottom for line in lines if line.size >= 0.9 * body), default=0.0)
    notes = sorted((line for line in small if line.top > foot), key=lambda line: line.top)
    while notes and not _NOTE.match(notes[0].text):
        notes.pop(0)
    for note in notes:
        lines.remove(note)
    return notes


def _ordered(lines: Sequence[_Line], margins: tuple[float, float]) -> Iterator[_Line]:
    """Lines as one reads them: down one column, then the next; what runs across both parts them."""
    lines = sorted(lines, key=lambda line: (line.top, line.x0))
    gutter = _gutter(lines)
    if gutter is None:
        yield from _joined_rows(lines, margins)
        return
    columns: tuple[list[_Line], list[_Line]] = ([], [])
    for line in lines:
        if line.x0 < gutter < line.x1:
            yield from _columns(columns)
            columns = ([], [])
            yield from _joined_rows([line], margins)
        else:
            columns[line.x0 >= gutter].append(line)
    yield from _columns(columns)


def _columns(columns: tuple[list[_Line], list[_Line]]) -> Iterator[_Line]:
    for column in columns:
        if column:
            yield from _joined_rows(column, _full(column))


def _gutter(lines: Sequence[_Line]) -> float | None:
    """Return the middle of the white space between two columns, or None for a page that has one."""
    if len(lines) < 12:
        return None
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    best, best_crossing = None, 0.2 * len(lines)
    for step in range(35, 66):
        x = left + (right - left) * step / 100
        crossing = sum(line.x0 < x < line.x1 for line in lines)
        if crossing < best_crossing and _balanced(lines, x, right - left):
            best, best_crossing = x, crossing
    return best


def _balanced(lines: Sequence[_Line], x: float, width: float) -> bool:
    sides = [line for line in lines if line.x1 <= x], [line for line in lines if line.x0 >= x]
    return all(len(side) >= 5 and median(line.x1 - line.x0 for line in side) > 0.3 * width for side in sides)


def _joined_rows(lines: Sequence[_Line], margins: tuple[float, float]) -> Iterator[_Line]:
    """Parts of one row together again, with their distance from the margins."""
    rows: list[_Line] = []
    for line in lines:
        before = rows[-1] if rows else line
        beside = rows and abs(line.middle - before.middle) < 0.45 * before.size and line.x0 >= before.x1
        if beside and not (before.text[-1] in "。；" and markers(line.text)):
            before.text = f"{before.text} {line.text}"
            before.x1 = line.x1
            before.heading = before.heading or line.heading
        else:
            rows.append(line)
    for row in rows:
        row.left, row.right = row.x0 - margins[0], margins[1] - row.x1
        yield row


# --- lines into paragraphs --------------------------------------------------------------------


class _Flow:
    """Writes lines and tables, holding back a paragraph until it is known to have ended."""

    def __init__(self, writer: Writer, body: float, shown: Sequence[Shown]) -> None:
        self._writer = writer
        self._body = body
        self._shown = shown
        self._text = ""
        self._size = 0.0  # of what is held back
        self._begun = 1  # the page that it begins on
        self._places: list[Place] = []
        self._level: int | None = None
        self._turns: list[int] = []
        self._last: _Line | None = None
        self._turned = False
        self._notes: list[_Line] = []
        self._table: _Table | None = None

    def write(self, pages: Sequence[_Page]) -> None:
        gap = self._usual_gap(pages)
        self._writer.frames([shown.page for shown, page in zip(self._shown, pages, strict=True) if not page.part])
        for page in pages:
            if page.part:
                self._close_table()
                self._close()
            else:
                self._turn()
            for item in page.flow:
                if isinstance(item, _Block):
                    self._close()
                    self._add_table(item)
                else:
                    self._add(item, gap)
            self._notes.extend(page.notes)
        self._close_table()
        self._close()

    @staticmethod
    def _usual_gap(pages: Sequence[_Page]) -> float:
        gaps = [
            below.top - above.bottom
            for page in pages
            for above, below in pairwise(page.flow)
            if isinstance(above, _Line) and isinstance(below, _Line) and below.top > above.top
        ]
        return median(gaps) if gaps else 0.0

    def _turn(self) -> None:
        if self._text:
            self._turns.append(len(self._text))
        elif self._table:
            self._table.turns.append(len(self._table.rows))
        else:
            self._writer.page()
        self._turned = True

    def _add(self, line: _Line, gap: float) -> None:
        if self._table and self._turned and _CONTINUED.fullmatch(line.text):
            return
        self._close_table()
        if self._last is not None and self._ends(self._last, line, gap):
            self._close()
        if not self._text:
            self._level = line.heading
        self._say(line.text if self._text else line.opening, line)
        self._last, self._turned = line, False

    def _ends(self, last: _Line, line: _Line, gap: float) -> bool:
        """Return whether the paragraph that `last` belongs to ended with it."""
        if line.goes_on and last.heading == line.heading:
            return False
        if line.heading is not None or last.heading is not None:
            return line.heading != last.heading or not _is_title(last, line, self._body)
        if _is_title(last, line, self._body):
            return False
        if abs(line.size - last.size) > (0.35 if line.rough else 0.12) * last.size:
            return True
        apart = line.top - last.bottom
        if not self._turned and line.top > last.top and apart > gap + 0.7 * line.size:
            return True
        short = last.right > _SHORT * last.size
        stopped = last.text.rstrip(_CLOSERS)[-1:] in _STOPS
        indented = line.left > _INDENT * line.size
        if short or _set_apart(last, line):
            return True
        return (indented and stopped) or ((indented or stopped) and bool(markers(line.opening)))

    def _say(self, text: str, line: _Line) -> None:
        """Take a line into what is held back."""
        if not self._text:
            self._size, self._begun = line.size, self._shown[line.page].number
        start, self._text = len(self._text), self._glued(text)
        box = self._shown[line.page].box(line.x0, line.top, line.x1, line.bottom)
        self._places.append((min(start, len(self._text)), len(self._text), box))

    def _glued(self, text: str) -> str:
        if self._text.endswith("-") and text[:1].islower() and self._text[-2:-1].isalpha():
            return self._text[:-1] + text
        if _NUMBER_BEGUN.search(self._text, max(0, len(self._text) - _NUMBER_MAX)) and _NUMBER_GOES_ON.match(text):
            return self._text + text
        return joined([self._text, text])

    def _close(self) -> None:
        """Write what was held back: the paragraph, then the notes of the pages that it, or a table, began on."""
        self._write_text()
        for note in self._notes if self._table is None else ():
            if _NOTE.match(note.text):
                self._write_text()
            self._say(note.text, note)
        self._write_text()
        self._last, self._notes = None, self._notes if self._table else []

    def _write_text(self) -> None:
        if self._text:
            if self._size > _LARGE * self._body and self._begun <= _COVERS:
                self._writer.prominent(self._text, self._size)
            self._writer.paragraph(self._text, level=self._level, turns=self._turns, places=self._places)
        self._text, self._level, self._turns, self._places = "", None, [], []

    def _add_table(self, block: _Block) -> None:
        """Take a table in; one that goes on from the page before is one with it."""
        shown = self._shown[block.page]
        boxes = [shown.box(block.xs[0], top, block.xs[-1], bottom) for top, bottom in pairwise(block.ys)]
        goes_on = self._table is not None and self._turned
        if self._table and goes_on and _same_columns(self._table.block, block):
            again = _repeated_rows(self._table.rows, block.rows)
            rows = block.rows[again:]
            if rows and _is_cut(self._table.rows[-1], rows[0]):
                self._table.rows[-1] = [joined(cells) for cells in zip(self._table.rows[-1], rows.pop(0), strict=True)]
                again += 1
            self._table.rows.extend(rows)
            self._table.owners.extend([owner + _OWNERS * block.page for owner in row] for row in block.owners[again:])
            self._table.boxes.extend(boxes[again:])
            self._table.block = block
        else:
            self._close_table()
            self._table = _Table(block, list(block.rows), list(block.owners), boxes, goes_on, block.header)
        self._turned = False

    def _close_table(self) -> None:
        """Write the table that was held back."""
        if self._table:
            table, self._table = self._table, None
            grid = Grid(table.rows, table.header, table.owners)
            self._writer.table(grid, continued=table.continued, boxes=table.boxes, turns=table.turns)
            self._close()


def _same_columns(one: _Block, other: _Block) -> bool:
    return len(one.xs) == len(other.xs) and all(
        abs((x - one.xs[0]) - (y - other.xs[0])) < _COLUMN_OFF for x, y in zip(one.xs, other.xs, strict=True)
    )


def _repeated_rows(rows: Sequence[list[str]], below: Sequence[list[str]]) -> int:
    """Return how many rows that a table begins with on this page it began with before: its heading rows."""
    count = 0
    while count < min(len(rows), len(below)) and rows[count] == below[count]:
        count += 1
    return count


def _is_cut(above: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether a row continues on the next page: its text cells continue mid-sentence and no new row begins."""
    pairs = [(one, other) for one, other in zip(above, below, strict=True) if other]
    return bool(pairs) and not below[0] and all(len(one) >= _CUT_MIN and one[-1] not in _STOPS for one, _ in pairs)


def _set_apart(last: _Line, line: _Line) -> bool:
    """Return whether a line stands far in and the other does not stand below it: a signature, a date, a caption."""
    return max(last.left, line.left) > _FAR_IN * line.size and abs(last.left - line.left) > 0.5 * line.size


def _is_title(last: _Line, line: _Line, body: float) -> bool:
    """Return whether two lines are parts of one title: larger than the text, of one size, close, and set alike."""
    size = last.size
    return (
        size > _LARGE * body
        and abs(line.size - size) < (0.15 if line.rough else 0.08) * size
        and (_is_full(last, line) or all(part.left > size and part.right > size for part in (last, line)))
        and line.top - last.bottom < 1.2 * size
        and not markers(line.opening)
    )


def _is_full(last: _Line, line: _Line) -> bool:
    """Return whether a line had no room for more, and the next one stands in its middle, or begins where it did."""
    centred = abs(line.left - line.right) < 2 * line.size
    return last.left < 2 * last.size and last.right < 2 * last.size and (centred or abs(line.x0 - last.x0) < line.size)
