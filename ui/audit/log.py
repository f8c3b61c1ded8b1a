"""Write the audit log in the background, in batches, synced to disk.

Noting something only puts it into a bounded queue; one thread writes, under a lock that all processes share. What was
being written when a process was killed is at most one line without its end, and the next writer says so in its own.
"""

from __future__ import annotations

import itertools
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread

from index.locations import Location, beside
from ui.audit.chain import TORN, AuditError, Chain, Head, closed_name, digest, first_number, parts, torn_digest
from ui.audit.people import End, People, Person

log = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""How many notes may wait to be written."""

BATCH = 500
"""How many lines are written at once."""

RETRY_SECONDS = 1.0
"""How long after a failure it is tried again."""

MEGABYTES = 64
"""How large a file grows before the next is begun."""


def audit_file(index: Location) -> Path:
    """Return where it is noted who asks an index what."""
    return beside(index, "-audit.jsonl")


def people_file(log: Path) -> Path:
    """Return where the people of a log are kept."""
    return log.with_suffix(".sqlite")


@dataclass(frozen=True, slots=True)
class Note:
    """An entry to be written."""

    event: str  # ask, read, export, forget
    who: str  # their name, or their address
    where: str  # by which way: chat, widget, api, openai, mcp, page, admin
    said: Mapping[str, object] = field(default_factory=dict)  # what only their key shall open, such as the question
    # what everybody who has the log may read, such as ids of documents
    open: Mapping[str, object] = field(default_factory=dict)
    at: float = field(default_factory=time.time)  # seconds since 1970


class AuditLog:
    """A log that is only appended to; safe to use from several threads and processes.

    Args:
        path: the file that grows.
        key: of its chain; empty for one that everybody can compute.
        lenient: go on answering where nothing can be written; what is lost is counted, and noted later.
        rotate: bytes after which a file is closed and the next begun.
        max_waiting: how many notes may wait.

    Raises:
        AuditError: if the files cannot be written, or were written with another key.
    """

    def __init__(
        self,
        path: Path,
        *,
        key: bytes = b"",
        lenient: bool = False,
        rotate: int = MEGABYTES << 20,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.path = path
        self._key = key
        self._lenient = lenient
        self._rotate = rotate
        self._people = People(people_file(path))
        self._notes: Queue[Note | Event] = Queue(max_waiting)
        self._starting = Lock()
        self._thread: Thread | None = None
        self._closing = Event()
        self._failure: str | None = None
        self._lost = 0
        mark = digest(key, Head(), b"yiju")
        if self._people.mark(mark) != mark:
            raise AuditError(
                f"审计记录 {path} 一直用的是另一个密钥（或没有密钥）；请检查 --audit-key，或移走旧记录再启动。"
            )
        self._write([], 0)

    def note(self, note: Note) -> None:
        """Take a note to be written soon; returns at once and raises nothing."""
        self._start()
        try:
            self._notes.put_nowait(note)
        except Full:
            with self._starting:
                self._lost += 1

    def problem(self) -> str | None:
        """Return why nothing may be answered, in Chinese: it could not be noted. None if it can, or need not be."""
        return None if self._lenient else self.warning()

    def warning(self) -> str | None:
        """Return what is wrong with the log, in Chinese; None if nothing is."""
        if self._notes.full():
            return f"审计记录 {self.path} 写入太慢，已有 {MAX_WAITING} 条在等待；请检查磁盘。"
        return self._failure

    def flush(self, seconds: float = 10.0) -> bool:
        """Return waits until everything so far is on the disk. Returns whether it is."""
        self._start()
        done = Event()
        self._notes.put(done)
        return done.wait(seconds)

    def forget(self, name: str, by: str) -> None:
        """Make all entries of a person unreadable, and record by whom it was done.

        Raises:
            AuditError: if it cannot be written.
        """
        self.flush()
        with self._people.writing():
            known = self._people.find(name)
            self._people.forget(name)
        self._people.scrub()
        self._write([Note("forget", by, "admin", open={"forgotten": known.token if known else None})], 0)

    def close(self, seconds: float = 5.0) -> None:
        """Write what waits; takes at most about `seconds`."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._closing.set()
            thread.join(seconds)
        self._people.close()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closing.is_set():
                self._thread = Thread(target=self._work, name="audit", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        """Run the writing thread: what could not be written is tried again until it is."""
        while waiting := self._waiting():
            notes = [each for each in waiting if isinstance(each, Note)]
            while not self._written(notes):
                if self._closing.wait(RETRY_SECONDS):
                    log.error("审计记录 %s：结束时还有 %d 条没有写入。", self.path, len(notes))
                    return
            for each in waiting:
                if isinstance(each, Event):
                    each.set()

    def _waiting(self) -> list[Note | Event]:
        """Return what waits, at least one; none when it is time to end."""
        taken: list[Note | Event] = []
        while not taken:
            try:
                taken.append(self._notes.get(timeout=0.1))
            except Empty:
                if self._closing.is_set():
                    return []
        while len(taken) < BATCH and not self._notes.empty():
            taken.append(self._notes.get_nowait())
        return taken

    def _written(self, notes: list[Note]) -> bool:
        """Write notes and takes those that are written off the list; whether all are."""
        lost = self._lost
        try:
            done = self._write(notes, lost)
        except AuditError as error:
            self._failed(str(error))
            return False
        if lost and done:
            done -= 1
            with self._starting:
                self._lost -= lost
        del notes[:done]
        if notes:
            self._failed(f"审计记录 {self.path} 没有写完；请检查磁盘空间。")
            return False
        self._failure = None
        return True

    def _failed(self, message: str) -> None:
        """Say it in the log, once until writing succeeds again."""
        if self._failure is None:
            log.error("%s", message)
        self._failure = message

    def _write(self, notes: Sequence[Note], lost: int) -> int:
        """Append notes, and how many were lost before them; returns how many of these lines are on the disk."""
        with self._people.writing():  # first, since a line whose key was not kept could never be read
            people = {each.who: self._people.named(each.who) for each in notes}
            self._turn_over(self._end())
        with self._people.writing():
            end = self._end()
            chain = Chain(self._key, end.head)
            repair = self._recovered(chain, end.size)
            lines = [chain.line({"at": _moment(time.time()), "event": "lost", "count": lost})] if lost else []
            lines += [chain.line(_entry(each, people[each.who])) for each in notes]
            written, size = _append(self.path, repair, lines)
            if written == len(lines):
                self._people.ended(End(chain.head, size))
        return written

    def _end(self) -> End:
        if end := self._people.end():
            return end
        if parts(self.path):
            raise AuditError(
                f"审计记录 {self.path} 旁边缺人员文件 {self._people.path}：请恢复备份，或移走旧记录再启动。"
            )
        return End(Head(), 0)

    def _recovered(self, chain: Chain, known: int) -> bytes:
        """Follow the chain over what was written and not remembered, since a process was killed or the disk full.

        Returns:
            What has to stand before the next line where the one before was not written to its end.
        """
        with _failing(self.path):
            rest = _after(self.path, known)
        while (end := rest.find(b"\n")) >= 0 and chain.follows(rest[:end]):
            rest = rest[end + 1 :]
        if not rest:
            return b""
        return b"\n" + chain.line({"event": TORN, "sha256": torn_digest(rest), "at": _moment(time.time())})

    def _turn_over(self, end: End) -> None:
        """Close a file that is large enough; the next begins where it ended.

        In a transaction of its own, for until it is remembered that the next file is empty nothing may be in it.
        """
        with _failing(self.path):
            size = self.path.stat().st_size if self.path.exists() else 0
            if size >= self._rotate and size == end.size:
                self.path.rename(closed_name(self.path, first_number(self.path)))
                _sync(self.path.parent)
                size = 0
        if not size:
            self._people.ended(End(end.head, 0))


def _append(path: Path, repair: bytes, lines: Sequence[bytes]) -> tuple[int, int]:
    """Write lines, behind what repairs the file, to its end, and wait for the disk.

    Returns:
        How many of the lines are whole in the file now, and its size.

    Raises:
        AuditError: if not even the first could be written.
    """
    with _failing(path):
        new = not path.exists()
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            done = _put(opened, repair + b"".join(lines))
            os.fsync(opened)
            size = os.fstat(opened).st_size
        finally:
            os.close(opened)
        if new:
            _sync(path.parent)
    ends = list(itertools.accumulate(map(len, lines), initial=len(repair)))
    return sum(end <= done for end in ends[1:]), size


def _put(opened: int, data: bytes) -> int:
    """Write as much as there is room for; how much that was.

    Raises:
        OSError: if nothing could be written at all.
    """
    done = 0
    while done < len(data):
        try:
            done += os.write(opened, data[done:])
        except OSError:
            if not done:
                raise
            break
    return done


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _after(path: Path, offset: int) -> bytes:
    """Return what a file holds behind an offset; nothing where there is no file."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read()


def _entry(note: Note, person: Person) -> dict[str, object]:
    sealed = {"said": person.seal(note.said)} if note.said else {}
    return {
        "at": _moment(note.at),
        "event": note.event,
        "who": person.token,
        "where": note.where,
        **note.open,
        **sealed,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AuditError(f"无法写入审计记录 {path}（{error.strerror}）；请检查磁盘空间和权限。") from error
