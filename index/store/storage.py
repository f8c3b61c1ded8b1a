"""The index folder: named files and one manifest, which is replaced atomically.

    manifest.json               names every other file with its size and SHA-256, and holds its own: replacing it is the
                                commit
    contents-<digest>.arrays    …and so on, three for each segment: a file's name holds the beginning of its own digest,
    vectors-<digest>.npy        so a new generation never overwrites the old one, equal content has equal names, and
    postings-<digest>.arrays    what did not change is not written again
                                All of these may be read only: programs that write in place are refused
    .lock                       held (flock) by the one process that writes
    *.part                      being written, a file or a folder; left behind by a process that died, and by a build
                                that was broken off, which goes on from it

Whoever reads needs no lock: a reader that loses a file to a writer finds a new manifest and starts again.
A folder is untrusted input: names are checked against a pattern, files must be regular and of the stated size.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

from index import platforms
from index.errors import IndexBusy, IndexCorrupt, IndexFormatMismatch, IndexNotFound, IndexStoreError
from index.manifest import VERSION, Files, Manifest, Search, StoredFile

FORMAT = "yiju-index"

MANIFEST = "manifest.json"
LOCK = ".lock"
KINDS = {"contents": "arrays", "vectors": "npy", "postings": "arrays"}
APPROXIMATE_KINDS = {**KINDS, "codes": "npy"}
SHARED_KINDS = {"codebook": "arrays"}
"""What all segments of an index that is searched approximately have in common."""

# Indexes up to this size are looked at whole on every opening, digests and every entry; `verify` does so with all.
CHECK_LIMIT = 16 * 2**20

MANIFEST_LIMIT = 2**20
_SEAL = "sha256"
_BUILD_KINDS = {"run": "arrays"}  # in the folder of a build
_EVERY_KIND = APPROXIMATE_KINDS | SHARED_KINDS | _BUILD_KINDS
_DATA_NAME = re.compile(rf"({'|'.join(_EVERY_KIND)})-[0-9a-f]{{16}}\.(arrays|npy)")
_OWN_NAME = re.compile(rf"{re.escape(MANIFEST)}|{re.escape(LOCK)}|{_DATA_NAME.pattern}|[a-z0-9.]+\.part")

Write = Callable[[IO[bytes]], None]


@dataclass(slots=True)
class WriteLock:
    """The right to write one folder; made by `write_lock`, which does not clear away unfinished work named `keep`."""

    folder: Path
    keep: str = ""


def program_version() -> str:
    """Return the installed version of this program, `unknown` where it runs uninstalled."""
    try:
        return version("yiju")
    except PackageNotFoundError:
        return "unknown"


@contextmanager
def write_lock(folder: Path, keep: str = "") -> Iterator[WriteLock]:
    """Hold the right to write an index folder, which is made where it is missing, and removed if empty in the end.

    What a dead writer left behind is cleared away first, but for `keep`. IndexBusy if another process is writing;
    IndexStoreError if the folder cannot be written, is a file, or holds something that is no index.
    """
    with explained(folder, "写入索引"):
        created = not folder.exists()
        if not created:
            _refuse_foreign(folder)
        descriptor = _acquire(folder)
    try:
        lock = WriteLock(folder, keep)
        _sweep(lock)
        yield lock
    finally:
        if created and not (folder / MANIFEST).exists():
            with suppress(OSError):
                (folder / LOCK).unlink()
                folder.rmdir()
        os.close(descriptor)


def commit(
    lock: WriteLock,
    parts: Iterable[Mapping[str, StoredFile | Write]],
    describe: Callable[[Sequence[Files]], Manifest],
) -> Manifest:
    """Replace the index in a folder by a new one, wholly or not at all, and return its manifest.

    Args:
        lock: the right to write that folder.
        parts: for every kind of file what writes it, or the file where the folder holds it already.
        describe: makes the manifest out of the files.

    Raises:
        IndexStoreError: if the folder cannot be written or the disk is full; the old index stays as it was.
    """
    folder = lock.folder
    try:
        with explained(folder, "写入索引"):
            stored = [
                {kind: p if isinstance(p, StoredFile) else _write(folder, kind, p) for kind, p in each.items()}
                for each in parts
            ]
            manifest = describe(stored)
            _put(folder / MANIFEST, sealed({"format": FORMAT, **asdict(manifest)}))
    finally:
        _sweep(lock)
    return manifest


def store(folder: Path, kind: str, write: Write) -> StoredFile:
    """Write a data file, which nothing names yet, to a folder, made where missing; IndexStoreError if that fails."""
    with explained(folder, "写入索引"):
        folder.mkdir(exist_ok=True)
        return _write(folder, kind, write)


def put(path: Path, content: bytes) -> None:
    """Replace a file's content, wholly or not at all, even if the machine stops; IndexStoreError if that cannot be."""
    with explained(path.parent, "写入索引"):
        _put(path, content)


