from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import pytest

from index.errors import EncoderMismatch, IndexCorrupt, ModelUnavailable
from index.protocols import Index, PassageStore, Progress, Retriever, Vectors
from index.records import Document, Heading, Metadata, Origin, Span, Table
from index.store import passage_index, storage
from index.store.named_encoder import NamedEncoder
from index.store.passage_index import PassageIndex
from index.structure.page_positions import PlacedLine, PlacedPage, packed
from tests.support.fakes import HashEncoder
from tests.support.three_sections import ENCODER, document, results

NAMES = ["alpha", "beta", "gamma", "delta", "epsilon"]
DOCUMENTS = {name: document(name) for name in NAMES}


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_is_a_store_and_a_retriever() -> None:
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    assert isinstance(index, PassageStore)
    assert isinstance(index, Retriever)
    assert isinstance(index, Index)


def test_documents_stand_by_id_and_passages_in_text_order() -> None:
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    assert [found.id for found in index.documents()] == sorted(f"id-{name}" for name in NAMES)
    for found in index.documents():
        spans = [passage.span for passage in index.passages(found.id)]
        assert spans == sorted(spans)
        assert all(passage.span.slice(found.text) == passage.text for passage in index.passages(found.id))


def test_unknown_ids_have_nothing() -> None:
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    assert (index.document("nobody"), list(index.passages("nobody"))) == (None, [])


@pytest.mark.parametrize("seed", range(8))
def test_any_history_gives_the_bytes_of_a_full_build(tmp_path: Path, seed: int) -> None:
    """Adds, removals, replacements and saves in between, at random; at the end the same documents are in."""
    chance = random.Random(seed)
    index = PassageIndex.build([], ENCODER)
    inside: dict[str, Document] = {}
    for step in range(12):
        name = chance.choice(NAMES)
        if name in inside and chance.random() < 0.4:
            index = index.remove([inside.pop(name).id])
        else:
            inside[name] = document(name, chance.choice(["", "退役电池回收利用量200吨。\n"]))
            index = index.add([inside[name]])
        if chance.random() < 0.3:
            index.save(tmp_path / f"step{step}")
            index = PassageIndex.open(tmp_path / f"step{step}", encoder=ENCODER)
    whole = PassageIndex.build(inside.values(), ENCODER)
    index.save(tmp_path / "history")
    whole.save(tmp_path / "whole")
    assert files_of(tmp_path / "history") == files_of(tmp_path / "whole")
    assert results(index) == results(whole) == results(PassageIndex.open(tmp_path / "history", encoder=ENCODER))


def test_saving_over_an_index_leaves_nothing_of_it(tmp_path: Path) -> None:
    PassageIndex.build(DOCUMENTS.values(), ENCODER).save(tmp_path / "a")
    small = PassageIndex.build([DOCUMENTS["beta"]], ENCODER)
    small.save(tmp_path / "a")
    small.save(tmp_path / "b")
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_order_of_documents_does_not_matter() -> None:
    forwards = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    backwards = PassageIndex.build(list(DOCUMENTS.values())[::-1], ENCODER)
    assert results(forwards) == results(backwards)


