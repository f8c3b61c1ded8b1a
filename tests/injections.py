"""The payloads of `injections.txt`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOST = "192.0.2.66"
"""A machine that must never be asked: an address of documentation, where there is none."""


@dataclass(frozen=True)
class Payload:
    """Hostile text, and what it tries."""

    kind: str
    text: str


def _payloads() -> Iterator[Payload]:
    kind = ""
    for line in (Path(__file__).with_name("injections.txt")).read_text("utf-8").splitlines():
        if line.startswith("## "):
            kind = line[3:]
        elif kind and line:
            quoted = line if '\\"' in line else line.replace('"', '\\"')
            yield Payload(kind, json.loads(f'"{quoted}"').replace("HOST", HOST))


PAYLOADS = tuple(_payloads())
TEXTS = tuple(each.text for each in PAYLOADS)
