"""Parse line beginnings that may number a heading: 第一章, 一、, （一）, 1．, （1）, 1.1, 专栏1, 附件1, 一是, ##."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.numerals import cn_number

_CN = "[一二三四五六七八九十百千零〇两]{1,8}"
_ARABIC = "[0-9０-９]"
_GAP = r"[ \t\u3000\xa0]"
_TRADITIONAL = {"編": "编", "分編": "分编", "節": "节", "條": "条", "專欄": "专栏"}

# Blocks of ready-made numbers: first character, how many, and the kind they are written for.
_ENCLOSED = (
    ("①", 20, "①"),
    ("⑴", 20, "（1）"),
    ("⒈", 20, "1."),
    ("㈠", 10, "（一）"),
)

# 第三条规定的, 第三条第一款, 第三条、第四条 refer to an article; 第三条所…, 第三条中… may do so or begin one.
_REFERENCE = rf"(?![、，,。；;至款]|第{_CN}[编編章节節条條款项項]|的规定|[规規]定|以外|修改|改为|明确)"
_PERHAPS_REFERENCE = frozenset("的和或及与项所中之")
_NAMED = re.compile(
    rf"第{_GAP}?({_CN}|{_ARABIC}{{1,4}}){_GAP}?(部分|分[编編]|[编編篇章節节條条])(?:之({_CN}))?{_REFERENCE}{_GAP}*"
)
_NUMBERED = (
    ("一、", re.compile(rf"({_CN}){_GAP}?[、．.]{_GAP}*")),
    ("（一）", re.compile(rf"[（(]{_GAP}{{0,3}}({_CN}){_GAP}{{0,3}}[）)]{_GAP}*[、．.]?{_GAP}*")),
    ("（1）", re.compile(rf"[（(]{_GAP}{{0,3}}({_ARABIC}{{1,3}}){_GAP}{{0,3}}[）)]{_GAP}*[、．.]?{_GAP}*")),
    ("一是", re.compile(rf"({_CN})是(?=\S)")),
    ("1、", re.compile(rf"({_ARABIC}{{1,3}}){_GAP}?、{_GAP}*")),
    ("1）", re.compile(rf"({_ARABIC}{{1,3}}){_GAP}?[）)]{_GAP}*")),
    ("1.", re.compile(rf"({_ARABIC}{{1,3}}){_GAP}?[．.](?!{_ARABIC}){_GAP}*")),
)
_DECIMAL = re.compile(rf"({_ARABIC}{{1,2}}(?:[.．]{_ARABIC}{{1,2}}){{1,3}})(?![0-9０-９.．%％‰])[.．]?{_GAP}*")
_GLUED = re.compile(rf"({_ARABIC}{{1,2}})[．.](?={_ARABIC})")
_BARE = re.compile(rf"({_ARABIC}{{1,2}}){_GAP}+(?=[\u4e00-\u9fff])")
_MARKDOWN = re.compile(r"(#{1,6})[ \t]+(?=\S)")
_BOX = re.compile(rf"[【\[]?{_GAP}?(?:专栏|專欄){_GAP}?({_ARABIC}{{1,3}}|{_CN})?{_GAP}?[】\]]?[:：]?{_GAP}*")
_ANNEX = re.compile(rf"附{_GAP}*[件录錄]{_GAP}*({_ARABIC}{{1,2}}|{_CN}|[A-Z](?![A-Za-z]))?{_GAP}*([:：]?){_GAP}*")

UNNUMBERED = "题"
# A short line is a title where a paragraph ends before it and another, or a numbered heading, begins behind it.
_TITLE_MIN, _TITLE_MAX = 3, 45  # characters
_PARAGRAPH_MIN = 30  # characters of a line from which it is a paragraph
_END = "。！？”）)"  # what a paragraph ends with
_CLOSING = "。！？；：!?;:”）)〕】》"  # and what else ends a line that is no part of a sentence
_SENTENCE_END = re.compile("[。！？；]")
_BROKEN_MAX = 0.02  # share of lines that may break off in a sentence where each is a whole paragraph
# Signs of sentences, labels, addresses, figures and table rows; a line of a title has none.
_NO_TITLE = re.compile(
    r"[。！？；：!?;:|\t…□√]|[，,、0-9０-９日号]$|^(?![0-9０-９]{4}年)[^\u4e00-\u9fff“《「]|^(?:各位|图|表)"
)
_CHAPTERS_MIN = 3  # bare numbers from which they may be chapters
_CHAPTER_MIN = 40  # characters under each of them

_INDENT = re.compile(r"[ \t\u3000\xa0]*(?:\*\*|__)?")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_FIRST = frozenset("第（(#附专專【[一二三四五六七八九十百零〇0123456789０１２３４５６７８９") | {
    chr(ord(first) + i) for first, count, _ in _ENCLOSED for i in range(count)
}
_LEADER = re.compile(r"(?:[.．…·]{3,}|\t)[ \t\u3000]*[0-9]{1,4}$")  # 第一章 总则………3: a line of a table of contents
_UNITS = "万亿千百亩元吨公米个倍度平立克升兆年月日点"
_ASIDE = "*_ \t\u3000\xa0\r"


@dataclass(frozen=True, slots=True)
class Marker:
    """A candidate for a heading."""

    kind: str  # the family it counts in: 章, 条, 一、, （一）, 1., 1.1, 专栏, 附件, # …
    number: int  # its place in its family; 0 for an 附件 or 专栏 without a number
    line: int  # offset at which its line begins
    start: int  # offset of its first code point (for markdown, of the title behind the #)
    content: int  # offset of what follows the number
    end: int  # offset behind the last visible code point of its line
    prefix: tuple[int, ...] = ()  # the numbers before the last of a decimal number: (1, 2) for 1.2.3
    # what follows makes it look like a figure (2.5G基站) or a reference (第三条所列): only an exact continuation of its
    # sequence counts
    glued: bool = False


def markers(text: str) -> list[Marker]:
    """Return all candidates of a text, in text order, at most one a line."""
    found = [marker for marker in _scan(text) if marker is not None]
    chapters = {marker.prefix[0] for marker in found if marker.prefix}
    # 「3 组织体系」 counts beside 「3.1 …」, or as one of several chapters; a bare number begins too many other lines.
    bare = [marker for marker in found if marker.kind == "1"]
    if any(marker.number in chapters for marker in bare) or _are_chapters(bare, len(text)):
        return found
    return [marker for marker in found if marker.kind != "1"]


def _are_chapters(bare: Sequence[Marker], length: int) -> bool:
    """Return whether bare numbers count through the whole text with something to read under each, as in a paper."""
    if len(bare) < _CHAPTERS_MIN or [marker.number for marker in bare] != list(range(1, len(bare) + 1)):
        return False
    ends = [*(marker.line for marker in bare[1:]), length]
    return all(end - marker.end >= _CHAPTER_MIN for marker, end in zip(bare, ends, strict=True))


def _scan(text: str) -> Iterator[Marker | None]:
    fenced = False
    for start, end in lines(text):
        if _FENCE.match(text, start, end):
            fenced = not fenced
        elif not fenced:
            yield _marker(text, start, end)


def lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each line of a text begins and ends."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _marker(text: str, line: int, line_end: int) -> Marker | None:
    indent = _INDENT.match(text, line, line_end)
    start = indent.end() if indent else line
    if start >= line_end or text[start] not in _FIRST:
        return None
    end = line_end
    while end > start and text[end - 1] in _ASIDE:
        end -= 1
    if _LEADER.search(text, max(start, end - 40), end):
        return None
    found = _named(text, line, start, end) or _numbered(text, line, start, end) or _other(text, line, start, end)
    # A tab behind the title makes it a row of a table.
    if found is None or text.find("\t", found.content, min(end, found.content + 200)) >= 0:
        return None
    return found


def _named(text: str, line: int, start: int, end: int) -> Marker | None:
    match = _NAMED.match(text, start, end)
    if match is None:
        return None
    kind = _TRADITIONAL.get(match[2], match[2])
    if kind != "条" and (end - match.end() > 60 or re.search("[。；]", text[match.end() : end])):
        return None
    doubtful = text[match.end() - 1] in "编編篇章節节條条" and text[match.end() : match.end() + 1] in _PERHAPS_REFERENCE
    return Marker(kind, cn_number(match[1]), line, start, match.end(), end, glued=doubtful)


def _numbered(text: str, line: int, start: int, end: int) -> Marker | None:
    for first, count, kind in _ENCLOSED:
        place = ord(text[start]) - ord(first)
        if 0 <= place < count:
            content = start + 1 + len(text[start + 1 : start + 4]) - len(text[start + 1 : start + 4].lstrip())
            return Marker(kind, place + 1, line, start, min(content, end), end)
    for kind, pattern in _NUMBERED:
        match = pattern.match(text, start, end)
        if match:
            return Marker(kind, cn_number(match[1]), line, start, match.end(), end)
    return None


def _other(text: str, line: int, start: int, end: int) -> Marker | None:
    if match := _MARKDOWN.match(text, start, end):
        title_end = start + len(text[start:end].rstrip("# \t"))
        if title_end > match.end():
            return Marker("#" * len(match[1]), 0, line, match.end(), match.end(), title_end)
    if match := _DECIMAL.match(text, start, end):
        *prefix, last = (cn_number(part) for part in re.split("[.．]", match[1]))
        content = match.end()
        # 1.5万亩, 3.2 亿元: a decimal with its unit, not a section number.
        figure = content < end and text[content] in _UNITS and content - match.end(1) <= 1
        if min(*prefix, last) > 0 and not figure:
            return Marker("1" + ".1" * len(prefix), last, line, start, content, end, prefix=tuple(prefix))
    if match := _GLUED.match(text, start, end):
        return Marker("1.", cn_number(match[1]), line, start, match.end(), end, glued=True)
    if (match := _BARE.match(text, start, end)) and end - start <= 30 and text[end - 1] not in "。；，":
        return Marker("1", cn_number(match[1]), line, start, match.end(), end)
    return _box(text, line, start, end) or _annex(text, line, start, end)


def _box(text: str, line: int, start: int, end: int) -> Marker | None:
    match = _BOX.match(text, start, end)
    if match is None or end - match.end() > 60 or text[end - 1] in "。；，":
        return None
    if match[1] is None and match.end() < end and text[start] not in "【[":
        return None
    return Marker("专栏", cn_number(match[1]) if match[1] else 0, line, start, match.end(), end)


def _annex(text: str, line: int, start: int, end: int) -> Marker | None:
    match = _ANNEX.match(text, start, end)
    if match is None or end - match.end() > 60 or text[end - 1] in "。；，、":
        return None
    number, colon = match[1] or "", match[2]
    if match.end() < end and not (colon or text[match.end() - 1] in " \t\u3000\xa0" or number):
        return None  # 附件材料应当…
    lettered = number.isascii() and number.isalpha()
    value = ord(number) - ord("A") + 1 if lettered else cn_number(number) if number else 0
    return Marker("附件", value, line, start, match.end(), end)


def unnumbered(text: str, found: Sequence[Marker]) -> list[Marker]:
    """Return titles without a number, but those on lines of headings `found`, of a text that declares no headings.

    None where sentences go on from line to line, as what looks like a title is then a part of one.
    """
    numbered = {marker.line for marker in found}
    shown = [(start, visible) for start, end in lines(text) if (visible := text[start:end].strip())]
    titles = []
    for (_, before), (line, visible), (line_after, after) in zip(shown, shown[1:], shown[2:], strict=False):
        leads = line_after in numbered or _is_paragraph(after) or after[-1] in "！!"  # 各位代表！
        fits = _TITLE_MIN <= len(visible) <= _TITLE_MAX and not _NO_TITLE.search(visible)
        if leads and line not in numbered and fits and _is_paragraph(before):
            start = text.index(visible[0], line)
            titles.append(Marker(UNNUMBERED, 0, line, start, start, start + len(visible)))
    broken = sum(visible[-1] not in _CLOSING and _SENTENCE_END.search(visible) is not None for _, visible in shown)
    return titles if broken <= _BROKEN_MAX * len(shown) else []


def _is_paragraph(visible: str) -> bool:
    return len(visible) >= _PARAGRAPH_MIN and visible[-1] in _END
