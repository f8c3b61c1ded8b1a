"""Haystack: TextFileToDocument, a splitter, the in-memory store and its retriever."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from haystack import Document
from haystack.components.converters import TextFileToDocument
from haystack.components.preprocessors import DocumentSplitter, RecursiveDocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore

from index.encoding.e5 import load_e5


class Haystack:
    """The steps of Haystack's indexing and query pipelines.

    Args:
        recursive: split at Chinese punctuation into 400 characters; the default splits into 200 words at spaces.
    """

    def __init__(self, *, recursive: bool = False) -> None:
        self._encoder = load_e5()
        self._store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        self._retriever = InMemoryEmbeddingRetriever(self._store)
        self._splitter = (
            RecursiveDocumentSplitter(split_length=400, split_unit="char", separators=["\n", "。", "；", "，"])
            if recursive
            else DocumentSplitter()
        )

    def index(self, folder: Path) -> int:
        """Index the files; returns the number of passages."""
        self._splitter.warm_up()
        documents = TextFileToDocument().run(sources=sorted(folder.iterdir()))["documents"]
        pieces: list[Document] = self._splitter.run(documents=documents)["documents"]
        vectors = self._encoder.encode_passages([piece.content or "" for piece in pieces])
        found = [replace(piece, embedding=vector.tolist()) for piece, vector in zip(pieces, vectors, strict=True)]
        DocumentWriter(self._store).run(documents=found)
        return len(pieces)

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the best passages."""
        vector = self._encoder.encode_queries([question])[0].tolist()
        found = self._retriever.run(query_embedding=vector, top_k=k)["documents"]
        return [document.content or "" for document in found]
