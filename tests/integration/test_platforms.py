"""What works where the system's interface is not Linux's: without the modules that Windows lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from index.__main__ import main
from index.sandbox import Sandbox

HIDDEN = "import sys; sys.modules |= dict.fromkeys(('fcntl', 'resource', 'msvcrt')); "
TEXT = "綦江区发布方案。到2025年，光伏装机达到70MW。"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("platforms")
    (folder / "plan.txt").write_text(TEXT, encoding="utf-8")
    assert main(["build", str(folder / "plan.txt"), "-o", str(folder / "index")]) == 0
    return folder


def hidden(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", HIDDEN + code]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=600)


def test_an_index_is_opened_and_asked(folder: Path) -> None:
    asked = hidden("from qa.__main__ import main; sys.exit(main(['光伏装机多少', '--index', 'index']))", folder)
    assert asked.returncode == 0 and "70MW" in asked.stdout, asked.stderr


def test_what_has_to_lock_says_in_one_line_that_it_cannot(folder: Path) -> None:
    added = hidden("from index.__main__ import main; sys.exit(main(['add', 'index', 'plan.txt']))", folder)
    assert added.returncode == 2 and added.stderr.count("\n") == 1 and "没有文件锁" in added.stderr


def test_files_are_read_in_a_process_that_nothing_limits(folder: Path) -> None:
    with Sandbox(module="tests.support.unlimited_worker") as sandbox:
        (document,) = sandbox.load_all(folder / "plan.txt")
    assert document.text == TEXT


@pytest.mark.parametrize("module", ["index", "qa", "ui", "eval"])
def test_whoever_stops_reading_a_commands_output_sees_no_error(module: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    argv = [sys.executable, "-m", module, "--help"]
    ended = subprocess.run(argv, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=600)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("module", ["index", "qa", "ui", "eval", "ui.api.mcp_server"])
def test_every_command_tells_its_version(module: str) -> None:
    told = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, timeout=600)
    assert told.returncode == 0 and told.stdout.startswith("yiju-"), told.stderr


@pytest.mark.parametrize(
    ("module", "typed", "offered"),
    [
        ("index", "bui", "build"),
        ("index", "build --enc", "--encoder"),
        ("eval", "comp", "compare"),
        ("eval", "compare --mark", "--markdown"),
        ("eval", "set.jsonl --split", "--split"),
        ("ui", "--read", "--read-only"),
        ("qa", "--cau", "--caution"),
    ],
)
def test_a_shell_completes_commands_and_options(module: str, typed: str, offered: str) -> None:
    argv = [sys.executable, "-m", module, "--print-completion", "bash"]
    script = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=True).stdout
    *_, options, function, name = script.split()
    assert (options, function) == ("-F", f"_shtab_{name.replace('-', '_')}") and "-o bashdefault -o default" in script
    words = f"COMP_WORDS=({name} {typed}); COMP_CWORD={len(typed.split())}"
    asked = f"{script}\n{words}; {function} {name} {typed.split()[-1]} x; echo ${{COMPREPLY[@]}}"
    offers = subprocess.run(["bash"], input=asked, capture_output=True, text=True, timeout=60)
    assert (offers.stdout.split(), offers.stderr) == ([offered], "")
