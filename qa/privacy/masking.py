"""An answerer that masks personal data in everything it returns; see `qa/privacy/personal.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from index.filters import Filter
from index.protocols import Vectors
from index.records import Description, Document, Hit, Origin, Passage
from index.store.stored import Lazily
from index.structure.versions import Versions
from qa.answers import Answer
from qa.privacy.library import masked_document, masked_passage
from qa.privacy.personal import masked
from qa.protocols import Answerer, Expander

_KEPT = 256
"""How many documents are kept as they are shown."""

_KEYS = ("id", "document_id")
"""Fields by which programs find things again; everything else that is text may hold anything."""


class Masked:
    """Answers as another answerer does, and masks what is personal.

    Questions are masked as well, before they are searched: otherwise how sure an answer is would tell whether a guessed
    number is the masked one. Passages are slices of the masked document, so that quotes, pages and the
    text of a document agree to the last character. The files behind documents are out of reach: a picture of a page
    cannot be masked.
    """

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self._shown = lru_cache(_KEPT)(_shown)

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        """Return one complete answer; raises what the other raises."""
        return self._answer(self._answerer.ask(masked(question), [*map(masked, history)], within))

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        """Return growing snapshots; the last one is the complete answer."""
        return map(self._answer, self._answerer.stream(masked(question), [*map(masked, history)], within))

    def expand(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        """See `stream`, but explained at length, where the other can."""
        asking = self._answerer.expand if isinstance(self._answerer, Expander) else self._answerer.stream
        return map(self._answer, asking(masked(question), [*map(masked, history)], within))

    def search(self, question: str, k: int = 10, within: Filter | None = None) -> list[Hit]:
        """Return the passages that are found for a question, as they are shown."""
        return [self._any(hit) for hit in self._answerer.search(masked(question), k, within)]

    def encode(self, texts: Sequence[str], *, queries: bool = False) -> Vectors:
        """Return the vectors of texts: they are the caller's own."""
        return self._answerer.encode(texts, queries=queries)

    def documents(self) -> Sequence[Document]:
        """Return the documents it answers from, ordered by id."""
        found = self._answerer.documents()
        return Lazily(len(found), lambda at: self._shown(found[at]), kept=1)

    def descriptions(self) -> Sequence[Description]:
        """Return the same without their texts and outlines."""
        return [
            replace(each, title=masked(each.title), source=masked(each.source), origin=Origin())
            for each in self._answerer.descriptions()
        ]

    def document(self, document_id: str) -> Document | None:
        """Return one of them, or None."""
        found = self._answerer.document(document_id)
        return self._shown(found) if found else None

    def passage_count(self, document_id: str) -> int:
        """Return how many passages one of them has; 0 for an unknown id."""
        return self._answerer.passage_count(document_id)

    def versions(self, within: Filter | None = None) -> Versions:
        """Return which of the documents (of a filter) are versions of one work, and which apply."""
        return self._answerer.versions(within)

    def limited_to(self, readable: Filter) -> Masked:
        """Return the same as if there were only the documents that a filter admits."""
        return Masked(self._answerer.limited_to(readable))

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        """Return the questions that the documents answer."""
        return [masked(each) for each in self._answerer.examples(n, within)]

    def groups(self, questions: Sequence[str]) -> list[list[int]]:
        """Return the positions of the questions that belong together."""
        return self._answerer.groups(questions)

    def _answer(self, answer: Answer) -> Answer:
        shown: Answer = self._any(answer)
        return shown

    def _any(self, value: Any) -> Any:
        """Return whatever an answer holds, its texts masked; what it will hold one day among them."""
        if isinstance(value, str):
            return masked(value)
        if isinstance(value, Passage):
            return masked_passage(value, self.document(value.document_id))
        if isinstance(value, tuple):
            return tuple(map(self._any, value))
        if not is_dataclass(value) or isinstance(value, type):
            return value
        parts = {each.name: getattr(value, each.name) for each in fields(value) if each.name not in _KEYS}
        return replace(value, **{name: self._any(part) for name, part in parts.items()})


def _shown(document: Document) -> Document:
    return replace(masked_document(document), source=masked(document.source), origin=Origin())
