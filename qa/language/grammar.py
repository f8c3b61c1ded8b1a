"""Cut a text into words and propose candidate answers: spans of it, by kind.

Quantities with their unit, dates, document numbers, labelled values (「牵头单位：…」), organisations, names
and enumerations. Each candidate carries its own words: the noun phrase before or after it up to the next
delimiter, which is what the question is matched against. The grammar knows Chinese, not the documents.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import rjieba

from index.loaders.tables import SEPARATOR
from index.records import Span
from index.text import align
from qa.language.lexicon import MEASURES, ORGANISATION_ENDS, SET_NUMERALS

_ARABIC = r"(?:\d{1,3}(?:,\d{3})++|\d++)(?:\.\d++)?"
# Possessive or bounded, here and below, so that time stays linear in text that is nothing but numerals.
_CHINESE = r"[零〇一二两三四五六七八九十百千万亿]{1,20}(?:点[零〇一二三四五六七八九]{1,20})?"
# 1亿 of 1亿2千万元
_HIGHER = r"(?:\d{1,4}[万亿](?=\d)){0,2}"
RANGE_SIGN = r"(?:-{1,2}|至|到)"
"""What stands between the ends of a range, in aligned text."""
_RANGE = rf"(?:{RANGE_SIGN}{_ARABIC})?"
_MULTIPLE = r"[十百千万亿]{0,8}(?:余|多)?"
_UNIT = rf"(?:{MEASURES})(?:/(?:{MEASURES}))?"
UNIT = re.compile(_UNIT)
"""A unit of measure, in aligned text."""
_QUANTITY = re.compile(
    rf"(?:(?<![\d.a-z])(?:{_ARABIC}\s?[×x*]\s?10\^?-?\d{{1,2}}\s?(?P<unit4>{_UNIT})?(?![\d.a-z])"
    rf"|{_ARABIC}(?:\s?:\s?{_ARABIC})+(?![\d.:a-z])"
    rf"|{_HIGHER}{_ARABIC}{_RANGE}\s?{_MULTIPLE}\s?(?P<unit>{_UNIT})(?!(?<=[a-z])[a-z])"
    rf"|[一二两三四五六七八九十百千万]{{1,4}}分之{_CHINESE}"
    rf"|{_CHINESE}(?:{RANGE_SIGN}{_CHINESE})?(?P<unit2>{MEASURES})(?:(?<=成)[一二三四五六七八九半](?![十百千万亿]))?"
    rf"|{_ARABIC}{_RANGE}\s?{_MULTIPLE}(?P<unit3>[a-z]{{2,5}})(?![a-z\d-])"
    rf"|{_HIGHER}{_ARABIC}{_RANGE}(?:[十百千]?[万亿]{{1,8}})?(?![\d.]*[a-z])))(?:以上|以下|以内|左右|上下)?"
)
# A power of ten without a numeral counts nothing: 万元 of 万元产值能耗.
_NO_QUANTITY = re.compile(rf"(?:{SET_NUMERALS}|[百千万亿](?!分之)|0\d)")
_ORDINAL = re.compile(r"(?:第|专栏|附件|表|图|〔|\[)$")
_YEAR = r"(?:19|20)\d{2}"
_DAY = r"\d{1,2}月(?:\d{1,2}日|底|末|初|上旬|中旬|下旬)?"
_NUMERAL = "[一二三四五六七八九十]{1,3}"
_DATE = re.compile(
    "|".join(
        (
            rf"{_YEAR}年?{RANGE_SIGN}{_YEAR}年?",
            rf"{_YEAR}年(?:\s?{_DAY}|第?[一二三四]季度)?(?:底|末|初|前)?",
            # 2023.4.28 and 2023.4, but not 1993.5 in 1993.5万吨
            rf"{_YEAR}[-./]\d{{1,2}}(?:[-./]\d{{1,2}})?(?!\d*\s?(?:[万亿]|(?![年月日天])(?:{MEASURES})))",
            rf"[一二][零〇九][零〇一二三四五六七八九]{{2}}年(?:{_NUMERAL}月)?(?:{_NUMERAL}日)?",
            rf"(?<!\d){_DAY}前?",
            '[“"「]?十[一二三四五六七]五[”"」]?(?:期)?(?:末|时期|期间)',
            rf"(?:上午|下午|中午|凌晨|早上|晚上|傍晚|早|晚)?(?<!\d)(?:\d{{1,2}}|{_NUMERAL})(?:时(?![间期候代速效刻长限])|点钟)(?:\d{{1,2}}分|半|整)?",
            "自(?:公布|发布|印发|签订|下发)之日起(?:施行|实施|执行)?",
            r"(?:公元前|前|公元)\d{1,4}(?:年|世纪)(?:代)?",
            r"\d{1,4}(?:年代|世纪)",
            r"(?<![\d.])\d{3,4}年(?:\d{1,2}月(?:\d{1,2}日)?)?",
        )
    )
)
_DOCUMENT_NUMBER = re.compile(
    r"[\u4e00-\u9fff]{1,12}[〔\[(【]\d{4}[〕\])】]\s?第?\d+号"
    r"|(?:gb|db|hj|jgj|cj|ny|iso)(?:/[a-z])?\s?\d[\d.]*(?:-\d{4})?"
)
_CONTACT = re.compile(
    r"(?<![\d-])(?:0\d{2,3}-\s?)?(?:\d{7,8}|\d{4}\s\d{4}|1\d{10}|[48]00-?\d{3,4}-?\d{3,4})(?:-\d{1,5})?(?![\d.]|-\d)"
    r"|[a-z\d_.+-]{1,40}@[a-z\d-]{1,40}(?:\.[a-z\d-]{1,20}){1,4}|https?://[!-~]{4,200}|www\.[!-~]{4,200}"
)
_TITLED = re.compile("《[^《》]{2,80}》|“[^“”]{2,30}”|「[^「」]{2,30}」")
_ORGANISATION = re.compile(rf"[\u4e00-\u9fff]{{1,16}}?(?:{ORGANISATION_ENDS})(?![\u4e00-\u9fff]*(?:建设|行业))")
_LABEL = re.compile(r"(?:^|(?<=[(;。,，；（\n|]))\s{0,8}(?P<label>[\u4e00-\u9fff]{2,10}):")
# What stands behind a list of bodies and belongs to the sentence: 「等有关部门按职责分工负责」.
_LABEL_TAIL = re.compile(
    "(?:等(?:有关|相关|各|部门|单位|企业|机构|按|为).*|(?:等)?按照?[^、]{0,12}(?:分工|职责).*|等)$"
)
# The line that says whom an official letter is for, 主送机关: bodies up to a colon that ends the line.
_BODY = r"[^,，、:。；;\n]{2,30}"
_ADDRESSEES = re.compile(
    rf"(?<![^\n])[ \u3000]{{0,8}}(?P<value>(?=各|有关|[市县区省]|中央|国务院){_BODY}(?:[,，、]{_BODY}){{1,20}})"
    r":(?=\s*(?:\n|$))"
)
_ADDRESSED = "主送机关 主送 抄送 发给 印发给 发到"
_LABELLED_LENGTH = 400
"""Characters within which a labelled value has to end."""
# A row of a table (`index.loaders.tables`): 「项目:光伏 | 2024年:70 | 2025年:80」, or without names of columns.
_ROW = re.compile(rf"^.*{re.escape(SEPARATOR)}.*$", re.M)
_COLUMN = re.compile(r"[^:|\n]{1,60}:\s{0,2}(?=\S)")
_FIGURE = re.compile(rf"(?P<figure>[-+−]?\s?{_ARABIC})\s?(?P<unit>{_UNIT}|‰)?(?=$|[(（\s])")
_CELL_UNIT = re.compile(rf"[(（](?P<unit>{_UNIT}|‰)(?:/[^()（）]{{1,4}})?[)）]|(?P<share>[%‰])\s?:")
_ROW_NAME_MAX, _ROW_TITLE_MAX = 40, 120
"""Characters of a cell that may name its row, and of the first one."""
_PAIRS = tuple(zip("(（“《〔「", ")）”》〕」", strict=True))
_BRACKETED = r"[(（][^()（）\n]{0,80}[)）]"
_ITEM = rf"(?:{_BRACKETED}|[^、,，。;；:：!?！？|\s()（）]){{1,40}}"
_ENUMERATION = re.compile(rf"{_ITEM}(?:、{_ITEM})+")
_TAIL = re.compile("(?:等(?!级|离)|在内).*|(?:协同|融合|综合)?(?:发展|建设|规划建设)$")
_AS = re.compile(r"以([^,，。;；]{2,40}?)为(?=[\u4e00-\u9fff])")
# A bar stands between the cells of a table's row.
_CLAUSE_END = re.compile(r"[,，。;；!！?？:：|\n]")
_SENTENCE_STOP = re.compile("[。;；\n]")
_CLAUSE_STOP = re.compile("[,，。;；:：|\n]")
_AND = re.compile("[、和与及]")
_JOINT = re.compile("[、和与及]|以及")
_CHANGE = re.compile(
    "(?:(?:同比|环比|比上?年(?:同期|末)?|较上?年(?:同期|末)?|按可比价格计算|按不变价格计算|名义|实际|年均|平均|累计|分别|约|预期|力争)*+"
    "(?:增长|增加|增|下降|减少|降低|回落|上升|上涨|下跌|提高|扩大|收窄|缩小|提升|降)(?:了|到|至|幅度)?(?:约|超过|超|近)?)$"
)
"""What says of a figure only that something has changed, at the end of its own words."""
_CONDITION = re.compile("(?:岁|以上|以下|以内|以外)$")
_VERB = 4
"""Characters up to which the words before a figure may hold no more than a verb."""
_DELIMITER = re.compile(r"[,，。;；!！?？:：、()（）|\n]|(?<=[\u4e00-\u9fff])和(?=[\u4e00-\u9fff])")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Kind(StrEnum):
    """What an answer can be."""

    QUANTITY = "quantity"
    DATE = "date"
    NUMBER = "document number"
    ORGANISATION = "organisation"
    LIST = "list"
    NAME = "name"
    CLAUSE = "clause"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that may be the answer."""

    kind: Kind  # what it is
    span: Span  # where, in the text the grammar was given
    clause: Span  # the clause around it, between commas or sentence ends
    own: str  # the candidate's own words: its noun phrase, the label before it, or what names its column and its row
    unit: str = ""  # the unit of a quantity, folded; empty for other kinds
    labelled: bool = False  # stands behind a label and a colon, or is a cell of a table