def adopt(lock: WriteLock, staged: Path) -> None:
    """Replace the index in a folder, wholly or not at all, by a whole one that lies in a folder inside it.

    The other folder is removed. IndexStoreError if the folder cannot be written, or what is staged has no good
    manifest; the old index stays as it was.
    """
    folder = lock.folder
    try:
        with explained(folder, "写入索引"):
            for file in read_manifest(staged).files.values():
                (staged / file.name).replace(folder / file.name)
            _sync_folder(folder)
            (staged / MANIFEST).replace(folder / MANIFEST)
            _sync_folder(folder)
    finally:
        _sweep(lock)


def read_manifest(folder: Path) -> Manifest:
    """Return what the index in a folder says of itself.

    IndexNotFound if there is none, IndexFormatMismatch if it is of another version, IndexCorrupt if it is damaged, and
    IndexStoreError if the folder may not be read.
    """
    path = folder / MANIFEST
    with explained(folder, "读取索引"):
        if not path.is_file():
            raise IndexNotFound(folder, _not_found(folder))
        with path.open("rb") as file:
            content = file.read(MANIFEST_LIMIT + 1)
    stored = _parse_manifest(folder, content)
    if stored.get("format") != FORMAT and {"encoder", "terms", "passages"} <= stored.keys():
        raise corrupt(path, "没有写明格式")
    if stored.get("format") != FORMAT:
        raise IndexNotFound(folder, f"{path} 不是依据（Yiju）的索引清单；请另选一个文件夹。")
    if stored.get("version") != VERSION:
        raise IndexFormatMismatch(
            folder,
            f"索引 {folder} 的格式版本是 {stored.get('version')!r}，本程序读写的是 {VERSION}；"
            f"请改用写入它的程序版本，或重新建立：yiju-index build 文件… -o {folder}",
        )
    whole = False
    with suppress(ValueError, RecursionError):
        whole = content == sealed(stored)
    if not whole:
        raise corrupt(path, "内容与其中的校验和不符")
    try:
        return _decode_manifest(stored)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise corrupt(path, f"内容不合规（{error}）") from error


def check_file(folder: Path, file: StoredFile, *, whole: bool) -> Path:
    """Return where a data file is; IndexCorrupt unless it has the size, and if `whole` the digest, in the manifest."""
    path = folder / file.name
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise corrupt(path, "不是普通文件")
        if found.st_size != file.bytes:
            raise corrupt(path, f"应为 {file.bytes} 字节，实为 {found.st_size} 字节")
        if whole:
            with path.open("rb") as content:
                if hashlib.file_digest(content, "sha256").hexdigest() != file.sha256:
                    raise corrupt(path, "内容与清单中的校验和不符")
        return path
    except FileNotFoundError as error:
        raise corrupt(path, "文件缺失") from error
    except OSError as error:
        raise corrupt(path, f"无法读取（{error.strerror}）") from error


