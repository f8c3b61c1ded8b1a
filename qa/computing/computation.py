"""Read the figures that a question computes with, each by a question of its own, and combine them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from index.filters import Filter
from index.text import fold
from qa.answers import Answer
from qa.computing.combining import DocumentOf, Part, combined, part_of
from qa.computing.figures import names_of
from qa.language.grammar import Kind
from qa.question.analysis import analyse
from qa.question.operations import MAX_FIGURES, Operation, Task
from qa.reading.extractive_reader import SURE
from qa.reading.matching import Site, match, sites

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
    """Return the answer to a question that computes or compares.

    Args:
        turn: what was asked, as typed.
        question: the same, standalone.
        task: what it asks for.
        ask: reads one question.
        document_of: gives a document by its id.

    Returns:
        What the document itself says, where it states the result; else what is computed from the figures.
    """
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
