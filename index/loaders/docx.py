"""Word: paragraphs with the numbers that Word shows, headings by style, tables, footnotes behind the text.

Deleted and hidden text, codes of fields, tables of contents, headers and footers are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.loaders import formats, symbols
from index.loaders.archive import Archive, attribute, child, children, integer, is_on, local, main_part, relations
from index.loaders.content import Content, Unreadable, Writer, joined, spaced
from index.loaders.drawings import Drawings
from index.loaders.numbering import Numbering
from index.loaders.tables import Area, Grid
from index.records import Span

if TYPE_CHECKING:
    from lxml import etree

_SKIPPED = frozenset(
    ["del", "moveFrom", "instrText", "delText", "delInstrText", "rPr", "pPr", "sdtPr", "sdtEndPr", "tblPr", "tblGrid",
     "trPr", "tcPr", "txbxContent", "rt", "binData", "object", "fldData"]
)  # fmt: skip
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_REFERENCES = {"footnoteReference": "注", "endnoteReference": "尾注", "commentReference": "批注"}
_HEADING_STYLE = re.compile(r"(?:heading|标题)[ ]?([1-9])", re.I)
_TOC_STYLE = re.compile(r"(?:toc|目录)[ ]?[0-9]", re.I)
_TITLE_STYLE = re.compile(r"title|标题", re.I)
_NESTING_MAX = 8  # tables within tables
_COLUMNS_MAX = 500
_SET_OFF_MAX = 40  # characters of a line in bold that may be a heading
_SET_OFF_MIN = 2  # such lines in a document from which they are its headings
_COMPOUND = re.compile(r"[+\-−×÷=]")  # of a term, that it needs brackets in a fraction
_NO_HEADING = re.compile(r"[。；;！!？?，,、：:|\t]$|^[\d\W]+$")


@dataclass(frozen=True, slots=True)
class _Written:
    """A paragraph: where it stands if it may be a heading; whether all of it is bold, or centred."""

    line: Span | None
    bold: bool
    centred: bool


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    bold: bool = False
    level: int | None = None
    list_id: str | None = None
    list_level: int | None = None


def read(data: bytes) -> Content:
    """Read a .docx file; Unreadable if it is damaged, or is no Word document."""
    archive = Archive(data)
    return _Reader(archive, main_part(archive, "document.xml")).content()


class _Reader:
    def __init__(self, archive: Archive, main: str) -> None:
        folder = main.rpartition("/")[0]
        self._body = child(archive.xml(main), "body")
        self._styles = _styles(archive.optional_xml(f"{folder}/styles.xml"))
        self._numbering = Numbering(archive.optional_xml(f"{folder}/numbering.xml"))
        self._notes = [
            (kind, archive.optional_xml(f"{folder}/{part}.xml"))
            for kind, part in (("注", "footnotes"), ("尾注", "endnotes"), ("批注", "comments"))
        ]
        self._seen: dict[str, list[str]] = {"注": [], "尾注": [], "批注": []}
        self._written: list[_Written] = []
        self._writer = Writer()
        self._targets = relations(archive, main)
        self._archive = archive
        self._drawings = Drawings(archive, self._writer)

    def content(self) -> Content:
        if self._body is None:
            raise Unreadable("没有正文（缺少 body）。请用 Word 打开后另存。")
        self._blocks(self._body)
        for line in _set_off(self._written):
            self._writer.set_off(line)
        self._append_notes()
        self._drawings.tell()
        return self._writer.content()

    def _blocks(self, parent: etree._Element) -> None:
        for element in _unwrapped(parent):
            if local(element) == "p":
                self._paragraph(element)
            elif local(element) == "tbl":
                self._table(element)
            elif local(element) == "altChunk":
                self._chunk(element)

    def _chunk(self, element: etree._Element) -> None:
        """Write a part in another format, which Word shows in its place."""
        part = self._targets.get(attribute(element, "id") or "", "")
        try:
            self._writer.include(formats.read(self._archive.read(part), part), pages=False)
        except Unreadable as error:
            self._writer.notice(f"嵌入的部件 {part} 没有读取：{error}")

    def _paragraph(self, element: etree._Element) -> None:
        style = self._style(element)
        if _TOC_STYLE.fullmatch(style.name):
            return
        text = self._text(element).strip()
        if text:
            text = self._label(element, style) + text
        if self._writer.title is None and text and _TITLE_STYLE.fullmatch(style.name):
            self._writer.title = " ".join(text.split())
        start = self._writer.length
        self._writer.paragraph(text, level=_level(element, style))
        if self._writer.length > start:
            may_head = "\n" not in text and 2 <= len(text) <= _SET_OFF_MAX and not _NO_HEADING.search(text)
            line = Span(start, self._writer.length - 1) if may_head else None
            centred = attribute(child(element, "pPr", "jc"), "val") == "center"
            self._written.append(_Written(line, _is_bold(element, style), centred))
        for box in _boxes(element):
            self._blocks(box)
        if next(element.iter("{*}drawing", "{*}pict", "{*}object"), None) is not None:
            self._drawings.write(element, self._targets)

    def _label(self, element: etree._Element, style: _Style) -> str:
        numbers = child(element, "pPr", "numPr")
        list_id, level = style.list_id, style.list_level
        if numbers is not None:
            own, depth = child(numbers, "numId"), child(numbers, "ilvl")
            list_id = attribute(own, "val") if own is not None else list_id
            level = integer(attribute(depth, "val")) if depth is not None else level
        if list_id is None or list_id == "0":
            return ""
        return self._numbering.label(list_id, level or 0)

    def _style(self, element: etree._Element) -> _Style:
        return self._styles.get(attribute(child(element, "pPr", "pStyle"), "val") or "", _Style(""))

    def _text(self, element: etree._Element) -> str:
        parts: list[str] = []
        for part in _unwrapped(element):
            name = local(part)
            if name == "t":
                parts.append(part.text or "")
            elif name in _SIGNS:
                parts.append(_SIGNS[name])
            elif name == "sym":
                parts.append(symbols.character(attribute(part, "font") or "", attribute(part, "char") or ""))
            elif name == "checkBox":
                ticked = is_on(child(part, "checked"), is_on(child(part, "default")))
                parts.append("☑" if ticked else "☐")
            elif name in _REFERENCES:
                seen = self._seen[_REFERENCES[name]]
                if (identifier := attribute(part, "id") or "") not in seen:
                    seen.append(identifier)
                parts.append(f"［{_REFERENCES[name]}{seen.index(identifier) + 1}］")
            elif name == "ddList":
                parts.append(_chosen_entry(part))
            elif name == "r" and is_on(child(part, "rPr", "vanish")):
                continue
            elif name == "r":
                fonts = child(part, "rPr", "rFonts")
                font = attribute(fonts, "ascii") or attribute(fonts, "hAnsi") or ""
                place = attribute(child(part, "rPr", "vertAlign"), "val")
                parts.append(symbols.shifted(symbols.text(font, self._text(part)), place))
            elif name in ("sup", "sub"):
                parts.append((symbols.raised if name == "sup" else symbols.lowered)(self._text(part)))
            elif name == "f":
                terms = [self._text(each) for each in children(part, "num", "den")]
                gap = " " if parts and parts[-1][-1:].isdigit() else ""
                parts.append(gap + "/".join(f"({term})" if _COMPOUND.search(term) else term for term in terms))
            elif name not in _SKIPPED and name not in ("p", "tbl"):
                parts.append(self._text(part))
        return "".join(parts)

    def _append_notes(self) -> None:
        for kind, root in self._notes:
            notes = {attribute(note, "id") or "": note for note in root} if root is not None else {}
            for number, identifier in enumerate(self._seen[kind], 1):
                if identifier in notes:
                    lines = [self._text(p) for p in notes[identifier].iter() if local(p) == "p"]
                    self._writer.paragraph(f"［{kind}{number}］{joined(lines)}")

    def _table(self, element: etree._Element, caption: str | None = None, depth: int = 0) -> None:
        """Write a table; those inside its cells follow it, called by what names their row."""
        rows = [row for row in _unwrapped(element) if local(row) == "tr"]
        if all(len(_tcs(row)) < 2 for row in rows):  # a frame around text, not a table
            for cell in (cell for row in rows for cell in _tcs(row)):
                self._blocks(cell)
            return
        texts: list[list[str]] = []
        areas: dict[tuple[int, int], Area] = {}
        inner: list[tuple[str, etree._Element]] = []
        for number, row in enumerate(rows):
            texts.append([])
            self._drawings.write(row, self._targets)
            for column, width, cell in _placed(row):
                texts[-1] += [""] * (column - len(texts[-1]))
                text = self._cell(cell) if depth < _NESTING_MAX else self._flat(cell)
                above = _area_above(cell, areas, number, column)
                if above is not None and not text:
                    areas[above[0]] = area = above[1]._replace(bottom=number + 1)
                    texts[-1] += [texts[area.top][area.left]] * width
                    continue
                areas[number, column] = Area(number, column, number + 1, column + width)
                texts[-1] += [text] * width
                if depth < _NESTING_MAX:
                    name = next(filter(None, texts[-1]), "")
                    inner += [(name, below) for below in _unwrapped(cell) if local(below) == "tbl"]
        self._writer.table(Grid.merged(texts, areas.values(), _declared(rows)), caption=caption)
        for name, table in inner:
            self._table(table, name or None, depth + 1)

    def _flat(self, element: etree._Element) -> str:
        """Return all text of a cell with that of the tables in it, which lie too deep to be tables of their own."""
        return spaced([self._text(paragraph).strip() for paragraph in element.iter("{*}p")])

    def _cell(self, element: etree._Element) -> str:
        lines: list[str] = []
        for block in _unwrapped(element):
            if local(block) == "p":
                text = self._text(block).strip()
                lines.extend((self._label(block, self._style(block)) + text).split("\n") if text else ())
                for box in _boxes(block):
                    lines.append(self._cell(box))
        return spaced(lines)


def _tcs(row: etree._Element) -> list[etree._Element]:
    return [cell for cell in _unwrapped(row) if local(cell) == "tc"]


def _placed(row: etree._Element) -> Iterator[tuple[int, int, etree._Element]]:
    """Yield the cells of a row, each with its first column and how many it covers."""
    column = max(0, min(integer(attribute(child(row, "trPr", "gridBefore"), "val")), _COLUMNS_MAX))
    for cell in _tcs(row):
        width = max(1, min(integer(attribute(child(cell, "tcPr", "gridSpan"), "val")), _COLUMNS_MAX))
        yield column, width, cell
        column += width


def _area_above(
    cell: etree._Element, areas: dict[tuple[int, int], Area], row: int, column: int
) -> tuple[tuple[int, int], Area] | None:
    """Return the merged cell that a cell goes on from the row above; None where it begins one."""
    merge = child(cell, "tcPr", "vMerge")
    if merge is None or attribute(merge, "val") == "restart":
        return None
    found = ((place, area) for place, area in areas.items() if area.left == column and area.bottom == row)
    return next(found, None)


def _declared(rows: Sequence[etree._Element]) -> int | None:
    """Return how many rows at the top are repeated on each page, as heading rows are; None where none is."""
    marks = [child(row, "trPr", "tblHeader") is not None for row in rows]
    return marks.index(False) if False in marks and marks[0] else None


def _unwrapped(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield children, those of content controls, insertions and alternatives in their place."""
    for element in parent:
        name = local(element)
        if name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"):
            yield from _unwrapped(element)
        elif name == "AlternateContent":
            chosen = child(element, "Choice")
            yield from _unwrapped(chosen if chosen is not None else element)
        elif name not in ("del", "moveFrom"):
            yield element


