"""Example questions, made from the documents by general rules and tried out before they are offered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, zip_longest

from index.protocols import PassageStore
from index.records import Described, Passage
from qa.answers import Answer
from qa.language.grammar import Candidate, Kind, candidates
from qa.suggesting.proposing import candidate_proposal

_TRIES = 24
"""Questions that are tried out at most: examples may cost a second at start, not more."""
_CONFIDENT = 0.5


_REGION = re.compile(r"(?<=..)(?:维吾尔|壮族|回族)?(?:自治区|特别行政区|省|市)$")
_YEAR = re.compile(r"\d{4}年")
_ILL_FORMED = re.compile(r"是有哪些|指标的是|的是哪[个些]|是的|多少？?多少")


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

    Returns:
        At most `n` questions; fewer, or none, where the documents give no occasion.
    """
    chosen: list[str] = []
    kinds: list[Kind] = []
    for question, expected, kind in islice(_spread(store, documents), _TRIES):
        if len(chosen) == n:
            break
        # One kind must not crowd out the others: no more than half are of a kind.
        if kinds.count(kind) * 2 < n and is_well_formed(question) and _is_answered(ask(question), expected):
            chosen.append(question)
            kinds.append(kind)
    return chosen


def _is_answered(answer: Answer, expected: str) -> bool:
    return not answer.abstained and answer.confidence >= _CONFIDENT and answer.short == expected


def _spread(store: PassageStore, documents: Sequence[Described]) -> Iterator[tuple[str, str, Kind]]:
    """Yield questions with their answers, from all documents in turn, passages from all over each."""
    several = len({document.metadata.region for document in documents}) > 1
    by_document = [_named(store, document, several=several) for document in documents[:8]]
    seen: set[str] = set()
    for made in chain.from_iterable(zip_longest(*by_document)):
        if made and made[0] not in seen:
            seen.add(made[0])
            yield made


def _named(store: PassageStore, document: Described, *, several: bool) -> Iterator[tuple[str, str, Kind]]:
    for question, expected, kind in _of_passages(_stepped(store.passages(document.id))):
        yield about(document, question) if several else question, expected, kind


def _stepped(passages: Sequence[Passage]) -> Iterator[Passage]:
    """Return passages in strides, so that the first few come from different sections."""
    stride = max(1, len(passages) // 6)
    return (passages[index] for start in range(stride) for index in range(start, len(passages), stride))


def _of_passages(passages: Iterator[Passage]) -> Iterator[tuple[str, str, Kind]]:
    for passage in passages:
        made = [each for candidate in candidates(passage.text) if (each := question_of(passage, candidate))]
        # At most one of a kind from a passage.
        yield from {kind: (question, expected, kind) for question, expected, kind in reversed(made)}.values()


def question_of(passage: Passage, candidate: Candidate) -> tuple[str, str, Kind] | None:
    """Return a question that a candidate answers, with the answer and its kind; None if none reads well."""
    made = candidate_proposal(passage, candidate)
    return (made.question, made.answer.slice(passage.text), candidate.kind) if made else None
