"""Fold text for matching, and cut it into terms and sentences.

The text of a document is never changed in place: matching works on a copy that is folded (NFKC, case, traditional to
simplified characters, no white space) or aligned (the same, but of the same length).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from hashlib import sha256

import opencc

from index.records import Span

# Characters written without spaces between words: Chinese with 々〇, kana, hangul.
UNSPACED_RANGES = (
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
UNSPACED = "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED_RANGES)
_CJK = re.compile(f"[{UNSPACED}]")
_WORD = re.compile(rf"[{UNSPACED}]+|(?:(?![{UNSPACED}])[^\W\d_])+|\d+(?:,\d{{3}})*(?:\.\d+)?")
# ASCII signs end a sentence only where none of them is part of an address, an abbreviation or a number.
_SENTENCE_END = re.compile(
    r"(?:[。！？；…]|[!?;](?![!-~]|$)|[!?;]$|(?<=[a-z]{2})\.(?=\s|$))+[”’」』）)】》〕\"]*|\n+", re.M
)
# Something of everything that terms are made of.
_PROBE = "綦江区2022—2025年，光伏裝機70.5 MW；Ａ４ ㎡ 𠮷 café 其「一」"
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−－─~～〜"), "-")


class _Table(dict[int, str]):
    """What `str.translate` replaces each character by, worked out when a character is first met.

    Args:
        replace: a character in, its replacement out.
    """

    def __init__(self, replace: Callable[[str], str]) -> None:
        super().__init__()
        self._replace = replace

    def __missing__(self, code: int) -> str:
        replacement = self[code] = self._replace(chr(code))
        return replacement


@cache
def _simplified() -> dict[int, str]:
    """Return traditional → simplified, one character at a time so that offsets stay true."""
    characters = [chr(code) for code in range(0x4E00, 0xA000)]
    converted = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(a): b for a, b in zip(characters, converted, strict=True) if a != b and len(b) == 1}


def fold(text: str) -> str:
    """Fold for matching: NFKC, case, simplified characters, one dash, no white space."""
    return text.translate(_FOLDED)


def _folded_character(character: str) -> str:
    # One character at a time, as composing neighbours would lose the way back to the original.
    folded = unicodedata.normalize("NFKC", character).casefold()
    return "".join(folded.split()).translate(_DASHES).translate(_simplified())


_FOLDED = _Table(_folded_character)


def terms(text: str) -> list[str]:
    """Return what BM25 counts.

    Bigrams of Chinese characters (a lone one stands for itself), words of spaced scripts, numbers.

    Args:
        text: passage or question, in any form: folded here (case, width, traditional characters).

    Returns:
        Terms in text order, repeated as often as they occur; numbers without thousands separators.
    """
    found: list[str] = []
    for match in _WORD.finditer(spaced_fold(text)):
        word = match.group()
        if _CJK.match(word) and len(word) > 1:
            found.extend(word[i : i + 2] for i in range(len(word) - 1))
        else:
            found.append(word.replace(",", ""))
    return found


def terms_fingerprint() -> str:
    """Tell the rules by which `terms` cuts from other rules: where they changed, stored terms are made anew."""
    return sha256("\n".join(terms(_PROBE)).encode()).hexdigest()[:16]


def spaced_fold(text: str) -> str:
    """Return `fold`, but keeping white space, which separates Latin words: what terms are cut out of."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_simplified())


def sentence_spans(text: str) -> list[Span]:
    """Return sentences in order, trimmed of white space; together they hold every visible character."""
    spans: list[Span] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        _append_trimmed(spans, text, start, match.end())
        start = match.end()
    _append_trimmed(spans, text, start, len(text))
    return spans


def _append_trimmed(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    stripped = piece.strip()
    if stripped:
        spans.append(Span(start + left, start + left + len(stripped)))


def align(text: str) -> str:
    """Fold without moving anything: case, full width, simplified characters and dashes, one for one.

    Returns a text of the same length, so that an offset in it is an offset in `text`.
    """
    return text.translate(_ALIGNED)


def _aligned_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold().translate(_DASHES).translate(_simplified())
    return folded if len(folded) == 1 else character


_ALIGNED = _Table(_aligned_character)
