"""What units measure, and what a question wants measured, so that 投资 is not answered with a capacity."""

from __future__ import annotations

import re
from functools import lru_cache

from qa.language.lexicon import LISTS

_UNITS: dict[str, str] = LISTS["dimensions"]
_WORDS: dict[str, str] = LISTS["measured"]


@lru_cache(maxsize=1024)
def dimension(unit: str) -> str:
    """Return what a folded unit measures: `money`, `mass`, `power` …; `count` for measure words, empty for no unit."""
    if not unit:
        return ""
    numerator = unit.split("/")[0]
    return next((name for name, units in _UNITS.items() if re.fullmatch(units, numerator)), "count")


def asked_dimensions(question: str, unit: str) -> frozenset[str]:
    """Return what an aligned question wants measured; the folded unit it asks in, if any, decides. It may not say."""
    if unit:
        measured = dimension(unit)
        # People are counted with 个 as well as with 人.
        return frozenset({"count", "people"}) if measured in {"count", "people"} else frozenset({measured})
    return frozenset(name for name, words in _WORDS.items() if re.search(words, question))
