"""Combine several figures into one answer: their sum, difference, ratio or a table, each figure cited.

Computed exactly or refused: a figure that is missing, another unit, another kind or another time, and there is no
answer but the reason. The result itself stands in no document, so the short answer is left out; it is shown with
the whole calculation, each figure with its marker.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from index.filters import Filter
from index.records import Span
from index.text import fold
from qa.answers import Answer, Citation, Conflict
from qa.computing.contradictions import conflict_of, conflict_text, differs
from qa.computing.figures import Figure, figure_of, kinds_differ, names_of, others_of, stated_total
from qa.computing.tabulating import markdown
from qa.language.grammar import Kind
from qa.language.quantities import Unit, amount_text, decimal, unit_of
from qa.protocols import DocumentOf
from qa.question.analysis import analyse
from qa.question.operations import MAX_FIGURES, Operand, Operation, Task
from qa.reading.citations import Numbered, quoted, unmarked
from qa.reading.extractive_reader import SURE
from qa.reading.joining import added, merged
from qa.reading.matching import Site, match, sites

MISSING = "文中没有"
"""A cell of a table for which no document has a figure."""

UNSURE = "未能确定"
"""A cell for which documents have something that is not certainly the figure."""

_LIMITED = "原文的数字带有{bounds}等限定，结果按所列数字计算。"
_ROUNDED = "（四舍五入，保留两位小数）"
_DOUBT = 0.25
"""What is left of the reader's doubt where the figure's own words say the same."""

_PART_MISSING = 0.9
"""What a cell that is missing leaves of the confidence in a table: the figure may stand there in other words."""
Marker = Callable[[Citation], str]
"""Gives a citation its marker."""
Ask = Callable[[str, Filter | None], Answer]
"""A standalone question, and the documents to answer it from (all, where None), to its complete answer."""
_SAID = {
    Operation.SUM: re.compile("合计|共计|总计|总共|一共|总和|合共|共"),
    Operation.DIFFERENCE: re.compile("比(?!重|例)|较|高于|低于|多于|少于|高出|差距|相差"),
    Operation.RATIO: re.compile("倍"),
    Operation.SHARE: re.compile("占|比重|比例|份额"),
}
"""What stands beside a figure that the document itself has computed."""


def answer_of(turn: str, question: str, task: Task, ask: Ask, document_of: DocumentOf) -> Answer:
    """Return what the document itself says, where it states the result; else what is computed from the figures."""
    if len(task.figures) > MAX_FIGURES:
        reason = f"一次最多比较或计算 {MAX_FIGURES} 个数字，这里有 {len(task.figures)} 个：请分几次问。"
        return Answer(turn, question, reason, abstained=True)
    if task.operation is not Operation.TABLE and says(task, stated := ask(question, None)):
        return stated
    return combined(turn, question, task, _parts(task, ask, document_of), document_of)


def _parts(task: Task, ask: Ask, document_of: DocumentOf) -> list[Part]:
    """Return every figure; figures without a subject are read in one document, as they belong together."""
    parts = [_part(task, index, ask, document_of) for index in range(len(task.figures))]
    if all(operand.subject for operand in task.figures) or len(documents := _documents(parts)) < 2:
        return parts
    document = documents.most_common(1)[0][0]
    own = Filter(documents=frozenset((document,)))
    strays = [index for index, part in enumerate(parts) if _documents([part]).keys() - {document}]
    return [_part(task, index, ask, document_of, own) if index in strays else part for index, part in enumerate(parts)]


def _documents(parts: Sequence[Part]) -> Counter[str]:
    """Return how many of the figures each document has."""
    return Counter(part.figure.citation.passage.document_id for part in parts if part.figure)


def _part(task: Task, index: int, ask: Ask, document_of: DocumentOf, within: Filter | None = None) -> Part:
    """Return one figure, asked for as the question does, then plainly and in other words, until there is one."""
    operand = task.figures[index]
    asked = dict.fromkeys((task.question(operand), *(f"{name}是多少" for name in names_of(operand))))
    parts: list[Part] = []
    for question in asked:
        parts.append(part_of(operand, ask(question, within), document_of))
        if parts[-1].figure:
            return parts[-1]
    return next((part for part in parts if not part.answer.abstained), parts[0])


@dataclass(frozen=True, slots=True)
class Part:
    """What was found for one operand: the answer, the figure in it to rely on, and what other documents say instead."""

    operand: Operand
    answer: Answer
    figure: Figure | None
    rivals: tuple[Figure, ...] = ()


def part_of(operand: Operand, answer: Answer, document_of: DocumentOf) -> Part:
    """Return an operand with its answer, the figure in that, and those of other documents that contradict it."""
    figure = figure_of(operand, answer)
    others = others_of(figure, answer.hits, document_of) if figure else []
    rivals = [each for each in others if figure and differs(figure, each)]
    return Part(operand, answer, figure, tuple(rivals))


class _Incomparable(Exception):
    """The figures do not go together; the message says why, in Chinese."""


def combined(turn: str, question: str, task: Task, parts: Sequence[Part], document_of: DocumentOf) -> Answer:
    """Return one answer out of the figures of a task, one part an operand, in the task's order.

    A calculation or a table, its citations numbered through; `short` only where a document states the result itself.
    Abstained, with the reason, where it cannot be computed exactly.
    """
    numbered = Numbered()
    short = None
    try:
        if task.operation is Operation.TABLE:
            told = _table(task, parts, numbered)
        else:
            told, short = _computed(task, parts, numbered)
    except _Incomparable as reason:
        return _answer(turn, question, str(reason), parts)
    conflicts = _conflicts(parts, numbered, document_of)
    return dataclasses.replace(
        _answer(turn, question, "\n".join((told, *map(conflict_text, conflicts))), parts),
        conflicts=conflicts,
        short=short,
        citations=tuple(numbered.citations),
        abstained=False,
        confidence=_confidence(parts),
    )


def _answer(turn: str, question: str, text: str, parts: Sequence[Part]) -> Answer:
    answers = [part.answer for part in parts]
    return Answer(
        turn,
        question,
        text,
        hits=merged(answers),
        abstained=True,
        timing=added(answers),
        expandable=any(answer.expandable for answer in answers),
    )


def _computed(task: Task, parts: Sequence[Part], numbered: Numbered) -> tuple[str, str | None]:
    """Return the calculation as one line, remarks about it, and the result where a document states it too."""
    figures = _comparable(task, parts)
    line = _OPERATIONS[task.operation](task, figures, numbered.marker)
    stated = stated_total(figures) if task.operation is Operation.SUM else None
    lines = [line, *_remarks(figures)]
    if stated is None:
        return "\n".join((*lines, *map(quoted, numbered.citations))), None
    agrees = stated.quantity.amount == sum((figure.quantity.amount for figure in figures), Fraction(0))
    said = f"原文写明合计{unmarked(stated.text)}{numbered.marker(stated.citation)}"
    lines.append(f"{said}，与各项之和一致。" if agrees else f"{said}，与各项之和不一致，请核对原文。")
    return "\n".join((*lines, *map(quoted, numbered.citations))), stated.text if agrees else None


def _conflicts(parts: Sequence[Part], numbered: Numbered, document_of: DocumentOf) -> tuple[Conflict, ...]:
    """Return what several documents say of the same figure, side by side with their dates."""
    return tuple(
        conflict_of(part.operand.name, (part.figure, *part.rivals), numbered.number, document_of)
        for part in parts
        if part.figure and part.rivals
    )


def _comparable(task: Task, parts: Sequence[Part]) -> list[Figure]:
    """Return the figures of all operands.

    Raises:
        _Incomparable: if one is missing, or they do not go together.
    """
    if lacking := [part.operand.name for part in parts if part.figure is None]:
        raise _Incomparable(f"无法计算：{_names(lacking)}在文档中没有找到可以引用的数字。")
    figures = [part.figure for part in parts if part.figure]
    places = {(figure.citation.passage.document_id, figure.span) for figure in figures}
    if len(places) < len(figures):
        raise _Incomparable("无法计算：文档中只有一个数字，分不清是哪一项的。")
    if len({figure.citation.passage.document_id for figure in figures if not figure.operand.subject}) > 1:
        raise _Incomparable(
            "无法计算：这些数字出自不同的文档，说的不是同一个对象；请在问题里写明是哪个地方、哪份文档的。"
        )
    if not all(figure.quantity.comparable(figures[0].quantity) for figure in figures):
        units = "、".join(dict.fromkeys(figure.text for figure in figures))
        raise _Incomparable(f"无法计算：这些数字的单位不同（{unmarked(units)}），不能放在一起算。")
    if reason := next(_unlike(task, figures), None):
        raise _Incomparable(f"无法计算：这些数字口径不同，{reason}。")
    return figures


def _unlike(task: Task, figures: Sequence[Figure]) -> Iterator[str]:
    yield from kinds_differ(figures)
    unit = figures[0].quantity.unit
    if not unit.name:
        yield "原文没有写单位"
    if task.operation is Operation.SUM and unit.family in {"share", "points"}:
        yield "百分比不能相加"
    if task.unit and task.unit[0].family not in {unit.family, "points" if unit.family == "share" else unit.family}:
        yield f"原文用的单位不是所问的{task.unit[0].name}"


def _sum(task: Task, figures: Sequence[Figure], marker: Marker) -> str:
    total = sum((figure.quantity.amount for figure in figures), Fraction(0))
    result = _told(total, *_unit(task, figures[0]))
    terms = " + ".join(_term(figure, figures[0], marker) for figure in figures)
    return f"合计{result}：{terms} = {result}。"


def _difference(task: Task, figures: Sequence[Figure], marker: Marker) -> str:
    more, less = sorted(figures, key=lambda figure: -figure.quantity.amount)
    unit, multiplier = _unit(task, figures[0])
    if unit.family == "share":
        unit, multiplier = unit_of("个百分点"), 1
    if more.quantity.amount == less.quantity.amount:
        return f"两者相同：{_term(figures[0], figures[0], marker)}，{_term(figures[1], figures[0], marker)}。"
    result = _told(more.quantity.amount - less.quantity.amount, unit, multiplier)
    calculation = f"{_term(more, figures[0], marker)} − {_term(less, figures[0], marker)} = {result}"
    return f"{more.operand.label}比{less.operand.label}多{result}：{calculation}。"


def _ratio(task: Task, figures: Sequence[Figure], marker: Marker) -> str:
    whole, base = figures
    terms, sign, about, number, note = _divided(whole, base, marker)
    return f"{whole.operand.label}{about}是{base.operand.label}的{number}倍：{terms} {sign} {number}{note}。"


def _share(task: Task, figures: Sequence[Figure], marker: Marker) -> str:
    part, whole = figures
    if part.quantity.amount > whole.quantity.amount > 0:
        raise _Incomparable("无法计算：文档中这一部分的数字比总数还大，两个数字的口径不同。")
    terms, sign, about, number, note = _divided(part, whole, marker, 100)
    return f"{part.operand.label}{about}占{whole.operand.label}的{number}%：{terms} {sign} {number}%{note}。"


def _divided(figure: Figure, base: Figure, marker: Marker, scale: int = 1) -> tuple[str, str, str, str, str]:
    """Return the terms of a division, its sign, 约 where it is rounded, the quotient, and how it was rounded."""
    if base.quantity.amount == 0:
        raise _Incomparable("无法计算：作除数的数字是零。")
    number, exact = decimal(figure.quantity.amount / base.quantity.amount * scale)
    terms = f"{_term(figure, figure, marker)} ÷ {_term(base, figure, marker)}"
    return (terms, "=", "", number, "") if exact else (terms, "≈", "约", number, _ROUNDED)


_OPERATIONS: dict[Operation, Callable[[Task, Sequence[Figure], Marker], str]] = {
    Operation.SUM: _sum,
    Operation.DIFFERENCE: _difference,
    Operation.RATIO: _ratio,
    Operation.SHARE: _share,
}


def _unit(task: Task, first: Figure) -> tuple[Unit, int]:
    """Return the unit of a result: the one that is asked for, else that of the first figure."""
    if task.unit and task.unit[0].family == first.quantity.unit.family:
        return task.unit
    return first.quantity.unit, first.quantity.multiplier


def _told(amount: Fraction, unit: Unit, multiplier: int) -> str:
    shown, exact = amount_text(amount, unit, multiplier)
    return shown if exact else f"约{shown}"


def _term(figure: Figure, first: Figure, marker: Marker) -> str:
    """Return a figure as it stands, with its marker, and converted where the first one has another unit."""
    quantity = figure.quantity
    term = f"{figure.operand.label}{unmarked(figure.text)}{marker(figure.citation)}"
    if quantity.unit == first.quantity.unit:
        return term
    return f"{term}（即{_told(quantity.amount, first.quantity.unit, first.quantity.multiplier)}）"


def _remarks(figures: Sequence[Figure]) -> list[str]:
    bounds = "、".join(f"“{bound}”" for bound in dict.fromkeys(figure.bound for figure in figures) if bound)
    return [_LIMITED.format(bounds=bounds)] if bounds else []


def _names(names: Sequence[str]) -> str:
    return "、".join(f"「{name}」" for name in names)


def _table(task: Task, parts: Sequence[Part], numbered: Numbered) -> str:
    """Return the figures in rows and columns, and which is the most where that is asked."""
    if all(part.answer.abstained for part in parts):
        raise _Incomparable(f"文档中没有找到{_names([part.operand.name for part in parts])}。")
    width = len(task.grid.columns)
    cells = [_cell(part, numbered.marker) for part in parts]
    rows = [cells[at : at + width] for at in range(0, len(cells), width)]
    lines = [
        markdown([("", *task.grid.columns), *((name, *row) for name, row in zip(task.grid.rows, rows, strict=True))])
    ]
    return "\n".join((*lines, *_verdict(task, parts, numbered.marker)))


def _cell(part: Part, marker: Marker) -> str:
    answer = part.answer
    if part.figure:
        return f"{unmarked(part.figure.text)}{marker(part.figure.citation)}"
    if answer.abstained or not answer.citations:
        return MISSING
    return f"{UNSURE}，见{marker(answer.citations[0])}"


def _verdict(task: Task, parts: Sequence[Part], marker: Marker) -> list[str]:
    """Return which of the figures is the most, or the least, where the question asks that."""
    if not task.picks or len(task.grid.columns) > 1:
        return []
    try:
        figures = _comparable(task, parts)
    except _Incomparable as reason:
        return [str(reason).replace("无法计算", "无法比较")]
    amounts = [figure.quantity.amount for figure in figures]
    best = max(amounts) if task.picks == "多" else min(amounts)
    named = "、".join(
        f"{figure.operand.label}（{unmarked(figure.text)}{marker(figure.citation)}）"
        for figure in figures
        if figure.quantity.amount == best
    )
    return [f"{'最多' if task.picks == '多' else '最少'}的是{named}。", *_remarks(figures)]


def _confidence(parts: Sequence[Part]) -> float:
    """Return how likely all figures are right: figures of one quote stand and fall together, others by themselves."""
    sure: dict[tuple[str, Span], float] = {}
    for part in parts:
        if part.answer.citations:
            citation = part.answer.citations[0]
            place = (citation.passage.document_id, citation.quote)
            doubt = (1.0 - part.answer.confidence) * (_DOUBT if part.figure else 1.0)
            sure[place] = min(sure.get(place, 1.0), 1.0 - doubt)
    missing = sum(not part.answer.citations for part in parts)
    return prod(sure.values()) * _PART_MISSING**missing


def says(task: Task, answer: Answer) -> bool:
    """Return whether an answer to the whole question is what the document itself says of all its figures together."""
    if answer.confidence < SURE or not answer.citations or not answer.short:
        return False
    citation, short = answer.citations[0], fold(answer.short)
    passage = citation.passage
    figures = [site for site in sites(passage.text) if site.candidate.kind is Kind.QUANTITY]
    for place, site in enumerate(figures):
        inside = citation.quote.contains(site.candidate.span.shift(passage.span.start))
        if inside and site.value == short and _of_all(task, _beside(passage.text, figures, place), site.clause):
            return True
    return False


def _beside(text: str, figures: Sequence[Site], place: int) -> tuple[str, str]:
    """Return what stands before and behind a figure, up to its neighbours or the ends of its clause; folded."""
    clause, span = figures[place].candidate.clause, figures[place].candidate.span
    before = max((each.candidate.span.end for each in figures[:place]), default=0)
    behind = min((each.candidate.span.start for each in figures[place + 1 :]), default=len(text))
    return fold(text[max(clause.start, before) : span.start]), fold(text[span.end : min(clause.end, behind)])


def _of_all(task: Task, beside: tuple[str, str], clause: str) -> bool:
    """Return whether the words beside a figure name all that is asked about, or its clause says what was computed."""
    words = [term.text for operand in task.figures for term in analyse(operand.label).terms]
    held = any("分别" not in side and all(match(word, side) for word in words) for side in beside)
    told = _SAID[task.operation].search(clause) is not None
    return held if task.operation is Operation.SUM else told and (held or all(match(word, clause) for word in words))
