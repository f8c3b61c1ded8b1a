"""Analyse what a question asks for: the kind of answer, the words that matter, the years and places it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from index.numerals import NUMERAL
from index.text import align, fold
from qa.language import lexicon
from qa.language.grammar import UNIT, Kind, tagged
from qa.language.measures import asked_dimensions
from qa.language.periods import Period, periods

INTERROGATIVE = re.compile(lexicon.INTERROGATIVES)
"""Words that ask, in aligned text."""
ASKS = re.compile(f"{lexicon.INTERROGATIVE_CORE}|{lexicon.ASKS_YES_NO}|{lexicon.ASKS_ENGLISH}")
"""What makes a clause a question, in aligned text."""

# Likeliest first: what a question names of these is the order of its kinds.
_ASKS = (
    (Kind.NUMBER, re.compile(lexicon.ASKS_NUMBER)),
    (Kind.ORGANISATION, re.compile(lexicon.ASKS_ORGANISATION)),
    (Kind.DATE, re.compile(lexicon.ASKS_DATE)),
    (Kind.QUANTITY, re.compile(lexicon.ASKS_QUANTITY)),
    (Kind.LIST, re.compile(lexicon.ASKS_LIST)),
    (Kind.NAME, re.compile(lexicon.ASKS_NAME)),
)
_CONTACT = re.compile(lexicon.ASKS_CONTACT)
_NAMES_FIGURE = re.compile(lexicon.NAMES_FIGURE)
PROVISION = re.compile(f"第{NUMERAL}+[编章节条]")
_CORE = re.compile(lexicon.INTERROGATIVE_CORE)
_BEHIND_CORE = re.compile(lexicon.BEHIND_CORE)
_UNIT_HINT = re.compile(
    rf"(?:多少个?|(?<![这那近前好第])几|how many)\s?[十百千万亿]*?(?P<unit>{UNIT.pattern})(?![a-z级])"
)
_MOST_TERMS = 60
"""Words of a question that count: of 120 characters and more that all say something."""


@dataclass(frozen=True, slots=True)
class Term:
    """A folded word of the question that the answer should stand near, with its part of speech (`ns` is a place)."""

    text: str
    tag: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the question has its interrogative, the text would have the answer."""

    left: str = ""  # the word before the interrogative, folded; empty where there is none
    head: str = ""  # the noun that the interrogative asks for (「什么设施」→ 设施), or empty


@dataclass(frozen=True, slots=True)
class Question:
    """A question, taken apart."""

    text: str  # as asked
    kinds: tuple[Kind, ...]  # kinds of answer it asks for, likeliest first; empty where any may do
    terms: tuple[Term, ...]  # words that matter, in order
    periods: tuple[Period, ...]  # years it names
    places: tuple[str, ...]  # places it names, folded
    provisions: tuple[str, ...]  # articles and chapters it names, such as 第五条
    unit: str  # the folded unit it asks in (「多少万吨」→ 吨), or empty
    dimensions: frozenset[str]  # what is to be measured (`qa.language.measures`); empty where it does not say
    gap: Gap  # where its interrogative stands


@lru_cache(maxsize=256)
def analyse(text: str) -> Question:
    """Take a question apart, once: the same text gives the same value to every stage that asks for it."""
    aligned = align(text)
    kinds = tuple(kind for kind, pattern in _ASKS if pattern.search(aligned))
    if _CONTACT.search(aligned):
        kinds = (Kind.NAME,)
    if not kinds and _NAMES_FIGURE.search(aligned):
        kinds = (Kind.QUANTITY,)
    hint = _UNIT_HINT.search(aligned)
    unit = fold(hint["unit"]) if hint else ""
    return Question(
        text=text,
        kinds=kinds,
        terms=tuple(_terms(aligned)),
        periods=tuple(periods(text)),
        places=tuple(_places(aligned)),
        provisions=tuple(PROVISION.findall(aligned)),
        unit=unit,
        dimensions=asked_dimensions(aligned, unit),
        gap=_gap(aligned),
    )


def _terms(aligned: str) -> list[Term]:
    bare = list(INTERROGATIVE.sub(lambda match: " " * len(match.group()), aligned))
    for period in periods(aligned):
        bare[period.start : period.end] = " " * (period.end - period.start)  # years are compared as years
    found = []
    for word, tag in tagged("".join(bare)):
        folded = fold(word)
        if folded and folded not in lexicon.LIGHT_WORDS and (tag == "eng" or tag[0] not in "ucpxyre"):
            found.append(Term(folded, tag))
    terms = [term for term in dict.fromkeys(found) if term.text]
    # Every candidate is compared with every word. Of a page that was pasted, what is asked stands at an end.
    return terms if len(terms) <= _MOST_TERMS else [*terms[: _MOST_TERMS // 2], *terms[-_MOST_TERMS // 2 :]]


def _places(aligned: str) -> list[str]:
    words = tagged(aligned)
    found = []
    for (word, tag), (following, _) in zip(words, [*words[1:], ("", "")], strict=False):
        if tag == "ns" and word not in lexicon.NO_PLACES:
            found.append(word + following if following in lexicon.DIVISIONS else word)
    return list(dict.fromkeys(found))


def _gap(aligned: str) -> Gap:
    """Find the gap of a question; an empty one where it has no interrogative."""
    core = _CORE.search(aligned)
    if not core:
        return Gap()
    before = _content(aligned[: core.start()], without="是 的 了 有 在")
    after = _content(_BEHIND_CORE.sub("", aligned[core.end() :]), without="的 了 呢 吗 啊")
    head = ""
    while after and after[0][1][0] in "nljib" and len(head) < 8:
        head += after.pop(0)[0]
    return Gap(fold(before[-1][0]) if before else "", fold(head))


def _content(text: str, without: str) -> list[tuple[str, str]]:
    """Return the words of a text with their tags, but for punctuation and those `without` lists."""
    return [(word, tag) for word, tag in tagged(text) if word not in without.split() and tag != "x"]
