"""Names and fields of the collections of an index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["passages", "documents", "terms"]
KINDS: tuple[Kind, ...] = ("passages", "documents", "terms")


@dataclass(frozen=True, slots=True, order=True)
class Generation:
    """One build of an index: three collections. The alias, named as the index, points to the passages of one of them.

    Attributes:
        index: the name that people use, which is the alias.
        number: counts builds, from 1.
    """

    index: str
    number: int

    def name(self, kind: Kind) -> str:
        """Return the name of one of its collections."""
        return f"{self.index}_g{self.number}_{kind}"

    @classmethod
    def of(cls, index: str, collection: str) -> Generation | None:
        """Return the generation of an index that a collection belongs to; None if it is none of its."""
        found = re.fullmatch(rf"{re.escape(index)}_g([1-9]\d{{0,8}})_({'|'.join(KINDS)})", collection)
        return cls(index, int(found[1])) if found else None
