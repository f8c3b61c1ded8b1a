"""Sentences with a known truth value: of the text, paraphrased, and the same perturbed.

What a language model writes can only be judged where the truth is known. Each rule changes one thing, as models do: a
digit, a scale, a unit, two figures exchanged, a year, a name, a direction, a denial, something added that is made up.
The rules know nothing of the ones that check: names are found by the tagger and by what bodies and places end in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

from index.numerals import written
from index.text import fold
from qa.language.grammar import tagged


class Kind(StrEnum):
    """What was done to a sentence."""

    VERBATIM = "verbatim"
    CONVERTED = "converted"
    REORDERED = "reordered"
    DIGIT = "digit"
    SCALE = "scale"
    UNIT = "unit"
    SWAP = "swap"
    YEAR = "year"
    MADE_UP_FIGURE = "made-up figure"
    NAME = "name"
    MADE_UP_NAME = "made-up name"
    DIRECTION = "direction"
    DENIAL = "denial"


FAITHFUL = frozenset({Kind.VERBATIM, Kind.CONVERTED, Kind.REORDERED})
"""What leaves a sentence true."""
FIGURES = frozenset({Kind.DIGIT, Kind.SCALE, Kind.UNIT, Kind.SWAP, Kind.YEAR, Kind.MADE_UP_FIGURE})
"""What makes a figure, a unit or a year false."""
NAMES = frozenset({Kind.NAME, Kind.MADE_UP_NAME})
"""What makes a name false."""

_FIGURE = re.compile(
    r"(?<![\d.,])(?P<number>\d+(?:\.\d+)?)(?P<scale>[万亿]?)(?P<unit>%|个百分点|[a-zA-Z]{1,3}|[\u4e00-\u9fff]{1,2})"
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=\s*年)")
_TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_NAMES: dict[str, list[str]] = _TABLES["names"]
_BODY = re.compile(
    rf"(?:(?<![\u4e00-\u9fff])|(?<=[由经报向和与]))[\u4e00-\u9fff]{{1,8}}?(?:{_TABLES['body_ends']})(?=[、，。；,;的和或与对应负会]|$)"
)
_PLACE = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,3}[省市县区](?=[、，。的和与])")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of which it is known whether it is true."""

    text: str  # the sentence, with its stop
    kind: Kind

    @property
    def true(self) -> bool:
        """Return whether the text that it was made from says it."""
        return self.kind in FAITHFUL


def claims(sentence: str, told: str) -> list[Claim]:
    """Return a sentence as it stands, in other words, and as the rules make it false, where `told` does not say so."""
    bare, known = sentence.strip().rstrip("。；;！!"), fold(told)
    made = [Claim(bare, Kind.VERBATIM), *_converted(bare), *_reordered(bare)]
    made += [each for each in _spoilt(bare, known) if fold(each.text) not in known]
    distinct = {each.text: each for each in reversed(made)}
    return [Claim(f"{each.text}。", each.kind) for each in reversed(distinct.values()) if each.text]


def is_usable(sentence: str) -> bool:
    """Return whether something can be made of a sentence: one line, neither a fragment nor endless, no marker in it."""
    bare = sentence.strip()
    return 12 < len(bare) <= 200 and not re.search(r"[\n|\[\]【】<>\"]", bare) and not re.search("[。！？]", bare[:-1])


def _converted(sentence: str) -> Iterator[Claim]:
    """Yield figures as the same amount in other words: 70 as 七十, 1.2亿 as 12000万."""
    for match in _FIGURE.finditer(sentence):
        if other := _same(match):
            yield Claim(sentence[: match.start()] + other + sentence[match.start("unit") :], Kind.CONVERTED)


def _same(match: re.Match[str]) -> str | None:
    number = Fraction(match["number"])
    if match["scale"] == "亿" and (number * 10**4).denominator == 1:
        return f"{number * 10**4}万"
    plain = match["unit"][0] not in "年月日%第个" and not match["scale"]
    return written(int(number)) if plain and number.denominator == 1 and 10 < number < 100 else None


