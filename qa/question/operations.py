"""Questions that compute or compare: which operation, over which figures.

「水电、风电、光伏装机合计多少」, 「河南粮食产量比江苏多多少」, 「比较四川、重庆的GDP增长目标」. What is no such
question, or one whose figures cannot be told apart, is left to be read as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from index.text import align
from qa.language import lexicon
from qa.language.quantities import Unit, unit_in
from qa.question.operands import Operand, OperandTable, grid, pair

MAX_FIGURES = 36
"""Figures that one question may ask for; each is read for by itself."""
MAX_CHARACTERS = 300
"""A longer question tells a story; what it computes with cannot be told apart."""


class Operation(StrEnum):
    """What is done with the figures."""

    SUM = "sum"
    DIFFERENCE = "difference"
    RATIO = "ratio"
    SHARE = "share"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Task:
    """A question that computes or compares.

    Attributes:
        operation: what to do.
        grid: the figures; of a difference, a ratio and a share exactly two.
        asks: what to put behind the name of a figure to ask for it.
        unit: the unit the result is asked in, with its multiplier, or None.
        picks: 「多」 where the question asks which is more, 「少」 which is less; empty where it does not.
    """

    operation: Operation
    grid: OperandTable
    asks: str = "是多少"
    unit: tuple[Unit, int] | None = None
    picks: str = ""

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


def understand(question: str) -> Task | None:
    """Return what a question computes or compares; None for any other question.

    Args:
        question: standalone, in its plain written form (`qa.question.normalizing`).
    """
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
