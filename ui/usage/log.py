"""The record of questions in a SQLite file beside the index, written in the background.

Answering only puts a note into a bounded queue; one thread writes. What cannot be written is dropped with one warning
in the log: a full disk or a damaged file costs the record, never an answer. Several processes may write one file.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Lock, Thread
from typing import TYPE_CHECKING

from index.errors import YijuError
from index.locations import Location, beside
from index.text import fold
from qa.answers import Answer
from qa.privacy.personal import Mask
from ui.sqlite import opened

if TYPE_CHECKING:
    from ui.access.visitors import Visitor

log = logging.getLogger(__name__)

SCHEMA = """
    CREATE TABLE answers (
        id TEXT PRIMARY KEY,
        at REAL NOT NULL,            -- seconds since 1970, UTC
        place TEXT NOT NULL,         -- chat, widget, api, openai, mcp
        visitor TEXT,                -- only where the operator wants names
        question TEXT NOT NULL,
        standalone TEXT NOT NULL,    -- what was searched
        topic TEXT NOT NULL,         -- the same, folded: equal for spellings of one question
        answer TEXT NOT NULL,
        short TEXT,
        abstained INTEGER NOT NULL,
        confidence REAL NOT NULL,
        seconds REAL NOT NULL,
        citations TEXT NOT NULL,     -- JSON, as in the contract
        good INTEGER,                -- what the asker thought of it: 1, 0, or nothing said
        reason TEXT,
        settled TEXT                 -- what came of it: case, document, dismissed, or NULL while it is open
    ) WITHOUT ROWID;
    CREATE INDEX answers_by_time ON answers (at);
    CREATE INDEX answers_by_topic ON answers (topic, at);
