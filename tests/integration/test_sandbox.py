"""Files are read in a process that may fall, and can do nothing else: what it does to itself, it does to one file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from index.__main__ import main
from index.errors import DocumentError, DocumentUnreadable, UnsupportedFormat, YijuError
from index.loaders import load_all
from index.records import Document
from index.sandbox import DEATHS, Sandbox, confinement
from tests.support.fakes import HashEncoder
from tests.support.files import docx, p, zipped

ROOT = Path(__file__).resolve().parents[2]
SECRET = "sk-not-for-parsers"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox whose reader of web pages obeys the page."""
    monkeypatch.setenv("YIJU_API_KEY", SECRET)
    with Sandbox(module="tests.support.bad_loaders") as sandbox:
        yield sandbox


def ordered(folder: Path, order: str, name: str = "页.html") -> Path:
    path = folder / name
    path.write_text(f"<html><!--{order}--></html>", encoding="utf-8")
    return path


def outcome(sandbox: Sandbox, path: Path) -> str:
    """The text of the one document in a file, or why there is none."""
    try:
        (found,) = sandbox.load_all(path)
    except DocumentError as error:
        return str(error)
    assert isinstance(found, Document)
    return found.text


# What ends the process is that file's error


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("crash", r"读取程序崩溃（SIGSEGV）"),
        ("spin", r"用去的处理器时间超过上限"),
        ("recurse", r"用去的处理器时间超过上限"),
        ("wait", r"秒没有进展，已中止"),
        ("swell", r"需要的内存超过上限"),
        ("flood", r"读取程序的回答不合规"),
        ("leave", r"读取程序意外结束（3）"),
        ("no such order", r"损坏或不合规（KeyError）"),
    ],
)
def test_a_file_that_brings_the_process_down_is_named_and_the_next_is_read(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, reason: str
) -> None:
    monkeypatch.setattr("index.sandbox.frames.MAX", 2**20)  # on this side; the flood is twice as long
    bad, good = ordered(tmp_path, order), ordered(tmp_path, "", "好.html")
    with pytest.raises(DocumentUnreadable, match=reason) as caught:
        list(sandbox.load_all(bad))
    assert caught.value.path == bad
    assert str(bad) in str(caught.value)
    assert outcome(sandbox, good) == "一页好的网页。"


def test_every_page_that_is_read_gives_time_for_the_next(sandbox: Sandbox, tmp_path: Path) -> None:
    assert outcome(sandbox, ordered(tmp_path, "pages")) == "read in time"


def page(order: str) -> str:
    return f"<html><!--{order}--></html>"


def test_in_an_archive_the_rest_is_read_behind_a_document_that_ends_the_process(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "包.zip"
    inner = zipped({"四.html": page("crash"), "五.txt": "第五份。"})
    path.write_bytes(zipped({"一.txt": "第一份。", "二.html": page("leave"), "三.txt": "第三份。", "内.zip": inner}))
    found = list(sandbox.load_all(path, source="包.zip"))
    assert [each.source if isinstance(each, Document) else each.path for each in found] == [
        "包.zip/一.txt",
        path / "二.html",
        "包.zip/三.txt",
        path / "内.zip" / "四.html",
        "包.zip/内.zip/五.txt",
    ]


def test_an_archive_of_nothing_but_bombs_is_given_up(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "包.zip"
    path.write_bytes(zipped({f"{n}.html": page("leave") for n in range(DEATHS + 3)}))
    found = list(sandbox.load_all(path))
    assert [str(each.path.name) for each in found if isinstance(each, DocumentError)] == [
        *(f"{n}.html" for n in range(DEATHS)),
        "包.zip",
    ]
    assert "其余文件没有读取" in str(found[-1])


# What it cannot do though it wants to


needs_files = pytest.mark.skipif(
    sys.platform != "linux" or not Path("/proc/self/status").exists(), reason="confinement is what Linux gives"
)


def in_force() -> list[str]:
    """The layers that this machine's kernel gives an ordinary process."""
    said: list[str] = []
    with Sandbox(said.append) as sandbox:
        list(sandbox.load_all(next((ROOT / "data/documents").iterdir())))
    return said


@needs_files
def test_no_socket_can_be_made(sandbox: Sandbox, tmp_path: Path) -> None:
    if any("seccomp" in said for said in in_force()):
        pytest.skip("this kernel has no seccomp")
    for family in ("inet", "inet6", "netlink"):
        assert outcome(sandbox, ordered(tmp_path, family)) == "refused: Permission denied"


@needs_files
def test_no_other_file_can_be_read_or_written(sandbox: Sandbox, tmp_path: Path) -> None:
    if any("Landlock" in said for said in in_force()):
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "mine").write_text(SECRET)
    for path in (tmp_path / "mine", ROOT / "README.md", Path(f"/proc/{os.getpid()}/environ"), Path("/etc/shadow")):
        assert outcome(sandbox, ordered(tmp_path, f"read {path}")) == "refused: Permission denied"
    for path in (tmp_path / "new", tmp_path / "mine", ROOT / "index/new.py", Path("/tmp/yiju-new")):
        assert outcome(sandbox, ordered(tmp_path, f"write {path}")) == "refused: Permission denied"
    assert (tmp_path / "mine").read_text() == SECRET


def test_it_knows_nothing_of_the_environment(sandbox: Sandbox, tmp_path: Path) -> None:
    names = outcome(sandbox, ordered(tmp_path, "environment")).split()
    assert "YIJU_API_KEY" not in names
    assert set(names) <= {
        "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY",
        "PATH", "PYTHONPATH", "PYTHONUTF8", "TMPDIR",
    }  # fmt: skip


def test_what_a_kernel_cannot_do_is_said_in_words() -> None:
    assert confinement.missing([confinement.FILES, confinement.NETWORK]) == []
    assert confinement.missing([confinement.NETWORK]) == [
        "本机内核没有 Landlock，读文件的进程能读到本用户能读的其他文件"
    ]


# It is an ordinary way to read files


def test_it_reads_what_is_read_without_it(tmp_path: Path) -> None:
    (tmp_path / "文.docx").write_bytes(docx(p("第一条 光伏装机容量70MW。") + p("第二条 自2023年5月1日起施行。")))
    (tmp_path / "包.zip").write_bytes(zipped({"甲.txt": "甲方案\n光伏70MW。", "坏.docx": b"PK\x03\x04 cut off"}))
    book = openpyxl.Workbook()
    book.active.append(["街道", "报名人数"])
    book.active.append(["朝阳街道", 1280])
    book.save(tmp_path / "表.xlsx")
    with Sandbox() as sandbox:
        for path in sorted(tmp_path.iterdir()):
            here, there = list(load_all(path)), list(sandbox.load_all(path))
            assert [each for each in there if isinstance(each, Document)] == [
                each for each in here if isinstance(each, Document)
            ]
            assert [(type(each), str(each)) for each in there if isinstance(each, DocumentError)] == [
                (type(each), str(each)) for each in here if isinstance(each, DocumentError)
            ]


def test_a_file_that_cannot_be_read_is_refused_as_without_it(tmp_path: Path) -> None:
    (tmp_path / "文.xyz").write_text("text")
    (tmp_path / "坏.pdf").write_bytes(b"%PDF-1.4 cut off")
    with Sandbox() as sandbox:
        with pytest.raises(UnsupportedFormat, match="不支持的文件格式"):
            list(sandbox.load_all(tmp_path / "文.xyz"))
        with pytest.raises(DocumentUnreadable, match="PDF 结构损坏"):
            list(sandbox.load_all(tmp_path / "坏.pdf"))
        with pytest.raises(DocumentUnreadable, match="找不到或无法访问"):
            list(sandbox.load_all(tmp_path / "没有.txt"))


def workers() -> list[int]:
    """Processes that this one started to read files."""
    command = ["ps", "-o", "pid,args", "--ppid", str(os.getpid())]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "index.sandbox.worker" in line]


