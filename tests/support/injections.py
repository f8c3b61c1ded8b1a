"""The payloads of `injections.txt`."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterator
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


def every_payload(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test on every payload in turn; a failure names the payload.

    One test a view, not one a payload: setting up and reporting thousands of them took longer than running them.
    """

    @functools.wraps(test)
    def run(**fixtures: object) -> None:
        for number, payload in enumerate(PAYLOADS):
            try:
                test(payload=payload, **fixtures)
            except BaseException as error:
                error.add_note(f"payload {number} ({payload.kind}): {payload.text!r}")
                raise

    signature = inspect.signature(test)
    kept = [each for name, each in signature.parameters.items() if name != "payload"]
    run.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return run