def _boxes(element: etree._Element) -> Iterator[etree._Element]:
    """Yield the text boxes anchored in a paragraph; of two forms of one box the modern one."""
    for box in element.iter("{*}txbxContent"):
        if not any(local(above) == "Fallback" for above in box.iterancestors()):
            yield box


def _chosen_entry(listed: etree._Element) -> str:
    """Return what is chosen of a list in a form field."""
    entries = [attribute(entry, "val") or "" for entry in children(listed, "listEntry")]
    place = integer(attribute(child(listed, "result"), "val"))
    return entries[place] if 0 <= place < len(entries) else ""


def _set_off(written: Sequence[_Written]) -> list[Span]:
    """Return short lines in bold between paragraphs that are not: headings without a style, but for a centred title."""
    found: list[Span] = []
    begun = False
    for place, paragraph in enumerate(written):
        follows = place + 1 < len(written) and not written[place + 1].bold
        if paragraph.bold and paragraph.line and follows and (begun or (place and not paragraph.centred)):
            found.append(paragraph.line)
        begun = begun or not paragraph.bold
    return found if len(found) >= _SET_OFF_MIN else []


def _is_bold(paragraph: etree._Element, style: _Style) -> bool:
    """Return whether all that a paragraph shows is bold."""
    runs = [run for run in paragraph.iter("{*}r") if any(local(part) == "t" and part.text for part in run)]
    return bool(runs) and all(is_on(child(run, "rPr", "b"), style.bold) for run in runs)


