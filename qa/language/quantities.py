"""Figures as exact numbers: 「1.5亿千瓦」 is 150,000,000 kW, 「七十兆瓦」 is 70 MW.

Nothing here is a float: amounts are fractions, so that what is computed from cited figures is right to the last digit.
What cannot be read as one exact number (「3—5家」, 「2000多个」) is no quantity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from index.numerals import DIGITS, UNITS
from index.text import fold
from qa.language.grammar import UNIT
from qa.language.lexicon import LISTS

MAX_DIGITS = 40
"""Digits beyond which a figure is no figure of a document but an attack."""

_DECIMALS, _LONGEST = 2, 6
"""Decimal places to which a number that does not end is rounded, and up to which an exact value is written out."""

_MULTIPLIERS = {**UNITS, "万": 10**4, "亿": 10**8}

_UNITS = {
    name: (family, Fraction(size))
    for family, sizes in LISTS["sizes"].items()
    for names, size in sizes.items()
    for name in names.split()
}

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ARABIC = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<multiplier>[十百千万亿]*)")
_CHINESE = re.compile(
    r"(?P<whole>[零〇一二两三四五六七八九十百千万亿]+)(?:点(?P<part>[零〇一二三四五六七八九]+)(?P<scale>[万亿]*))?"
)
_PARTS = re.compile("(.+)分之(.+)")
_TENTHS = re.compile(r"([一二三四五六七八九]|\d(?:\.\d)?)成([一二三四五六七八九半])")
_SHORT_LEAST = 100
"""From this multiplier on, a lone digit behind it counts the next lower one: 两万五 is 25,000."""
_BOUND_BEHIND = re.compile("(?:及|或)?以[上下内]$|左右$|上下$")
_EITHER = re.compile(
    "(?<![零〇一二三四五六七八九])(?:一[二两]|[二两]三|三四|四五|五六|六七|七八|八九|三五)(?![零〇一二三四五六七八九])"
)
"""三四家 is three or four, 十七八 seventeen or eighteen."""
_INEXACT = re.compile("[多余几数来]")
_UNIT_ASKED = re.compile(f"(?P<multiplier>[万亿]*)(?P<unit>{UNIT.pattern})?")
_UNIT_FORM = re.compile(r"(?:[a-z]{1,5}[23]?|[\u4e00-\u9fff㎡%‰]{1,8})(?:/[a-z\u4e00-\u9fff]{1,8})?")
_WRITTEN = {"mw": "MW", "gw": "GW", "kw": "kW", "w": "W", "kwh": "kWh", "mwh": "MWh", "gwh": "GWh"} | {
    "百分点": "个百分点"
}
_SHOWN = {1: "", 10**4: "万", 10**8: "亿", 10**12: "万亿"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure."""

    name: str  # as written, folded, without multiplier: 千瓦 of 万千瓦
    family: str  # what may be converted into what; units that nothing is known of are a family of their own
    size: Fraction  # how many base units of its family it is


@dataclass(frozen=True, slots=True)
class Quantity:
    """One exact figure."""

    amount: Fraction  # in base units of the family
    unit: Unit  # as the text has it
    multiplier: int = 1  # 万 or 亿 before the unit, as the text has it; 1 where there is none

    def comparable(self, other: Quantity) -> bool:
        """Return whether both measure the same, in units that convert exactly."""
        return self.unit.family == other.unit.family


def amount_text(amount: Fraction, unit: Unit, multiplier: int = 1) -> tuple[str, bool]:
    """Return an amount, in base units, as documents write it in a unit, and whether that is the exact value."""
    number, exact = decimal(amount / (unit.size * multiplier))
    return f"{number}{_SHOWN[multiplier]}{_WRITTEN.get(unit.name, unit.name)}", exact


def unit_of(name: str) -> Unit:
    """Return the unit with a folded name; one that is not known converts into nothing else."""
    family, size = _UNITS.get(name, (f"={name}", Fraction(1)))
    return Unit(name, family, size)


def parse(text: str) -> Quantity | None:
    """Return a text that is one figure with its unit, and perhaps 左右 or 以上 behind it; None for anything else.

    Ranges and 多, 余, 几 are no exact figure. A figure without a unit has the unit with the empty name.
    """
    bare = _BOUND_BEHIND.sub("", fold(text))
    if len(bare) > MAX_DIGITS * 2 or "-" in bare or _INEXACT.search(bare):
        return None
    if share := _PARTS.fullmatch(bare):
        base, part = _MULTIPLIERS.get(share[1]) or _arabic_or_chinese(share[1]), _arabic_or_chinese(share[2])
        return Quantity(part / base * 100, unit_of("%")) if base and part is not None else None
    if tenths := _TENTHS.fullmatch(bare):
        whole, rest = (Fraction(5) if each == "半" else _arabic_or_chinese(each) for each in tenths.groups())
        return None if whole is None or rest is None else Quantity(whole * 10 + rest, unit_of("%"))
    return _compound(bare)


