"""Questions that compute or compare: which operation, over which figures.

「水电、风电、光伏装机合计多少」, 「河南粮食产量比江苏多多少」, 「比较四川、重庆的GDP增长目标」. What is no such
question, or one whose figures cannot be told apart, is left to be read as it stands.

「四川和重庆2025年城镇新增就业目标」 names two figures and says of both only once what is measured and when. What one
of several leaves out is taken from its neighbours: place and year from before, the measure from behind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate

from index.text import align
from qa.language import lexicon
from qa.language.grammar import tagged
from qa.language.periods import periods
from qa.language.quantities import Unit, unit_in
from qa.question.analysis import analyse

MAX_FIGURES = 36
"""Figures that one question may ask for; each is read for by itself."""
MAX_CHARACTERS = 300
"""A longer question tells a story; what it computes with cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Operand:
    """One figure that is asked for."""

    subject: str = ""  # whose it is: a place, a body; empty where the question names none
    period: str = ""  # when, as typed; may be empty
    attribute: str = ""  # what is measured
    label: str = ""  # what tells it from its neighbours

    @property
    def name(self) -> str:
        """Return it in the question's words."""
        return f"{self.subject}{self.period}{self.attribute}"

    @property
    def is_goal(self) -> bool:
        """Return whether it is expressly something aimed at."""
        return _GOAL.search(self.attribute) is not None

    @property
    def plain(self) -> str:
        """Return what is measured, without 目标."""
        return _GOAL.sub("", self.attribute)


