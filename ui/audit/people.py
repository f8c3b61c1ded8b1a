"""The people behind the names in an audit log, in a file beside it, and how they are forgotten.

The log names a person by a random token, and holds what they asked encrypted with a key of that person's. Both are kept
here and nowhere else: without them nobody can read what the person asked or tell who it was, in the log and in every
copy of it, while each line still stands and the chain still holds.

The file also remembers where the log ended: a log that was cut off does not end there any more.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from index.errors import MissingDependency
from ui.audit.chain import AuditError, Head
from ui.sqlite import opened

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError as error:
    raise MissingDependency("audit", "审计记录需要软件包 cryptography：请运行 pip install 'yiju[audit]'。") from error

_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (token TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, key BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ends (one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL, digest TEXT NOT NULL,
    size INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS marks (one INTEGER PRIMARY KEY CHECK (one = 1), mark TEXT NOT NULL) STRICT;
"""

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the log."""

    token: str  # stands for them in the log
    name: str  # as they signed in, or their address
    key: bytes  # of what they asked

    def seal(self, said: object) -> str:
        """Return JSON that only the key opens."""
        nonce = os.urandom(_NONCE)
        text = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
        return base64.b64encode(nonce + AESGCM(self.key).encrypt(nonce, text, self.token.encode())).decode()

    def open(self, sealed: str) -> object:
        """Return what was sealed; None if it was not sealed with this key."""
        try:
            data = base64.b64decode(sealed, validate=True)
            return json.loads(AESGCM(self.key).decrypt(data[:_NONCE], data[_NONCE:], self.token.encode()))
        except (ValueError, InvalidTag):
            return None


@dataclass(frozen=True, slots=True)
class End:
    """Where a log ended when it was last written."""

    head: Head  # its last line
    size: int  # of the file that grows, in bytes


class People:
    """The people of one log. Several processes may use one file.

    Raises:
        AuditError: from every method, if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        with self._failing():
            self._file = opened(path, synchronous="FULL")
            self._file.executescript(_SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep all others from writing; what is changed inside holds at its end, or not at all."""
        with self._lock:
            with self._failing():
                self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
                with self._failing():
                    self._file.execute("COMMIT")
            finally:
                if self._file.in_transaction:
                    with self._failing():
                        self._file.execute("ROLLBACK")

    def named(self, name: str) -> Person:
        """Return the person of this name; a new one, if the log does not know them or has forgotten them."""
        if found := self.find(name):
            return found
        person = Person(secrets.token_hex(8), name, AESGCM.generate_key(256))
        with self._failing():
            self._file.execute("INSERT INTO people VALUES (?, ?, ?)", (person.token, name, person.key))
        return person

    def find(self, name: str) -> Person | None:
        """Return the person of this name, if the log knows them."""
        return next((each for each in self.all() if each.name == name), None)

    def all(self) -> list[Person]:
        """Return every person in the log, by name."""
        with self._failing():
            return [Person(*row) for row in self._file.execute("SELECT token, name, key FROM people ORDER BY name")]

    def forget(self, name: str) -> None:
        """Delete name and key."""
        with self._failing():
            self._file.execute("DELETE FROM people WHERE name = ?", (name,))

    def scrub(self) -> None:
        """Empty the file's own journal, in which what was deleted may still stand."""
        with self._failing():
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def end(self) -> End | None:
        """Return where the log ended when it was last written; None if it never was."""
        with self._failing():
            row = self._file.execute("SELECT n, digest, size FROM ends").fetchone()
        return End(Head(row[0], row[1]), row[2]) if row else None

    def mark(self, mark: str) -> str:
        """Return the mark that was stored first, by which a log checks that its chain key is unchanged."""
        with self._failing():
            self._file.execute("INSERT OR IGNORE INTO marks VALUES (1, ?)", (mark,))
            return str(self._file.execute("SELECT mark FROM marks").fetchone()[0])

    def ended(self, end: End) -> None:
        """Remember where the log ends now."""
        with self._failing():
            kept = (end.head.n, end.head.digest, end.size)
            self._file.execute("INSERT OR REPLACE INTO ends VALUES (1, ?, ?, ?)", kept)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise AuditError(f"无法使用审计记录的人员文件 {self.path}（{error}）；请检查磁盘空间和权限。") from error
