"""Compare the words of a question with the names of rows and columns.

Names are compared by pairs of characters, as words are cut differently in a question and in a table; figures and words
in Latin letters count whole: 「第9号泵站」 shares nothing but 泵站 with 「第19号泵站」.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_

from index.text import fold

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[a-z]+|[^\W\d_]|(?P<stop>.)", re.S)
_UNIT = re.compile(r"[(（\[【](?:单位[:：])?[^()（）\[\]【】]{1,12}[)）\]】]")


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of a text."""

    tokens: tuple[str, ...]  # characters, figures, words in Latin letters; empty where the text stops between two
    spare: int = 0  # of a question, the tokens that a table need not hold, as bits: 床位 of 「多少张床位」, 件数

    @property
    def pairs(self) -> frozenset[str]:
        """Neighbouring tokens as one, figures and Latin words alone too; a lone character by itself."""
        return _pairs(self.tokens)

    def cover(self, name: Words) -> int:
        """Return the tokens that a name holds, as bits, the first one lowest."""
        held, mask = name.pairs, 0
        alone = next(iter(name.tokens)) if len(name.tokens) == 1 else ""
        for at, token in enumerate(self.tokens):
            following = self.tokens[at + 1] if at + 1 < len(self.tokens) else ""
            if token and following and token + "\t" + following in held:
                mask |= 3 << at
            if token and (token == alone or (_is_whole(token) and token in held)):
                mask |= 1 << at
        return mask

    def share(self, name: Words) -> float:
        """Return how much of a name stands in this text, 0 to 1."""
        held = name.pairs
        return len(held & self.pairs) / len(held) if held else 0.0


@lru_cache(maxsize=20_000)
def _pairs(tokens: tuple[str, ...]) -> frozenset[str]:
    found = {f"{a}\t{b}" for a, b in pairwise(tokens) if a and b}
    found.update(token for token in tokens if token and (_is_whole(token) or len(tokens) == 1))
    return frozenset(found)


def _is_whole(token: str) -> bool:
    return token.isascii()


@lru_cache(maxsize=20_000)
def words(text: str) -> Words:
    """Return the tokens of a text, folded."""
    tokens: list[str] = []
    for match in _TOKEN.finditer(fold(text)):
        token = "" if match["stop"] else match.group()
        if token or (tokens and tokens[-1]):
            tokens.append(token)
    while tokens and not tokens[-1]:
        tokens.pop()
    return Words(tuple(tokens))


def union(masks: Iterable[int]) -> int:
    """Return the tokens that any of several sets has, as bits."""
    return reduce(or_, masks, 0)


def bare(name: str) -> str:
    """Return a name without the unit behind it in brackets."""
    return _UNIT.sub("", name)


def units_in(name: str) -> list[str]:
    """Return what a name says in brackets."""
    return [match.group()[1:-1].removeprefix("单位").lstrip(":：") for match in _UNIT.finditer(name)]
