"""Read untrusted archives, never to disk, with limits on sizes counted while reading, and XML that reaches nothing."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from index.loaders.content import Unreadable

if TYPE_CHECKING:
    from lxml import etree

MAX_PART = 256 * 2**20
"""Bytes of one file in an archive, unpacked."""
MAX_RATIO = 200
"""How many times larger than packed a file may be; text of an office document reaches 30."""
MAX_ENTRIES = 20_000
"""Files in an archive."""
_DEPTH_MAX = 255  # elements within elements that the parser goes down
_SMALL = 4 * 2**20  # bytes that do no harm, however well they are packed


class Archive:
    """A ZIP archive in memory; Unreadable if it is damaged, or holds too many files.

    Attributes:
        repeated: names that more than one file has; the last one of each counts.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise Unreadable("压缩结构损坏，文件可能不完整。请重新下载或另存。") from error
        named = [entry for entry in self._zip.infolist() if entry.filename and not entry.is_dir()]
        self._entries = {entry.filename.lstrip("/"): entry for entry in named}
        self.repeated = [name for name, count in Counter(e.filename.lstrip("/") for e in named).items() if count > 1]
        if len(self._entries) > MAX_ENTRIES:
            raise Unreadable(f"内含 {len(self._entries)} 个文件，上限是 {MAX_ENTRIES} 个。请拆分。")

    def names(self) -> list[str]:
        """Return the names of the files in it, in the order of the archive, as the archive's encoding flag has them."""
        return list(self._entries)

    def entry(self, name: str) -> zipfile.ZipInfo:
        """Return what the archive says of a file."""
        return self._entries[name]

    def read(self, name: str) -> bytes:
        """Return a file, unpacked; Unreadable if it is missing, encrypted, damaged, or over the limits."""
        entry = self._entries.get(name)
        if entry is None:
            raise Unreadable(f"缺少部件 {name}，文件可能不完整。请重新下载或另存。")
        if entry.flag_bits & 1:
            raise Unreadable("压缩内容已加密。请解除密码后重试。")
        limit = min(MAX_PART, max(_SMALL, entry.compress_size * MAX_RATIO))
        try:
            with self._zip.open(entry) as file:
                data = file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise Unreadable(f"部件 {name} 损坏，文件可能不完整。请重新下载或另存。") from error
        if len(data) > limit:
            raise Unreadable(f"部件 {name} 解压后超过 {limit // 2**20} MB（压缩炸弹？），没有读取。")
        return data

    def xml(self, name: str) -> etree._Element:
        """Return a file as XML; Unreadable if it cannot be read or is not well-formed XML without a document type."""
        return parse_xml(self.read(name), name)

    def optional_xml(self, name: str) -> etree._Element | None:
        """Return a file as XML, or None where the archive has none of that name."""
        return self.xml(name) if name in self._entries else None


def parse_xml(data: bytes, name: str) -> etree._Element:
    """Return XML that cannot grow or reach out; Unreadable if it is not well-formed, or declares a document type."""
    from lxml import etree

    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        if "depth" in str(error.msg):
            told = f"部件 {name} 嵌套太深（超过 {_DEPTH_MAX} 层，如表格套表格），没有读取。请把里层内容移到外面后另存。"
            raise Unreadable(told) from error
        raise Unreadable(f"部件 {name} 不是合规的 XML（第 {error.lineno} 行）。请用原软件打开后另存。") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(f"部件 {name} 带有 DOCTYPE 声明（可能是实体炸弹），没有读取。")
    return root


@cache
def _parser() -> etree.XMLParser:
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace, in which the strict and the usual form of a format differ."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: etree._Element | None, name: str) -> str | None:
    """Return an attribute by its name without namespace; None where it, or the element, is not there."""
    found = element.attrib.items() if element is not None else ()
    return next((str(value) for key, value in found if str(key).rpartition("}")[2] == name), None)


def integer(text: str | None, default: int = 0) -> int:
    """Return an attribute as a whole number; `default` where it is none, or is absurdly large."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,11}", text) else default


def is_on(element: etree._Element | None, default: bool = False) -> bool:
    """Return whether a property of Word's applies; `default` where it is not given."""
    return default if element is None else attribute(element, "val") not in ("0", "false", "off")


def children(element: etree._Element | None, *names: str) -> list[etree._Element]:
    """Return the elements right below one that have one of some local names."""
    return [below for below in element if local(below) in names] if element is not None else []


def child(element: etree._Element | None, *names: str) -> etree._Element | None:
    """Return the element at a path of local names, the first at each step, or None."""
    for name in names:
        if element is None:
            return None
        element = next((below for below in element if local(below) == name), None)
    return element


def relations(archive: Archive, part: str) -> dict[str, str]:
    """Return the ids of a part's relations to the parts they lead to; relations that lead outside are left out."""
    folder, _, file = part.rpartition("/")
    root = archive.optional_xml(f"{folder}/_rels/{file}.rels" if folder else f"_rels/{file}.rels")
    found: dict[str, str] = {}
    for relation in root if root is not None else ():
        target = attribute(relation, "Target") or ""
        if attribute(relation, "TargetMode") != "External":
            found[attribute(relation, "Id") or ""] = resolved(folder, target)
    return found


def main_part(archive: Archive, name: str) -> str:
    """Return the part that an office file begins with: the one of this file name that it names, or the usual one."""
    targets = relations(archive, "").values()
    usual = {"document.xml": "word", "workbook.xml": "xl", "presentation.xml": "ppt"}[name]
    return next((target for target in targets if target.endswith(name)), f"{usual}/{name}")


def resolved(folder: str, target: str) -> str:
    """Return the name of the part that a path leads to from a folder."""
    parts = [] if target.startswith("/") else folder.split("/") if folder else []
    for step in target.strip("/").split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in ("", "."):
            parts.append(step)
    return "/".join(parts)
