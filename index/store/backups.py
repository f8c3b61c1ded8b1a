"""Back up an index to one file, a tar of the manifest and the files it names, and restore it; both are checked.

Coming back it is as untrusted as an index folder: members must be regular files of the names and sizes in its manifest.
"""

from __future__ import annotations

import io
import os
import tarfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

from index.errors import IndexCorrupt, IndexNotFound, IndexStoreError
from index.manifest import Manifest, StoredFile
from index.store import storage
from index.store.named_encoder import NamedEncoder
from index.store.passage_index import PassageIndex
from index.store.storage import MANIFEST

STAGE = "restore.part"
"""Where an index is put together inside the folder that is to hold it; the next writer clears away what is left."""

_BLOCK = 1 << 20


def backup(folder: Path, file: Path) -> Manifest:
    """Write an index to a file, which then holds it wholly, or what it held before; return what was written.

    A writer may go on meanwhile: the file holds the index as it was before or after. IndexStoreError if there is
    none, it is damaged, or the file cannot be written.
    """
    while True:
        content = _manifest_bytes(folder)
        manifest = storage.read_manifest(folder)
        try:
            _write(folder, file, content, manifest)
            return manifest
        except IndexCorrupt:
            if _manifest_bytes(folder) == content:  # otherwise not damage but progress: another index is there now
                raise


def restore(file: Path, folder: Path) -> Manifest:
    """Put an index back into a folder, which then holds it wholly, or what it held before; return what was put back.

    IndexStoreError if the file is no whole backup, or the folder cannot be written; nothing has changed then.
    """
    with storage.write_lock(folder) as lock:
        stage = folder / STAGE
        try:
            with storage.explained(file, "读取备份"):
                stage.mkdir()
                _unpack(file, stage)
            manifest = storage.read_manifest(stage)
            if storage.damaged_files(stage):
                raise _no_backup(file, "内容与清单中的校验和不符")
            PassageIndex.open(stage, encoder=NamedEncoder(manifest), whole=True)
            storage.adopt(lock, stage)
        except (IndexNotFound, IndexCorrupt) as error:
            raise _no_backup(file, "清单或内容不合规") from error
        finally:
            with suppress(FileNotFoundError):
                storage.discard(stage)
    return manifest


def _manifest_bytes(folder: Path) -> bytes:
    with suppress(OSError):
        return (folder / MANIFEST).read_bytes()
    return b""  # reading it as a manifest says what is wrong


def _write(folder: Path, file: Path, content: bytes, manifest: Manifest) -> None:
    part = file.with_name(file.name + ".part")
    with storage.explained(file, "写入备份"):
        try:
            with part.open("wb") as written:
                with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
                    archive.addfile(_entry(MANIFEST, len(content)), io.BytesIO(content))
                    for stored in manifest.files.values():
                        with storage.check_file(folder, stored, whole=False).open("rb") as source:
                            digesting = _Digesting(source)
                            archive.addfile(_entry(stored.name, stored.bytes), digesting)  # type: ignore[arg-type]
                        digesting.check(folder, stored)
                written.flush()
                os.fsync(written.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    """Return a member that says nothing of who made it, and when: equal indexes make equal files."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry


class _Digesting:
    """A file to read from that knows what has passed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = sha256()

    def read(self, count: int) -> bytes:
        block = self._file.read(count)
        self._hash.update(block)
        return block

    def check(self, folder: Path, stored: StoredFile) -> None:
        if self._hash.hexdigest() != stored.sha256:
            raise storage.corrupt(folder / stored.name, "内容与清单中的校验和不符")


def _unpack(file: Path, stage: Path) -> None:
    """Unpack the manifest, which comes first, and then exactly the files that it names."""
    try:
        with tarfile.open(file, "r:") as archive:
            members = iter(archive)
            first = next(members, None)
            if first is None or first.name != MANIFEST:
                raise _no_backup(file, "第一项不是索引清单")
            _extract(archive, first, stage, storage.MANIFEST_LIMIT)
            expected = {stored.name: stored for stored in storage.read_manifest(stage).files.values()}
            for member in members:
                stored = expected.pop(member.name, None)
                if stored is None or member.size != stored.bytes:
                    raise _no_backup(file, f"多余的或大小不对的一项：{member.name[:80]!r}")
                _extract(archive, member, stage, stored.bytes)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise _no_backup(file, f"不是完整的 tar 文件（{error}）") from error
    if expected:
        raise _no_backup(file, f"缺少 {next(iter(expected))}")


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, stage: Path, most: int) -> None:
    """Write a member under its name, which is one of ours and has no folder in it."""
    source = archive.extractfile(member) if member.isreg() and member.size <= most else None
    if source is None:
        raise ValueError(f"{member.name[:80]!r} 不是普通文件，或太大")
    with source, (stage / member.name).open("xb") as target:
        while block := source.read(_BLOCK):
            target.write(block)
        storage.finish(target)


def _no_backup(file: Path, reason: str) -> IndexStoreError:
    return IndexStoreError(
        file, f"{file} 不是完好的备份：{reason}；索引没有改动，请换一份 yiju-index backup 写的备份。"
    )
