"""Folders that change: only what is new, changed or gone is taken in; one bad file never stops the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unicodedata import normalize

import pytest

from index.__main__ import main
from index.loaders import legible
from index.protocols import Encoder, Vectors
from index.records import Document
from index.store.passage_index import PassageIndex
from index.store.sync import batches, changes, file_of, settlings
from tests.support.fakes import HashEncoder
from tests.support.files import docx, p, zipped

ROOT = Path(__file__).resolve().parents[2]


class Counting(HashEncoder):
    """Counts the passages that it encodes."""

    encoded = 0

    def encode_passages(self, texts: object) -> Vectors:
        Counting.encoded += len(texts)  # type: ignore[arg-type]
        return super().encode_passages(texts)  # type: ignore[arg-type]


def fake(name: str) -> Encoder:
    return Counting(name=name, revision=f"revision of {name}")


def run(*argv: str | Path) -> int:
    return main([str(argument) for argument in argv], load_encoder=fake)


def documents(folder: Path) -> dict[str, Document]:
    index = PassageIndex.open(folder, encoder=fake("multilingual-e5-small"))
    return {document.source: document for document in index.documents()}


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    for name in "甲乙丙":
        (folder / f"{name}.txt").write_text(f"{name}方案\n光伏装机70MW。\n", encoding="utf-8")
    return folder


@pytest.fixture
def folder(papers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run("build", papers, "-o", tmp_path / "index") == 0
    capsys.readouterr()
    Counting.encoded = 0
    return tmp_path / "index"


def test_a_folder_that_did_not_change_costs_no_encoding_and_no_write(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert run("add", folder, papers) == 0
    assert capsys.readouterr().out.startswith("没有新的内容，3 个文件没有变化；")
    assert Counting.encoded == 0
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_only_what_is_new_changed_or_gone_is_done(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = documents(folder)["甲.txt"]
    (papers / "乙.txt").write_text("乙方案\n光伏装机99MW。\n", encoding="utf-8")
    (papers / "丙.txt").unlink()
    (papers / "丁.txt").write_text("丁方案\n风电装机30MW。\n", encoding="utf-8")
    assert run("add", folder, papers) == 0
    assert capsys.readouterr().out.startswith("已加入 2 份文档，移除 1 份（文件已不在），1 个文件没有变化；")
    found = documents(folder)
    assert sorted(found) == sorted(["甲.txt", "乙.txt", "丁.txt"])
    assert found["甲.txt"] == kept
    assert "99MW" in found["乙.txt"].text
    assert Counting.encoded == 2


def test_the_index_that_came_about_step_by_step_is_the_one_built_at_once(
    folder: Path, papers: Path, tmp_path: Path
) -> None:
    (papers / "乙.txt").unlink()
    (papers / "丁.txt").write_text("丁方案\n风电装机30MW。\n", encoding="utf-8")
    assert run("add", folder, papers) == 0
    assert run("build", papers, "-o", tmp_path / "fresh") == 0
    stepwise, fresh = ({f.name: f.read_bytes() for f in at.iterdir()} for at in (folder, tmp_path / "fresh"))
    assert stepwise == fresh


def test_files_of_another_folder_are_not_gone(folder: Path, papers: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/戊.txt").write_text("戊方案\n正文。\n", encoding="utf-8")
    assert run("add", folder, tmp_path / "other") == 0
    assert sorted(documents(folder)) == sorted(["甲.txt", "乙.txt", "丙.txt", "戊.txt"])


def test_a_file_changed_by_itself_still_belongs_to_its_folder(folder: Path, papers: Path) -> None:
    (papers / "甲.txt").write_text("甲方案\n新文。\n", encoding="utf-8")
    assert run("add", folder, papers / "甲.txt") == 0
    (papers / "甲.txt").unlink()
    assert run("add", folder, papers) == 0
    assert sorted(documents(folder)) == sorted(["乙.txt", "丙.txt"])


def test_where_a_file_given_by_itself_lies_is_known(folder: Path, papers: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "戊.txt").write_text(f"{name}方案\n正文。\n", encoding="utf-8")
    assert run("add", folder, tmp_path / "one/戊.txt", tmp_path / "two/戊.txt") == 0
    found = documents(folder)
    files = {source: file_of(found[source]) for source in ("one/戊.txt", "two/戊.txt", "甲.txt")}
    assert files == {
        "one/戊.txt": tmp_path / "one/戊.txt",
        "two/戊.txt": tmp_path / "two/戊.txt",
        "甲.txt": papers / "甲.txt",
    }


def test_an_empty_folder_does_not_empty_the_index(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in papers.iterdir():
        file.unlink()
    assert run("add", folder, papers) == 2
    assert "没有可以编入索引的文档" in capsys.readouterr().err
    assert len(documents(folder)) == 3


def test_a_file_that_became_unreadable_keeps_its_old_text(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (papers / "甲.txt").write_bytes(b"")
    assert run("add", folder, papers) == 0
    assert "已跳过" in capsys.readouterr().err
    assert "甲.txt" in documents(folder)


# --- archives ---------------------------------------------------------------------------------


def test_each_document_of_an_archive_is_known_by_its_path_in_it(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = papers / "包.zip"
    inner = zipped({"戊.txt": "戊方案\n深处的话。\n"})
    archive.write_bytes(
        zipped({"年/丁.docx": docx(p("丁方案") + p("正文。")), "坏.pdf": b"%PDF-1.4 broken", "内.zip": inner})
    )
    assert run("add", folder, papers) == 0
    printed = capsys.readouterr()
    assert "坏.pdf" in printed.err
    assert {"包.zip/年/丁.docx", "包.zip/内.zip/戊.txt"} < set(documents(folder))
    assert run("add", folder, papers) == 0
    assert capsys.readouterr().out.startswith("没有新的内容，4 个文件没有变化；")
    archive.write_bytes(zipped({"年/丁.docx": docx(p("丁方案") + p("改过。"))}))
    assert run("add", folder, papers) == 0
    assert {source for source in documents(folder) if source.startswith("包")} == {"包.zip/年/丁.docx"}


def test_files_of_one_name_in_an_archive_are_named(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(papers / "包.zip", "w") as archive:
        with pytest.warns(UserWarning, match="Duplicate name"):
            for text in ("一方案\n先来的话。\n", "二方案\n后来的话。\n"):
                archive.writestr("甲.txt", text)
        for name in ("乙.txt", "../乙.txt"):
            archive.writestr(name, f"乙方案\n{name}。\n")
    assert run("add", folder, papers) == 0
    said = capsys.readouterr().err
    assert "里有不止一个 甲.txt" in said and "里有不止一个 乙.txt" in said
    assert "后来的话" in documents(folder)["包.zip/甲.txt"].text


def test_names_in_an_archive_lead_nowhere_and_are_read_in_any_encoding(
    folder: Path, papers: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(papers / "包.zip", "w") as archive:
        archive.writestr("../../逃.txt", "逃出去的话。")
        archive.writestr("/etc/绝.txt", "绝对路径的话。")
        archive.writestr("xxxx.txt", "国标名字的话。")
        archive.writestr("yyyyyy.txt", "万国码名字的话，压缩包没有说明。")
        archive.writestr("zz.txt", "不知什么编码的话。")
    data = (papers / "包.zip").read_bytes().replace(b"xxxx.txt", "通知".encode("gbk") + b".txt")
    data = data.replace(b"yyyyyy.txt", "公告".encode() + b".txt").replace(b"zz.txt", b"\xff\xfe.txt")
    (papers / "包.zip").write_bytes(data)
    before = sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(folder))
    assert run("add", folder, papers) == 0
    # 通知 in GBK is valid UTF-8, which nobody means; bytes of no encoding stay visible.
    named = ("通知", "公告", "xff/xfe")
    assert {"包.zip/逃.txt", "包.zip/etc/绝.txt", *(f"包.zip/{name}.txt" for name in named)} < set(documents(folder))
    assert sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)) == before


def test_a_bomb_in_an_archive_is_not_unpacked(folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (papers / "包.zip").write_bytes(zipped({"弹.txt": b"\n" * 80_000_000, "好.txt": "好方案\n正文。\n"}))
    assert run("add", folder, papers) == 0
    assert "压缩炸弹" in capsys.readouterr().err
    assert "包.zip/好.txt" in documents(folder)


def test_a_locked_file_in_an_archive_is_named(folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(zipped({"锁.txt": "锁住的话。"}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    (papers / "包.zip").write_bytes(data)
    assert run("add", folder, papers) == 0
    assert "锁.txt：压缩内容已加密" in capsys.readouterr().err


def test_archives_are_opened_so_deep_and_no_deeper(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = zipped({"底.txt": "最里面。"})
    for _ in range(5):
        data = zipped({"层.zip": data})
    (papers / "包.zip").write_bytes(data)
    assert run("add", folder, papers) == 0
    assert "层数太多" in capsys.readouterr().err


# --- large and hostile folders ----------------------------------------------------------------


def test_bad_files_among_many_are_each_named_and_stop_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for n in range(300):
        (many / f"{n:03}.txt").write_bytes(b"" if n % 30 == 7 else f"第{n}号方案\n正文{n}。\n".encode())
    (many / "loop").symlink_to(many)
    (many / os.fsdecode("名".encode("gbk") + b".txt")).write_text("国标名字的方案\n正文。\n", encoding="utf-8")
    assert run("add", folder, many) == 0
    *lines, summary = capsys.readouterr().err.splitlines()
    named = [line for line in lines if ".txt" in line]  # a slow machine also says how far it is
    assert [line.split("/")[-1][:3] for line in named] == [f"{n:03}" for n in range(7, 300, 30)]
    assert summary.startswith("读取情况")
    assert len(documents(folder)) == 3 + 290 + 1


@pytest.mark.parametrize("name", ["~$甲.docx", ".隐.txt", "Thumbs.db", "__MACOSX"])
def test_what_programs_leave_behind_is_no_document(papers: Path, name: str) -> None:
    (papers / name).mkdir() if name.startswith("__") else (papers / name).write_bytes(b"\x00" * 10)
    assert [file.source for file in changes([papers]).incoming] == ["丙.txt", "乙.txt", "甲.txt"]


DRIVER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from index.store import sync
from index.__main__ import main
from tests.support.fakes import HashEncoder
sync._BATCH_CHARACTERS = 1
class Stuck(HashEncoder):
    count = 0
    def encode_passages(self, texts):
        Stuck.count += 1
        if Stuck.count > 2:
            print("encoding", file=sys.stderr, flush=True)
            while True:
                time.sleep(0.05)
        return super().encode_passages(texts)
sys.exit(main(sys.argv[1:], load_encoder=lambda name: Stuck(name=name, revision=f"revision of {name}")))
"""


