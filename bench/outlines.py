"""How truly outlines are read: headings and the paths of passages, against headings marked by hand."""

from __future__ import annotations

import json
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from bench import Measurement
from bench.documents import SHARED
from index.errors import YijuError
from index.loaders import load
from index.records import Document
from index.structure.splitter import split

MARKS = Path(__file__).resolve().parents[1] / "eval/gold/outlines"


@dataclass(frozen=True, slots=True)
class Mark:
    """A heading in a text.

    Attributes:
        start: offset of the first visible code point of its line.
        level: 1 is outermost; only nesting counts.
    """

    start: int
    level: int


@dataclass(frozen=True, slots=True)
class Score:
    """What one document, or several added up, got right.

    Attributes:
        right: headings found that are marked.
        found: headings found.
        marked: headings marked.
        paths: passages whose headings are the marked ones, none missing and none besides.
        passages: all passages.
    """

    right: int = 0
    found: int = 0
    marked: int = 0
    paths: int = 0
    passages: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.right + other.right,
            self.found + other.found,
            self.marked + other.marked,
            self.paths + other.paths,
            self.passages + other.passages,
        )

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of headings; 1 where there are none and none was found."""
        total = self.found + self.marked
        return 2 * self.right / total if total else 1.0

    @property
    def path(self) -> float:
        """Share of passages with the right path."""
        return self.paths / self.passages


def development() -> list[Measurement]:
    """Return the headings of twenty documents marked by hand, and the paths of their passages; for tuning."""
    return _figures("dev")


def test() -> list[Measurement]:
    """Return the same of twenty other documents, which nothing is tuned on."""
    return _figures("test")


def plans() -> list[Measurement]:
    """Return the same of eight published PDFs of plans and rules; for tuning."""
    return _figures("pdf_dev")


def plans_test() -> list[Measurement]:
    """Return the same of twelve others, which nothing is tuned on."""
    return _figures("pdf_test")


def documents(half: str) -> Iterator[tuple[str, Document, list[Mark]]]:
    """Yield the documents of a half as they are loaded, with the headings marked in them.

    Args:
        half: dev, test, pdf_dev or pdf_test.

    Raises:
        YijuError: if a document is missing, or a marked line does not stand in it.
    """
    for line in (MARKS / f"{half}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        document = _document(row["document"])
        yield row["document"], document, located(document.text, row["headings"])


def located(text: str, headings: Sequence[tuple[int, str]]) -> list[Mark]:
    """Return where marked headings stand.

    Args:
        text: of the document.
        headings: level and beginning of the line of each, in text order.

    Raises:
        YijuError: if no line behind the one before begins so.
    """
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    marks, place = [], -1
    for level, beginning in headings:
        following = range(place + 1, len(lines))
        place = next((i for i in following if lines[i].strip().startswith(beginning)), -1)
        if place < 0:
            raise YijuError(f"文件里找不到所标的标题「{beginning}」，请核对 {MARKS}。")
        marks.append(Mark(starts[place] + len(lines[place]) - len(lines[place].lstrip()), level))
    return marks


def score(document: Document, marks: Sequence[Mark]) -> Score:
    """Compare a document's outline with the headings marked in it.

    Headings are the same where they begin at the same place. A path is right if it names the same headings.
    """
    # Markdown signs stand before a heading's title, not before what is marked: its line.
    found = [Mark(_line_start(document.text, heading.start), heading.level) for heading in document.headings]
    right = {mark.start for mark in found} & {mark.start for mark in marks}
    passages = split(document)
    # What a passage says begins behind the headings without text that stand in front of it.
    places = [passage.span.end - 1 for passage in passages]
    paths = sum(path(found, place) == path(marks, place) for place in places)
    return Score(len(right), len(found), len(marks), paths, len(passages))


def path(marks: Sequence[Mark], offset: int) -> tuple[int, ...]:
    """Start of the headings that enclose an offset, outermost first."""
    above: list[Mark] = []
    for mark in marks[: bisect_right(marks, offset, key=lambda mark: mark.start)]:
        while above and above[-1].level >= mark.level:
            above.pop()
        above.append(mark)
    return tuple(mark.start for mark in above)


def _figures(half: str) -> list[Measurement]:
    scores = [score(document, marks) for _, document, marks in documents(half)]
    total = sum(scores, Score())
    return [
        Measurement("F1 of headings", total.f1, goal="≥ 0.95"),
        Measurement("precision of headings", total.right / total.found),
        Measurement("recall of headings", total.right / total.marked),
        Measurement("passages with the right path", total.path, goal="≥ 0.95"),
        Measurement("the worst document's F1", min(each.f1 for each in scores)),
        Measurement("documents", len(scores)),
        Measurement("headings marked", total.marked),
    ]


def _line_start(text: str, offset: int) -> int:
    start = text.rfind("\n", 0, offset) + 1
    return start + len(text[start:offset]) - len(text[start:offset].lstrip())


def _document(reference: str) -> Document:
    """Return `file`, or `file#doc_id/field` for a field of a row, read as the file that a user would have."""
    name, _, field = reference.partition("#")
    file = SHARED / name
    if not file.is_file():
        raise YijuError(f"找不到 {file}：这项测量需要仓库旁的共享数据，见 README。")
    if not field:
        return load(file)
    key, _, column = field.partition("/")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{key}.txt"
        copy.write_text(_row(file, key)[column], "utf-8")
        return load(copy)


def _row(file: Path, key: str) -> dict[str, Any]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if key in line and (row := json.loads(line))["doc_id"] == key:
                return dict(row)
    raise YijuError(f"{file} 里没有 doc_id 为 {key} 的一行。")
