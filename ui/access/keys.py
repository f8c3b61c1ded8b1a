"""Keys for asking without a user name, each with its documents and limits, in a file beside the index.

A key is shown once, when it is made; the file holds its digest only (`ui/access/digests.py`).
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from index.errors import YijuError
from index.filters import Filter
from index.locations import Location, beside
from ui.access.digests import digest_of, fits, is_old, may_fit, quick
from ui.access.visitors import Role
from ui.sqlite import opened

KEY = re.compile(r"yk_[a-z2-7]{8}_[A-Za-z0-9_-]{43}")
"""A whole key."""

LIKE_A_KEY = re.compile(r"yk_[a-z2-7]{8}_")
"""How every key begins."""

SCHEMA = """
    CREATE TABLE keys (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, role TEXT NOT NULL, scope TEXT,
        per_minute INTEGER, per_day INTEGER, created TEXT NOT NULL, revoked TEXT, groups TEXT NOT NULL DEFAULT '[]'
    ) STRICT;
    CREATE TABLE days (key TEXT NOT NULL, day TEXT NOT NULL, asked INTEGER NOT NULL, PRIMARY KEY (key, day)) STRICT;
    CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
SIGN_INS = (
    "CREATE TABLE IF NOT EXISTS sign_ins (digest TEXT PRIMARY KEY, said TEXT NOT NULL, until REAL NOT NULL) STRICT"
)
"""Who is signed in; a version that does not know the table leaves it alone."""
SCHEMA_VERSION = 2
"""The `user_version` of a file with this schema."""


class KeysError(YijuError):
    """The file with the keys cannot be used."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key, which is not the key itself."""

    id: str  # names it in lists, and is the part of the key before its secret
    name: str  # which page or program has it
    role: Role = Role.READER  # what it may do
    scope: Filter | None = None  # the documents it may ask about; None for all
    per_minute: int | None = None  # how many questions a minute; None for any number
    per_day: int | None = None  # how many questions a day, by UTC; None for any number
    created: str = ""  # ISO time
    revoked: str | None = None  # ISO time; None while it is good
    groups: frozenset[str] = frozenset()  # whose holders may read what these groups may


def keys_path(index: Location) -> Path:
    """Return where the keys of an index are kept."""
    return beside(index, "-keys.sqlite")


