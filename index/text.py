"""Fold text for matching, in copies folded or, of the same length, aligned; cut it into terms and sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
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
_BRACKETS = re.compile(r"[（(](?:[^（()）]|[（(][^（()）]{0,100}[）)]){1,200}[）)]")
# A line that ends a sentence, and one that begins a paragraph of its own: set in, numbered, marked, of a table.
_STOPPED = re.compile(r"(?:[。！？；：!?;:…|]|(?<=[a-z]{2})\.)[”’」』）)】》〕\"]*\s*$|^\s*$|\|.*\|")
_BEGINS = re.compile(
    r"\s|[#>*+|•·●■◆○□①-⑳-]|[（(]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[）)、.．](?!\d)|第[一二三四五六七八九十百\d]+[章节条编款]"
)
_LINE_MIN = 36  # columns of a line below which it is a heading or an item, not full
_RAGGED = 4  # columns by which full lines differ, as no sign stands alone at their ends
_WRAPPED_MIN = 2  # full lines of a paragraph that prove that lines were cut
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−－─~～〜"), "-")


class _Table(dict[int, str]):
    """What `str.translate` replaces each character by, worked out when a character is first met."""

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
    """Return what BM25 counts, in text order: bigrams of Chinese characters (or a lone one), words, numbers.

    The text is folded here (case, width, traditional characters); numbers lose their thousands separators.
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
    """Return sentences in order, trimmed of white space; together they hold every visible character.

    A sentence ends neither inside brackets nor where a line was only broken because it was full.
    """
    spans: list[Span] = []
    start = at = 0
    brackets = [match.span() for match in _BRACKETS.finditer(text)]
    wrapped = _wrapped(text)
    for match in _SENTENCE_END.finditer(text):
        while at < len(brackets) and brackets[at][1] < match.end():
            at += 1
        inside = at < len(brackets) and brackets[at][0] < match.start() and match.end() < brackets[at][1]
        if match.start() in wrapped or (inside and match.group()[0] != "\n"):
            continue
        _append_trimmed(spans, text, start, match.end())
        start = match.end()
    _append_trimmed(spans, text, start, len(text))
    return spans


def _wrapped(text: str) -> frozenset[int]:
    """Return the line breaks inside paragraphs whose lines were cut at one width.

    All lines of such a paragraph but its last one are full, and that one ends a sentence. A paragraph of two lines
    alone proves nothing: it counts where another one of the text is as wide.
    """
    if text.count("\n") < 2:
        return frozenset()
    runs, sure = list(_runs(text.split("\n"))), set[int]()
    for lines in runs:
        if len(lines) > _WRAPPED_MIN:
            sure.add(max(_columns(line) for _, line in lines))
    return frozenset(
        end
        for lines in runs
        if any(abs(max(_columns(line) for _, line in lines) - width) <= _RAGGED for width in sure)
        for end, _ in lines[:-1]
    )


def _runs(lines: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    """Yield paragraphs of full lines, each line with the offset of its end."""
    run: list[tuple[int, str]] = []
    end = -1
    for line in lines:
        end += len(line) + 1
        if run and (_STOPPED.search(run[-1][1]) or _BEGINS.match(line)):
            run = []
        run.append((end, line))
        if _STOPPED.search(line) and len(run) > 1 and _is_full([each for _, each in run[:-1]], line):
            yield run


def _is_full(lines: Sequence[str], last: str) -> bool:
    """Return whether lines are equally long, in columns or in characters, and the last one is no longer."""
    for length, ragged in ((_columns, _RAGGED), (len, _RAGGED // 2)):
        lengths = [length(line) for line in lines]
        if max(lengths) - min(lengths) <= ragged and length(last) <= max(lengths) + ragged:
            return max(lengths) >= _LINE_MIN if length is _columns else max(lengths) >= _LINE_MIN // 2
    return False


def _columns(line: str) -> int:
    return sum(2 if character > "\u2e7f" else 1 for character in line)


def _append_trimmed(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    stripped = piece.strip()
    if stripped:
        spans.append(Span(start + left, start + left + len(stripped)))


def align(text: str) -> str:
    """Fold one for one (case, width, simplified characters, dashes), so that offsets in it are offsets in the text."""
    return text.translate(_ALIGNED)


def _aligned_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold().translate(_DASHES).translate(_simplified())
    return folded if len(folded) == 1 else character


_ALIGNED = _Table(_aligned_character)
