"""Compare folders with an index: what is new, changed or gone.

A file is known by its name and the digest of its content and of the version of the loaders: what a better loader would
read otherwise counts as changed.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from index.errors import DocumentError, DocumentUnreadable, MissingDependency
from index.loaders import find_files, open_file
from index.loaders.formats import HEAD, Format, sniff
from index.loaders.libreoffice import PAGED
from index.records import Described, Document, Origin
from index.sandbox import Sandbox

LOADERS = "5"
"""Version of what loaders make of a file; raised when they read the same file better."""

Failed = Callable[[Exception], None]
Notice = Callable[[str], None]

_BATCH_CHARACTERS = 300_000  # about a minute's encoding on two cores: what an interruption may cost
_BATCH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file to be read."""

    path: Path  # where it lies
    source: str  # the name that it is known by
    origin: Origin  # its folder and digest
    bytes: int = 0  # its size, which tells how much of the work it is


@dataclass(frozen=True, slots=True)
class Changes:
    """What an index has to do to be up to date with some paths."""

    incoming: Sequence[Incoming]  # files that are new or changed, in the order of the paths
    unchanged: int  # how many files it holds as they are
    gone: Sequence[str]  # ids of documents whose files are no longer in the folders given


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that are encoded and saved together."""

    documents: Sequence[Document]  # what was read
    stale: Sequence[str]  # ids of documents that earlier versions of these files held
    files: int  # how many files have been read, those of earlier batches included
    share: float  # how much of all that is to be read these files are, 0 to 1


def changes(paths: Sequence[Path], documents: Iterable[Described] = (), notice: Notice = lambda _: None) -> Changes:
    """Compare files and folders with what is indexed; DocumentUnreadable if one is missing or cannot be listed."""
    documents = list(documents)
    folders = [path for path in paths if path.is_dir()]
    by_digest: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        by_digest[document.origin.digest].append(document.source)
    known = {document.source: document.origin.folder for document in documents}
    files = find_files(paths, notice)
    incoming = []
    for path, source in files:
        digest = _digest(path, _folder(path, folders))
        if not any(belongs(old, source) for old in by_digest.get(digest, ())):
            # One given by itself lies below the folder in which it has the name that it is known by.
            folder = _folder(path, folders) or known.get(source) or str(path.absolute().parents[source.count("/")])
            incoming.append(Incoming(path, source, Origin(folder, digest), sum(_stamp(path)[:1])))
    gone = _gone(documents, {str(folder.absolute()) for folder in folders}, {source for _, source in files})
    return Changes(incoming, len(files) - len(incoming), gone)


def incoming_file(path: Path, source: str, folder: Path) -> Incoming:
    """Return a file to be read that is to lie below a folder under a name; DocumentUnreadable if it cannot be read."""
    with open_file(path) as file:
        digest = content_digest(file)
    return Incoming(path, source, Origin(str(folder.absolute()), digest), sum(_stamp(path)[:1]))


def read_here(
    incoming: Sequence[Incoming], failed: Failed, notice: Notice
) -> Iterator[tuple[Incoming, list[Document]]]:
    """Read files in a confined process, one by one; yield each with its documents, of which it may have none."""
    with Sandbox(notice) as sandbox:
        for file in incoming:
            yield file, list(_loaded(sandbox, file, failed, notice))


Read = Callable[[Sequence[Incoming], Failed, Notice], Iterator[tuple[Incoming, list[Document]]]]
"""What `read_here` does, wherever it is done, in any order."""


def batches(
    incoming: Sequence[Incoming],
    documents: Iterable[Described],
    *,
    failed: Failed,
    notice: Notice,
    progress: Callable[[int, int], None] = lambda done, total: None,
    read: Read = read_here,
) -> Iterator[Batch]:
    """Read files, as many together as are worth saving together; `documents` are what the index holds."""
    held: dict[str, list[Described]] = defaultdict(list)  # by the first part of the source, which an archive shares
    for document in documents:
        held[document.source.split("/")[0]].append(document)
    names = {document.id: document.source for document in documents}
    loaded: list[Document] = []
    stale: list[str] = []
    began = time.monotonic()
    total, done = sum(1 + file.bytes for file in incoming), 0
    for number, (file, fresh) in enumerate(read(incoming, failed, notice), 1):
        fresh = list(_distinct(fresh, names, failed))
        if fresh:
            ids = {document.id for document in fresh}
            old = held.get(file.source.split("/")[0], ())
            stale += [d.id for d in old if belongs(d.source, file.source) and d.id not in ids]
        loaded += fresh
        done += 1 + file.bytes
        progress(number, len(incoming))
        full = sum(len(document.text) for document in loaded) >= _BATCH_CHARACTERS
        if loaded and (full or time.monotonic() - began > _BATCH_SECONDS or number == len(incoming)):
            yield Batch(loaded, stale, number, done / total)
            loaded, stale, began = [], [], time.monotonic()


def _distinct(fresh: Iterable[Document], names: dict[str, str], failed: Failed) -> Iterator[Document]:
    """Yield documents with unique ids; names that share one can be found, and the second would replace the first."""
    for document in fresh:
        if (source := names.setdefault(document.id, document.source)) == document.source:
            yield document
        else:
            message = f"{document.source} 的编号与 {source} 相同，没有编入：请给文件换个名字。"
            failed(DocumentUnreadable(Path(document.source), message))


def settlings(paths: Sequence[Path], wait: Callable[[], None]) -> Iterator[None]:
    """Yield at once, and again whenever the files under some paths changed and then stayed the same from look to look.

    So a file that is still being written is not read by half; `wait` passes the time between two looks.
    """
    done = before = _state(paths)
    yield
    while True:
        wait()
        now = _state(paths)
        if now == before != done:
            yield
            done = now
        before = now


def _state(paths: Sequence[Path]) -> frozenset[tuple[object, ...]]:
    """Names, sizes and times of all files; the reason instead where they cannot be listed."""
    try:
        return frozenset((path, *_stamp(path)) for path, _ in find_files(paths))
    except DocumentError as error:
        return frozenset({(str(error),)})


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:  # gone since it was listed
        return ()
    return status.st_size, status.st_mtime_ns


def _loaded(
    sandbox: Sandbox, file: Incoming, failed: Callable[[Exception], None], notice: Callable[[str], None]
) -> Iterator[Document]:
    try:
        below = Path(file.origin.folder) if file.origin.folder else None
        if below and not file.path.absolute().is_relative_to(below):  # known from elsewhere, and given by itself now
            below = None
        for found in sandbox.load_all(file.path, source=file.source, notice=notice, below=below):
            if isinstance(found, DocumentError):
                failed(found)
            else:
                yield replace(found, origin=file.origin)
    except (DocumentError, MissingDependency, OSError) as error:
        failed(error)


def belongs(document_source: str, file_source: str) -> bool:
    """Return whether a document was read from a file: it has its name, or lies in it as in an archive."""
    return document_source == file_source or document_source.startswith(f"{file_source}/")


def _gone(documents: Sequence[Described], folders: set[str], sources: set[str]) -> list[str]:
    def present(source: str) -> bool:
        parts = source.split("/")
        return any("/".join(parts[:end]) in sources for end in range(1, len(parts) + 1))

    return [d.id for d in documents if d.origin.folder in folders and not present(d.source)]


def content_digest(file: IO[bytes], version: str = LOADERS) -> str:
    """Return the digest of a file's content as read by some version of the loaders."""
    digest = hashlib.sha256(version.encode())
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()[:32]