def test_what_was_done_before_an_interruption_is_kept(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "丁戊己庚":
        (papers / f"{name}.txt").write_text(f"{name}方案\n正文。\n", encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, "add", str(folder), str(papers)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "encoding\n"
        process.send_signal(signal.SIGINT)
        assert "已存下 2 个文件，再运行同一命令会接着做" in process.stderr.read()
    assert process.returncode == 130
    assert len(documents(folder)) == 5
    assert run("add", folder, papers) == 0
    assert capsys.readouterr().out.startswith("已加入 2 份文档，5 个文件没有变化；")


# --- show -------------------------------------------------------------------------------------


def test_show_prints_outline_and_passages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "法.txt").write_text("某某条例\n第一章 总则\n第一条 为了规范。\n第二条 适用本区。\n", encoding="utf-8")
    assert run("build", tmp_path / "法.txt", "-o", tmp_path / "index") == 0
    capsys.readouterr()
    assert run("show", tmp_path / "index", "条例") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("某某条例（法.txt，编号 ")
    assert "  第一章 总则" in out
    assert "    第二条" in out
    assert "第二条 适用本区。" in out


def test_show_asks_which_document_is_meant(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", folder, "方案") == 2
    assert "指的可能是 3 份文档" in capsys.readouterr().err
    assert run("show", folder, "没有的") == 2
    assert "没有文档「没有的」" in capsys.readouterr().err


def collected(folder: Path, events: list[Callable[[], object]]) -> list[int]:
    """How many looks had passed at each round, when one event happens before each look."""
    waiting = iter(events)
    looks, rounds = 0, []

    def wait() -> None:
        nonlocal looks
        looks += 1
        event = next(waiting, None)
        if event is None:
            raise KeyboardInterrupt
        event()

    with suppress(KeyboardInterrupt):
        for _ in settlings([folder], wait):
            rounds.append(looks)
    return rounds


def nothing() -> None:
    """Pass."""


def test_watching_acts_at_once_and_then_only_on_changes(papers: Path) -> None:
    assert collected(papers, [nothing] * 5) == [0]
    grow = lambda: (papers / "新.txt").write_text("新文件\n", encoding="utf-8")  # noqa: E731
    assert collected(papers, [nothing, grow, nothing, nothing, nothing]) == [0, 3]


def test_a_file_that_is_still_being_written_is_waited_for(papers: Path) -> None:
    def write() -> None:
        with (papers / "长.txt").open("a", encoding="utf-8") as file:
            file.write("又一行。\n")

    assert collected(papers, [write, write, write, write, nothing, nothing]) == [0, 5]


def test_what_changes_and_changes_back_between_two_rounds_is_no_change(papers: Path) -> None:
    new = papers / "新.txt"
    assert collected(papers, [new.touch, new.unlink, nothing, nothing]) == [0]


def test_a_folder_that_is_gone_and_back_is_no_reason_to_forget_it(papers: Path) -> None:
    away = papers.with_name("away")
    there = lambda: papers.rename(away)  # noqa: E731
    back = lambda: away.rename(papers)  # noqa: E731
    assert collected(papers, [there, nothing, back, nothing, nothing]) == [0, 2, 4]


@pytest.mark.parametrize("name", ["通知.txt", "café.txt", "e\u0301\u0301\u0301.txt", "a\x85\x8e\x8f.txt"])
def test_a_name_in_utf8_stays_as_it_is(name: str) -> None:
    assert legible(name) == normalize("NFC", name)


def test_of_two_files_with_one_id_the_second_is_named_and_replaces_nothing(
    folder: Path, papers: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids are short enough for names to be found that share one."""
    taken = documents(folder)["甲.txt"].id
    (papers / "丁.txt").write_text("丁方案\n风电装机30MW。\n", encoding="utf-8")
    failures: list[str] = []
    found = changes([papers], documents(folder).values())
    clash = batches(
        found.incoming,
        documents(folder).values(),
        failed=lambda error: failures.append(str(error)),
        notice=lambda _: None,
        read=lambda incoming, failed, notice: clashing(incoming, taken),
    )
    assert [document.source for batch in clash for document in batch.documents] == []
    assert len(failures) == 1 and "编号与 甲.txt 相同" in failures[0]


def clashing(incoming, id: str):
    for file in incoming:
        yield file, [Document(id, "丁", "正文", file.source, origin=file.origin)]
