"""Build an index that need not fit in memory, and continue after an interruption.

    building.<job>.part/runs.json      names the finished runs with their digests; replacing it is what finishes one
    building.<job>.part/run-….arrays   a run: documents that were read and encoded together, by ascending id, with their
                                       passages, vectors and the terms of each passage

A run is written before the next one is begun. When all are there, segments end where they would in an index made at
once; each is put together from its stretch of every run and written, and none is held. What is in memory is a batch or
a segment, and of the rest a few numbers a document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Self

import numpy as np

from index import codec
from index.arrays import AnyArray, open_arrays, rows_of, write_arrays
from index.errors import IndexCorrupt
from index.manifest import StoredFile
from index.platforms import resource
from index.protocols import Encoder, LoadEncoder, Progress, Vectors
from index.records import Description, Document
from index.search.postings import Postings, TermLists
from index.store import storage
from index.store.contents import SegmentContents, replaced
from index.store.passage_index import PassageIndex, encoded
from index.store.segments import Numbers, Segment, cuts
from index.store.storage import WriteLock, check_file, discard, program_version
from index.structure.splitter import split
from index.text import terms_fingerprint

_JOURNAL = "runs.json"


@dataclass(frozen=True, slots=True)
class Run:
    """Documents that were read and encoded together, in a file.

    Attributes:
        contents: the documents, by ascending id, and their passages.
        vectors: one for each passage.
        terms: of each passage.
        file: where all that lies.
    """

    contents: SegmentContents
    vectors: Vectors
    terms: TermLists
    file: StoredFile

    @classmethod
    def written(cls, folder: Path, contents: SegmentContents, vectors: Vectors, terms: TermLists) -> Self:
        """Write a run; IndexStoreError if that is not possible."""
        arrays: dict[str, AnyArray] = {**contents.arrays, **terms.arrays, "vectors": vectors}
        return cls.opened(folder, storage.store(folder, "run", partial(write_arrays, arrays)))

    @classmethod
    def opened(cls, folder: Path, file: StoredFile) -> Self:
        """Open a run that is whole."""
        arrays = open_arrays(folder / file.name)
        terms = TermLists(arrays)
        of_contents = {name: array for name, array in arrays.items() if name not in {*terms.arrays, "vectors"}}
        return cls(SegmentContents(of_contents), arrays["vectors"], terms, file)

    def without(self, folder: Path, gone: Collection[int]) -> Self:
        """Return the run written again without some of its documents."""
        stay = np.array([number for number in range(len(self.contents)) if number not in gone], np.int64)
        rows = rows_of(self.contents.first, stay)
        return self.written(folder, self.contents.ordered(stay), self.vectors[rows], self.terms.picked(rows))


class FolderBuilder:
    """A `Writer` of a new index in a folder; made by `building`.

    Args:
        lock: the right to write the folder.
        staged: folder of the runs.
        encoder: gives the encoder.
        recall: share of the true hundred nearest that is to be found where there are too many to compare all.
    """

    def __init__(self, lock: WriteLock, staged: Path, encoder: Callable[[], Encoder], recall: float) -> None:
        self._lock = lock
        self._staged = staged
        self._load = encoder
        self._loaded: Encoder | None = None
        self._recall = recall
        self._runs: list[Run] = []
        if (staged / _JOURNAL).exists():
            self._runs = list(self._finished())

    @property
    def document_count(self) -> int:
        """Return how many documents there are."""
        return sum(len(run.contents) for run in self._runs)

    @property
    def passage_count(self) -> int:
        """Return how many passages there are."""
        return sum(run.contents.rows for run in self._runs)

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without their texts and outlines, ordered by id."""
        parts = [run.contents for run in self._runs]
        return sorted((part.description(n) for part in parts for n in range(len(part))), key=lambda each: each.id)

    def add(
        self,
        documents: Iterable[Document],
        *,
        stale: Iterable[str] = (),
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Add documents, and write them; see `Writer`."""
        incoming = codec.last_of_each(documents)
        fresh = [(document, split(document)) for document in incoming]
        vectors = encoded(fresh, self._encoder(), progress)
        texts = (passage.indexed_text for _, passages in fresh for passage in passages)
        run = Run.written(self._staged, SegmentContents.of(fresh), vectors, TermLists.of(texts))
        gone = replaced([each.contents for each in self._runs], incoming)
        fresh_ids = {document.id for document in incoming}
        self._keep([*self._without(gone | self._places(set(stale) - fresh_ids)), *([run] if incoming else [])])

    def remove(self, ids: Iterable[str]) -> None:
        """Remove documents; see `Writer`."""
        wanted = [*dict.fromkeys(ids)]
        places = self._places(wanted)
        if len(places) < len(wanted):
            held = {self._runs[at].contents.id(number) for at, number in places}
            raise ValueError(
                f"索引里没有这些文档：{'、'.join(id for id in wanted if id not in held)}；"
                "文档编号可用 yiju-index info 查看。"
            )
        self._keep(self._without(places))

    def finish(self) -> None:
        """Make the index out of the runs, and let it take the place of what lies in the folder."""
        folder, encoder = self._lock.folder, self._encoder()
        stored = [segment.stored_in(folder) for segment in _segments(self._runs)]
        segments = [Segment.opened(folder, files, encoder.dim, None, whole=False, anew=False) for files in stored]
        index = PassageIndex(segments, encoder, recall=self._recall)
        index.fitted(lambda segment: segment.with_codes_in(folder)).save(folder, lock=self._lock)
        self.discard()

    def discard(self) -> None:
        """Remove the files of the runs."""
        with suppress(OSError):
            discard(self._staged)

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is finished."""
        return not self._runs

    def _encoder(self) -> Encoder:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _places(self, ids: Iterable[str]) -> set[tuple[int, int]]:
        """Return where documents stand; those that are not there are left out."""
        found = ((at, run.contents.find(id)) for id in ids for at, run in enumerate(self._runs))
        return {(at, number) for at, number in found if number is not None}

    def _without(self, gone: Collection[tuple[int, int]]) -> Iterator[Run]:
        for at, run in enumerate(self._runs):
            numbers = {number for where, number in gone if where == at}
            if len(numbers) < len(run.contents):
                yield run.without(self._staged, numbers) if numbers else run

    def _keep(self, runs: Iterable[Run]) -> None:
        """Let these be the finished runs; files of others go."""
        before, self._runs = self._runs, list(runs)
        encoder = self._encoder()
        storage.put(
            self._staged / _JOURNAL,
            storage.sealed(
                {
                    "revision": encoder.revision,
                    "dim": encoder.dim,
                    "runs": [asdict(run.file) for run in self._runs],
                }
            ),
        )
        names = {run.file.name for run in self._runs}
        for run in before:
            if run.file.name not in names:
                (self._staged / run.file.name).unlink(missing_ok=True)

    def _finished(self) -> Iterator[Run]:
        """Yield the complete runs; none if their encoder is another one or unknown."""
        for file in _journal(self._staged / _JOURNAL, self._encoder()):
            # What is damaged is read and encoded anew, and so is everything if the journal is.
            with suppress(IndexCorrupt, ValueError):
                check_file(self._staged, file, whole=True)
                yield Run.opened(self._staged, file)


@contextmanager
def building(
    folder: Path, encoder: str, load: LoadEncoder, recall: float, job: str | None = None
) -> Iterator[FolderBuilder]:
    """Provide a new index, which takes the place of what is in a folder when the block ends without an error.

    Args:
        folder: an index folder, an empty one, or one to be made.
        encoder: names the encoder.
        load: makes it, when there is something to encode or to go on with.
        recall: share of the true hundred nearest that is to be found where there are too many to compare all.
        job: what is built, in any words: a build of the same words that was broken off is gone on with.

    Raises:
        IndexBusy: if another process is writing there.
        IndexStoreError: if the folder cannot be written, or holds something that is no index.
    """
    name = f"building.{_digest(encoder, recall, job)}.part"
    _allow_many_files()
    with storage.write_lock(folder, keep=name if job is not None else "") as lock:
        lock.keep = name
        builder = FolderBuilder(lock, folder / name, lambda: load(encoder), recall)
        try:
            yield builder
            builder.finish()
        finally:
            if job is None or builder.is_empty:
                builder.discard()


def _digest(*parts: object) -> str:
    """Return a name for a build: one that would make something else has another."""
    said = json.dumps([*map(str, parts), program_version(), terms_fingerprint()])
    return blake2b(said.encode(), digest_size=8).hexdigest()


def _allow_many_files() -> None:
    """Raise the limit of open files to what the system allows: every run holds one open."""
    if resource is None:
        return
    with suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _journal(path: Path, encoder: Encoder) -> list[StoredFile]:
    """Return the finished runs that a journal names; none if it is damaged or of vectors of another encoder."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        content = path.read_bytes()
        said = json.loads(content)
        if content == storage.sealed(said) and (said["revision"], said["dim"]) == (encoder.revision, encoder.dim):
            return [storage.decode_file("run", file) for file in said["runs"]]
    return []


def _segments(runs: Sequence[Run]) -> Iterator[Segment]:
    """Yield the segments of an index of all documents, each put together when it is asked for."""
    if not runs:
        return
    parts = [run.contents for run in runs]
    order = np.argsort(np.concatenate([np.array(list(part.ids), np.bytes_) for part in parts]), kind="stable")
    run_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[order]
    sizes = np.concatenate([part.sizes for part in parts])[order]
    marks = np.concatenate([part.marks for part in parts])[order]
    begin, taken = 0, np.zeros(len(parts), np.int64)
    for end in cuts(sizes, marks):
        lasts = taken + np.bincount(run_of[begin:end], minlength=len(parts))
        yield _segment([*zip(runs, taken.tolist(), lasts.tolist(), strict=True)], run_of[begin:end])
        begin, taken = end, lasts


def _segment(stretches: Sequence[tuple[Run, int, int]], run_of: Numbers) -> Segment:
    """Return a segment of the documents from one up to another of each run.

    Args:
        stretches: runs, the first document of each, and the one after the last.
        run_of: for each document of the segment the number of its run, in which they have the same order.
    """
    joined = SegmentContents.gathered([(run.contents, first, last) for run, first, last in stretches if first < last])
    # Stably sorted by run they stand as they are joined: where each goes to, turned round.
    numbers = np.empty(len(run_of), np.int64)
    numbers[np.argsort(run_of, kind="stable")] = np.arange(len(run_of))
    rows = rows_of(joined.first, numbers)
    new_rows = np.empty(len(rows), np.int64)
    new_rows[rows] = np.arange(len(rows))
    return Segment(joined.ordered(numbers), *_woven(stretches, new_rows))


def _woven(stretches: Sequence[tuple[Run, int, int]], new_rows: Numbers) -> tuple[Vectors, Postings]:
    """Return vectors and postings of stretches.

    Of all their rows, one stretch after the other, the new numbers are given.
    """
    vectors = np.empty((len(new_rows), stretches[0][0].vectors.shape[1]), np.float32)
    terms: list[tuple[TermLists, int, Numbers]] = []
    done = 0
    for run, *documents in stretches:
        first, last = (int(run.contents.first[document]) for document in documents)
        mine = new_rows[done : done + last - first]
        vectors[mine] = run.vectors[first:last]
        terms.append((run.terms, first, mine))
        done += last - first
    return vectors, Postings.turned(terms)