def _folder(path: Path, folders: Sequence[Path]) -> str | None:
    return next((str(folder.absolute()) for folder in folders if path.is_relative_to(folder)), None)


def _digest(path: Path, folder: str | None) -> str:
    """Return the digest of a file's content; of its absence where it cannot be read, which loading will explain."""
    try:
        with open_file(path, Path(folder) if folder else None) as file:
            return content_digest(file)
    except (DocumentError, OSError):
        return ""


# --- the files that documents were read from, as long as they are still what was read -----------


def file_of(document: Document) -> Path | None:
    """Return where the file of a document lies, or None where that is not known, or it lies inside an archive."""
    if document.origin.folder is None or ".." in Path(document.source).parts:  # an index is untrusted input
        return None
    path = Path(document.origin.folder) / document.source
    return path if path.is_file() else None


def has_pictures(document: Document) -> bool:
    """Return whether pages of a document can be drawn as its file has them, judged by its first bytes."""
    found = _format(document)
    # Of the formats that are packed, OFD alone says where its lines stand.
    return found in (Format.PDF, Format.IMAGE) or (found is Format.ZIP and bool(document.placed))


def is_office(document: Document) -> bool:
    """Return whether a document has pages once LibreOffice has laid it out; it may not be here."""
    packed = _format(document) in (Format.ZIP, Format.LEGACY)
    return packed and not document.placed and document.source.lower().endswith(PAGED)


def _format(document: Document) -> Format | None:
    if file_of(document) is None:
        return None
    try:
        with _opened(document) as file:
            return sniff(file.read(HEAD))
    except (DocumentUnreadable, OSError):
        return None


def opened_as_indexed(document: Document) -> IO[bytes]:
    """Return the file of a document, open at its beginning; DocumentUnreadable unless it is what was indexed."""
    file = _opened(document)
    # Versions of the loaders read the same file in other ways; the newest first, as it is the likeliest.
    for version in range(int(LOADERS), 0, -1):
        file.seek(os.SEEK_SET)
        if content_digest(file, str(version)) == document.origin.digest:
            file.seek(os.SEEK_SET)
            return file
    file.close()
    raise DocumentUnreadable(Path(document.source), f"{document.source} 编入索引之后有变动，或同名的已是另一个文件。")


def _opened(document: Document) -> IO[bytes]:
    path = file_of(document)
    if path is None or document.origin.folder is None:
        raise DocumentUnreadable(
            Path(document.source),
            f"找不到 {document.source} 的原文件；请把它放回原处，或用 yiju-index add 重新加入。",
        )
    return open_file(path, Path(document.origin.folder))
