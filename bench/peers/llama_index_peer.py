"""LlamaIndex: SimpleDirectoryReader, VectorStoreIndex with its default splitter."""

from __future__ import annotations

from pathlib import Path

from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from pydantic import PrivateAttr

from index.encoding.e5 import E5Encoder, load_e5


class E5Embedding(BaseEmbedding):
    """The shared encoder as LlamaIndex takes it."""

    _encoder: E5Encoder = PrivateAttr(default_factory=load_e5)

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [vector.tolist() for vector in self._encoder.encode_passages(texts)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        vector: list[float] = self._encoder.encode_queries([query])[0].tolist()
        return vector

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class LlamaIndex:
    """The five lines of LlamaIndex's tutorial, with a retriever in place of the engine that asks a model."""

    def __init__(self) -> None:
        self._embedding = E5Embedding()
        self._store: VectorStoreIndex | None = None

    def index(self, folder: Path) -> int:
        """Index the files; returns the number of passages."""
        documents = SimpleDirectoryReader(str(folder)).load_data()
        self._store = VectorStoreIndex.from_documents(documents, embed_model=self._embedding)
        return len(self._store.index_struct.nodes_dict)

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the best passages."""
        if self._store is None:
            raise ValueError("index first")
        return [found.get_content() for found in self._store.as_retriever(similarity_top_k=k).retrieve(question)]
