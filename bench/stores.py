"""The same documents in a folder and in a Milvus: what the gold questions get from each, and where the two differ."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from bench import Measurement
from bench.answers import GOLD
from bench.many import timed
from bench.programs import DOCUMENTS, run
from eval.data.datasets import load_dataset
from eval.records import Query
from index.locations import Location, location
from index.records import Hit
from qa.answers import Answer
from qa.assistant import Assistant
from qa.bootstrap import open_assistant
from qa.settings import Settings

TOLERANCE = 1e-4
"""By how much scores of one passage may differ: sums of the same floats in another order."""

_ASKED = 150


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """One question, asked of both.

    Attributes:
        query: the question.
        answers: from the folder and from the Milvus.
        seconds: that each took.
    """

    query: Query
    answers: tuple[Answer, Answer]
    seconds: tuple[float, float]


def milvus() -> list[Measurement]:
    """Return gold questions answered from milvus-lite as from a folder; needs the extra `milvus`."""
    queries = load_dataset(GOLD, "dev").queries[:_ASKED]
    with tempfile.TemporaryDirectory() as folder:
        places = [location(f"{folder}/index"), location(f"milvus+file:{folder}/store.db/gold")]
        for place in places:
            run("index", "build", str(DOCUMENTS), "-o", str(place))
        asked = compared(places[0], places[1], queries)
    return [
        Measurement("questions", len(asked)),
        Measurement("answers that differ", sum(not same_answer(*each.answers) for each in asked), goal="= 0"),
        Measurement("lists of passages that differ, ties aside", sum(not _same(each) for each in asked), goal="= 0"),
        Measurement("one answer, p50, folder", 1000 * median(each.seconds[0] for each in asked), "ms"),
        Measurement("one answer, p50, milvus-lite", 1000 * median(each.seconds[1] for each in asked), "ms"),
    ]


def compared(folder: Location, milvus: Location, queries: Sequence[Query]) -> list[StoreAnswer]:
    """Ask every question of both indexes.

    Args:
        folder: where one index lies.
        milvus: where the other lies.
        queries: the questions, with their earlier turns.
    """
    ask = [_asking(open_assistant(Settings(index=place))) for place in (folder, milvus)]
    asked = []
    for query in queries:
        (first, one), (second, other) = (timed(partial(each, query)) for each in ask)
        asked.append(StoreAnswer(query, (one, other), (first, second)))
    return asked


def _asking(assistant: Assistant) -> Callable[[Query], Answer]:
    return lambda query: assistant.ask(query.question, query.history)


def same_answer(one: Answer, other: Answer) -> bool:
    """Return whether two answers say the same, from the same places, as surely."""
    said = [(each.text, each.short, each.abstained, _places(each)) for each in (one, other)]
    return said[0] == said[1] and abs(one.confidence - other.confidence) <= TOLERANCE


def _places(answer: Answer) -> list[tuple[str, int, int]]:
    return [(each.passage.document_id, each.quote.start, each.quote.end) for each in answer.citations]


def _same(asked: StoreAnswer) -> bool:
    return same_hits(*(answer.hits for answer in asked.answers))


def same_hits(one: Sequence[Hit], other: Sequence[Hit]) -> bool:
    """Return whether two lists have the same scores, and the same passages where no others score the same."""
    if len(one) != len(other) or any(abs(a.score - b.score) > TOLERANCE for a, b in zip(one, other, strict=True)):
        return False
    scores = [hit.score for hit in one]
    return all(
        a.passage.id == b.passage.id or sum(abs(score - a.score) <= TOLERANCE for score in scores) > 1
        for a, b in zip(one, other, strict=True)
    )