def unit_in(text: str) -> tuple[Unit, int] | None:
    """Return the unit that a text begins with, with its multiplier (万千瓦 → 千瓦, 10,000); None where it has none."""
    match = _UNIT_ASKED.match(fold(text))
    if match is None or not match["unit"]:
        return None
    multiplier = prod(_MULTIPLIERS[character] for character in match["multiplier"])
    return unit_of(match["unit"]), multiplier if multiplier in _SHOWN else 1


def _compound(bare: str) -> Quantity | None:
    """Parse 「1亿2000万元」, 「1.5亿千瓦」 or 「七十兆瓦」: numbers with falling multipliers, then a unit."""
    total, last, at, multiplier = Fraction(0), 0, 0, 1
    while match := _ARABIC.match(bare, at):
        value, factor, end = _piece(bare, match)
        if value is None or (last and factor >= last):
            return None
        total, last, at = total + value * factor, factor, end
        multiplier = multiplier if multiplier > 1 else factor
    if at == 0:
        return _chinese(bare)
    return _quantity(total, bare[at:], multiplier)


def _piece(bare: str, match: re.Match[str]) -> tuple[Fraction | None, int, int]:
    """Return a number, its multiplier, and where they end: 千 of 千瓦 belongs to the unit, 万 of 万千瓦 does not."""
    digits = match["number"].replace(",", "")
    if len(digits) > MAX_DIGITS:
        return None, 1, match.end()
    multiplier = match["multiplier"]
    while multiplier and _belongs_to_unit(bare, match.start("multiplier") + len(multiplier) - 1):
        multiplier = multiplier[:-1]
    factor = prod(_MULTIPLIERS[character] for character in multiplier)
    return Fraction(digits), factor, match.start("multiplier") + len(multiplier)


def _belongs_to_unit(bare: str, at: int) -> bool:
    return bare[at] == "千" and bare[at:] in _UNITS


def _chinese(bare: str) -> Quantity | None:
    """Return a figure in Chinese numerals.

    As much of it as leaves a known unit, or all that is numeral, is the number.
    """
    match = _CHINESE.match(bare)
    if match is None:
        return None
    end = match.end() - (1 if bare[match.end() - 1] == "千" and bare[match.end() - 1 :] in _UNITS else 0)
    number = _arabic_or_chinese(bare[:end])
    return None if number is None else _quantity(number, bare[end:], _MULTIPLIERS.get(bare[end - 1], 1))


def _arabic_or_chinese(text: str) -> Fraction | None:
    if re.fullmatch(_NUMBER, text):
        return Fraction(text.replace(",", "")) if len(text) <= MAX_DIGITS else None
    match = _CHINESE.fullmatch(text)
    if match is None or len(text) > MAX_DIGITS:
        return None
    whole = _numeral(match["whole"])
    part = "".join(str(DIGITS[character]) for character in match["part"] or "")
    if whole is None:
        return None
    number = whole + (Fraction(int(part), 10 ** len(part)) if part else 0)
    return number * prod(_MULTIPLIERS[character] for character in match["scale"] or "")


def _numeral(text: str) -> Fraction | None:
    """Return a Chinese numeral as a number: 一千二百 is 1200, 二〇二五 is 2025, 一亿两千万 is 120,000,000."""
    if _EITHER.search(text):
        return None
    if all(character in DIGITS for character in text):
        return Fraction(int("".join(str(DIGITS[character]) for character in text)))
    total = section = digit = 0
    last, higher = 1, 0
    for character in text:
        if character in DIGITS:
            digit = DIGITS[character]
            last = last if digit else 1
            continue
        last = value = _MULTIPLIERS[character]
        if value < 10**4:
            section, digit = section + (digit or 1) * value, 0
        elif higher > value:  # 一亿两千万: 万 counts what stands behind 亿
            total, section, digit = total + (section + digit) * value, 0, 0
        else:
            total, section, digit, higher = (total + section + digit) * value, 0, 0, value
    return Fraction(total + section + digit * (last // 10 if last >= _SHORT_LEAST else 1))


def _quantity(number: Fraction, unit_text: str, multiplier: int) -> Quantity | None:
    if unit_text and (unit_text[0] in "至到" or not _UNIT_FORM.fullmatch(unit_text)):
        return None
    unit = unit_of(unit_text)
    return Quantity(number * unit.size, unit, multiplier if multiplier in _SHOWN else 1)


def decimal(number: Fraction, places: int = _DECIMALS) -> tuple[str, bool]:
    """Return a number as people write it, and whether that is its exact value.

    One that never ends is rounded to so many places, half away from zero.
    """
    sign, size = ("-" if number < 0 else ""), abs(number)
    ends = next((digits for digits in range(max(places, _LONGEST) + 1) if 10**digits % size.denominator == 0), None)
    shown = places if ends is None else ends
    whole, part = divmod(int((size * 10**shown * 2 + 1) // 2), 10**shown)
    text = f"{whole}.{part:0{shown}d}".rstrip("0").rstrip(".") if shown else str(whole)
    return (sign if text.strip("0.") else "") + text, ends is not None
