"""The process that reads files: `python -m index.sandbox.worker DESCRIPTOR FOLDER`, started by `index.sandbox.Sandbox`.

It gives up what it does not need before it sees the first byte of a file, gets every file as an open descriptor, and
says what it found as JSON. It may be ended at any moment.

    ready      the layers that are in force
    at         the number and the name of the document that is read next
    document   a row as in an index · error: what is wrong with one in an archive · notice: what was left out of it
    page       a page of it was read: its number, and how many there are, 0 if that is not known
    failed     why the file itself cannot be read · missing: or which extra it needs
    content    a page as PNG or SVG, or the file as PDF, base64 · places: how many pages it has, and where a text stands
    done       with this file
"""

from __future__ import annotations

import base64
import importlib
import mimetypes
import os
import socket
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import index
from index import codec
from index.errors import DocumentError, DocumentUnreadable, MissingDependency
from index.loaders import libreoffice, limits, page_search, parts
from index.loaders.content import Unreadable
from index.loaders.pictures import draw_page
from index.sandbox import confinement, frames

# Outside the folders of Python: what its libraries and LibreOffice are made of, and what they ask of the machine.
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/opt", "/etc/ld.so.cache", "/etc/fonts", "/etc/libreoffice", "/etc/localtime",
    "/etc/passwd", "/etc/nsswitch.conf", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
    "/var/lib/libreoffice", "/var/spool/libreoffice", "/var/cache/fontconfig",
)  # fmt: skip
# Our own modules, before the door closes; what they import themselves lies in folders that stay open.
_LOADERS = (
    "delimited", "docx", "epub", "html", "image", "legacy", "mail", "odf", "ofd", "pdf", "pptx", "records", "xlsx",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Read files until the other side is gone; given the descriptor of a socket to it, and a folder to work in."""
    connection, folder = socket.socket(fileno=int(arguments[0])), Path(arguments[1])
    for name in _LOADERS:
        importlib.import_module(f"index.loaders.{name}")
    limits.confine()
    layers = confinement.confine(_readable(), folder, unix_sockets=libreoffice.program() is not None)
    frames.send(connection, {"ready": layers})
    try:
        while True:
            job, descriptor = frames.receive_with_file(connection)
            if descriptor is not None:
                with os.fdopen(descriptor, "rb") as file:
                    _work(connection, job, file)
    except (EOFError, ConnectionError):
        return 0


def _readable() -> Iterator[Path]:
    own = Path(index.__file__).parent
    yield own
    yield from map(Path, _SYSTEM)
    yield from map(Path, mimetypes.knownfiles)  # openpyxl reads what the machine has of them, and fails if it may not
    yield from (Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent)
    # Where the program runs from its source, the folder holds more than modules: documents, an index.
    source = own.parent if (own.parent / "pyproject.toml").is_file() else None
    yield from (entry for entry in map(Path, sys.path) if entry.is_absolute() and entry != source)


def _work(connection: socket.socket, job: dict[str, Any], file: IO[bytes]) -> None:
    tell = partial(frames.send, connection)
    path = Path(job["path"])
    limits.document()
    try:
        if "page" in job:
            drawn = draw_page(path, file, job["page"], long_side=job["long_side"])
            tell({"content": base64.b64encode(drawn).decode()})
        elif "pieces" in job:
            tell({"places": page_search.find(file.read(), job["pieces"], job["share"])})
        elif "layout" in job:
            tell({"content": base64.b64encode(_laid_out(path, file)).decode()})
        else:
            _read(connection, path, file, job)
    except DocumentError as error:
        tell({"failed": _described(error)})
    except MissingDependency as error:
        tell({"missing": [error.extra, str(error)]})
    limits.rest()
    tell({"done": True})


def _laid_out(path: Path, file: IO[bytes]) -> bytes:
    try:
        return libreoffice.as_pdf(file.read())
    except Unreadable as error:
        raise DocumentUnreadable(path, f"无法显示 {path} 的页面：{error}") from error


def _read(connection: socket.socket, path: Path, file: IO[bytes], job: dict[str, Any]) -> None:
    """Say of every document what it holds, but of those that an earlier attempt came to."""
    tell = partial(frames.send, connection)
    limits.tell(lambda page, pages: tell({"page": [page, pages]}))
    found = parts(path, file, job["source"], notice=lambda message: tell({"notice": message}))
    for number, part in enumerate(found):
        if number < job["skip"]:
            continue
        limits.document()
        tell({"at": [number, str(part.path)]})
        read = part.read()
        if isinstance(read, DocumentError):
            tell({"error": _described(read)})
        else:
            tell({"document": codec.document_row(read)})


def _described(error: DocumentError) -> list[str]:
    return [type(error).__name__, str(error.path), str(error)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
