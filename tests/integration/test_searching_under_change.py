"""Searches over loopback while hundreds of documents come and go: none fails, none sees half of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from threading import Event

import httpx
import pytest

from index.filters import Filter
from index.records import Description, Document, Hit
from index.store.folder_store import FolderStore
from index.store.passage_index import PassageIndex
from tests.support.fake_answerer import FakeAnswerer
from tests.support.fakes import HashEncoder
from tests.support.served import built, serving
from ui import server
from ui.reloading import Source, reloading

ENCODER = HashEncoder()
BATCHES, SIZE, CALLERS = 10, 50, 8


@dataclass(frozen=True)
class Searching(FakeAnswerer):
    """Answers searches out of an index."""

    index: PassageIndex = field(default_factory=lambda: PassageIndex.build([], ENCODER))

    def search(self, question: str, k: int = 10, within: Filter | None = None) -> list[Hit]:
        return self.index.search(question, k, within)

    def document(self, document_id: str) -> Document | None:
        return self.index.document(document_id)

    def documents(self) -> Sequence[Document]:
        return self.index.documents()

    def descriptions(self) -> Sequence[Description]:
        return self.index.descriptions()

    def limited_to(self, readable: Filter) -> FakeAnswerer:
        return self


def batch(number: int) -> list[Document]:
    """Return documents that are added, and later removed, in one change."""
    names = [f"b{number:02}-{n:02}" for n in range(SIZE)]
    return [Document(name, name, f"第{number}批第{name}号：光伏装机容量七十兆瓦。", f"{name}.txt") for name in names]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    PassageIndex.build([Document("base", "总则", "光伏装机容量以本办法为准。", "base.txt")], ENCODER).save(tmp_path)
    return tmp_path


@pytest.fixture
def address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    store = FolderStore(folder)
    source = Source(store, lambda: Searching(index=store.open(ENCODER)), store.stamp())
    monkeypatch.setattr(server, "reloading", partial(reloading, every=0.01))
    with serving(built(source.open(), source=source)) as address:
        yield address


def test_five_hundred_documents_come_and_go_while_eight_callers_search(folder: Path, address: str) -> None:
    done = Event()

    def ask(seed: int) -> list[int]:
        chance, found = Random(seed), []
        with httpx.Client(base_url=address, timeout=30) as client:
            while not done.is_set():
                ids = [each.id for each in batch(chance.randrange(BATCHES))]
                body = {"question": "光伏装机容量", "k": 100, "filter": {"documents": ids}}
                reply = client.post("/api/search", json=body)
                assert reply.status_code == 200, reply.text
                found.append(len(reply.json()["passages"]))
        return found

    with ThreadPoolExecutor(CALLERS) as threads:
        asked = [threads.submit(ask, seed) for seed in range(CALLERS)]
        try:
            for number in range(BATCHES):
                with FolderStore(folder).writing(lambda name: ENCODER) as writer:
                    writer.add(batch(number))
            for number in range(BATCHES):
                with FolderStore(folder).writing(lambda name: ENCODER) as writer:
                    writer.remove([each.id for each in batch(number)])
        finally:
            done.set()
    found = [count for each in asked for count in each.result()]
    assert set(found) == {0, SIZE}
    assert [each.id for each in FolderStore(folder).open(ENCODER).documents()] == ["base"]
