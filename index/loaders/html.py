"""Web pages: the article without navigation, scripts and furniture. Nothing that a page refers to is fetched."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from index.loaders import symbols
from index.loaders.content import Content, Unreadable, Writer, joined
from index.loaders.tables import Grid, place, spanned

if TYPE_CHECKING:
    from lxml import etree
    from lxml.html import HTMLParser

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9_-]{2,30})""", re.I)
_NEVER = frozenset(
    ["script", "style", "noscript", "template", "svg", "math", "iframe", "frame", "object", "embed", "applet", "audio",
     "video", "canvas", "map", "select", "option", "datalist", "button", "input", "textarea", "link", "meta", "base",
     "head", "dialog", "nav", "aside", "footer"]
)  # fmt: skip
_BLOCKS = frozenset(
    ["address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
     "figcaption", "figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend",
     "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"]
)  # fmt: skip
_FURNITURE = re.compile(
    r"(?:^|[-_ ])(?:nav|navi|navbar|navigation|menu|breadcrumbs?|crumbs?|position|sidebar|side|foot|footer|copyright|"
    r"share|sharing|related|recommend|pagination|pager|toolbar|banner|advert|ads?|login|search|comment|qrcode)"
    r"(?:$|[-_ 0-9])",
    re.I,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_SITE_SUFFIX = re.compile(r"[_|]{1,2}[^_|]{2,40}$|\s[-–—]{1,2}\s[^-–—]{2,40}$")
_STYLING = re.compile(r"</?(?:font|span|b|i|u|em|strong|small|big|tt|center|o:p)\b[^<>]{0,2000}>", re.I)
_UNSEEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.I | re.S)
_TAG = re.compile(r"<[/!?a-z][^<>]{0,2000}>", re.I)
_DEPTH_MAX = 200  # elements within elements; what walks them calls itself twice for each
_NESTING_MAX = 3  # tables within tables
_MAIN_SHARE = 0.85  # of the text outside links: a block that holds as much is where the article stands
_LINKED_SHARE = 0.6  # a block with more of its text in links is a menu
_MENU_LINKS = 4
_LAYOUT_CELL = 600  # characters of a cell from which a table is a way to lay out a page
_SPAN_MAX = 100
_SHIFTED = {"sup": symbols.raised, "sub": symbols.lowered}


def read(data: bytes) -> Content:
    """Read a web page; Unreadable if its encoding is unknown, or nothing visible is in it."""
    from lxml import etree, html

    text = _decoded(data)
    if not text.strip():
        raise Unreadable("没有可见文字。请确认内容，或在浏览器中另存后重试。")
    writer = Writer()
    try:
        root = _parsed(text)
        if root is None:
            writer.notice(f"标签嵌套超过 {_DEPTH_MAX} 层：文字逐行读取，其中的表格没有按表格读取。")
            flat = _TAG.sub("<br>", _UNSEEN.sub("", text))
            root = html.document_fromstring(flat.encode("utf-8", "replace"), parser=_parser())
    except etree.ParserError as error:
        raise Unreadable("没有可见文字。请确认内容，或在浏览器中另存后重试。") from error  # closing tags alone
    writer.title = _title(root)
    body = root.find("body")
    body = root if body is None else body
    # What is no text of the page, then what is furniture by its name and is mostly links.
    _drop(body, (each for each in body.iter() if isinstance(each.tag, str) and _is_hidden(each)))
    _drop(body, filter(_is_menu, body.iter("div", "ul", "ol", "table", "section", "header", "p", "dl", "td")))
    main = _main(body)
    above = next(body.iter("h1"), None)
    if above is not None and next(main.iter("h1"), None) is None:
        writer.paragraph(_visible(above), level=1)
    _Walk(writer).block(main)
    return writer.content()


def _parser() -> HTMLParser:
    from lxml import html

    return html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True, encoding="utf-8")


def _parsed(text: str) -> etree._Element | None:
    """Return the tree of a page; None where it is deeper than can be walked: the parser cuts such a page silently."""
    from lxml import html

    for form in (text, _STYLING.sub("", text)):  # old pages never close their fonts, each then inside the one before
        parser = _parser()
        root = html.document_fromstring(form.encode("utf-8", "replace"), parser=parser)
        level, depth = [root], 0
        while level and depth < _DEPTH_MAX:
            level, depth = [below for element in level for below in element], depth + 1
        if not level and not any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
            return root
    return None


