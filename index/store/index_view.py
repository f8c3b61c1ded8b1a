"""An index limited to some of its documents; nothing in it reveals the others."""

from __future__ import annotations

from collections.abc import Sequence

from index.filters import Filter
from index.protocols import Encoder
from index.records import Description, Document, Hit, Passage
from index.search.dense import DenseIndex
from index.search.retrievers import DenseRetriever, HybridRetriever, LexicalRetriever, weight_among
from index.search.sparse import SparseIndex, SparseLexicon
from index.store.stored import Lazily, Stored


class IndexView(SparseLexicon):
    """Some documents of an index: an index to read, whose scores and frequencies are those of these documents alone.

    Vectors and postings are those of the whole index; only which rows count is kept here.
    """

    def __init__(
        self, stored: Stored, dense: DenseIndex, sparse: SparseIndex, encoder: Encoder, readable: Filter
    ) -> None:
        self._stored = stored
        self._readable = readable
        self._numbers = numbers = stored.numbers(readable).tolist()
        self._descriptions: Sequence[Description] | None = None
        self._documents = Lazily(len(numbers), lambda at: stored.documents[numbers[at]], 1)
        rows = stored.rows(readable)
        passages = stored.passages
        self._sparse = sparse.limited_to(rows)
        self._encoder = encoder
        by_meaning, by_wording = DenseRetriever(passages, dense, encoder), LexicalRetriever(passages, self._sparse)
        self._retriever = HybridRetriever(passages, by_meaning, by_wording, weight_among(len(numbers)), rows)

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """See `PassageIndex.search`."""
        among = None if within is None else self._stored.rows(self._readable.both(within))
        return self._retriever.search(query, k, among)

    def documents(self) -> Sequence[Document]:
        """Return the documents that there are, ordered by id."""
        return self._documents

    def descriptions(self) -> Sequence[Description]:
        """Return the same without their texts and outlines."""
        if self._descriptions is None:
            everywhere = self._stored.descriptions()
            self._descriptions = [everywhere[number] for number in self._numbers]
        return self._descriptions

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id, or None."""
        found = self._stored.document(document_id)
        return found if found and self._readable.admits(found) else None

    def passages(self, document_id: str) -> Sequence[Passage]:
        """Return the passages of one document in text order; empty for an unknown id."""
        return self._stored.passages_of(document_id) if self.document(document_id) else ()

    @property
    def encoder(self) -> Encoder:
        """Return the encoder that questions go through."""
        return self._encoder