def is_there(folder: Path, file: StoredFile) -> bool:
    """Return whether a folder holds a file of this name and size; its name holds the beginning of its digest."""
    path = folder / file.name
    return path.is_file() and not path.is_symlink() and path.stat().st_size == file.bytes


def damaged_files(folder: Path) -> list[str]:
    """Compare every file with the manifest; return a line for each bad one. Raises what `read_manifest` does."""
    messages = []
    for file in read_manifest(folder).files.values():
        try:
            check_file(folder, file, whole=True)
        except IndexCorrupt as error:
            messages.append(str(error))
    return messages


def corrupt(path: Path, reason: str) -> IndexCorrupt:
    """Return the error for a damaged file of an index, saying what is wrong with it and what to do."""
    message = f"索引文件已损坏：{path}：{reason}；请重新建立：yiju-index build 文件… -o {path.parent}"
    return IndexCorrupt(path.parent, message)


def _acquire(folder: Path) -> int:
    """Open and lock the lock file; again if its owner removed it between the two steps."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | platforms.NO_FOLLOW, 0o644)
            try:
                platforms.lock(descriptor)
                if os.path.samestat(os.fstat(descriptor), (folder / LOCK).stat()):
                    return descriptor
            except BlockingIOError as error:
                os.close(descriptor)
                raise IndexBusy(folder, f"另一个程序正在写索引 {folder}；请等它结束后再试。") from error
            except FileNotFoundError:
                pass
            os.close(descriptor)


def _refuse_foreign(folder: Path) -> None:
    """Raise an error if a folder holds anything but an index."""
    try:
        read_manifest(folder)
    except IndexFormatMismatch:
        return
    except (IndexNotFound, IndexCorrupt) as error:
        strangers = sorted(path.name for path in folder.iterdir() if not _OWN_NAME.fullmatch(path.name))
        alien = isinstance(error, IndexNotFound) and (folder / MANIFEST).exists()
        if strangers or alien:
            found = strangers[0] if strangers else MANIFEST
            message = f"{folder} 里已有别的内容（如 {found}），且不是索引；请为索引另选一个空文件夹。"
            raise IndexStoreError(folder, message) from error


def _sweep(lock: WriteLock) -> None:
    """Remove what no manifest names: files of an older generation, or of a writer that died."""
    folder = lock.folder
    try:
        kept = {file.name for file in read_manifest(folder).files.values()}
    except IndexNotFound:
        kept = set()
    except (IndexCorrupt, IndexFormatMismatch):
        return
    # What cannot be removed now does no harm and goes next time.
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name not in kept | {MANIFEST, LOCK, lock.keep} and _OWN_NAME.fullmatch(path.name):
                discard(path)


def discard(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; a link, but not what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


class _Digesting:
    """A file to write to that knows what has passed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._bytes = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._bytes += len(data)
        return self._file.write(data)

    def stored(self, kind: str) -> StoredFile:
        digest = self._hash.hexdigest()
        return StoredFile(f"{kind}-{digest[:16]}.{_EVERY_KIND[kind]}", self._bytes, digest)


def _write(folder: Path, kind: str, write: Write) -> StoredFile:
    part = folder / f"{kind}.part"
    with part.open("wb") as file:
        digesting = _Digesting(file)
        write(digesting)  # type: ignore[arg-type]  # writers only ever call write()
        finish(file)
    stored = digesting.stored(kind)
    part.replace(folder / stored.name)
    return stored


def _put(path: Path, content: bytes) -> None:
    _sync_folder(path.parent)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        finish(file)
    part.replace(path)
    _sync_folder(path.parent)


