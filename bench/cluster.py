"""Building on a Ray of this machine: one worker against two, and a worker killed, against a build by one process.

Throughput is counted from the first quarter of the files on: starting Ray and loading encoders is left out. What these
cores allow at all is measured beside it: on hyperthreads of one core two workers gain little, whoever runs them.
"""

from __future__ import annotations

import filecmp
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import Measurement
from bench.programs import DOCUMENTS, PATIENCE_SECONDS, ROOT
from index.encoding.encoders import DEFAULT_ENCODER, load_encoder
from index.errors import YijuError
from index.loaders import find_files
from index.records import Origin
from index.store.cluster import LOCAL, connected
from index.store.sync import Incoming
from index.structure.splitter import split

FILES, CHARACTERS = 160, 1200
"""How many files are built, and how long each is."""

_KILLED = 48  # files of the build in which a worker is killed
_TEXTS = 48  # what one core and two are compared by
MARK = "YIJU_CLUSTER_RUN"
"""The variable of the environment by which the workers of one run are told from others."""

_AT_WORK = b"ray::MapWorker(MapBatches(_Worker)).submit"


def workers() -> list[Measurement]:
    """Return the throughput of one Ray worker and of two, and what is lost or doubled when one is killed.

    Some minutes.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "files", FILES)
        rates = [_rate(folder / "files", count) for count in (1, 2)]
        write(folder / "some", _KILLED)
        killed, differing = disturbed(folder / "some", folder)
    allowed = _allowed()
    return [
        Measurement("passages a second, one worker", rates[0], "1/s"),
        Measurement("passages a second, two workers", rates[1], "1/s"),
        Measurement("ratio", rates[1] / rates[0], goal="≥ 1.6 if the cores allow"),
        Measurement("what these cores allow: two threads of one encoder against one", allowed),
        Measurement("workers killed in the middle of a build", killed, goal="= 1"),
        Measurement("files of the index that differ from a build by one process", differing, goal="= 0"),
    ]


def write(folder: Path, count: int) -> None:
    """Write files of verbatim pieces of the built-in documents, each under a title of its own.

    Args:
        folder: for the files; made.
        count: how many.
    """
    text = "".join(path.read_text("utf-8") for path in sorted(DOCUMENTS.glob("*.txt")))
    folder.mkdir(parents=True)
    for number in range(count):
        start = number * 97 % (len(text) - CHARACTERS)
        body = text[start : start + CHARACTERS]
        (folder / f"{number:04}.txt").write_text(f"第{number}号摘编\n{body}\n", "utf-8")


def _rate(folder: Path, count: int) -> float:
    """Return passages a second that so many workers read, split and encode."""
    incoming = [Incoming(path, source, Origin()) for path, source in find_files([folder])]
    done: list[tuple[float, int]] = []
    with connected(f"{LOCAL}:{count}", DEFAULT_ENCODER) as cluster:
        for _, documents in cluster.read(incoming, _raised, _ignored):
            done.append((time.perf_counter(), sum(len(split(document)) for document in documents)))
    begun = len(done) // 4
    return sum(passages for _, passages in done[begun:]) / (done[-1][0] - done[begun - 1][0])


def _raised(error: Exception) -> None:
    raise error


def _ignored(notice: str) -> None:
    """Ignore what a loader remarks."""


def disturbed(folder: Path, beside: Path) -> tuple[int, int]:
    """Build a folder in one process, and on two workers of which the first at work is killed.

    Args:
        folder: with files.
        beside: where the two indexes go.

    Returns:
        How many workers were killed, and how many files of the two indexes differ or are in one only.

    Raises:
        YijuError: if a build fails.
    """
    here, there = beside / "here", beside / "there"
    build(folder, here)
    killed: list[int] = []
    until = time.monotonic() + PATIENCE_SECONDS
    killer = threading.Thread(target=kill_the_first_at_work, args=(str(beside), killed, until), daemon=True)
    killer.start()
    build(folder, there, "--cluster", f"{LOCAL}:2", mark=str(beside))
    names = {path.name for side in (here, there) for path in side.iterdir()}
    same, _, _ = filecmp.cmpfiles(here, there, names, shallow=False)
    return len(killed), len(names) - len(same)


def build(folder: Path, index: Path, *options: str, mark: str = "") -> None:
    """Run `yiju-index build`, with a mark in its environment; YijuError if it fails."""
    command = [sys.executable, "-m", "index", "build", str(folder), "-o", str(index), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, MARK: mark})
    if done.returncode:
        raise YijuError(f"{' '.join(command[1:])} 以 {done.returncode} 退出：{done.stderr.strip()[-800:]}")


def kill_the_first_at_work(mark: str, killed: list[int], until: float) -> None:
    """Kill the first worker of a run that is at work, and note it.

    Args:
        mark: that the run carries.
        killed: gets the worker's process.
        until: when to give up, on the clock of `time.monotonic`.
    """
    while time.monotonic() < until and not killed:
        for pid in at_work(mark):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
            return
        time.sleep(0.01)


def at_work(mark: str) -> Iterator[int]:
    """Yield processes of Ray that are at work for the run that carries a mark."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            busy = (entry / "cmdline").read_bytes().startswith(_AT_WORK)
            if busy and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:
            continue


def _allowed() -> float:
    """Return how many times as fast two threads of one encoder are as one."""
    texts = [path.read_text("utf-8")[:CHARACTERS] for path in sorted(DOCUMENTS.glob("*.txt"))]
    pieces = [text[start : start + 200] for text in texts for start in range(0, CHARACTERS, 25)][:_TEXTS]
    one, two = (min(_seconds(threads, pieces) for _ in range(3)) for threads in (1, 2))
    return one / two


def _seconds(threads: int, texts: Sequence[str]) -> float:
    encoder = load_encoder(threads=threads)
    encoder.encode_passages(texts[:2])
    begun = time.perf_counter()
    encoder.encode_passages(texts)
    return time.perf_counter() - begun
