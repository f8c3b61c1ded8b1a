"""Numbers as a spreadsheet shows them: 37 in 「0000」 is 0037, 3456789 in 「#,##0,」 is 3,457.

Source: ECMA-376 Part 1, 18.8.30 and 18.8.31; sections, conditions, scaling commas, literals, dates, elapsed time,
exponents and fractions. Colours, fill characters and numerals of other scripts are left out.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

GENERAL = "General"
BUILT_IN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy/m/d h:mm", 37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00", 41: '#,##0;-#,##0;"-"', 42: '"¥"#,##0;"¥"-#,##0;"-"', 43: '#,##0.00;-#,##0.00;"-"',
    44: '"¥"#,##0.00;"¥"-#,##0.00;"-"', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    27: "yyyy年m月", 28: "m月d日", 29: "m月d日", 30: "m-d-yy", 31: "yyyy年m月d日", 32: "h时mm分", 33: "h时mm分ss秒",
    34: "上午/下午h时mm分", 35: "上午/下午h时mm分ss秒", 36: "yyyy年m月", 50: "yyyy年m月", 51: "m月d日", 52: "yyyy年m月",
    53: "m月d日", 54: "m月d日", 55: "上午/下午h时mm分", 56: "上午/下午h时mm分ss秒", 57: "yyyy年m月", 58: "m月d日",
}  # fmt: skip
"""Formats by the numbers that files need not define, as a Chinese system shows them."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<half>AM/PM|A/P|上午/下午)'
    rf"|(?P<general>{GENERAL})"
    r"|(?P<date>y{1,4}|m{1,5}|d{1,4}|h{1,2}|s{1,2}|a{3,4}|e{1,4}(?![+-])|g{1,3}|b{1,4})|(?P<exponent>E[+-])"
    r"|(?P<sign>[0#?.,%/@])|(?P<other>.)",
    re.I | re.S,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[\d.]+)")
_CURRENCY = re.compile(r"\$([^-\]]*)")
_ELAPSED = re.compile("h+|m+|s+", re.I)
_WEEKDAYS = "一二三四五六日"
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SECONDS = 86_400
_LATEST = 2_958_465  # 31 December 9999
_FORMAT_MAX = 1_000  # characters of a format


@dataclass(frozen=True, slots=True)
class _Token:
    """A part of a format: `kind` is literal, date, half, elapsed, exponent, general or sign."""

    kind: str
    text: str

    @property
    def is_place(self) -> bool:
        """Return whether it stands for a digit."""
        return self.kind == "sign" and self.text in "0#?"

    @property
    def is_fixed(self) -> bool:
        """Return whether it stands for a digit, or is one."""
        return self.text.isdigit() if self.kind == "literal" else self.is_place


@dataclass(frozen=True, slots=True)
class _Section:
    tokens: tuple[_Token, ...]
    condition: tuple[str, Decimal] | None


def shown(value: float, shape: str, *, since_1904: bool = False) -> str:
    """Return a finite number as a cell of some number format shows it; days count from 1900, or `since_1904`."""
    sections = _sections(shape[:_FORMAT_MAX])
    section, signed = _chosen(sections, Decimal(repr(value)))
    kinds = {token.kind for token in section.tokens}
    if kinds & {"date", "elapsed", "half"}:
        days = value + 1462 if since_1904 else value
        return _date(section.tokens, days) if 0 <= days <= _LATEST + 1 else general(value)
    number = Decimal(repr(value)) if signed else abs(Decimal(repr(value)))
    return _number(section.tokens, number).strip()


def general(value: float) -> str:
    """Return a number in no format: up to eleven digits."""
    text = f"{value:.11g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}E{exponent[0]}{exponent[1:].zfill(2)}" if e else text


@lru_cache(maxsize=512)
def _sections(shape: str) -> tuple[_Section, ...]:
    """Return the sections of a format, for positive, negative and zero numbers or with conditions of their own."""
    sections: list[_Section] = []
    tokens: list[_Token] = []
    condition = None
    for match in _TOKEN.finditer(shape + ";"):
        kind = match.lastgroup or ""
        text = match[kind] if kind else ""
        if kind == "other" and text == ";":
            sections.append(_Section(tuple(tokens), condition))
            tokens, condition = [], None
        elif kind == "bracket":
            found = _CONDITION.fullmatch(text)
            condition = (found[1], Decimal(found[2])) if found else condition
            currency = _CURRENCY.match(text)
            if currency and currency[1]:
                tokens.append(_Token("literal", currency[1]))
            elif _ELAPSED.fullmatch(text):
                tokens.append(_Token("elapsed", text.lower()))
        elif kind:
            literal = kind in ("quoted", "escaped", "other")
            tokens.append(_Token("literal" if literal else kind, text))
    return tuple(sections)


