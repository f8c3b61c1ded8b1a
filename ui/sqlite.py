"""SQLite files beside the index: made for their owner's eyes, shared by threads and processes."""

from __future__ import annotations

import os
import sqlite3
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
            db.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        db.close()
        raise
    return db