class KeyBook:
    """The keys of one index. Several processes may use one file.

    Raises:
        KeysError: from every method, if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._hashing = Lock()  # one at a time: 16 MB each
        self._seen: dict[str, tuple[str, str]] = {}  # by id, the digest in the file and a quick one of the right key
        with self._failing():
            self._file = opened(path, seconds=5)
            self._prepare()

    def add(
        self,
        name: str,
        *,
        role: Role = Role.READER,
        scope: Filter | None = None,
        per_minute: int | None = None,
        per_day: int | None = None,
        groups: Iterable[str] = (),
    ) -> tuple[Key, str]:
        """Make a key.

        Returns:
            What is kept of it, and the key itself, which cannot be recovered later.
        """
        id = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(8))
        whole = f"yk_{id}_{secrets.token_urlsafe(32)}"
        key = Key(id, name, role, scope, per_minute, per_day, _now(), groups=frozenset(groups))
        kept = (_scope_to_json(scope), per_minute, per_day, key.created, None, json.dumps(sorted(key.groups)))
        with self._using() as file:
            file.execute(f"INSERT INTO keys VALUES ({', '.join('?' * 10)})", (id, name, digest_of(whole), role, *kept))
        return key, whole

    def find(self, whole: str) -> Key | None:
        """Return the good key that was presented; None for one that is unknown, wrong or revoked."""
        if not KEY.fullmatch(whole):
            return None
        with self._using() as file:
            row = file.execute("SELECT * FROM keys WHERE id = ? AND revoked IS NULL", (whole[3:11],)).fetchone()
        return _key(row) if row and self._is(row["id"], row["digest"], whole) else None

    def _is(self, id: str, digest: str, whole: str) -> bool:
        """Return whether a key is the one that a digest was made of: slowly the first time, at once ever after."""
        known, right = self._seen.get(id, ("", ""))
        if known == digest:
            return hmac.compare_digest(right, quick(whole))
        if not may_fit(digest, whole):
            return False
        with self._hashing:
            if not fits(digest, whole):
                return False
            self._seen[id] = (self._renewed(id, digest, whole), quick(whole))
        return True

    def _renewed(self, id: str, digest: str, whole: str) -> str:
        """Return the digest as it stands in the file now: that of an older version has made way for a new one."""
        if not is_old(digest):
            return digest
        new = digest_of(whole)
        try:
            with self._using() as file:
                file.execute("UPDATE keys SET digest = ? WHERE id = ? AND digest = ?", (new, id, digest))
        except KeysError:
            return digest  # a file that cannot be written is no reason to turn somebody away
        return new

    def get(self, id: str) -> Key | None:
        """Return the valid key of this id, for a visitor who has shown it before."""
        return next((key for key in self.all() if key.id == id and not key.revoked), None)

    def all(self) -> list[Key]:
        """Return every key there has been, oldest first."""
        with self._using() as file:
            return [_key(row) for row in file.execute("SELECT * FROM keys ORDER BY created, rowid")]

    def revoke(self, id: str) -> bool:
        """End a key at once, in all processes; False if there is no good key of this id."""
        with self._using() as file:
            done = file.execute("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL", (_now(), id))
        return done.rowcount == 1

    def count(self, id: str, limit: int) -> bool:
        """Count one question of today, unless there have been `limit`; whether it was counted."""
        today = datetime.now(UTC).date().isoformat()
        with self._using() as file:
            file.execute("DELETE FROM days WHERE key = ? AND day < ?", (id, today))
            done = file.execute(
                "INSERT INTO days VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET asked = asked + 1 WHERE asked < ?",
                (id, today, limit),
            )
        return done.rowcount == 1

    def secret(self) -> str:
        """Return what sign-ins are signed with; the same in all processes and after a restart."""
        with self._using() as file:
            file.execute("INSERT OR IGNORE INTO secrets VALUES ('sessions', ?)", (secrets.token_urlsafe(32),))
            return str(file.execute("SELECT value FROM secrets WHERE name = 'sessions'").fetchone()["value"])

    def sign_in(self, said: Mapping[str, object], seconds: float) -> str:
        """Keep who somebody is, a key's id or a user's name and groups, for some seconds.

        Returns:
            What they show from then on; the file holds a digest of it.
        """
        token, now = secrets.token_urlsafe(32), time.time()
        with self._using() as file:
            file.execute("DELETE FROM sign_ins WHERE until < ?", (now,))
            file.execute("INSERT INTO sign_ins VALUES (?, ?, ?)", (quick(token), json.dumps(said), now + seconds))
        return token

    def signed_in(self, token: str) -> Mapping[str, Any] | None:
        """Return what was kept of whoever shows this; None if it has ended."""
        query = "SELECT said FROM sign_ins WHERE digest = ? AND until > ?"
        with self._using() as file:
            row = file.execute(query, (quick(token), time.time())).fetchone()
        return json.loads(row["said"]) if row else None

    def sign_out(self, token: str) -> None:
        """End a sign-in, in all processes and wherever its cookie was copied to."""
        with self._using() as file:
            file.execute("DELETE FROM sign_ins WHERE digest = ?", (quick(token),))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _prepare(self) -> None:
        self._file.row_factory = sqlite3.Row
        self._file.execute("BEGIN IMMEDIATE")
        (version,) = self._file.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in SCHEMA.split(";")[:-1]:
                self._file.execute(statement)
            self._file.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._file.execute(SIGN_INS)
        self._file.execute("COMMIT")
        if version not in (0, SCHEMA_VERSION):
            raise KeysError(
                f"密钥文件 {self.path} 由另一版本写成（{version}，本程序用 {SCHEMA_VERSION}）；请换用那个版本。"
            )

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._failing():
            yield self._file

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise KeysError(f"无法使用密钥文件 {self.path}（{error}）；请检查它和所在目录的权限。") from error


def scope_of(
    documents: list[str] | None, issuers: list[str] | None, regions: list[str] | None, years: list[int] | None
) -> Filter | None:
    """Return a filter of lists, of which None and empty ones restrict nothing; None if none restricts."""
    given = [frozenset(each) if each else None for each in (documents, issuers, regions)]
    scope = Filter(given[0], given[1], given[2], frozenset(years) if years else None)
    return None if scope.is_everything else scope


def _scope_to_json(scope: Filter | None) -> str | None:
    if scope is None:
        return None
    named = {name: getattr(scope, name) for name in ("documents", "issuers", "regions", "years")}
    return json.dumps({name: sorted(values) for name, values in named.items() if values}, ensure_ascii=False)


def _key(row: sqlite3.Row) -> Key:
    said = json.loads(row["scope"]) if row["scope"] else {}
    scope = scope_of(said.get("documents"), said.get("issuers"), said.get("regions"), said.get("years"))
    if row["scope"] and scope is None:
        raise KeysError(f"密钥 {row['id']} 的文档范围无法解析；请吊销它，再新建一个。")
    limits = (row["per_minute"], row["per_day"])
    times = (row["created"], row["revoked"])
    return Key(row["id"], row["name"], Role(row["role"]), scope, *limits, *times, frozenset(json.loads(row["groups"])))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
