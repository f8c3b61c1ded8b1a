"""Replicas that hold nothing of their own: two services on one Milvus, behind one nginx."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from index.filters import Filter
from index.milvus import MilvusStore
from index.protocols import Index
from index.records import Document
from qa.answers import Answer
from tests.support.fake_answerer import FakeAnswerer
from tests.support.fakes import HashEncoder
from tests.support.milvus import Server, until
from tests.support.milvus import serving as serving_milvus
from tests.support.nginx import needs_nginx, nginx
from tests.support.served import built, serving
from ui.reloading import Source, stamp_of

ENCODER = HashEncoder(dim=64)


@dataclass(frozen=True)
class Searching(FakeAnswerer):
    """Answers with the ids of the documents that an index finds."""

    index: Index | None = None

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        assert self.index is not None
        hits = self.index.search(question, 10)
        return Answer(question, question, " ".join(sorted({hit.passage.document_id for hit in hits})))


def paper(name: str) -> Document:
    return Document(name, f"{name}方案", f"{name}光伏装机容量达到70MW。", f"{name}.txt")


def replica(server: Server) -> tuple[Searching, Source]:
    store = MilvusStore(server.address("laws"))

    def opened() -> Searching:
        return Searching(index=store.open(ENCODER))

    return opened(), Source(store, opened, stamp_of(store))


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_milvus(tmp_path_factory.mktemp("milvus")) as server:
        store = MilvusStore(server.address("laws"))
        with store.building("hash", lambda name: ENCODER) as writer:
            writer.add([paper("alpha")])
        yield server
        store.close()


@pytest.fixture
def services(milvus: Server) -> Iterator[tuple[ExitStack, list[str]]]:
    """Two services, the first of which may be ended by closing the stack."""
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        apps = [built(answerer, source=source) for answerer, source in (replica(milvus), replica(milvus))]
        yield first, [first.enter_context(serving(apps[0])), stack.enter_context(serving(apps[1]))]


def asked(address: str) -> httpx.Response:
    return httpx.post(f"{address}/api/ask", json={"question": "光伏装机"}, timeout=60, trust_env=False)


def health(address: str) -> httpx.Response:
    return httpx.get(f"{address}/api/health", timeout=60, trust_env=False)


def test_every_replica_takes_up_what_one_writer_adds(milvus: Server, services: tuple[ExitStack, list[str]]) -> None:
    _, addresses = services
    assert [asked(each).json()["answer"] for each in addresses] == ["alpha", "alpha"]
    store = MilvusStore(milvus.address("laws"))
    with store.writing(lambda name: ENCODER) as writer:
        writer.add([paper("beta")])
    store.close()
    until(lambda: [asked(each).json()["answer"] for each in addresses] == ["alpha beta", "alpha beta"])


def test_while_the_milvus_is_away_every_replica_says_so_and_all_is_well_without_a_restart(
    milvus: Server, services: tuple[ExitStack, list[str]]
) -> None:
    _, addresses = services
    before = asked(addresses[0]).json()["answer"]
    milvus.stop()
    refused = asked(addresses[0])
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    assert refused.headers["retry-after"] == "5" and "的 Milvus 没有回应" in refused.json()["error"]["message"]
    until(lambda: [health(each).status_code for each in addresses] == [503, 503])
    assert "的 Milvus 没有回应" in health(addresses[1]).json()["error"]["message"]
    milvus.start()
    until(lambda: [health(each).status_code for each in addresses] == [200, 200])
    assert [asked(each).json()["answer"] for each in addresses] == [before, before]


@needs_nginx
def test_when_a_replica_ends_the_other_answers_for_it(services: tuple[ExitStack, list[str]], tmp_path: Path) -> None:
    first, addresses = services
    with nginx(tmp_path, *addresses) as site:
        answers = {asked(site).json()["answer"] for _ in range(5)}
        first.close()
        answers |= {asked(site).json()["answer"] for _ in range(5)}
    assert len(answers) == 1
