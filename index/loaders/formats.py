"""Recognise the format of a file by its content, not by its name, and read a part of another file in any format."""

from __future__ import annotations

import importlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import PurePosixPath
from typing import cast

from index.loaders import plain
from index.loaders.content import Content, Unreadable


class Format(StrEnum):
    """The formats that are recognised."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    OFD = "ofd"
    ZIP = "zip"
    IMAGE = "image"
    DELIMITED = "delimited"  # .csv, .tsv
    RECORDS = "records"  # .json, .jsonl
    MAIL = "mail"  # .eml, .mhtml
    EPUB = "epub"
    ODF = "odf"  # .odt, .ods, .odp
    PACKED = "packed"  # archives that nobody opens: .7z, .rar, .gz
    LEGACY = "legacy"  # .doc, .wps, .xls, .ppt, .rtf
    LOCKED = "locked"  # an office file with a password


_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*+>\s*+|<!--(?>.*?-->)\s*+)*+<(?:!doctype\s+html|html)[\s>]", re.I | re.S
)
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"BM", b"GIF87a", b"GIF89a")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage"
_STREAMS = (_ENCRYPTED, "Workbook", "Book", "PowerPoint Document", "WordDocument")
_PARTS = (("word/", Format.DOCX), ("xl/", Format.XLSX), ("ppt/", Format.PPTX))
_WEB_SUFFIXES = (".html", ".htm", ".xhtml", ".shtml")
_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_HEIF = (b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis", b"hevc", b"avif")
_MAIL = re.compile(
    rb"(?:[A-Za-z][A-Za-z0-9-]{0,40}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n){0,60}?"
    rb"(?:MIME-Version|Received|Return-Path|Message-ID|DKIM-Signature):",
    re.I,
)
_BY_NAME = {
    ".csv": Format.DELIMITED, ".tsv": Format.DELIMITED, ".json": Format.RECORDS, ".jsonl": Format.RECORDS,
    ".ndjson": Format.RECORDS, ".eml": Format.MAIL, ".mht": Format.MAIL, ".mhtml": Format.MAIL,
}  # fmt: skip
HEAD = 4096
"""Bytes from the beginning of a file that show what it is."""


def sniff(head: bytes, suffix: str = "") -> Format:
    """Tell a format by the first `HEAD` bytes; all that is packed is `ZIP`, which `inside` tells apart.

    The suffix, in lower case, is asked only where text may be a web page, a table or records that do not say so.
    """
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Format.ZIP
    if head.startswith((_OLE, b"{\\rtf")):
        return Format.LEGACY
    if head.startswith(_ARCHIVES):
        return Format.PACKED
    if (head[4:8] == b"ftyp" and head[8:12] in _HEIF) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return Format.IMAGE
    if head.startswith(_IMAGES) and not (head.startswith(b"BM") and head[6:10] != bytes(4)):
        return Format.IMAGE
    if _HTML.match(head) or (suffix in _WEB_SUFFIXES and b"<" in head):
        return Format.HTML
    if _MAIL.match(head):
        return Format.MAIL
    return _BY_NAME.get(suffix, Format.TEXT)


def inside(data: bytes, found: Format) -> Format:
    """Tell a packed or legacy format by all of the file."""
    if found is Format.LEGACY and _ENCRYPTED in streams(data):
        return Format.LOCKED
    if found is not Format.ZIP:
        return found
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        # A truncated file has lost its directory; the names of the first files tell what it was.
        return next((kind for part, kind in _PARTS if part.encode() in data[:65_536]), Format.ZIP)
    kind = _declared(data) if "mimetype" in names else b""
    if kind.startswith(b"application/vnd.oasis.opendocument") or {"content.xml", "META-INF/manifest.xml"} <= set(names):
        return Format.ODF
    if kind.startswith(b"application/epub") or "META-INF/container.xml" in names:
        return Format.EPUB
    if "OFD.xml" in names:
        return Format.OFD
    if "[Content_Types].xml" in names:
        return next((kind for part, kind in _PARTS if any(n.startswith(part) for n in names)), Format.ZIP)
    return Format.ZIP


def _declared(data: bytes) -> bytes:
    """Return what an archive says it is, in a file of its own."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)).open("mimetype") as file:
            return file.read(100)
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, OSError, zlib.error):
        return b""


def streams(data: bytes) -> list[str]:
    """Return the streams at the top of a compound file (old office formats); of a damaged one those known."""
    import olefile

    try:
        with olefile.OleFileIO(data) as file:
            return [entry[0] for entry in file.listdir()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return [name for name in _STREAMS if name.encode("utf-16-le") in data]


def read(data: bytes, name: str) -> Content:
    """Read a file that is part of another, by its content and the suffix of its name; Unreadable if that cannot be."""
    return of_format(data, inside(data, sniff(data[:HEAD], PurePosixPath(name).suffix.lower())))


def of_format(data: bytes, found: Format) -> Content:
    """Read bytes of a known format; raises what `read` does."""
    if found is Format.LOCKED:
        raise Unreadable("文件已加密（有打开密码）。请用原软件解除密码后重试。")
    if found in (Format.ZIP, Format.PACKED):
        raise Unreadable("这是压缩包，没有在这里打开。请先解压。")
    if found is Format.TEXT:
        return plain.read(data)
    module = importlib.import_module(f"index.loaders.{found}")
    return cast("Callable[[bytes], Content]", module.read)(data)
