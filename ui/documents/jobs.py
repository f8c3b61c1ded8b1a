"""Jobs that change the documents, with their progress, kept in a file so that none is lost."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from threading import Condition, RLock
from uuid import uuid4

from index.errors import YijuError
from ui.sqlite import opened

KEPT_SECONDS = 7 * 24 * 3600
"""How long a job that has come to its end is remembered, and what it removed can be had back."""

MOST_WAITING = 2_000
"""How many jobs may wait; what comes then is turned away."""


class JobsError(YijuError):
    """The file with the jobs cannot be used."""


class Kind(StrEnum):
    """What a job does."""

    ADD = "add"
    REMOVE = "remove"
    RESTORE = "restore"
    RENAME = "rename"


class State(StrEnum):
    """How far a job has come."""

    WAITING = "waiting"
    READING = "reading"
    INDEXING = "indexing"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_end(self) -> bool:
        """Return whether nothing more will happen."""
        return self in (State.DONE, State.FAILED)


@dataclass(frozen=True, slots=True)
class Job:
    """One change."""

    kind: Kind
    source: str  # the name of the file that it is about, as the index knows it
    by: str | None = None  # who asked for it; None without a sign-in
    id: str = field(default_factory=lambda: uuid4().hex)
    state: State = State.WAITING
    documents: tuple[str, ...] = ()  # ids of the documents it is about, once they are known
    target: str = ""  # the new name, or the job whose removal is taken back
    page: int = 0  # of a file that is being read, how many pages were
    pages: int = 0  # how many it has; 0 if unknown
    share: float = 0.0  # of a file that is being indexed, how much was, 0 to 1
    reason: str = ""  # why it failed, or waits; fit for a user's eyes
    notices: tuple[str, ...] = ()  # what was left out of the documents
    undone: bool = False  # whether what it removed was brought back
    created: float = field(default_factory=time.time)  # seconds since 1970
    finished: float = 0.0  # likewise; 0 before the end
    version: int = 0  # rises with every change of any job

    def to_json(self) -> dict[str, object]:
        """Return the JSON form of the job."""
        shown = asdict(self)
        for name in ("by", "version"):
            del shown[name]
        undo = self.kind is Kind.REMOVE and self.state is State.DONE and not self.undone
        return {**shown, "kind": str(self.kind), "state": str(self.state), "undo": undo}


class JobBook:
    """All jobs, by the time they were asked for; safe to use from several threads.

    What a process that ended was doing waits to be done again.

    Args:
        path: of the file, which is made if there is none.
        clock: tells seconds since 1970.

    Raises:
        JobsError: if it cannot be used.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = RLock()
        self.changed = Condition(self._lock)
        self._version = 0
        self._path = path
        self._open: sqlite3.Connection | None = None
        try:
            rows = [_job(row) for (row,) in self._file().execute("SELECT row FROM jobs")] if path.exists() else []
        except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
            raise JobsError(f"无法使用任务记录 {path}（{error}）；请检查权限，或把它移走。") from error
        self._jobs = {each.id: each for each in sorted(rows, key=lambda each: each.created)}
        for each in self.all():
            if not each.state.is_end:
                self.change(each.id, state=State.WAITING)

    def _file(self) -> sqlite3.Connection:
        """Return the open file, which is made with the first job."""
        if self._open is None:
            self._open = opened(self._path)
            self._open.execute("CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT")
        return self._open

    @property
    def version(self) -> int:
        """Return that of the latest change."""
        return self._version

    def all(self) -> Sequence[Job]:
        """Return every job, the oldest first."""
        with self._lock:
            return [*self._jobs.values()]

    def waiting(self) -> Sequence[Job]:
        """Return the jobs that have not begun, the oldest first."""
        return [each for each in self.all() if each.state is State.WAITING]

    def get(self, id: str) -> Job | None:
        """Return the job with this id, or None."""
        return self._jobs.get(id)

    def add(self, job: Job) -> Job:
        """Take a job on, for good once this returns.

        Raises:
            JobsError: if too many wait, or it cannot be written down.
        """
        if len(self.waiting()) >= MOST_WAITING:
            raise JobsError("等待处理的文档太多，请稍后再试。")
        with self.changed:
            self._put(job, write=True)
            self.changed.notify_all()
        return job

    def change(self, id: str, **values: object) -> Job:
        """Say how far a job has come; what only passes, such as pages, is not written down."""
        with self.changed:
            before = self._jobs[id]
            job = replace(before, **values)  # type: ignore[arg-type]
            if job.state.is_end and not before.finished:
                job = replace(job, finished=self._clock())
            self._put(job, write=job.state is not before.state or job.undone is not before.undone)
            self.changed.notify_all()
        return job

    def forget_old(self) -> Sequence[Job]:
        """Forget the jobs that ended long ago, and return them."""
        before = self._clock() - KEPT_SECONDS
        with self._lock:
            old = [each for each in self._jobs.values() if each.state.is_end and each.finished < before]
            for each in old:
                del self._jobs[each.id]
                self._file().execute("DELETE FROM jobs WHERE id = ?", (each.id,))
        return old

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()

    def _put(self, job: Job, *, write: bool) -> None:
        self._version += 1
        if write:
            try:
                row = json.dumps(asdict(job), ensure_ascii=False)
                self._file().execute("INSERT OR REPLACE INTO jobs VALUES (?, ?)", (job.id, row))
            except sqlite3.Error as error:
                raise JobsError(f"无法写入任务记录（{error}）；请检查磁盘空间和权限。") from error
        self._jobs[job.id] = replace(job, version=self._version)


def _job(row: str) -> Job:
    said = json.loads(row)
    said |= {"kind": Kind(said["kind"]), "state": State(said["state"])}
    return Job(**said | {name: tuple(said[name]) for name in ("documents", "notices")})
