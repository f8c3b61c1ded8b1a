"""One system on one set of files, in its own environment: `python -m bench.peers.worker NAME JOB RESULT`.

JOB is a JSON object: `folder` with the text files, `questions`, `k`. RESULT is one too: see `Finding`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, TypedDict, TypeVar

# Before any framework is imported: none of them may look for models or report its use.
os.environ.update(HF_HUB_OFFLINE="1", HAYSTACK_TELEMETRY_ENABLED="False", ANONYMIZED_TELEMETRY="False")


T = TypeVar("T")


class Peer(Protocol):
    """A system as it is usually set up, ready to index."""

    def index(self, folder: Path) -> int:
        """Read, split, encode and store the text files of a folder. Returns how many passages it made of them."""
        ...

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of at most `k` passages, best first."""
        ...


class Finding(TypedDict):
    """What a system found, and what it took; times are of processor time, so other work on the machine does not count.

    Attributes:
        start_seconds: until the program, its imports and the encoder were there.
        index_seconds: reading, splitting, encoding and storing.
        pieces: passages in the index.
        passages: for every question, texts, best first.
        milliseconds: of every search, the question's encoding included.
        peak_mb: most memory that the process held.
    """

    start_seconds: float
    index_seconds: float
    pieces: int
    passages: list[list[str]]
    milliseconds: list[float]
    peak_mb: float


def opened(name: str) -> Peer:
    """Return the system of a name.

    Raises:
        ValueError: if there is none.
    """
    if name == "yiju":
        from bench.peers.yiju_peer import Yiju

        return Yiju()
    if name.startswith("langchain"):
        from bench.peers.langchain_peer import LangChain

        return LangChain(1000) if name == "langchain-1000" else LangChain()
    if name == "llama-index":
        from bench.peers.llama_index_peer import LlamaIndex

        return LlamaIndex()
    if name.startswith("haystack"):
        from bench.peers.haystack_peer import Haystack

        return Haystack(recursive=name == "haystack-recursive")
    if name.startswith("txtai"):
        from bench.peers.txtai_peer import Txtai

        return Txtai(lines=name == "txtai-lines")
    raise ValueError(f"no system {name}")


def measure(name: str, folder: Path, questions: Sequence[str], k: int) -> Finding:
    """Index a folder, then search every question once, one after the other."""
    peer, start = timed(partial(opened, name))
    pieces, indexed = timed(partial(peer.index, folder))
    peer.search("预热", k)
    searches = [timed(partial(peer.search, question, k)) for question in questions]
    return {
        "start_seconds": start,
        "index_seconds": indexed,
        "pieces": pieces,
        "passages": [found for found, _ in searches],
        "milliseconds": [1000 * took for _, took in searches],
        "peak_mb": peak_mb(),
    }


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what some work gives, and the seconds of processor time that it took."""
    begun = time.process_time()
    result = work()
    return result, time.process_time() - begun


def peak_mb() -> float:
    """Return the most memory that this process held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main(arguments: Sequence[str]) -> None:
    """Do the job of a file and write what came out into another."""
    name, job_file, result_file = arguments
    job = json.loads(Path(job_file).read_text("utf-8"))
    finding = measure(name, Path(job["folder"]), job["questions"], job["k"])
    Path(result_file).write_text(json.dumps(finding, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
