"""What every store of an index keeps to: the same suite on a folder and on a Milvus; answers are equal."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from index.errors import EncoderMismatch, IndexNotFound
from index.filters import Filter
from index.protocols import Encoder, Index, Library, Progress, Stage, Store
from index.records import Document, Heading, Hit, Metadata, Origin, Span, Table
from index.store.folder_store import FolderStore
from index.store.named_encoder import NamedEncoder
from index.store.passage_index import PassageIndex
from tests.fakes import HashEncoder
from tests.milvus import opened

ENCODER = HashEncoder(dim=64)
STAGES: tuple[Stage, ...] = ("dense", "lexical", "fused")
QUERIES = ["光伏装机目标是多少", "责任单位", "二、风电 70.5MW", "nothing here", "", "？！\x00"]
MakeStore = Callable[[], Store]


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeStore]:
    with opened(tmp_path_factory.mktemp("milvus")) as store:
        numbers = count()
        yield lambda: store(f"laws{next(numbers)}")


@pytest.fixture(params=["folder", "milvus"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "index")
    made: Store = request.getfixturevalue("milvus")()
    return made


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


def test_before_a_build_there_is_no_index(store: Store) -> None:
    assert store.stamp() is None
    for use in (store.manifest, store.open, store.damage, store.writing(lambda name: ENCODER).__enter__):
        with pytest.raises(IndexNotFound, match="没有找到索引"):
            use()


def test_what_was_built_is_found_and_answers_as_an_index_in_memory(store: Store) -> None:
    build(store, DOCUMENTS)
    index = store.open(ENCODER)
    assert isinstance(index, Index)
    assert_equal(index, PassageIndex.build(DOCUMENTS, ENCODER), FILTERS)
    assert index.document("id-alpha") == DOCUMENTS[0] and index.document("nobody") is None
    assert list(index.passages("nobody")) == [] and store.damage() == []
    manifest = store.manifest()
    assert (manifest.encoder, manifest.revision, manifest.dim) == ("hash", "crc32-64", 64)


@pytest.mark.parametrize("readable", [*FILTERS[2:6], FILTERS[-1], Filter(without=frozenset({"id-nobody"}))])
def test_who_must_not_know_of_some_documents_gets_the_answers_of_an_index_without_them(
    store: Store, readable: Filter
) -> None:
    build(store, DOCUMENTS)
    limited = store.open(ENCODER).limited_to(readable)
    expected = PassageIndex.build([each for each in DOCUMENTS if readable.admits(each)], ENCODER)
    assert isinstance(limited, Library)
    assert list(limited.documents()) == list(expected.documents())
    assert {each.id: list(limited.passages(each.id)) for each in DOCUMENTS} == {
        each.id: list(expected.passages(each.id)) for each in DOCUMENTS
    }
    for query in QUERIES:
        for within in (None, FILTERS[4], FILTERS[-1]):
            found = limited.search(query, 30, within)
            assert [(hit.passage.id, hit.score) for hit in found] == told(expected.search(query, 30, within))
    for word in ("光伏", "70", "alpha", "delta", ""):
        assert limited.rarity(word) == pytest.approx(expected.rarity(word))
        assert limited.document_frequency(word) == expected.document_frequency(word)
    assert limited.vocabulary() == expected.vocabulary()


def test_progress_counts_every_passage(store: Store) -> None:
    seen: list[Progress] = []
    with store.building("hash", lambda name: ENCODER) as writer:
        writer.add(DOCUMENTS, progress=seen.append)
        total = writer.passage_count
    assert (seen[-1].passages, seen[-1].passages_total, seen[-1].documents) == (total, total, len(DOCUMENTS))


@pytest.mark.parametrize("seed", range(2))
def test_any_history_answers_as_a_full_build(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    names = ["alpha", "beta", "gamma", "delta"]
    inside: dict[str, Document] = {"zeta": document("zeta")}
    build(store, list(inside.values()))
    for step in range(6):
        with store.writing(lambda name: ENCODER) as writer:
            chosen = chance.sample(names, 2)
            if gone := [inside.pop(name).id for name in chosen if name in inside and chance.random() < 0.5]:
                writer.remove(gone)
            fresh = {name: document(name, f"第{step}版规定了退役电池{step}吨。\n") for name in chosen}
            writer.add(fresh.values())
            inside |= fresh
    assert_equal(store.open(ENCODER), PassageIndex.build(inside.values(), ENCODER))
    assert store.damage() == []


def test_a_document_replaces_that_of_its_source_and_takes_the_stale_ones_along(store: Store) -> None:
    build(store, DOCUMENTS)
    moved = Document("other-id", "新方案", "光伏装机容量达到99MW。", "alpha.txt")
    with store.writing(lambda name: ENCODER) as writer:
        writer.add([moved], stale=["id-beta"])
        assert [each.id for each in writer.descriptions()] == ["id-delta", "id-epsilon", "id-gamma", "other-id"]
    expected = PassageIndex.build(DOCUMENTS[2:], ENCODER).add([moved])
    assert_equal(store.open(ENCODER), expected)


def test_the_stamp_changes_with_the_content(store: Store) -> None:
    build(store, DOCUMENTS[:1])
    stamps = [store.stamp()]
    with store.writing(lambda name: ENCODER) as writer:
        writer.add(DOCUMENTS[1:2])
        stamps.append(store.stamp())
        writer.remove(["id-alpha"])
    stamps.append(store.stamp())
    build(store, DOCUMENTS[:3])
    stamps.append(store.stamp())
    assert len(set(stamps)) == 4 and None not in stamps and store.stamp() == stamps[-1]


def test_a_build_that_fails_leaves_what_was_there(store: Store) -> None:
    build(store, DOCUMENTS[:2])
    before = store.stamp()
    with pytest.raises(RuntimeError, match="the power went"), store.building("hash", lambda name: ENCODER) as writer:
        writer.add(DOCUMENTS[2:])
        raise RuntimeError("the power went")
    assert store.stamp() == before
    assert_equal(store.open(ENCODER), PassageIndex.build(DOCUMENTS[:2], ENCODER))


def test_another_encoder_is_refused_with_both_named(store: Store) -> None:
    build(store, DOCUMENTS[:1])
    other = HashEncoder(dim=32, name="other", revision="new")
    with pytest.raises(EncoderMismatch, match=r"crc32-64，64 维.*other（版本 new，32 维）.*重新建立"):
        store.open(other)
    with (
        pytest.raises(EncoderMismatch, match="other"),
        store.writing(lambda name: other, encoder="elsewhere") as writer,
    ):
        writer.descriptions()
    assert list(store.open(NamedEncoder(store.manifest())).documents()) == DOCUMENTS[:1]


def test_a_moved_encoder_of_the_same_revision_will_do(store: Store) -> None:
    build(store, DOCUMENTS[:1])
    moved = HashEncoder(dim=64, name="/models/hash")
    with store.writing(lambda name: moved, encoder="/models/hash") as writer:
        writer.add(DOCUMENTS[1:2])
    again = store.open(ENCODER).with_encoder(moved)
    assert_equal(again, PassageIndex.build(DOCUMENTS[:2], ENCODER))
    with pytest.raises(ValueError, match="revision crc32-64 is needed, got odd"):
        again.with_encoder(HashEncoder(revision="odd"))


def test_removing_what_is_not_there_changes_nothing(store: Store) -> None:
    build(store, DOCUMENTS[:2])
    before = store.stamp()
    with store.writing(lambda name: ENCODER) as writer, pytest.raises(ValueError, match="没有这些文档：nobody"):
        writer.remove(["id-alpha", "nobody"])
    assert store.stamp() == before


def test_an_index_without_passages_finds_nothing_and_can_be_filled(store: Store) -> None:
    build(store, [])
    empty = store.open(ENCODER)
    assert (list(empty.documents()), empty.passage_count, dict(empty.vocabulary())) == ([], 0, {})
    assert [empty.retriever(stage).search("光伏", 5) for stage in STAGES] == [[], [], []]
    assert empty.rarity("光伏") == pytest.approx(PassageIndex.build([], ENCODER).rarity("光伏"))
    with store.writing(lambda name: ENCODER) as writer:
        writer.add(DOCUMENTS)
    assert_equal(store.open(ENCODER), PassageIndex.build(DOCUMENTS, ENCODER))
    with store.writing(lambda name: ENCODER) as writer:
        writer.remove([each.id for each in DOCUMENTS])
    assert_equal(store.open(ENCODER), PassageIndex.build([], ENCODER))


@pytest.mark.parametrize("k", [0, -3])
def test_k_below_one_is_refused(store: Store, k: int) -> None:
    build(store, DOCUMENTS[:1])
    with pytest.raises(ValueError, match=f"k must be at least 1, got {k}"):
        store.open(ENCODER).search("光伏", k)


def test_more_hits_than_there_are_passages_are_all_of_them(store: Store) -> None:
    build(store, DOCUMENTS[:2])
    index = store.open(ENCODER)
    assert len(index.retriever("dense").search("光伏", 10_000)) == index.passage_count


def test_an_unknown_stage_is_refused(store: Store) -> None:
    build(store, [])
    with pytest.raises(ValueError, match="stage must be one of dense, lexical, fused"):
        store.open(ENCODER).retriever("best")  # type: ignore[arg-type]


def test_what_a_document_is_comes_back_whole(store: Store) -> None:
    """Long beyond what fits one row, with a name that is no Unicode, with every attribute."""
    text = "第一条 光伏。\n" * 9_000
    odd = Document(
        "A_-9",
        "标题\udcff",
        text,
        "\udce4\udcf6.txt",
        (Heading("第一条", 2, 0, 3),),
        (0, 40_000),
        Metadata(*(f"{n}" for n in range(9))),
        (Table(Span(8, 16), "表"),),
        Origin("/somewhere/\udcff", "digest"),
    )
    build(store, [odd])
    index = store.open(ENCODER)
    expected = PassageIndex.build([odd], ENCODER)
    assert list(index.documents()) == [odd]
    assert list(index.passages("A_-9")) == list(expected.passages("A_-9"))


def test_passages_that_are_the_same_come_by_document(store: Store) -> None:
    twins = [Document(f"t{n:02}", "方案", "光伏装机容量达到70MW。", f"{n}.txt") for n in range(40)]
    build(store, twins)
    hits = store.open(ENCODER).search("光伏装机", 10)
    assert [hit.passage.document_id for hit in hits] == [f"t{n:02}" for n in range(10)]
