"""The numbers that Word puts before paragraphs, as the reader sees them: 第一章, （二）, 3.1, •.

Source: ECMA-376 Part 1, 17.9 (numbering) and 17.18.59 (number formats).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from index.loaders.archive import attribute, child, children, integer, is_on
from index.numerals import written

if TYPE_CHECKING:
    from lxml import etree

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
    """Counts the paragraphs of a document, given its numbering part; None for one without lists."""

    def __init__(self, root: etree._Element | None) -> None:
        self._levels: dict[str, tuple[str, Mapping[int, Level]]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        abstract = {attribute(each, "abstractNumId") or "": _levels(each) for each in children(root, "abstractNum")}
        for each in children(root, "num"):
            name = attribute(child(each, "abstractNumId"), "val") or ""
            levels, counts_alone = dict(abstract.get(name, {})), False
            for override in children(each, "lvlOverride"):
                place, start = integer(attribute(override, "ilvl")), child(override, "startOverride")
                definition = child(override, "lvl")
                level = _level(definition) if definition is not None else levels.get(place, Level())
                if start is not None:
                    level, counts_alone = replace(level, start=integer(attribute(start, "val"), 1)), True
                levels[place] = level
            identifier = attribute(each, "numId") or ""
            self._levels[identifier] = (f"{name}/{identifier}" if counts_alone else name, levels)

    def label(self, list_id: str, level: int) -> str:
        """Return the number of the next paragraph of a list and the space that follows it; empty for no known list."""
        abstract, levels = self._levels.get(list_id, ("", {}))
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

        def number(place: re.Match[str]) -> str:
            of = levels.get(int(place[1]) - 1, Level())
            return numeral(counts.get(int(place[1]) - 1, of.start), "decimal" if shape.legal else of.format)

        text = _PLACE.sub(number, shape.text)
        closed = text.endswith(("、", "）", ")", "．", "：", " ", "\u3000"))
        return text if closed or not shape.spaced or not text else text + " "


def _levels(element: etree._Element) -> dict[int, Level]:
    return {integer(attribute(each, "ilvl")): _level(each) for each in children(element, "lvl")}


def _level(element: etree._Element) -> Level:
    def value(name: str, default: str) -> str:
        found = child(element, name)
        return default if found is None else attribute(found, "val") or ""

    restart = child(element, "lvlRestart")
    return Level(
        start=integer(value("start", "1"), 1),
        format=value("numFmt", "decimal"),
        text=value("lvlText", ""),
        restart=None if restart is None else integer(attribute(restart, "val")),
        legal=is_on(child(element, "isLgl")),
        spaced=value("suff", "tab") != "nothing",
    )


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


_LEGAL = partial(written, digits="零壹贰叁肆伍陆柒捌玖", units="拾佰仟")
_CIRCLED = _counted("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")
_FORMS: Mapping[str, Callable[[int], str]] = {
    **dict.fromkeys(("chineseCounting", "chineseCountingThousand", "japaneseCounting"), written),
    **dict.fromkeys(("taiwaneseCounting", "taiwaneseCountingThousand"), written),
    "ideographDigital": lambda number: "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number)),
    "chineseLegalSimplified": _LEGAL,
    "ideographLegalTraditional": _LEGAL,
    "ideographTraditional": _counted("甲乙丙丁戊己庚辛壬癸"),
    "ideographZodiac": _counted("子丑寅卯辰巳午未申酉戌亥"),
    "decimalEnclosedCircle": _CIRCLED,
    "decimalEnclosedCircleChinese": _CIRCLED,
    "decimalEnclosedParen": _counted("⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇"),
    "decimalEnclosedFullstop": _counted("⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛"),
    "ideographEnclosedCircle": _counted("㊀㊁㊂㊃㊄㊅㊆㊇㊈㊉"),
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": lambda number: str(number).translate({ord("0") + i: 0xFF10 + i for i in range(10)}),
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerLetter": _letters,
    "upperRoman": lambda number: _roman(number).upper(),
    "lowerRoman": _roman,
}
