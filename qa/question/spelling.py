"""The written form of a question: the characters, widths and spaces of documents, and homophones put right.

What people type on different machines (traditional characters, full-width letters, a space after every character,
pictures) is made one form before anything else looks at it. Then a word that no document has becomes one that sounds
the same and that they have.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, cached_property

import opencc
import rjieba

from index.numerals import AS_ARABIC
from index.text import align, fold, terms
from qa.language.lexicon import LISTS
from qa.protocols import Frequency, Vocabulary

_HAN = "\u3007\u3400-\u9fff"
# Some type a space after every character: one between lone characters, or beside one, separates no words.
_LOOSE = re.compile(rf"(?<![^\s])([{_HAN}])\s+(?=[{_HAN}])|(?<=[{_HAN}])\s+(?=[{_HAN}](?:\s|$))")
_YEAR = re.compile("[一二][零〇九][零〇一二三四五六七八九]{2}(?=年)")
# Pictures, what colours and joins them, and signs of no width.
_PICTURE = re.compile("[\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u200b-\u200d\u2060\U0001f000-\U0001faff]+")
_PARTICLES = frozenset(LISTS["particles"])
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_FRAME = re.compile("[【】〖〗#*_`^~]+|[—…-]{2,}|…")


class Tidier:
    """Gives a question the form in which documents are written; of two ways to simplify, the documents choose."""

    def __init__(self, frequency: Frequency) -> None:
        self._frequency = frequency

    def tidy(self, text: str) -> str:
        """Return `text` half width, simplified, without pictures, ornaments and spaces between lone characters."""
        plain = "".join(map(_plain, _FRAME.sub(" ", _PICTURE.sub(" ", text))))
        plain = _LOOSE.sub(r"\1", plain)
        years = _YEAR.sub(lambda year: year.group().translate(AS_ARABIC), self._simplified(plain))
        return " ".join(years.split()) or text

    def _simplified(self, text: str) -> str:
        """Return simplified characters; for words of Taiwan (資訊, 軟體) those of the mainland that documents have."""
        plain: str = _converter("t2s").convert(text)
        if plain == text:
            return text
        mainland: str = _converter("tw2sp").convert(text)
        return mainland if self._known(mainland) > self._known(plain) else plain

    def _known(self, text: str) -> float:
        found = terms(text)
        return sum(self._frequency(term) > 0 for term in found) / max(1, len(found))


@cache
def _converter(name: str) -> opencc.OpenCC:
    return opencc.OpenCC(name)


def _plain(character: str) -> str:
    """Return a full-width letter or digit in half width; anything else as it is."""
    folded = unicodedata.normalize("NFKC", character)
    return folded if "\uff01" <= character <= "\uff5e" and folded.isalnum() else character


class HomophoneSpeller:
    """Corrects pairs of characters that no document holds by pairs that sound alike.

    Two characters in a row are the smallest thing that has a meaning of its own in Chinese and a sound that is
    rarely shared: 光付 becomes 光伏 where the documents speak of 光伏 and never of 光付.
    """

    def __init__(self, frequency: Frequency, vocabulary: Vocabulary) -> None:
        self._frequency = frequency
        self._vocabulary = vocabulary

    def correct(self, text: str) -> str:
        """Return `text` with unknown pairs replaced; the text itself where there is nothing to correct.

        A replacement is made only where one character of the pair stays, the sound is the same but for the tone,
        and a dictionary word comes out or both the pair and a neighbour of it are now known.
        """
        corrected = text
        doubtful = _doubtful(text)
        for start in range(len(text) - 1):
            pair = fold(corrected[start : start + 2])
            if len(pair) == 2 and (doubtful[start] or doubtful[start + 1]) and not self._frequency(pair):
                corrected = self._replaced(corrected, start, doubtful)
        return corrected

    def _replaced(self, text: str, start: int, doubtful: Sequence[bool]) -> str:
        pair = fold(text[start : start + 2])
        alike = self._by_sound.get(_sound(pair), ())
        for candidate in alike:
            if self._may_replace(text, start, candidate, doubtful):
                changed = text[:start] + candidate + text[start + 2 :]
                gained = self._known_around(changed, start) - self._known_around(text, start)
                if gained > 1 or (gained == 1 and _makes_word(changed, start)):
                    return changed
        return text

    def _may_replace(self, text: str, start: int, candidate: str, doubtful: Sequence[bool]) -> bool:
        """Return whether one character differs, that is in doubt, and the other is free to belong to it.

        That other is free where it is in doubt itself, or where it ends a word that the documents mostly continue with
        the candidate: 页岩 with 气. The 山 of 山西 is not free to make 鞍山 of 按山.
        """
        changed = [old != new for old, new in zip(fold(text[start : start + 2]), candidate, strict=True)]
        if sum(changed) != 1 or not doubtful[start + changed.index(True)]:
            return False
        if doubtful[start + changed.index(False)]:
            return True
        word = fold(text[start - 1 : start + 1]) if changed[1] and start else ""
        return rjieba.has_word(word) and 0 < self._frequency(word) <= 2 * self._frequency(candidate)

    def _known_around(self, text: str, start: int) -> int:
        around = (text[offset : offset + 2] for offset in range(max(0, start - 1), start + 2))
        return sum(self._frequency(fold(pair)) > 0 for pair in around if len(pair) == 2)

    @cached_property
    def _by_sound(self) -> dict[str, tuple[str, ...]]:
        """Known pairs by their sound, most frequent first."""
        known = self._vocabulary()
        by_sound: dict[str, list[str]] = {}
        # A character that belongs to no word takes no other's place.
        pairs = (term for term in known if len(term) == 2 and _CHINESE.fullmatch(term) and not _PARTICLES & set(term))
        for pair in sorted(pairs, key=lambda pair: (-known[pair], pair)):
            by_sound.setdefault(_sound(pair), []).append(pair)
        return {sound: tuple(pairs) for sound, pairs in by_sound.items()}


def _makes_word(text: str, start: int) -> bool:
    """Return whether the pair at `start`, or the three characters it is part of, make a dictionary word."""
    pieces = (text[start : start + 2], text[max(0, start - 1) : start + 2], text[start : start + 3])
    return any(rjieba.has_word(piece) for piece in pieces)


def _doubtful(text: str) -> list[bool]:
    """Return for each character whether it may be misspelt: Chinese, in no dictionary word, and often mistyped."""
    found: list[bool] = []
    for word in rjieba.cut(align(text)):
        settled = (len(word) > 1 and rjieba.has_word(word)) or word in _PARTICLES or not _CHINESE.fullmatch(word)
        found += [not settled and character not in _PARTICLES for character in word]
    return found


def _sound(pair: str) -> str:
    return " ".join(_syllable(character) for character in pair)


@cache
def _syllable(character: str) -> str:
    from pypinyin import lazy_pinyin  # its lists of phrases are a fifth of what importing qa takes, seldom needed

    return lazy_pinyin(character)[0]
