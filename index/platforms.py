"""Replacements for the system interfaces that Windows lacks."""

from __future__ import annotations

import os
import sys

from index.errors import YijuError

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]
try:
    import resource as resource  # the limits of the process that reads files are set elsewhere
except ImportError:
    resource = None  # type: ignore[assignment]

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def lock(descriptor: int, *, wait: bool = False) -> None:
    """Lock a file until it is closed; with `wait`, once it is free.

    Raises:
        BlockingIOError: if another process has it and `wait` is false.
        YijuError: if this system locks no files.
    """
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    try:
        import msvcrt
    except ImportError as error:
        raise YijuError("这个系统没有文件锁，不能写索引；提问和读已有的索引不受影响。") from error
    if sys.platform == "win32":
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(str(error)) from error


def user() -> int | None:
    """Return the number of the user who runs this process; None where users have none."""
    return os.getuid() if hasattr(os, "getuid") else None


def peak_megabytes() -> float | None:
    """Return the most memory that this process has held, in MB; None where the system does not say."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kilobytes, macOS bytes.
    return round(peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024), 1)
