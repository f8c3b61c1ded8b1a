"""The ports of answering."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from index.filters import Filter
from index.records import Document, Hit
from index.versions import Versions
from qa.answers import Answer


@runtime_checkable
class Reader(Protocol):
    """Passages in, an answer out."""

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        """Growing snapshots of one answer; only the last has citations.

        Args:
            question: standalone: it needs no earlier turn to be understood.
            hits: passages to read, best first.
        """
        ...


@runtime_checkable
class Grouper(Protocol):
    """Tells which questions ask for the same."""

    def groups(self, questions: Sequence[str]) -> list[list[int]]:
        """Positions of the questions that belong together: every position once, groups by their first position."""
        ...


@runtime_checkable
class Answerer(Grouper, Protocol):
    """What people and programs talk to: `qa.assistant.Assistant`, or a fake in tests."""

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        """One complete answer.

        Args:
            question: as typed.
            history: earlier questions of the conversation, oldest first.
            within: which documents to answer from; all by default.

        Raises:
            ValueError: if the question is empty or too long; the message is fit for a user's eyes.
        """
        ...

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        """Growing snapshots; the last one is the complete answer and the only one with citations."""
        ...

    def documents(self) -> Sequence[Document]:
        """The documents it answers from, ordered by id."""
        ...

    def versions(self, within: Filter | None = None) -> Versions:
        """Which of the documents (of a filter) are versions of one work, and which apply."""
        ...

    def document(self, document_id: str) -> Document | None:
        """One of them, or None."""
        ...

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        """Questions that the documents answer, made from the documents themselves: all, or those of a filter."""
        ...
