"""PowerPoint: every slide a page under its title; text from top to bottom, tables, notes of the speaker behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.loaders.archive import Archive, attribute, child, local, relations
from index.loaders.content import Content, Unreadable, Writer, joined, spaced
from index.loaders.tables import Area, Grid

if TYPE_CHECKING:
    from lxml import etree

_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "ftr", "dt", "hdr")
_GROUPS_MAX = 20  # groups within groups


def read(data: bytes) -> Content:
    """Read a .pptx file.

    Raises:
        Unreadable: if it is damaged, or is no presentation.
    """
    archive = Archive(data)
    writer = Writer()
    for name in _slides(archive):
        writer.page()
        _slide(writer, archive.xml(name))
        for note in relations(archive, name).values():
            if "/notesSlide" in note and (root := archive.optional_xml(note)) is not None:
                _notes(writer, root)
    return writer.content()


def _slides(archive: Archive) -> list[str]:
    """Parts of the slides that are shown, in their order."""
    main = next((t for t in relations(archive, "").values() if t.endswith("presentation.xml")), "ppt/presentation.xml")
    targets = relations(archive, main)
    listed = child(archive.xml(main), "sldIdLst")
    if listed is None:
        raise Unreadable("没有幻灯片（缺少 sldIdLst）。请用 PowerPoint 打开后另存。")
    ids = (slide.attrib.get(key, "") for slide in listed for key in slide.attrib if str(key).endswith("}id"))
    names = [targets[str(identifier)] for identifier in ids if str(identifier) in targets]
    return [name for name in names if attribute(archive.xml(name), "show") not in ("0", "false")]


def _slide(writer: Writer, root: etree._Element) -> None:
    tree = child(root, "cSld", "spTree")
    shapes = sorted(_shapes(tree), key=_place) if tree is not None else []
    shapes.sort(key=lambda shape: _kind(shape) not in _TITLES)
    for shape in shapes:
        kind = _kind(shape)
        table = next(shape.iter("{*}tbl"), None)
        if table is not None:
            writer.table(_grid(table))
        elif kind in _TITLES:
            title = joined([line for paragraph in _paragraphs(shape) for line in paragraph.split("\n")])
            writer.title = writer.title or title or None
            writer.paragraph(title, level=1)
        elif kind not in _FURNITURE:
            for paragraph in _paragraphs(shape):
                writer.paragraph(paragraph)


def _notes(writer: Writer, root: etree._Element) -> None:
    for shape in _shapes(child(root, "cSld", "spTree")):
        if _kind(shape) == "body" and (lines := [line for line in _paragraphs(shape) if line.strip()]):
            writer.paragraph("备注：" + "\n".join(lines))


def _shapes(tree: etree._Element | None, depth: int = 0) -> Iterator[etree._Element]:
    for shape in tree if tree is not None else ():
        if local(shape) == "grpSp" and depth < _GROUPS_MAX:
            yield from _shapes(shape, depth + 1)
        elif local(shape) in ("sp", "graphicFrame"):
            yield shape


def _kind(shape: etree._Element) -> str:
    for placeholder in shape.iter("{*}ph"):
        return attribute(placeholder, "type") or "body"
    return ""


def _place(shape: etree._Element) -> tuple[int, int]:
    """Where a shape stands: from the top, then from the left; those placed by the layout first."""
    offset = next(shape.iter("{*}off"), None)
    if offset is None:
        return (-1, 0)
    return _integer(attribute(offset, "y")), _integer(attribute(offset, "x"))


def _integer(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 12 else 0


def _paragraphs(shape: etree._Element) -> Iterator[str]:
    for paragraph in shape.iter("{*}p"):
        yield "".join("\n" if local(part) == "br" else part.text or "" for part in paragraph.iter("{*}t", "{*}br"))


def _grid(table: etree._Element) -> Grid:
    rows: list[list[str]] = []
    areas: list[Area] = []
    for number, row in enumerate(table.iter("{*}tr")):
        rows.append([])
        for column, cell in enumerate(cell for cell in row if local(cell) == "tc"):
            rows[-1].append(spaced([part for line in _paragraphs(cell) for part in line.split("\n")]))
            down, across = _integer(attribute(cell, "rowSpan")) or 1, _integer(attribute(cell, "gridSpan")) or 1
            if down > 1 or across > 1:
                areas.append(Area(number, column, number + down, column + across))
    properties = child(table, "tblPr")
    declared = properties is not None and attribute(properties, "firstRow") in ("1", "true")
    return Grid.merged(rows, areas, 1 if declared and len(rows) > 1 else None)
