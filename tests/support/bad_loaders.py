"""`python -m tests.support.bad_loaders`: read files, with a reader of web pages that does what it is told.

It stands for a parser that has been taken over: what it does, it does where the untrusted bytes are read.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from index.loaders import html, limits, pdf
from index.loaders.content import Content
from index.sandbox import worker
from tests.support.files import drawing_itself


def crash() -> str:
    ctypes.string_at(0)
    return ""


def spin() -> str:
    limits.DOCUMENT_SECONDS = 1
    limits.document()
    while True:
        pass


def recurse() -> str:
    """Read a page of a PDF that has no end, within the time of a page and not of a document."""
    limits.PAGE_SECONDS = 1
    limits.document()
    return pdf.read(drawing_itself()).text


def wait() -> str:
    limits.STILL_SECONDS = 1
    limits.document()
    threading.Event().wait()
    return ""


def pages() -> str:
    """Work of four pages, which takes longer than a document without pages may."""
    limits.DOCUMENT_SECONDS = limits.PAGE_SECONDS = 1
    limits.document()
    for _ in range(4):
        end = time.process_time() + 0.4
        while time.process_time() < end:
            pass
        limits.page()
    return "read in time"


def swell() -> str:
    return str(len(bytearray(limits.MEMORY)))


def flood() -> str:
    return "x" * 2**21


def leave() -> str:
    os._exit(3)


def dial(family: socket.AddressFamily) -> Callable[[], str]:
    return lambda: _tried(lambda: str(socket.socket(family)))


def read(path: str) -> Callable[[], str]:
    return lambda: _tried(lambda: Path(path).read_text("utf-8", "replace")[:40])


def write(path: str) -> Callable[[], str]:
    return lambda: _tried(lambda: str(Path(path).write_text("x")))


def _tried(action: Callable[[], str]) -> str:
    try:
        return f"done: {action()}"
    except OSError as error:
        return f"refused: {error.strerror}"


def environment() -> str:
    return " ".join(sorted(os.environ))


def stop_parent() -> str:
    return _tried(lambda: str(os.kill(os.getppid(), signal.SIGCONT)))


ORDERS: Mapping[str, Callable[[], str]] = {
    "crash": crash, "spin": spin, "recurse": recurse, "wait": wait, "pages": pages,
    "swell": swell, "flood": flood, "leave": leave,
    "inet": dial(socket.AF_INET), "inet6": dial(socket.AF_INET6), "netlink": dial(socket.AF_NETLINK),
    "environment": environment, "parent": stop_parent,
}  # fmt: skip


def obey(data: bytes) -> Content:
    """What an order in a comment of the page says, done."""
    order = data.decode().partition("<!--")[2].partition("-->")[0]
    verb, _, path = order.partition(" ")
    if verb in ("read", "write"):
        return Content({"read": read, "write": write}[verb](path)())
    return Content(ORDERS[order]() if order else "一页好的网页。")


if __name__ == "__main__":
    html.read = obey
    sys.exit(worker.main(sys.argv[1:]))
