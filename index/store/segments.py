"""Segments of an index: some thousands of passages each, with their documents, vectors and postings.

Where one piece ends and the next begins depends on the documents and on nothing else, so that an index does not show
how it came about; and a change moves few boundaries, so that what is added to a large index is written at the price of
one piece.

Source:
    Boundaries by content, with a least and a greatest size: Muthitacharoen, Chen and Mazières, A low-bandwidth network
    file system (2001). Here a document takes the place of a byte.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.arrays import AnyArray, Bytes, open_arrays, open_npy, write_arrays
from index.manifest import Files, StoredFile
from index.protocols import Vectors
from index.search.dense import Codebook, check_vectors
from index.search.postings import Postings
from index.store import storage
from index.store.contents import Marks, Pairs, SegmentContents

Decoded = TypeVar("Decoded")
Numbers = NDArray[np.int64]

SMALLEST = 4096
"""Passages of a segment in an index of up to sixteen times as many; larger ones have about sixteen segments."""
LARGEST = 32_768
"""Passages of a segment in an index of more than sixteen times as many: what is put together in memory is no more."""
_SEGMENTS = 16


@dataclass(frozen=True, slots=True)
class Segment:
    """Documents that follow each other, with all that is known of them."""

    contents: SegmentContents  # documents and passages
    vectors: Vectors  # float32, one unit row for each passage
    postings: Postings  # terms of each passage
    codes: Bytes | None = None  # what a codebook made of the vectors; None where they are searched exactly
    # what it lies in, by kind; empty where it is in memory only
    files: Mapping[str, StoredFile] = field(default_factory=dict)

    @classmethod
    def build(cls, pairs: Pairs, vectors: Vectors) -> Self:
        """Return documents by ascending id with their passages, and a vector for each of these."""
        texts = (passage.indexed_text for _, passages in pairs for passage in passages)
        return cls(SegmentContents.of(pairs), vectors, Postings.of(texts))

    @classmethod
    def gathered(cls, runs: Sequence[tuple[Segment, int, int]]) -> Self:
        """Gather runs of documents of several segments, each from one document up to another, in the given order."""
        rows = [(part, int(part.contents.first[first]), int(part.contents.first[last])) for part, first, last in runs]
        moved: dict[int, tuple[Postings, Numbers]] = {}
        size = 0
        for part, first, last in rows:
            _, new_rows = moved.setdefault(id(part), (part.postings, np.full(len(part.vectors), -1, np.int64)))
            new_rows[first:last] = np.arange(size, size + last - first)
            size += last - first
        codes = [part.codes[first:last] for part, first, last in rows if part.codes is not None]
        return cls(
            SegmentContents.gathered([(part.contents, first, last) for part, first, last in runs]),
            np.concatenate([part.vectors[first:last] for part, first, last in rows]),
            Postings.gathered(list(moved.values())),
            np.concatenate(codes) if len(codes) == len(rows) else None,
        )

    def coded(self, codebook: Codebook | None) -> Self:
        """Return the same with codes of a codebook, or without."""
        files = {kind: file for kind, file in self.files.items() if kind != "codes"}
        return replace(self, codes=codebook.encode(self.vectors) if codebook else None, files=files)

    @classmethod
    def opened(
        cls,
        folder: Path,
        files: Mapping[str, StoredFile],
        dim: int,
        codebook: Codebook | None,
        *,
        whole: bool,
        anew: bool,
    ) -> Self:
        """Open the files of a segment; IndexCorrupt if one is missing or altered, or does not fit the others.

        Args:
            folder: where they lie.
            files: by kind.
            dim: length of a vector.
            codebook: of the codes, where there are any.
            whole: compare digests and look at every entry; otherwise at sizes and shapes.
            anew: cut the texts into terms again, as the stored ones follow other rules.
        """
        paths = {kind: storage.check_file(folder, file, whole=whole) for kind, file in files.items()}
        contents = decoded(paths["contents"], lambda path: read_contents(path, check=whole))
        vectors = decoded(paths["vectors"], lambda path: _vectors(path, (contents.rows, dim), check=whole))
        codes = decoded(paths["codes"], lambda path: _codes(path, codebook, contents.rows)) if codebook else None
        if anew:
            numbers = range(len(contents))
            texts = (passage.indexed_text for number in numbers for passage in contents.passages(number))
            kept = {kind: file for kind, file in files.items() if kind != "postings"}
            return cls(contents, vectors, Postings.of(texts), codes, kept)
        postings = decoded(paths["postings"], lambda path: _postings(path, contents.rows, check=whole))
        return cls(contents, vectors, postings, codes, files)

    def stored_in(self, folder: Path) -> Files:
        """Return its files, written to a folder where nothing names them yet; IndexStoreError where that fails."""
        parts = self.parts(folder).items()
        return {kind: p if isinstance(p, StoredFile) else storage.store(folder, kind, p) for kind, p in parts}

    def with_codes_in(self, folder: Path) -> Self:
        """Return the same with its codes in a file instead of in memory; IndexStoreError if it cannot be written."""
        if self.codes is None:
            return self
        stored = storage.store(folder, "codes", partial(_write_npy, self.codes))
        return replace(self, codes=open_npy(folder / stored.name), files={**self.files, "codes": stored})

    def parts(self, folder: Path) -> dict[str, StoredFile | storage.Write]:
        """Return by kind the file in the folder that holds the segment's data already, or what writes it."""
        writers: dict[str, storage.Write] = {
            "contents": partial(write_arrays, self.contents.arrays),
            "vectors": partial(_write_npy, self.vectors),
            "postings": partial(write_arrays, self.postings.arrays),
        }
        if self.codes is not None:
            writers["codes"] = partial(_write_npy, self.codes)
        return writers | {kind: file for kind, file in self.files.items() if storage.is_there(folder, file)}