def candidates(text: str) -> list[Candidate]:
    """Return everything in `text` that the grammar can name, in text order within each kind."""
    aligned = align(text)
    rows = [Span(row.start(), row.end()) for row in _ROW.finditer(aligned)]
    cells = [cell for row in rows for cell in _cells(aligned, row)]
    return [*cells, *(each for each in _in_prose(aligned) if _is_prose(each.span, rows, cells))]


def _in_prose(aligned: str) -> list[Candidate]:
    figures = [
        *_quantities(aligned),
        *_plain(aligned, _DATE, Kind.DATE),
        *_plain(aligned, _DOCUMENT_NUMBER, Kind.NUMBER),
    ]
    known = {each.span for each in figures}
    return [
        *_labelled(aligned),
        *_addressees(aligned),
        *figures,
        *_plain(aligned, _TITLED, Kind.NAME),
        *_plain(aligned, _CONTACT, Kind.NAME),
        *_organisations(aligned),
        *_enumerations(aligned),
        *(each for each in _objects(aligned) if each.span not in known),
    ]


def _is_prose(span: Span, rows: Sequence[Span], cells: Sequence[Candidate]) -> bool:
    """Return whether a span stands in no table, or in a long cell and not in what the cell itself proposes."""
    row = bisect_right(rows, span.start, key=lambda row: row.end)
    if row == len(rows) or rows[row].start >= span.end:
        return True
    place = bisect_right(cells, span.start, key=lambda cell: cell.clause.start) - 1
    if place < 0 or len(cells[place].clause) <= _ROW_NAME_MAX or not cells[place].clause.contains(span):
        return False
    cell = cells[place]
    return span != cell.span and not (cell.kind is Kind.QUANTITY and cell.span.overlap(span))


