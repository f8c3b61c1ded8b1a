"""Which part of the corpora trains, which tunes and which judges: whole documents, decided by name alone."""

from __future__ import annotations

import hashlib
from typing import Literal

from index.text import fold

Part = Literal["train", "dev", "test"]

_DEV, _TEST = 8, 12
"""Percent of the documents."""

GOLD = frozenset(
    {
        *("biz2023-0034", "biz2023-0234", "biz2023-0005", "biz2023-0017", "biz2023-0264"),
        *("law-34c6ba624b", "law-2c30327f04", "law-bb84d1f724", "law-f8bed6ec49"),
        *("Victoria_and_Albert_Museum", "Harvard_University"),
    }
)
"""Documents, by id or title, that the gold sets ask about: they belong to no part. Nor does any provincial report."""


def part_of(title: str) -> Part:
    """Return the part a document belongs to.

    Contexts of one article, versions of one law and the traditional and simplified form of a title stay together.

    Args:
        title: of the article, law or report; compared folded.
    """
    share = int(hashlib.sha256(fold(title).encode()).hexdigest(), 16) % 100
    return "dev" if share < _DEV else "test" if share < _DEV + _TEST else "train"
