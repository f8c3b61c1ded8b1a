"""An index that lies in a folder: FAISS and our own BM25 over its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path

from index.errors import IndexCorrupt, IndexStoreError
from index.manifest import Manifest, StoredFile
from index.protocols import Encoder, LoadEncoder, Report
from index.records import Description, Document
from index.search.dense import Codebook
from index.store.building import FolderBuilder, building
from index.store.named_encoder import NamedEncoder, check_encoder
from index.store.passage_index import DEFAULT_RECALL, PassageIndex, read_codebook
from index.store.segments import Segment, decoded, read_contents
from index.store.storage import MANIFEST, WriteLock, check_file, damaged_files, read_manifest, write_lock
from index.text import terms_fingerprint


class FolderStore:
    """A `Store` in a folder that is there already, or is to be made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    resumes = True

    def stamp(self) -> str | None:
        """Return a digest of the manifest, and of when the files it names were written; None where there is none.

        Files never change, so that a later date is that of a change from outside.
        """
        try:
            digest = sha256((self._folder / MANIFEST).read_bytes())
        except OSError:
            return None
        with suppress(IndexStoreError):
            for file in self.manifest().files.values():
                with suppress(OSError):
                    found = (self._folder / file.name).stat()
                    digest.update(f"{file.name} {found.st_size} {found.st_mtime_ns}".encode())
        return digest.hexdigest()

    def manifest(self) -> Manifest:
        """Return what the index says of itself; errors as for `storage.read_manifest`."""
        return read_manifest(self._folder)

    def open(self, encoder: Encoder | None = None) -> PassageIndex:
        """Return the index as it is now; errors as for `PassageIndex.open`."""
        return PassageIndex.open(self._folder, encoder=encoder)

    def building(
        self, encoder: str, load: LoadEncoder, recall: float | None = None, job: str | None = None
    ) -> AbstractContextManager[FolderBuilder]:
        """Return a new index, which takes the place of what is there when the block ends; it need not fit in memory."""
        return building(self._folder, encoder, load, recall or DEFAULT_RECALL, job)

    @contextmanager
    def writing(self, load: LoadEncoder, encoder: str | None = None) -> Iterator[FolderWriter]:
        """Provide the index that is there; its encoder is loaded with the first document, one that is named at once."""
        name = self.manifest().encoder
        with write_lock(self._folder) as lock:
            if encoder is not None:
                index = self.open(load(encoder))
                yield FolderWriter(lock, lambda: index, index)
            else:
                yield FolderWriter(lock, lambda: self.open(load(name)), self.open(NamedEncoder(self.manifest())))

    @contextmanager
    def repairing(self, load: LoadEncoder, encoder: str | None = None) -> Iterator[FolderWriter]:
        """Provide what is still whole of a damaged index; it takes the place of what is there with the first addition.

        IndexCorrupt if the manifest is damaged, so that contents are unknown; EncoderMismatch if it is another.
        """
        with write_lock(self._folder) as lock:
            manifest = self.manifest()
            loaded = load(encoder or manifest.encoder)
            check_encoder(self._folder, manifest, loaded)
            index = _salvaged(self._folder, manifest, loaded)
            yield FolderWriter(lock, lambda: index, index)

    def damage(self) -> list[str]:
        """Return a line for each file that is not as in the manifest, or for what else keeps the index from opening."""
        try:
            if damaged := damaged_files(self._folder):
                return damaged
            PassageIndex.open(self._folder, encoder=NamedEncoder(self.manifest()), whole=True)
        except IndexCorrupt as error:
            return [str(error)]
        return []


class FolderWriter:
    """A `Writer` of the index in a folder, saved after every change; `loaded` gives it with its encoder when needed."""

    def __init__(self, lock: WriteLock, loaded: Callable[[], PassageIndex], index: PassageIndex) -> None:
        self._lock = lock
        self._loaded = loaded
        self._index = index

    def add(self, documents: Iterable[Document], *, stale: Iterable[str] = (), progress: Report | None = None) -> None:
        """Add documents; see `Writer`."""
        if isinstance(self._index.encoder, NamedEncoder):
            self._index = self._loaded()
        self._change(self._index.add(documents, progress=progress).remove(stale))

    def remove(self, ids: Iterable[str]) -> None:
        """Remove documents; see `Writer`."""
        self._change(self._index.remove(ids))

    def _change(self, index: PassageIndex) -> None:
        index.save(self._lock.folder, lock=self._lock)
        self._index = index

    @property
    def document_count(self) -> int:
        """Return how many documents there are."""
        return self._index.document_count

    @property
    def passage_count(self) -> int:
        """Return how many passages there are."""
        return self._index.passage_count

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without their texts and outlines, ordered by id."""
        return self._index.descriptions()


def _salvaged(folder: Path, manifest: Manifest, encoder: Encoder) -> PassageIndex:
    """Return the index of what is intact in a damaged folder; only the rest is built again, to the same bytes.

    Postings and codes follow from documents and vectors, vectors from documents.
    """
    file = manifest.shared.get("codebook")  # another is learnt where it is damaged
    codebook = read_codebook(folder / file.name) if file and _is_whole(folder, file) else None
    segments, documents = list[Segment](), list[Document]()
    for files in manifest.segments:
        damaged = {kind for kind, file in files.items() if not _is_whole(folder, file)}
        try:
            if damaged <= {"postings", "codes"}:
                segments.append(_segment(folder, files, damaged, manifest, codebook))
            elif "contents" not in damaged:
                contents = decoded(folder / files["contents"].name, partial(read_contents, check=True))
                documents += [contents.document(number) for number in range(len(contents))]
        except IndexCorrupt:
            continue  # whole by its digest, and yet it fits nothing
    recall = manifest.search.wanted if manifest.search else DEFAULT_RECALL
    return PassageIndex(segments, encoder, codebook, recall, manifest.shared if codebook else None).add(documents)


def _segment(
    folder: Path, files: Mapping[str, StoredFile], damaged: set[str], manifest: Manifest, codebook: Codebook | None
) -> Segment:
    """Return a segment with what follows from its documents and vectors made again, where that is damaged."""
    good = {kind: file for kind, file in files.items() if kind not in damaged and (codebook or kind != "codes")}
    anew = "postings" not in good or manifest.terms != terms_fingerprint()
    coded = codebook if "codes" in good else None
    segment = Segment.opened(folder, good, manifest.dim, coded, whole=True, anew=anew)
    return segment.coded(codebook) if codebook and not coded else segment


def _is_whole(folder: Path, file: StoredFile) -> bool:
    try:
        check_file(folder, file, whole=True)
    except IndexCorrupt:
        return False
    return True