def is_paired(text: str) -> bool:
    """Return whether no bracket or quotation mark of a text lacks its other half."""
    return all(text.count(opening) == text.count(closing) for opening, closing in _PAIRS)


def candidate_at(text: str, span: Span, found: Sequence[Candidate]) -> Candidate:
    """Return a span that no rule named as a candidate: of the kind of the one it shares most with, else a name."""
    nearest = max(found, key=lambda candidate: _likeness(candidate.span, span), default=None)
    clause = _clause(text, span)
    own = text[clause.start : span.start] + text[span.end : clause.end]
    if nearest is None or _likeness(nearest.span, span) < 0.5:
        return Candidate(Kind.NAME, span, clause, own)
    return replace(nearest, span=span, labelled=False)


def _likeness(a: Span, b: Span) -> float:
    """Return shared characters as a part of all that either holds, 0 to 1."""
    shared = a.overlap(b)
    return shared / (len(a) + len(b) - shared)


def clause_spans(text: str) -> list[Span]:
    """Return the clauses of a text, between commas or sentence ends, delimiters left out, none empty."""
    spans, start = [], 0
    for end in [*(match.start() for match in _CLAUSE_END.finditer(text)), len(text)]:
        if text[start:end].strip():
            spans.append(Span(start, end))
        start = end + 1
    return spans


