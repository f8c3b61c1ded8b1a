"""The parts of an article as lawyers count them: 款 are its paragraphs, 项 its numbered items."""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.numerals import NUMERAL, cn_number, written

_ARTICLE = re.compile(rf"第{NUMERAL}+[条條]")
_ITEM = re.compile(r"[ \t\u3000]*[（(]([一二三四五六七八九十]{1,3})[）)]")
_SUBITEM = re.compile(r"[ \t\u3000]*(?:[0-9０-９]{1,2}[.．、]|[（(][0-9０-９]{1,2}[)）]|[①-⑳])")


@dataclass(frozen=True, slots=True)
class Part:
    """A line of an article, or an item with the lines below it."""

    paragraph: int  # its 款, from 1
    item: int  # its 项; 0 for what stands in none
    start: int  # in the article
    end: int


def parts(title: str, article: str) -> list[Part]:
    """Return the paragraphs and items of an article, in text order; what is no article has none.

    Args:
        title: the heading, which numbers an article: 「第二十一条」.
        article: its text, heading included, up to the next heading. What is numbered within an item (目) belongs to it.
    """
    if not _ARTICLE.match(title):
        return []
    found: list[Part] = []
    paragraph = position = 0
    for line in article.splitlines(keepends=True):
        start, end = position + len(line) - len(line.lstrip()), position + len(line.rstrip())
        position += len(line)
        if start >= end:
            continue
        match = _ITEM.match(line)
        if match is None and _SUBITEM.match(line) and found and found[-1].item:
            last = found.pop()
            found.append(Part(last.paragraph, last.item, last.start, end))
        else:
            paragraph += match is None
            found.append(Part(paragraph or 1, cn_number(match[1]) if match else 0, start, end))
    return found


def clause_path(title: str, article: str, offset: int) -> tuple[str, ...]:
    """Return paragraph and item at an offset of an article; arguments as for `parts`.

    「第二款」 and 「第（三）项」 as far as they apply: an article of one paragraph has no 款 to name, and what is no
    article has neither.
    """
    found = parts(title, article)
    here = next((part for part in reversed(found) if part.start <= offset), found[0] if found else None)
    if here is None:
        return ()
    named = (f"第{written(here.paragraph)}款",) if found[-1].paragraph > 1 else ()
    return (*named, f"第（{written(here.item)}）项") if here.item else named
