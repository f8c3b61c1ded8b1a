"""Where evidence is lost: in loading, in splitting, by meaning, by wording, in fusion.

A passage that holds an evidence string wholly is relevant; nothing else is. So a question whose evidence no document
holds, or that splitting cut in two, has no relevant passage and counts 0 in every stage, as it does for the reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from eval.metrics.answer_metrics import normalise
from eval.metrics.trec import Qrels, Run
from eval.records import Query
from index.protocols import PassageStore, Retriever, Stage
from index.records import Hit, Passage

STAGES: tuple[Stage, ...] = ("dense", "lexical", "fused")
"""Stages of the search in the order they happen."""

DEPTH = 100
"""How far down a stage is looked at; what lies deeper counts as not found."""


class StagedIndex(PassageStore, Protocol):
    """An index that lets one search each stage by itself, such as `index.store.passage_index.PassageIndex`."""

    def retriever(self, stage: Stage) -> Retriever:
        """Return one stage of the search."""
        ...


@dataclass(frozen=True, slots=True)
class StagedSearch:
    """What every stage found for a set of questions."""

    # for every question whose evidence some document holds, the file name of the first that does
    homes: Mapping[str, str]
    qrels: Qrels  # for every question with evidence, the passages that hold it, grade 1
    hits: Mapping[Stage, Mapping[str, Sequence[Hit]]]  # for every stage and question, what was found, best first

    def run(self, stage: Stage) -> Run:
        """Return a stage's findings with their scores, passages by id."""
        return {query: {hit.passage.id: hit.score for hit in hits} for query, hits in self.hits[stage].items()}

    def ranks(self, stage: Stage, query: str) -> dict[str, int]:
        """Return the rank of each passage that a stage found, counted from 1, by passage id."""
        return {hit.passage.id: rank for rank, hit in enumerate(self.hits[stage].get(query, ()), start=1)}


def search_stages(
    index: StagedIndex, queries: Sequence[Query], searched: Mapping[str, str] | None = None, depth: int = DEPTH
) -> StagedSearch:
    """Search every stage for every question with evidence: for what `searched` has for its id, else for the question.

    Raises:
        ValueError: if `depth` is below 1.
        ModelError: if the encoder fails.
    """
    known = [query for query in queries if query.evidence]
    texts = searched or {}
    hits: dict[Stage, dict[str, Sequence[Hit]]] = {stage: {} for stage in STAGES}
    for query in known:
        for stage in STAGES:
            text = texts.get(query.id, query.question)
            hits[stage][query.id] = index.retriever(stage).search(text, depth)
    return StagedSearch(_homes(index, known), evidence_qrels(index, known), hits)


def evidence_qrels(store: PassageStore, queries: Sequence[Query]) -> Qrels:
    """Return the passages that hold each question's evidence, by question id; none where no passage holds it wholly.

    Text is compared as for evidence recall (`eval.metrics.answer_metrics.normalise`).
    """
    wanted = _folded_evidence(queries)
    folded = [
        (passage.id, normalise(passage.text))
        for document in store.documents()
        for passage in store.passages(document.id)
    ]
    return {
        query: {id: 1 for id, text in folded if any(each in text for each in evidence)}
        for query, evidence in wanted.items()
    }


def _homes(store: PassageStore, queries: Sequence[Query]) -> dict[str, str]:
    texts = [(document.source, normalise(document.text)) for document in store.documents()]
    holding = {
        query: next((source for source, text in texts if any(each in text for each in evidence)), None)
        for query, evidence in _folded_evidence(queries).items()
    }
    return {query: source for query, source in holding.items() if source is not None}


def _folded_evidence(queries: Sequence[Query]) -> dict[str, list[str]]:
    return {query.id: [normalise(each) for each in query.evidence] for query in queries}


def passages_to_show(search: StagedSearch, query: str, n: int = 5) -> list[Passage]:
    """Return what a person wants to see of a question.

    The first `n` passages of the last stage, and those with evidence.
    """
    last = search.hits[STAGES[-1]].get(query, ())
    relevant = search.qrels.get(query, {})
    found = {hit.passage.id: hit.passage for stage in reversed(STAGES) for hit in search.hits[stage].get(query, ())}
    first = [hit.passage for hit in last[:n]]
    return first + [passage for id, passage in found.items() if id in relevant and passage not in first]