def finish(file: IO[bytes]) -> None:
    """Sync a file of an index to disk and make it read-only: what is served changes by renaming alone."""
    file.flush()
    os.fchmod(file.fileno(), stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o444)
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make renames lasting. Some network file systems refuse to; there nothing better can be had."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sealed(stored: Mapping[str, object]) -> bytes:
    """Return a manifest as it is written: with the digest of all the rest at its end."""

    def written(value: object) -> bytes:
        return (json.dumps(value, ensure_ascii=True, indent=1) + "\n").encode("ascii")

    rest = {name: value for name, value in stored.items() if name != _SEAL}
    return written(rest | {_SEAL: hashlib.sha256(written(rest)).hexdigest()})


def _parse_manifest(folder: Path, content: bytes) -> dict[str, Any]:
    try:
        if len(content) > MANIFEST_LIMIT:
            raise ValueError(f"超过 {MANIFEST_LIMIT} 字节")
        stored = json.loads(content)
        if not isinstance(stored, dict):
            raise ValueError("不是 JSON 对象")
    except (ValueError, RecursionError) as error:
        raise corrupt(folder / MANIFEST, f"不是完整的 JSON（{error}）") from error
    return stored


def _decode_manifest(stored: dict[str, Any]) -> Manifest:
    wanted, found = stored["search"].get("wanted", 0.98), stored["search"].get("found", 1.0)
    if not all(isinstance(share, float) and 0.0 <= share <= 1.0 for share in (wanted, found)):
        raise ValueError(f"应为 0 到 1 的比例：{[wanted, found]}")
    lists, probes = (_count(stored["search"].get(name, 0)) for name in ("lists", "probes"))
    search = Search(wanted, lists, probes, found)
    if not isinstance(stored["segments"], list):
        raise TypeError("segments")
    kinds = APPROXIMATE_KINDS if search.lists else KINDS
    shared = SHARED_KINDS if search.lists else {}
    return Manifest(
        encoder=_text(stored["encoder"]),
        revision=_text(stored["revision"]),
        dim=_count(stored["dim"]),
        documents=_count(stored["documents"]),
        passages=_count(stored["passages"]),
        terms=_text(stored["terms"]),
        segments=[{kind: decode_file(kind, segment[kind]) for kind in kinds} for segment in stored["segments"]],
        created_with=_text(stored["created_with"]),
        version=_count(stored["version"]),
        shared={kind: decode_file(kind, stored["shared"][kind]) for kind in shared},
        search=search,
    )


def decode_file(kind: str, stored: dict[str, Any]) -> StoredFile:
    """Return a data file as it was written down; KeyError, TypeError or ValueError if it is none, or lies elsewhere."""
    name = _text(stored["name"])
    # The pattern has no separator: a name cannot lead out of the folder.
    if not _DATA_NAME.fullmatch(name) or not name.startswith(f"{kind}-"):
        raise ValueError(f"不是索引文件的名字：{name!r}")
    return StoredFile(name, _count(stored["bytes"]), _text(stored["sha256"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"应为文字：{value!r}")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise TypeError(f"应为非负整数：{value!r}")
    return value


def _not_found(folder: Path) -> str:
    if not folder.exists():
        found = f"{folder} 不存在"
    elif not folder.is_dir():
        found = f"{folder} 不是文件夹"
    else:
        found = f"文件夹 {folder} 里没有 {MANIFEST}"
    return f"没有找到索引：{found}；请先建立：yiju-index build 文件… -o {folder}"


@contextmanager
def explained(path: Path, action: str) -> Iterator[None]:
    """Say in plain words why the operating system refused."""
    try:
        yield
    except OSError as error:
        raise IndexStoreError(path, f"无法{action} {path}：{_reason(error)}") from error


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "磁盘空间不足（或超出配额）；原有的索引没有改动，请腾出空间后重试。"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "没有权限；请换一个文件夹或修改权限。"
        case errno.ENOTDIR | errno.EEXIST | errno.EISDIR:
            return "路径上有一段是文件而不是文件夹；请换一个路径。"
        case errno.ELOOP:
            return "路径上的符号链接不能用；请换一个路径。"
        case _:
            return f"{error.strerror or error}（errno {error.errno}）；请换一个文件夹重试。"
