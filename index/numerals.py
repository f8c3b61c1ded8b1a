"""Chinese numerals: their characters, what they count, and how a number is written with them."""

from __future__ import annotations

import re

_DIGITS = "零一二三四五六七八九"
DIGITS = {character: value for value, character in enumerate(_DIGITS)} | {"〇": 0, "两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}
AS_ARABIC = str.maketrans("零〇一二三四五六七八九", "00123456789")
"""For `str.translate`: digits that are written one after the other, as in 二〇二五."""
NUMERAL = "[〇零一二三四五六七八九十百千0-9]"
"""A character of the number of an article, a chapter or a section."""
_NUMBER = f"(?:{NUMERAL}|[０-９])"
HEADING_NUMBER = re.compile(
    rf"^\s*+#*+\s*+(?:第{_NUMBER}+(?:部分|[编章节条款])|[(（]{_NUMBER}+[)）]|{_NUMBER}+(?:[、)）]|[.．是](?!\d))"
    rf"|(?:专栏|附件){_NUMBER}*)[、．.：:]?\s*"
)
"""The number before the words of a heading: 第三章, （一）, 1., 一是, 专栏2."""


def cn_number(numeral: str) -> int:
    """Return the value of a Chinese or Arabic numeral below ten thousand: 二十一 → 21, 一百零三 → 103, １２ → 12.

    Digits written without units (二〇二三) count decimally.
    """
    if numeral[0].isdigit():
        return int(numeral)
    if not any(character in UNITS for character in numeral):
        return int("".join(str(DIGITS[character]) for character in numeral))
    total = digit = 0
    for character in numeral:
        if character in UNITS:
            total += (digit or 1) * UNITS[character]
            digit = 0
        else:
            digit = DIGITS[character]
    return total + digit


def written(number: int, digits: str = _DIGITS, units: str = "十百千") -> str:
    """Return a number from 1 on in Chinese: 10 → 十, 21 → 二十一, 103 → 一百零三; from 10,000 on in Arabic digits."""
    if number >= 10_000:
        return str(number)
    text, gap = "", False
    for place, digit in zip(range(len(str(number)) - 1, -1, -1), map(int, str(number)), strict=True):
        if digit:
            text += ("零" if gap and text else "") + digits[digit] + (units[place - 1] if place else "")
        gap = digit == 0
    return text[1:] if 10 <= number < 20 and digits == _DIGITS else text
