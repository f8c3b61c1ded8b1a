"""What a question wants of a table: a cell, the largest, a sum, a difference; and the words that say of what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from index.text import align, fold
from qa.language.grammar import tagged
from qa.language.lexicon import INTERROGATIVES
from qa.language.measures import asked_dimensions, dimension
from qa.language.quantities import Unit, unit_in
from qa.tables.words import Words, words


class Wanted(StrEnum):
    """What is to be found or computed."""

    CELL = "cell"
    MOST = "most"
    SUM = "sum"
    MEAN = "mean"
    DIFFERENCE = "difference"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Request:
    """A question taken apart for tables."""

    wanted: Wanted  # what of
    words: Words  # what is left of the question without the words that say what is wanted
    least: bool = False  # whether the smallest is asked for, not the largest
    names: bool = True  # whether whose the largest is, not how much it is
    rate: bool = False  # whether a change is asked for in hundredths
    kind: str = ""  # what the answer is one of: 部门 of 「哪个部门」; empty where that is not said
    unit: tuple[Unit, int] | None = None  # the unit the answer is asked in, or None
    figure: bool = False  # whether a figure is asked for, as far as the question tells
    dimensions: frozenset[str] = frozenset()  # what it measures, as far as unit or wording tell: money of 「最贵」
    column: re.Pattern[str] | None = None  # what the column asked for is called: persons for 谁, places for 哪里


_LARGE, _SMALL = "多高大长快晚重贵强好", "少低小短慢早轻便宜弱差"
_MOST = re.compile(
    rf"(?:最|更)(?P<way>便宜|[{_LARGE}{_SMALL}])(?:的)?|(?P<first>排(?:名|在)?第?一|第一名|居首(?:位)?|排首位|排名靠前)"
    r"|(?P<last>排(?:名)?(?:最后|末位)|垫底)"
)
_THE_MOST = re.compile(rf"最(?:便宜|[{_LARGE}{_SMALL}])的(?P<kind>[\u4e00-\u9fff]{{1,6}})$")
"""Asks which without saying so: 「上半年受理最多的街道」."""
_ALL = re.compile(r"(?:所有|全部|全体)(?:的)?(?P<what>[\u4e00-\u9fff]{1,8}?)的?总(?=[\u4e00-\u9fff]{2})")
_SO_MANY = re.compile("(?:这|那)?[两三四五六七八九十]{1,2}(?:个(?!月)|家|所|座|条|项|处|种|类|位|名)")
"""Says how many things are summed up, which the table need not say: 「下游两个乡镇」."""
_WAYS = {"length": "[长短远近]", "money": "贵|便宜", "mass": "[重轻]"}
_KINDS = (
    (re.compile("谁|哪位"), re.compile("(?:人|员|者|长|医|师|姓名|主任)$")),
    (re.compile("哪里|哪儿|何处|什么地方|(?:在|往|到)哪$"), re.compile("地[点址]|位置|场所|所在|[点处址]$")),
)
_WHICH = re.compile(
    r"(?:是)?(?:哪(?:一|几)?(?:[个些家座种类项条名位所台间处款门支辆只片块届批]|年|天|月|季度?)?|什么|谁)(?P<kind>[\u4e00-\u9fff]{0,6})"
)
_BEFORE_WHICH = re.compile(r"的(?P<kind>(?![是为])[\u4e00-\u9fff]{1,6}?)(?:分别)?(?:是|为)?(?:哪|什么|谁)")
_WHEN = re.compile("哪(?:一|几)?(?:年|天|月|季)")
"""What follows is no kind of thing: 出口额 of 「哪年出口额最高」."""
_SUM = re.compile(
    "合计|共计|总计|总共|一共|合共|总和|之和|加起来|加在一起|相加|加总|累计共|总数|共(?=有?多少|是多少|几)"
)
_MEAN = re.compile("平均(?:值|数|每[个家项])?")
_RATE = re.compile("百分之|百分比|增长率|增幅|增速|降幅|百分点|%|几个百分")
_CHANGE = re.compile(
    "(?:增加|增长|提高|上升|上涨|提升|扩大|减少|下降|降低|回落|下跌|缩小|变化)"
    "(?:了|额|量|值)?(?=多少|几|百分之|了|$|的?幅度|是多少)"
)
_APART = re.compile("相差|差距|差额|差值|之差|差(?=了?多少|几)|[多少高低](?:[出了])?(?=多少|几)")
_LONGER = re.compile(rf"[{_LARGE}{_SMALL}远近](?:[出了])?(?=多少|几)")
"""The same behind 比: 「101路比102路长几公里」."""
_THAN = re.compile("比(?!例|重|率|较)")
_TIMES = re.compile("几倍|多少倍")
_HOW_MUCH = re.compile(
    r"(?:分别)?(?:是|为|有|达到?|约)?(?:多少|几)(?P<unit>[十百千万亿]*[a-z%\u4e00-\u9fff]{0,5})$|多少|多大|多高|多长|多重|几"
)
_SAID = re.compile(r"告诉我|查一下|帮我|根据(?:表格|表|文件|文档)|表格?(?:中|里|内|上)|比(?!例|重|率|较)|[，,、；;]")
_ASKING = re.compile(INTERROGATIVES)
_END = re.compile(r"[\s?？。!！.]+$")
_FIGURED = re.compile("多少|几|数|额|量|率|金额|价|费用?$")


def requested(question: str) -> Request:
    """Return what a question wants of a table."""
    text = _ALL.sub(r"\g<what>合计", _END.sub("", align(question)))
    figure = bool(_FIGURED.search(text))
    asked = _HOW_MUCH.search(text)
    unit = unit_in(asked["unit"]) if asked and asked["unit"] else None
    measured = asked_dimensions(text, fold(unit[0].name) if unit else "") | {
        name for name, way in _WAYS.items() if re.search(f"[最更](?:{way})|(?:{way})[出了]?(?:多少|几)", text)
    }
    which = _WHICH.search(text)
    if (most := _MOST.search(text)) and (which or asked or "第" in most.group() or _THE_MOST.search(text)):
        kind = _kind(text)
        way = most["way"] or ""
        rest = _MOST.sub(" ", _WHICH.sub(lambda found: f" {found['kind']} ", text))
        least = way in ("便宜", *_SMALL) or bool(most["last"])
        names = which is not None or not asked
        return Request(Wanted.MOST, _left(rest), least, names, False, kind, unit, True, measured)
    for wanted, pattern in (
        (Wanted.RATIO, _TIMES), (Wanted.MEAN, _MEAN), (Wanted.SUM, _SUM), (Wanted.DIFFERENCE, _CHANGE),
        (Wanted.DIFFERENCE, _LONGER if _THAN.search(text) else _APART),
    ):  # fmt: skip
        if pattern.search(text) and (asked or wanted is Wanted.SUM or _RATE.search(text)):
            rest = _SO_MANY.sub(" ", pattern.sub(" ", text))
            rate = bool(_RATE.search(text))
            left = _left(_RATE.sub(" ", rest) if rate else rest)
            return Request(wanted, left, rate=rate, unit=unit, figure=True, dimensions=measured)
    column = next((names for asking, names in _KINDS if asking.search(text)), None)
    return Request(Wanted.CELL, _left(text), False, True, False, _kind(text), unit, figure, measured, column)


def _kind(text: str) -> str:
    """Return what the answer is one of: 水厂 of 「哪个水厂浊度更低」, 部门 of 「最多的部门是哪个」."""
    if behind := _BEFORE_WHICH.search(text) or _THE_MOST.search(text):
        return behind["kind"]
    which = _WHICH.search(text)
    if not which or not which["kind"] or _WHEN.search(text):
        return ""
    word, tag = tagged(which["kind"])[0]
    return word if tag[0] in "njlqsz" else ""


def _left(text: str) -> Words:
    """Return the words of a question that say what it is about."""
    asked = _HOW_MUCH.search(text)
    counted = _counted(asked["unit"]) if asked else ""
    said = words(_SAID.sub(" ", _ASKING.sub(" ", _HOW_MUCH.sub(" ", text))))
    tokens = (*said.tokens, "", *words(counted).tokens) if counted else said.tokens
    spare = -1 << len(said.tokens)
    for at, (token, following) in enumerate(pairwise(tokens)):
        if following == "数" and token and unit_in(token):  # 件数 of a column in 件
            spare |= 3 << at
    return Words(tokens, spare)


def _counted(unit: str | None) -> str:
    """Return what is counted behind 多少: 张床位, 学生; empty where it is a unit of measure alone."""
    found = unit_in(unit or "")
    return "" if found and dimension(found[0].name) not in ("count", "people") else unit or ""
