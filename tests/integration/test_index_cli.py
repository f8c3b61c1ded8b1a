from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.__main__ import main
from index.protocols import Encoder
from index.store import storage
from index.store.passage_index import PassageIndex
from tests.support.fakes import HashEncoder
from tests.support.folders import overwrite

ROOT = Path(__file__).resolve().parents[2]
PARAGRAPH = "一、目标\n到2025年，光伏发电计划装机容量70MW，责任单位：区发展改革委。\n"


def fake(name: str) -> Encoder:
    return HashEncoder(name=name, revision=f"revision of {name}")


def run(*argv: str | Path) -> int:
    return main([str(argument) for argument in argv], load_encoder=fake)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """A folder with two documents."""
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "甲.txt").write_text("甲方案\n" + PARAGRAPH, encoding="utf-8")
    (folder / "乙.md").write_text("# 乙方案\n" + PARAGRAPH.replace("70", "80"), encoding="utf-8")
    return folder


@pytest.fixture
def folder(papers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """An index of the two."""
    assert run("build", papers, "-o", tmp_path / "index") == 0
    capsys.readouterr()
    return tmp_path / "index"


def sources(folder: Path) -> list[str]:
    index = PassageIndex.open(folder, encoder=fake("multilingual-e5-small"))
    return sorted(document.source for document in index.documents())


def id_of(folder: Path, source: str) -> str:
    index = PassageIndex.open(folder, encoder=fake("multilingual-e5-small"))
    return next(document.id for document in index.documents() if document.source == source)


def counts(folder: Path) -> str:
    index = PassageIndex.open(folder, encoder=fake("multilingual-e5-small"))
    return f"{len(index.documents())} 份文档，{index.passage_count} 个片段"


def one_line(text: str) -> str:
    """The only line there is."""
    (line,) = text.splitlines()
    return line


def test_build_says_what_it_made(papers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build", papers, "-o", tmp_path / "index") == 0
    printed = capsys.readouterr()
    assert one_line(printed.out) == f"已建立索引 {tmp_path / 'index'}：{counts(tmp_path / 'index')}"
    assert printed.err == ""
    assert sources(tmp_path / "index") == ["乙.md", "甲.txt"]


def test_build_makes_the_folders_above(papers: Path, tmp_path: Path) -> None:
    assert run("build", papers, "-o", tmp_path / "a" / "b" / "index") == 0
    assert sources(tmp_path / "a" / "b" / "index") == ["乙.md", "甲.txt"]


def test_build_replaces_the_index_that_was_there(folder: Path, papers: Path) -> None:
    assert run("build", papers / "甲.txt", "-o", folder) == 0
    assert sources(folder) == ["甲.txt"]


def test_build_uses_the_encoder_named(papers: Path, tmp_path: Path) -> None:
    assert run("build", papers, "-o", tmp_path / "index", "--encoder", "/models/mine") == 0
    assert storage.read_manifest(tmp_path / "index").encoder == "/models/mine"


def test_building_twice_gives_the_same_bytes(folder: Path, papers: Path, tmp_path: Path) -> None:
    assert run("build", papers, "-o", tmp_path / "again") == 0
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()
    }


def test_add_then_remove_gives_the_bytes_from_before(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (tmp_path / "丙.txt").write_text("丙方案\n" + PARAGRAPH, encoding="utf-8")
    assert run("add", folder, tmp_path / "丙.txt") == 0
    assert one_line(capsys.readouterr().out) == f"已加入 1 份文档；索引 {folder}：{counts(folder)}"
    assert sources(folder) == ["丙.txt", "乙.md", "甲.txt"]
    assert run("remove", folder, id_of(folder, "丙.txt")) == 0
    assert one_line(capsys.readouterr().out) == f"已移除 1 份文档；索引 {folder}：{counts(folder)}"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_adding_a_changed_file_replaces_the_document(folder: Path, papers: Path) -> None:
    (papers / "甲.txt").write_text("甲方案\n" + PARAGRAPH.replace("70", "99"), encoding="utf-8")
    assert run("add", folder, papers / "甲.txt") == 0
    index = PassageIndex.open(folder, encoder=fake("multilingual-e5-small"))
    assert sorted("99MW" in document.text for document in index.documents()) == [False, True]


def test_all_documents_can_go(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("remove", folder, id_of(folder, "甲.txt"), id_of(folder, "乙.md")) == 0
    assert "0 份文档，0 个片段" in capsys.readouterr().out
    assert run("info", folder) == run("verify", folder) == 0


def test_removing_a_stranger_names_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("remove", folder, "nobody") == 2
    assert "索引里没有这些文档：nobody" in one_line(capsys.readouterr().err)
    assert sources(folder) == ["乙.md", "甲.txt"]


def test_info_lists_the_documents(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", folder) == 0
    out = capsys.readouterr().out
    assert "编码器 multilingual-e5-small（版本 revision of multilingual-e5-small，64 维）" in out
    assert f"{id_of(folder, '甲.txt')}\t甲.txt\t甲方案\t" in out


def test_info_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", folder, "--json") == 0
    described = json.loads(capsys.readouterr().out)
    assert described["encoder"]["name"] == "multilingual-e5-small"
    assert sorted(document["source"] for document in described["documents"]) == ["乙.md", "甲.txt"]
    assert set(described["documents"][0]) == {"id", "source", "title", "characters", "passages"}


def test_verify_finds_a_whole_index_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", folder) == 0
    assert one_line(capsys.readouterr().out) == f"索引 {folder} 完好：{counts(folder)}"


def test_verify_names_every_damaged_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vectors, passages = next(folder.glob("vectors-*")), next(folder.glob("contents-*"))
    vectors.unlink()
    passages.write_bytes(passages.read_bytes() + b"\n")
    assert run("verify", folder) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [vectors.name in lines[1], passages.name in lines[0], len(lines)] == [True, True, 2]


def test_verify_reports_half_a_manifest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overwrite(folder / "manifest.json", b"{")
    assert run("verify", folder) == 1
    assert "manifest.json" in one_line(capsys.readouterr().out)


@pytest.mark.parametrize("command", ["info", "verify", "add", "remove"])
def test_no_index_is_the_callers_mistake(
    command: str, tmp_path: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"add": [papers], "remove": ["some"]}.get(command, [])
    assert run(command, tmp_path / "nothing", *more) == 2
    printed = capsys.readouterr()
    assert "没有找到索引" in one_line(printed.err)
    assert printed.out == ""
    assert not (tmp_path / "nothing").exists()


def test_a_later_format_is_unusable_for_verify_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = json.loads((folder / "manifest.json").read_text())
    overwrite(folder / "manifest.json", json.dumps(stored | {"version": 99}).encode())
    assert run("verify", folder) == 2
    assert "格式版本是 99" in one_line(capsys.readouterr().err)


BAD_FILES = {
    "empty.txt": b"",
    "blank.txt": b" \n\t\n",
    "binary.txt": bytes(range(256)) * 40,
    "undecodable.txt": b"\x81\xff\xfe\x81" * 100 + b"\xff",
    "huge.txt": b"",  # grown to 50 MB below
    "picture.png": b"\x89PNG\r\n\x1a\n",
}


def bad_file(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(BAD_FILES[name])
    if name == "huge.txt":
        os.truncate(path, 50 * 2**20)
    return path


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_by_itself_is_refused_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("build", bad_file(tmp_path, name), "-o", tmp_path / "index") == 2
    printed = capsys.readouterr()
    assert name in one_line(printed.err)
    assert printed.out == ""
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_among_good_ones_is_named_and_the_rest_indexed(
    name: str, papers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad_file(papers, name)
    assert run("build", papers, "-o", tmp_path / "index") == 0
    named, told = capsys.readouterr().err.splitlines()
    assert named.startswith("警告：已跳过：")
    assert name in named
    assert told == "读取情况：完整 2 个文件，读了一部分 0 个，没有读取 1 个。"
    assert sources(tmp_path / "index") == ["乙.md", "甲.txt"]


def test_strict_tells_by_its_status_that_a_file_was_not_read_whole(papers: Path, tmp_path: Path) -> None:
    assert run("build", papers, "-o", tmp_path / "whole", "--strict") == 0
    bad_file(papers, "blank.txt")
    assert run("build", papers, "-o", tmp_path / "index", "--strict") == 1
    assert sources(tmp_path / "index") == ["乙.md", "甲.txt"]


def test_show_says_what_was_not_read(papers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (papers / "丙.txt").write_bytes("值班电话023-48660000，全天有人值守，".encode() + b"\xff" + "请拨打。".encode())
    assert run("build", papers, "-o", tmp_path / "index") == 0
    assert "读了一部分 1 个" in capsys.readouterr().err
    assert run("show", tmp_path / "index", "丙.txt") == 0
    assert "没有读全：1 处字节不是有效的文字" in capsys.readouterr().out


def test_nothing_but_bad_files_is_refused_and_each_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "papers").mkdir()
    for name in BAD_FILES:
        bad_file(tmp_path / "papers", name)
    assert run("build", tmp_path / "papers", "-o", tmp_path / "index") == 2
    err = capsys.readouterr().err
    assert all(name in err for name in BAD_FILES)
    assert err.splitlines()[-1] == "yiju-index：没有可以编入索引的文档：6 个文件均无法读取。"
    assert not (tmp_path / "index").exists()


def test_an_empty_folder_has_nothing_to_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "papers").mkdir()
    assert run("build", tmp_path / "papers", "-o", tmp_path / "index") == 2
    assert "没有可以编入索引的文档" in one_line(capsys.readouterr().err)


def test_a_path_that_does_not_exist_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build", tmp_path / "nowhere.txt", "-o", tmp_path / "index") == 2
    assert "nowhere.txt" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "index").exists()


def test_a_bad_file_cannot_spoil_an_index(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run("add", folder, bad_file(tmp_path, "binary.txt")) == 2
    assert "binary.txt" in one_line(capsys.readouterr().err)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_adding_with_another_encoder_is_an_error_with_the_fix(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("add", folder, papers, "--encoder", "other") == 2
    line = one_line(capsys.readouterr().err)
    assert "multilingual-e5-small（版本" in line
    assert f"yiju-index build 文件… -o {folder} --encoder other" in line


@pytest.mark.parametrize("output", ["/proc/yiju", "file", "file/index"])
def test_an_unwritable_output_is_one_line(
    output: str, papers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert run("build", papers, "-o", tmp_path / output) == 2
    assert f"无法写入索引 {tmp_path / output}" in one_line(capsys.readouterr().err)


def test_the_output_folder_is_not_mixed_with_other_things(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build", papers, "-o", papers) == 2
    assert "请为索引另选一个空文件夹" in one_line(capsys.readouterr().err)
    assert sorted(path.name for path in papers.iterdir()) == ["乙.md", "甲.txt"]


@pytest.mark.parametrize("argv", [[], ["build"], ["build", "x"], ["fly"], ["info"], ["info", "a", "b"]])
def test_a_wrong_call_is_one_line_and_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    assert "--help" in one_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("written", "shown"),
    [("方案甲".encode("gb18030"), "方案甲.txt"), (b"\xff\xfe", r"\xff\xfe.txt")],
    ids=["GBK", "none"],
)
def test_names_in_another_encoding_are_read_or_shown_somehow(
    papers: Path, tmp_path: Path, written: bytes, shown: str
) -> None:
    (papers / os.fsdecode(written + b".txt")).write_text("丙方案\n" + PARAGRAPH, encoding="utf-8")
    done = driver("build", papers, "-o", tmp_path / "index")
    assert (done.returncode, done.stderr) == (0, "")
    assert shown in driver("info", tmp_path / "index").stdout
    # The same names again are the same documents.
    assert "没有变化" in driver("add", tmp_path / "index", papers).stdout


# As processes

DRIVER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from index.__main__ import main
from tests.support.fakes import HashEncoder

class Slow(HashEncoder):
    def encode_passages(self, texts):
        print("encoding", file=sys.stderr, flush=True)
        if WAITS:
            while True:
                time.sleep(0.05)  # until a signal ends it
        return super().encode_passages(texts)

sys.exit(main(sys.argv[1:], load_encoder=lambda name: Slow(name=name, revision=f"revision of {name}")))
"""


def command(*argv: str | Path, waits: bool = False) -> list[str]:
    return [sys.executable, "-c", DRIVER.replace("WAITS", str(waits)), *map(str, argv)]


def driver(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*argv), cwd=ROOT, capture_output=True, text=True, check=False)
    done.stderr = done.stderr.replace("encoding\n", "")
    return done


def start_slowly(*argv: str | Path) -> subprocess.Popen[str]:
    """A command that is in the midst of encoding, and stays there until a signal ends it."""
    process = subprocess.Popen(
        command(*argv, waits=True), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "encoding\n"
    return process


def test_interrupting_a_build_leaves_nothing(papers: Path, tmp_path: Path) -> None:
    with start_slowly("build", papers, "-o", tmp_path / "index") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err.strip()) == (130, "", "已中断；索引没有改动。")
    assert not (tmp_path / "index").exists()


def test_interrupting_an_addition_leaves_the_old_index(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "丙.txt").write_text("丙方案\n" + PARAGRAPH, encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with start_slowly("add", folder, tmp_path / "丙.txt") as process:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_of_two_builds_at_once_the_second_is_told_to_wait(
    papers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with start_slowly("build", papers, "-o", tmp_path / "index") as process:
        assert run("build", papers, "-o", tmp_path / "index") == 2
        assert "另一个程序正在写索引" in one_line(capsys.readouterr().err)
        process.kill()
        process.communicate()
    # A dead writer holds no lock, and what it left is cleared away.
    assert run("build", papers, "-o", tmp_path / "index") == 0
    assert sources(tmp_path / "index") == ["乙.md", "甲.txt"]


def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command("info", folder), cwd=ROOT, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_progress_is_shown_to_a_terminal_only(papers: Path, tmp_path: Path) -> None:
    seen, terminal = os.openpty()
    done = subprocess.run(
        command("build", papers, "-o", tmp_path / "index"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=terminal,
        check=True,
    )
    os.close(terminal)
    shown = os.read(seen, 10_000).decode()
    os.close(seen)
    assert re.search(r"编码：文件 2/2，片段 \d，\d\d%，剩余约 \d+ 秒", shown), shown
    assert re.search(r"编码：文件 2/2，片段 \d，100%，剩余约 0 秒", shown), shown
    assert done.stdout.decode().startswith("已建立索引")


def test_watching_takes_in_what_comes_says_what_fails_and_ends_on_ctrl_c(
    folder: Path, papers: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: Iterator[Callable[[], object]] = iter(
        [
            lambda: (papers / "丙.txt").write_text("丙方案\n" + PARAGRAPH, encoding="utf-8"),
            lambda: None,
            lambda: (papers / "坏.pdf").write_bytes(b"%PDF-1.4 broken"),
            lambda: None,
            lambda: (papers / "甲.txt").unlink(),
            lambda: None,
        ]
    )

    def sleep(seconds: float) -> None:
        assert seconds == 0.5
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(time, "sleep", sleep)
    assert run("add", folder, papers, "--watch", "--every", "0.5") == 0
    out, err = capsys.readouterr()
    assert [line.split("；")[0] for line in out.splitlines()] == [
        "没有新的内容，2 个文件没有变化",
        "已加入 1 份文档，2 个文件没有变化",
        "没有新的内容，3 个文件没有变化",
        "没有新的内容，移除 1 份（文件已不在），2 个文件没有变化",
        "已停止监看",
    ]
    assert "坏.pdf" in err
    assert sources(folder) == ["丙.txt", "乙.md"]


@pytest.mark.parametrize("every", ["0", "-1", "soon", "1e9"])
def test_seconds_between_looks_are_a_number_above_nothing(every: str, folder: Path, papers: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run("add", folder, papers, "--watch", f"--every={every}")
    assert ended.value.code == 2