def merged(segments: Sequence[Segment], addition: Segment, gone: Collection[tuple[int, int]]) -> list[Segment]:
    """Return segments with other documents too, and without some, cut as if built of their documents at once.

    No document of the addition is among those that stay; `gone` has the number of a segment, and of the document in it.
    Segments that do not change stay the same objects.
    """
    parts = [*segments, addition]
    part = np.repeat(np.arange(len(segments)), [len(each.contents) for each in segments])
    starts = np.cumsum([0, *(len(each.contents) for each in segments)])
    number = np.arange(len(part)) - starts[part]
    keep = np.ones(len(part), np.bool_)
    keep[[int(starts[one]) + other for one, other in gone]] = False
    places = _places(segments, starts, addition.contents)
    part = np.insert(part, places, len(segments))
    number = np.insert(number, places, np.arange(len(places)))
    keep = np.insert(keep, places, True)
    return [_segment(parts, *run) for run in _chunks(parts, part[keep], number[keep])]


def cuts(sizes: Numbers, marks: Marks) -> list[int]:
    """Return where segments end, given passages and an evenly spread mark of each document.

    Segments have half of a target size at least, but for the last; beyond that, a document with many passages is as
    likely to end one as as many with few.
    """
    total = int(sizes.sum())
    wanted = 1 << max(0, -(-total // _SEGMENTS) - 1).bit_length()
    target = max(SMALLEST, min(LARGEST, wanted))
    ends = np.cumsum(sizes)
    may_end = np.flatnonzero(marks < np.minimum(sizes / (target // 2), 0.999999) * 2.0**64)
    found = [0]
    while found[-1] < len(sizes):
        base = int(ends[found[-1] - 1]) if found[-1] else 0
        enough = int(np.searchsorted(ends, base + target // 2))
        next_end = np.searchsorted(may_end, enough)
        fit = int(may_end[next_end]) if next_end < len(may_end) else len(sizes) - 1
        found.append(1 + min(fit, int(np.searchsorted(ends, base + 2 * target)), len(sizes) - 1))
    return found[1:]


def decoded(path: Path, decode: Callable[[Path], Decoded]) -> Decoded:
    """Return what a file holds; IndexCorrupt if it is not what it should be."""
    try:
        return decode(path)
    except (ValueError, OverflowError, OSError) as error:
        raise storage.corrupt(path, f"内容不合规（{error}）") from error


def _places(segments: Sequence[Segment], starts: Numbers, addition: SegmentContents) -> list[int]:
    """Return before which document each added one stands."""
    firsts = [each.contents.ids[0] for each in segments]
    places = []
    for added in addition.ids:
        at = max(0, int(np.searchsorted(firsts, added, side="right")) - 1) if firsts else 0
        places.append(int(starts[at]) + (segments[at].contents.place(added) if firsts else 0))
    return places


def _chunks(parts: Sequence[Segment], part: Numbers, number: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield for each new segment the parts and numbers of its documents."""
    offsets = np.cumsum([0, *(len(each.contents) for each in parts)])[part]
    sizes = np.concatenate([each.contents.sizes for each in parts])[offsets + number]
    marks = np.concatenate([each.contents.marks for each in parts])[offsets + number]
    first = 0
    for last in cuts(sizes, marks):
        yield part[first:last], number[first:last]
        first = last


def _segment(parts: Sequence[Segment], part: Numbers, number: Numbers) -> Segment:
    """Return the segment of these documents; one that is there already where it is just that."""
    breaks = np.flatnonzero((np.diff(part) != 0) | (np.diff(number) != 1)) + 1
    bounds = [0, *breaks.tolist(), len(part)]
    runs = [(int(part[a]), int(number[a]), int(number[b - 1]) + 1) for a, b in pairwise(bounds)]
    at, first, last = runs[0]
    if len(runs) == 1 and (first, last) == (0, len(parts[at].contents)):
        return parts[at]
    return Segment.gathered([(parts[at], first, last) for at, first, last in runs])


def _write_npy(array: AnyArray, file: IO[bytes]) -> None:
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)


def _codes(path: Path, codebook: Codebook, rows: int) -> Bytes:
    codes: Bytes = open_npy(path)
    codebook.check(np.asarray(codes), rows)
    return codes


def read_contents(path: Path, *, check: bool) -> SegmentContents:
    """Return documents and passages of a file; ValueError if it holds none."""
    contents = SegmentContents(open_arrays(path))
    if check:
        contents.check()
    return contents


def _vectors(path: Path, shape: tuple[int, int], *, check: bool) -> Vectors:
    vectors = open_npy(path)
    if vectors.shape != shape or vectors.dtype != np.float32:
        raise ValueError(f"应为 float32 {shape}，实为 {vectors.dtype} {vectors.shape}")
    if check:
        check_vectors(np.asarray(vectors))
    return vectors


def _postings(path: Path, rows: int, *, check: bool) -> Postings:
    postings = Postings(open_arrays(path))
    if len(postings) != rows:
        raise ValueError(f"postings of {rows} rows are needed, got {len(postings)}")
    if check:
        postings.check()
    return postings
