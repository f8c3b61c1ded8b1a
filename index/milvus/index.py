"""An index in a Milvus for answering: Milvus finds the candidates, our own code scores them.

Milvus weighs terms by the statistics of a segment or shard, and may hold vectors quantised. So that scores do not
depend on how its data lies, those of the candidates are computed here, by the formulas that an index in a folder uses:
the inner product of the vectors, BM25 with the frequencies of all passages, fusion over all candidates of either side.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import log1p

import numpy as np

from index.errors import IndexBusy
from index.filters import Filter
from index.manifest import Manifest
from index.milvus.connection import Connection, Generation
from index.milvus.rows import (
    BODY,
    EVERYTHING,
    NOTHING,
    Held,
    Vector,
    document_from,
    expression,
    of_change,
    passage_from,
    tokens,
)
from index.protocols import Encoder, Retriever, Stage
from index.records import Description, Document, Hit, Passage
from index.search.fusion import Scores, best, fuse
from index.search.retrievers import POOL, OneStage, weight_among
from index.search.sparse import K1, B
from index.store.stored import Lazily
from index.text import terms

_EF = 2
"""How many times as many passages HNSW keeps in view as are asked for."""
_KEPT = 256
"""Documents of which the texts are kept."""
_MOST = 16_384
"""Hits that Milvus gives at most."""
_STAGES: tuple[Stage, ...] = ("dense", "lexical", "fused")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A passage that one side or both found, with its vector."""

    passage: Passage
    vector: Vector

    @property
    def place(self) -> tuple[str, int, int]:
        """Return where it stands in the canonical order."""
        return self.passage.document_id, self.passage.span.start, self.passage.span.end


Candidates = dict[str, _Candidate]


class MilvusLexicon(ABC):
    """A `Lexicon` that looks terms up when they are asked for, and remembers them; as it was at the first asking."""

    def __init__(self, connection: Connection, generation: Generation, passages: int, tokens: int) -> None:
        self.passages = passages
        self.mean_length = tokens / passages if passages else 0.0
        self._connection = connection
        self._generation = generation
        self._known: dict[str, int] = {}
        self._vocabulary: Mapping[str, int] | None = None

    def document_frequency(self, term: str) -> int:
        """Return in how many passages a term (of `index.text.terms`) occurs, title and section path included."""
        self.look_up([term])
        return self._known.get(term, 0)

    def look_up(self, wanted: Iterable[str]) -> None:
        """Make sure that the frequencies of terms are known, with as few calls as that takes."""
        missing = [term for term in dict.fromkeys(wanted) if term and term not in self._known]
        if missing:
            self._known.update({**dict.fromkeys(missing, 0), **self._frequencies(missing)})

    def rarity(self, word: str) -> float:
        """Return how rare a folded word is: the inverse document frequency of its rarest term, as BM25 counts it."""
        found = terms(word)
        self.look_up(found)
        return self.weight(min(map(self.document_frequency, found), default=0))

    def weight(self, frequency: int) -> float:
        """Return the inverse document frequency of a term that occurs in so many passages."""
        # A term that was written since may occur in more passages than there were.
        return log1p(max(0.0, self.passages - frequency + 0.5) / (frequency + 0.5))

    def vocabulary(self) -> Mapping[str, int]:
        """Return all terms of one or two characters with the number of passages they occur in."""
        if self._vocabulary is None:
            self._vocabulary = dict(sorted((term, count) for term, count in self._counted() if len(term) <= 2))
        return self._vocabulary

    @abstractmethod
    def _counted(self) -> Iterable[tuple[str, int]]:
        """Return terms with the number of passages they occur in."""

    @abstractmethod
    def _frequencies(self, missing: Sequence[str]) -> Mapping[str, int]:
        """Return the frequencies of those of some terms that occur."""


class WholeLexicon(MilvusLexicon):
    """Of all passages: frequencies are kept in a collection of their own."""

    def _counted(self) -> Iterable[tuple[str, int]]:
        rows = self._connection.rows(self._generation.name("terms"), "frequency > 0", ("term", "frequency"))
        return ((row["term"], row["frequency"]) for row in rows)

    def _frequencies(self, missing: Sequence[str]) -> Mapping[str, int]:
        rows = self._connection.get(self._generation.name("terms"), missing, ("term", "frequency"))
        return {row["term"]: row["frequency"] for row in rows}


