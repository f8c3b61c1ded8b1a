"""Building in runs: the bytes of an index made at once, whatever is broken off, damaged or said twice on the way."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from index.__main__ import main
from index.errors import IndexStoreError
from index.protocols import Encoder
from index.records import Document
from index.search import dense
from index.store import passage_index, segments, storage, sync
from index.store.building import FolderBuilder, building
from index.store.passage_index import PassageIndex
from tests.support.fakes import HashEncoder
from tests.support.folders import overwrite

ROOT = Path(__file__).resolve().parents[2]
ENCODER = HashEncoder()


class Counting(HashEncoder):
    """Knows what it encoded."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def encode_passages(self, texts):  # type: ignore[no-untyped-def]
        self.texts += texts
        return super().encode_passages(texts)


def document(number: int, passages: int = 1, edition: int = 0) -> Document:
    lines = (
        f"第{i}条 {number}号工程第{edition}版装机{number * i}千瓦，由{number % 7}处负责。\n"
        for i in range(passages * 14)
    )
    return Document(f"d{number * 7919 % 100_000:05}", f"{number}号方案", "".join(lines), f"{number}.txt")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != storage.LOCK}


def build(folder: Path, batches: list[list[Document]], encoder: Encoder = ENCODER, job: str | None = None) -> None:
    with building(folder, "hash", lambda name: encoder, 0.98, job) as builder:
        for batch in batches:
            builder.add(batch)


class PowerCut(Exception):
    pass


def broken_off(folder: Path, batches: list[list[Document]], encoder: Encoder = ENCODER) -> None:
    """A build of job `j` that ends before its index is made."""
    with pytest.raises(PowerCut), building(folder, "hash", lambda name: encoder, 0.98, "j") as builder:
        for batch in batches:
            builder.add(batch)
        raise PowerCut


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SMALLEST", 16)


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("seed", range(3))
def test_runs_of_any_documents_in_any_order_make_the_bytes_of_an_index_made_at_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    documents = [document(n, chance.choice([0, 1, 1, 2, 5])) for n in range(120)]
    chance.shuffle(documents)
    PassageIndex.build(documents, ENCODER).save(tmp_path / "at once")
    cuts = sorted(chance.sample(range(121), 6))
    build(tmp_path / "runs", [documents[a:b] for a, b in zip([0, *cuts], [*cuts, 120], strict=True)])
    assert files(tmp_path / "runs") == files(tmp_path / "at once")
    assert len(storage.read_manifest(tmp_path / "runs").segments) > 3


@pytest.mark.usefixtures("small_segments")
def test_a_document_that_comes_again_counts_as_it_came_last_and_stale_ones_go(tmp_path: Path) -> None:
    renamed = Document("new-id", "改名", "第一条 改名后的正文。", "3.txt")
    with building(tmp_path / "runs", "hash", lambda name: ENCODER, 0.98) as builder:
        builder.add([document(n) for n in range(40)])
        builder.add([document(n, edition=2) for n in range(5, 9)])
        builder.add([renamed], stale=[document(20).id])
        builder.remove([document(21).id])
        with pytest.raises(ValueError, match="索引里没有这些文档：nobody"):
            builder.remove(["nobody"])
        assert (builder.document_count, [each.title for each in builder.descriptions()][-1]) == (38, "改名")
    kept = [document(n, edition=2 if 5 <= n < 9 else 0) for n in range(40) if n not in (3, 20, 21)]
    PassageIndex.build([*kept, renamed], ENCODER).save(tmp_path / "at once")
    assert files(tmp_path / "runs") == files(tmp_path / "at once")


def test_what_was_finished_before_a_cut_is_not_encoded_again(tmp_path: Path) -> None:
    folder, documents = tmp_path / "index", [document(n) for n in range(30)]
    broken_off(folder, [documents[:10], documents[10:20]])
    assert not (folder / storage.MANIFEST).exists()
    counting = Counting()
    with building(folder, "hash", lambda name: counting, 0.98, "j") as builder:
        assert [each.id for each in builder.descriptions()] == sorted(each.id for each in documents[:20])
        builder.add(documents[20:])
    assert len(counting.texts) == 10
    PassageIndex.build(documents, ENCODER).save(tmp_path / "at once")
    assert files(folder) == files(tmp_path / "at once")


