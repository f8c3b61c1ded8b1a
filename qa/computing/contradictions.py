"""Find documents that give different values for one figure, and show the values side by side with dates.

Only what is said of the same thing contradicts: of the same subject and time, as much aimed at or done, added or in
all, in units that convert, with no word more on either side that makes it another thing. Versions of one document do
not contradict one another, and neither do figures that only differ by rounding.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from index.structure.versions import Validity, Versions, spoken
from index.text import align, fold
from qa.answers import Answer, Citation, Conflict, Said
from qa.computing.figures import Figure, figure_of, others_of
from qa.language.grammar import tagged
from qa.language.periods import without_periods
from qa.protocols import DocumentOf
from qa.question.analysis import INTERROGATIVE, analyse
from qa.question.operations import Operand
from qa.reading.citations import unmarked

_ROUNDED = Fraction(1, 200)
"""Two figures that differ by less are taken for one that was rounded."""
_TELLS_APART = re.compile("[nbjazsf]|vn|eng")
_MEASURE = re.compile("(?:[量额率值数费价幅速]|规模|面积|能力|水平|计划|目标|任务|指标|项目|建设|发电|总体|资金|标准)$")
_OWN_PLACE = re.compile("全[国省市区县州]|[我本][省市区县州]")
_ASIDE = "ucpxyremqtdf"
"""Parts of speech, in the tagger's letters, that are no part of what is measured."""
_SAYS_THAT_IT_IS = ("是", "有", "为", "要", "达到", "会", "需", "应")
_PAST = frozenset({Validity.REPEALED, Validity.REPLACED, Validity.EXPIRED})


def with_conflicts(answer: Answer, question: str, document_of: DocumentOf, versions: Versions, today: str) -> Answer:
    """Return an answer that says what other documents say of its figure; as it is, where none contradicts it."""
    if answer.abstained or not answer.citations or not answer.short:
        return answer
    operand = asked_of(question)
    figure = figure_of(operand, answer) if operand else None
    if figure is None or fold(figure.text) not in fold(answer.short):
        return answer
    others = others_of(figure, answer.hits, document_of)
    rivals = [each for each in others if differs(figure, each) and not _is_past(figure, each, versions, today)]
    return _with(answer, figure, rivals, document_of) if rivals else answer


def asked_of(question: str) -> Operand | None:
    """Return the one figure that a question asks for; None for several places, or for nothing that is measured."""
    asked = analyse(question)
    subject = asked.places[0] if len(asked.places) == 1 else ""
    left_out = {*_SAYS_THAT_IT_IS, "", fold(asked.unit), *(word for word, _ in tagged(subject))}
    words = [
        word
        for word, tag in tagged(without_periods(INTERROGATIVE.sub(" ", align(question)), " "))
        if tag[0] not in _ASIDE and word.lstrip("十百千万亿") not in left_out
    ]
    return Operand(subject, "", "".join(words)) if words and len(asked.places) < 2 else None


def differs(figure: Figure, other: Figure) -> bool:
    """Return whether two figures for the same words, time and kind are of one thing and differ, not by rounding."""
    if not figure.quantity.unit.name or figure.bound != other.bound:
        return False
    gap = abs(figure.quantity.amount - other.quantity.amount)
    larger = max(abs(figure.quantity.amount), abs(other.quantity.amount))
    return gap > larger * _ROUNDED and not _told_apart(figure, other) and not _told_apart(other, figure)


def _told_apart(figure: Figure, other: Figure) -> bool:
    """Return whether a figure's own words hold one, as 分布式, that the other's sentence and the question do not."""
    known = fold(f"{other.citation.text} {figure.operand.name}")
    return any(
        _TELLS_APART.match(tag) and not (_MEASURE.search(word) or _OWN_PLACE.match(word)) and fold(word) not in known
        for word, tag in tagged(figure.own)
        if word.strip()
    )


def _is_past(figure: Figure, other: Figure, versions: Versions, today: str) -> bool:
    """Return whether the other's document is a version of the same work, or does not apply any more."""
    own, id = figure.citation.passage.document_id, other.citation.passage.document_id
    return any(version.document == id for version in versions.of(own)) or versions.validity(id, today) in _PAST


def conflict_of(
    name: str, figures: Sequence[Figure], number: Callable[[Citation], int], document_of: DocumentOf
) -> Conflict:
    """Return figures side by side, the one that the answer goes by first."""
    return Conflict(name, tuple(_said(figure, number(figure.citation), document_of) for figure in figures))


def _said(figure: Figure, number: int, document_of: DocumentOf) -> Said:
    passage = figure.citation.passage
    document = document_of(passage.document_id)
    return Said(number, figure.text, passage.title.strip("《》"), document.metadata.issued if document else None)


def conflict_text(conflict: Conflict) -> str:
    """Return a conflict as people read it, in one line."""
    said = "；".join(map(_spoken, conflict.said))
    return f"文档说法不一致：{unmarked(conflict.name)}，{said}。上面用的是第一个。"


def _spoken(said: Said) -> str:
    date = spoken(said.date) if said.date else "日期不明"
    return f"《{unmarked(said.title)}》（{date}）为{unmarked(said.value)}[{said.n}]"


def _with(answer: Answer, figure: Figure, rivals: Sequence[Figure], document_of: DocumentOf) -> Answer:
    first, last = answer.citations[0], len(answer.citations)
    added = [dataclasses.replace(each.citation, n=last + place) for place, each in enumerate(rivals, start=1)]
    sided = [dataclasses.replace(figure, citation=first)]
    sided += [dataclasses.replace(each, citation=citation) for each, citation in zip(rivals, added, strict=True)]
    conflict = conflict_of(figure.operand.name, sided, lambda citation: citation.n, document_of)
    return dataclasses.replace(
        answer,
        text=f"{answer.text}\n\n{conflict_text(conflict)}",
        citations=(*answer.citations, *added),
        conflicts=(*answer.conflicts, conflict),
    )
