"""The ports of retrieval: what can be swapped, and what each side may rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from index.filters import Filter
from index.manifest import Manifest
from index.records import Description, Document, Hit, Passage

Vectors = NDArray[np.float32]
Stage = Literal["dense", "lexical", "fused"]
"""By meaning, by wording, and both, which is what a search is."""


@runtime_checkable
class Encoder(Protocol):
    """Texts to unit vectors."""

    @property
    def name(self) -> str:
        """Return what the user names it by, e.g. `multilingual-e5-small`."""

    @property
    def revision(self) -> str:
        """Pins the weights and prompts: two encoders with equal revisions give equal vectors."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to be found. Returns float32 `(len(texts), dim)`, unit rows, in input order."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to search with. Returns float32 `(len(texts), dim)`, unit rows, in input order."""


@runtime_checkable
class Independent(Protocol):
    """An encoder whose vectors depend on their own text alone, to the last bit: short documents go together."""

    @property
    def independent(self) -> Literal[True]:
        """Vouches for that."""


@runtime_checkable
class Retriever(Protocol):
    """A question to passages."""

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """Return the best passages: best first, distinct, at most `k`; ties by document id, then offset.

        A filter `within` chooses the documents: the best `k` of these, not those among the best `k` of all. ValueError
        if `k` is below 1.
        """


@runtime_checkable
class PassageStore(Protocol):
    """Documents and their passages, in document-id order, then text order."""

    def documents(self) -> Sequence[Document]:
        """Return all documents, ordered by id."""

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without their texts and outlines, ordered by id."""

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id, or None."""

    def passages(self, document_id: str) -> Sequence[Passage]:
        """Return the passages of one document in text order; empty for an unknown id."""


@runtime_checkable
class Lexicon(Protocol):
    """The terms (of `index.text.terms`) of all passages, titles and section paths included."""

    def document_frequency(self, term: str) -> int:
        """Return in how many passages a term occurs."""

    def vocabulary(self) -> Mapping[str, int]:
        """Return all terms with the number of passages they occur in."""

    def rarity(self, word: str) -> float:
        """Return how rare a folded word is: the inverse document frequency of its rarest term, as BM25 counts it."""


@runtime_checkable
class Library(Retriever, PassageStore, Lexicon, Protocol):
    """What answering needs of an index: passages found, documents, and what their words are worth."""

    @property
    def encoder(self) -> Encoder:
        """Return the encoder that questions go through."""


@runtime_checkable
class Index(Library, Protocol):
    """An index, wherever it lies."""

    def limited_to(self, readable: Filter) -> Library:
        """Return an index of the documents that a filter admits; nothing in it reveals the others.

        A filter of `search` chooses among documents that the asker knows of, and scores stay measured against all of
        these. Documents that the asker must not know of may not even show in scores and word frequencies.
        """

    @property
    def manifest(self) -> Manifest:
        """Return what the index says of itself."""

    @property
    def document_count(self) -> int:
        """Return how many documents there are."""

    @property
    def passage_count(self) -> int:
        """Return how many passages there are."""

    def retriever(self, stage: Stage) -> Retriever:
        """Return one stage of the search by itself; ValueError if there is no such stage."""

    def with_encoder(self, encoder: Encoder) -> Self:
        """Return the same index searched through another encoder; ValueError if that is of another revision."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far building has come; counts of what is to be encoded."""

    documents: int
    documents_total: int
    passages: int
    passages_total: int


LoadEncoder = Callable[[str], Encoder]
"""Makes an encoder from its name."""


Report = Callable[[Progress], None]
"""Told how far building has come."""


class Writer(Protocol):
    """An index while one process changes it; what a call has done is saved when it returns."""

    @property
    def document_count(self) -> int:
        """Return how many documents there are."""

    @property
    def passage_count(self) -> int:
        """Return how many passages there are."""

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without their texts and outlines, ordered by id."""

    def add(self, documents: Iterable[Document], *, stale: Iterable[str] = (), progress: Report | None = None) -> None:
        """Add documents, and remove those with the ids `stale`; one whose id or source is there already is replaced.

        Args:
            documents: in any order; of several with one id or source the last counts.
            stale: ids of documents that go with them.
            progress: called after every block of passages.

        Raises:
            ValueError: if a document's id is unusable, or the encoder does not return unit vectors.
            EncoderMismatch, ModelError: if the encoder is not the one of the index, or fails.
        """

    def remove(self, ids: Iterable[str]) -> None:
        """Remove documents; ValueError if there is none with one of these ids."""


class Store(Protocol):
    """A place where one index lies or may come to lie: a folder, a collection of a Milvus.

    Every method raises `IndexStoreError` where the place cannot be used: `IndexNotFound` if there is no index,
    `StoreUnavailable` if the server that holds it does not answer, `IndexBusy` if another process writes.
    """

    @property
    def resumes(self) -> bool:
        """Return whether a build of a job that was broken off is gone on with."""

    def stamp(self) -> str | None:
        """Tell one state of the index from another, cheaply; None where there is none."""

    def manifest(self) -> Manifest:
        """Return what the index says of itself."""

    def open(self, encoder: Encoder | None = None) -> Index:
        """Return the index as it is now, searched with an encoder, by default the one that it names.

        Raises:
            EncoderMismatch: if the encoder is not the one the index was built with.
            MissingDependency: if a package is missing that the store or the encoder needs.
            ModelError: if the encoder cannot be loaded.
        """

    def building(
        self, encoder: str, load: LoadEncoder, recall: float | None = None, job: str | None = None
    ) -> AbstractContextManager[Writer]:
        """Return a new index that takes the place of what is there when the block ends without an error.

        It is empty, but for what an earlier build of the same job had finished when it was broken off.

        Args:
            encoder: names the encoder.
            load: makes it, when there is something to encode.
            recall: share of the true hundred nearest that is to be found where there are too many to compare all, 0 to
                1; by default what the store thinks right. ValueError if the store cannot be told.
            job: what is built, in any words; without them nothing is kept of a build that fails.
        """

    def writing(self, load: LoadEncoder, encoder: str | None = None) -> AbstractContextManager[Writer]:
        """Return the index that is there, to be changed; the encoder is named where it lies elsewhere than it says."""

    def damage(self) -> list[str]:
        """Return what is wrong with the index, a line each; empty if it is whole."""
