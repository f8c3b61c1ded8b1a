"""A damaged index is put together again from what is whole and from the documents, to the byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from index.__main__ import main
from index.protocols import Encoder
from index.search import dense
from index.store import passage_index, segments
from index.store.passage_index import PassageIndex
from index.store.storage import LOCK, read_manifest
from tests.support.fakes import HashEncoder
from tests.support.folders import overwrite

NAMES = [f"{number:02d}.txt" for number in range(12)]


class Counting(HashEncoder):
    """Counts the passages that it is given."""

    encoded = 0

    def encode_passages(self, texts):
        Counting.encoded += len(texts)
        return super().encode_passages(texts)


def load(name: str) -> Encoder:
    return Counting(name=name)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SMALLEST", 6)
    monkeypatch.setattr(segments, "LARGEST", 12)
    Counting.encoded = 0


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        lines = "".join(
            f"{part}、部分{part}\n第{number}号文件第{part}项，投资{number * 7 + part}万元。\n" for part in range(1, 5)
        )
        (folder / name).write_text(f"{number}号方案\n{lines}", "utf-8")
    return folder


@pytest.fixture
def index(papers: Path, tmp_path: Path, small_segments: None) -> Path:
    run("build", papers, "-o", tmp_path / "index")
    assert len(read_manifest(tmp_path / "index").segments) > 2
    Counting.encoded = 0
    return tmp_path / "index"


def run(*argv: object) -> int:
    return main([str(each) for each in argv], load_encoder=load)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != LOCK}


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    overwrite(path, bytes(data))


def file_of(index: Path, kind: str) -> Path:
    return index / read_manifest(index).segments[1][kind].name


@pytest.mark.parametrize("kind", ["contents", "vectors", "postings"])
@pytest.mark.parametrize("gone", [False, True], ids=["altered", "gone"])
def test_whatever_file_is_damaged_it_is_the_same_index_again(index, papers, kind, gone, capsys):
    before, (path, passages) = (
        content(index),
        (file_of(index, kind), PassageIndex.open(index, encoder=load("")).passage_count),
    )
    path.unlink() if gone else damage(path)
    assert run("verify", index) == 1
    assert path.name in capsys.readouterr().out
    assert run("repair", index, papers) == 0
    assert content(index) == before and run("verify", index) == 0
    assert Counting.encoded < passages / 2  # only what was damaged was made again
    assert (Counting.encoded == 0) is (kind == "postings")


@pytest.mark.parametrize("kind", ["vectors", "postings"])
def test_what_follows_from_the_documents_needs_no_files(index, papers, kind, capsys):
    before = content(index)
    damage(file_of(index, kind))
    shutil.rmtree(papers)
    assert run("repair", index) == 0
    assert "留用 12 份，从原文件重读 0 份" in capsys.readouterr().out
    assert content(index) == before


def test_documents_that_are_lost_are_counted_until_their_files_are_given(index, papers, capsys):
    before = content(index)
    lost = len(PassageIndex.open(index, encoder=load(""))._segments[1].contents)
    damage(file_of(index, "contents"))
    assert run("repair", index) == 1
    said = capsys.readouterr().out
    assert f"还缺 {lost} 份" in said and f"留用 {12 - lost} 份" in said
    assert run("verify", index) == 0  # what is there can be asked
    assert run("add", index, papers) == 0
    assert content(index) == before


def test_every_file_of_every_segment_may_be_damaged_at_once(index, papers):
    before = content(index)
    for files in read_manifest(index).segments:
        for file in files.values():
            damage(index / file.name)
    assert run("repair", index, papers) == 0
    assert content(index) == before


def test_a_whole_index_is_left_alone_and_a_damaged_manifest_is_said_to_be_beyond_repair(index, papers, capsys):
    before = content(index)
    assert run("repair", index, papers) == 0
    assert "完好，无需修复" in capsys.readouterr().out and content(index) == before
    damage(index / "manifest.json")
    assert run("repair", index, papers) == 2
    assert "yiju-index build" in capsys.readouterr().err
    assert run("repair", "milvus://127.0.0.1:1/none") == 2


def test_broken_off_it_has_changed_nothing(index, papers, monkeypatch):
    damage(file_of(index, "contents"))
    before = content(index)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("index.store.storage._put", interrupted)
    assert run("repair", index, papers) == 130
    assert content(index)["manifest.json"] == before["manifest.json"]
    monkeypatch.undo()
    assert run("repair", index, papers) == 0 and run("verify", index) == 0


@pytest.mark.parametrize("kind", ["codebook", "codes", "vectors", "contents"])
def test_codes_and_their_codebook_are_made_again(papers, tmp_path, monkeypatch, kind, small_segments):
    monkeypatch.setattr(passage_index, "EXACT_UP_TO", 20)
    monkeypatch.setattr(dense, "_ROWS_OF_A_LIST", 8, raising=False)
    run("build", papers, "-o", tmp_path / "index")
    manifest = read_manifest(tmp_path / "index")
    if not manifest.shared:
        pytest.skip("so few passages have no codebook")
    damage(tmp_path / "index" / (manifest.shared | manifest.segments[1])[kind].name)
    assert run("repair", tmp_path / "index", papers) == 0
    assert run("verify", tmp_path / "index") == 0
    again = read_manifest(tmp_path / "index")
    assert (again.documents, again.passages, set(again.shared)) == (manifest.documents, manifest.passages, {"codebook"})
