"""LangChain: TextLoader, RecursiveCharacterTextSplitter, FAISS."""

from __future__ import annotations

from pathlib import Path

from langchain_community.document_loaders import TextLoader
from langchain_community.vectorstores import FAISS
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from index.encoding.e5 import load_e5


class E5Embeddings(Embeddings):
    """The shared encoder as LangChain takes it."""

    def __init__(self) -> None:
        self._encoder = load_e5()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of texts to be found."""
        return [vector.tolist() for vector in self._encoder.encode_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        vector: list[float] = self._encoder.encode_queries([text])[0].tolist()
        return vector


class LangChain:
    """The retriever of LangChain's tutorials.

    Args:
        size: characters of a passage; None leaves the splitter its default of 4,000. 200 characters overlap either way.
    """

    def __init__(self, size: int | None = None) -> None:
        self._embeddings = E5Embeddings()
        recursive = RecursiveCharacterTextSplitter
        self._splitter = recursive() if size is None else recursive(chunk_size=size)
        self._store: FAISS | None = None

    def index(self, folder: Path) -> int:
        """Index the files; returns the number of passages."""
        documents = [document for path in sorted(folder.iterdir()) for document in TextLoader(path, "utf-8").load()]
        pieces = self._splitter.split_documents(documents)
        self._store = FAISS.from_documents(pieces, self._embeddings)
        return len(pieces)

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the best passages."""
        if self._store is None:
            raise ValueError("index first")
        return [document.page_content for document in self._store.as_retriever(search_kwargs={"k": k}).invoke(question)]