def _reordered(sentence: str) -> Iterator[Claim]:
    """Yield the parts between semicolons in another order."""
    parts = re.split("[；;]", sentence)
    if len(parts) > 1:
        yield Claim("；".join([*parts[1:], parts[0]]), Kind.REORDERED)


def _spoilt(sentence: str, known: str) -> Iterator[Claim]:
    yield from _spoilt_figures(sentence)
    yield from _spoilt_names(sentence, known)
    for kind, pairs in ((Kind.DIRECTION, _TABLES["directions"]), (Kind.DENIAL, _TABLES["denials"])):
        for word, other in pairs:
            # 增加值 is the name of a measure, in which nothing goes up.
            at = re.search(f"{word}(?!值)", sentence)
            if at and other not in sentence:
                yield Claim(sentence[: at.start()] + other + sentence[at.end() :], kind)


def _spoilt_figures(sentence: str) -> Iterator[Claim]:
    found = list(_FIGURE.finditer(sentence))
    for match in found:
        start, end = match.span("number")
        yield Claim(sentence[:start] + _other_digits(match["number"]) + sentence[end:], Kind.DIGIT)
        if match["unit"] not in ("年", "月") and match["unit"][0] not in "年月第":
            scale = "" if match["scale"] else "万"
            yield Claim(sentence[:end] + scale + sentence[match.end("scale") :], Kind.SCALE)
        for unit, other in _TABLES["units"].items():
            if sentence.startswith(unit, match.start("unit")):
                at = match.start("unit")
                yield Claim(sentence[:at] + other + sentence[at + len(unit) :], Kind.UNIT)
    for one, following in pairwise(found):
        same = one["unit"] == following["unit"] and one["scale"] == following["scale"]
        if same and one["number"] != following["number"] and "年" not in one["unit"]:
            yield Claim(_swapped(sentence, one.span("number"), following.span("number")), Kind.SWAP)
    for match in _YEAR.finditer(sentence):
        yield Claim(sentence[: match.start()] + str(int(match.group()) - 3) + sentence[match.end() :], Kind.YEAR)
    yield Claim(sentence + _one(_TABLES["added_figures"], sentence), Kind.MADE_UP_FIGURE)


def _other_digits(number: str) -> str:
    """Return a number with its last digit changed, and never to nought."""
    last = (int(number[-1]) + 3) % 10 or 4
    return f"{number[:-1]}{last}"


def _swapped(sentence: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    first, second = sentence[slice(*one)], sentence[slice(*other)]
    return sentence[: one[0]] + second + sentence[one[1] : other[0]] + first + sentence[other[1] :]


def _spoilt_names(sentence: str, known: str) -> Iterator[Claim]:
    for name, others in _named(sentence):
        other = _one([each for each in others if fold(each) not in known] or others, name + sentence)
        yield Claim(sentence.replace(name, other, 1), Kind.NAME)
    for place in range(2):
        seed = f"{place}{sentence}"
        names = {key: _one([each for each in pool if fold(each) not in known], seed) for key, pool in _NAMES.items()}
        yield Claim(_one(_TABLES["added_names"], seed).format(**names) + sentence, Kind.MADE_UP_NAME)


def _named(sentence: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the names of a sentence, each with names of its kind."""
    pools = {"ns": _NAMES["place"], "nr": _NAMES["person"], "nrt": _NAMES["person"], "nt": _NAMES["body"]}
    found = [(word, pools[tag]) for word, tag in tagged(sentence) if tag in pools and len(word) > 1]
    found += [(match.group(), _NAMES["body"]) for match in _BODY.finditer(sentence)]
    found += [(match.group(), _NAMES["place"]) for match in _PLACE.finditer(sentence)]
    yield from dict(found).items()


def _one(pool: Sequence[str], seed: str) -> str:
    """Return one of several, always the same for the same seed."""
    return pool[crc32(seed.encode("utf-8", "replace")) % len(pool)]