_COMPARE = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b,
}  # fmt: skip


def _chosen(sections: tuple[_Section, ...], value: Decimal) -> tuple[_Section, bool]:
    """Return the section for a number, and whether a minus is still to be written."""
    numeric = sections[:3]
    if any(section.condition for section in numeric):
        for section in numeric:
            if section.condition is None or _COMPARE[section.condition[0]](value, section.condition[1]):
                return section, True
        return numeric[-1], True
    if value < 0 and len(numeric) > 1:
        return numeric[1], False
    if value == 0 and len(numeric) > 2:
        return numeric[2], True
    return numeric[0], True


# --- numbers ----------------------------------------------------------------------------------


def _number(tokens: tuple[_Token, ...], value: Decimal) -> str:
    signs = "".join(token.text for token in tokens if token.kind == "sign")
    if any(token.kind == "general" for token in tokens) or (not set(signs) & set("0#?") and "@" in signs):
        return "".join(
            token.text if token.kind == "literal" else general(float(value)) if token.text in (GENERAL, "@") else ""
            for token in tokens
        )
    if not set(signs) & set("0#?"):
        return "".join(token.text for token in tokens if token.kind == "literal" or token.text == "%")
    value *= Decimal(100) ** signs.count("%")
    sign = "-" if value < 0 else ""
    value = abs(value)
    if "/" in signs:
        return sign + _fraction(tokens, value)
    exponent = next((at for at, token in enumerate(tokens) if token.kind == "exponent"), None)
    if exponent is not None:
        return sign + _scientific(tokens, exponent, value)
    text = _decimal(tokens, value)
    return (sign if set(text) & set("123456789") else "") + text


def _decimal(tokens: tuple[_Token, ...], value: Decimal) -> str:
    """Return digits in the places that the format has for them, what stands between them kept."""
    places = [at for at, token in enumerate(tokens) if token.is_place]
    point = next((at for at, token in enumerate(tokens) if token.kind == "sign" and token.text == "."), len(tokens))
    whole, part = [at for at in places if at < point], [at for at in places if at > point]
    last = max((at for at in places if at < point), default=-1)
    commas = [at for at, token in enumerate(tokens) if token.kind == "sign" and token.text == ","]
    scaling = [at for at in commas if at > (last if last >= 0 else point)]
    grouped = bool(whole) and any(whole[0] < at < last for at in commas)
    value = (value / Decimal(1000) ** len(scaling)).quantize(Decimal(1).scaleb(-len(part)), ROUND_HALF_UP)
    digits, _, decimals = f"{value:f}".partition(".")
    written = _whole(tokens, whole, digits.lstrip("0"), grouped=grouped) | _part(tokens, part, decimals)
    said = []
    for at, token in enumerate(tokens):
        if at in written:
            said.append(written[at])
        elif token.kind == "literal" or token.text == "%":
            said.append(token.text)
        elif at == point and any(written.get(place) for place in part):
            said.append(("" if whole else "0") + ".")
    return "".join(said)


def _whole(tokens: tuple[_Token, ...], places: list[int], digits: str, *, grouped: bool) -> dict[int, str]:
    """Return the digits before the point, from the last place on; the first place takes all that are left."""
    written: dict[int, str] = {}
    count, left = 0, digits
    for at in reversed(places):
        taken, left = (left, "") if at == places[0] else (left[-1:], left[:-1])
        taken = taken or ("0" if tokens[at].text == "0" else "")
        said = ""
        for digit in reversed(taken):
            said = digit + ("," if grouped and count and count % 3 == 0 else "") + said
            count += 1
        written[at] = said
    return written


def _part(tokens: tuple[_Token, ...], places: list[int], decimals: str) -> dict[int, str]:
    """Return the digits behind the point; zeros at the end only where the format asks for them."""
    kept = len(decimals.rstrip("0"))
    return {
        at: digit if number < kept or tokens[at].text == "0" else ""
        for number, (at, digit) in enumerate(zip(places, decimals, strict=False))
    }


def _scientific(tokens: tuple[_Token, ...], at: int, value: Decimal) -> str:
    mantissa, behind = tokens[:at], tokens[at + 1 :]
    whole = [token.text for token in mantissa if token.kind == "sign" and token.text in "0#?."]
    step = max(1, whole.index(".") if "." in whole else len(whole))
    power = value.adjusted() if value else 0
    power -= power % step if step > 1 else 0
    scaled = _decimal(mantissa, value.scaleb(-power))
    if step == 1 and scaled.startswith("10"):  # 9.996 rounds up to the next power
        power, scaled = power + 1, _decimal(mantissa, value.scaleb(-power - 1))
    width = sum(token.is_place for token in behind)
    sign = "-" if power < 0 else "+" if tokens[at].text[1] == "+" else ""
    rest = "".join(token.text for token in behind if token.kind == "literal")
    return f"{scaled}E{sign}{abs(power):0{width}d}{rest}"


