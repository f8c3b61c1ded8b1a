"""The ports of retrieval: what can be swapped, and what each side may rely on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from index.filters import Filter
from index.records import Document, Hit, Passage

Vectors = NDArray[np.float32]


@runtime_checkable
class Encoder(Protocol):
    """Texts to unit vectors."""

    @property
    def name(self) -> str:
        """What the user names it by, e.g. `multilingual-e5-small`."""
        ...

    @property
    def revision(self) -> str:
        """Pins the weights and prompts: two encoders with equal revisions give equal vectors."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to be found. Returns float32 `(len(texts), dim)`, unit rows, in input order."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to search with. Returns float32 `(len(texts), dim)`, unit rows, in input order."""
        ...


@runtime_checkable
class Retriever(Protocol):
    """A question to passages."""

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """The best passages: best first, distinct, at most `k`; ties by document id, then offset.

        Args:
            query: what is looked for.
            k: how many passages.
            within: which documents to search; the best `k` of these, not those among the best `k` of all.

        Raises:
            ValueError: if `k` is below 1.
        """
        ...


@runtime_checkable
class PassageStore(Protocol):
    """Documents and their passages, in document-id order, then text order."""

    def documents(self) -> Sequence[Document]:
        """All documents, ordered by id."""
        ...

    def document(self, document_id: str) -> Document | None:
        """The document with this id, or None."""
        ...

    def passages(self, document_id: str) -> Sequence[Passage]:
        """The passages of one document in text order; empty for an unknown id."""
        ...
