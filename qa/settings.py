"""What differs between runs, read once at start. The only module that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_QUESTION_CHARACTERS = 2_000
"""A longer question is refused with a message that states this limit."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one run.

    Attributes:
        index: the index folder.
        k: how many passages the reader gets.
    """

    index: Path = Path("data/index")
    k: int = 10

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, *, index: Path | None = None) -> Settings:
        """Settings from `YIJU_INDEX`; an argument that is given wins over the environment."""
        return cls(index=index or Path(environment.get("YIJU_INDEX") or "data/index"))
