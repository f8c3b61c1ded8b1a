"""Word statistics of an index in a Milvus: over all its passages, or over those of some documents alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log1p

from index.milvus.connection import Connection, Generation
from index.milvus.rows import Held, passage_from, tokens
from index.text import terms


class MilvusLexicon(ABC):
    """A `Lexicon` that looks terms up when they are asked for, and remembers them; as it was at the first asking."""

    def __init__(self, connection: Connection, generation: Generation, passages: int, tokens: int) -> None:
        self.passages = passages
        self.mean_length = tokens / passages if passages else 0.0
        self._connection = connection
        self._generation = generation
        self._known: dict[str, int] = {}
        self._vocabulary: Mapping[str, int] | None = None

    def document_frequency(self, term: str) -> int:
        """Return in how many passages a term (of `index.text.terms`) occurs, title and section path included."""
        self.look_up([term])
        return self._known.get(term, 0)

    def look_up(self, wanted: Iterable[str]) -> None:
        """Make sure that the frequencies of terms are known, with as few calls as that takes."""
        missing = [term for term in dict.fromkeys(wanted) if term and term not in self._known]
        if missing:
            self._known.update({**dict.fromkeys(missing, 0), **self._frequencies(missing)})

    def rarity(self, word: str) -> float:
        """Return how rare a folded word is: the inverse document frequency of its rarest term, as BM25 counts it."""
        found = terms(word)
        self.look_up(found)
        return self.weight(min(map(self.document_frequency, found), default=0))

    def weight(self, frequency: int) -> float:
        """Return the inverse document frequency of a term that occurs in so many passages."""
        # A term that was written since may occur in more passages than there were.
        return log1p(max(0.0, self.passages - frequency + 0.5) / (frequency + 0.5))

    def vocabulary(self) -> Mapping[str, int]:
        """Return all terms of one or two characters with the number of passages they occur in."""
        if self._vocabulary is None:
            self._vocabulary = dict(sorted((term, count) for term, count in self._counted() if len(term) <= 2))
        return self._vocabulary

    @abstractmethod
    def _counted(self) -> Iterable[tuple[str, int]]:
        """Return terms with the number of passages they occur in."""

    @abstractmethod
    def _frequencies(self, missing: Sequence[str]) -> Mapping[str, int]:
        """Return the frequencies of those of some terms that occur."""


class WholeLexicon(MilvusLexicon):
    """Of all passages: frequencies are kept in a collection of their own."""

    def _counted(self) -> Iterable[tuple[str, int]]:
        rows = self._connection.rows(self._generation.name("terms"), "frequency > 0", ("term", "frequency"))
        return ((row["term"], row["frequency"]) for row in rows)

    def _frequencies(self, missing: Sequence[str]) -> Mapping[str, int]:
        rows = self._connection.get(self._generation.name("terms"), missing, ("term", "frequency"))
        return {row["term"]: row["frequency"] for row in rows}


class LimitedLexicon(MilvusLexicon):
    """Of the passages of some documents, as if there were no others; Milvus counts them.

    Args:
        connection: to the Milvus.
        generation: which collections.
        held: the documents.
        where: an expression that their passages fit and no others.
    """

    def __init__(self, connection: Connection, generation: Generation, held: Sequence[Held], where: str) -> None:
        super().__init__(connection, generation, sum(each.passages for each in held), sum(each.tokens for each in held))
        self._held = {each.description.id: each for each in held}
        self._where = where

    def _counted(self) -> Iterable[tuple[str, int]]:
        counted: Counter[str] = Counter()
        fields = ("document", "change", "content")
        for row in self._connection.rows(self._generation.name("passages"), self._where, fields):
            held = self._held.get(row["document"])
            if held and held.change == row["change"]:
                counted.update(set(terms(passage_from(row, held.description).indexed_text)))
        return counted.items()

    def _frequencies(self, missing: Sequence[str]) -> Mapping[str, int]:
        passages = self._generation.name("passages")
        return {
            term: self._connection.count(passages, f'({self._where}) and text_match(terms, "{tokens([term])}")')
            for term in missing
        }
