"""Documents, filters and comparisons for every store of an index."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.filters import Filter
from index.protocols import Encoder, Index, Stage, Store
from index.records import Document, Heading, Hit, Metadata
from index.store.passage_index import PassageIndex
from tests.support.fakes import HashEncoder

ENCODER = HashEncoder(dim=64)


STAGES: tuple[Stage, ...] = ("dense", "lexical", "fused")


QUERIES = ["光伏装机目标是多少", "责任单位", "二、风电 70.5MW", "nothing here", "", "？！\x00"]


def document(name: str, body: str = "", **said: str) -> Document:
    body = body or f"到2025年{name}光伏装机容量达到{len(name) * 10.5}MW。责任单位：{name}发展改革委。\n"
    text = f"{name}方案\n一、光伏\n{body * 3}二、风电\n{body}三、园区\n{body * 9}"
    starts = [text.index(title) for title in ("一、光伏", "二、风电", "三、园区")]
    headings = tuple(Heading(text[start : start + 4], 1, start, start + 4) for start in starts)
    return Document(f"id-{name}", f"{name}方案", text, f"{name}.txt", headings, metadata=Metadata(**said))


DOCUMENTS = [
    document("alpha", issuer="财政部、教育部", region="全国", issued="2025-01"),
    document("beta", issuer="重庆市綦江区人民政府", region="重庆市綦江区", period="2022/2025"),
    document("gamma", issuer='某"局\\%_', region="重庆市"),
    document("delta", region="50%_市", period="2030/2030"),
    document("epsilon"),
]


FILTERS = [
    None,
    Filter(),
    Filter(documents=frozenset({"id-beta", "id-delta", "id-nobody"})),
    Filter(documents=frozenset()),
    Filter(without=frozenset({"id-alpha", "id-beta"})),
    Filter(issuers=frozenset({"教育部"})),
    Filter(issuers=frozenset({'某"局\\%_', "重庆市綦江区人民政府"})),
    Filter(issuers=frozenset({"育部", ""})),
    Filter(issuers=frozenset({'") or (document != "'})),
    Filter(regions=frozenset({"重庆市"})),
    Filter(regions=frozenset({"50%", ""})),
    Filter(regions=frozenset({"%", "_", "庆市"})),
    Filter(years=frozenset({2024, 2030})),
    Filter(years=frozenset({1999})),
    Filter(regions=frozenset({"重庆市"}), years=frozenset({2023})).both(Filter(without=frozenset({"id-gamma"}))),
]


def build(store: Store, documents: Sequence[Document], encoder: Encoder = ENCODER) -> None:
    with store.building(encoder.name, lambda name: encoder) as writer:
        writer.add(documents)


def told(hits: Sequence[Hit]) -> list[tuple[str, object]]:
    return [(hit.passage.id, pytest.approx(hit.score, abs=1e-5)) for hit in hits]


def assert_equal(index: Index, expected: PassageIndex, filters: Sequence[Filter | None] = (None, FILTERS[-1])) -> None:
    """Same content, and the same answers in every stage under every filter."""
    assert list(index.documents()) == list(expected.documents())
    assert list(index.descriptions()) == [each.description for each in expected.documents()]
    for each in expected.documents():
        assert list(index.passages(each.id)) == list(expected.passages(each.id))
    assert index.vocabulary() == expected.vocabulary()
    assert (index.passage_count, index.manifest.documents) == (expected.passage_count, len(expected.documents()))
    for stage in STAGES:
        for query in QUERIES:
            for within in filters:
                found = index.retriever(stage).search(query, 30, within)
                assert [(hit.passage.id, hit.score) for hit in found] == told(
                    expected.retriever(stage).search(query, 30, within)
                ), (stage, query, within)
    for word in ("光伏", "装机容量", "2025", "zeta", "没有的词", ""):
        assert index.rarity(word) == pytest.approx(expected.rarity(word))
        assert index.document_frequency(word) == expected.document_frequency(word)
