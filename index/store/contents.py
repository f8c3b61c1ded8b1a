"""Documents and their passages as flat arrays, in a file or in memory, decoded one at a time when asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index import codec
from index.arrays import AnyArray, Offsets, Strings, rows_of
from index.records import Description, Document, Passage, Span
from index.structure import page_positions

Pairs = Sequence[tuple[Document, tuple[Passage, ...]]]
Marks = NDArray[np.uint64]

_STRINGS = ("ids", "cards", "outlines", "texts", "paths")
_START, _END, _PAGE, _FIRST_BYTE, _LAST_BYTE = range(5)


class SegmentContents:
    """Documents by ascending id, each with its passages in text order.

    Attributes:
        marks, sources: a number for each document that depends on its id, or source, alone.
        first: for each document its first row, then the number of rows.
    """

    def __init__(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take arrays as they were stored; ValueError if one is missing, or they do not fit each other."""
        try:
            self._strings = {name: Strings(arrays[name], arrays[f"{name}_ends"]) for name in _STRINGS}
            self.marks: Marks = arrays["marks"]
            self.sources: Marks = arrays["sources"]
            self.first: Offsets = np.asarray(arrays["first"])
            self._places: Offsets = arrays["places"]
        except KeyError as error:
            raise ValueError(f"缺少数组 {error}") from error
        self.arrays = dict(arrays)
        self.ids, self._cards, self._outlines, self._texts, self._paths = (self._strings[name] for name in _STRINGS)
        count, size = len(self.ids), len(self._paths)
        lengths = {len(self._cards), len(self._outlines), len(self._texts)}
        shapes = [each.shape for each in (self.marks, self.sources, self.first, self._places)]
        if shapes != [(count,), (count,), (count + 1,), (size, 5)] or lengths != {count}:
            raise ValueError("文档的数量与各数组不符")
        if (int(self.first[0]), int(self.first[-1])) != (0, size):
            raise ValueError("片段的数量与各数组不符")

    @classmethod
    def of(cls, pairs: Pairs) -> Self:
        """Put documents with their passages into arrays; ids must ascend."""
        documents = [document for document, _ in pairs]
        passages = [passage for _, found in pairs for passage in found]
        strings = {
            "ids": [document.id.encode("ascii") for document in documents],
            "cards": [codec.packed(codec.card_row(document)) for document in documents],
            "outlines": [codec.packed(codec.outline_row(document)) for document in documents],
            "texts": [codec.to_bytes(document.text) for document in documents],
            "paths": [codec.packed(codec.path_row(passage)) for passage in passages],
        }
        places = [place for document, found in pairs for place in _places(document.text, found)]
        return cls._assembled(
            {name: Strings.of(pieces) for name, pieces in strings.items()},
            np.array([len(found) for _, found in pairs], np.int64),
            marks=np.array([number_of(document.id) for document in documents], np.uint64),
            sources=np.array([number_of(document.source) for document in documents], np.uint64),
            places=np.array(places, np.int64).reshape(-1, 5),
        )

    @classmethod
    def gathered(cls, runs: Sequence[tuple[SegmentContents, int, int]]) -> Self:
        """Return runs of documents of several, each from one document up to another, in the order given."""
        rows = [(part, int(part.first[first]), int(part.first[last])) for part, first, last in runs]
        return cls._assembled(
            {
                name: Strings.joined([(p._strings[name], a, b) for p, a, b in (rows if name == "paths" else runs)])
                for name in _STRINGS
            },
            np.concatenate([part.sizes[first:last] for part, first, last in runs]),
            marks=np.concatenate([part.marks[first:last] for part, first, last in runs]),
            sources=np.concatenate([part.sources[first:last] for part, first, last in runs]),
            places=np.concatenate([part._places[first:last] for part, first, last in rows]),
        )

    def ordered(self, numbers: Offsets) -> Self:
        """Return the same documents in another order: `numbers` says which one stands at each place."""
        rows = rows_of(self.first, numbers)
        return self._assembled(
            {name: each.picked(rows if name == "paths" else numbers) for name, each in self._strings.items()},
            self.sizes[numbers],
            marks=self.marks[numbers],
            sources=self.sources[numbers],
            places=self._places[rows],
        )

    @classmethod
    def _assembled(cls, strings: Mapping[str, Strings], sizes: Offsets, **others: AnyArray) -> Self:
        arrays: dict[str, AnyArray] = {name: each.data for name, each in strings.items()}
        arrays |= {f"{name}_ends": each.ends for name, each in strings.items()}
        first = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
        return cls(arrays | {"first": first} | others)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def rows(self) -> int:
        """Return how many passages."""
        return len(self._places)

    @property
    def sizes(self) -> Offsets:
        """Return how many passages each document has."""
        return np.diff(self.first)

    def find(self, document_id: str) -> int | None:
        """Return which document has this id."""
        wanted = document_id.encode("utf-8", "replace")
        at = self.place(wanted)
        return at if at < len(self) and self.ids[at] == wanted else None

    def place(self, document_id: bytes) -> int:
        """Return where a document of this id stands, or would."""
        return bisect_left(self.ids, document_id)

    def id(self, number: int) -> str:
        """Return the id of one document."""
        return self.ids[number].decode("ascii", "replace")

    def description(self, number: int) -> Description:
        """Return one document without text and outline; ValueError if what is stored is none."""
        return codec.description_from(codec.unpacked(self._cards[number]))

    def document(self, number: int) -> Document:
        """Return one document; ValueError if what is stored is none."""
        card, outline = codec.unpacked(self._cards[number]), codec.unpacked(self._outlines[number])
        return codec.document_from(card, outline, codec.to_text(self._texts[number]))

    def passage(self, row: int) -> Passage:
        """Return one passage; ValueError if what is stored is none."""
        number = int(np.searchsorted(self.first, row, side="right")) - 1
        return self._passage(row, number, self.description(number))

    def passages(self, number: int) -> tuple[Passage, ...]:
        """Return the passages of one document; ValueError if what is stored are none."""
        described = self.description(number)
        rows = range(int(self.first[number]), int(self.first[number + 1]))
        return tuple(self._passage(row, number, described) for row in rows)

    def check(self) -> None:
        """Decode everything and compare it with what else is stored; ValueError if that does not fit."""
        for name in _STRINGS:
            self._strings[name].check()
        if (np.diff(self.first) < 0).any():
            raise ValueError("片段的次序颠倒")
        if any(one >= other for one, other in pairwise(self.ids)):
            raise ValueError("文档未按编号排列，或编号重复")
        for number in range(len(self)):
            self._check(number)

    def _check(self, number: int) -> None:
        document = self.document(number)
        known = (document.id, number_of(document.id), number_of(document.source))
        if known != (self.id(number), int(self.marks[number]), int(self.sources[number])):
            raise ValueError(f"文档 {document.id} 与它的索引项不符")
        page_positions.unpacked(document.placed, len(document.text))
        before = (-1, -1)
        places = np.asarray(self._places[self.first[number] : self.first[number + 1]])
        for passage, place in zip(self.passages(number), places, strict=True):
            span = passage.span
            fits = span.slice(document.text) == passage.text and passage.page == document.page(span.start)
            if not fits or not passage.text:
                raise ValueError(f"片段的位置不对：{place[_START]}–{place[_END]}")
            if (span.start, span.end) <= before:
                raise ValueError(f"片段 {passage.id} 重复或次序不对")
            before = (span.start, span.end)

    def _passage(self, row: int, number: int, described: Description) -> Passage:
        start, end, page, first_byte, last_byte = map(int, self._places[row])
        if not 0 <= first_byte <= last_byte:
            raise ValueError(f"片段的位置不对：{start}–{end}")
        section_path, labels = codec.path_from(codec.unpacked(self._paths[row]))
        text = codec.to_text(self._texts.slice(number, first_byte, last_byte))
        return Passage(described.id, described.title, text, Span(start, end), section_path, page or None, labels)


