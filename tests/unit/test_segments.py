"""Where segments end and what a change writes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from index.records import Document
from index.store import segments, storage
from index.store.contents import number_of
from index.store.passage_index import PassageIndex
from index.store.segments import cuts
from tests.support.fakes import HashEncoder
from tests.support.three_sections import ENCODER, results
from tests.support.three_sections import document as section_document


def tiny(number: int, body: str = "") -> Document:
    text = body or f"第{number}号方案：光伏装机{number}MW。"
    return Document(f"d{number:04}", f"方案{number}", text, f"{number}.txt")


def marks(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    return np.array([number_of(f"d{number}") for number in range(count)], np.uint64)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of some eight passages instead of thousands."""
    monkeypatch.setattr(segments, "SMALLEST", 8)
    monkeypatch.setattr(segments, "_SEGMENTS", 10**9)


# Boundaries


def test_a_small_index_is_one_segment() -> None:
    assert cuts(np.full(2000, 1), marks(2000)) == [2000]


def test_an_empty_index_has_no_segment() -> None:
    assert cuts(np.zeros(0, np.int64), marks(0)) == []


def test_documents_without_passages_are_in_a_segment_too() -> None:
    assert cuts(np.zeros(7, np.int64), marks(7)) == [7]


def test_a_large_index_has_about_sixteen_segments_none_small_but_the_last() -> None:
    ends = cuts(np.full(300_000, 1), marks(300_000))
    # Target: 300,000 / 16 up to a power of two is 32,768; half of it at least, twice at most.
    lengths = [last - first for first, last in pairwise([0, *ends])]
    assert ends[-1] == 300_000
    assert 5 <= len(ends) <= 19
    assert min(lengths[:-1]) >= 16_384 and max(lengths) <= 65_537


def test_a_document_larger_than_any_segment_is_not_cut() -> None:
    assert cuts(np.array([1, 100_000, 1]), np.full(3, 2**64 - 1, np.uint64)) == [2, 3]


def test_one_more_document_moves_few_boundaries() -> None:
    count = 100_000
    before = set(cuts(np.full(count, 1), marks(count)))
    numbers = marks(count + 1)
    added = np.insert(numbers[:count], 40_000, numbers[count])
    after = {end - (end > 40_000) for end in cuts(np.full(count + 1, 1), added)}
    assert len(before) > 10 and len(before ^ after) <= 4


# Changes


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("seed", range(4))
def test_any_history_of_many_segments_gives_the_bytes_of_a_full_build(tmp_path: Path, seed: int) -> None:
    chance = np.random.default_rng(seed)
    index = PassageIndex.build([tiny(number) for number in range(60)], ENCODER)
    inside = {number: tiny(number) for number in range(60)}
    for step in range(8):
        gone = chance.choice(sorted(inside), 3, replace=False).tolist()
        fresh = {int(n): tiny(int(n), f"改动{step}。") for n in chance.integers(0, 90, 4)}
        index = index.remove([inside.pop(number).id for number in gone]).add(fresh.values())
        inside |= fresh
        if step % 3 == 0:
            index.save(tmp_path / "history")
            index = PassageIndex.open(tmp_path / "history", encoder=ENCODER)
    index.save(tmp_path / "history")
    whole = PassageIndex.build(inside.values(), ENCODER)
    whole.save(tmp_path / "whole")
    assert files(tmp_path / "history") == files(tmp_path / "whole")
    assert len(list((tmp_path / "whole").glob("vectors-*"))) > 4
    assert results(index) == results(whole)


@pytest.mark.usefixtures("small_segments")
def test_segments_are_searched_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [section_document(f"doc{number:03}") for number in range(30)]
    several = PassageIndex.build(documents, ENCODER)
    monkeypatch.setattr(segments, "SMALLEST", 4096)
    assert results(several) == results(PassageIndex.build(documents, ENCODER))
    assert [found.id for found in several.documents()] == [each.id for each in documents]
    assert several.document("id-doc017") == documents[17]
    assert several.passages("id-doc017")[0].document_id == "id-doc017"
    assert several.document("id-doc0") is None


@pytest.mark.usefixtures("small_segments")
def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    PassageIndex.build([tiny(number) for number in range(200)], ENCODER).save(tmp_path / "index")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "index").glob("*-*")}
    PassageIndex.open(tmp_path / "index", encoder=ENCODER).add([tiny(100, "改了。")]).save(tmp_path / "index")
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "index").glob("*-*")}
    kept = {name for name, written in after.items() if before.get(name) == written}
    assert len(before) > 30 and len(after) - len(kept) <= 6


@pytest.mark.usefixtures("small_segments")
def test_an_index_whose_files_another_writer_removed_is_written_whole(tmp_path: Path) -> None:
    PassageIndex.build([tiny(number) for number in range(40)], ENCODER).save(tmp_path / "index")
    index = PassageIndex.open(tmp_path / "index", encoder=ENCODER)
    PassageIndex.build([tiny(99)], ENCODER).save(tmp_path / "index")
    index.save(tmp_path / "index")
    assert storage.damaged_files(tmp_path / "index") == []
    assert len(PassageIndex.open(tmp_path / "index", encoder=ENCODER).documents()) == 40


def test_a_million_characters_without_a_passage_boundary_are_one_document_of_many_passages() -> None:
    index = PassageIndex.build([Document("d", "长文", "光伏装机容量。" * 40_000, "长.txt"), tiny(1)], HashEncoder(16))
    passages = index.passages("d")
    assert "".join(passage.text for passage in passages) == "光伏装机容量。" * 40_000
    assert index.search("光伏", 3)[0].passage.text


def test_ten_thousand_equal_passages_come_in_order() -> None:
    documents = [Document(f"d{number:05}", "方案", "光伏装机70MW。", f"{number}.txt") for number in range(10_000)]
    hits = PassageIndex.build(documents, HashEncoder(16)).search("光伏装机", 4)
    assert [hit.passage.document_id for hit in hits] == ["d00000", "d00001", "d00002", "d00003"]
    assert len({hit.score for hit in hits}) == 1
