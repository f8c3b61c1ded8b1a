"""txtai: an Embeddings database with content."""

from __future__ import annotations

from pathlib import Path

from txtai import Embeddings
from txtai.pipeline import Segmentation

from index.encoding.e5 import PASSAGE_PROMPT, QUERY_PROMPT, load_e5
from index.protocols import Vectors


class Txtai:
    """Texts stored whole, or line by line as its tutorials do with longer ones.

    Args:
        lines: make a passage of every line.
    """

    def __init__(self, *, lines: bool = False) -> None:
        self._encoder = load_e5()
        self._segmentation = Segmentation(lines=lines) if lines else None
        # txtai puts the prompts in front and asks for vectors of either kind at the same door.
        prompts = {"data": PASSAGE_PROMPT, "query": QUERY_PROMPT}
        # It calls what is no plain function to get one.
        transform = lambda texts: self._vectors(texts)  # noqa: E731
        self._store = Embeddings(method="external", transform=transform, instructions=prompts, content=True)

    def index(self, folder: Path) -> int:
        """Index the files; returns the number of passages."""
        texts = [path.read_text("utf-8") for path in sorted(folder.iterdir())]
        pieces = (
            texts if self._segmentation is None else [piece for text in texts for piece in self._segmentation(text)]
        )
        self._store.index(pieces)
        return len(pieces)

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the best passages."""
        return [found["text"] for found in self._store.search(question, k)]

    def _vectors(self, texts: list[str]) -> Vectors:
        if texts and texts[0].startswith(QUERY_PROMPT):
            return self._encoder.encode_queries([text.removeprefix(QUERY_PROMPT) for text in texts])
        return self._encoder.encode_passages([text.removeprefix(PASSAGE_PROMPT) for text in texts])
