"""Building on a Ray cluster: many processes read, split and encode files; this one alone writes the index.

What a dead worker was at is done again by another, and only what is finished comes here, each file once: no passage is
lost or doubled, and a run that was cut off goes on from what was saved. Files must have the same path on every machine.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import codec
from index.encoding.encoders import load_encoder
from index.errors import ClusterError, MissingDependency, YijuError
from index.protocols import Encoder, LoadEncoder, Vectors
from index.records import Document, Origin
from index.store.storage import program_version
from index.store.sync import Failed, Incoming, Notice, read_here
from index.structure.splitter import split

LOCAL = "local"
"""The address of workers on this machine, started for the occasion: one a core, or two with `local:2`."""

_FILES = 8
"""Files of one task: what is done again when a worker dies, and enough that small files are not one task each."""

_DIGEST = 16
"""Bytes of the digest that a vector's text is known by."""

_PATIENCE = 10.0  # seconds until a cluster must answer

Columns = dict[str, NDArray[Any]]


class Cluster:
    """Workers that read files and encode with the named encoder; made by `connected`."""

    def __init__(self, encoder: str, workers: int) -> None:
        self._encoder = encoder
        self._workers = workers
        self._delivered: dict[bytes, _Delivery] = {}

    def read(
        self, incoming: Sequence[Incoming], failed: Failed, notice: Notice
    ) -> Iterator[tuple[Incoming, list[Document]]]:
        """See `sync.read_here`, by workers, in any order, with vectors for `vectors`. ClusterError if they fail."""
        if not incoming:
            return
        from ray.exceptions import RayError

        try:
            for number, said in self._said(incoming):
                for message in said["failures"]:
                    failed(YijuError(message))
                for message in said["notices"]:
                    notice(message)
                yield incoming[number], [codec.document_of(row) for row in said["documents"]]
        except RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ClusterError(f"Ray 集群上的工作进程失败：{reason}；已存下的不会丢，修复后再运行同一命令。") from error

    def vectors(self, load: LoadEncoder) -> LoadEncoder:
        """Return what loads the encoder that takes its vectors from the workers."""
        return lambda name: DeliveredVectors(load(name), self._delivered)

    def _said(self, incoming: Sequence[Incoming]) -> Iterator[tuple[int, dict[str, Any]]]:
        for columns in self._blocks(incoming):
            for number, content, vectors in zip(columns["file"], columns["said"], columns["vectors"], strict=True):
                said = codec.unpacked(content)
                if said["version"] != program_version():
                    raise ClusterError(
                        f"Ray 集群上装的是 yiju {said['version']}，这里是 {program_version()}；请装同一版本。"
                    )
                self._take(said["revision"], said["dim"], said["texts"], vectors)
                yield int(number), said

    def _take(self, revision: str, dim: int, texts: str, vectors: bytes) -> None:
        rows = np.frombuffer(vectors, np.float32).reshape(-1, dim)
        digests = bytes.fromhex(texts)
        for at, row in enumerate(rows):
            digest = digests[at * _DIGEST : (at + 1) * _DIGEST]
            held = self._delivered.setdefault(digest, _Delivery(revision, row))
            held.times += 1

    def _blocks(self, incoming: Sequence[Incoming]) -> Iterator[Columns]:
        """Return what the workers send, as columns: `file` (its number), `said` (JSON), `vectors` (float32)."""
        import ray.data

        jobs = (
            {"path": str(file.path.absolute()), "source": file.source, "origin": asdict(file.origin)}
            for file in incoming
        )
        files = [{"file": number, "job": codec.packed(job)} for number, job in enumerate(jobs)]
        blocks: Iterator[Columns] = iter(
            ray.data.from_items(files, override_num_blocks=-(-len(files) // _FILES))
            .map_batches(
                _Worker,
                batch_size=None,
                fn_constructor_args=(self._encoder,),
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=self._workers),
                num_cpus=1,
            )
            .iter_batches(batch_size=None, batch_format="numpy")
        )
        return blocks


@dataclass(slots=True)
class _Delivery:
    """A vector that workers sent, and how often it is still needed."""

    revision: str
    vector: NDArray[np.float32]
    times: int = 0


class DeliveredVectors:
    """An encoder that takes from workers, once, what they sent by the digest of its text, and makes the rest itself."""

    def __init__(self, encoder: Encoder, delivered: dict[bytes, _Delivery]) -> None:
        self._encoder = encoder
        self._delivered = delivered
        self.name = encoder.name
        self.revision = encoder.revision
        self.dim = encoder.dim

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of the workers where they sent one; ClusterError if theirs is another encoder."""
        found = [self._taken(_digest(text)) for text in texts]
        missing = [text for text, vector in zip(texts, found, strict=True) if vector is None]
        made = iter(self._encoder.encode_passages(missing) if missing else ())
        vectors = [next(made) if vector is None else vector for vector in found]
        return np.stack(vectors) if vectors else np.empty((0, self.dim), np.float32)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode as the encoder does."""
        return self._encoder.encode_queries(texts)

    def _taken(self, digest: bytes) -> NDArray[np.float32] | None:
        held = self._delivered.get(digest)
        if held is None:
            return None
        if held.revision != self.revision:
            raise ClusterError(
                f"Ray 集群上的编码器版本是 {held.revision}，这里是 {self.revision}；请在每台机器上装同一编码器。"
            )
        held.times -= 1
        if not held.times:
            del self._delivered[digest]
        return held.vector


class _Worker:
    """Lives on the cluster; Ray makes one for each core and another for one that died."""

    def __init__(self, encoder: str) -> None:
        self._encoder = load_encoder(encoder, threads=1)  # there is a worker for every core

    def __call__(self, columns: Columns) -> Columns:
        """Read, split and encode files."""
        jobs = map(codec.unpacked, columns["job"])
        files = [Incoming(Path(job["path"]), job["source"], Origin(**job["origin"])) for job in jobs]
        said, vectors = zip(*self._done(files), strict=True)
        return {"file": columns["file"], "said": np.array(said, object), "vectors": np.array(vectors, object)}

    def _done(self, files: Sequence[Incoming]) -> Iterator[tuple[bytes, bytes]]:
        failures: list[str] = []
        notices: list[str] = []
        for _, documents in read_here(files, lambda error: failures.append(str(error)), notices.append):
            texts = [passage.encoded_text for document in documents for passage in split(document)]
            said = {
                "version": program_version(),
                "revision": self._encoder.revision,
                "dim": self._encoder.dim,
                "documents": [codec.document_row(document) for document in documents],
                "texts": b"".join(map(_digest, texts)).hex(),
                "failures": failures,
                "notices": notices,
            }
            yield codec.packed(said), self._encoder.encode_passages(texts).tobytes()
            failures.clear()
            notices.clear()


@contextmanager
def connected(address: str, encoder: str) -> Iterator[Cluster]:
    """Provide a cluster, let go of at the end; one on this machine is ended.

    Args:
        address: `local` or `local:N`, or where a running cluster is: `auto` on one of its machines, or `host:port`.
        encoder: name of the encoder, which every machine must have.

    Raises:
        MissingDependency: if Ray is not installed.
        ClusterError: if no cluster answers there.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray reports how it is used, unless told not to
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingDependency("cluster", "在集群上建索引需要 Ray：pip install 'yiju[cluster]'。") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    alone = _alone(address)
    with redirect_stdout(sys.stderr):  # there Ray says what befell its workers; stdout carries results only
        with _Joining(address):
            _knock(address)
            ray.init(address=LOCAL if alone else address, logging_level=logging.ERROR, log_to_driver=False, **alone)
        try:
            logging.getLogger("ray.data").setLevel(logging.ERROR)
            yield Cluster(encoder, max(1, int(ray.cluster_resources().get("CPU", 1))))
        finally:
            ray.shutdown()


class _Joining:
    """Says in our words why a cluster could not be joined.

    Ray raises a bare `Exception` where its processes do not start in time; of what that would catch only it is meant.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> None:
        """Return the cluster itself."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is Exception:
            raise ClusterError(f"Ray 没有在本机启动：{_first_line(error)}；机器可能太忙，请稍后再运行。") from error
        if isinstance(error, (OSError, ValueError, RuntimeError)):
            raise ClusterError(
                f"无法连接 Ray 集群 {self._address}：{_first_line(error)}；"
                f"请核对地址，或用 --cluster {LOCAL} 在本机运行。"
            ) from error


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().split("\n", 1)[0]


def _alone(address: str) -> dict[str, Any]:
    """Return how Ray is started on this machine; nothing where a cluster is to be joined."""
    found = re.fullmatch(rf"{LOCAL}(?::([1-9]\d{{0,3}}))?", address)
    if found is None:
        return {}
    return {"include_dashboard": False} | ({"num_cpus": int(found[1])} if found[1] else {})


def _knock(address: str) -> None:
    """Check that a cluster listens at the address, before Ray tries for minutes; OSError if not."""
    if _alone(address):
        return
    if at := re.fullmatch(r"\[?([^\]]+)\]?:(\d{1,5})", address):
        socket.create_connection((at[1], int(at[2])), timeout=_PATIENCE).close()


def _digest(text: str) -> bytes:
    return blake2b(codec.to_bytes(text), digest_size=_DIGEST).digest()