class SpyEncoder(HashEncoder):
    """Notes what it is asked to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[str]] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        return super().encode_passages(texts)


def test_only_new_documents_are_encoded_each_by_itself() -> None:
    spy = SpyEncoder()
    index = PassageIndex.build([DOCUMENTS["alpha"]], spy)
    spy.calls.clear()
    index = index.add([DOCUMENTS["gamma"], DOCUMENTS["beta"]])
    index.remove(["id-alpha"])
    expected = [[p.indexed_text for p in index.passages(f"id-{name}")] for name in ("beta", "gamma")]
    assert spy.calls == expected


def test_documents_are_encoded_together_where_that_makes_no_difference() -> None:
    class Independent(SpyEncoder):
        independent = True

    spy = Independent()
    index = PassageIndex.build(DOCUMENTS.values(), spy)
    texts = [passage.indexed_text for document in index.documents() for passage in index.passages(document.id)]
    assert spy.calls == [texts]


def test_what_is_encoded_names_title_and_section() -> None:
    spy = SpyEncoder()
    PassageIndex.build([DOCUMENTS["beta"]], spy)
    assert any(text.startswith("beta方案 › 二、风电\n") for text in spy.calls[0])


def test_a_document_with_a_known_id_replaces_the_old_one() -> None:
    changed = document("beta", "退役电池回收利用量200吨。\n")
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER).add([changed])
    assert index.document("id-beta") == changed
    assert results(index) == results(PassageIndex.build([*DOCUMENTS.values(), changed], ENCODER))


def test_a_document_with_a_known_source_replaces_the_old_one() -> None:
    moved = replace(DOCUMENTS["beta"], id="id-new")
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER).add([moved])
    assert (index.document("id-beta"), index.document("id-new")) == (None, moved)


def test_of_several_with_one_id_the_last_counts() -> None:
    changed = document("beta", "退役电池回收利用量200吨。\n")
    assert PassageIndex.build([DOCUMENTS["beta"], changed], ENCODER).documents() == [changed]


def test_add_and_remove_leave_the_index_they_started_from_as_it_was() -> None:
    index = PassageIndex.build([DOCUMENTS["alpha"], DOCUMENTS["beta"]], ENCODER)
    before = results(index)
    index.add([DOCUMENTS["gamma"]])
    index.remove(["id-alpha"])
    assert results(index) == before


def test_removing_a_stranger_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="索引里没有这些文档：id-nobody"):
        PassageIndex.build(DOCUMENTS.values(), ENCODER).remove(["id-beta", "id-nobody"])


def test_an_emptied_index_is_an_index(tmp_path: Path) -> None:
    PassageIndex.build([DOCUMENTS["beta"]], ENCODER).remove(["id-beta"]).save(tmp_path / "index")
    empty = PassageIndex.open(tmp_path / "index", encoder=ENCODER)
    assert (empty.passage_count, list(empty.documents()), empty.search("光伏", 5)) == (0, [], [])
    assert results(empty.add([DOCUMENTS["beta"]])) == results(PassageIndex.build([DOCUMENTS["beta"]], ENCODER))


def test_equal_passages_of_different_documents_are_distinct_results() -> None:
    twins = [replace(DOCUMENTS["beta"], id=id, source=f"{id}.txt") for id in ("twin-2", "twin-1")]
    index = PassageIndex.build(twins, ENCODER)
    hits = index.search("风电责任单位", 100)
    assert len({hit.passage.id for hit in hits}) == len(hits) == index.passage_count
    assert [hit.passage.document_id for hit in hits[:2]] == ["twin-1", "twin-2"]
    assert hits[0].score == hits[1].score


def test_every_field_of_a_document_survives_the_disk(tmp_path: Path) -> None:
    full = Document(
        id="full_ID-1",
        title="标题\u2028 \ud800",
        text="第一章 总则\n正文\x00\U00020bb7。\u2028第二页",
        source="名字\udcff.txt",
        headings=(Heading("第一章 总则", 1, 0, 6),),
        page_starts=(0, 13),
        metadata=Metadata(
            "綦江府发〔2023〕16号",
            "重庆市綦江区人民政府",
            "2023-05",
            "2023-06-01",
            "2022/2025",
            "重庆市綦江区",
            "2024-05-06 修订",
            "2030-12-31",
            "《旧办法》",
        ),
        tables=(Table(Span(7, 9), "表1"),),
        origin=Origin("/文件", "0f"),
        gaps=("第 2 页的图表没有读",),
        placed=packed([PlacedPage(707, 1000, 0.02, (PlacedLine(Span(0, 6), 90, 80, 200, 95),))]),
    )
    plain = Document(id="", title="", text="", source="")
    # A field added to the record and forgotten on disk shows here: it would be equal to its default.
    assert [field.name for field in fields(Document) if getattr(full, field.name) == getattr(plain, field.name)] == []
    assert [field.name for field in fields(Metadata) if getattr(full.metadata, field.name) is None] == []
    index = PassageIndex.build([full], ENCODER)
    index.save(tmp_path / "index")
    opened = PassageIndex.open(tmp_path / "index", encoder=ENCODER)
    assert opened.document("full_ID-1") == full
    assert opened.passages("full_ID-1") == index.passages("full_ID-1")


@pytest.mark.parametrize("identifier", ["", "a/b", "../x", "a b", "编号", "a" * 201])
def test_an_id_that_could_not_be_addressed_is_refused(identifier: str) -> None:
    with pytest.raises(ValueError, match="document id"):
        PassageIndex.build([replace(DOCUMENTS["beta"], id=identifier)], ENCODER)


def test_rarity_counts_passages() -> None:
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    holding = sum("光伏" in passage.indexed_text for found in index.documents() for passage in index.passages(found.id))
    assert index.document_frequency("光伏") == holding > 0
    assert index.document_frequency("量子") == 0
    assert index.passage_count == sum(len(index.passages(found.id)) for found in index.documents())


def test_the_manifest_says_what_shaped_the_index(tmp_path: Path) -> None:
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    assert index.manifest.files == {}
    index.save(tmp_path / "index")
    manifest = PassageIndex.open(tmp_path / "index", encoder=ENCODER).manifest
    assert (manifest.encoder, manifest.revision, manifest.dim) == ("hash", "crc32-64", 64)
    assert (manifest.documents, manifest.passages) == (5, index.passage_count)
    assert manifest == storage.read_manifest(tmp_path / "index")


def test_the_search_is_its_fused_stage() -> None:
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    assert index.search("光伏", 7) == index.retriever("fused").search("光伏", 7)


def test_there_are_three_stages() -> None:
    with pytest.raises(ValueError, match="dense, lexical, fused"):
        PassageIndex.build([], ENCODER).retriever("magic")  # type: ignore[arg-type]


def test_another_encoder_is_refused_with_the_fix(tmp_path: Path) -> None:
    PassageIndex.build(DOCUMENTS.values(), ENCODER).save(tmp_path / "index")
    other = HashEncoder(dim=32, name="other")
    with pytest.raises(EncoderMismatch, match=r"hash（版本 crc32-64.*other（版本 crc32-32.*--encoder other"):
        PassageIndex.open(tmp_path / "index", encoder=other)


def test_another_revision_of_the_encoder_is_another_encoder(tmp_path: Path) -> None:
    PassageIndex.build(DOCUMENTS.values(), ENCODER).save(tmp_path / "index")
    with pytest.raises(EncoderMismatch):
        PassageIndex.open(tmp_path / "index", encoder=HashEncoder(dim=64, revision="newer"))


def test_the_same_revision_under_another_name_is_the_same_encoder(tmp_path: Path) -> None:
    PassageIndex.build(DOCUMENTS.values(), ENCODER).save(tmp_path / "index")
    moved = HashEncoder(dim=64, name="/models/hash")
    assert PassageIndex.open(tmp_path / "index", encoder=moved).search("光伏", 1)


def test_an_encoder_that_is_only_named_cannot_encode(tmp_path: Path) -> None:
    PassageIndex.build(DOCUMENTS.values(), ENCODER).save(tmp_path / "index")
    named = NamedEncoder(storage.read_manifest(tmp_path / "index"))
    with pytest.raises(ModelUnavailable, match="hash"):
        PassageIndex.open(tmp_path / "index", encoder=named).search("光伏", 1)


def test_the_encoder_can_be_exchanged_for_one_of_the_same_revision() -> None:
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    other = HashEncoder(dim=64, name="remembering")
    assert index.with_encoder(other).encoder is other
    assert results(index.with_encoder(other)) == results(index)
    with pytest.raises(ValueError, match="revision crc32-64 is needed, got crc32-32"):
        index.with_encoder(HashEncoder(dim=32))


class LyingEncoder(HashEncoder):
    """Returns one vector too few."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return super().encode_passages(texts)[1:]


