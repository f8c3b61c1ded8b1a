"""Calls to a Milvus, with a limit of time and errors in plain words. The only module that knows pymilvus."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import grpc
from pymilvus import CollectionSchema, DataType, Function, FunctionType, MilvusClient, MilvusException

from index.errors import IndexBusy, IndexStoreError, MissingDependency, StoreUnavailable
from index.locations import MilvusAddress
from index.search.sparse import K1, B

Row = Mapping[str, Any]
Kind = Literal["passages", "documents", "terms"]
KINDS: tuple[Kind, ...] = ("passages", "documents", "terms")

ANSWER_SECONDS = 5.0
"""How long a call that a question waits for may take."""

PATIENCE_SECONDS = 3.0
"""How long a server that is away, or starting again, is tried."""

WORK_SECONDS = 120.0
"""The same for what writes, makes and loads collections."""

PAGE = 1000
"""Rows in one message."""

LONGEST = 65_535
"""Bytes of the longest string that Milvus takes."""

MOST_YEARS, MOST_NAMES = 400, 64
"""Entries of the lists that filters look into."""

# What goes wrong is told by our own errors; the client would log each with a traceback on top.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
logging.getLogger("milvus_lite").setLevel(logging.CRITICAL)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Generation:
    """One build of an index: three collections. The alias, named as the index, points to the passages of one of them.

    Attributes:
        index: the name that people use, which is the alias.
        number: counts builds, from 1.
    """

    index: str
    number: int

    def name(self, kind: Kind) -> str:
        """Return the name of one of its collections."""
        return f"{self.index}_g{self.number}_{kind}"

    @classmethod
    def of(cls, index: str, collection: str) -> Generation | None:
        """Return the generation of an index that a collection belongs to; None if it is none of its."""
        found = re.fullmatch(rf"{re.escape(index)}_g([1-9]\d{{0,8}})_({'|'.join(KINDS)})", collection)
        return cls(index, int(found[1])) if found else None


class Connection:
    """A Milvus, connected to with the first call; safe to share between threads.

    Every method raises `StoreUnavailable` if the server does not answer in time, and `IndexStoreError` if it refuses.
    """

    def __init__(self, address: MilvusAddress) -> None:
        self.address = address
        self._client: MilvusClient | None = None
        self._lock = Lock()

    def has(self, name: str) -> bool:
        """Return whether there is a collection, or an alias, of this name."""
        if self.address.is_local and not Path(self.address.uri).exists():
            return False
        return bool(self._do("has_collection", name, timeout=ANSWER_SECONDS))

    def collections(self) -> list[str]:
        """Return the names of all collections."""
        return list(self._do("list_collections", timeout=ANSWER_SECONDS))

    def target(self, alias: str) -> str | None:
        """Return the collection that an alias points to, or None; IndexStoreError if a collection has that name."""
        if not self.has(alias):
            return None
        if alias in self.collections():
            raise IndexStoreError(
                str(self.address),
                f"{self.address} 是其他程序的集合，不是依据建立的索引；请换一个名字：--store milvus://…/名字",
            )
        return str(self._do("describe_alias", alias, timeout=ANSWER_SECONDS)["collection_name"])

    def point(self, alias: str, collection: str) -> None:
        """Make an alias point to a collection, from one moment to the next."""
        self._do("alter_alias" if self.has(alias) else "create_alias", collection, alias, timeout=WORK_SECONDS)

    def create(self, name: str, kind: Kind, dim: int) -> None:
        """Make and load a collection for passages, documents or terms; vectors of passages have the length `dim`."""
        schema = _schema(kind, dim)
        self._do("create_collection", name, schema=schema, consistency_level="Bounded", timeout=WORK_SECONDS)
        for field, index in _INDEXES[kind].items():
            try:
                made = MilvusClient.prepare_index_params(field, **index)
                self._do("create_index", name, made, timeout=WORK_SECONDS, sync=False)
            except IndexStoreError as error:
                if isinstance(error, StoreUnavailable) or field not in _LISTS:
                    raise
                log.info("no index on %s, which filters then look through: %s", field, error)
        self._do("load_collection", name, timeout=WORK_SECONDS)

    def drop(self, name: str) -> None:
        """Remove a collection; one that is not there is no error."""
        self._do("drop_collection", name, timeout=WORK_SECONDS)

    def upsert(self, name: str, rows: Sequence[Row]) -> None:
        """Write rows; one with the key of another replaces it."""
        for page in _pages([dict(row) for row in rows]):
            self._do("upsert", name, page, timeout=WORK_SECONDS, on=name)

    def delete(self, name: str, keys: Sequence[str]) -> None:
        """Remove rows by key; one that is not there is no error."""
        for page in _pages(list(keys)):
            self._do("delete", name, ids=page, timeout=WORK_SECONDS, on=name)

    def get(self, name: str, keys: Sequence[str], fields: Sequence[str]) -> list[Row]:
        """Return the rows with some keys, as they are now, in any order; fewer where keys are not there."""
        options: dict[str, Any] = {"timeout": ANSWER_SECONDS, "consistency_level": "Strong", "on": name}
        return [row for page in _pages(list(keys)) for row in self._do("get", name, page, list(fields), **options)]

    def count(self, name: str, where: str) -> int:
        """Return how many rows fit an expression, as they are now."""
        options: dict[str, Any] = {"timeout": ANSWER_SECONDS, "consistency_level": "Strong", "on": name}
        return int(self._do("query", name, filter=where, output_fields=["count(*)"], **options)[0]["count(*)"])

    def rows(self, name: str, where: str, fields: Sequence[str]) -> Iterator[Row]:
        """Yield all rows that fit an expression, or all if it is empty, as they are now, in any order, page by page."""
        options: dict[str, Any] = {"timeout": WORK_SECONDS, "consistency_level": "Strong", "on": name}
        found = self._do("query_iterator", name, PAGE, filter=where, output_fields=list(fields), **options)
        try:
            while page := self._call(lambda client: found.next()):
                yield from page
        finally:
            found.close()

    def search(
        self, name: str, field: str, query: object, limit: int, where: str, fields: Sequence[str], ef: int
    ) -> list[Row]:
        """Return rows nearest to a vector (field `vector`) or to a text of tokens by BM25 (field `wording`).

        What was just written may not be there yet. `where` is an expression, empty for all; `ef` is how many HNSW
        keeps in view.
        """
        found = self._do(
            "search",
            name,
            data=[query],
            anns_field=field,
            limit=limit,
            filter=where,
            output_fields=list(fields),
            search_params={"params": {"ef": ef} if field == "vector" else {}},
            timeout=ANSWER_SECONDS,
            on=name,
        )
        return [hit["entity"] for hit in found[0]]

    def close(self) -> None:
        """End the connection, and the server of a local file with it."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
        if self.address.is_local:
            from milvus_lite.server_manager import server_manager_instance

            server_manager_instance.release_server(self.address.uri)

    def _do(self, method: str, *arguments: object, on: str = "", **options: object) -> Any:
        """Call a method of the client; `on` is the collection that it needs loaded."""
        return self._call(lambda client: getattr(client, method)(*arguments, **options), on)

    def _call(self, call: Callable[[MilvusClient], Any], on: str = "") -> Any:
        """Call again while the server is away, but not for long."""
        until = time.monotonic() + PATIENCE_SECONDS
        for pause in _PAUSES:
            try:
                return self._tried(call, on)
            except StoreUnavailable:
                if time.monotonic() > until:
                    raise
            time.sleep(pause)
        return self._tried(call, on)

    def _tried(self, call: Callable[[MilvusClient], Any], on: str) -> Any:
        try:
            client = self._connected()
            try:
                return call(client)
            except MilvusException as error:
                if error.code != _NOT_LOADED or not on:
                    raise
            client.load_collection(on, timeout=WORK_SECONDS)
            return call(client)
        except MilvusException as error:
            raise self._explained(error.code, error.message) from error
        except grpc.RpcError as error:
            raise self._explained(error.code(), error.details()) from error

    def _connected(self) -> MilvusClient:
        with self._lock:
            if self._client is None:
                self._client = self._opened()
            return self._client

    def _opened(self) -> MilvusClient:
        where, options = self.address, {"timeout": ANSWER_SECONDS, "grpc_options": _QUIET}
        if not where.is_local:
            return MilvusClient(where.uri, token=where.token, db_name=where.database, **options)
        path = Path(where.uri)
        if find_spec("milvus_lite") is None:
            raise MissingDependency("milvus", f"{self.address} 需要 milvus-lite；请安装：pip install milvus-lite")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return MilvusClient(where.uri, **options)
        except MilvusException as error:
            raise IndexBusy(
                path, f"无法打开 {self.address}：{path} 正被另一个进程使用，或不是 milvus-lite 的库；{error.message}"
            ) from error

    def _explained(self, code: object, message: str | None) -> IndexStoreError:
        said = " ".join((message or "").split())[:200]
        if (isinstance(code, grpc.StatusCode) and code in _AWAY) or "timeout" in said.lower() or code in _FAILED:
            return StoreUnavailable(
                str(self.address), f"{self.address} 的 Milvus 没有回应（{said}）；请确认它在运行、地址无误，稍后再试。"
            )
        return IndexStoreError(str(self.address), f"{self.address} 的 Milvus 拒绝了请求（{code}）：{said}")


