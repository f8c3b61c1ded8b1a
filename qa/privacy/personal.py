"""Personal data in text: mobile numbers, identity cards, bank cards, e-mail addresses, masked without moving anything.

A masked text is as long as it was, so that every offset still points to the same place. What organisations publish
stays: landlines, service numbers (12345, 95588, 400…), codes of companies.

Source: GB 11643-1999 (identity numbers and their check digit, ISO 7064 MOD 11-2); ISO/IEC 7812-1 (Luhn, issuers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from index.records import Span

_FOLDED = str.maketrans(
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | {0x1D7CE + number: str(number % 10) for number in range(50)}
    | dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212), "-")
    | dict.fromkeys((0xA0, 0x3000, 0x2002, 0x2003, 0x2009, 0x202F), " ")
)
"""Other forms of digits, letters, dashes and spaces, each as long as its plain one."""

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
"""What has no width, and keeps a number from being found where it stands within one."""

_HINT = re.compile(r"[@＠]|(?:\d\W{0,3}){10}")
"""What has none of these, in any form of digits, holds nothing personal."""

_GAP = "[ -]?"
_START = r"(?<!\d)(?<!\d[.,])"
_UNIT = r"(?!\.\d| ?(?:[元万亿千百吨米人户次件个度%㎡]|平方|立方|公里))"
"""What makes a figure of a number."""

_MOBILE = re.compile(
    rf"{_START}(?P<before>(?:(?:\+|00)?86{_GAP})?)(?P<number>1[3-9]\d"
    rf"(?:{_GAP}\d{{4}}{_GAP}\d{{4}}|\d{_GAP}\d{{3}}{_GAP}\d{{4}}|{_GAP}\d{{3}}{_GAP}\d{{5}}))(?!\d){_UNIT}",
    re.ASCII,
)
_CITIZEN = re.compile(rf"{_START}[1-8]\d{{5}}{_GAP}(?:19|20)\d{{6}}{_GAP}\d{{3}}[\dXx](?![\dA-Za-z])", re.ASCII)
_CARD = re.compile(rf"{_START}(?:\d{{15,19}}|\d{{4}}(?:[ -]\d{{4}}){{3}}(?:[ -]\d{{1,3}})?)(?!\d){_UNIT}", re.ASCII)
_MAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])(?P<name>[A-Za-z0-9._%+-]{1,64})@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}", re.ASCII
)

_REGIONS = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
"""Digits that an identity number may begin with."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_LABEL = re.compile(r"身份证|公民身份|证件号")
_ISSUERS = re.compile(r"62|4|5[1-5]|2[2-7]|3[4-7]|60|9558")

Mask = Callable[[str], str]
"""Masks what is personal in a text, and leaves its length as it is."""


def masked(text: str) -> str:
    """Return a text as long as it was, in which the telling part of every personal number or address is asterisks."""
    shown = list(text)
    for span in personal(text):
        for at in range(span.start, span.end):
            if shown[at].isalnum() or shown[at] in "._%+":
                shown[at] = "*"
    return "".join(shown)


def personal(text: str) -> list[Span]:
    """Return what of a text is to be masked, in order."""
    if not _HINT.search(text):
        return []
    plain, places = _plain(text)
    found = {span for find in (_citizens, _cards, _mobiles, _mails) for span in find(plain)}
    return sorted(Span(places[span.start], places[span.end - 1] + 1) for span in found)


def _plain(text: str) -> tuple[str, range | list[int]]:
    """Return a text in plain characters without those that have no width, and where each stood."""
    folded = text.translate(_FOLDED)
    if not _UNSEEN.search(folded):
        return folded, range(len(folded))
    places = [at for at, each in enumerate(folded) if not _UNSEEN.match(each)]
    return "".join(folded[at] for at in places), places


def _mobiles(text: str) -> Iterator[Span]:
    """Yield the four digits in the middle: 138****5678."""
    for found in _MOBILE.finditer(text):
        yield _inner(found.start("number"), found["number"], 3, 4)


def _citizens(text: str) -> Iterator[Span]:
    """Yield all but three digits and the last; with the region or the date of birth little would be left to guess."""
    for found in _CITIZEN.finditer(text):
        digits = re.sub("[ -]", "", found[0]).upper()
        labelled = _LABEL.search(text, max(0, found.start() - 16), found.start())
        if _is_citizen(digits) and (labelled or _checked(digits)):
            yield _inner(found.start(), found[0], 3, 1)


def _cards(text: str) -> Iterator[Span]:
    """Yield all but the last four digits."""
    for found in _CARD.finditer(text):
        digits = re.sub("[ -]", "", found[0])
        if _ISSUERS.match(digits) and _luhn(digits):
            yield _inner(found.start(), found[0], 0, 4)


def _mails(text: str) -> Iterator[Span]:
    """Yield the name but for its first character: z***@example.cn; a name of one character whole."""
    for found in _MAIL.finditer(text):
        start, end = found.span("name")
        yield Span(start + (end - start > 1), end)


def _inner(start: int, text: str, first: int, last: int) -> Span:
    """Return what stands between so many digits at the beginning and at the end."""
    digits = [at for at, each in enumerate(text) if each.isalnum()]
    return Span(start + digits[first], start + digits[-last - 1] + 1)


def _is_citizen(digits: str) -> bool:
    try:
        born = date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    return digits[:2] in _REGIONS and born.year >= 1900


def _checked(digits: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(digits[:17], _WEIGHTS, strict=True))
    return _CHECKS[total % 11] == digits[17]


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0