@dataclass(frozen=True, slots=True)
class OperandTable:
    """Figures in rows and columns, row by row."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[Operand, ...]


class Operation(StrEnum):
    """What is done with the figures."""

    SUM = "sum"
    DIFFERENCE = "difference"
    RATIO = "ratio"
    SHARE = "share"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Task:
    """A question that computes or compares."""

    operation: Operation  # what to do
    grid: OperandTable  # the figures; of a difference, a ratio and a share exactly two
    asks: str = "是多少"  # what to put behind the name of a figure to ask for it
    unit: tuple[Unit, int] | None = None  # the unit the result is asked in, with its multiplier, or None
    picks: str = ""  # 「多」 where the question asks which is more, 「少」 which is less; empty where it does not

    @property
    def figures(self) -> tuple[Operand, ...]:
        """The figures, row by row."""
        return self.grid.cells

    def question(self, operand: Operand) -> str:
        """Return the question for one figure, as one would ask it alone."""
        return f"{operand.name}{self.asks}"


_SENTENCES = re.compile("[。！？!?；;\n].")
_POLITE = re.compile(
    r"^(?:(?:请问?|麻烦|帮我|帮忙|给我|替我)*(?:计算|算|求|统计)(?:一?下|出)?(?:的?是)?|请问?)[,，:：]?"
)
_END = re.compile(r"[\s?？。!！,，;；]+$")
_ASKS = "多少|几"
_TOTAL = "合计|共计|总计|总共|一共|累计共|加起来|加在一起|相加|加总|之和|的总和|总和是"
_SUM = re.compile(rf"^(?P<what>.+?)(?:的)?(?P<cue>{_TOTAL}|共(?={_ASKS}|有|是|为))[,，]?(?P<tail>.*)$")
_SUM_TAIL = re.compile(f"[^吗什]*(?:{_ASKS})|(?:是|为)?$")
_MORE = "多|少|高|低|大|小|长|短|快|慢"
_THAN = re.compile(
    rf"^(?P<a>.+?)(?:还|要)?[,，]?(?<![占同环对可相])比(?!重(?:[是为的占超达有]|$)|[例较值率拟如])(?P<b>.+?)(?:还|要)?"
    rf"(?<![增减降提升缩扩延加变])(?P<more>{_MORE})(?:了|出)?(?P<tail>(?:{_ASKS}).*)$"
)
_APART = re.compile(
    rf"^(?P<what>.+?)(?:之间)?(?:的)?(?:相差|差距|差额|差值|之差|差)(?:是|为|有)?(?P<tail>(?:了)?(?:{_ASKS}|多大).*)$"
)
_MINUS = re.compile(rf"^(?P<a>.+?)减去?(?P<b>.+?)(?:是|等于|得|为|还剩)(?P<tail>(?:{_ASKS}).*)$")
_TIMES = re.compile(rf"^(?P<a>.+?)(?:大约|约)?(?:是|为|相当于)(?P<b>.+?)的?(?:{_ASKS})倍$")
_SHARE = re.compile(
    r"^(?P<a>.+?)(?:大约|约)?占(?![据了地])(?:到|了)?(?P<b>.+?)的?(?:多少|多大)?的?"
    r"(?:比重|比例|百分比|份额|百分之几|百分之多少|几成|几分之几)(?:是|为|有)?(?:多少|多大|几成)?$"
)
_COMPARES = re.compile(
    r"^(?:请|帮我|给我)?(?:列表|列个?表)?(?:(?:对比|比较|对照)(?:一下)?(?:分析)?)(?![好多高大低少快])[,，:：]?(?P<a>.+)$"
    r"|^(?:请|帮我|给我)?(?:列表|列个表)(?:对比|比较|说明|列出)?[,，:：]?(?P<d>.+)$"
    r"|^(?P<c>.+?)[,，]?(?:请|帮我)?(?:列|做|画)(?:个|成|一?张)?(?:表格?)(?:对比|比较|对照|看看|展示|说明)?(?:一下)?$"
    r"|^(?P<b>.+?)(?:的)?(?:对比|比较|相比|对照)(?:一下|情况|如何|怎么样|结果)?$"
)
_WHICH = re.compile(
    rf"^(?P<what>.+?)[,，]?(?:相比)?[,，]?(?:哪(?:个|一个|家|省|市|地|边|里|一?方)|谁)(?:的)?(?:更|最)?(?P<more>{_MORE})(?:一些|一点|些)?$"
)
_UNLIKE = re.compile(r"^(?P<what>.+?)(?:之间)?(?:的)?(?:有)?(?:什么|何|哪些)(?:不同|差异|差别|不一样)$")
_EACH = re.compile("(?:分别|各自|各)(?:是|为|有)?(?:多少|几[个家人]?)[,，]?$")
_TOLD = re.compile(r"\d[\d.,]{0,30}[十百千万亿]*[a-z%\u4e00-\u9fff]{0,2}[,，](?=比|是|占|较)")
_ASKED_UNIT = re.compile(rf"(?:{_ASKS})(?P<unit>.*)$")
_LESS = frozenset("少低小短慢")
_MEASURED = re.compile(
    f"{lexicon.NAMES_FIGURE}|增长|装机|人口|就业|收入|支出|面积|里程|率|值|额|数|量|费|价|补贴|奖励|期限?"
)
_JOINT = re.compile("和|与|跟|及|以及|、")
_QUOTED = re.compile('“[^”]*”|"[^"]*"|「[^」]*」|《[^》]*》')
_YEAR_TAIL = re.compile('年?[”"」]?(?:全年|年?底|年?末|期间|时期)?')
_YEAR_HEAD = re.compile('[“"「]$')
_ASKING = re.compile("多少|几[个家人项种]|什么|谁|哪|如何|怎")
_TOGETHER = re.compile(
    "(?:(?:等|这)?[两二三四五六七八九十\\d]++个?|等|各)(?:省区市|省市区|省区|省市|省份|地区|省|地|市|县|区|州)(?!级|内|外|域|场)"
)
_GROUP = re.compile(
    "(?:等|这)?[两二三四五六七八九十\\d]++(?:个|项|类|种|大)(?:产业|领域|方面|行业|项目|部分|指标|板块)"
)
_RELATIONAL = re.compile(f"(?:{lexicon.RELATIONAL})+")
_GOAL = re.compile("(?:的)?(?:主要)?(?:预期)?(?:目标|计划|任务)(?:值|数)?$")
_GOAL_ALONE = re.compile("(?:的)?(?:主要)?(?:预期)?(?:目标|计划|任务|实际|完成)(?:值|数|情况)?")
_COMPLETE = re.compile(
    "(?:[量额率值数费价幅速]|产能|装机|收入|支出|投资|面积|里程|人口|就业|规模|强度|奖励|补贴|期限|GDP)$", re.I
)
_REGIONAL = re.compile("(?<=..)地区$")  # 重庆地区生产总值 is the 地区生产总值 of 重庆
_TRIM = " ,，。?？!！:：;；、的"


@lru_cache(maxsize=256)
def understand(question: str) -> Task | None:
    """Return what a question computes or compares; None for any other question."""
    text = _TOLD.sub("", _POLITE.sub("", _END.sub("", _plain(question).strip())))
    if len(text) > MAX_CHARACTERS or _SENTENCES.search(text):
        return None
    task = _difference(text) or _ratio(text) or _sum(text) or _table(text)
    return task if task and len(task.figures) >= 2 else None


def _plain(question: str) -> str:
    """Return a question in half width and simplified characters, capitals kept."""
    return "".join(
        typed if typed.lower() == plain else plain for typed, plain in zip(question, align(question), strict=True)
    )


def _sum(text: str) -> Task | None:
    match = _SUM.match(text)
    if match is None or not _SUM_TAIL.match(match["tail"]) or not (found := grid(match["what"])):
        return None
    tail = match["tail"].strip()
    unit = _ASKED_UNIT.search(tail)
    verb = tail[: unit.start()] if unit else ""
    asks = f"{verb}多少" if re.search("[\u4e00-\u9fff]{2}", verb) else "是多少"
    return Task(Operation.SUM, found, asks, _unit(tail))


def _difference(text: str) -> Task | None:
    for pattern in (_THAN, _MINUS):
        if match := pattern.match(text):
            found = pair(match["a"], match["b"])
            picks = match.groupdict().get("more") or ""
            return _of_pair(Operation.DIFFERENCE, found, _unit(match["tail"]), "少" if picks in _LESS else "多")
    match = _APART.match(text)
    found_grid = grid(match["what"]) if match else None
    if match is None or found_grid is None or len(found_grid.cells) != 2:
        return None
    return Task(Operation.DIFFERENCE, found_grid, unit=_unit(match["tail"]))


def _ratio(text: str) -> Task | None:
    if match := _TIMES.match(text):
        return _of_pair(Operation.RATIO, pair(match["a"], match["b"]))
    if match := _SHARE.match(text):
        return _of_pair(Operation.SHARE, pair(match["a"], match["b"]))
    return None


def _of_pair(
    operation: Operation, found: tuple[Operand, Operand] | None, unit: tuple[Unit, int] | None = None, picks: str = ""
) -> Task | None:
    if found is None:
        return None
    rows = tuple(each.label for each in found)
    return Task(operation, OperandTable(rows, ("数值",), found), unit=unit, picks=picks if picks else "")


def _table(text: str) -> Task | None:
    which, compares = _WHICH.match(text), _COMPARES.match(text)
    unlike = _UNLIKE.match(text)
    if which:
        what, picks = which["what"], "少" if which["more"] in _LESS else "多"
    elif compares:
        what, picks = next(group for group in compares.groups() if group), ""
    elif unlike:
        what, picks = unlike["what"], ""
    else:
        return None
    found = grid(_EACH.sub("", _END.sub("", what)))
    if found is None or not all(cell.attribute and _MEASURED.search(cell.attribute) for cell in found.cells):
        return None
    return Task(Operation.TABLE, found, picks=picks)


def _unit(tail: str) -> tuple[Unit, int] | None:
    """Return the unit that 「多少万千瓦」 asks for."""
    match = _ASKED_UNIT.search(tail)
    return unit_in(match["unit"]) if match else None


def grid(text: str) -> OperandTable | None:
    """Return the figures of a list: subjects × measures, or one row a measure; None where it names fewer than two."""
    pieces = _pieces(text)
    if len(pieces) < 2 or _ASKING.search(text):
        return None
    items = [_item(piece) for piece in pieces]
    if any(item == Operand() for item in items):
        return None
    pivot = next((place for place, item in enumerate(items) if item.attribute), None)
    if pivot is None:
        return None
    if pivot:
        return _crossed(items, pivot)
    return _listed(items)


def pair(first: str, second: str) -> tuple[Operand, Operand] | None:
    """Return two figures, each with what only the other says; None where neither says what is measured."""
    a, b = _item(first), _item(second)
    if Operand() in (a, b):
        return None
    whole = _completed(a, b), _completed(b, a)
    if not all(each.attribute for each in whole) or whole[0].name == whole[1].name:
        return None
    return _labelled(whole)


def _labelled(whole: tuple[Operand, Operand]) -> tuple[Operand, Operand]:
    a, b = whole
    if a.subject != b.subject:
        return replace(a, label=a.subject or a.attribute), replace(b, label=b.subject or b.attribute)
    if a.plain != b.plain:
        head = _common_head(a.attribute, b.attribute)
        return replace(a, label=a.attribute.removesuffix(head)), replace(b, label=b.attribute.removesuffix(head))
    return replace(a, label=f"{a.period}{a.attribute}"), replace(b, label=f"{b.period}{b.attribute}")


def _common_head(a: str, b: str) -> str:
    """Return 「的产能」 of 「甲的产能」 and 「乙的产能」; empty where they do not end alike."""
    head = a[a.rindex("的") :] if "的" in a[1:] else ""
    return head if b.endswith(head) else ""


def _pieces(text: str) -> list[str]:
    """Return what stands between 和, 与 and 、, those in quotation marks left alone."""
    masked = _QUOTED.sub(lambda quoted: "国" * len(quoted.group()), text)
    ends = list(accumulate(len(word) for word, _ in tagged(masked)))
    words = list(zip([0, *ends], ends, strict=False))
    joints = [(start, end) for start, end in words if _JOINT.fullmatch(masked[start:end])]
    bounds = [0, *(at for joint in joints for at in joint), len(text)]
    return [text[a:b].strip(_TRIM) for a, b in zip(bounds[::2], bounds[1::2], strict=True)]


def _item(piece: str) -> Operand:
    """Return a piece of a list taken apart: place, year, measure."""
    text = _TOGETHER.sub("", piece, count=1).strip(_TRIM)
    places = [place for place in analyse(text).places if text.startswith(place)]
    subject = _REGIONAL.sub("", max(places, key=len, default=""))
    rest = text[len(subject) :].strip(_TRIM)
    found = periods(rest, present=2000)
    if not found:
        return Operand(subject, "", rest)
    start, end = found[0].start, found[0].end
    start -= bool(_YEAR_HEAD.search(rest[:start]))
    tail = _YEAR_TAIL.match(rest, end)
    end = tail.end() if tail else end
    before, behind = rest[:start].strip(_TRIM), rest[end:].strip(_TRIM)
    if before and not behind:
        return Operand(subject, rest[start:end], before)
    return Operand(subject + before, rest[start:end], behind)


def _crossed(items: Sequence[Operand], pivot: int) -> OperandTable | None:
    """Parse 「甲、乙2025年的X和Y」: all subjects come before the measures, and each is measured."""
    subjects, others = items[: pivot + 1], items[pivot:]
    if any(not item.subject for item in subjects) or any(item.subject or item.period for item in others[1:]):
        return None
    period = items[pivot].period
    measures = [prefix + part + head for prefix, part, head in _headed([item.attribute for item in others])]
    cells = [
        Operand(item.subject, item.period or period, measure, item.subject if len(measures) == 1 else measure)
        for item in subjects
        for measure in measures
    ]
    return OperandTable(tuple(item.subject for item in subjects), tuple(measures), tuple(cells))


def _listed(items: Sequence[Operand]) -> OperandTable:
    """Parse 「甲的X、Y和Z」 and 「甲的X和乙的Y」: a piece inherits what it leaves out from the one before."""
    filled = [items[0]]
    for item in items[1:]:
        last = filled[-1]
        measure = item.attribute or last.attribute  # 「甲的X和乙」
        filled.append(Operand(item.subject or last.subject, item.period or last.period, measure))
    alone = all(not item.subject for item in items[1:])
    parts = _headed([item.attribute for item in items]) if alone else [("", item.attribute, "") for item in filled]
    column = parts[-1][2].strip(_TRIM) if alone else ""
    cells = tuple(
        replace(item, attribute=prefix + part + head, label=part if alone else item.name)
        for item, (prefix, part, head) in zip(filled, parts, strict=True)
    )
    return OperandTable(tuple(cell.label for cell in cells), (column or "数值",), cells)


def _headed(attributes: Sequence[str]) -> list[tuple[str, str, str]]:
    """Split measures in a row into what precedes them, what is each one's own, and what is measured of all."""
    last, head = _without_head(attributes[-1], attributes)
    prefix = ""
    if "的" in attributes[0][1:] and len(attributes) > 1 and "的" not in last:
        at = attributes[0].rindex("的") + 1
        prefix, attributes = attributes[0][:at], [attributes[0][at:], *attributes[1:]]
    return [(prefix, each, head) for each in [*attributes[:-1], last]]


