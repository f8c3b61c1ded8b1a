"""Change an index in a Milvus, in an order that never shows a reader half a document.

Passages come first and their document last; a reader shows only passages of the change that the document it knows is
from. A change that was broken off is made good by whoever changes the index next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from index import codec
from index.milvus.connection import PAGE, Connection, Generation
from index.milvus.rows import RECORD, Held, Record, document_rows, of_change, passage_from, passage_row, term_rows
from index.protocols import Encoder, Report
from index.records import Description, Document, Passage
from index.search.dense import check_vectors
from index.store.passage_index import encoded
from index.structure.splitter import split
from index.text import terms


@dataclass(slots=True)
class Tally:
    """What passages have in number, terms and length."""

    frequencies: Counter[str] = field(default_factory=Counter)  # in how many of them each term occurs
    passages: int = 0  # how many they are
    tokens: int = 0  # how many terms they have together

    def count(self, passage: Passage, sign: int = 1) -> None:
        """Count a passage, or with -1 take one off."""
        found = terms(passage.indexed_text)
        for term in set(found):
            self.frequencies[term] += sign
        self.passages += sign
        self.tokens += sign * len(found)

    def include(self, other: Tally) -> None:
        """Count what another tally has counted."""
        self.frequencies.update(other.frequencies)
        self.passages += other.passages
        self.tokens += other.tokens


class MilvusWriter:
    """A `Writer` of one generation of an index, with its record and documents; the encoder is made when needed."""

    def __init__(
        self,
        connection: Connection,
        generation: Generation,
        record: Record,
        held: Iterable[Held],
        encoder: Callable[[], Encoder],
    ) -> None:
        self._connection = connection
        self._passages = generation.name("passages")
        self._documents = generation.name("documents")
        self._terms = generation.name("terms")
        self._record = record
        self._held = {each.description.id: each for each in held}
        self._encoder = encoder

    @property
    def document_count(self) -> int:
        """Return how many documents there are."""
        return len(self._held)

    @property
    def passage_count(self) -> int:
        """Return how many passages there are."""
        return self._record.manifest.passages

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without their texts and outlines, ordered by id."""
        return [held.description for _, held in sorted(self._held.items())]

    def add(self, documents: Iterable[Document], *, stale: Iterable[str] = (), progress: Report | None = None) -> None:
        """Add documents; see `Writer`."""
        incoming = codec.last_of_each(documents)
        encoder = self._encoder()
        sources, ids = {each.source for each in incoming}, {each.id for each in incoming}
        replaced = [id for id, old in self._held.items() if id in ids or old.description.source in sources]
        cut = [(document, split(document)) for document in incoming]
        vectors = encoded(cut, encoder, progress)
        check_vectors(vectors)
        self._begin()
        total, fresh, done = Tally(), [], 0
        for document, passages in cut:
            own, tally = vectors[done : done + len(passages)], Tally()
            rows = [
                passage_row(passage, document, self._record.changes, vector)
                for passage, vector in zip(passages, own, strict=True)
            ]
            self._connection.upsert(self._passages, rows)
            for passage in passages:
                tally.count(passage)
            fresh.append(self._write(document, tally))
            total.include(tally)
            done += len(passages)
        self._end([*dict.fromkeys([*replaced, *stale])], fresh, total)

    def remove(self, ids: Iterable[str]) -> None:
        """Remove documents; see `Writer`."""
        gone = [*dict.fromkeys(ids)]
        if unknown := [id for id in gone if id not in self._held]:
            raise ValueError(f"索引里没有这些文档：{'、'.join(unknown)}；文档编号可用 yiju-index info 查看。")
        self._begin()
        self._end(gone, [], Tally())

    def repair(self) -> None:
        """Make good a change that was broken off."""
        self._begin()
        tally, lost = Tally(), []
        for row in self._connection.rows(self._passages, "", ("key", "document", "change", "content")):
            held = self._held.get(row["document"])
            if held and held.change == row["change"]:
                tally.count(passage_from(row, held.description))
            else:
                lost.append(row["key"])
        self._connection.delete(self._passages, lost)
        changes = {id: held.change for id, held in self._held.items()}
        rows = self._connection.rows(self._documents, f'part != "{RECORD}"', ("key", "document", "change"))
        lost = [row["key"] for row in rows if changes.get(row["document"]) != row["change"]]
        self._connection.delete(self._documents, lost)
        stored = [row["term"] for row in self._connection.rows(self._terms, "", ("term",))]
        self._connection.delete(self._terms, [term for term in stored if term not in tally.frequencies])
        self._connection.upsert(self._terms, term_rows(tally.frequencies))
        self._keep(passages=tally.passages, tokens=tally.tokens)

    def _begin(self) -> None:
        self._record = self._record.changed(unfinished=True)
        self._connection.upsert(self._documents, [self._record.row()])

    def _write(self, document: Document, tally: Tally) -> Held:
        counts = (self._record.changes, tally.passages, tally.tokens)
        self._connection.upsert(self._documents, document_rows(document, *counts))
        return Held(document.description, *counts)

    def _end(self, gone: Sequence[str], fresh: Sequence[Held], tally: Tally) -> None:
        """Take away what goes, and say that all is done."""
        out = [held for id in gone if (held := self._held.pop(id, None))]
        self._held |= {held.description.id: held for held in fresh}
        for held in out:
            where = of_change(held)
            rows = list(self._connection.rows(self._passages, where, ("key", "content")))
            for row in rows:
                tally.count(passage_from(row, held.description), -1)
            self._connection.delete(self._passages, [row["key"] for row in rows])
            rows = list(self._connection.rows(self._documents, where, ("key",)))
            self._connection.delete(self._documents, [row["key"] for row in rows])
        self._count(tally.frequencies)
        self._keep(self.passage_count + tally.passages, self._record.tokens + tally.tokens)

    def _count(self, changes: Counter[str]) -> None:
        """Add to the frequencies of terms."""
        changed = [term for term, change in changes.items() if change]
        for start in range(0, len(changed), PAGE):
            page = changed[start : start + PAGE]
            known = self._connection.get(self._terms, page, ("term", "frequency")) if self.passage_count else []
            now = Counter({row["term"]: row["frequency"] for row in known})
            now.update({term: changes[term] for term in page})
            self._connection.upsert(self._terms, term_rows({term: now[term] for term in page if now[term] > 0}))
            self._connection.delete(self._terms, [term for term in page if now[term] <= 0])

    def _keep(self, passages: int, tokens: int) -> None:
        manifest = replace(self._record.manifest, documents=len(self._held), passages=passages)
        self._record = self._record.changed(manifest=manifest, tokens=tokens, unfinished=False)
        self._connection.upsert(self._documents, [self._record.row()])
