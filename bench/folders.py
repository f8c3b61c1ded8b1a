"""Taking folders in: how long it takes, how much memory, and what becomes of bad files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import Measurement
from bench.programs import ROOT
from index.errors import YijuError
from index.store.storage import read_manifest

REPORTS = Path(__file__).resolve().parents[2] / "shared/data/policy/work_reports_docx"
FILES = 10_000
BAD = 100

_BAD = {
    ".pdf": b"%PDF-1.4\n1 0 obj << /Type /Catalog",
    ".docx": b"PK\x03\x04 cut off",
    ".txt": b"",
    ".xlsx": bytes(range(256)) * 8,
}


@dataclass(frozen=True, slots=True)
class Run:
    """A command that came to its end.

    Attributes:
        seconds: wall time.
        megabytes: the most memory it held.
        said: lines on stderr.
    """

    seconds: float
    megabytes: float
    said: list[str]


def reports() -> list[Measurement]:
    """Return the 31 provincial reports: indexed from nothing, and taken in again without a change."""
    if not REPORTS.is_dir():
        raise YijuError(f"没有 {REPORTS}：这项测试要用仓库旁的共享数据。")
    with tempfile.TemporaryDirectory() as folder:
        built = run_index("build", REPORTS, "-o", f"{folder}/index")
        again = run_index("add", f"{folder}/index", REPORTS)
    return [
        Measurement("31 reports indexed from nothing", built.seconds, "s", "≤ 240"),
        Measurement("most memory", built.megabytes, "MB", "≤ 1500"),
        Measurement("taken in again, nothing changed", again.seconds, "s", "≤ 3"),
    ]


def many() -> list[Measurement]:
    """Return ten thousand small files of which a hundred are bad: each bad one is named, all others are indexed."""
    with tempfile.TemporaryDirectory() as folder:
        papers = Path(folder) / "papers"
        _write(papers)
        built = run_index("build", papers, "-o", f"{folder}/index")
        again = run_index("add", f"{folder}/index", papers)
        documents = read_manifest(Path(folder) / "index").documents
    return [
        Measurement("documents indexed", documents, "", f"= {FILES - BAD}"),
        Measurement("bad files named", sum("坏" in line for line in built.said), "", f"= {BAD}"),
        Measurement("indexed from nothing", built.seconds, "s"),
        Measurement("most memory", built.megabytes, "MB", "≤ 1500"),
        Measurement("taken in again, nothing changed", again.seconds, "s"),
    ]


def _write(folder: Path) -> None:
    """Write a hundred folders of small files, with bad ones among them and a link that leads back."""
    for number in range(FILES):
        part = folder / f"{number % 100:02}"
        part.mkdir(parents=True, exist_ok=True)
        if number < BAD:
            ending = list(_BAD)[number % len(_BAD)]
            (part / f"坏{number}{ending}").write_bytes(_BAD[ending])
        else:
            text = f"第{number}号登记表\n登记单位{number}的装机容量为{number % 977}千瓦，责任人工号{number * 7}。\n"
            (part / f"表{number}.txt").write_text(text, encoding="utf-8")
    (folder / "00" / "again").symlink_to(folder)


def run_index(*arguments: str | Path) -> Run:
    """Run `yiju-index` to its end.

    Raises:
        YijuError: if it fails, with what it said.
    """
    command = [sys.executable, "-m", "index", *map(str, arguments)]
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        errors.seek(0)
        said = errors.read().decode().splitlines()
    if process.returncode:
        raise YijuError(f"{' '.join(command[1:])} 以 {process.returncode} 退出：{' '.join(said[-1:])}")
    return Run(seconds, usage.ru_maxrss / 1e3, said)
