"""Questions written by hand on policies, laws and reports, read as the product reads: in the windows found for them.

Rules make questions in the words of the text; people ask in their own, and half of what they ask is not there. Each
line of `written/*.jsonl` names a document, a question, and the answer as it stands in a clause, or the clause that only
seems to answer. The windows that share most words with a question, anywhere in the documents, do not answer it.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from index.records import Document, Passage, Span
from index.search.sparse import SparseIndex
from index.structure.splitter import split
from index.text import fold
from qa.language.grammar import Kind
from qa.reading.model_input import WINDOW_CHARACTERS, Window, sentences_around, window_spans
from training.reader import policy
from training.reader.examples import Example, Judgement
from training.reader.partition import Part, part_of
from training.reader.policy import Maker, common_nouns, documents

FOLDER = Path(__file__).parent / "written"
_DECOYS, _FROM = 1, 6
"""Windows without the answer a pass, drawn from that many that share most words with the question."""
_SPOILT = 0.4
"""Share of the questions with an answer that are asked a second time, spoilt."""
_SIBLINGS = 4
"""Other questions of the document, those with the likest words, of which one lends its answer as a wrong one."""


@dataclass(frozen=True, slots=True)
class Written:
    """One question.

    Attributes:
        document: id in the corpora.
        answer: verbatim, within `clause`; None where the document does not answer, or in several places at once.
        clause: verbatim; holds the answer, or only seems to.
        kind: what is asked for; begins with `none` where there is no answer.
        answers: acceptable answers, each a list of strings that must all be present.
    """

    document: str
    question: str
    answer: str | None
    clause: str
    kind: str
    answers: tuple[tuple[str, ...], ...] = ()

    @property
    def is_answered(self) -> bool:
        """Return whether the document answers."""
        return not self.kind.startswith("none")

    @property
    def verdict(self) -> bool | None:
        """Return what the clause says to a question of yes or no; None for other questions."""
        return {"yesno:是": True, "yesno:否": False}.get(self.kind)


def read(folder: Path = FOLDER) -> list[Written]:
    """Return all questions, in the order of the files' names."""
    lines = (line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines())
    return [_written(json.loads(line)) for line in lines]


def _written(row: Mapping[str, Any]) -> Written:
    answers = row.get("answers") or ([[row["a"]]] if row["a"] else [])
    return Written(row["doc"], row["q"], row["a"], row["e"], row["k"], tuple(tuple(parts) for parts in answers))


def part_of_document(document: Document) -> Part:
    """Return the part of a document: our own train, a published PDF is dealt by its file's name, others by title."""
    path = Path(document.source)
    if (policy.OWN / path.name).is_file():
        return "train"
    return part_of(path.stem if path.suffix == ".pdf" else document.title)


class Shelf:
    """The documents of the questions, cut into the passages and windows that the product would read.

    Args:
        documents: by their id in the corpora.
    """

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._passages = {key: split(document) for key, document in documents.items()}

    @cached_property
    def _windows(self) -> list[Window]:
        return [
            _window(passage, span)
            for passages in self._passages.values()
            for passage in passages
            for span in window_spans(passage.text)
        ]

    @cached_property
    def _wording(self) -> SparseIndex:
        return SparseIndex.build(window.text for window in self._windows)

    @cached_property
    def nouns(self) -> list[str]:
        """Nouns of the documents that stand in few of them."""
        return common_nouns(["".join(each.text for each in passages) for passages in self._passages.values()])

    def passages(self, written: Written) -> list[Passage]:
        """Those of the document that a question is about."""
        return list(self._passages.get(written.document, ()))

    def holding(self, written: Written) -> Iterator[tuple[Passage, Span]]:
        """Yield the passages of the clause with the span of the answer, or of the clause where there is none."""
        for passage in self.passages(written):
            start = passage.text.find(written.clause)
            if start >= 0:
                inner = written.clause.find(written.answer) if written.answer else 0
                size = len(written.answer or written.clause)
                yield passage, Span(start + inner, start + inner + size)

    def decoys(self, written: Written) -> list[Window]:
        """Return the windows most like the question that do not hold the answer, best first."""
        answer = fold(written.answer) if written.answer else None
        scores = self._wording.scores(written.question)
        near = (self._windows[row] for row in (-scores).argsort(kind="stable")[: 4 * _FROM])
        return [window for window in near if not answer or answer not in fold(window.text)][:_FROM]


