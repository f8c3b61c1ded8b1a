"""The index: documents, their passages, vectors and terms; a value, in memory or in a folder.

An index is never changed: `add` and `remove` return new ones, which share with the old what did not change. Documents
stand in the order of their ids and passages in the order of the text; vectors are computed document by document. So an
index depends on what is in it and not on how that came about: one built step by step and one built at once are equal
to the last byte, on disk and in search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Self

import numpy as np

from index import codec
from index.arrays import open_arrays, write_arrays
from index.errors import IndexCorrupt
from index.filters import Filter
from index.manifest import Files, Manifest, Search, StoredFile
from index.protocols import Encoder, Independent, Progress, Report, Retriever, Stage, Vectors
from index.records import Description, Document, Hit, Passage
from index.search.dense import EXACT_UP_TO, Codebook, DenseIndex, Lists
from index.search.retrievers import DenseRetriever, HybridRetriever, LexicalRetriever, OneStage, weight_among
from index.search.sparse import SparseIndex, SparseLexicon
from index.store import storage
from index.store.contents import Pairs, replaced
from index.store.named_encoder import check_encoder
from index.store.segments import Segment, decoded, merged
from index.store.storage import WriteLock
from index.store.stored import Lazily, Stored
from index.structure.splitter import split
from index.text import terms_fingerprint

# Passages encoded in one call: small enough for progress and Ctrl-C, large enough for batches of like length.
# Blocks begin anew with each document where a vector could else depend on other documents.
_BLOCK = 128

DEFAULT_RECALL = Search().wanted
"""Share of the true hundred nearest that is found where there are too many to compare all."""
_TRIALS = 200  # questions to measure that by
_OUTGROWN = 2  # how many times what it was learnt from an index may hold before its codebook is learnt anew


class PassageIndex(SparseLexicon):
    """Passages to search, with the documents they come from: a `Retriever` and a `PassageStore`."""

    def __init__(
        self,
        segments: Sequence[Segment],
        encoder: Encoder,
        codebook: Codebook | None = None,
        recall: float = DEFAULT_RECALL,
        shared: Files | None = None,
    ) -> None:
        """Put the parts together; `build` and `open` are what callers want.

        Args:
            segments: in the order of their documents' ids; none empty.
            encoder: made the vectors.
            codebook: made the codes of all segments; None where vectors are compared one by one.
            recall: share of the true hundred nearest that is to be found where there are too many for that.
            shared: what the codebook lies in; None where it is in memory only.
        """
        self._segments = list(segments)
        self._encoder = encoder
        self._codebook = codebook
        self._recall = recall
        self._shared = dict(shared or {})
        self._stored = Stored(self._segments)
        self._documents, self._passages = self._stored.documents, self._stored.passages
        self._sparse = SparseIndex([segment.postings for segment in self._segments])
        lists = Lists(codebook, [each.codes for each in self._segments if each.codes is not None]) if codebook else None
        self._dense = DenseIndex.over([segment.vectors for segment in self._segments], encoder.dim, lists)
        by_meaning = DenseRetriever(self._passages, self._dense, encoder)
        by_wording = LexicalRetriever(self._passages, self._sparse)
        self._retrievers: dict[Stage, DenseRetriever | LexicalRetriever | HybridRetriever] = {
            "dense": by_meaning,
            "lexical": by_wording,
            "fused": HybridRetriever(self._passages, by_meaning, by_wording, weight_among(len(self._documents))),
        }

    @classmethod
    def build(
        cls,
        documents: Iterable[Document],
        encoder: Encoder,
        *,
        recall: float = DEFAULT_RECALL,
        progress: Report | None = None,
    ) -> Self:
        """Split, encode and index documents, in memory.

        Args:
            documents: in any order; of several with one id or source the last counts.
            encoder: makes the vectors; ModelError if it fails, ValueError if these are no unit vectors.
            recall: share of the true hundred nearest that is to be found where there are too many for that, 0 to 1.
            progress: called after every block of passages.
        """
        return cls([], encoder, recall=recall).add(documents, progress=progress)

    @classmethod
    def of(cls, pairs: Pairs, vectors: Vectors, encoder: Encoder) -> Self:
        """Return an index of documents by ascending id that are split already, with a vector for each passage."""
        return cls(merged([], Segment.build(pairs, vectors), ()), encoder).fitted()

    @classmethod
    def open(cls, path: Path, *, encoder: Encoder | None = None, whole: bool = False) -> Self:
        """Open an index folder: nothing is read before it is asked for.

        Sizes and shapes are always checked, digests and every entry only up to `storage.CHECK_LIMIT`, or if
        `whole`. The encoder is by default the one that the index names, loaded.

        Raises:
            IndexNotFound, IndexFormatMismatch: if there is no index, or one of another format version.
            IndexCorrupt: if a file is missing or altered, or does not fit the others.
            EncoderMismatch: if the encoder is not the one the index was built with.
            MissingDependency, ModelError: if the encoder cannot be loaded.
        """
        manifest = storage.read_manifest(path)
        if encoder is None:
            # Here and not above: with an encoder at hand, nothing of the runtimes behind encoders is imported.
            from index.encoding.encoders import load_encoder

            encoder = load_encoder(manifest.encoder)
        while True:
            check_encoder(path, manifest, encoder)
            try:
                return cls(*_read(path, manifest, encoder, whole=whole))
            except IndexCorrupt:
                # Not damage but progress, if another process committed a new index while we read the old one.
                current = storage.read_manifest(path)
                if current == manifest:
                    raise
                manifest = current

    def with_encoder(self, encoder: Encoder) -> Self:
        """See `Index.with_encoder`."""
        if (encoder.revision, encoder.dim) != (self._encoder.revision, self._encoder.dim):
            raise ValueError(f"an encoder of revision {self._encoder.revision} is needed, got {encoder.revision}")
        return type(self)(self._segments, encoder, self._codebook, self._recall, self._shared)

    def save(self, path: Path, *, lock: WriteLock | None = None) -> None:
        """Write the index to a folder, made where missing, which then holds it wholly, or what it held before.

        The lock is held by a caller who read the folder under it; it is taken for the time of writing otherwise.
        Raises what `storage.write_lock` does.
        """
        if lock is None:
            with storage.write_lock(path) as taken:
                self.save(path, lock=taken)
            return
        if lock.folder != path:
            raise ValueError(f"the lock is for {lock.folder}, not for {path}")
        shared: dict[str, StoredFile | storage.Write] = {}
        if self._codebook:
            held = {kind: file for kind, file in self._shared.items() if storage.is_there(path, file)}
            shared = {"codebook": partial(write_arrays, self._codebook.arrays), **held}
        storage.commit(lock, chain([shared], (segment.parts(path) for segment in self._segments)), self._describe)

    def add(self, documents: Iterable[Document], *, progress: Report | None = None) -> Self:
        """Return the index with these documents too; one whose id or source is already there is replaced.

        Of several with one id or source the last counts. ValueError if an id is unusable, or the encoder does not
        return unit vectors; ModelError if it fails.
        """
        incoming = codec.last_of_each(documents)
        fresh = [(document, split(document)) for document in incoming]
        addition = Segment.build(fresh, encoded(fresh, self._encoder, progress))
        gone = replaced([segment.contents for segment in self._segments], incoming)
        return self._with(addition, gone).fitted()

    def remove(self, ids: Iterable[str]) -> Self:
        """Return the index without these documents; ValueError if there is none with one of these ids."""
        places = {id: self._stored.place(id) for id in ids}
        unknown = [id for id, place in places.items() if place is None]
        if unknown:
            raise ValueError(f"索引里没有这些文档：{'、'.join(unknown)}；文档编号可用 yiju-index info 查看。")
        nothing = Segment.build([], np.zeros((0, self._dense.dim), np.float32))
        return self._with(nothing, {place for place in places.values() if place})

    def _with(self, addition: Segment, gone: set[tuple[int, int]]) -> Self:
        """Return the index with other documents too, and without some; searched in the same way."""
        segments = merged(self._segments, addition.coded(self._codebook), gone)
        return type(self)(segments, self._encoder, self._codebook, self._recall, self._shared)

    def fitted(self, keep: Callable[[Segment], Segment] = lambda segment: segment) -> Self:
        """Return the same index, searched as goes with its size; `keep` gives back each segment that has new codes."""
        size = len(self._passages)
        if size <= EXACT_UP_TO:
            return self if self._codebook is None else self._searched_by(None, self._segments)
        if self._codebook is None or size > _OUTGROWN * self._codebook.learnt_from:
            vectors = [segment.vectors for segment in self._segments]
            draft = Codebook.drafted(vectors, self._recall)
            segments = [keep(segment.coded(draft)) for segment in self._segments]
            codes = [each.codes for each in segments if each.codes is not None]
            # Clauses out of passages here and there, as questions.
            step = max(1, len(self._passages) // _TRIALS)
            texts = (self._passages[row].text for row in range(0, len(self._passages), step))
            clauses = [max(re.split("[，。；：\n]", text), key=len)[:60] for text in texts]
            return self._searched_by(draft.tuned(vectors, codes, self._encoder.encode_queries(clauses)), segments)
        return self

    def _searched_by(self, codebook: Codebook | None, segments: Sequence[Segment]) -> Self:
        coded = segments if codebook else [segment.coded(None) for segment in segments]
        return type(self)(coded, self._encoder, codebook, self._recall)

    def exactly(self) -> Self:
        """Return the same index with all vectors compared one by one: what a search is measured by."""
        return self._searched_by(None, self._segments)

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """Search by meaning and wording; see `Retriever.search`. ModelError if the encoder fails."""
        return self.search_stage("fused", query, k, within)

    def search_stage(self, stage: Stage, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """See `search`, by one stage of it alone."""
        rows = None if within is None or within.is_everything else self._stored.rows(within)
        try:
            return self._retrievers[stage].search(query, k, rows)
        except IndexError as error:
            # A large index is looked at whole by `verify` only: postings that point nowhere show here.
            raise IndexCorrupt(".", f"索引文件已损坏（{error}）；请用 yiju-index verify 查明。") from error

    def retriever(self, stage: Stage) -> Retriever:
        """See `Index.retriever`."""
        if stage not in self._retrievers:
            raise ValueError(f"stage must be one of {', '.join(self._retrievers)}, got {stage!r}")
        return OneStage(self.search_stage, stage)

    def limited_to(self, readable: Filter) -> IndexView:
        """See `Index.limited_to`."""
        return IndexView(self._stored, self._dense, self._sparse, self._encoder, readable)

    def documents(self) -> Sequence[Document]:
        """Return all documents, ordered by id, each read when it is asked for."""
        return self._documents

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without their texts and outlines; kept in memory once they were asked for."""
        return self._stored.descriptions()

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id, or None."""
        return self._stored.document(document_id)

    def passages(self, document_id: str) -> Sequence[Passage]:
        """Return the passages of one document in text order; empty for an unknown id."""
        return self._stored.passages_of(document_id)

    @property
    def document_count(self) -> int:
        """Return how many documents there are."""
        return len(self._documents)

    @property
    def passage_count(self) -> int:
        """Return how many passages there are."""
        return len(self._passages)

    @property
    def encoder(self) -> Encoder:
        """Return the encoder that questions and new documents go through."""
        return self._encoder

    @property
    def manifest(self) -> Manifest:
        """Return what the index says of itself; without files where it was not read from disk."""
        stored = [segment.files for segment in self._segments]
        return self._describe([self._shared, *stored] if all(stored) else [{}])

    def _describe(self, files: Sequence[Files]) -> Manifest:
        shared, *segments = files
        book = self._codebook
        return Manifest(
            encoder=self._encoder.name,
            revision=self._encoder.revision,
            dim=self._dense.dim,
            documents=len(self._documents),
            passages=len(self._passages),
            terms=terms_fingerprint(),
            segments=segments,
            created_with=storage.program_version(),
            shared=shared,
            search=Search(self._recall, book.lists, book.probes, book.recall) if book else Search(self._recall),
        )


class IndexView(SparseLexicon):
    """Some documents of an index: an index to read, whose scores and frequencies are those of these documents alone.

    Vectors and postings are those of the whole index; only which rows count is kept here.
    """

    def __init__(
        self, stored: Stored, dense: DenseIndex, sparse: SparseIndex, encoder: Encoder, readable: Filter
    ) -> None:
        self._stored = stored
        self._readable = readable
        self._numbers = numbers = stored.numbers(readable).tolist()
        self._descriptions: Sequence[Description] | None = None
        self._documents = Lazily(len(numbers), lambda at: stored.documents[numbers[at]], 1)
        rows = stored.rows(readable)
        passages = stored.passages
        self._sparse = sparse.limited_to(rows)
        self._encoder = encoder
        by_meaning, by_wording = DenseRetriever(passages, dense, encoder), LexicalRetriever(passages, self._sparse)
        self._retriever = HybridRetriever(passages, by_meaning, by_wording, weight_among(len(numbers)), rows)

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """See `PassageIndex.search`."""
        among = None if within is None else self._stored.rows(self._readable.both(within))
        return self._retriever.search(query, k, among)

    def documents(self) -> Sequence[Document]:
        """Return the documents that there are, ordered by id."""
        return self._documents

    def descriptions(self) -> Sequence[Description]:
        """Return the same without their texts and outlines."""
        if self._descriptions is None:
            everywhere = self._stored.descriptions()
            self._descriptions = [everywhere[number] for number in self._numbers]
        return self._descriptions

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id, or None."""
        found = self._stored.document(document_id)
        return found if found and self._readable.admits(found) else None

    def passages(self, document_id: str) -> Sequence[Passage]:
        """Return the passages of one document in text order; empty for an unknown id."""
        return self._stored.passages_of(document_id) if self.document(document_id) else ()

    @property
    def encoder(self) -> Encoder:
        """Return the encoder that questions go through."""
        return self._encoder