def _level(element: etree._Element, style: _Style) -> int | None:
    own = child(element, "pPr", "outlineLvl")
    level = style.level if own is None else integer(attribute(own, "val")) + 1
    return level if level and 1 <= level <= 9 else None


def _styles(root: etree._Element | None) -> dict[str, _Style]:
    elements = {attribute(each, "styleId") or "": each for each in children(root, "style")}
    return {identifier: _resolved(identifier, elements) for identifier in elements}


def _resolved(identifier: str, elements: dict[str, etree._Element]) -> _Style:
    """Return a style with what it inherits."""
    level = list_id = list_level = bold = None
    name, passed, current = "", set(), identifier
    while current in elements and current not in passed:
        passed.add(current)
        element = elements[current]
        own_name = attribute(child(element, "name"), "val") or ""
        name = name or own_name
        bold = bold if bold is not None else child(element, "rPr", "b")
        level = level or _style_level(element, own_name)
        numbers = child(element, "pPr", "numPr")
        own_level = child(numbers, "ilvl")
        list_id = list_id or attribute(child(numbers, "numId"), "val")
        list_level = integer(attribute(own_level, "val")) if own_level is not None else list_level
        current = attribute(child(element, "basedOn"), "val") or ""
    return _Style(name, is_on(bold), level if level and level <= 9 else None, list_id, list_level)


def _style_level(element: etree._Element, name: str) -> int | None:
    declared = child(element, "pPr", "outlineLvl")
    if declared is not None:
        return integer(attribute(declared, "val")) + 1
    match = _HEADING_STYLE.fullmatch(name)
    return int(match[1]) if match else None