def _fraction(tokens: tuple[_Token, ...], value: Decimal) -> str:
    slash = next(at for at, token in enumerate(tokens) if token.kind == "sign" and token.text == "/")
    end = next((at for at, t in enumerate(tokens) if at > slash and not t.is_fixed), len(tokens))
    start = next((at for at, token in enumerate(tokens) if token.is_fixed), slash)
    below = "".join(token.text for token in tokens[slash + 1 : end])
    before, behind = ("".join(t.text for t in some if t.kind == "literal") for some in (tokens[:start], tokens[end:]))
    split = (
        any(token.text == " " for token in tokens[start:slash]) and sum(token.is_fixed for token in tokens[:slash]) > 1
    )
    whole = int(value) if split else 0
    rest = Fraction(value) - whole
    fixed = int(below) if below.isdigit() and int(below) else 0
    over, under = (round(rest * fixed), fixed) if fixed else _convergent(rest, 10 ** max(1, len(below)) - 1)
    whole, over = (whole + 1, 0) if split and over == under else (whole, over)
    said = f"{over}/{under}" if over else ""
    return before + (f"{whole} {said}".strip() if whole or not over else said) + behind


def _convergent(value: Fraction, most: int) -> tuple[int, int]:
    """Return the last convergent of a number's continued fraction with a denominator up to `most`, as Excel does."""
    over, under, last_over, last_under = 1, 0, 0, 1
    rest: Fraction | None = value
    while rest is not None:
        whole = rest.numerator // rest.denominator
        if whole * under + last_under > most:
            break
        over, under, last_over, last_under = whole * over + last_over, whole * under + last_under, over, under
        rest = 1 / (rest - whole) if rest > whole else None
    return over, under


# --- dates ------------------------------------------------------------------------------------


def _date(tokens: tuple[_Token, ...], days: float) -> str:
    halved = any(token.kind == "half" for token in tokens)
    seconds = round(days * _SECONDS)
    day, rest = divmod(seconds, _SECONDS)
    moment = datetime.datetime(1899, 12, 30 if day > 59 else 31) + datetime.timedelta(days=day, seconds=rest)
    said: list[str] = []
    for at, token in enumerate(tokens):
        if token.kind == "date":
            said.append(_date_part(tokens, at, moment, halved=halved))
        elif token.kind == "half":
            said.append(token.text.split("/")[moment.hour >= 12])
        elif token.kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[token.text[0]]
            said.append(f"{seconds // unit:0{len(token.text)}d}")
        elif token.kind == "literal" or token.text in "/,.":
            said.append(token.text)
    return "".join(said).strip()


def _date_part(tokens: tuple[_Token, ...], at: int, moment: datetime.datetime, *, halved: bool) -> str:
    text = tokens[at].text.lower()
    number = {"y": moment.year, "e": moment.year, "d": moment.day, "s": moment.second, "m": moment.month}
    match text[0]:
        case "y" | "b":
            return f"{moment.year:04d}" if len(text) > 2 else f"{moment.year % 100:02d}"
        case "e":
            return str(moment.year)
        case "a":
            return ("星期" if len(text) > 3 else "周") + _WEEKDAYS[moment.weekday()]
        case "g":
            return "公元"
        case "h":
            return f"{(moment.hour % 12 or 12) if halved else moment.hour:0{len(text)}d}"
        case "m" if _is_minute(tokens, at):
            return f"{moment.minute:0{len(text)}d}"
        case "m" if len(text) > 2:
            name = _MONTHS[moment.month - 1]
            return name if len(text) == 4 else name[: 1 if len(text) == 5 else 3]
        case "d" if len(text) > 2:
            name = _DAYS[moment.weekday()]
            return name if len(text) == 4 else name[:3]
        case _:
            return f"{number[text[0]]:0{len(text)}d}"


def _is_minute(tokens: tuple[_Token, ...], at: int) -> bool:
    """Return whether an m is minutes: behind hours, or before seconds."""
    dates = [(place, token.text[0].lower()) for place, token in enumerate(tokens) if token.kind in ("date", "elapsed")]
    place = next(number for number, (where, _) in enumerate(dates) if where == at)
    before = dates[place - 1][1] if place else ""
    behind = dates[place + 1][1] if place + 1 < len(dates) else ""
    return before == "h" or behind == "s"