def test_an_encoder_that_loses_a_text_is_found_out() -> None:
    with pytest.raises(ValueError, match="the encoder returned"):
        PassageIndex.build(DOCUMENTS.values(), LyingEncoder())


def test_progress_is_told_to_the_end() -> None:
    told: list[Progress] = []
    index = PassageIndex.build(DOCUMENTS.values(), ENCODER, progress=told.append)
    assert [step.documents for step in told] == [1, 2, 3, 4, 5]
    assert told[-1] == Progress(5, 5, index.passage_count, index.passage_count)


def test_terms_cut_by_older_rules_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = PassageIndex.build(DOCUMENTS.values(), ENCODER)
    monkeypatch.setattr(passage_index, "terms_fingerprint", lambda: "older rules")
    whole.save(tmp_path / "index")
    monkeypatch.undo()
    manifest = json.loads((tmp_path / "index" / "manifest.json").read_text())
    assert manifest["terms"] == "older rules"
    assert results(PassageIndex.open(tmp_path / "index", encoder=ENCODER)) == results(whole)


def test_a_reader_overtaken_by_a_writer_reads_the_new_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "index"
    PassageIndex.build([DOCUMENTS["alpha"]], ENCODER).save(folder)
    outdated = storage.read_manifest(folder)
    PassageIndex.build([DOCUMENTS["beta"]], ENCODER).save(folder)
    answers = iter([outdated])
    real = storage.read_manifest
    monkeypatch.setattr(storage, "read_manifest", lambda path: next(answers, None) or real(path))
    assert [found.id for found in PassageIndex.open(folder, encoder=ENCODER).documents()] == ["id-beta"]


def test_an_index_that_stays_broken_is_not_read_forever(tmp_path: Path) -> None:
    PassageIndex.build([DOCUMENTS["alpha"]], ENCODER).save(tmp_path / "index")
    next((tmp_path / "index").glob("vectors-*")).unlink()
    with pytest.raises(IndexCorrupt, match=r"vectors-.*文件缺失"):
        PassageIndex.open(tmp_path / "index", encoder=ENCODER)