def _clause(text: str, span: Span) -> Span:
    """Return the clause that holds `span`; commas inside the span do not end it."""
    start = max(
        (m.end() for m in _CLAUSE_END.finditer(text, max(0, span.start - 200), span.start)),
        default=max(0, span.start - 200),
    )
    end = _CLAUSE_END.search(text, span.end)
    return Span(start, min(end.start() if end else len(text), span.end + 200))


def _plain(text: str, pattern: re.Pattern[str], kind: Kind) -> Iterator[Candidate]:
    for match in pattern.finditer(text):
        yield _spanned(text, kind, Span(match.start(), match.end()))


def _organisations(text: str) -> Iterator[Candidate]:
    """Yield bodies from the first word of their name on, without what leads to them (由, 应当报)."""
    for match in _ORGANISATION.finditer(text):
        yield _spanned(text, Kind.ORGANISATION, Span(_name_start(text, *match.span()), match.end()))


def _name_start(text: str, start: int, end: int) -> int:
    place = _clause(text, Span(start, end)).start
    for word, tag in tagged(text[place:end]):
        names = tag[0] not in "pcdvux" or tag == "vn" or place + len(word) >= end
        if place >= start and names:
            return place
        place += len(word)
    return start


def _quantities(text: str) -> Iterator[Candidate]:
    others = sorted(
        (Span(*match.span()) for pattern in (_DATE, _CONTACT) for match in pattern.finditer(text)),
        key=lambda span: span.end,
    )
    found = [match for match in _QUANTITY.finditer(text) if _counts(text, match, others)]
    spans = [Span(match.start(), match.end()) for match in found]
    shared = _respectively(text, spans)
    own = ""
    for position, (match, span) in enumerate(zip(found, spans, strict=True)):
        clause = _clause(text, span)
        between = text[spans[position - 1].end : span.start] if position else "。"
        before, after = _between(text, clause, spans, position)
        said = _noun_phrase(before, after)
        whole = _CHANGE.sub("", own).strip()
        apart = "其中" in between or _SENTENCE_STOP.search(between)
        if not apart and (_CHANGE.fullmatch(said.strip()) or _only_does(_DELIMITER.split(before)[-1])):
            said = f"{whole} {said.strip()}"  # 「出口782亿元，增长10.3%」: what grew is named where its figure is
        own = shared.get(position, said)
        yield Candidate(Kind.QUANTITY, span, clause, own, unit=_unit(match))


def _only_does(left: str) -> bool:
    """Return whether what stands before a figure is no more than a verb: 设, 达到."""
    words = tagged(left.strip()) if 0 < len(left.strip()) <= _VERB else []
    return bool(words) and all(tag[0] in "vdp" and tag != "vn" for _, tag in words)


def _between(text: str, clause: Span, spans: Sequence[Span], position: int) -> tuple[str, str]:
    """Return what stands before and behind a figure, up to its neighbours or the ends of its clause."""
    span = spans[position]
    start = max(clause.start, spans[position - 1].end) if position else clause.start
    if position and _CONDITION.search(text, spans[position - 1].start, start):
        start = max(clause.start, spans[position - 1].start)  # 「80周岁以上每餐补贴5元」: for whom
    end = min(clause.end, spans[position + 1].start) if position + 1 < len(spans) else clause.end
    return text[start : span.start], text[span.end : end]


