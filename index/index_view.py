"""An index as it would be if it held some of its documents only: what is left out shows in nothing that it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from index.dense import DenseIndex
from index.filters import Filter
from index.fusion import Rows
from index.protocols import Encoder
from index.records import Document, Hit, Passage
from index.retrievers import DenseRetriever, HybridRetriever, LexicalRetriever
from index.sparse import SparseIndex
from index.text import terms


class IndexView:
    """Some documents of an index: an index to read, whose scores and frequencies are those of these documents alone.

    Vectors and postings are those of the whole index; only which rows count is kept here.

    Args:
        contents: documents by id, each with its passages, of the whole index.
        passages: of the whole index, one a row.
        dense: their vectors.
        sparse: their terms.
        encoder: made the vectors.
        readable: which documents there are.
    """

    def __init__(
        self,
        contents: Mapping[str, tuple[Document, tuple[Passage, ...]]],
        passages: Sequence[Passage],
        dense: DenseIndex,
        sparse: SparseIndex,
        encoder: Encoder,
        readable: Filter,
    ) -> None:
        self._contents = {id: each for id, each in contents.items() if readable.admits(each[0])}
        sizes = {id: len(held) for id, (_, held) in contents.items()}
        starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
        self._rows_of = {id: np.arange(starts[id], starts[id] + sizes[id]) for id in self._contents}
        rows = self._rows(None)
        self._sparse = sparse.limited_to(rows)
        self._encoder = encoder
        by_wording = LexicalRetriever(passages, self._sparse)
        self._retriever = HybridRetriever(passages, DenseRetriever(passages, dense, encoder), by_wording, rows=rows)

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """As `PassageIndex.search`."""
        return self._retriever.search(query, k, None if within is None else self._rows(within))

    def documents(self) -> Sequence[Document]:
        """The documents that there are, ordered by id."""
        return [document for document, _ in self._contents.values()]

    def document(self, document_id: str) -> Document | None:
        """The document with this id, or None."""
        found = self._contents.get(document_id)
        return found[0] if found else None

    def passages(self, document_id: str) -> Sequence[Passage]:
        """The passages of one document in text order; empty for an unknown id."""
        found = self._contents.get(document_id)
        return found[1] if found else ()

    def document_frequency(self, term: str) -> int:
        """In how many passages a term occurs."""
        return self._sparse.frequency(term)

    def vocabulary(self) -> Mapping[str, int]:
        """All terms with the number of passages they occur in."""
        return self._sparse.frequencies

    def rarity(self, word: str) -> float:
        """As `PassageIndex.rarity`."""
        return self._sparse.rarity(min(map(self._sparse.frequency, terms(word)), default=0))

    @property
    def encoder(self) -> Encoder:
        """The encoder that questions go through."""
        return self._encoder

    def _rows(self, within: Filter | None) -> Rows:
        """The rows of the documents (that a filter admits), ascending."""
        documents = (document for document, _ in self._contents.values())
        chosen = [self._rows_of[each.id] for each in documents if within is None or within.admits(each)]
        return np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
