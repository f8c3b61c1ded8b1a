"""The files that documents were read from, as long as they are still what was read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from index.errors import DocumentUnreadable
from index.loaders import open_file
from index.loaders.formats import HEAD, Format, sniff
from index.records import Document
from index.store.sync import LOADERS, content_digest


def file_of(document: Document) -> Path | None:
    """Return where the file of a document lies, or None where that is not known, or it lies inside an archive."""
    if document.origin.folder is None or ".." in Path(document.source).parts:  # an index is untrusted input
        return None
    path = Path(document.origin.folder) / document.source
    return path if path.is_file() else None


def has_pictures(document: Document) -> bool:
    """Return whether pages of a document can be drawn, judged by the first bytes of its file, if it can be read."""
    if file_of(document) is None:
        return False
    try:
        with _opened(document) as file:
            return sniff(file.read(HEAD)) in (Format.PDF, Format.IMAGE)
    except (DocumentUnreadable, OSError):
        return False


def opened_as_indexed(document: Document) -> IO[bytes]:
    """Return the file of a document, open at its beginning; DocumentUnreadable unless it is what was indexed."""
    file = _opened(document)
    # Versions of the loaders read the same file in other ways; the newest first, as it is the likeliest.
    for version in range(int(LOADERS), 0, -1):
        file.seek(os.SEEK_SET)
        if content_digest(file, str(version)) == document.origin.digest:
            file.seek(os.SEEK_SET)
            return file
    file.close()
    raise DocumentUnreadable(Path(document.source), f"{document.source} 编入索引之后有变动，或同名的已是另一个文件。")


def _opened(document: Document) -> IO[bytes]:
    path = file_of(document)
    if path is None or document.origin.folder is None:
        raise DocumentUnreadable(
            Path(document.source),
            f"找不到 {document.source} 的原文件；请把它放回原处，或用 yiju-index add 重新加入。",
        )
    return open_file(path, Path(document.origin.folder))
