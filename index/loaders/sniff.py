"""What a file is, by what is in it: names lie, first bytes hardly ever do."""

from __future__ import annotations

import io
import re
import zipfile
from enum import StrEnum


class Format(StrEnum):
    """The formats that are told apart."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    OFD = "ofd"
    ZIP = "zip"
    IMAGE = "image"
    LEGACY = "legacy"  # .doc, .wps, .xls, .ppt, .rtf
    LOCKED = "locked"  # an office file with a password


_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*+>\s*+|<!--(?>.*?-->)\s*+)*+<(?:!doctype\s+html|html)[\s>]", re.I | re.S
)
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"BM", b"GIF87a", b"GIF89a")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PARTS = (("word/", Format.DOCX), ("xl/", Format.XLSX), ("ppt/", Format.PPTX))
_WEB_SUFFIXES = (".html", ".htm", ".xhtml", ".shtml")
HEAD = 4096
"""Bytes from the beginning of a file that show what it is."""


def sniff(head: bytes, suffix: str = "") -> Format:
    """Tell a format by the first `HEAD` bytes.

    Args:
        head: the beginning of the file.
        suffix: of its name, lower case; asked only where text may be a web page that does not say so.

    Returns:
        The format; `ZIP` for all that is packed so, which `inside` tells apart.
    """
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Format.ZIP
    if head.startswith((_OLE, b"{\\rtf")):
        return Format.LEGACY
    if head.startswith(_IMAGES) and not (head.startswith(b"BM") and head[6:10] != bytes(4)):
        return Format.IMAGE
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Format.IMAGE
    if _HTML.match(head) or (suffix in _WEB_SUFFIXES and b"<" in head):
        return Format.HTML
    return Format.TEXT


def inside(data: bytes, found: Format) -> Format:
    """Tell a packed or legacy format by all of the file."""
    if found is Format.LEGACY and _ENCRYPTED in data:
        return Format.LOCKED
    if found is not Format.ZIP:
        return found
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        # A truncated file has lost its directory; the names of the first files tell what it was.
        return next((kind for part, kind in _PARTS if part.encode() in data[:65_536]), Format.ZIP)
    if "OFD.xml" in names:
        return Format.OFD
    if "[Content_Types].xml" in names:
        return next((kind for part, kind in _PARTS if any(n.startswith(part) for n in names)), Format.ZIP)
    return Format.ZIP
