"""The index: documents, their passages, vectors and terms; in memory as a value, on disk as a folder.

An index is never changed: `add` and `remove` return new ones. Documents stand in the order of their ids and passages
in the order of the text; vectors are computed document by document. So an index depends on what is in it and not on
how that came about: one built step by step and one built at once are equal to the last byte, on disk and in search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from index import codec, storage
from index.dense import DenseIndex
from index.errors import IndexCorrupt
from index.filters import Filter
from index.fusion import Rows
from index.index_view import IndexView
from index.named_encoder import check_encoder
from index.protocols import Encoder, Progress, Retriever, Stage, Vectors
from index.records import Document, Hit, Passage
from index.retrievers import DenseRetriever, HybridRetriever, LexicalRetriever
from index.sparse import SparseIndex
from index.splitter import split
from index.storage import Manifest, StoredFile, WriteLock
from index.text import terms

Contents = Sequence[tuple[Document, tuple[Passage, ...]]]
Decoded = TypeVar("Decoded")

# Passages encoded in one call: small enough for progress and Ctrl-C, large enough for batches of like length.
# Blocks begin anew with each document, so a vector never depends on other documents.
_BLOCK = 128

# Something of everything that terms are made of: if the rules for them change, stored terms are made anew.
_PROBE = "綦江区2022—2025年，光伏裝機70.5 MW；Ａ４ ㎡ 𠮷 café 其「一」"


class PassageIndex:
    """Passages to search, with the documents they come from: a `Retriever` and a `PassageStore`."""

    def __init__(
        self,
        contents: Contents,
        dense: DenseIndex,
        sparse: SparseIndex,
        encoder: Encoder,
        files: Mapping[str, StoredFile] | None = None,
    ) -> None:
        """Put the parts together; `build` and `open` are what callers want.

        Args:
            contents: documents by ascending id, each with its passages in text order.
            dense: one vector for each passage, in that order.
            sparse: terms of each passage, in that order.
            encoder: made the vectors.
            files: where the index lies on disk, if it does.
        """
        self._contents = {document.id: (document, passages) for document, passages in contents}
        self._passages = tuple(passage for _, passages in contents for passage in passages)
        self._dense = dense
        self._sparse = sparse
        self._encoder = encoder
        self._files = dict(files or {})
        by_meaning = DenseRetriever(self._passages, dense, encoder)
        by_wording = LexicalRetriever(self._passages, sparse)
        self._retrievers: dict[Stage, DenseRetriever | LexicalRetriever | HybridRetriever] = {
            "dense": by_meaning,
            "lexical": by_wording,
            "fused": HybridRetriever(self._passages, by_meaning, by_wording),
        }

    @classmethod
    def build(
        cls, documents: Iterable[Document], encoder: Encoder, *, progress: Callable[[Progress], None] | None = None
    ) -> Self:
        """Split, encode and index documents, in memory.

        Args:
            documents: in any order; of several with one id or source the last counts.
            encoder: makes the vectors.
            progress: called after every block of passages.

        Raises:
            ValueError: if a document's id is unusable, or the encoder does not return unit vectors.
            ModelError: if the encoder fails.
        """
        return cls._empty(encoder).add(documents, progress=progress)

    @classmethod
    def _empty(cls, encoder: Encoder) -> Self:
        return cls([], DenseIndex.empty(encoder.dim), SparseIndex.build([]), encoder)

    @classmethod
    def open(cls, path: Path, *, encoder: Encoder | None = None) -> Self:
        """Read an index folder.

        Sizes and structure are always checked, and the digest of every file up to `storage.CHECK_LIMIT`.

        Args:
            path: the folder.
            encoder: to search and add with; by default the one that the index names is loaded.

        Raises:
            IndexNotFound: if there is no index.
            IndexFormatMismatch: if it is of another format version.
            IndexCorrupt: if a file is missing or altered, or does not fit the others.
            EncoderMismatch: if the encoder is not the one the index was built with.
            MissingDependency: if loading the encoder needs an extra.
            ModelError: if the encoder cannot be loaded.
        """
        manifest = storage.read_manifest(path)
        if encoder is None:
            # Here and not above: with an encoder at hand, nothing of the runtimes behind encoders is imported.
            from index.encoders import load_encoder

            encoder = load_encoder(manifest.encoder)
        while True:
            check_encoder(path, manifest, encoder)
            try:
                return cls(*_read(path, manifest), encoder, manifest.files)
            except IndexCorrupt:
                # Not damage but progress, if another process committed a new index while we read the old one.
                current = storage.read_manifest(path)
                if current == manifest:
                    raise
                manifest = current

    def with_encoder(self, encoder: Encoder) -> Self:
        """The same index searched through another encoder of the same revision, such as one that remembers.

        Raises:
            ValueError: if the encoder makes other vectors.
        """
        if (encoder.revision, encoder.dim) != (self._encoder.revision, self._encoder.dim):
            raise ValueError(f"an encoder of revision {self._encoder.revision} is needed, got {encoder.revision}")
        return type(self)([*self._contents.values()], self._dense, self._sparse, encoder, self._files)

    def save(self, path: Path, *, lock: WriteLock | None = None) -> None:
        """Write the index to a folder, which then holds it wholly, or what it held before.

        Args:
            path: the folder; made where missing.
            lock: held by a caller who read the folder under it; taken for the time of writing otherwise.

        Raises:
            ValueError: if the lock is for another folder.
            IndexBusy: if another process is writing there.
            IndexStoreError: if the folder cannot be written, or holds something that is no index.
        """
        if lock is None:
            with storage.write_lock(path) as taken:
                self.save(path, lock=taken)
            return
        if lock.folder != path:
            raise ValueError(f"the lock is for {lock.folder}, not for {path}")
        parts: dict[str, storage.Write] = {
            "documents": partial(_write_lines, map(codec.document_row, self.documents())),
            "passages": partial(_write_lines, map(codec.passage_row, self._passages)),
            "vectors": partial(_write_array, self._dense.vectors()),
            "terms": partial(_write_lines, [self._sparse.frequencies]),
            "postings": partial(_write_array, self._sparse.postings),
        }
        storage.commit(lock, parts, self._describe)

    def add(self, documents: Iterable[Document], *, progress: Callable[[Progress], None] | None = None) -> Self:
        """The index with these documents too; a document whose id or source is already there replaces it.

        Args:
            documents: in any order; of several with one id or source the last counts.
            progress: called after every block of passages.

        Raises:
            ValueError: if a document's id is unusable, or the encoder does not return unit vectors.
            ModelError: if the encoder fails.
        """
        incoming = _last_of_each(documents)
        sources = {document.source for document in incoming}
        ids = {document.id for document in incoming}
        kept = [id for id, (old, _) in self._contents.items() if id not in ids and old.source not in sources]
        fresh = [(document, split(document)) for document in incoming]
        vectors = _encode(fresh, self._encoder, progress)
        sparse = SparseIndex.build(passage.indexed_text for _, passages in fresh for passage in passages)
        addition = type(self)(fresh, DenseIndex(vectors), sparse, self._encoder)
        return self._merge(kept, addition)

    def remove(self, ids: Iterable[str]) -> Self:
        """The index without these documents.

        Raises:
            ValueError: if there is no document with one of these ids.
        """
        gone = list(ids)
        unknown = [id for id in gone if id not in self._contents]
        if unknown:
            raise ValueError(f"索引里没有这些文档：{'、'.join(unknown)}；文档编号可用 yiju-index info 查看。")
        kept = [id for id in self._contents if id not in gone]
        return self._merge(
            kept, type(self)([], DenseIndex.empty(self._dense.dim), SparseIndex.build([]), self._encoder)
        )

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """The best passages by meaning and wording, at most `k`, best first; ties by document id, then offset.

        Args:
            query: what is looked for.
            k: how many passages.
            within: which documents to search; all by default.

        Raises:
            ValueError: if `k` is below 1.
            ModelError: if the encoder fails.
        """
        return self.search_stage("fused", query, k, within)

    def search_stage(self, stage: Stage, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """As `search`, by one stage of it alone."""
        return self._retrievers[stage].search(query, k, self._among(within))

    def _among(self, within: Filter | None) -> Rows | None:
        """The rows of the documents that a filter admits, ascending; None for all."""
        if within is None or within.is_everything:
            return None
        admitted = [within.admits(document) for document, _ in self._contents.values()]
        sizes = [len(passages) for _, passages in self._contents.values()]
        return np.flatnonzero(np.repeat(admitted, sizes)).astype(np.int64)

    def retriever(self, stage: Stage) -> Retriever:
        """One stage of the search by itself: `dense`, `lexical`, or `fused`, which is `search`.

        Raises:
            ValueError: if there is no such stage.
        """
        if stage not in self._retrievers:
            raise ValueError(f"stage must be one of {', '.join(self._retrievers)}, got {stage!r}")
        return _OneStage(self, stage)

    def limited_to(self, readable: Filter) -> IndexView:
        """The index as if it held only the documents that a filter admits: nothing tells that there are others.

        A filter of `search` chooses among documents that the asker knows of, and scores stay measured against all of
        these. Documents that the asker must not know of may not even show in scores and word frequencies.
        """
        return IndexView(self._contents, self._passages, self._dense, self._sparse, self._encoder, readable)

    def documents(self) -> Sequence[Document]:
        """All documents, ordered by id."""
        return [document for document, _ in self._contents.values()]

    def document(self, document_id: str) -> Document | None:
        """The document with this id, or None."""
        found = self._contents.get(document_id)
        return found[0] if found else None

    def passages(self, document_id: str) -> Sequence[Passage]:
        """The passages of one document in text order; empty for an unknown id."""
        found = self._contents.get(document_id)
        return found[1] if found else ()

    def document_frequency(self, term: str) -> int:
        """In how many passages a term (of `index.text.terms`) occurs, title and section path included."""
        return self._sparse.frequency(term)

    def vocabulary(self) -> Mapping[str, int]:
        """All terms with the number of passages they occur in."""
        return self._sparse.frequencies

    def rarity(self, word: str) -> float:
        """How rare a folded word is: the inverse document frequency of its rarest term, as BM25 counts it."""
        return self._sparse.rarity(min(map(self._sparse.frequency, terms(word)), default=0))

    @property
    def passage_count(self) -> int:
        """How many passages there are."""
        return len(self._passages)

    @property
    def encoder(self) -> Encoder:
        """The encoder that questions and new documents go through."""
        return self._encoder

    @property
    def manifest(self) -> Manifest:
        """What the index says of itself; without files where it was not read from disk."""
        return self._describe(self._files)

    def _describe(self, files: Mapping[str, StoredFile]) -> Manifest:
        return Manifest(
            encoder=self._encoder.name,
            revision=self._encoder.revision,
            dim=self._dense.dim,
            documents=len(self._contents),
            passages=len(self._passages),
            terms=_terms_fingerprint(),
            files=files,
            created_with=storage.program_version(),
        )

    def _merge(self, kept: Sequence[str], addition: Self) -> Self:
        """Some of my documents and all of another index, none of which has the same id, in the order of ids."""
        mine = {id: self._contents[id] for id in kept}
        merged = dict(sorted((mine | addition._contents).items()))
        starts, size = _starts(merged)
        parts = [
            (self, self._moved({id: start for id, start in starts.items() if id in mine})),
            (addition, addition._moved({id: start for id, start in starts.items() if id not in mine})),
        ]
        vectors = np.empty((size, self._dense.dim), dtype=np.float32)
        for part, rows in parts:
            vectors[rows[rows >= 0]] = part._dense.vectors()[rows >= 0]
        sparse = SparseIndex.join([(part._sparse, rows) for part, rows in parts], size)
        return type(self)(list(merged.values()), DenseIndex(vectors), sparse, self._encoder)

    def _moved(self, starts: Mapping[str, int]) -> Rows:
        """The new row of each of my rows, -1 for those of documents without a new start."""
        old_starts, size = _starts(self._contents)
        rows = np.full(size, -1, dtype=np.int64)
        for id, start in starts.items():
            length = len(self._contents[id][1])
            rows[old_starts[id] : old_starts[id] + length] = np.arange(start, start + length)
        return rows


@dataclass(frozen=True, slots=True)
class _OneStage:
    """A `Retriever` that searches an index by one stage."""

    index: PassageIndex
    stage: Stage

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        return self.index.search_stage(self.stage, query, k, within)


def _starts(contents: Mapping[str, tuple[Document, tuple[Passage, ...]]]) -> tuple[dict[str, int], int]:
    """The first row of each document, and the number of rows."""
    starts: dict[str, int] = {}
    size = 0
    for id, (_, passages) in contents.items():
        starts[id] = size
        size += len(passages)
    return starts, size


def _last_of_each(documents: Iterable[Document]) -> list[Document]:
    """Documents by id; of several with one id or source the last."""
    chosen: dict[str, Document] = {}
    sources: set[str] = set()
    for document in reversed(list(documents)):
        if not codec.DOCUMENT_ID.fullmatch(document.id):
            raise ValueError(f"a document id is made of 1 to 200 of A-Z a-z 0-9 _ -, got {document.id!r}")
        if document.id not in chosen and document.source not in sources:
            chosen[document.id] = document
            sources.add(document.source)
    return [document for _, document in sorted(chosen.items())]


def _encode(contents: Contents, encoder: Encoder, progress: Callable[[Progress], None] | None) -> Vectors:
    """The vectors of all passages, in order."""
    total = sum(len(passages) for _, passages in contents)
    vectors = np.empty((total, encoder.dim), dtype=np.float32)
    done = 0
    for number, (_, passages) in enumerate(contents, 1):
        for start in range(0, len(passages), _BLOCK):
            block = [passage.indexed_text for passage in passages[start : start + _BLOCK]]
            encoded = encoder.encode_passages(block)
            if encoded.shape != (len(block), encoder.dim):
                raise ValueError(f"the encoder returned {encoded.shape} for {len(block)} texts of dim {encoder.dim}")
            vectors[done : done + len(block)] = encoded
            done += len(block)
            if progress is not None:
                whole = start + len(block) == len(passages)
                progress(Progress(number if whole else number - 1, len(contents), done, total))
    return vectors


def _read(path: Path, manifest: Manifest) -> tuple[Contents, DenseIndex, SparseIndex]:
    """Everything that the manifest names, checked."""
    paths = {kind: storage.check_file(path, file, whole=False) for kind, file in manifest.files.items()}
    documents = _decoded(paths["documents"], lambda file: codec.documents_from(codec.read_lines(file)))
    contents = _decoded(paths["passages"], lambda file: codec.passages_from(codec.read_lines(file), documents))
    size = sum(len(passages) for _, passages in contents)
    if (len(documents), size) != (manifest.documents, manifest.passages):
        raise storage.corrupt(path / storage.MANIFEST, "清单中的数量与内容不符")
    dense = _decoded(paths["vectors"], lambda file: _read_vectors(file, (size, manifest.dim)))
    if manifest.terms != _terms_fingerprint():
        return contents, dense, SparseIndex.build(passage.indexed_text for _, found in contents for passage in found)
    frequencies = _decoded(paths["terms"], _read_frequencies)
    sparse = _decoded(paths["postings"], lambda file: SparseIndex(frequencies, np.array(_read_array(file)), size))
    return contents, dense, sparse


def _decoded(path: Path, decode: Callable[[Path], Decoded]) -> Decoded:
    try:
        return decode(path)
    except (ValueError, OverflowError, OSError) as error:
        raise storage.corrupt(path, f"内容不合规（{error}）") from error


def _read_vectors(path: Path, shape: tuple[int, int]) -> DenseIndex:
    vectors = _read_array(path)
    if vectors.shape != shape:
        raise ValueError(f"应为 {shape}，实为 {vectors.shape}")
    return DenseIndex(vectors)


def _read_array(path: Path) -> NDArray[Any]:
    """An .npy file, mapped: a header that promises more than the file holds is refused, and no object is ever made."""
    try:
        return np.asarray(np.lib.format.open_memmap(path, mode="r"))
    except (SyntaxError, TokenError) as error:  # numpy reads the header as Python's own text, and lets these through
        raise ValueError(f"不是数组（{error}）") from error


def _read_frequencies(path: Path) -> dict[str, int]:
    (frequencies,) = codec.read_lines(path)
    if not isinstance(frequencies, dict) or not all(type(count) is int for count in frequencies.values()):
        raise ValueError("不是词频表")
    return frequencies


def _write_lines(rows: Iterable[object], file: IO[bytes]) -> None:
    for row in rows:
        file.write(codec.to_line(row))


def _write_array(array: NDArray[Any], file: IO[bytes]) -> None:
    np.lib.format.write_array(file, array, allow_pickle=False)


def _terms_fingerprint() -> str:
    return sha256("\n".join(terms(_PROBE)).encode()).hexdigest()[:16]