"""
SCHEMA_VERSION = 1
"""The `user_version` of a file with this schema."""

MAX_WAITING = 10_000
"""How many notes may wait to be written."""

TIDY_SECONDS = 3600.0
"""How often what is too old is deleted."""

OVERDUE_SECONDS = 30 * 86_400.0
"""If all that is too old is so by this much, the service was long away, or the clock is wrong: it stays for now."""

DOUBT_SECONDS = 86_400.0
"""How long a doubtful clock must have run before it is believed."""

_TEXTS = ("question", "standalone", "answer", "short", "reason")
"""Columns that are text of people's or documents'."""

Work = Callable[[sqlite3.Connection], int]
"""A change to the database; gives the number of rows it changed."""


class UsageUnavailable(YijuError):
    """The record of questions cannot be read or written."""


def usage_file(index: Location) -> Path:
    """Return where the questions to an index are kept."""
    return beside(index, "-usage.sqlite")


def topic_of(question: str) -> str:
    """Return what spellings of one question share: no case, width, white space, traditional forms or punctuation."""
    return "".join(character for character in fold(question) if character.isalnum())


class UsageLog:
    """Keeps answers, with what their readers thought of them; safe to use from several threads.

    Args:
        path: the file; made when the first answer is kept.
        keep_days: older answers are deleted; None keeps them for good.
        log_users: keep who asked, where that is known.
        mask: done to the texts of what is kept, and of what was kept before.
        clock: seconds since 1970.
        max_waiting: how many notes may wait to be written; what comes then is dropped.
    """

    def __init__(
        self,
        path: Path,
        *,
        keep_days: float | None = None,
        log_users: bool = False,
        mask: Mask | None = None,
        clock: Callable[[], float] = time.time,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.path = path
        self._mask = mask
        self._keep_seconds = keep_days * 86_400 if keep_days is not None else None
        self._log_users = log_users
        self._clock = clock
        self._jobs: Queue[tuple[Work, Future[int]] | None] = Queue(max_waiting)
        self._thread: Thread | None = None
        self._starting = Lock()
        self._connection: sqlite3.Connection | None = None
        self._warned = False
        self._doubted: float | None = None  # since when the clock seems wrong

    def record(self, answer: Answer, visitor: Visitor, *, where: str, seconds: float | None = None) -> None:
        """Keep one complete answer; returns at once and raises nothing.

        `where` is chat, widget, api, openai or mcp; `seconds` the asker waited, by default as long as answering took.
        """
        waited = answer.timing.total / 1e3 if seconds is None else seconds
        row = _row(answer, self._clock(), where, visitor.name if self._log_users else None, waited)
        marks = ", ".join("?" * len(row))
        self._submit(
            lambda db: (
                db.execute(
                    "INSERT OR IGNORE INTO answers (id, at, place, visitor, question, standalone, topic, answer, short,"
                    f" abstained, confidence, seconds, citations) VALUES ({marks})",
                    row,
                ).rowcount
            )
        )

    def rate(self, answer_id: str, good: bool, reason: str | None = None) -> Future[int]:
        """Keep what a reader thought of an answer, the last word counting; the result is 1, or 0 if none has the id."""
        row = (int(good), _clean(self._mask(reason) if self._mask and reason else reason) or None, answer_id)
        return self._submit(lambda db: db.execute("UPDATE answers SET good = ?, reason = ? WHERE id = ?", row).rowcount)

    def settle(self, ids: Sequence[str], how: str, until: float) -> Future[int]:
        """Take questions off the list of open ones, with all answers to the same question; the result is how many.

        Args:
            ids: of one answer for each question.
            how: what came of it: case, document or dismissed.
            until: later answers stay open: whoever decided has not seen them.
        """
        marks = ", ".join("?" * len(ids))
        statement = (
            "UPDATE answers SET settled = ? WHERE settled IS NULL AND at <= ?"
            f" AND topic IN (SELECT topic FROM answers WHERE id IN ({marks}))"
        )
        return self._submit(lambda db: db.execute(statement, (how, until, *ids)).rowcount)

    def forget(self, visitor: str) -> Future[int]:
        """Delete a person's questions, as far as they are attributed; the result is how many."""
        return self._submit(lambda db: _forget(db, visitor))

    def flush(self) -> None:
        """Wait until everything so far is written.

        Raises:
            UsageUnavailable: if the file cannot be written.
        """
        self._submit(lambda db: 0).result()

    def close(self, seconds: float = 5.0) -> None:
        """Write what waits and lets go of the file until there is more to keep; takes at most twice `seconds`."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            with suppress(Full):
                self._jobs.put(None, timeout=seconds)
            thread.join(seconds)

    def _submit(self, work: Work) -> Future[int]:
        future: Future[int] = Future()
        self._start()
        try:
            self._jobs.put_nowait((work, future))
        except Full:
            future.set_exception(self._failed("等待写入的记录太多"))
        return future

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._write, name="usage", daemon=True)
                self._thread.start()

    def _write(self) -> None:
        """Run the writing thread: one transaction a note, and now and then the deleting of what is too old."""
        tidied = float("-inf")
        if self._mask is not None:
            self._perform(self._mask_all, Future())
        while True:
            try:
                job = self._jobs.get(timeout=TIDY_SECONDS)
            except Empty:
                job = (self._tidy, Future())
            if job is None:
                break
            if time.monotonic() - tidied >= TIDY_SECONDS:
                self._perform(self._tidy, Future())
                tidied = time.monotonic()
            self._perform(*job)
        self._disconnect()

    def _perform(self, work: Work, future: Future[int]) -> None:
        try:
            with self._connected() as db:
                changed = work(db)
        except sqlite3.Error as error:
            self._disconnect()
            future.set_exception(self._failed(str(error)))
        else:
            self._warned = False
            future.set_result(changed)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open(self.path)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tidy(self, db: sqlite3.Connection) -> int:
        if self._keep_seconds is None:
            return 0
        before = self._clock() - self._keep_seconds
        (last,) = db.execute("SELECT max(at) FROM answers WHERE at < ?", (before,)).fetchone()
        if last is not None and before - last > OVERDUE_SECONDS:
            if self._doubted is None:
                self._doubted = time.monotonic()
                log.warning(
                    "按系统时钟（%s），提问记录 %s 里的 %s 天前就该删除；时钟若对，一天后删除，若不对请校准。",
                    time.strftime("%Y-%m-%d", time.localtime(self._clock())), self.path, int((before - last) / 86_400),
                )  # fmt: skip
            if time.monotonic() - self._doubted < DOUBT_SECONDS:
                return 0
        self._doubted = None
        return db.execute("DELETE FROM answers WHERE at < ?", (before,)).rowcount

    def _mask_all(self, db: sqlite3.Connection) -> int:
        """Return what was kept before anything was masked."""
        mask = self._mask or str
        db.create_function("mask", 1, lambda text: text and mask(text), deterministic=True)
        db.create_function("mask_json", 1, lambda text: _mask_json(text, mask), deterministic=True)
        db.create_function("topic_of", 1, topic_of, deterministic=True)
        new = {column: f"mask({column})" for column in _TEXTS}
        new |= {"citations": "mask_json(citations)", "topic": "topic_of(mask(standalone))"}
        changes = ", ".join(f"{column} = {value}" for column, value in new.items())
        changed = " OR ".join(f"{column} IS NOT {value}" for column, value in new.items())
        return db.execute(f"UPDATE answers SET {changes} WHERE {changed}").rowcount

    def _failed(self, reason: str) -> UsageUnavailable:
        """Return the error, said in the log once until writing succeeds again."""
        message = f"无法写入提问记录 {self.path}（{reason}）；回答不受影响，请检查磁盘空间和权限。"
        if not self._warned:
            log.warning("%s", message)
            self._warned = True
        return UsageUnavailable(message)


Readable = Callable[[str], bool]
"""Whether a visitor may read all that an answer cites; takes `citations` of the schema."""


def everything(citations: str) -> bool:
    """Return whether who may read everything may read all that an answer cites."""
    return True


def _forget(db: sqlite3.Connection, visitor: str) -> int:
    """Delete a person's answers and empty the journal, which would still hold them."""
    deleted = db.execute("DELETE FROM answers WHERE visitor = ?", (visitor,)).rowcount
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return deleted