def test_a_damaged_run_is_made_again_and_the_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    broken_off(folder, [[document(1)], [document(2)], [document(3)]])
    (run, *_) = sorted(folder.glob("building.*.part/run-*"))
    content = bytearray(run.read_bytes())
    content[len(content) // 2] ^= 1
    overwrite(run, bytes(content))
    with building(folder, "hash", lambda name: ENCODER, 0.98, "j") as builder:
        assert builder.document_count == 2
        builder.add([document(n) for n in (1, 2, 3)])
    PassageIndex.build([document(n) for n in (1, 2, 3)], ENCODER).save(tmp_path / "at once")
    assert files(folder) == files(tmp_path / "at once")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"revision": "crc32-64", "dim": 64, "runs": [{"name": "/etc"}]}']
)
def test_a_journal_that_makes_no_sense_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    broken_off(tmp_path / "index", [[document(1)]])
    (journal,) = tmp_path.glob("index/building.*.part/runs.json")
    overwrite(journal, content)
    with building(tmp_path / "index", "hash", lambda name: ENCODER, 0.98, "j") as builder:
        assert builder.document_count == 0


def test_vectors_of_another_encoder_are_not_gone_on_with(tmp_path: Path) -> None:
    broken_off(tmp_path / "index", [[document(1)]])
    with building(tmp_path / "index", "hash", lambda name: HashEncoder(revision="other"), 0.98, "j") as builder:
        assert builder.document_count == 0


@pytest.mark.parametrize(("recall", "job"), [(0.9, "j"), (0.98, "another"), (0.98, None)])
def test_another_build_begins_anew_and_clears_away_what_was_broken_off(
    tmp_path: Path, recall: float, job: str | None
) -> None:
    broken_off(tmp_path / "index", [[document(1)]])
    with building(tmp_path / "index", "hash", lambda name: ENCODER, recall, job) as builder:
        assert builder.document_count == 0
        builder.add([document(2)])
    assert [each.name for each in tmp_path.glob("index/*.part")] == []
    assert [each.source for each in PassageIndex.open(tmp_path / "index", encoder=ENCODER).documents()] == ["2.txt"]


def test_until_a_build_is_done_the_old_index_answers(tmp_path: Path) -> None:
    build(tmp_path / "index", [[document(1)]])
    broken_off(tmp_path / "index", [[document(2)]])
    assert [each.source for each in PassageIndex.open(tmp_path / "index", encoder=ENCODER).documents()] == ["1.txt"]
    build(tmp_path / "index", [], job="j")
    assert [each.source for each in PassageIndex.open(tmp_path / "index", encoder=ENCODER).documents()] == ["2.txt"]


def test_many_vectors_get_lists_and_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (dense, passage_index):
        monkeypatch.setattr(module, "EXACT_UP_TO", 100)
    build(tmp_path / "index", [[document(n) for n in range(at, at + 50)] for at in range(0, 150, 50)])
    opened = PassageIndex.open(tmp_path / "index", encoder=ENCODER)
    search = opened.manifest.search
    assert search is not None and search.lists == round(4 * opened.passage_count**0.5) and search.found >= 0.98
    assert storage.damaged_files(tmp_path / "index") == []
    assert [hit.passage.document_id for hit in opened.search("77号工程装机", 1)] == [document(77).id]


def test_nothing_makes_an_empty_index(tmp_path: Path) -> None:
    build(tmp_path / "index", [])
    assert PassageIndex.open(tmp_path / "index", encoder=ENCODER).search("光伏", 5) == []


def test_a_full_disk_is_said_and_what_was_finished_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, real, calls = tmp_path / "index", os.fsync, iter(range(100))

    def fsync(descriptor: int) -> None:
        if next(calls) > 8:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(IndexStoreError, match="磁盘空间不足"):
        build(folder, [[document(n)] for n in range(9)], job="j")
    monkeypatch.undo()
    counting = Counting()
    with building(folder, "hash", lambda name: counting, 0.98, "j") as builder:
        assert 0 < builder.document_count < 9
        builder.add([document(n) for n in range(9)])
    assert len(PassageIndex.open(folder, encoder=ENCODER).documents()) == 9


