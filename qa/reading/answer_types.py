"""Check the form of an answer: a telephone number has digits, a person has a name.

A candidate of another shape does not answer, however well its words fit: 「投诉电话是多少」 is not answered by the
sentence that asks for such a telephone.
"""

from __future__ import annotations

import re

from index.numerals import NUMERAL
from index.text import align
from qa.language.grammar import Candidate, Kind, candidates, tagged
from qa.language.measures import dimension
from qa.question.analysis import Question

_END = r"(?:是|为)?(?:多少|什么|啥|哪个|几号|[?？]|$)"
_SHAPES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(rf"(?<![打拨])(?:电话|热线|手机|联系方式)(?:号码?)?{_END}|(?:哪个|什么|啥)(?:电话|热线)"),
        re.compile(r"\d[\d-]{2}"),
    ),
    (re.compile(rf"(?:邮箱|e-?mail|邮件)(?:地址)?{_END}"), re.compile("@")),
    (re.compile(rf"(?:网址|网站地址|网页地址){_END}"), re.compile(r"https?:|www\.|\.(?:cn|com|gov|org|net)\b")),
    (
        re.compile("第几[条款章节编项]|哪一?[条款章节](?=规定|里|中|讲|说|写|提|要求|明确|$)|依据哪一?[条款]"),
        re.compile(f"第{NUMERAL}+[条款章节编项]"),
    ),
)
"""What asks for a shape, and the shape."""
_ASKS_PERSON = re.compile("哪一?位|谁是(?:领导|院长|局长|主任|书记)|(?:长|主任|书记|姓名)(?:是|叫)(?:谁|什么|啥)")
# Says how much without a figure: 翻番, 免费, 一半.
_NO_FIGURE = re.compile("翻|半|倍|分之|免费|无偿|免收|不收|全部|全额|全覆盖|为零")
_BRIEF = 20
"""Characters of an answer that says how much without a figure."""
_FIGURE = re.compile("[0-9０-９〇零一二两三四五六七八九十百千]")
_MAGNITUDE = re.compile("(?:多少|几)[十百千]?[万亿]")
_RATE = re.compile("增速|增幅|降幅|增长率|下降率|百分之几|百分比|占比|比例(?:是|为|有|达|占|要|不|$|[?？])")
"""Asks for a share, whatever unit it may be written in."""


def misshapen(question: Question, text: str) -> bool:
    """Return whether a text cannot be the answer because it lacks the shape that the question asks for."""
    asked, told = align(question.text), align(text)
    if _ASKS_PERSON.search(asked) and not any(tag.startswith("nr") for _, tag in tagged(told)):
        return True
    return any(asks.search(asked) and not shape.search(told) for asks, shape in _SHAPES)


def mismeasured(question: Question, candidate: Candidate, text: str) -> bool:
    """Return whether a question names the unit that it wants and a candidate measures something else, or nothing."""
    told = len(text) <= _BRIEF and _NO_FIGURE.search(align(text)) is not None
    if question.kinds[:1] != (Kind.QUANTITY,) or told:
        return False
    units = _units(candidate, text)
    if question.unit:
        return all(unit and dimension(unit) not in question.dimensions for unit in units)
    asked, told_as = align(question.text), set(map(dimension, units))
    if _RATE.search(asked):
        return not told_as & {"share", ""}  # of a cell the caption may say the unit
    return bool(units) and _MAGNITUDE.search(asked) is not None and told_as == {"share"}


def _units(candidate: Candidate, text: str) -> list[str]:
    """Return the units of the figures of a candidate."""
    if candidate.kind is Kind.QUANTITY and _FIGURE.search(text):
        return [candidate.unit]
    return [each.unit for each in candidates(text) if each.kind is Kind.QUANTITY]
