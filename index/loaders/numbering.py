"""The numbers that Word puts before paragraphs, as the reader sees them: 第一章, （二）, 3.1, •.

Source: ECMA-376 Part 1, 17.9 (numbering) and 17.18.59 (number formats).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from index.loaders.archive import attribute, child, local
from index.numerals import written

if TYPE_CHECKING:
    from lxml import etree

_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_PLACE = re.compile(r"%([1-9])")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered."""

    start: int = 1
    format: str = "decimal"
    text: str = ""
    restart: int | None = None  # the level behind which it begins anew; None: any above
    legal: bool = False  # all numbers in it Arabic
    spaced: bool = True  # a tab or space stands behind it


class Numbering:
    """Counts the paragraphs of a document.

    Args:
        root: the numbering part, or None for a document without lists.
    """

    def __init__(self, root: etree._Element | None) -> None:
        self._levels: dict[str, tuple[str, Mapping[int, Level]]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        if root is not None:
            self._read(root)

    def label(self, list_id: str, level: int) -> str:
        """Return the number of the next paragraph of a list, with the space that follows it.

        Empty for an unknown list.
        """
        if list_id not in self._levels:
            return ""
        abstract, levels = self._levels[list_id]
        shape = levels.get(level)
        if shape is None or shape.format == "none":
            return ""
        if shape.format == "bullet":
            return "• "
        counts = self._counts.setdefault(abstract, {})
        counts[level] = counts.get(level, shape.start - 1) + 1
        for deeper in [deeper for deeper in counts if deeper > level]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or (restart > 0 and level < restart):
                del counts[deeper]
        text = _PLACE.sub(lambda place: self._number(levels, counts, shape, int(place[1]) - 1), shape.text)
        closed = text.endswith(("、", "）", ")", "．", "：", " ", "\u3000"))
        return text if closed or not shape.spaced or not text else text + " "

    def _number(self, levels: Mapping[int, Level], counts: Mapping[int, int], shape: Level, level: int) -> str:
        of = levels.get(level, Level())
        return numeral(counts.get(level, of.start), "decimal" if shape.legal else of.format)

    def _read(self, root: etree._Element) -> None:
        abstract = {
            attribute(element, "abstractNumId") or "": _levels(element)
            for element in root
            if local(element) == "abstractNum"
        }
        for element in root:
            if local(element) == "num":
                reference = child(element, "abstractNumId")
                name = attribute(reference, "val") or "" if reference is not None else ""
                levels, own = dict(abstract.get(name, {})), False
                for override in element:
                    own = self._override(override, levels) or own
                identifier = attribute(element, "numId") or ""
                self._levels[identifier] = (f"{name}/{identifier}" if own else name, levels)

    @staticmethod
    def _override(override: etree._Element, levels: dict[int, Level]) -> bool:
        """Apply a list's own way with a level; whether it counts by itself from then on."""
        if local(override) != "lvlOverride":
            return False
        place = _integer(attribute(override, "ilvl"), 0)
        definition, start = child(override, "lvl"), child(override, "startOverride")
        level = _level(definition) if definition is not None else levels.get(place, Level())
        if start is not None:
            level = Level(
                _integer(attribute(start, "val"), 1),
                level.format, level.text, level.restart, level.legal, level.spaced,
            )  # fmt: skip
        levels[place] = level
        return start is not None


def _levels(element: etree._Element) -> dict[int, Level]:
    return {_integer(attribute(lvl, "ilvl"), 0): _level(lvl) for lvl in element if local(lvl) == "lvl"}


def _level(element: etree._Element) -> Level:
    def value(name: str, default: str) -> str:
        found = child(element, name)
        return default if found is None else attribute(found, "val") or ""

    restart = child(element, "lvlRestart")
    legal = child(element, "isLgl")
    return Level(
        start=_integer(value("start", "1"), 1),
        format=value("numFmt", "decimal"),
        text=value("lvlText", ""),
        restart=None if restart is None else _integer(attribute(restart, "val"), 0),
        legal=legal is not None and attribute(legal, "val") not in ("0", "false"),
        spaced=value("suff", "tab") != "nothing",
    )


def _integer(value: str | None, default: int) -> int:
    return int(value) if value and re.fullmatch(r"-?\d{1,9}", value) else default


def numeral(number: int, form: str) -> str:
    """Return a number in one of Word's formats; formats that are not used in Chinese come out as Arabic digits."""
    write = _FORMS.get(form)
    return write(number) if write and number > 0 else str(number)


def _counted(signs: str) -> Callable[[int], str]:
    return lambda number: signs[number - 1] if number <= len(signs) else str(number)


def _letters(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * min(1 + (number - 1) // 26, 20)


def _roman(number: int) -> str:
    if number >= 4000:
        return str(number)
    text = ""
    for value, sign in _ROMAN:
        text += sign * (number // value)
        number %= value
    return text


def _run(first: str, count: int) -> str:
    return "".join(chr(ord(first) + place) for place in range(count))


_LEGAL = partial(written, digits=_FORMAL, units="拾佰仟")
_FORMS: Mapping[str, Callable[[int], str]] = {
    "chineseCounting": written,
    "chineseCountingThousand": written,
    "japaneseCounting": written,
    "taiwaneseCounting": written,
    "taiwaneseCountingThousand": written,
    "ideographDigital": lambda number: "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number)),
    "chineseLegalSimplified": _LEGAL,
    "ideographLegalTraditional": _LEGAL,
    "ideographTraditional": _counted(_STEMS),
    "ideographZodiac": _counted(_BRANCHES),
    "decimalEnclosedCircle": _counted(_run("①", 20)),
    "decimalEnclosedCircleChinese": _counted(_run("①", 20)),
    "decimalEnclosedParen": _counted(_run("⑴", 20)),
    "decimalEnclosedFullstop": _counted(_run("⒈", 20)),
    "ideographEnclosedCircle": _counted(_run("㊀", 10)),
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": lambda number: str(number).translate({ord("0") + i: 0xFF10 + i for i in range(10)}),
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerLetter": _letters,
    "upperRoman": lambda number: _roman(number).upper(),
    "lowerRoman": _roman,
}
