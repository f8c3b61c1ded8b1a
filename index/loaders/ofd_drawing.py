"""Draw a page of an OFD file as SVG: its characters where they stand, its lines and its pictures.

The picture is made of elements of our own, never of the file's: a browser finds no script and no address in it. Fonts
are those of the machine that shows it; every character stands where the file puts it, so that no other moves a line.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from contextlib import suppress

from lxml import etree

from index.loaders.archive import child, local, resolved
from index.loaders.content import Unreadable
from index.loaders.ofd import Book, box, deltas, numbers_of, opened

_SVG = "http://www.w3.org/2000/svg"
_STEP = re.compile(r"[MSLQBAC]|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_STEPS = {"M": ("M", 2), "S": ("M", 2), "L": ("L", 2), "Q": ("Q", 4), "B": ("C", 6), "A": ("A", 7), "C": ("Z", 0)}
_LINE = 0.353  # millimetres: what a line without a width has
_PICTURE_SIDE = 2000  # pixels of the longer side of a picture on a page
_UNNAMED = re.compile(r"[^\w -]")  # no part of a font's name
_NAMED_MAX = 100  # characters of the name of a font


def draw(data: bytes, page: int) -> bytes:
    """Return a page as SVG, as wide and high as the page in millimetres.

    Args:
        data: an .ofd file.
        page: from 1.

    Raises:
        Unreadable: if it is damaged.
        IndexError: if there is no such page.
    """
    book = opened(data)
    if not 1 <= page <= len(book.pages):
        raise IndexError(page)
    root = book.archive.xml(book.pages[page - 1])
    left, top, width, height = book.box(root)
    resources = _resources(book)
    sides = {"width": f"{width}mm", "height": f"{height}mm", "viewBox": f"{left} {top} {width} {height}"}
    drawing = etree.Element("svg", {"xmlns": _SVG, **sides})
    for layer in book.layers(root):
        for thing in layer.iter("{*}TextObject", "{*}PathObject", "{*}ImageObject"):
            drawing.extend(_drawn(book, thing, resources))
    return etree.tostring(drawing, encoding="utf-8")


def _resources(book: Book) -> dict[str, etree._Element | str]:
    """Return fonts and ways to draw by their ids, and of pictures the part that holds each."""
    found: dict[str, etree._Element | str] = {}
    for named in book.root.iter("{*}PublicRes", "{*}DocumentRes"):
        part = resolved(book.folder, (named.text or "").strip())
        resources = book.archive.optional_xml(part)
        if resources is None:
            continue
        folder = resolved(part.rpartition("/")[0], (resources.get("BaseLoc") or "").strip()).rstrip("/")
        for each in resources.iter("{*}Font", "{*}DrawParam", "{*}MultiMedia"):
            file = child(each, "MediaFile")
            found[each.get("ID") or ""] = resolved(folder, (file.text or "").strip()) if file is not None else each
    return found


def _drawn(book: Book, thing: etree._Element, resources: dict[str, etree._Element | str]) -> Iterator[etree._Element]:
    way = resources.get(thing.get("DrawParam") or "")
    said = [thing, *([way] if isinstance(way, etree._Element) else [])]
    left, top, width, height = box(thing.get("Boundary"), (0.0, 0.0, 0.0, 0.0))
    matrix = numbers_of(thing.get("CTM"))
    turned = " matrix({} {} {} {} {} {})".format(*matrix) if len(matrix) == 6 else ""
    placed = {"transform": f"translate({left} {top}){turned}"}
    match local(thing):
        case "TextObject":
            font = resources.get(thing.get("Font") or "")
            yield from _text(thing, font if isinstance(font, etree._Element) else None, placed)
        case "PathObject":
            fill = _colour(said, "FillColor") if thing.get("Fill") == "true" else "none"
            stroke = "none" if thing.get("Stroke") == "false" else _colour(said, "StrokeColor")
            wide = next((found[0] for each in said if (found := numbers_of(each.get("LineWidth")))), _LINE)
            shape = _path(child(thing, "AbbreviatedData"))
            looks = {"fill": fill, "stroke": stroke, "stroke-width": str(wide)}
            yield etree.Element("path", {"d": shape, **looks, **placed})
        case _:
            picture = _picture(book, resources.get(thing.get("ResourceID") or ""))
            if picture:  # a picture fills the unit square, which its matrix makes as large as it is
                size = ("1", "1") if turned else (str(width), str(height))
                sides = {"width": size[0], "height": size[1], "preserveAspectRatio": "none"}
                yield etree.Element("image", {"href": picture, **sides, **placed})


def _text(thing: etree._Element, font: etree._Element | None, placed: dict[str, str]) -> Iterator[etree._Element]:
    size = (numbers_of(thing.get("Size")) or [4.0])[0]
    narrow = (numbers_of(thing.get("HScale")) or [1.0])[0] or 1.0
    family = _UNNAMED.sub("", (font.get("FontName") or "") if font is not None else "")[:_NAMED_MAX]
    looks = {"font-size": str(size), "font-family": f"'{family}', serif"}
    looks |= {"font-weight": "bold"} if (numbers_of(thing.get("Weight")) or [400.0])[0] >= 600 else {}
    looks |= {"font-style": "italic"} if thing.get("Italic") == "true" else {}
    x = y = 0.0
    for code in (part for part in thing if local(part) == "TextCode"):
        x, y = (numbers_of(code.get("X")) or [x])[0], (numbers_of(code.get("Y")) or [y])[0]
        text, across, down = code.text or "", deltas(code.get("DeltaX")), deltas(code.get("DeltaY"))
        xs, ys = [x], [y]
        for number in range(len(text) - 1):
            xs.append(xs[-1] + (across[min(number, len(across) - 1)] if across else 0.0 if down else size))
            ys.append(ys[-1] + (down[min(number, len(down) - 1)] if down else 0.0))
        where = {"x": _list(xs, narrow), "y": _list(ys), "fill": _colour([thing], "FillColor")}
        where["transform"] = placed["transform"] + (f" scale({narrow} 1)" if narrow != 1.0 else "")
        shown = etree.Element("text", {**where, **looks})
        shown.text = text
        yield shown


def _list(values: list[float], scale: float = 1.0) -> str:
    return " ".join(f"{value / scale:.3f}" for value in values)


def _colour(said: list[etree._Element], name: str) -> str:
    """Return the first colour that is said, of grey, RGB or CMYK; black where none is."""
    found = next((each for each in (child(one, name) for one in said) if each is not None), None)
    parts = (found.get("Value") or "").split() if found is not None else []
    values = []
    for part in parts:
        with suppress(ValueError, OverflowError):
            values.append(int(part[1:], 16) if part.startswith("#") else int(float(part)))
    match values:
        case [grey]:
            red = green = blue = grey
        case [red, green, blue]:
            pass
        case [cyan, magenta, yellow, key]:
            red, green, blue = (255 - min(255, each + key) for each in (cyan, magenta, yellow))
        case _:
            red = green = blue = 0
    return f"rgb({red},{green},{blue})"


def _path(data: etree._Element | None) -> str:
    """Return the steps of a line as SVG has them; those that lack numbers are left out."""
    steps = _STEP.findall((data.text or "") if data is not None else "")
    drawn: list[str] = []
    place = 0
    while place < len(steps):
        name, count = _STEPS.get(steps[place], ("", 0))
        numbers = steps[place + 1 : place + 1 + count]
        if name and len(numbers) == count and not any(each in _STEPS for each in numbers):
            drawn += [name, *numbers]
            place += count
        place += 1
    return " ".join(drawn) if drawn[:1] == ["M"] else ""


def _picture(book: Book, part: etree._Element | str | None) -> str:
    """Return a picture as an address that holds it; empty where it is none that is known."""
    from PIL import Image

    if not isinstance(part, str):
        return ""
    buffer = io.BytesIO()
    try:
        with Image.open(io.BytesIO(book.archive.read(part))) as image:
            image.thumbnail((_PICTURE_SIDE, _PICTURE_SIDE))
            image.convert("RGBA").save(buffer, "PNG")
    except (OSError, ValueError, Unreadable, Image.DecompressionBombError):
        return ""
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
