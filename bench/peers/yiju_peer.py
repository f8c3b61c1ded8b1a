"""The product's own index, through the same interface as the others."""

from __future__ import annotations

from pathlib import Path

from index.encoding.encoders import load_encoder
from index.loaders import find_files, load
from index.store.passage_index import PassageIndex


class Yiju:
    """Passages of the product's splitter, searched as the product searches them; questions are taken as they stand."""

    def __init__(self) -> None:
        self._encoder = load_encoder()
        self._index: PassageIndex | None = None

    def index(self, folder: Path) -> int:
        """Index the files; returns the number of passages."""
        documents = [load(path, source=source) for path, source in find_files([folder])]
        self._index = PassageIndex.build(documents, self._encoder)
        return self._index.passage_count

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the best passages."""
        if self._index is None:
            raise ValueError("index first")
        return [hit.passage.text for hit in self._index.search(question, k)]
