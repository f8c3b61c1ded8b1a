"""A part of a file, in whatever format it is: an embedded document, an attachment, a chapter."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import cast

from index.loaders import plain
from index.loaders.content import Content, Unreadable
from index.loaders.sniff import HEAD, Format, inside, sniff


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