def _decoded(data: bytes) -> str:
    declared = _CHARSET.search(data, 0, 4096)
    guesses = ["utf-8-sig", "gb18030", "utf-16"]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        guesses.insert(0, "utf-16")
    elif declared and (name := declared[1].decode("ascii").lower()) not in ("utf-8", "utf8"):
        guesses.insert(0, "gb18030" if name.startswith("gb") else name)
    for encoding in guesses:
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    text = data.decode("utf-8", "replace")
    if text.count("\ufffd") * 200 > len(text):
        raise Unreadable("无法识别网页的文字编码。请在浏览器中另存为 UTF-8。")
    return text


def _title(root: etree._Element) -> str | None:
    for meta in root.iter("meta"):
        if (meta.get("name") or "").lower() in ("articletitle", "title") and (meta.get("content") or "").strip():
            return " ".join((meta.get("content") or "").split())
    headings = [" ".join(_visible(h1).split()) for h1 in root.iter("h1")]
    if len(headings) == 1 and headings[0]:
        return headings[0]
    text = " ".join((root.findtext(".//title") or "").split())
    return _SITE_SUFFIX.sub("", text) or text or None


# --- what is the article ----------------------------------------------------------------------


def _drop(body: etree._Element, elements: Iterable[etree._Element]) -> None:
    """Take out elements and all that is never text, at once: one by one, every tail would be copied each time."""
    from lxml import etree

    for element in elements:
        if element is not body:
            element.tag = "script"
    etree.strip_elements(body, *_NEVER, with_tail=False)


def _is_hidden(element: etree._Element) -> bool:
    return (
        "hidden" in element.attrib
        or element.get("aria-hidden") == "true"
        or bool(_HIDDEN.search(element.get("style") or ""))
        or element.get("role") in ("navigation", "search", "banner", "contentinfo", "complementary")
    )


def _is_menu(element: etree._Element) -> bool:
    length, linked, links = _weights(element)
    named = bool(_FURNITURE.search(f"{element.get('class') or ''} {element.get('id') or ''}"))
    if named and (linked * 3 >= length or length <= 60):
        return True
    return links >= _MENU_LINKS and linked > _LINKED_SHARE * length


def _weights(element: etree._Element) -> tuple[int, int, int]:
    """Return characters in all, characters in links, and how many links there are."""
    links = list(element.iter("a"))
    return _length(element), sum(map(_length, links)), len(links)


def _length(element: etree._Element) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def _main(body: etree._Element) -> etree._Element:
    """Return the innermost block that holds nearly all of the text outside links."""
    chosen, whole = body, _prose(body)
    while True:
        inner = max((e for e in chosen if isinstance(e.tag, str) and e.tag in _BLOCKS), key=_prose, default=None)
        if inner is None or inner.tag in ("p", "table", "ul", "ol") or _prose(inner) < _MAIN_SHARE * whole:
            return chosen
        chosen = inner


def _prose(element: etree._Element) -> int:
    length, linked, _ = _weights(element)
    return length - linked


# --- the article as text ----------------------------------------------------------------------


class _Walk:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._inline: list[str] = []

    def block(self, element: etree._Element) -> None:
        """Write an element and all below it."""
        self._flow(element, str.strip if element.tag == "pre" else partial(re.sub, r"[ \t\r\n\f]+", " "))
        self._flush()

    def _flow(self, element: etree._Element, space: Callable[[str], str], lead: str = "") -> None:
        self._inline.append(lead)
        self._inline.append(space(element.text or ""))
        place = 0
        for below in element:
            if isinstance(below.tag, str):
                self._child(below, space, place)
                place += below.tag == "li"
            self._inline.append(space(below.tail or ""))

    def _child(self, element: etree._Element, space: Callable[[str], str], place: int) -> None:
        tag = element.tag
        if tag == "br":
            self._inline.append("\n")
        elif tag in _SHIFTED:
            self._inline.append(_SHIFTED[tag](_visible(element)))
        elif tag not in _BLOCKS:
            self._flow(element, space)
        elif tag == "table" and (tables := list(_tables(element))):
            self._flush()
            for grid, caption in tables:
                self._writer.table(grid, caption=caption)
        else:
            self._flush()
            lead = _item(element.getparent(), place) if tag == "li" else ""
            self._flow(element, str if tag == "pre" else space, lead)
            self._flush(level=int(tag[1]) if re.fullmatch("h[1-6]", str(tag)) else None)

    def _flush(self, *, level: int | None = None) -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if level is not None:
            text = joined(text.split("\n"))
        for number, line in enumerate(text.split("\n")):
            self._writer.paragraph(line, level=level if number == 0 else None)