def _without_head(last: str, attributes: Sequence[str]) -> tuple[str, str]:
    """Return the last measure of a row, parted into its own words and those that belong to all."""
    if len(attributes) == 1:
        return last, ""
    if group := _GROUP.search(last, 1):
        return last[: group.start()], last[group.end() :].removeprefix("的")
    first = [word for word, _ in tagged(attributes[0])]
    if (at := last.find("的")) > 0 and "的" not in attributes[0]:
        at = len("".join(word for word, _ in _before_verbs(tagged(last[:at]), len(first))))
        return last[:at], last[at:]
    words = [word for word, _ in tagged(last)]
    own = _own_words(first, words, len(attributes))
    return "".join(words[:own]), "".join(words[own:])


def _before_verbs(words: Sequence[tuple[str, str]], least: int) -> Sequence[tuple[str, str]]:
    """Return words without the verbs at their end, at least so many: 水利 of 「水利完成」."""
    while len(words) > least and words[-1][1][0] == "v":
        words = words[:-1]
    return words


def _own_words(first: Sequence[str], last: Sequence[str], count: int) -> int:
    """Return how many words of the last measure are its own, given those of the first."""
    if first[-1][-1] == last[-1][-1]:
        return len(last)
    if first[-1] in last:
        return last.index(first[-1]) + 1
    if len(first) > 1 or _COMPLETE.search(first[-1]):
        return len(last) - (_GOAL_ALONE.fullmatch(last[-1]) is not None)
    relational = 0
    while relational < len(last) - 1 and _RELATIONAL.fullmatch(last[-1 - relational]):
        relational += 1
    return len(last) - relational if count == 2 and len(last) > 2 and relational else 1


