"""Example questions, made from the documents by general rules and tried out before they are offered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, zip_longest

from index.protocols import PassageStore
from index.records import Document, Passage
from qa.answers import Answer
from qa.grammar import Candidate, Kind, candidates
from qa.measures import dimension
from qa.periods import periods
from qa.words import tagged

_TRIES = 24
"""Questions that are tried out at most: examples may cost a second at start, not more."""
_CONFIDENT = 0.5

_NUMBERING = re.compile(
    r"^(?:第[一二三四五六七八九十百\d]+[编章节条]|[（(]?[一二三四五六七八九十\d]+[)）、．.]|[一二三四五六七八九十]是|专栏\d*|附件\d*)\s*[、．.：:]?\s*"
)
_NAMES_FIGURE = re.compile(r"[\u4e00-\u9fff]{4,14}")
_JOINING = re.compile(
    r"^(?:和|及|与|以及|其中|力争|确保|累计|预计|全年|到)+|(?:达到?|为|超过|突破|保持在|实现|约|共|有|至|到)+$"
)


def example_questions(
    store: PassageStore, documents: Sequence[Document], ask: Callable[[str], Answer], n: int
) -> list[str]:
    """Questions that the documents answer, spread over documents, sections and kinds of answer.

    Args:
        store: where their passages are.
        documents: what to ask about.
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
        if kinds.count(kind) * 2 < n and _is_answered(ask(question), expected):
            chosen.append(question)
            kinds.append(kind)
    return chosen


def _is_answered(answer: Answer, expected: str) -> bool:
    return not answer.abstained and answer.confidence >= _CONFIDENT and answer.short == expected


def _spread(store: PassageStore, documents: Sequence[Document]) -> Iterator[tuple[str, str, Kind]]:
    """Questions with their answers, from all documents in turn, passages from all over each."""
    by_document = [_of_passages(_stepped(store.passages(document.id))) for document in documents[:8]]
    seen: set[str] = set()
    for made in chain.from_iterable(zip_longest(*by_document)):
        if made and made[0] not in seen:
            seen.add(made[0])
            yield made


def _stepped(passages: Sequence[Passage]) -> Iterator[Passage]:
    """Passages in strides, so that the first few come from different sections."""
    stride = max(1, len(passages) // 6)
    return (passages[index] for start in range(stride) for index in range(start, len(passages), stride))


def _of_passages(passages: Iterator[Passage]) -> Iterator[tuple[str, str, Kind]]:
    for passage in passages:
        made = [each for candidate in candidates(passage.text) if (each := question_of(passage, candidate))]
        # At most one of a kind from a passage.
        yield from {kind: (question, expected, kind) for question, expected, kind in reversed(made)}.values()


def question_of(passage: Passage, candidate: Candidate) -> tuple[str, str, Kind] | None:
    """The question that a candidate of a passage answers, the answer and its kind; None where none reads well."""
    expected = candidate.span.slice(passage.text)
    if candidate.labelled and candidate.kind is Kind.ORGANISATION and passage.section_path:
        subject = _NUMBERING.sub("", passage.section_path[-1])
        return (f"{subject}的{candidate.own}有哪些？", expected, candidate.kind) if 4 <= len(subject) <= 20 else None
    if candidate.kind is Kind.QUANTITY and dimension(candidate.unit) not in {"", "count", "duration", "grade"}:
        counted = _subject(candidate.own)
        return (f"{counted}是多少？", expected, candidate.kind) if counted else None
    return None


def _subject(own: str) -> str | None:
    """The noun phrase of a figure without its period and joining words, or None where it is none."""
    bare = own
    for period in reversed(periods(own)):
        bare = bare[: period.start].rstrip('“"到') + bare[period.end :].lstrip('”"年末底')
    bare = _JOINING.sub("", bare.strip())
    tags = [tag for _, tag in tagged(bare)]
    is_noun_phrase = bool(tags) and tags[0][0] in "njlvb" and tags[0] != "v" and tags[-1][0] in "njl"
    return bare if is_noun_phrase and _NAMES_FIGURE.fullmatch(bare) else None