def asked_by(path: Path, visitor: str, readable: Readable = everything) -> list[dict[str, object]]:
    """Return a person's questions with all that is kept of them, oldest first, as far as they are attributed.

    Raises:
        UsageUnavailable: if the file cannot be read.
    """
    query = "SELECT * FROM answers WHERE visitor = ? AND readable(citations) ORDER BY at, id"
    rows = [dict(row) for row in read_rows(path, query, (visitor,), readable)]
    return [{**row, "citations": json.loads(row["citations"])} for row in rows]


def _open(path: Path) -> sqlite3.Connection:
    """Return a connection to an up-to-date schema."""
    db = opened(path)
    with suppress(OSError):
        path.chmod(0o600)  # also one that was there before
    try:
        _prepare(db)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    """Create the tables of a new file, however many processes try it at once.

    Raises:
        sqlite3.DatabaseError: if a newer version wrote the file.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise sqlite3.DatabaseError(f"它由较新的版本写成：{version} > {SCHEMA_VERSION}")
    if version == SCHEMA_VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    with db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            return
        for statement in SCHEMA.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _row(answer: Answer, at: float, where: str, visitor: str | None, seconds: float) -> tuple[object, ...]:
    said = answer.to_json()
    texts = (answer.question, answer.standalone_question, topic_of(answer.standalone_question), answer.text)
    return (
        answer.id,
        at,
        where,
        visitor,
        *map(_clean, texts),
        _clean(answer.short),
        int(answer.abstained),
        said["confidence"],
        seconds,
        json.dumps(said["citations"]),
    )


def _mask_json(text: str, mask: Mask) -> str:
    """Return citations whose texts are masked; ids of documents stay."""
    return json.dumps(
        [{key: _mask_value(key, value, mask) for key, value in each.items()} for each in json.loads(text)]
    )


def _mask_value(key: str, value: object, mask: Mask) -> object:
    if isinstance(value, list):
        return [mask(str(each)) for each in value]
    return mask(value) if isinstance(value, str) and key != "document_id" else value


def _clean(text: str | None) -> str | None:
    """Return `text` without halves of surrogate pairs, which no database holds."""
    return text if text is None else text.encode("utf-8", "replace").decode()


def read_rows(
    path: Path, query: str, values: Sequence[object] = (), readable: Readable = everything
) -> list[sqlite3.Row]:
    """Return what a query, which may call `readable(citations)`, finds in the file; nothing where there is none yet.

    Raises:
        UsageUnavailable: if the file cannot be read.
    """
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)) as db:
            db.row_factory = sqlite3.Row
            db.create_function("readable", 1, readable, deterministic=True)
            return db.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise UsageUnavailable(f"无法读取提问记录 {path}（{error}）；请检查权限，或移走它再启动。") from error
