"""Books, .epub: one document, its chapters in the order of the spine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from index.loaders import html
from index.loaders.archive import Archive, attribute, child, children, resolved
from index.loaders.content import Content, Unreadable, Writer, tidy

if TYPE_CHECKING:
    from lxml import etree

_CHAPTERS = ("application/xhtml+xml", "text/html")


def read(data: bytes) -> Content:
    """Read a book; Unreadable if it is damaged, or no chapter of it can be read."""
    archive = Archive(data)
    container = archive.xml("META-INF/container.xml")
    name = attribute(next(container.iter("{*}rootfile"), None), "full-path") or ""
    package = archive.xml(name)
    writer = Writer()
    title = next((tidy(e.text or "") for e in package.iter("{*}title") if (e.text or "").strip()), "")
    writer.title = title or None
    unread = 0
    for chapter in _chapters(package, name.rpartition("/")[0]):
        try:
            writer.include(html.read(archive.read(chapter)), pages=False)
        except Unreadable:
            unread += 1
    if not writer.length:
        raise Unreadable("书里没有可以读取的章节，可能有版权保护。请换用没有保护的版本。")
    if unread:
        writer.notice(f"{unread} 个章节没有文字，或不能读取。")
    return writer.content()


def _chapters(package: etree._Element, folder: str) -> list[str]:
    """Return the parts of the chapters, in the order of the spine, without the table of contents."""
    listed: dict[str, str] = {}
    for item in children(child(package, "manifest"), "item"):
        navigates = "nav" in (attribute(item, "properties") or "").split()
        if attribute(item, "media-type") in _CHAPTERS and not navigates:
            listed[attribute(item, "id") or ""] = unquote(attribute(item, "href") or "")
    order = [attribute(item, "idref") or "" for item in children(child(package, "spine"), "itemref")]
    names = [listed[identifier] for identifier in order if identifier in listed] or list(listed.values())
    return [resolved(folder, name) for name in names]
