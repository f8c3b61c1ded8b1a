"""Periods of time that a question asks about and that a text speaks of, as ranges of years.

「到2025年」「2022—2025年」「“十四五”末」「2023年4月28日」 become inclusive year ranges, so that a question
about 2030 is not answered with a target for 2025.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from index.numerals import AS_ARABIC
from index.text import align
from qa.language.lexicon import MEASURES

_PLAN_DIGITS = dict(zip("一二三四五六七", range(2006, 2041, 5), strict=True))

_RELATIVE = {"今": 0, "本": 0, "当": 0, "去": -1, "上": -1, "前": -2, "明": 1, "过": -1}

_PATTERN = re.compile(
    r"(?P<from>(?:19|20)\d{2})年?(?:-{1,2}|至|到)(?P<to>(?:19|20)\d{2})(?!\d)"
    rf"|(?<!\d)(?P<year>(?:19|20)\d{{2}})(?!\d)(?=年|[-./]\d(?!\d*\s?(?:[万亿]|(?![年月日天])(?:{MEASURES})))|$|[^\da-z.,%万亿])"
    r"|(?P<chinese>[一二][零〇九][零〇一二三四五六七八九]{2})年"
    r"|(?P<relative>今年|本年度?|当年|去年|上年度?|上一年|前年|明年|过去(?:的)?一年)"
    r"|(?P<plan>十[一二三四五六七])五(?=[”\"」』’]|末|期|规|时|计|$|[^\d、])(?P<mark>[”\"」』’]?(?:期|规划)?末|[”\"」』’]?收官)?"
)
_OF_ITS_YEAR = re.compile("公报|年鉴|决算|年报")


@dataclass(frozen=True, slots=True)
class Period:
    """Inclusive years, and where the text says so."""

    first: int  # first, last: the years
    last: int
    start: int  # start, end: offsets of the expression in the text
    end: int

    def meets(self, other: Period) -> bool:
        """Return whether both share a year."""
        return self.first <= other.last and other.first <= self.last


def periods(text: str, present: int | None = None) -> list[Period]:
    """Return the periods a text names, in text order.

    「今年」 means the year `present`; without it, relative years are passed over.
    """
    found = (_period(match, present) for match in _PATTERN.finditer(align(text)))
    return [period for period in found if period]


def without_periods(text: str, blank: str = "") -> str:
    """Return a text with `blank` in place of each period that it names."""
    for period in reversed(periods(text)):
        text = text[: period.start] + blank + text[period.end :].removeprefix("年")
    return text


def covered(title: str) -> list[Period]:
    """Return the years that a document with this title covers.

    One named for a single year looks back on the year before, but statistics of a year are of that year.
    """
    named = periods(title)
    if len(named) == 1 and named[0].first == named[0].last and not _OF_ITS_YEAR.search(title):
        return [replace(named[0], first=named[0].first - 1)]
    return named


def _period(match: re.Match[str], present: int | None) -> Period | None:
    if match["relative"]:
        if present is None:
            return None
        first = last = present + _RELATIVE[match["relative"][0]]
    elif match["from"]:
        first, last = int(match["from"]), int(match["to"])
    elif match["year"]:
        first = last = int(match["year"])
    elif match["chinese"]:
        first = last = int(match["chinese"].translate(AS_ARABIC))
    else:
        last = _PLAN_DIGITS[match["plan"][1]] + 4
        first = last if match["mark"] else last - 4
    return Period(min(first, last), max(first, last), match.start(), match.end())


def conflict(asked: list[Period], told: list[Period]) -> bool:
    """Return whether a text about the periods `told` cannot answer a question about the periods `asked`."""
    return bool(asked and told) and not any(a.meets(t) for a in asked for t in told)
