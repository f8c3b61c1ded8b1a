"""Questions made from the documents by general rules: examples, tried out before they are offered, and follow-ups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, zip_longest

from index.protocols import PassageStore
from index.records import Described, Document, Passage, Span
from qa.answers import Answer
from qa.language.grammar import Candidate, Kind, candidates
from qa.reading.citations import passage_at
from qa.suggesting.proposing import candidate_proposal

_TRIES = 24
"""Questions that are tried out at most: examples may cost a second at start, not more."""
_CONFIDENT = 0.5
Made = tuple[str, str, Kind]
"""A question, its answer, and of what kind that is."""
_REGION = re.compile(r"(?<=..)(?:维吾尔|壮族|回族)?(?:自治区|特别行政区|省|市)$")
_YEAR = re.compile(r"\d{4}年")
_ILL_FORMED = re.compile(r"是有哪些|指标的是|的是哪[个些]|是的|多少？?多少")
AROUND = 700
"""How far from the quote a fact may stand, in code points."""
ASKED = 3
"""How many questions are suggested."""


def is_well_formed(question: str) -> bool:
    """Return whether a question made by rule reads like one."""
    return _ILL_FORMED.search(question) is None


def about(document: Described, question: str) -> str:
    """Return a question that names the subject of the document it is put to, its region and year: 广东2025年…."""
    region = _REGION.sub("", document.metadata.region or "")
    if region in ("", "全国") or region in question:
        return question
    first, _, last = (document.metadata.period or "").partition("/")
    year = f"{first}年" if first and first == last and not _YEAR.match(question) else ""
    return f"{region}{year}{question}"


def example_questions(
    store: PassageStore, documents: Sequence[Described], ask: Callable[[str], Answer], n: int
) -> list[str]:
    """Return questions that the documents answer, spread over documents, sections and kinds of answer.

    Args:
        store: where their passages are.
        documents: what to ask about; where they are of several regions, each question names its own.
        ask: tries a question; it is offered only when its answer is the one it was made from.
        n: how many at most.
    """
    kinds: dict[str, Kind] = {}
    for question, expected, kind in islice(_spread(store, documents), _TRIES):
        if len(kinds) == n:
            break
        # One kind must not crowd out the others: no more than half are of a kind.
        if [*kinds.values()].count(kind) * 2 < n and is_well_formed(question) and _answers(ask(question), expected):
            kinds[question] = kind
    return list(kinds)


def _answers(answer: Answer, expected: str) -> bool:
    return not answer.abstained and answer.confidence >= _CONFIDENT and answer.short == expected


def _spread(store: PassageStore, documents: Sequence[Described]) -> Iterator[Made]:
    """Yield questions, none twice, from all documents in turn, passages from all over each."""
    several = len({document.metadata.region for document in documents}) > 1
    seen: set[str] = set()
    for turn in zip_longest(*(_of_passages(store, document) for document in documents[:8])):
        for document, made in zip(documents, turn, strict=False):
            if made:
                question = about(document, made[0]) if several else made[0]
                if question not in seen:
                    seen.add(question)
                    yield question, *made[1:]


def _of_passages(store: PassageStore, document: Described) -> Iterator[Made]:
    """Yield questions of a document's passages: in strides, so that the first few come from different sections."""
    passages = store.passages(document.id)
    stride = max(1, len(passages) // 6)
    for index in (index for start in range(stride) for index in range(start, len(passages), stride)):
        passage = passages[index]
        made = [each for candidate in candidates(passage.text) if (each := question_of(passage, candidate))]
        yield from {each[2]: each for each in reversed(made)}.values()  # at most one of a kind from a passage


def question_of(passage: Passage, candidate: Candidate) -> Made | None:
    """Return a question that a candidate answers, with the answer and its kind; None if none reads well."""
    made = candidate_proposal(passage, candidate)
    return (made.question, made.answer.slice(passage.text), candidate.kind) if made else None


def suggestions(answer: Answer, document: Document, *, named: bool = False) -> list[str]:
    """Return questions that the surroundings of an answer's first quote answer, the nearest lines first.

    They are made by the rules that make examples and not tried out, which takes milliseconds. They are `named`, each
    with the subject of its document, where there are documents of others.
    """
    said = answer.question + answer.standalone_question + answer.text
    asked = {answer.question.rstrip("？?"), answer.standalone_question.rstrip("？?")}
    found: dict[str, None] = {}
    for question, expected, _ in _near(document, answer.citations[0].quote):
        if is_well_formed(question) and expected not in said and question.rstrip("？?") not in asked:
            found[about(document, question) if named else question] = None
        if len(found) == ASKED:
            break
    return list(found)


def _near(document: Document, quote: Span) -> Iterator[Made]:
    """Yield what can be asked of the lines near a quote, the nearest first."""
    lines = sorted(_lines(document.text, quote), key=lambda line: max(line.start - quote.end, quote.start - line.end))
    for line in lines:
        passage = passage_at(document, line)
        for candidate in candidates(passage.text):
            if made := question_of(passage, candidate):
                yield made


def _lines(text: str, quote: Span) -> Iterator[Span]:
    """Yield the lines that begin near the quote, as far as they are near."""
    start = text.rfind("\n", 0, quote.start) + 1
    start = text.rfind("\n", 0, max(0, start - AROUND)) + 1
    last = min(len(text), quote.end + AROUND)
    while start < last:
        end = text.find("\n", start, last)
        end = last if end < 0 else end
        yield Span(start, end)
        start = end + 1
