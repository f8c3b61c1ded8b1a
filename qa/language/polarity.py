"""Decide whether a clause answers a polar question with yes or no."""

from __future__ import annotations

import re

from index.text import align, fold
from qa.language.grammar import Kind, candidates
from qa.language.lexicon import pattern

_POLAR, _ASKS_MORE, _NEGATION = (re.compile(pattern(name)) for name in ("polar", "asks_more", "negations"))
_ARABIC, _CHINESE = re.compile(r"\d+(?:\.\d+)?"), re.compile("[零〇一二两三四五六七八九十百千万亿]+")
_COMPARES = re.compile("超过|多于|少于|低于|高于|不足|以上|以下|至少|最多|大于|小于")


def is_polar(question: str) -> bool:
    """Return whether a question asks for yes or no and for nothing else."""
    aligned = align(question)
    return bool(_POLAR.search(aligned)) and not _ASKS_MORE.search(aligned)


def denies(text: str) -> bool:
    """Return whether a text holds a negation or a prohibition."""
    return _NEGATION.search(align(text)) is not None


def says(question: str, clause: str) -> bool | None:
    """Return whether a clause affirms a polar question on its subject; None if the rules do not decide.

    A figure of the question must be the clause's; otherwise yes and no differ by the negations that one of them has
    more than the other.
    """
    asked, told = _POLAR.sub("", align(question)), align(clause)
    given = figures(told)
    for value, written in figures(asked):
        if _COMPARES.search(asked) or _COMPARES.search(told):
            return None
        if all(value != other for other, _ in given):
            return False if any(written == other for _, other in given) else None
    return len(_NEGATION.findall(asked)) == len(_NEGATION.findall(told))


def figures(text: str) -> list[tuple[str, str]]:
    """Return figures, each with its form: only figures of one form can be compared character by character."""
    spans = [each.span for each in candidates(text) if each.kind is Kind.QUANTITY]
    values = [fold(span.slice(text)).replace(",", "") for span in spans]
    return [(value, _ARABIC.sub("1", value) if value[0].isdecimal() else _CHINESE.sub("一", value)) for value in values]