def _unit(match: re.Match[str]) -> str:
    return (
        match["unit"] or match["unit2"] or match["unit3"] or match["unit4"] or ("%" if "分之" in match.group() else "")
    )


def _counts(text: str, match: re.Match[str], others: Sequence[Span]) -> bool:
    """Return whether a figure counts something: is in none of the `others`, no ordinal, no number of a list."""
    start, end = match.span()
    if _NO_QUANTITY.match(text, start) or _ORDINAL.search(text[max(0, start - 2) : start]):
        return False
    if not _unit(match) and text[end : end + 1] in {"、", ".", "．"}:
        return False
    following = bisect_right(others, start, key=lambda other: other.end)
    return following == len(others) or others[following].start >= end


def _noun_phrase(before: str, after: str) -> str:
    """Return the words that say what is counted: they stand before the figure, behind it, or on both sides."""
    left = _DELIMITER.split(before)[-1]
    right = "" if _JOINT.match(after) else _DELIMITER.split(after)[0]
    return f"{left} {right}" if left.strip() else right


def _respectively(text: str, spans: Sequence[Span]) -> dict[int, str]:
    """Parse 「甲、乙分别增长8.2%、21.4%」: the i-th subject belongs to the i-th figure of a run."""
    owners: dict[int, str] = {}
    for mark in re.finditer("分别", text):
        stop = _SENTENCE_STOP.search(text, mark.end())
        first = bisect_left(spans, mark.end(), key=lambda span: span.start)
        behind = range(first, bisect_left(spans, stop.start() if stop else len(text), key=lambda span: span.start))
        subjects = _subjects(text[max(0, mark.start() - 120) : mark.start()])
        whole = len(behind) - len(behind) % len(subjects) if len(subjects) > 1 else 0
        tail = _shared(subjects)
        for position in behind[:whole]:
            turn = (position - first) % len(subjects)
            if turn == 0:
                verb = text[max(mark.end(), spans[position - 1].end if position else 0) : spans[position].start]
            owners[position] = f"{subjects[turn]} {tail if turn < len(subjects) - 1 else ''} {verb}"
    return owners


def _shared(subjects: Sequence[str]) -> str:
    """Return what the last of several subjects says of all: its words behind as many characters as others have."""
    longest = max(map(len, subjects[:-1]), default=0)
    offset = 0
    for word, _ in tagged(subjects[-1]) if subjects else ():
        if offset >= longest:
            break
        offset += len(word)
    return subjects[-1][offset:] if subjects else ""


def _subjects(before: str) -> list[str]:
    """Return what stands side by side before 分别: in its clause, or in the one before it."""
    for clause in _CLAUSE_STOP.split(before)[:-3:-1]:
        parts = [part for part in _AND.split(clause) if part]
        if len(parts) > 1:
            return [parts[0][_lead(parts[0]) :], *parts[1:]]
    return []


def _labelled(text: str) -> Iterator[Candidate]:
    """Yield 「牵头单位：甲、乙；责任单位：丙等有关部门按职责分工负责」 → values with their label."""
    for match in _LABEL.finditer(text):
        end = _value_end(text, match.end())
        value = text[match.end() : end].lstrip()
        start = end - len(value)
        value = _LABEL_TAIL.sub("", value.rstrip())
        if value and len(value) <= 300:
            span = Span(start, start + len(value))
            kind = Kind.ORGANISATION if _ORGANISATION.search(value) else Kind.LIST if "、" in value else Kind.NAME
            yield Candidate(kind, span, Span(match.start("label"), end), match["label"], labelled=True)


def _cells(text: str, row: Span) -> Iterator[Candidate]:
    """Yield the cells of a table's row; each has the name of its column and what names its row as its own words."""
    cells, start = [], row.start
    for piece in row.slice(text).split(SEPARATOR):
        label = _COLUMN.match(piece)
        cells.append((Span(start, start + len(piece)), label.group() if label else ""))
        start += len(piece) + len(SEPARATOR)
    values = [text[span.start + len(column) : span.end] for span, column in cells]
    limits = [_ROW_TITLE_MAX, *[_ROW_NAME_MAX] * len(values)]
    names = [
        value if len(value) <= limit and not _FIGURE.match(value.lstrip()) else ""
        for value, limit in zip(values, limits, strict=False)
    ]
    for place, ((span, column), value) in enumerate(zip(cells, values, strict=True)):
        if value.strip():
            before = [name for name in names[:place] if name]
            beside = before or names[place + 1 :] if column else before[-1:]
            yield _cell(text, span, len(column), " ".join((column, *beside)))


