"""Read files in a separate, confined process: a crash or a decompression bomb is an error of that file alone.

The process (`worker.py`) is an ordinary child: limits of memory, processor time and output hold it (`loaders.limits`),
it can open no file but those handed to it, and no socket (`confinement.py`), and it sees neither the environment nor
the command line of this one. It is kept for many files and replaced when it ends. What it says is read as strictly
as an index folder: by `index.codec`, up to a size.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import index
from index import codec
from index.errors import (
    DocumentError,
    DocumentTooLarge,
    DocumentUnreadable,
    MissingDependency,
    UnsupportedFormat,
    YijuError,
)
from index.loaders import legible, libreoffice, limits, open_file
from index.records import Document
from index.sandbox import confinement, frames
from index.structure.page_positions import FoundPage

Notice = Callable[[str], None]

T = TypeVar("T")

FILES = 500
"""Files that one process reads: what its libraries leak ends with it."""
DEATHS = 5
"""Documents of one archive that may end the process; the rest is then left alone."""

_PATIENCE = 6 * 3600.0  # seconds until the next message: limits end any honest process sooner
_OUTPUT = 2 * 2**30  # bytes of all that is said of one file
_SAID = 2000  # characters of a message that are passed on
_ERRORS: Mapping[str, type[DocumentError]] = {
    kind.__name__: kind for kind in (DocumentUnreadable, DocumentTooLarge, UnsupportedFormat)
}


class _Ended(Exception):
    """The process ended, or had to be; the reason fits behind a file's name."""


class Sandbox:
    """Reads files in a confined process, started when needed; `notice` is told what the kernel does not confine."""

    def __init__(self, notice: Notice = lambda _: None, *, module: str = "index.sandbox.worker") -> None:
        self._notice = notice
        self._module = module
        self._worker: _Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the process now, so that the next file need not wait for it; YijuError if it cannot be started."""
        if self._worker is not None and self._worker.has_ended:
            self.close()
        if self._worker is None:
            self._worker = _Worker(self._module)
            for meaning in confinement.missing(self._worker.layers):
                self._notice(f"{meaning}；内存、时间和输出仍受限制。")
            self._notice = lambda _: None  # once is enough

    def close(self) -> None:
        """End the process; the next file starts another."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def load_all(
        self,
        path: Path,
        *,
        source: str | None = None,
        notice: Notice = lambda _: None,
        below: Path | None = None,
        paged: Callable[[int, int], None] = lambda page, pages: None,
    ) -> Iterator[Document | DocumentError]:
        """See `index.loaders.load_all`, without its dangers.

        A document that ends the process becomes an error, raised if it is the file itself; those behind it in the
        same archive are still read. With `below` no link is followed on the way from that folder to the file.
        `paged` is told of every page that was read: its number, and how many there are, 0 if that is not known.
        """
        at = -1, path  # the number and the name of the document that is read next
        for _ in range(DEATHS):
            before = at
            try:
                job = {"path": str(path), "source": source or legible(path.name), "skip": at[0] + 1}
                for kind, said in self._said(job, partial(open_file, path, below)):
                    match kind:
                        case "at":
                            at = said
                        case "notice":
                            notice(said)
                        case "page":
                            paged(*said)
                        case "document" | "error":
                            yield said
                return
            except _Ended as ended:
                where = path if at is before else at[1]
                error = DocumentUnreadable(where, f"无法读取 {where}：{ended}")
                if where == path:
                    raise error from ended
            yield error
        yield DocumentUnreadable(path, f"{path} 里有 {DEATHS} 个文件使读取程序中止，其余文件没有读取。请解压后检查。")

    def page_picture(
        self, path: Path, page: int, *, long_side: int = 1400, opened: Callable[[], IO[bytes]] | None = None
    ) -> bytes:
        """Return a page, from 1, of a PDF or picture as PNG, of an OFD as SVG; see `index.loaders.pictures.draw_page`.

        DocumentUnreadable if there is no such page, or drawing it ended the process. `opened` opens the file elsewhere
        than at its path.
        """
        job = {"path": str(path), "page": page, "long_side": long_side}
        said = self._only(job, path, opened or partial(open_file, path), f"的第 {page} 页")
        picture: bytes = said.get("content", b"")
        return picture

    def laid_out(self, path: Path, opened: Callable[[], IO[bytes]]) -> bytes:
        """Return an office document as PDF, laid out by LibreOffice; DocumentUnreadable if that cannot be."""
        pdf: bytes = self._only({"path": str(path), "layout": True}, path, opened, "的页面").get("content", b"")
        return pdf

    def places(
        self, path: Path, opened: Callable[[], IO[bytes]], pieces: Sequence[tuple[str, bool]], share: float
    ) -> tuple[int, list[FoundPage]]:
        """Return how many pages a PDF has, and where a text stands on them; see `index.loaders.page_search.find`.

        DocumentUnreadable if it cannot be read.
        """
        job = {"path": str(path), "pieces": list(pieces), "share": share}
        places: tuple[int, list[FoundPage]] = self._only(job, path, opened, "的页面").get("places", (0, []))
        return places

    def _only(self, job: dict[str, object], path: Path, opened: Callable[[], IO[bytes]], what: str) -> dict[str, Any]:
        """Return what is said of a file, by kind; DocumentUnreadable if the process ends before."""
        try:
            return dict(self._said(job, opened))
        except _Ended as ended:
            raise DocumentUnreadable(path, f"无法显示 {path} {what}：{ended}") from ended

    def _said(self, job: dict[str, object], opened: Callable[[], IO[bytes]]) -> Iterator[tuple[str, Any]]:
        """Yield what the process says of a file, as kind and value; end the process unless it came to the end of it.

        Raises:
            DocumentError, MissingDependency: if the file itself cannot be read.
            _Ended: if the process ended, or had to be.
        """
        done, failure = False, None
        with opened() as file:
            self.start()
            assert self._worker is not None
            worker = self._worker
            try:
                for message in worker.ask(job, file):
                    kind, said = _meant(message)
                    if kind == "failure":
                        failure = said
                    else:
                        yield kind, said
                done = True
            except (EOFError, ConnectionError) as error:
                raise _Ended(worker.reason()) from error
            except (ValueError, TypeError, LookupError, OSError) as error:
                raise _Ended(f"读取程序的回答不合规（{error}），已中止。") from error
            finally:
                if not done or worker.files >= FILES:
                    self.close()
        if failure is not None:
            raise failure