def test_one_process_reads_many_files_and_ends_with_the_sandbox(tmp_path: Path) -> None:
    before = set(workers())
    for n in range(5):
        (tmp_path / f"{n}.txt").write_text(f"第{n}份。", encoding="utf-8")
    with Sandbox() as sandbox:
        seen = set()
        for n in range(5):
            list(sandbox.load_all(tmp_path / f"{n}.txt"))
            seen |= set(workers()) - before
        (mine,) = seen
    assert mine not in workers()


def test_a_reader_that_stops_half_way_leaves_no_process_at_work(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "包.zip"
    path.write_bytes(zipped({"一.txt": "第一份。", "二.html": page("wait")}))
    found = sandbox.load_all(path)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert outcome(sandbox, ordered(tmp_path, "")) == "一页好的网页。"


READ_AND_WAIT = """
import sys
from pathlib import Path
from index.sandbox import Sandbox
sandbox = Sandbox(module="tests.support.bad_loaders")
list(sandbox.load_all(Path(sys.argv[1])))
sys.stdin.read()
"""


def test_it_does_not_outlive_the_program_that_started_it(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", READ_AND_WAIT, ordered(tmp_path, "")], cwd=ROOT, stdin=subprocess.PIPE
    )
    with program:
        children = children_of(program.pid)
        program.send_signal(signal.SIGKILL)
    for _ in range(2400):  # ends early; a busy machine takes its time
        if not any(Path(f"/proc/{child}").exists() for child in children):
            return
        time.sleep(0.05)
    raise AssertionError(f"still there: {children}")


def children_of(pid: int) -> list[int]:
    """Its children, once it has some that run our module."""
    for _ in range(2400):
        listed = subprocess.run(["ps", "-o", "pid,args", "--ppid", str(pid)], capture_output=True, text=True).stdout
        found = [int(line.split()[0]) for line in listed.splitlines()[1:] if "bad_loaders" in line]
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("no process was started")


def test_a_process_that_cannot_start_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "文.txt").write_text("正文", encoding="utf-8")
    with (
        Sandbox(module="tests.no_such_module") as sandbox,
        pytest.raises(YijuError, match="无法启动读取文件的进程") as caught,
    ):
        list(sandbox.load_all(tmp_path / "文.txt"))
    assert not isinstance(caught.value, DocumentError)


def test_the_command_reads_a_folder_with_a_crasher_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("index.store.sync.Sandbox", lambda notice: Sandbox(notice, module="tests.support.bad_loaders"))
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "一.txt").write_text("第一份，光伏70MW。", encoding="utf-8")
    ordered(papers, "crash", "坏.html")
    (papers / "二.txt").write_text("第二份，风电180MW。", encoding="utf-8")
    assert main(["build", str(papers), "-o", str(tmp_path / "index")], load_encoder=lambda name: HashEncoder()) == 0
    captured = capsys.readouterr()
    assert "2 份文档" in captured.out
    assert f"已跳过：无法读取 {papers / '坏.html'}：读取程序崩溃（SIGSEGV）" in captured.err
