"""Documents and passages of all segments, by id, by number and by row; decoded when they are asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar, overload

import numpy as np

from index.errors import IndexCorrupt
from index.filters import Filter
from index.records import Description, Document, Passage
from index.search.catalogue import Catalogue
from index.search.fusion import Rows
from index.store.segments import Numbers, Segment

Item = TypeVar("Item")

# What was decoded last is kept: of a small index all, of a large one what is asked about.
_KEPT_DOCUMENTS = 256
_KEPT_PASSAGES = 4096
_KEPT_FILTERS = 64


class Lazily(Sequence[Item]):
    """A sequence whose items are made when asked for, and the last few of them kept; equal to a list of the same."""

    def __init__(self, size: int, make: Callable[[int], Item], kept: int) -> None:
        self._size = size
        self._make = lru_cache(kept)(make)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Item: ...

    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...

    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        places = range(self._size)[at]
        return [self._make(place) for place in places] if isinstance(places, range) else self._make(places)

    def __iter__(self) -> Iterator[Item]:
        return map(self._make, range(self._size))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lazily | list):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of lists


class Stored:
    """What the segments of an index hold: documents in the order of their ids, passages by row.

    Every method raises `IndexCorrupt` where it meets damage that opening did not look for.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._first_ids = [segment.contents.id(0) for segment in segments]
        self._sizes = [segment.contents.sizes for segment in segments]
        first_documents = _starts([len(segment.contents) for segment in segments])
        first_rows = _starts([segment.contents.rows for segment in segments])

        def document(number: int) -> Document:
            at = bisect_right(first_documents, number) - 1
            return _readable(segments[at].contents.document, number - int(first_documents[at]))

        def passage(row: int) -> Passage:
            at = bisect_right(first_rows, row) - 1
            return _readable(segments[at].contents.passage, row - int(first_rows[at]))

        self._first_documents = first_documents
        self._descriptions: Sequence[Description] | None = None
        self._catalogue: Catalogue | None = None
        self._rows: dict[Filter, Rows] = {}
        self.documents: Sequence[Document] = Lazily(int(first_documents[-1]), document, _KEPT_DOCUMENTS)
        self.passages: Sequence[Passage] = Lazily(int(first_rows[-1]), passage, _KEPT_PASSAGES)

    def place(self, document_id: str) -> tuple[int, int] | None:
        """Return in which segment a document is, and where in it."""
        at = bisect_right(self._first_ids, document_id) - 1
        number = self._segments[at].contents.find(document_id) if at >= 0 else None
        return None if number is None else (at, number)

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id, or None."""
        place = self.place(document_id)
        return self.documents[int(self._first_documents[place[0]]) + place[1]] if place else None

    def passages_of(self, document_id: str) -> Sequence[Passage]:
        """Return the passages of one document in text order; empty for an unknown id."""
        place = self.place(document_id)
        return _readable(self._segments[place[0]].contents.passages, place[1]) if place else ()

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without texts and outlines, in the order of ids; kept once they were asked for."""
        if self._descriptions is None:
            parts = [segment.contents for segment in self._segments]
            self._descriptions = [_readable(part.description, n) for part in parts for n in range(len(part))]
        return self._descriptions

    def numbers(self, within: Filter) -> Numbers:
        """Return the documents that a filter admits, ascending."""
        if self._catalogue is None:
            self._catalogue = Catalogue(self.descriptions())
        return np.flatnonzero(self._catalogue.admitted(within)).astype(np.int64)

    def rows(self, within: Filter) -> Rows:
        """Return the rows of the documents that a filter admits, ascending; remembered for the filters met last."""
        if within not in self._rows:
            if len(self._rows) >= _KEPT_FILTERS:
                self._rows.clear()
            admitted = np.zeros(len(self.documents), np.bool_)
            admitted[self.numbers(within)] = True
            sizes = np.concatenate([np.zeros(0, np.int64), *self._sizes])
            self._rows[within] = np.flatnonzero(np.repeat(admitted, sizes)).astype(np.int64)
        return self._rows[within]


def _starts(sizes: Sequence[int]) -> Numbers:
    """Return where each of some runs begins, and where the last ends."""
    return np.cumsum([0, *sizes], dtype=np.int64)


def _readable(read: Callable[[int], Item], number: int) -> Item:
    """Return what a segment holds, read late: damage that opening did not look for is found here."""
    try:
        return read(number)
    except (ValueError, IndexError) as error:
        message = f"索引里的一份文档已损坏（{error}）；请用 yiju-index verify 查明，再重新建立。"
        raise IndexCorrupt(".", message) from error