class LimitedLexicon(MilvusLexicon):
    """Of the passages of some documents, which alone fit `where`, as if there were no others; Milvus counts them."""

    def __init__(self, connection: Connection, generation: Generation, held: Sequence[Held], where: str) -> None:
        super().__init__(connection, generation, sum(each.passages for each in held), sum(each.tokens for each in held))
        self._held = {each.description.id: each for each in held}
        self._where = where

    def _counted(self) -> Iterable[tuple[str, int]]:
        counted: Counter[str] = Counter()
        fields = ("document", "change", "content")
        for row in self._connection.rows(self._generation.name("passages"), self._where, fields):
            held = self._held.get(row["document"])
            if held and held.change == row["change"]:
                counted.update(set(terms(passage_from(row, held.description).indexed_text)))
        return counted.items()

    def _frequencies(self, missing: Sequence[str]) -> Mapping[str, int]:
        passages = self._generation.name("passages")
        return {
            term: self._connection.count(passages, f'({self._where}) and text_match(terms, "{tokens([term])}")')
            for term in missing
        }


class MilvusIndex:
    """An `Index` in a Milvus, as it was when it was opened: what came later is not shown before it is opened again.

    Descriptions of documents are in memory; texts, passages, vectors and terms are read when they are asked for. A
    passage is shown only if the change that wrote it is that of the described document, so never half of one. `held`
    has the documents that are shown, by ascending id; `readable` admits just these, and is None where they are all.
    """

    def __init__(
        self,
        connection: Connection,
        generation: Generation,
        manifest: Manifest,
        held: Sequence[Held],
        encoder: Encoder,
        lexicon: MilvusLexicon,
        readable: Filter | None = None,
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._manifest = manifest
        self._held = {each.description.id: each for each in held}
        self._encoder = encoder
        self._lexicon = lexicon
        self._readable = readable
        self._in_order = list(held)
        self._numbers = {each.description.id: number for number, each in enumerate(held)}
        self._documents = Lazily(len(self._in_order), self._read, _KEPT)

    def with_encoder(self, encoder: Encoder) -> MilvusIndex:
        """See `Index.with_encoder`."""
        if (encoder.revision, encoder.dim) != (self._encoder.revision, self._encoder.dim):
            raise ValueError(f"an encoder of revision {self._encoder.revision} is needed, got {encoder.revision}")
        return self._with(encoder, self._in_order, self._lexicon, self._readable)

    def limited_to(self, readable: Filter) -> MilvusIndex:
        """Return the index as if it held only the documents that a filter admits; see `Index`."""
        held = [each for each in self._held.values() if readable.admits(each.description)]
        within = readable if self._readable is None else self._readable.both(readable)
        lexicon = LimitedLexicon(self._connection, self._generation, held, expression(within) or EVERYTHING)
        return self._with(self._encoder, held, lexicon, within)

    def _with(
        self, encoder: Encoder, held: Sequence[Held], lexicon: MilvusLexicon, readable: Filter | None
    ) -> MilvusIndex:
        return MilvusIndex(self._connection, self._generation, self._manifest, held, encoder, lexicon, readable)

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """Search by meaning and wording; see `Retriever.search`. ModelError or StoreUnavailable where that fails."""
        return self.search_stage("fused", query, k, within)

    def search_stage(self, stage: Stage, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """See `search`, by one stage of it alone."""
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        where = expression(self._readable)
        free = within is None or within.is_everything
        narrower = where if free else " and ".join(filter(None, (where, expression(within))))
        if NOTHING in narrower or not self.passage_count:
            return []
        question = _Question(query, self._encoder.encode_queries([query])[0])
        depth = max(k, POOL)
        if stage == "fused":
            return self._fused(question, k, where, narrower)
        find, weigh = {"dense": (self._by_meaning, self._meaning), "lexical": (self._by_wording, self._wording)}[stage]
        candidates = _in_order(find(question, depth, narrower))
        return _best(candidates, weigh(question, candidates), k)

    def _fused(self, question: _Question, k: int, where: str, narrower: str) -> list[Hit]:
        """See `HybridRetriever`: scores are measured against the candidates of all documents, whatever the filter."""
        depth = max(k, POOL)
        everywhere = self._both(question, depth, where)
        mine = everywhere if narrower == where else self._both(question, depth, narrower)
        candidates = _in_order(everywhere | mine)
        yardstick = np.array([each.passage.id in everywhere for each in candidates], dtype=np.bool_)
        meaning, wording = self._meaning(question, candidates), self._wording(question, candidates)
        scores = fuse(meaning, wording, weight_among(len(self._held)), yardstick)
        admitted = np.array([each.passage.id in mine for each in candidates], dtype=np.bool_)
        return _best([each for each in candidates if each.passage.id in mine], scores[admitted], k)

    def _both(self, question: _Question, depth: int, where: str) -> Candidates:
        return self._by_meaning(question, depth, where) | self._by_wording(question, depth, where)

    def _by_meaning(self, question: _Question, depth: int, where: str) -> Candidates:
        return self._found("vector", question.vector.tolist(), depth, where)

    def _by_wording(self, question: _Question, depth: int, where: str) -> Candidates:
        return self._found("wording", question.tokens, depth, where) if question.tokens else {}

    def _found(self, field: str, query: object, depth: int, where: str) -> Candidates:
        limit = min(depth, _MOST)
        rows = self._connection.search(
            self._generation.name("passages"),
            field,
            query,
            limit,
            where,
            ("document", "change", "content", "vector"),
            _EF * limit,
        )
        found = {}
        for row in rows:
            held = self._held.get(row["document"])
            if held and held.change == row["change"]:
                passage = passage_from(row, held.description)
                found[passage.id] = _Candidate(passage, np.asarray(row["vector"], np.float32))
        return found

    def _meaning(self, question: _Question, candidates: Sequence[_Candidate]) -> Scores:
        return np.array([each.vector @ question.vector for each in candidates], dtype=np.float64)

    def _wording(self, question: _Question, candidates: Sequence[_Candidate]) -> Scores:
        """Return BM25 of each; see `SparseIndex.scores`."""
        self._lexicon.look_up(question.terms)
        weights = {term: self._lexicon.weight(self.document_frequency(term)) for term in question.terms}
        scores = np.zeros(len(candidates), dtype=np.float64)
        for at, candidate in enumerate(candidates):
            counted = Counter(terms(candidate.passage.indexed_text))
            norm = K1 * (1.0 - B + B * counted.total() / self._lexicon.mean_length)
            for term, repeats in question.terms.items():
                count = counted[term]
                scores[at] += repeats * weights[term] * count / (count + norm)
        return scores

    def retriever(self, stage: Stage) -> Retriever:
        """See `Index.retriever`."""
        if stage not in _STAGES:
            raise ValueError(f"stage must be one of {', '.join(_STAGES)}, got {stage!r}")
        return OneStage(self.search_stage, stage)

    def documents(self) -> Sequence[Document]:
        """Return all documents, ordered by id, each read when it is asked for."""
        return self._documents

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without their texts and outlines, ordered by id."""
        return [each.description for each in self._held.values()]

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id, or None; also where it was replaced since the index was opened."""
        number = self._numbers.get(document_id)
        with suppress(IndexBusy):
            return None if number is None else self._documents[number]
        return None

    def _read(self, number: int) -> Document:
        held = self._in_order[number]
        where = f'{of_change(held)} and part == "{BODY}"'
        rows = list(self._connection.rows(self._generation.name("documents"), where, ("key", "content")))
        if not rows:
            id = held.description.id
            raise IndexBusy(id, f"文档 {held.description.source}（{id}）刚被替换或移走；请稍后再试。")
        return document_from(rows)

    def passages(self, document_id: str) -> Sequence[Passage]:
        """Return the passages of one document in text order; empty for an unknown id."""
        held = self._held.get(document_id)
        if held is None:
            return ()
        rows = self._connection.rows(self._generation.name("passages"), of_change(held), ("content",))
        return sorted((passage_from(row, held.description) for row in rows), key=lambda passage: passage.span)

    def document_frequency(self, term: str) -> int:
        """Return in how many passages a term (of `index.text.terms`) occurs, title and section path included."""
        return self._lexicon.document_frequency(term)

    def vocabulary(self) -> Mapping[str, int]:
        """Return all terms with the number of passages they occur in; read when first asked for."""
        return self._lexicon.vocabulary()

    def rarity(self, word: str) -> float:
        """Return how rare a folded word is: the inverse document frequency of its rarest term, as BM25 counts it."""
        return self._lexicon.rarity(word)

    @property
    def document_count(self) -> int:
        """Return how many documents there are."""
        return len(self._held)

    @property
    def passage_count(self) -> int:
        """Return how many passages there are."""
        return self._lexicon.passages

    @property
    def encoder(self) -> Encoder:
        """Return the encoder that questions go through."""
        return self._encoder

    @property
    def manifest(self) -> Manifest:
        """Return what the index says of itself; it has no files."""
        return self._manifest


def _in_order(candidates: Candidates) -> list[_Candidate]:
    """Sort by document id, then offset."""
    return sorted(candidates.values(), key=lambda each: each.place)


def _best(candidates: Sequence[_Candidate], scores: Scores, k: int) -> list[Hit]:
    return [Hit(candidates[at].passage, float(scores[at])) for at in best(scores, k)]


class _Question:
    """A question made ready."""

    def __init__(self, query: str, vector: Vector) -> None:
        self.vector = vector
        self.terms = Counter(terms(query))
        self.tokens = tokens(self.terms.elements())