def _item(parent: etree._Element | None, place: int) -> str:
    """Return what stands before an item of a list that has so many items before it."""
    return "• " if parent is None or parent.tag != "ol" else f"{_number(parent.get('start')) + place}. "


def _visible(element: etree._Element) -> str:
    return "".join(map(str, element.itertext())).strip()


def _tables(table: etree._Element, caption: str | None = None, depth: int = 0) -> Iterator[tuple[Grid, str | None]]:
    """Yield a table and those in its cells, each called by what names its row; nothing where one lays out a page."""
    rows = [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table]
    grid = _grid(rows, depth < _NESTING_MAX)
    if grid is None:
        return
    yield grid, caption
    for row in rows if depth < _NESTING_MAX else ():
        name = next(filter(None, (_cell_text(cell, inner=False) for cell in _cells(row))), None)
        for below in row.iter("table"):
            if next(below.iterancestors("tr"), None) is row:
                yield from _tables(below, name, depth + 1) or [(_column(below), name)]


def _column(table: etree._Element) -> Grid:
    """Return a table of no grid as its rows, each of one cell: nothing of it is lost."""
    return Grid([[text] for row in table.iter("tr") if (text := _cell_text(row))])


def _grid(rows: Sequence[etree._Element], nested: bool) -> Grid | None:
    """Return a table's cells, without the tables `nested` in them; None where the table only lays out a page."""
    if len(rows) < 2:
        return None
    cells: dict[tuple[int, int], tuple[str, int]] = {}
    header = holding = count = 0
    for number, row in enumerate(rows):
        columns = _cells(row)
        if number == header and columns and all(cell.tag == "th" for cell in columns):
            header += 1
        count += len(columns)
        held = sum(next(cell.iterdescendants("table"), None) is not None for cell in columns)
        if held and not _cell_text(columns[0], inner=False):
            return None  # nothing names the row of a table in a cell
        holding += held
        column = 0
        for cell in columns:
            down, across = (min(max(1, _number(cell.get(name))), _SPAN_MAX) for name in ("rowspan", "colspan"))
            said = _cell_text(cell, inner=not nested), len(cells)
            column = place(cells, said, number, column, (min(down, len(rows) - number), across))
    width = max((column for _, column in cells), default=0) + 1
    if width < 2 or any(len(text) > _LAYOUT_CELL for text, _ in cells.values()) or holding * 4 >= max(4, count):
        return None
    return spanned(cells, len(rows), header)


def _cells(row: etree._Element) -> list[etree._Element]:
    return [cell for cell in row if cell.tag in ("td", "th")]


def _cell_text(cell: etree._Element, *, inner: bool = True) -> str:
    """Return what a cell says, `inner` tables with it, on one line; what stood on lines of its own is kept apart."""
    return symbols.with_fractions(" ".join("".join(_pieces(cell, inner=inner)).split()))


def _pieces(element: etree._Element, *, inner: bool) -> Iterator[str]:
    yield element.text or ""
    for below in element:
        if isinstance(below.tag, str) and (inner or below.tag != "table"):
            apart = " " if below.tag == "br" or below.tag in _BLOCKS else ""
            yield apart
            shift = _SHIFTED.get(below.tag)
            yield from [shift(_visible(below))] if shift else _pieces(below, inner=inner)
            yield apart
        yield below.tail or ""


def _number(text: str | None) -> int:
    """Return a small whole number in an attribute; 1 where it is none."""
    return int(text) if text and re.fullmatch(r"\s*[0-9]{1,5}\s*", text) else 1
