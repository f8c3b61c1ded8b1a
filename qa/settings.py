"""What differs between runs, read once at start. The only module that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from index.locations import Location, location

MAX_QUESTION_CHARACTERS = 2_000
"""A longer question is refused with a message that states this limit."""


class Caution(StrEnum):
    """How sure an answer must be to be given: the more caution, the fewer wrong answers and the more refusals."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one run.

    Attributes:
        index: where the index lies.
        k: how many passages the reader gets.
        caution: how sure an answer must be.
    """

    index: Location = Path("data/index")
    k: int = 10
    caution: Caution = Caution.NORMAL

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        index: Location | None = None,
        caution: Caution | None = None,
    ) -> Settings:
        """Settings from `YIJU_INDEX` and `YIJU_CAUTION`; an argument that is given wins over the environment.

        Raises:
            ValueError: if `YIJU_CAUTION` is none of the cautions or `YIJU_INDEX` no address; fit for a user's eyes.
        """
        return cls(
            index=index or location(environment.get("YIJU_INDEX") or "data/index"),
            caution=caution or _caution(environment.get("YIJU_CAUTION") or Caution.NORMAL),
        )


def _caution(name: str) -> Caution:
    try:
        return Caution(name)
    except ValueError:
        raise ValueError(f"环境变量 YIJU_CAUTION 是 {name!r}：应为 {'、'.join(Caution)} 之一。") from None