def replaced(parts: Sequence[SegmentContents], incoming: Iterable[Document]) -> set[tuple[int, int]]:
    """Return the documents that share id or source with new ones: which part each is in, and its number there."""
    incoming = list(incoming)
    ids, sources = ({getattr(document, name) for document in incoming} for name in ("id", "source"))
    marks, numbers = (np.array([number_of(text) for text in texts], np.uint64) for texts in (ids, sources))
    gone = set()
    for at, part in enumerate(parts):
        alike = np.flatnonzero(np.isin(part.marks, marks) | np.isin(part.sources, numbers)).tolist()
        found = ((number, part.description(number)) for number in alike)
        gone |= {(at, number) for number, each in found if each.id in ids or each.source in sources}
    return gone


def number_of(text: str) -> int:
    """Return 64 bits that depend on a text alone, the same on every machine."""
    return int.from_bytes(blake2b(codec.to_bytes(text), digest_size=8).digest(), "little")


def _places(text: str, passages: Sequence[Passage]) -> list[tuple[int, int, int, int, int]]:
    """Return where passages stand, in characters and in bytes, in one pass over the text."""
    places = []
    at = byte = 0
    for passage in passages:
        start, end = passage.span.start, passage.span.end
        if start < at:
            at = byte = 0
        byte += len(codec.to_bytes(text[at:start]))
        last = byte + len(codec.to_bytes(text[start:end]))
        places.append((start, end, passage.page or 0, byte, last))
        at, byte = end, last
    return places
