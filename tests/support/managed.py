"""A server whose documents are managed, as tests run it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from index.locations import Location
from index.protocols import Store
from index.records import Description, Document
from index.store.folder_store import FolderStore
from index.store.passage_index import PassageIndex
from index.structure.versions import Versions
from tests.support.fake_answerer import FakeAnswerer
from tests.support.fakes import HashEncoder
from tests.support.served import built
from ui.documents.managing import Managing
from ui.reloading import Source

ENCODER = HashEncoder()
BYTES = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True)
class Held(FakeAnswerer):
    """An answerer on the documents of an index."""

    index: PassageIndex = field(default_factory=lambda: PassageIndex.build([], ENCODER))

    def documents(self) -> Sequence[Document]:
        return self.index.documents()

    def descriptions(self) -> Sequence[Description]:
        return self.index.descriptions()

    def document(self, document_id: str) -> Document | None:
        return self.index.document(document_id)

    def passage_count(self, document_id: str) -> int:
        return len(self.index.passages(document_id))

    def versions(self, within: Any = None) -> Versions:
        return Versions(self.index.documents())

    def limited_to(self, readable: Any) -> Held:
        held = [each for each in self.index.documents() if readable.admits(each)]
        return replace(self, index=PassageIndex.build(held, ENCODER))


@contextmanager
def running(
    where: Location, store: Store | None = None, headers: dict[str, str] | None = None, **options: Any
) -> Iterator[TestClient]:
    """A client of a server on an index; `store` is that index, opened, where it is no folder."""
    if store is None:
        assert isinstance(where, Path)
        store = FolderStore(where)
    source = Source(store, lambda: Held(index=store.open(ENCODER)), store.stamp())
    managing = Managing(where, store, lambda name: ENCODER)
    with TestClient(built(source.open(), source=source, managing=managing, **options), headers=headers) as client:
        yield client


def send(client: TestClient, name: str, content: bytes | str, **query: str) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post("/api/documents", params={"name": name, **query}, content=data, headers=BYTES)


def ended(client: TestClient, reply: Any) -> dict[str, Any]:
    """The job that a reply began, at its end."""
    assert reply.status_code == 202, reply.text
    until = time.monotonic() + 120
    while time.monotonic() < until:
        job = client.get(f"/api/jobs/{reply.json()['id']}").json()
        if job["finished"]:
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def sources(client: TestClient) -> list[str]:
    return sorted(each["source"] for each in client.get("/api/documents").json()["documents"])