_QUIET = {"grpc.keepalive_time_ms": 330_000}
"""Every call has its own limit of time; servers hang up on clients that ask more often whether they are there."""
_PAUSES = (0.1, 0.2, 0.4, 0.8, 0.8)
_NOT_LOADED = 101
_AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
_FAILED = {2}
"""Codes of pymilvus itself: it could not connect."""


def _pages(items: list[Any]) -> Iterator[list[Any]]:
    return (items[start : start + PAGE] for start in range(0, len(items), PAGE))


def _text(length: int, **options: Any) -> dict[str, Any]:
    return {"datatype": DataType.VARCHAR, "max_length": length, **options}


_NUMBER = {"datatype": DataType.INT64}
_NAMES = {"datatype": DataType.ARRAY, "element_type": DataType.VARCHAR, "max_capacity": MOST_NAMES, "max_length": 1024}
_UNUSED = {"datatype": DataType.FLOAT_VECTOR, "dim": 2}  # Milvus wants a vector in every collection
_FIELDS: Mapping[Kind, Mapping[str, Mapping[str, Any]]] = {
    "passages": {
        "key": _text(256, is_primary=True),
        "document": _text(200),
        "change": _NUMBER,
        "content": _text(LONGEST),
        "issuers": _NAMES,
        "regions": _NAMES,
        "years": {"datatype": DataType.ARRAY, "element_type": DataType.INT32, "max_capacity": MOST_YEARS},
        # Tokens of letters and digits only, so that every tokenizer cuts them alike.
        "terms": _text(LONGEST, enable_analyzer=True, enable_match=True, analyzer_params={"tokenizer": "standard"}),
        "vector": {"datatype": DataType.FLOAT_VECTOR},
        "wording": {"datatype": DataType.SPARSE_FLOAT_VECTOR},
    },
    "documents": {
        "key": _text(256, is_primary=True),
        "document": _text(200),
        "change": _NUMBER,
        "part": _text(16),
        "pieces": _NUMBER,
        "passages": _NUMBER,
        "tokens": _NUMBER,
        "content": _text(LONGEST),
        "unused": _UNUSED,
    },
    "terms": {"term": _text(LONGEST, is_primary=True), "frequency": _NUMBER, "unused": _UNUSED},
}


