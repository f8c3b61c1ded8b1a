"""PowerPoint: every slide a page under its title; text from top to bottom, tables, notes of the speaker behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from index.loaders import symbols
from index.loaders.archive import Archive, attribute, child, children, integer, local, main_part, relations
from index.loaders.content import Content, Unreadable, Writer, joined, spaced
from index.loaders.drawings import Drawings
from index.loaders.tables import Area, Grid

if TYPE_CHECKING:
    from lxml import etree

_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "ftr", "dt", "hdr")
_GROUPS_MAX = 20  # groups within groups
_WIDE = 10**9
_SLACK = 60_000  # units (EMU) by which neighbours may overlap
_HEADING_MAX = 12  # characters of a line that heads a column


def read(data: bytes) -> Content:
    """Read a .pptx file; Unreadable if it is damaged, or is no presentation."""
    archive = Archive(data)
    writer = Writer()
    drawings = Drawings(archive, writer)
    for name in _slides(archive):
        writer.page()
        targets = relations(archive, name)
        _slide(writer, archive.xml(name), drawings, targets)
        for target in targets.values():
            root = archive.optional_xml(target) if re.search("/notesSlide|/comments/", target) else None
            for said in () if root is None else _notes(root) if "/notesSlide" in target else _comments(root):
                writer.paragraph(said)
    drawings.tell()
    return writer.content()


def _slides(archive: Archive) -> list[str]:
    """Return the parts of the slides that are shown, in their order."""
    main = main_part(archive, "presentation.xml")
    targets = relations(archive, main)
    listed = child(archive.xml(main), "sldIdLst")
    if listed is None:
        raise Unreadable("没有幻灯片（缺少 sldIdLst）。请用 PowerPoint 打开后另存。")
    ids = (str(value) for slide in listed for key, value in slide.attrib.items() if str(key).endswith("}id"))
    names = [targets[identifier] for identifier in ids if identifier in targets]
    return [name for name in names if attribute(archive.xml(name), "show") not in ("0", "false")]


def _slide(writer: Writer, root: etree._Element, drawings: Drawings, targets: dict[str, str]) -> None:
    shapes = list(_shapes(child(root, "cSld", "spTree"), _Frame()))
    titles = [each for each in shapes if _kind(each.element) in _TITLES]
    for each in titles:
        title = joined([line for paragraph in _paragraphs(each.element) for line in paragraph.split("\n")])
        writer.title = writer.title or title or None
        writer.paragraph(title, level=1)
    kept = [each for each in shapes if each not in titles and _kind(each.element) not in _FURNITURE]
    _ordered(writer, kept, lambda element: _element(writer, element, drawings, targets))


def _element(writer: Writer, element: etree._Element, drawings: Drawings, targets: dict[str, str]) -> None:
    if (table := next(element.iter("{*}tbl"), None)) is not None:
        writer.table(_grid(table))
        return
    for paragraph in _paragraphs(element):
        writer.paragraph(paragraph)
    drawings.write(element, targets)


# --- in which order shapes are read -------------------------------------------------------------


def _ordered(writer: Writer, shapes: Sequence[_Shape], write: Callable[[etree._Element], None]) -> None:
    """Write shapes from the top down, those side by side column by column; a short line above each column heads it."""
    for group in _bands(shapes):
        columns = _columns(group)
        if len(columns) < 2:
            for shape in sorted(group, key=lambda each: (each.top, each.left)):
                write(shape.element)
            continue
        headed = all(len(column) > 1 and _heads(column) for column in columns)
        for column in columns:
            first, *rest = sorted(column, key=lambda each: (each.top, each.left))
            if headed:
                writer.paragraph(_text(first.element), level=2)
            else:
                write(first.element)
            _ordered(writer, rest, write)


def _heads(column: Sequence[_Shape]) -> bool:
    text = _text(min(column, key=lambda each: (each.top, each.left)).element)
    return 0 < len(text) <= _HEADING_MAX and "\n" not in text and not re.search(r"[\d。；，：]", text)


def _text(element: etree._Element) -> str:
    return "\n".join(filter(str.strip, _paragraphs(element)))


def _bands(shapes: Sequence[_Shape]) -> Iterator[list[_Shape]]:
    """Yield shapes in groups from the top down; rows of shapes that stand in the same columns are one group."""
    rows = _parted(shapes, lambda each: (each.top, each.bottom))
    while rows:
        group = rows.pop(0)
        while rows and len(_columns(group)) > 1 and len(_columns([*group, *rows[0]])) == len(_columns(group)):
            group = [*group, *rows.pop(0)]
        yield group


def _columns(shapes: Sequence[_Shape]) -> list[list[_Shape]]:
    return _parted(shapes, lambda each: (each.left, each.right))


def _parted(shapes: Sequence[_Shape], extent: Callable[[_Shape], tuple[int, int]]) -> list[list[_Shape]]:
    """Return shapes in groups that overlap along one axis."""
    groups: list[list[_Shape]] = []
    end = -1
    for shape in sorted(shapes, key=extent):
        first, last = extent(shape)
        slack = min(last - first, _SLACK)
        if groups and first + slack < end:
            groups[-1].append(shape)
        else:
            groups.append([shape])
        end = max(end, last)
    return groups


def _comments(root: etree._Element) -> Iterator[str]:
    for comment in root.iter("{*}cm"):
        if said := spaced([text.text or "" for text in comment.iter("{*}text", "{*}t")]):
            yield f"批注：{said}"


def _notes(root: etree._Element) -> Iterator[str]:
    for shape in _shapes(child(root, "cSld", "spTree"), _Frame()):
        if _kind(shape.element) == "body" and (said := _text(shape.element)):
            yield f"备注：{said}"


class _Frame(NamedTuple):
    """How the coordinates of a group lie on the slide: place = offset + scale × own."""

    x: float = 0.0
    y: float = 0.0
    across: float = 1.0
    down: float = 1.0

    def inside(self, group: etree._Element) -> _Frame:
        """Return the frame of a group's shapes."""
        box = child(group, "grpSpPr", "xfrm")
        off, ext, inner, size = (_pair(child(box, name)) for name in ("off", "ext", "chOff", "chExt"))
        if box is None or not all(size):
            return self
        across, down = ext[0] / size[0], ext[1] / size[1]
        x, y = off[0] - inner[0] * across, off[1] - inner[1] * down
        return _Frame(self.x + x * self.across, self.y + y * self.down, self.across * across, self.down * down)


