"""Show the progress of long work."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def with_progress(items: Iterable[Item], total: int, work: str = "评测") -> Iterator[Item]:
    """Pass items on; where stderr is a terminal, say there how many of `total` have come."""
    shown = sys.stderr.isatty()
    for done, item in enumerate(items, start=1):
        if shown:
            sys.stderr.write(f"\r{work} {done}/{total}" + ("" if done < total else "\n"))
            sys.stderr.flush()
        yield item
