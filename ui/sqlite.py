"""SQLite files beside the index: made for their owner's eyes, shared by threads and processes."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path


def opened(path: Path, *, synchronous: str = "NORMAL", seconds: float = 10.0) -> sqlite3.Connection:
    """Open a file, which only its owner may read if this makes it; SQLite gives its journal the same mode.

    Deleted rows are overwritten, not only forgotten; transactions are begun and ended by who uses it. `synchronous` is
    SQLite's pragma, `seconds` are how long it waits for others.

    Raises:
        sqlite3.Error: if it cannot be opened.
    """
    if not path.exists():
        with suppress(OSError):  # what cannot be made SQLite says below
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, timeout=seconds, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode = WAL", f"synchronous = {synchronous}", "secure_delete = ON"):
            _set(db, pragma, time.monotonic() + seconds)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _set(db: sqlite3.Connection, pragma: str, until: float) -> None:
    """Set a pragma. SQLite does not wait by itself where another process changes the journal's mode just then."""
    while True:
        try:
            db.execute(f"PRAGMA {pragma}")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
