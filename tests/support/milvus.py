"""A Milvus for tests: milvus-lite, in this process on a file, or as a server of its own that can be ended."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import StoreUnavailable
from index.locations import MilvusAddress
from index.milvus import MilvusStore


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Server:
    """A milvus-lite that is a process of its own, on one port whenever it runs.

    Args:
        folder: what it holds.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, collection: str) -> MilvusAddress:
        return MilvusAddress(f"http://127.0.0.1:{self._port}", collection)

    def start(self) -> None:
        command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(self._folder)]
        command += ["--host", "127.0.0.1", "--port", str(self._port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        store = MilvusStore(self.address("nobody"))
        try:
            return store.stamp() is None
        except StoreUnavailable:
            return False
        finally:
            store.close()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[str], MilvusStore]]:
    """Gives stores of collections in one local file, which is let go at the end."""
    stores: list[MilvusStore] = []

    def store(collection: str) -> MilvusStore:
        stores.append(MilvusStore(MilvusAddress(str(folder / "store.db"), collection)))
        return stores[-1]

    try:
        yield store
    finally:
        for each in stores:
            each.close()
