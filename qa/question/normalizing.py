"""The written form of a question: the characters, widths and spaces that the documents are searched with.

What people type on different machines (traditional characters, full-width letters, a space after every character,
pictures) says the same; it is made one form before anything else looks at it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

import opencc

from index.text import terms

_HAN = "\u3007\u3400-\u9fff"
# Some type a space after every character: one between lone characters, or beside one, separates no words.
_LOOSE = re.compile(rf"(?<![^\s])([{_HAN}])\s+(?=[{_HAN}])|(?<=[{_HAN}])\s+(?=[{_HAN}](?:\s|$))")
_YEAR = re.compile("[一二][零〇九][零〇一二三四五六七八九]{2}(?=年)")
_DIGITS = str.maketrans("零〇一二三四五六七八九", "00123456789")
# Pictures, what colours and joins them, and signs of no width.
_PICTURE = re.compile("[\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u200b-\u200d\u2060\U0001f000-\U0001faff]+")
_FRAME = re.compile("[【】〖〗#*_`^~]+|[—…-]{2,}|…")


class Tidier:
    """Gives a question the form in which documents are written.

    Args:
        frequency: in how many passages a term occurs; of two ways to simplify, the documents choose.
    """

    def __init__(self, frequency: Callable[[str], int]) -> None:
        self._frequency = frequency

    def tidy(self, text: str) -> str:
        """Return `text` half width, simplified, without pictures, ornaments and spaces between lone characters."""
        plain = "".join(map(_plain, _FRAME.sub(" ", _PICTURE.sub(" ", text))))
        plain = _LOOSE.sub(r"\1", plain)
        years = _YEAR.sub(lambda year: year.group().translate(_DIGITS), self._simplified(plain))
        return " ".join(years.split()) or text

    def _simplified(self, text: str) -> str:
        """Return simplified characters.

        For words of Taiwan (資訊, 軟體) those of the mainland, where documents have these.
        """
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