def test_ten_thousand_equal_passages_and_a_document_of_many_are_cut_as_ever(tmp_path: Path) -> None:
    same = [Document(f"s{n:05}", "同", "第一条 内容完全相同的一段话。", f"s{n}.txt") for n in range(10_000)]
    long = Document("long", "长", "没有句号的一行字" * 30_000, "long.txt")
    with building(tmp_path / "runs", "hash", lambda name: ENCODER, 0.98) as builder:
        for at in range(0, 10_000, 2500):
            builder.add(same[at : at + 2500])
        builder.add([long])
    index = PassageIndex.open(tmp_path / "runs", encoder=ENCODER)
    assert [hit.passage.document_id for hit in index.search("内容完全相同", 3)] == ["s00000", "s00001", "s00002"]
    assert len(index.passages("long")) == index.passage_count - 10_000 > 500
    assert len(index.search("内容完全相同", 20_000)) == index.passage_count


# The command

KILLED = """
import os, signal, sys
import index.__main__
from index.store import sync
from index.__main__ import main
from tests.support.fakes import HashEncoder
index.__main__.EVERY = 1e9
sync._BATCH_CHARACTERS = 1
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
class Mortal(HashEncoder):
    left = 4
    def encode_passages(self, texts):
        Mortal.left -= 1
        if Mortal.left < 0:
            os.kill(os.getpid(), int(SIGNAL))
        return super().encode_passages(texts)
sys.exit(main(sys.argv[1:], load_encoder=lambda name: Mortal(name=name)))
"""


def papers(folder: Path) -> Path:
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.txt").write_text(f"{number}号方案\n第一条 装机{number}千瓦。\n", encoding="utf-8")
    return folder


def run(*argv: str | Path, encoder: Encoder = ENCODER) -> int:
    return main([str(argument) for argument in argv], load_encoder=lambda name: encoder)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_command_run_again_goes_on_and_makes_the_same_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: signal.Signals
) -> None:
    folder, index = papers(tmp_path / "papers"), tmp_path / "index"
    script = KILLED.replace("SIGNAL", str(int(how)))
    command = [sys.executable, "-c", script, "build", str(folder), "-o", str(index)]
    died = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if how is signal.SIGINT:
        assert (died.returncode, died.stderr) == (130, "\n已中断；已存下 4 个文件，再运行同一命令会接着做。\n")
    else:
        assert died.returncode == -signal.SIGKILL
    (folder / "3.txt").write_text("3号方案\n第一条 改成了33千瓦。\n", encoding="utf-8")
    (folder / "0.txt").unlink()
    counting = Counting()
    assert run("build", folder, "-o", index, encoder=counting) == 0
    said = capsys.readouterr()
    assert said.err == "接着上次未完成的建立继续：已有 4 份文档，8 个片段。\n"
    assert said.out.startswith(f"已建立索引 {index}：8 份文档，16 个片段")
    assert len(counting.texts) == 12
    assert run("build", folder, "-o", tmp_path / "at once") == 0
    assert files(index) == files(tmp_path / "at once")


def test_a_build_takes_no_more_into_memory_than_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "_BATCH_CHARACTERS", 1)
    sizes: list[int] = []
    real = FolderBuilder.add

    def add(self, documents, **others):  # type: ignore[no-untyped-def]
        sizes.append(len(documents))
        real(self, documents, **others)

    monkeypatch.setattr(FolderBuilder, "add", add)
    assert run("build", papers(tmp_path / "papers"), "-o", tmp_path / "index") == 0
    assert sizes == [1] * 9


def test_a_folder_of_a_build_leads_nowhere(tmp_path: Path) -> None:
    """A run of the journal lies in the folder, whatever the journal says."""
    broken_off(tmp_path / "index", [[document(1)]])
    (journal,) = tmp_path.glob("index/building.*.part/runs.json")
    said = json.loads(journal.read_bytes())
    said["runs"][0]["name"] = "../" + said["runs"][0]["name"]
    overwrite(journal, storage.sealed(said))
    with building(tmp_path / "index", "hash", lambda name: ENCODER, 0.98, "j") as builder:
        assert builder.document_count == 0
