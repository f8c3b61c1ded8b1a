"""What office files draw rather than write: charts, diagrams (SmartArt), pictures and text boxes on sheets."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.errors import MissingDependency
from index.loaders import limits
from index.loaders.archive import Archive, child, integer, local, relations
from index.loaders.content import Unreadable, Writer, spaced
from index.loaders.number_formats import GENERAL, shown
from index.loaders.tables import Grid

if TYPE_CHECKING:
    from lxml import etree

PICTURES_MAX = 60
"""Pictures of one document that are read; each takes seconds."""
POINTS_MAX = 20_000
"""Values of a series."""
_SIDE_MIN, _AREA_MIN = 60, 40_000  # pixels under which a picture is a sign or a logo
_FORMULA = re.compile(r"(?:'[^']*'|[^'!]+)!\$?[A-Z]{1,3}\$?\d")


class Drawings:
    """Writes what the drawings of one document say, each once."""

    def __init__(self, archive: Archive, writer: Writer) -> None:
        self._archive = archive
        self._writer = writer
        self._seen: set[str] = set()
        self._pictures = 0
        self._unread: dict[str, int] = {}

    def write(self, element: etree._Element, targets: dict[str, str], *, pictures: bool = True) -> None:
        """Write what the drawings below an element show; `targets` are the relations of its part."""
        for reference in element.iter("{*}chart", "{*}relIds", "{*}blip", "{*}imagedata"):
            name = local(reference)
            part = next((targets[v] for k, v in _ids(reference, name) if v in targets), "")
            if not part or part in self._seen or any(local(above) == "Fallback" for above in reference.iterancestors()):
                continue
            self._seen.add(part)
            drawn = self._archive.optional_xml(part) if name in ("chart", "relIds") else None
            if name == "chart" and drawn is not None:
                _write_chart(self._writer, drawn)
            elif name == "relIds":
                for line in diagram(drawn) if drawn is not None else ():
                    self._writer.paragraph(line)
            elif name in ("blip", "imagedata") and pictures and (reason := self._read(part)):
                self._unread[reason] = self._unread.get(reason, 0) + 1

    def tell(self) -> None:
        """Say which pictures were not read, and why."""
        for reason, count in self._unread.items():
            self._writer.notice(f"{count} 张图片没有读取：{reason}")

    def _read(self, part: str) -> str:
        """Read a picture; why it was not, or nothing."""
        if part.lower().endswith((".emf", ".wmf", ".svg", ".wdp")):
            return "矢量图（.emf、.wmf）里的文字无法读取。"
        try:
            data = self._archive.read(part)
            if not _holds_text(data):
                return ""
            if self._pictures >= PICTURES_MAX:
                return f"一份文件最多识别 {PICTURES_MAX} 张。"
            self._pictures += 1
            from index.loaders import image

            self._writer.include(image.read(data), pages=False)
            limits.page()
        except (Unreadable, MissingDependency) as error:
            return str(error)
        return ""


def _ids(reference: etree._Element, name: str) -> Iterator[tuple[str, str]]:
    """Return the relations that an element names, the one that says what it is."""
    wanted = {"chart": "id", "relIds": "dm", "blip": "embed", "imagedata": "id"}[name]
    return ((str(k), str(v)) for k, v in reference.attrib.items() if str(k).rpartition("}")[2] == wanted)


def _holds_text(data: bytes) -> bool:
    """Return whether a picture is large enough to hold text."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency(
            "ocr", "识别图片需要安装扩展 ocr：pip install 'yiju[ocr]'，或 make install。"
        ) from error
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return min(picture.size) >= _SIDE_MIN and picture.width * picture.height >= _AREA_MIN
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise Unreadable("图片损坏、尺寸过大，或是不支持的格式。") from error


# --- charts and diagrams ----------------------------------------------------------------------


def chart(root: etree._Element) -> tuple[str, Grid | None]:
    """Return title and table of a chart: a row a category, a column a series; None where it holds no values."""
    top = child(root, "chart")
    title = _said(child(top, "title")) if top is not None else ""
    columns: list[tuple[str, dict[int, str]]] = []
    categories: dict[int, str] = {}
    for series in root.iter("{*}ser"):
        head = child(series, "tx")
        values = next(filter(None, (_points(child(series, name)) for name in ("val", "yVal", "bubbleSize"))), {})
        names = next(filter(None, (_points(child(series, name)) for name in ("cat", "xVal"))), {})
        categories = names | categories
        if values:
            columns.append((_series_name(head), values))
    if not columns:
        return title, None
    places = sorted({place for _, values in columns for place in values})
    heads = [name or f"系列{number}" for number, (name, _) in enumerate(columns, 1)]
    if len(columns) == 1 and not columns[0][0]:
        heads = [title or "数值"]
    axis = next((text for axis in root.iter("{*}catAx", "{*}dateAx") if (text := _said(child(axis, "title")))), "类别")
    named = ((categories.get(place, str(place + 1)), place) for place in places)
    rows = [[name, *(values.get(place, "") for _, values in columns)] for name, place in named]
    return title, Grid([[axis, *heads], *rows], 1)


