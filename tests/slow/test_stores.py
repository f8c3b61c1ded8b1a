"""What every store of an index keeps to: the same suite on a folder and on a Milvus; answers are equal."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from index.errors import EncoderMismatch, IndexNotFound
from index.filters import Filter
from index.protocols import Index, Library, Progress, Store
from index.records import Document, Heading, Metadata, Origin, Span, Table
from index.store.folder_store import FolderStore
from index.store.named_encoder import NamedEncoder
from index.store.passage_index import PassageIndex
from tests.support.fakes import HashEncoder
from tests.support.milvus import opened
from tests.support.stores import DOCUMENTS, ENCODER, FILTERS, QUERIES, STAGES, assert_equal, build, document, told

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
