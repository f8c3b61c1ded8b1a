"""The subcommands of `yiju-eval`, a module each: `DESCRIPTION`, `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from eval.metrics.stages import StagedIndex
from qa.protocols import Answerer
from qa.settings import Settings

DONE, GATE_FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses."""


@dataclass(frozen=True, slots=True)
class Openers:
    """How a command gets at what it evaluates."""

    assistant: Callable[[Settings], Answerer]
    # opens the same index for searching stage by stage; None where there is none to be searched so
    index: Callable[[Settings], StagedIndex | None]


class Command(Protocol):
    """A subcommand; modules are such objects."""

    DESCRIPTION: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""
        ...

    def run(self, arguments: argparse.Namespace, openers: Openers) -> int:
        """Do it; returns the exit status.

        Raises:
            YijuError, ValueError: if an input is unusable.
            OSError: if a file cannot be read or written.
        """
        ...


def write(path: Path, text: str) -> None:
    """Write a file; a lone surrogate, which JSON can smuggle into a question, as its escape: JSON stays valid."""
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON."""
    write(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")
