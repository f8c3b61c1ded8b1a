"""The answerer while a model file is missing or altered: every call raises the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from index.errors import YijuError
from index.filters import Filter
from index.records import Description, Document
from index.structure.versions import Versions


class Unavailable:
    """An answerer that only says what keeps it from answering, by an error that is fit for a user's eyes."""

    def __init__(self, error: YijuError) -> None:
        self.error = error

    def _raise(self, *arguments: object, **options: object) -> NoReturn:
        raise self.error

    ask = stream = search = encode = _raise

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
