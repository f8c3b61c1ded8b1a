"""Limits of reading one document, which the kernel enforces on the process of `index.sandbox.worker`, and only there.

It calls `confine` once, `document` before each document and `rest` when it waits. Loaders call `page` for every page
they have read, which gives them more time: a long scan is read to its end, a decompression bomb is stopped. A limit
that is passed ends the process, whatever it was doing. Where the system limits no process, none of this happens.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

from index.platforms import resource

MEMORY = 4 * 2**30
"""Bytes of address space: OCR of the largest picture allowed takes about half of it."""
DOCUMENT_SECONDS = 240
"""Processor time of one document without pages: the longest text allowed takes about a third of it."""
PAGE_SECONDS = 60
"""Processor time that every page adds: a scanned one takes 8 seconds, and four times that if it lies on its side."""
STILL_SECONDS = 900
"""Wall time in which a page or a document must get done."""

_WRITTEN = 512 * 2**20  # bytes of a file that is written: by LibreOffice, in the folder it is given
_OPEN = 256  # files open at a time


_told: list[Callable[[int, int], None]] = []
_pages = [0, 0]  # those of the document that were read, and all of them, as far as they are known


def tell(told: Callable[[int, int], None]) -> None:
    """Set what is called for every page that is read, with its number and the count of pages, 0 if unknown."""
    _told[:] = [told]


def pages(count: int) -> None:
    """Say how many pages a document has, before the first of them is read."""
    _pages[1] = count
    _tell()


def confine() -> None:
    """Limit memory, files and core dumps of this process and its children, for good."""
    if resource is None:
        return
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, _WRITTEN),
        (resource.RLIMIT_NOFILE, _OPEN),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError) if sys.platform == "darwin" else nullcontext():  # which limits no address space
            resource.setrlimit(kind, (lowest, lowest))


def document() -> None:
    """Start the clocks for the next document."""
    _pages[:] = [0, 0]
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _allow(int(used.ru_utime + used.ru_stime) + DOCUMENT_SECONDS)


def page() -> None:
    """Give the next page its time; does nothing where no clock runs."""
    _pages[0] += 1
    _tell()
    if resource is not None and signal.getitimer(signal.ITIMER_REAL)[0]:
        _allow(resource.getrlimit(resource.RLIMIT_CPU)[0] + PAGE_SECONDS)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Give what follows at most so much processor time of what its document has left; where no clock runs, any."""
    if resource is None or not signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    left, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (min(left, int(used.ru_utime + used.ru_stime) + 1 + seconds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (left, hard))


def _tell() -> None:
    for told in _told:
        told(*_pages)


def rest() -> None:
    """Nothing is being read: stop the clock of wall time."""
    if resource is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _allow(seconds: int) -> None:
    """Processor time since the process began after which it is ended; and the other clock starts again."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds if hard == resource.RLIM_INFINITY else min(seconds, hard), hard))
    signal.setitimer(signal.ITIMER_REAL, STILL_SECONDS)