def _series_name(head: etree._Element | None) -> str:
    if head is None:
        return ""
    points = _points(head)
    return spaced(list(points.values())) or spaced([v.text or "" for v in head.iter("{*}v")]) or _said(head)


def _points(element: etree._Element | None) -> dict[int, str]:
    """Return cached values by their place; of categories in several levels all, from the outermost in."""
    if element is None:
        return {}
    found: dict[int, str] = {}
    if levels := [_of_cache(level) for level in element.iter("{*}lvl")]:
        inner, *around = levels
        for place in inner:  # an outer category stands once, where it begins
            outer = (
                next((above[at] for at in sorted(above, reverse=True) if at <= place), "") for above in around[::-1]
            )
            found[place] = " ".join(filter(None, [*outer, inner[place]]))
        return found
    for cache in element.iter("{*}strCache", "{*}numCache", "{*}strLit", "{*}numLit"):
        found |= _of_cache(cache)
    return found


def _of_cache(cache: etree._Element) -> dict[int, str]:
    declared = child(cache, "formatCode")
    shape = declared.text or "" if declared is not None else ""
    found: dict[int, str] = {}
    for point in cache:
        value = child(point, "v") if local(point) == "pt" else None
        place = integer(point.get("idx"), -1)
        if value is not None and value.text and place >= 0 and len(found) < POINTS_MAX:
            code = point.get("formatCode") or shape
            try:
                found[place] = (
                    shown(float(value.text), code) if code not in ("", GENERAL) else spaced(value.text.split("\n"))
                )
            except (ValueError, OverflowError):
                found[place] = value.text
    return found


def _said(element: etree._Element | None) -> str:
    """Return the text of runs, paragraph by paragraph, or the cached text of a reference."""
    if element is None:
        return ""
    lines = ["".join(run.text or "" for run in paragraph.iter("{*}t")) for paragraph in element.iter("{*}p")]
    return spaced(lines) or spaced([value.text or "" for value in element.iter("{*}v")])


def diagram(root: etree._Element) -> list[str]:
    """Return the lines of a diagram, given its data part: those of a shape under that which it belongs to."""
    texts: dict[str, list[str]] = {}
    for point in root.iter("{*}pt"):
        lines = ["".join(run.text or "" for run in p.iter("{*}t")) for p in point.iter("{*}p")]
        texts[point.get("modelId") or str(len(texts))] = [line for line in lines if line.strip()]
    below: dict[str, list[tuple[int, str]]] = {}
    inner: set[str] = set()
    for link in root.iter("{*}cxn"):
        if link.get("type", "parOf") == "parOf":
            to = link.get("destId") or ""
            below.setdefault(link.get("srcId") or "", []).append((integer(link.get("srcOrd")), to))
            inner.add(to)
    said: list[str] = []
    waiting = [identifier for identifier in reversed(texts) if identifier not in inner]
    passed: set[str] = set()
    while waiting:
        identifier = waiting.pop()
        if identifier not in passed:
            passed.add(identifier)
            said.extend(texts.get(identifier, ()))
            waiting.extend(name for _, name in sorted(below.get(identifier, ()), reverse=True))
    return said + [line for identifier, lines in texts.items() if identifier not in passed for line in lines]


def write_of_sheet(writer: Writer, archive: Archive, part: str) -> None:
    """Write text boxes on a sheet, and its charts where their values stand on no sheet."""
    for target in relations(archive, part).values():
        if "/drawings/" not in target or not target.endswith(".xml"):
            continue
        root = archive.optional_xml(target)
        if root is None:
            continue
        for shape in root.iter("{*}sp"):
            for paragraph in shape.iter("{*}p"):
                writer.paragraph("".join(run.text or "" for run in paragraph.iter("{*}t")))
        found = relations(archive, target)
        for reference in root.iter("{*}chart"):
            inner = next((found[v] for _, v in _ids(reference, "chart") if v in found), "")
            drawn = archive.optional_xml(inner) if inner else None
            if drawn is not None and not any(_FORMULA.match(f.text or "") for f in drawn.iter("{*}f")):
                _write_chart(writer, drawn)
        if any(True for _ in root.iter("{*}blip")):
            writer.notice("工作表里的图片没有读取。")


def _write_chart(writer: Writer, root: etree._Element) -> None:
    title, grid = chart(root)
    writer.paragraph(title)
    if grid is None:
        writer.notice(f"图表「{title}」里没有保存数据，只读了标题。" if title else "一幅图表里没有保存数据。")
    else:
        writer.table(grid, caption=title)
