"""Questions typed in pinyin, whole or in part, become the characters that the documents have for it.

The letters are read as syllables and these as characters: the likeliest way through both, by the pairs of characters
that occur in the documents and in questions of every kind. English stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from math import log1p
from operator import attrgetter

import rjieba

from index.text import fold
from qa.language import lexicon
from qa.protocols import Frequency, Vocabulary

_LETTERS = re.compile(r"[a-zü]+(?:['’\s]+[a-zü]+)*", re.IGNORECASE)
_WORD = re.compile(r"[a-zü]+", re.IGNORECASE)
_HAN = re.compile("[\u4e00-\u9fff]")
_SPACED = re.compile("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_PAIR = re.compile("[\u4e00-\u9fff]{2}")
_score = attrgetter("score")
_LONGEST = 6
"""Letters of the longest syllable, zhuang."""

UNKNOWN_PAIR = -4.0
"""What it costs to put two characters side by side that nothing has. Of any pair, half is counted over a space."""
DICTIONARY_PAIR = 2.0
"""What is added for a pair that is a word of the dictionary."""
OTHER_WORD = -1.0
"""What a word of the dictionary costs that no document has."""
ASKING_PAIR = 6.0
"""What a pair of a phrase that asks is worth, in logarithms of passages."""
PER_CHARACTER = -3.0
"""What a character costs: dian is 电 before it is 的安."""
RARE_READING = -2.0
"""What it costs to read a character in another way than the usual."""
FREQUENT = 0.3
"""What the frequency of a character counts beside that of pairs."""
ENOUGH = 0.6
"""Share of neighbouring pairs that must be known for letters to be taken for pinyin."""


@dataclass(frozen=True, slots=True)
class _Way:
    """The best way to read the letters up to a place, where it ends with a certain character."""

    text: str  # the characters, that before the letters among them
    score: float = 0.0
    known: float = 0.0  # neighbouring pairs that are known
    pairs: float = 0.0  # neighbouring pairs; one that is parted by a space and not known is half a pair


class PinyinDecoder:
    """Reads pinyin as the words of the documents."""

    def __init__(self, frequency: Frequency, vocabulary: Vocabulary) -> None:
        self._frequency = frequency
        self._vocabulary = vocabulary

    def decode(self, text: str) -> str:
        """Return `text` with pinyin as characters; letters that are no pinyin, or words of a document, stay."""
        pieces, at = [], 0
        for match in _LETTERS.finditer(text):
            read = self._read(match.group(), text[: match.start()].rstrip()[-1:]) if _is_bounded(text, match) else None
            if read is not None:
                pieces += [text[at : match.start()], read]
                at = match.end()
        return _SPACED.sub("", "".join([*pieces, text[at:]])) if pieces else text

    def _read(self, letters: str, before: str) -> str | None:
        """Return letters as characters, or None where they are not likely to be pinyin."""
        words = [word.lower() for word in _WORD.findall(letters)]
        bounds = frozenset(accumulate(map(len, words), initial=0))  # no syllable reaches over the end of a word
        way = self._best("".join(words), bounds, before if _HAN.match(before) else "")
        if way is None:
            return None
        read = way.text[len(before) if _HAN.match(before) else 0 :]
        if len(read) < 2 or way.known < ENOUGH * way.pairs or not way.known:
            return None
        return None if len(words) == 1 and self._is_own_word(words[0], read) else read

    def _is_own_word(self, word: str, read: str) -> bool:
        """Return whether the documents have the letters themselves at least as often as what they may be read as."""
        return self._frequency(fold(word)) >= min(map(self._frequency, _pairs_of(read)))

    def _best(self, letters: str, bounds: frozenset[int], before: str) -> _Way | None:
        """Return the likeliest reading, by dynamic programming over places and the character that ends there."""
        ways: list[dict[str, _Way]] = [{} for _ in range(len(letters) + 1)]
        ways[0] = {before: _Way(before)}
        for start, end, syllable in _syllables(letters, bounds, self._characters):
            for character, worth in self._characters[syllable].items():
                reached = [self._step(way, character, worth, start in bounds) for way in ways[start].values()]
                best = max(reached, key=_score, default=None)
                old = ways[end].get(character)
                if best and (old is None or best.score > old.score):
                    ways[end][character] = best
        return max(ways[-1].values(), key=_score, default=None)

    def _step(self, way: _Way, character: str, worth: float, parted: bool) -> _Way:
        """Return a path with one more character; `parted` is whether a space or other text is before it."""
        score, text = way.score + worth, way.text + character
        if not way.text:
            return _Way(text, score)
        pair, weight = text[-2:], 0.5 if parted else 1.0
        if pair in self._pairs:
            return _Way(text, score + weight * self._pairs[pair], way.known + 1, way.pairs + 1)
        cost = OTHER_WORD if not parted and rjieba.has_word(pair) else weight * UNKNOWN_PAIR
        return _Way(text, score + cost, way.known, way.pairs + weight)

    @cached_property
    def _pairs(self) -> dict[str, float]:
        """Return what each known pair of characters is worth."""
        known = {pair: log1p(count) for pair, count in self._vocabulary().items() if _PAIR.fullmatch(pair)}
        for pair in chain.from_iterable(map(_pairs_of, lexicon.ASKING_PHRASES.split())):
            known[pair] = max(ASKING_PAIR, known.get(pair, 0.0))
        return {pair: worth + DICTIONARY_PAIR * rjieba.has_word(pair) for pair, worth in known.items()}

    @cached_property
    def _weights(self) -> dict[str, float]:
        """Return what each character is worth by itself: its frequency, and more where it is a word of questions."""
        counts: Counter[str] = Counter()
        known = self._vocabulary()
        for pair in self._pairs:
            for character in pair:
                counts[character] += known.get(pair, 0)
        return {c: PER_CHARACTER + FREQUENT * log1p(n) + (c in lexicon.LIGHT_WORDS) for c, n in counts.items()}

    @cached_property
    def _characters(self) -> dict[str, dict[str, float]]:
        """By syllable, the characters of all known pairs with what each is worth read that way; in a fixed order."""
        from pypinyin import Style, pinyin  # slow to import, and for questions with letters alone

        found: dict[str, dict[str, float]] = defaultdict(dict)
        characters = sorted(self._weights)
        for character, readings in zip(characters, pinyin(characters, Style.NORMAL, heteronym=True), strict=True):
            for reading in reversed(readings):  # the usual one comes first
                worth = self._weights[character] + RARE_READING * (reading != readings[0])
                found[reading.replace("ü", "v")][character] = worth
        return dict(found)


def _is_bounded(text: str, match: re.Match[str]) -> bool:
    """Return whether letters are words of their own, not part of V&A, PM2.5 or an address."""
    around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
    return not re.search(r"[\w&@./:+-]", _HAN.sub("", around).replace("。", ""), re.ASCII)


def _syllables(letters: str, bounds: frozenset[int], known: Container[str]) -> Iterator[tuple[int, int, str]]:
    """Yield all syllables that stand anywhere in the letters, by where they begin."""
    for start in range(len(letters)):
        for end in range(start + 1, min(len(letters), start + _LONGEST) + 1):
            syllable = letters[start:end].replace("ü", "v")
            if syllable in known:
                yield start, end, syllable
            if end in bounds:
                break


def _pairs_of(text: str) -> Iterator[str]:
    return (text[start : start + 2] for start in range(len(text) - 1))