def examples(data: Path, part: Part, seed: int, folder: Path = FOLDER) -> Iterator[Example]:
    """Yield each question with the window of its clause, as the product cuts it and cut otherwise, and with a decoy.

    Some of those with an answer are asked once more, another word in the place of one of theirs.

    Args:
        data: folder of the corpora.
        part: see `part_of`.
        seed: of every draw.
        folder: of the questions.
    """
    asked, shelf = _asked(data, part, folder)
    yield from _examples(asked, shelf, random.Random(seed))


def _asked(data: Path, part: Part, folder: Path) -> tuple[list[Written], Shelf]:
    """Return the usable questions on the documents of a part, and those documents."""
    questions = read(folder)
    found = {
        key: document
        for key, document in documents(data, {each.document for each in questions}).items()
        if part_of_document(document) == part
    }
    asked = [each for each in questions if each.document in found and (each.answer or not each.is_answered)]
    return asked, Shelf(found)


def siblings(data: Path, part: Part, seed: int, folder: Path = FOLDER) -> Iterator[Judgement]:
    """Yield each question with the answer of another question about the same document, which does not answer it.

    The other is drawn from the few that ask for the same kind in the likeliest words.

    Args:
        data: folder of the corpora.
        part: see `part_of`.
        seed: of every draw.
        folder: of the questions.
    """
    asked, shelf = _asked(data, part, folder)
    draw = random.Random(seed)
    by_document: dict[str, list[Written]] = defaultdict(list)
    for each in asked:
        by_document[each.document].append(each)
    for together in by_document.values():
        words = [_pairs_of_characters(each.question) for each in together]
        for each, own in zip(together, words, strict=True):
            others = [
                (other.kind == each.kind, len(own & its) / max(1, len(own | its)), i)
                for i, (other, its) in enumerate(zip(together, words, strict=True))
                if _answers_otherwise(other, each)
            ]
            if others:
                *_, chosen = draw.choice(sorted(others, reverse=True)[:_SIBLINGS])
                yield from _marked(each, together[chosen], shelf, draw)


def _pairs_of_characters(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _answers_otherwise(other: Written, written: Written) -> bool:
    """Return whether the answer of another question, from another clause, says something else than a question's own."""
    if other.answer is None or other.verdict is not None or (other.clause == written.clause and written.is_answered):
        return False
    own = [part for parts in written.answers for part in parts] + ([written.answer] if written.answer else [])
    return not any(part in other.clause or other.answer in part for part in own)


def _marked(written: Written, other: Written, shelf: Shelf, draw: random.Random) -> Iterator[Judgement]:
    places = list(shelf.holding(other))
    if places:
        passage, span = draw.choice(places)
        cut = sentences_around(passage.text, span, draw.randint(40, 180))
        window = _window(passage, cut)
        yield Judgement(written.question, window, span.shift(-cut.start), False, "written sibling")


def _examples(questions: Sequence[Written], shelf: Shelf, draw: random.Random) -> Iterator[Example]:
    spoiler = Maker(draw.randrange(1 << 30), shelf.nouns)
    for each in questions:
        places = list(shelf.holding(each))
        if not places:
            continue
        for size in (WINDOW_CHARACTERS, draw.randint(80, 200)):
            made = list(_around(each, *draw.choice(places), size))
            yield from made
            if size == WINDOW_CHARACTERS and draw.random() < _SPOILT:
                spoiler.turn_to(shelf.passages(each))
                yield from _spoilt(made, spoiler)
        decoys = shelf.decoys(each)
        for window in draw.sample(decoys, min(_DECOYS, len(decoys))):
            yield Example(each.question, window, None, "written decoy")


def _spoilt(made: Sequence[Example], spoiler: Maker) -> Iterator[Example]:
    for each in made:
        kind = Kind.QUANTITY if each.source == "written number" else Kind.CLAUSE
        if each.answer and (missed := spoiler.near_miss(each.question, kind, each.answer, each.window)):
            yield Example(*missed, None, "written spoilt")


def _around(written: Written, passage: Passage, span: Span, size: int) -> Iterator[Example]:
    """Yield the window of a passage that holds a span whole; none where a cut goes through it."""
    for cut in window_spans(passage.text, size):
        if cut.contains(span):
            answer, tempting = (span.shift(-cut.start), None) if written.answer else (None, span.shift(-cut.start))
            source = f"written {written.kind}"
            yield Example(written.question, _window(passage, cut), answer, source, written.verdict, tempting)


def _window(passage: Passage, span: Span) -> Window:
    return Window(passage.title, passage.section_path, span.slice(passage.text))
