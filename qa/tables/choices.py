"""Boxes to tick: which of the options of a form is chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.loaders.tables import SEPARATOR
from index.records import Hit, Span
from qa.answers import Answer, Citation
from qa.protocols import DocumentOf
from qa.reading.citations import MAX_QUOTE, quoted, unmarked
from qa.tables.finding import unexplained
from qa.tables.words import Words, words

_TICKED, _EMPTY = "☑☒✓✔√■●", "☐□○◻"
BOX = re.compile(rf"[\[(（【]\s*(?P<mark>[√✓✔xX×]?)\s*[\])）】]|(?P<box>[{_TICKED}{_EMPTY}])")
"""A box, ticked or not."""
_OPTION = re.compile(r"[^\s，,；;。|、/]{1,30}")
_LABEL_MAX = 40
CONFIDENCE = 0.92
"""Confidence of what is ticked where the question names the label."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question of a form with its options."""

    hit: Hit  # the passage it stands in
    line: Span  # its line, in the passage
    label: str  # what is asked
    ticked: tuple[str, ...]  # the options that are chosen
    options: int  # how many there are


def answer_of(question: str, asked: Words, hits: Sequence[Hit], document_of: DocumentOf) -> Answer | None:
    """Return what is ticked in the boxes that a question asks about; None where it asks about none beyond doubt."""
    found: list[tuple[int, Choice]] = []
    for hit in hits:
        around = asked.cover(words(" ".join((hit.passage.title, *hit.passage.section_path))))
        for choice in _choices(hit):
            held = asked.cover(words(choice.label))
            if held and not unexplained(asked, held | around):
                found.append((held.bit_count(), choice))
    if not found:
        return None
    most = max(count for count, _ in found)
    best = [choice for count, choice in found if count == most]
    if len({(choice.label, choice.ticked) for choice in best}) > 1:
        return None
    document = document_of(best[0].hit.passage.document_id)
    return _told(question, best[0], hits, document.source if document else best[0].hit.passage.title)


def _told(question: str, choice: Choice, hits: Sequence[Hit], source: str) -> Answer:
    passage = choice.hit.passage
    label = f"「{unmarked(choice.label)}」"
    if not choice.ticked:
        return Answer(question, question, f"{label}下面的选项一个也没有勾选。", hits=tuple(hits), abstained=True)
    quote = choice.line.shift(passage.span.start)
    citation = Citation(1, passage, source, Span(quote.start, min(quote.end, quote.start + MAX_QUOTE)))
    chosen = "、".join(choice.ticked)
    text = f"{label}勾选的是「{unmarked(chosen)}」[1]。\n{quoted(citation)}"
    return Answer(question, question, text, chosen, (citation,), tuple(hits), confidence=CONFIDENCE)


def _choices(hit: Hit) -> Iterator[Choice]:
    """Yield the lines of a passage with boxes, each cell with its label: what is before it, or in the cell before."""
    start = 0
    for line in hit.passage.text.split("\n"):
        label = ""
        for piece in line.split(SEPARATOR):
            boxes = list(BOX.finditer(piece))
            if any(box["box"] or len(boxes) > 1 for box in boxes):
                own, ticked, options = _parted(piece, boxes)
                name = own or label
                if options > 1 and 0 < len(name) <= _LABEL_MAX:
                    yield Choice(hit, Span(start, start + len(line)), name, ticked, options)
            else:
                label = piece.strip().rstrip("：:")
        start += len(line) + 1


def _parted(piece: str, boxes: Sequence[re.Match[str]]) -> tuple[str, tuple[str, ...], int]:
    """Return a cell's label and options: boxes stand before their options, or behind them."""
    before, colon, rest = piece[: boxes[0].start()].rpartition("：")
    if not colon:
        before, colon, rest = piece[: boxes[0].start()].rpartition(":")
    behind = bool(rest.strip()) and not piece[boxes[-1].end() :].strip()
    label = before if colon else "" if behind else rest
    ends = [*(box.start() for box in boxes[1:]), len(piece)]
    ticked = []
    for number, (box, end) in enumerate(zip(boxes, ends, strict=True)):
        begin = boxes[number - 1].end() if number else len(before) + len(colon)
        said = piece[begin : box.start()] if behind else piece[box.end() : end]
        option = _OPTION.search(said)
        if option and _is_ticked(box):
            ticked.append(option.group())
    return label.strip().rstrip("：:"), tuple(ticked), len(boxes)


def _is_ticked(box: re.Match[str]) -> bool:
    return bool(box["mark"]) or (box["box"] is not None and box["box"] in _TICKED)
