"""A model's reply, sentence by sentence while it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONGEST = 600
"""Characters after which a sentence without an end is taken for one."""

_MARKER = r"\s*[\[【][\d\s,，、]{1,12}[\]】]"
_CLOSING = '["”’」』）)]*'
_NUMERAL = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
# A marker may stand before or behind the stop, so that an end is only certain once something else follows.
_END = re.compile(
    rf"[。！？!?]{_CLOSING}(?:{_MARKER})*{_CLOSING}(?=\s*[^\s\[【\"”’」』）)])"
    rf"|(?:[。！？!?]{_CLOSING})?(?:{_MARKER})*[ \t]*\n+"
)
_WHOLE = re.compile(rf"(?:[。！？!?；;.]{_CLOSING}|{_MARKER})\s*$")
_NUMBERING = re.compile(rf"^\s*(?:[-*•·#>]+\s*|{_NUMERAL}\s*(?:[、）)]|[.．](?!\d))\s*|[（(]{_NUMERAL}[)）]\s*)+")
_EMPHASIS = re.compile(r"\*\*|__|`")
_THOUGHT, _SAID = re.compile("<think(?:ing)?>"), re.compile("</think(?:ing)?>")
_MAY_BECOME_ONE = re.compile("<(?:t(?:h(?:i(?:n(?:k(?:i(?:n(?:g)?)?)?)?)?)?)?)?$")
_LONGEST_MARK = 12


def sentences(pieces: Iterable[str]) -> Iterator[str | None]:
    """Yield sentences of a growing text, each as soon as it is whole; None behind each piece.

    Numbering and emphasis of Markdown are left out, and so are thoughts in `<think>`. What is broken off at the end,
    without stop or marker, is dropped.
    """
    text = ""
    for piece in _spoken(pieces):
        found, text = _split(text + piece)
        yield from (bare for each in found if (bare := _bare(each)))
        yield None
    if _WHOLE.search(text) and (bare := _bare(text)):
        yield bare


def _spoken(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the pieces without thoughts: one out for each in, and a last one."""
    text, thinking = "", False
    for piece in pieces:
        text, said = text + piece, ""
        while mark := (_SAID if thinking else _THOUGHT).search(text):
            said += "" if thinking else text[: mark.start()]
            text, thinking = text[mark.end() :], not thinking
        if thinking:
            text = text[-_LONGEST_MARK:]
        else:
            open_ = _MAY_BECOME_ONE.search(text)
            kept = open_.start() if open_ else len(text)
            text, said = text[kept:], said + text[:kept]
        yield said
    yield "" if thinking else text


def _split(text: str) -> tuple[list[str], str]:
    found, start = [], 0
    for match in _END.finditer(text):
        found.append(text[start : match.end()])
        start = match.end()
    if len(text) - start > LONGEST:
        return [*found, text[start:]], ""
    return found, text[start:]


def _bare(sentence: str) -> str:
    return _NUMBERING.sub("", _EMPHASIS.sub("", sentence)).strip()