def encoded(contents: Pairs, encoder: Encoder, progress: Report | None) -> Vectors:
    """Return the vectors of all passages, in order; ValueError if the encoder returns something of another shape."""
    ends = np.cumsum([len(passages) for _, passages in contents], dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    vectors = np.empty((total, encoder.dim), dtype=np.float32)
    done = 0
    for block in _blocks([[each.encoded_text for each in passages] for _, passages in contents], encoder):
        made = encoder.encode_passages(block)
        if made.shape != (len(block), encoder.dim):
            raise ValueError(f"the encoder returned {made.shape} for {len(block)} texts of dim {encoder.dim}")
        vectors[done : done + len(block)] = made
        done += len(block)
        if progress is not None:
            progress(Progress(int(np.searchsorted(ends, done, side="right")), len(contents), done, total))
    return vectors


def _blocks(texts: Sequence[Sequence[str]], encoder: Encoder) -> Iterator[Sequence[str]]:
    """Yield what is encoded in one call: texts of one document, or of several where that makes no difference."""
    together = [list(chain.from_iterable(texts))] if isinstance(encoder, Independent) else texts
    for those in together:
        for start in range(0, len(those), _BLOCK):
            yield those[start : start + _BLOCK]


def _read(
    path: Path, manifest: Manifest, encoder: Encoder, *, whole: bool
) -> tuple[list[Segment], Encoder, Codebook | None, float, Files]:
    """Return what makes an index of everything that the manifest names, checked."""
    whole = whole or manifest.size() <= storage.CHECK_LIMIT
    anew = manifest.terms != terms_fingerprint()
    book = (
        read_codebook(storage.check_file(path, file, whole=True)) if (file := manifest.shared.get("codebook")) else None
    )
    segments = [Segment.opened(path, f, manifest.dim, book, whole=whole, anew=anew) for f in manifest.segments]
    counts = (sum(len(each.contents) for each in segments), sum(each.contents.rows for each in segments))
    if counts != (manifest.documents, manifest.passages):
        raise storage.corrupt(path / storage.MANIFEST, "清单中的数量与内容不符")
    if not all(len(each.contents) for each in segments) or any(
        one.contents.id(len(one.contents) - 1) >= other.contents.id(0) for one, other in pairwise(segments)
    ):
        raise storage.corrupt(path / storage.MANIFEST, "各段的次序不对")
    return segments, encoder, book, manifest.search.wanted if manifest.search else DEFAULT_RECALL, manifest.shared


def read_codebook(path: Path) -> Codebook:
    """Return what codes vectors; IndexCorrupt if the file holds none."""
    return decoded(path, lambda path: Codebook({name: np.asarray(array) for name, array in open_arrays(path).items()}))