class _Shape(NamedTuple):
    """A shape with its place on the slide; one that the layout places stands at the top."""

    element: etree._Element
    left: int
    top: int
    right: int
    bottom: int


def _shapes(tree: etree._Element | None, frame: _Frame, depth: int = 0) -> Iterator[_Shape]:
    for element in tree if tree is not None else ():
        name = local(element)
        if name == "AlternateContent":
            chosen = child(element, "Choice")
            yield from _shapes(chosen, frame, depth + 1) if depth < _GROUPS_MAX else ()
        elif name == "grpSp" and depth < _GROUPS_MAX:
            yield from _shapes(element, frame.inside(element), depth + 1)
        elif name in ("sp", "graphicFrame", "pic"):
            yield _placed(element, frame)


def _placed(element: etree._Element, frame: _Frame) -> _Shape:
    offset = next(element.iter("{*}off"), None)
    if offset is None:
        return _Shape(element, 0, -2, _WIDE, -1)
    x, y = _pair(offset)
    width, height = _pair(next(element.iter("{*}ext"), None))
    left, top = round(frame.x + x * frame.across), round(frame.y + y * frame.down)
    return _Shape(element, left, top, left + round(width * frame.across), top + round(height * frame.down))


def _pair(element: etree._Element | None) -> tuple[int, int]:
    """Return what an element says of two axes: x and y, or cx and cy."""
    first, second = (attribute(element, a) or attribute(element, b) for a, b in (("x", "cx"), ("y", "cy")))
    return integer(first), integer(second)


def _kind(shape: etree._Element) -> str:
    placeholder = next(shape.iter("{*}ph"), None)
    return "" if placeholder is None else attribute(placeholder, "type") or "body"


def _paragraphs(shape: etree._Element) -> Iterator[str]:
    for paragraph in shape.iter("{*}p"):
        yield "".join("\n" if local(part) == "br" else _run(part) for part in paragraph.iter("{*}t", "{*}br"))


def _run(text: etree._Element) -> str:
    """Return the text of a run, its signs as they are seen, as powers and indices above or below the line."""
    looks = child(text.getparent(), "rPr")
    shift = integer(attribute(looks, "baseline"))
    fonts = (attribute(child(looks, kind), "typeface") or "" for kind in ("latin", "sym"))
    said = symbols.text(next(filter(symbols.is_symbolic, fonts), ""), text.text or "")
    return symbols.raised(said) if shift > 0 else symbols.lowered(said) if shift < 0 else said


def _grid(table: etree._Element) -> Grid:
    rows: list[list[str]] = []
    areas: list[Area] = []
    for number, row in enumerate(table.iter("{*}tr")):
        rows.append([])
        for column, cell in enumerate(children(row, "tc")):
            rows[-1].append(spaced([part for line in _paragraphs(cell) for part in line.split("\n")]))
            down, across = integer(attribute(cell, "rowSpan")) or 1, integer(attribute(cell, "gridSpan")) or 1
            if down > 1 or across > 1:
                areas.append(Area(number, column, number + down, column + across))
    declared = attribute(child(table, "tblPr"), "firstRow") in ("1", "true")
    return Grid.merged(rows, areas, 1 if declared and len(rows) > 1 else None)
