"""The answerer while a model file is missing or altered: every call raises the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.errors import YijuError
from index.filters import Filter
from index.protocols import Vectors
from index.records import Description, Document, Hit
from index.structure.versions import Versions
from qa.answers import Answer


class Unavailable:
    """An answerer that only says what keeps it from answering.

    Attributes:
        error: the reason, fit for a user's eyes.
    """

    def __init__(self, error: YijuError) -> None:
        self.error = error

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        """Raise the reason."""
        raise self.error

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        """Raise the reason."""
        raise self.error

    def search(self, question: str, k: int = 10, within: Filter | None = None) -> list[Hit]:
        """Raise the reason."""
        raise self.error

    def encode(self, texts: Sequence[str], *, queries: bool = False) -> Vectors:
        """Raise the reason."""
        raise self.error

    def documents(self) -> Sequence[Document]:
        """None: nothing can be asked about."""
        return ()

    def descriptions(self) -> Sequence[Description]:
        """None: nothing can be asked about."""
        return ()

    def versions(self, within: Filter | None = None) -> Versions:
        """None, as there are no documents."""
        return Versions(())

    def document(self, document_id: str) -> Document | None:
        """None, as there are no documents."""
        return None

    def passage_count(self, document_id: str) -> int:
        """0, as there are no documents."""
        return 0

    def limited_to(self, readable: Filter) -> Unavailable:
        """Return the same: there is nothing to leave out."""
        return self

    def groups(self, questions: Sequence[str]) -> list[list[int]]:
        """Return each question by itself."""
        return [[i] for i in range(len(questions))]

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        """None."""
        return []
