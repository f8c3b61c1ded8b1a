"""Uploaded files, kept in a folder beside the index, so that `yiju-index` sees the same documents.

FOLDER/name                  a file under the name by which its document is known
FOLDER/.incoming/JOB/name    one that is not read yet
FOLDER/.removed/JOB/         what a removal took away: the file, and the documents as the index held them
"""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from index import codec
from index.errors import YijuError
from index.records import Document

LONGEST = 200
"""Bytes of the longest part of a name; file systems take 255."""

DEEPEST = 8
"""How many folders may stand one in another."""

SPARE = 200 * 2**20
"""Bytes that stay free on the disk."""

_BEGINS = (".", "~$")
_BAD = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


class BadName(YijuError):
    """A name that no file here may have."""


def checked_name(name: str) -> str:
    """Return the name of a file, with its folders, as it may be used below any folder.

    Raises:
        BadName: if it is none, leads elsewhere, is hidden or too long; the message is fit for a user's eyes.
    """
    spelt = unicodedata.normalize("NFC", name.replace("\\", "/").strip())
    parts = PurePosixPath(spelt).parts
    if not parts or spelt.startswith("/") or spelt.endswith("/"):
        raise BadName("请给出文件名，例如 通知.pdf。")
    if len(parts) > DEEPEST or any(len(part.encode("utf-8", "replace")) > LONGEST for part in parts):
        raise BadName(f"文件名太长：每一段最多 {LONGEST} 字节，最多 {DEEPEST} 层文件夹。")
    for part in parts:
        if part == ".." or part.startswith(_BEGINS) or _BAD.search(part) or not part.isprintable() or not part.strip():
            raise BadName('文件名里有不能用的字符（控制字符、< > : " | ? *），或以点开头，或指向别的文件夹。')
    return "/".join(parts)


class Originals:
    """The folder of the files that were handed in, made when the first file comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def problem(self) -> str | None:
        """Return why nothing can be kept here, in Chinese; None where it can."""
        there = next(each for each in (self.folder, *self.folder.parents) if each.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            return f"存放原文件的文件夹 {self.folder} 不能写入；请修改权限后重新启动。"
        return None

    def room(self, size: int) -> bool:
        """Return whether a file of some bytes fits on the disk, and leaves some for the index."""
        there = next(each for each in (self.folder, *self.folder.parents) if each.exists())
        return shutil.disk_usage(there).free > 2 * size + SPARE

    def holds(self, document_folder: str | None) -> bool:
        """Return whether a document's file lies here."""
        return document_folder == str(self.folder)

    def path(self, source: str) -> Path:
        """Return where a file lies under its name, which `checked_name` has seen."""
        return self.folder / source

    def incoming(self, job: str, source: str) -> Path:
        """Return where a file waits to be read; it keeps its suffix, which may identify its format."""
        return self.folder / ".incoming" / job / PurePosixPath(source).name

    def waiting(self, job: str, source: str) -> Path:
        """Return the file of a job: where it waits or, after an end in between, where it has got to."""
        staged = self.incoming(job, source)
        return staged if staged.exists() else self.path(source)

    def keep(self, job: str, source: str) -> None:
        """Give a file that was read its name; whatever had it goes."""
        staged, path = self.incoming(job, source), self.path(source)
        if staged.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(path)
        self.drop(job)

    def drop(self, job: str) -> None:
        """Forget a file that waited."""
        shutil.rmtree(self.folder / ".incoming" / job, ignore_errors=True)

    def set_aside(self, job: str, documents: Sequence[Document]) -> None:
        """Keep what is about to be removed from the index."""
        aside = self._aside(job)
        aside.mkdir(parents=True, exist_ok=True)
        part = aside / "documents.part"
        part.write_bytes(codec.packed([codec.document_row(each) for each in documents]))
        part.replace(aside / "documents.json")

    def take_away(self, job: str, source: str) -> None:
        """Take a removed document's file out of its place."""
        path = self.path(source)
        if path.is_file():
            path.replace(self._aside(job) / "file")
            self._prune(path.parent)

    def removed(self, job: str) -> list[Document]:
        """Return what a removal took away.

        Raises:
            YijuError: if it is no longer there.
        """
        try:
            rows = codec.unpacked((self._aside(job) / "documents.json").read_bytes())
            return [codec.document_of(row) for row in rows]
        except (OSError, ValueError) as error:
            raise YijuError("移除的文档已清理，不能再恢复；请重新添加原文件。") from error

    def bring_back(self, job: str, source: str) -> None:
        """Put a removed document's file in its place again, unless another has taken it."""
        path, aside = self.path(source), self._aside(job) / "file"
        if aside.is_file() and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.replace(path)

    def forget(self, job: str) -> None:
        """Give up what a removal took away."""
        shutil.rmtree(self._aside(job), ignore_errors=True)

    def rename(self, source: str, target: str) -> None:
        """Give a file another name."""
        path = self.path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path(source).replace(path)
        self._prune(self.path(source).parent)

    def strays(self) -> Iterator[str]:
        """Yield the jobs of which a file waits."""
        with suppress(OSError):
            yield from (each.name for each in (self.folder / ".incoming").iterdir())

    def _aside(self, job: str) -> Path:
        return self.folder / ".removed" / job

    def _prune(self, folder: Path) -> None:
        """Remove folders that have become empty."""
        with suppress(OSError):
            while folder != self.folder:
                folder.rmdir()
                folder = folder.parent
