"""Signs as the characters that a reader sees: a ticked box is 「þ」 in Wingdings, a raised 4 the power of 10⁴.

Source: the fonts' own tables as Unicode maps them (Unicode Technical Note, L2/11-052R); boxes, ticks, bullets, arrows
and, of Symbol, Greek letters and signs of mathematics. Any other sign of these fonts is a bullet.
"""

from __future__ import annotations

import re

_WINGDINGS = {
    0x52: "☑", 0xFE: "☑", 0xFD: "☒", 0x78: "☒", 0xFC: "✓", 0xFB: "✗", 0xA8: "☐", 0x6F: "☐", 0x71: "☐", 0x72: "☐",
    0xA1: "○", 0x6C: "●", 0x6E: "■", 0xA4: "◉", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xF0: "→", 0x28: "☎",
    0x2A: "✉",
}  # fmt: skip
_WINGDINGS_2 = {0x52: "☑", 0x51: "☒", 0x53: "☒", 0x54: "☒", 0x50: "✓", 0x4F: "✗", 0xA3: "☐", 0x2A: "☐", 0xA2: "■"}
_WEBDINGS = {0x61: "✓", 0x63: "☐", 0x67: "■", 0x72: "✗", 0xC9: "☎"}
_GREEK = dict(
    zip(
        (*range(0x41, 0x5B), *range(0x61, 0x7B)),
        "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖαβχδεφγηιϕκλμνοπθρστυϖωξψζ",
        strict=True,
    )
)
_SYMBOL = _GREEK | {
    0xA3: "≤", 0xA5: "∞", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×",
    0xB8: "÷", 0xB9: "≠", 0xBB: "≈", 0xD6: "√", 0xD7: "⋅", 0xDE: "⇒", 0x7E: "~", 0x25: "%", 0x2B: "+", 0x2D: "−",
    0x2F: "/", 0x3D: "=", 0x3C: "<", 0x3E: ">", 0x28: "(", 0x29: ")", 0x2E: ".", 0x2C: ",",
    **{code: chr(code) for code in range(0x30, 0x3A)},
}  # fmt: skip
_FONTS = {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "webdings": _WEBDINGS, "symbol": _SYMBOL}
_PRIVATE = range(0xF020, 0xF100)
BULLET = "•"
_RAISED = str.maketrans("0123456789+-−–n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻ⁿ")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LEVEL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")
_POWER = re.compile(r"[+\-−–]?(?:\d{0,4}|n)")
_FRACTION = re.compile(r"(?P<whole>\d?)(?P<over>[⁰¹²³⁴-⁹]{1,9})[/⁄∕](?P<under>[₀-₉]{1,9})")


def raised(text: str) -> str:
    """Return a superscript: a power as the characters that Unicode has for it, 10⁴, m²; anything else as it is."""
    return text.strip().translate(_RAISED) if _POWER.fullmatch(text.strip()) else text


def lowered(text: str) -> str:
    """Return a subscript: digits as the characters that Unicode has for them, CO₂; anything else as it is, PM2.5."""
    return text.translate(_LOWERED) if text.strip().isdecimal() else text


def shifted(text: str, place: str | None) -> str:
    """Return the text of a run as its `vertAlign` asks: `superscript`, `subscript`, or on the line."""
    return raised(text) if place == "superscript" else lowered(text) if place == "subscript" else text


def with_fractions(text: str) -> str:
    """Return text in which fractions of raised and lowered digits are plain: 3¹/₂ is 3 1/2."""
    return _FRACTION.sub(_plain, text) if "/" in text or "⁄" in text or "∕" in text else text


def _plain(match: re.Match[str]) -> str:
    over, under = (match[name].translate(_LEVEL) for name in ("over", "under"))
    return f"{match['whole']}{' ' if match['whole'] else ''}{over}/{under}"


def is_symbolic(font: str) -> bool:
    """Return whether a font has signs in the places of letters."""
    return font.lower() in _FONTS or font.lower().startswith("wingdings")


def character(font: str, code: str) -> str:
    """Return the sign of `w:sym` in a font; its code is hexadecimal, with or without the offset of the private area."""
    try:
        return _sign(font, int(code, 16))
    except ValueError:
        return BULLET


def text(font: str, written: str) -> str:
    """Return text set in a font, as it is seen; the private area holds signs of Wingdings if nothing is said."""
    if is_symbolic(font):
        return "".join(each if each.isspace() else _sign(font, ord(each)) for each in written)
    if not any(ord(each) in _PRIVATE for each in written):
        return written
    return "".join(_sign("wingdings", ord(each)) if ord(each) in _PRIVATE else each for each in written)


def _sign(font: str, code: int) -> str:
    signs: dict[int, str] = _FONTS.get(font.lower(), {})
    return signs.get(code & 0xFF, BULLET) if code < 0x100 or code in _PRIVATE else BULLET