def _cell(text: str, cell: Span, label: int, own: str) -> Candidate:
    value = text[cell.start + label : cell.end].strip()
    start = text.index(value, cell.start + label)
    figure, date = _FIGURE.match(value), _DATE.fullmatch(value)
    if figure and not date:
        named = _CELL_UNIT.search(own)
        unit = figure["unit"] or (named["unit"] or named["share"] if named else "")
        return Candidate(Kind.QUANTITY, Span(start, start + figure.end()), cell, own, unit=unit, labelled=True)
    kind = Kind.DATE if date else Kind.ORGANISATION if _ORGANISATION.search(value) else Kind.NAME
    return Candidate(kind, Span(start, start + len(value)), cell, own, labelled=True)


def _addressees(text: str) -> Iterator[Candidate]:
    """Yield the addressees of a letter, which it lists without a label."""
    for match in _ADDRESSEES.finditer(text):
        span = Span(*match.span("value"))
        yield Candidate(Kind.ORGANISATION, span, span, _ADDRESSED, labelled=True)


def _value_end(text: str, start: int) -> int:
    """Return where a labelled value stops: at a sentence end or the bracket that encloses the label."""
    depth = 0
    for offset in range(start, min(len(text), start + _LABELLED_LENGTH)):
        character = text[offset]
        if character in "(（":
            depth += 1
        elif character in ")）":
            depth -= 1
        if depth < 0 or (depth == 0 and character in ";；。|\n"):
            return offset
    return min(len(text), start + _LABELLED_LENGTH)


def _enumerations(text: str) -> Iterator[Candidate]:
    for match in _ENUMERATION.finditer(text):
        items = match.group().split("、")
        start = match.start() + _lead(items[0])
        end = match.end() - len(_tail(items[-1], text[match.start() : start]))
        if end > start:
            yield _spanned(text, Kind.LIST, Span(start, end))


def _objects(text: str) -> Iterator[Candidate]:
    """Yield what follows a verb or preposition up to the end of its clause, and what 「以…为…」 holds."""
    for clause in clause_spans(text):
        offset = clause.start
        for word, tag in tagged(clause.slice(text)):
            offset += len(word)
            if tag[0] in "vp" and 2 <= clause.end - offset <= 60 and is_paired(text[offset : clause.end]):
                yield _spanned(text, Kind.NAME, Span(offset, clause.end))
        for match in _AS.finditer(text, clause.start, clause.end):
            yield _spanned(text, Kind.NAME, Span(match.start(1), match.end(1)))


def _spanned(text: str, kind: Kind, span: Span) -> Candidate:
    clause = _clause(text, span)
    return Candidate(kind, span, clause, text[clause.start : span.start] + text[span.end : clause.end])


def _lead(first: str) -> int:
    """Return how much of the first item belongs to the sentence, not to the list: up to its last leading verb."""
    offset = keep = 0
    words = tagged(first)
    for position, (word, tag) in enumerate(words[:-1]):
        offset += len(word)
        following = words[position + 1][1][0]
        if tag == "vn" or tag == "ad":
            keep = offset if keep == offset - len(word) and len(first) - offset >= 4 else keep
        elif tag[0] in "vpd" and len(first) - offset >= 2 and first[offset] not in "(（" and following != "u":
            keep = offset
    return keep


def _tail(last: str, lead: str) -> str:
    """Return what of the last item belongs to the sentence: 「等…」, 「在内…」, after 「以」 all from 「为」 on."""
    found = _TAIL.search(last, 1)
    as_what = last.find("为", 1) if lead.endswith("以") or lead.startswith("以") else -1
    ends = [end for end in (found.start() if found else -1, as_what) if end > 0]
    return last[min(ends) :] if ends else ""


def tagged(text: str) -> list[tuple[str, str]]:
    """Return the words of a text with their parts of speech, in letters of jieba (`n` noun, `v` verb, `ns` place …).

    White space and punctuation are among them: together they are as long as the text. Half of a surrogate pair, which
    is no character, is read as U+FFFD.
    """
    return rjieba.tag(_LONE_SURROGATE.sub("\ufffd", text))
