"""The parts of an article as lawyers count them: 款 are its paragraphs, 项 its numbered items."""

from __future__ import annotations

import re

_ARTICLE = re.compile(r"第[〇零一二三四五六七八九十百千0-9]+[条條]")
_ITEM = re.compile(r"[ \t\u3000]*[（(]([一二三四五六七八九十]{1,3})[）)]")
_NUMERALS = "〇一二三四五六七八九十"


def clause_path(title: str, article: str, offset: int) -> tuple[str, ...]:
    """Paragraph and item of an article at an offset.

    Args:
        title: the heading, which numbers an article: 「第二十一条」.
        article: its text, heading included, up to the next heading.
        offset: in `article`.

    Returns:
        「第二款」 and 「第（三）项」 as far as they apply: an article of one paragraph has no 款 to name, and what is
        no article has neither.
    """
    if not _ARTICLE.match(title):
        return ()
    paragraphs, item, here = 0, "", 0
    position = 0
    for line in article.splitlines(keepends=True):
        match = _ITEM.match(line)
        if line.strip():
            paragraphs += match is None
        if position <= offset:
            here = paragraphs or here
            item = match[1] if match else "" if line.strip() else item
        position += len(line)
    named = (f"第{_numeral(here)}款",) if paragraphs > 1 and here else ()
    return (*named, f"第（{item}）项") if item else named


def _numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number <= 10:
        return _NUMERALS[number]
    return (_NUMERALS[tens] if tens > 1 else "") + "十" + (_NUMERALS[ones] if ones else "")