def _schema(kind: Kind, dim: int) -> CollectionSchema:
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    for name, options in _FIELDS[kind].items():
        schema.add_field(name, **options, **({"dim": dim} if name == "vector" else {}))
    if kind == "passages":
        bm25 = Function("bm25", FunctionType.BM25, input_field_names=["terms"], output_field_names=["wording"])
        schema.add_function(bm25)
    return schema


_LISTS = ("issuers", "regions", "years")
"""Fields that milvus-lite has no index for."""

# M and efConstruction for recall above 0.95; ef is chosen by the search.
_INDEXES: Mapping[Kind, Mapping[str, Mapping[str, Any]]] = {
    "passages": {
        "vector": {"index_type": "HNSW", "metric_type": "IP", "params": {"M": 32, "efConstruction": 256}},
        "wording": {
            "index_type": "SPARSE_INVERTED_INDEX",
            "metric_type": "BM25",
            "params": {"bm25_k1": K1, "bm25_b": B, "inverted_index_algo": "DAAT_MAXSCORE"},
        },
        **{field: {"index_type": "INVERTED"} for field in ("document", *_LISTS)},
    },
    "documents": {"unused": {"index_type": "FLAT", "metric_type": "L2"}},
    "terms": {"unused": {"index_type": "FLAT", "metric_type": "L2"}},
}