class _Worker:
    """A process, from its start to its end."""

    def __init__(self, module: str) -> None:
        if os.name == "nt":
            raise YijuError("Windows 上不能隔离读文件的进程，因此不读；请在 WSL、Linux 或 macOS 上建索引。")
        self.files = self._pid = 0
        self._folder = tempfile.mkdtemp(prefix="yiju-")
        self._complaints = Path(self._folder) / "stderr"
        mine, theirs = socket.socketpair()
        self._connection = mine
        try:
            with theirs, self._complaints.open("wb") as complaints:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", module, str(theirs.fileno()), self._folder],
                    stdin=subprocess.DEVNULL, stdout=complaints, stderr=complaints, pass_fds=[theirs.fileno()],
                    cwd=self._folder, env=_environment(self._folder), start_new_session=True,
                )  # fmt: skip
            self._pid = self._process.pid
        except OSError as error:
            self._clear()
            raise YijuError(f"无法启动读取文件的进程：{error.strerror or error}。") from error
        mine.settimeout(_PATIENCE)
        try:
            self.layers: list[str] = frames.receive(mine)[0]["ready"]
        except (EOFError, ConnectionError) as error:
            raise YijuError(f"无法启动读取文件的进程：{self.reason()}") from error

    @property
    def has_ended(self) -> bool:
        """Return whether it is gone, as one that waits for long may be."""
        return self._process.poll() is not None

    def ask(self, job: dict[str, object], file: IO[bytes]) -> Iterator[dict[str, Any]]:
        """Yield what it says of a file, up to the last word.

        EOFError or ConnectionError if it ended; ValueError or TimeoutError if it says nonsense, too much, or nothing.
        """
        self.files += 1
        frames.send(self._connection, job, file.fileno())
        left = _OUTPUT
        while True:
            message, length = frames.receive(self._connection, left)
            if "done" in message:
                return
            left -= length
            yield message

    def reason(self) -> str:
        """Return why it ended, once it has."""
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            code = 0
        complaint = self._complaints.read_bytes()[-4000:].decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        self.end()
        return _reason(code, complaint)

    def end(self) -> None:
        """End it, and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._clear()

    def _clear(self) -> None:
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._pid:
            for left in libreoffice.sockets(Path(self._folder), self._pid):
                left.unlink(missing_ok=True)


def _environment(folder: str) -> dict[str, str]:
    """Return an environment without that of this process, which may hold keys and passwords."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH") if name in os.environ}
    root = str(Path(index.__file__).parents[1])
    own = {"PYTHONPATH": root, "HOME": folder, "TMPDIR": folder, "OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    return kept | own


def _reason(code: int, complaint: str) -> str:
    match -code:
        case signal.SIGXCPU:
            most = f"{limits.DOCUMENT_SECONDS} 秒，每页另加；PDF 的一页 {limits.PAGE_SECONDS} 秒"
            return f"用去的处理器时间超过上限（{most}），已中止。请拆分，或另存后重试。"
        case signal.SIGALRM:
            return f"{limits.STILL_SECONDS} 秒没有进展，已中止。请拆分，或用原软件打开后另存。"
        case signal.SIGKILL:
            return "读取程序被系统中止（可能是内存不足）。"
        case number if number > 0:
            return (
                f"读取程序崩溃（{signal.Signals(number).name}）：文件损坏，或需要的内存超过 "
                f"{limits.MEMORY // 2**30} GB。请用原软件打开后另存，再重试。"
            )
        case _:
            return f"读取程序意外结束（{complaint or code}）。请用原软件打开后另存，再重试。"


def _place(page: int, width: int, height: int, boxes: Sequence[Sequence[int]]) -> FoundPage:
    numbers = [page, width, height, *(side for box in boxes for side in box)]
    if not all(type(each) is int for each in numbers) or min(page, width, height) < 1:
        raise ValueError("unknown place")
    return FoundPage(page, width, height, [[left, top, right, bottom] for left, top, right, bottom in boxes])


def _meant(message: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the kind of a message and its value; ValueError, TypeError or LookupError if it is nonsense."""
    match message:
        case {"document": row}:
            return "document", codec.document_of(row)
        case {"at": [int(number), str(path)]}:
            return "at", (number, Path(path))
        case {"notice": str(said)}:
            return "notice", said[:_SAID]
        case {"page": [int(number), int(of)]}:
            return "page", (number, of)
        case {"error": [str(kind), str(path), str(said)]}:
            return "error", _ERRORS[kind](path, said[:_SAID])
        case {"failed": [str(kind), str(path), str(said)]}:
            return "failure", _ERRORS[kind](path, said[:_SAID])
        case {"missing": [str(extra), str(said)]}:
            return "failure", MissingDependency(extra, said[:_SAID])
        case {"content": str(content)}:
            return "content", base64.b64decode(content)
        case {"places": [int(pages), list(found)]}:
            return "places", (pages, [_place(*each) for each in found])
        case _:
            raise ValueError("unknown message")
