"""The commands as processes of their own, over the sample document, in folders that go away again."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from index.errors import YijuError

ROOT = Path(__file__).parents[1]
DOCUMENTS = ROOT / "data" / "documents"

PATIENCE_SECONDS = 120
"""How long a command may take before the benchmark gives up."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes:
        address: its origin, without a slash at the end.
        pid: its process.
        ready: seconds from its start to the line that says where it is.
    """

    address: str
    pid: int
    ready: float


def run(*arguments: str) -> float:
    """Run `python -m ARGUMENTS` to its end.

    Args:
        arguments: module and its arguments.

    Returns:
        Seconds of wall time, the interpreter's start and end among them.

    Raises:
        YijuError: if it fails or takes too long; names the command and what it said.
    """
    command = [sys.executable, "-m", *arguments]
    start = time.perf_counter()
    try:
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    except subprocess.CalledProcessError as error:
        raise YijuError(f"python -m {' '.join(arguments)} 以 {error.returncode} 退出：{error.stderr.strip()}") from None
    except subprocess.TimeoutExpired:
        raise YijuError(f"python -m {' '.join(arguments)} 超过 {PATIENCE_SECONDS} 秒没有结束") from None
    return time.perf_counter() - start


@contextmanager
def sample_index() -> Iterator[Path]:
    """Provide the folder of a new index of the built-in documents."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        run("index", "build", str(DOCUMENTS), "-o", str(index))
        yield index


@contextmanager
def serving(index: Path) -> Iterator[Server]:
    """Provide a server on a free port of loopback, ended afterwards.

    Raises:
        YijuError: if it ends before it can answer.
    """
    command = [sys.executable, "-m", "ui", "--index", str(index), "--port", "0"]
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = _address(process)
            ready = time.perf_counter() - start
            if not address:
                raise YijuError("yiju-serve 没有启动；原因见上")
            yield Server(address, process.pid, ready)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    """Return what a server says of itself once it answers; empty if it ends before, or never does."""
    too_late = Timer(PATIENCE_SECONDS, process.kill)
    too_late.start()
    try:
        assert process.stdout is not None
        return process.stdout.readline().rstrip().partition("：")[2]
    finally:
        too_late.cancel()