def _completed(item: Operand, other: Operand) -> Operand:
    """Return one of two figures with the place, the year and the measure that only the other names."""
    dated = bool(item.period) and item.period != other.period
    return Operand(
        item.subject or other.subject,
        item.period or other.period,
        _measure(item, other, dated),
    )


def _measure(item: Operand, other: Operand, dated: bool) -> str:
    """Return what is measured, where one of two says only 目标, only 产量, or only what differs."""
    mine, whole = item.attribute, other.attribute
    if not whole or mine == whole:
        return mine
    if not mine:
        return other.plain if dated else whole
    if _GOAL_ALONE.fullmatch(mine):
        return other.plain + mine if _GOAL.fullmatch(mine) else other.plain
    if other.plain.endswith(mine):
        return other.plain
    if item.subject and other.subject and item.subject != other.subject:
        return mine
    return _substituted(mine, whole)


def _substituted(mine: str, whole: str) -> str:
    """Complete 「光伏」 beside 「水电新增装机」 to 「光伏新增装机」, word for word."""
    words, own = [word for word, _ in tagged(whole)], [word for word, _ in tagged(mine)]
    if own[-1][-1] == words[-1][-1] or _COMPLETE.search(mine):
        return mine
    alike = [place for place, word in enumerate(words[:-1]) if word[-1] == own[-1][-1]]
    if alike:
        lead = words[0] if tagged(whole)[0][1] == "p" else ""
        return "".join((lead, mine, *words[alike[0] + 1 :]))
    if "的" in whole and "的" not in mine:
        return mine + whole[whole.rindex("的") :]
    if _RELATIONAL.fullmatch(own[-1]):
        return mine
    return "".join((mine, *words[len(own) :])) if len(own) < len(words) else mine
