"""The ports of answering."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from index.filters import Filter
from index.protocols import Vectors
from index.records import Description, Document, Hit
from index.structure.versions import Versions
from qa.answers import Answer

DocumentOf = Callable[[str], Document | None]
"""Gives a document by its id."""


Frequency = Callable[[str], int]
"""In how many passages of the documents a folded term occurs."""
Vocabulary = Callable[[], Mapping[str, int]]
"""All terms of the documents with their frequencies; read when it is first needed."""


@runtime_checkable
class Reader(Protocol):
    """Passages in, an answer out."""

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        """Return growing snapshots of one answer; only the last has citations.

        Args:
            question: standalone: it needs no earlier turn to be understood.
            hits: passages to read, best first.
        """
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation with a language model."""

    role: Literal["system", "user"]
    content: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one request to a language model took, in the model's own tokens."""

    prompt: int
    completion: int


@runtime_checkable
class ChatModel(Protocol):
    """A language model that continues a conversation."""

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Generator[str, None, Tokens | None]:
        """Return the reply as it is written; closing the iterator ends the request.

        Args:
            messages: the conversation so far.
            max_tokens: longest reply, in the model's own tokens, at least 1.

        Returns:
            Pieces of text that make the reply when joined. Empty ones come while there is nothing new, several a
            second, so that the caller can stop. The generator's own value, at its end, is what the request took, where
            the model tells.

        Raises:
            ModelError: if the model cannot be reached, is too slow or answers with something unusable. What came
                before it is part of a reply.
        """
        ...


@runtime_checkable
class Grouper(Protocol):
    """Tells which questions ask for the same."""

    def groups(self, questions: Sequence[str]) -> list[list[int]]:
        """Return the positions of the questions that belong together, each once, groups by their first position."""
        ...


@runtime_checkable
class Answerer(Grouper, Protocol):
    """What people and programs talk to: `qa.assistant.Assistant`, or a fake in tests."""

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        """Return one complete answer.

        Args:
            question: as typed.
            history: earlier questions of the conversation, oldest first.
            within: which documents to answer from; all by default.

        Raises:
            ValueError: if the question is empty or too long; the message is fit for a user's eyes.
        """
        ...

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        """Return growing snapshots; the last one is the complete answer and the only one with citations."""
        ...

    def search(self, question: str, k: int = 10, within: Filter | None = None) -> list[Hit]:
        """Return the passages that are found for a question, best first, at most `k`; nothing is read.

        Raises:
            ValueError: as `ask`, and if `k` is below 1.
        """
        ...

    def encode(self, texts: Sequence[str], *, queries: bool = False) -> Vectors:
        """Return the vectors of texts as the index has them, float32 unit rows; of passages, or of `queries`."""
        ...

    def documents(self) -> Sequence[Document]:
        """Return the documents it answers from, ordered by id."""
        ...

    def descriptions(self) -> Sequence[Description]:
        """Return the same without their texts and outlines."""
        ...

    def versions(self, within: Filter | None = None) -> Versions:
        """Return which of the documents (of a filter) are versions of one work, and which apply."""
        ...

    def document(self, document_id: str) -> Document | None:
        """Return one of them, or None."""
        ...

    def passage_count(self, document_id: str) -> int:
        """Return how many passages one of them has; 0 for an unknown id."""
        ...

    def limited_to(self, readable: Filter) -> Answerer:
        """Return an answerer over the documents that a filter admits; nothing in its answers reveals the others."""
        ...

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        """Return the questions that the documents (of a filter) answer, made from the documents themselves."""
        ...


@runtime_checkable
class Expander(Protocol):
    """An answerer that can say more about an answer than is needed."""

    def expand(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        """See `Answerer.stream`, but the answer is explained at length, where something is at hand that can."""
        ...
