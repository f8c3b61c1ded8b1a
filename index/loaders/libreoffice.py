"""LibreOffice, where the machine has it: it turns old formats into new ones, and office documents into pages.

It runs in the process that reads files (`index.sandbox`), under the same limits of memory, time and files, without a
network and with a profile of its own: no macro is trusted, and one that is open elsewhere is not in the way.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

from index.loaders.content import Unreadable
from index.loaders.formats import HEAD, Format, inside, sniff, streams

TIMEOUT = 180
"""Seconds that one conversion may take."""

PAGED = (
    ".docx", ".docm", ".dotx", ".doc", ".dot", ".wps", ".wpt", ".odt", ".rtf", ".pptx", ".pptm", ".ppsx", ".ppt",
    ".pps", ".dps", ".odp",
)  # fmt: skip
"""Names of the files that it lays out on pages; the pages of a sheet tell nobody anything."""

# A new profile makes it start again, and then it finds its socket taken, which is named after the profile and which the
# confined process may not remove: the next run has the same profile under another name.
_PROFILES = ("profile", "started")
_runs = count()
_RUNS_MAX = 2000  # of one process
# Names of streams in a compound file tell what wrote it.
_STREAMS = (("Workbook", "xls"), ("Book", "xls"), ("PowerPoint Document", "ppt"), ("WordDocument", "doc"))
_OF_OFFICE = {Format.DOCX: "docx", Format.PPTX: "pptx", Format.ODF: "odt"}  # it knows .odp by its content


def program() -> str | None:
    """Return the program that converts, or None where the machine has none."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def sockets(temporary: Path, pid: int) -> list[Path]:
    """Return what it leaves in /tmp, where the process that runs it may remove nothing.

    Args:
        temporary: where that process keeps temporary files.
        pid: of that process.

    Source: LibreOffice, desktop/source/app/officeipcthread.cxx.
    """
    left = set(Path("/tmp").glob(f"OSL_PIPE_{os.getuid()}_SingleOfficeIPC_*"))
    folders = (_folder(temporary, pid, number) for number in range(_RUNS_MAX)) if left else ()
    return [path for folder in folders for name in _PROFILES if (path := _socket(folder / name)) in left]


def _socket(profile: Path) -> Path:
    digest = hashlib.md5(profile.as_uri().encode("utf-16-le"), usedforsecurity=False).digest()
    return Path(f"/tmp/OSL_PIPE_{os.getuid()}_SingleOfficeIPC_{''.join(f'{byte:x}' for byte in digest)}")


def _folder(temporary: Path, pid: int, number: int) -> Path:
    return temporary / f"yiju-office-{pid}-{number}"


def old_kind(data: bytes) -> str:
    """Return what wrote an old office file, by the names of its streams.

    Raises:
        Unreadable: if it has none of an office program.
    """
    if data.startswith(b"{\\rtf"):
        return "rtf"
    found = streams(data)
    if any(name.startswith("__properties_version") for name in found):
        raise Unreadable("这是 Outlook 邮件（.msg）。请在 Outlook 里另存为 .eml 或 .mht。")
    kind = next((kind for name, kind in _STREAMS if name in found), None)
    if kind is None and found:
        raise Unreadable("不是 Word、Excel 或 PowerPoint 的旧版文件。请用原软件另存为 .docx、.xlsx 或 .pptx。")
    return kind or "doc"


def as_pdf(data: bytes) -> bytes:
    """Return an office document as PDF.

    Raises:
        Unreadable: if it is none, LibreOffice is missing, or cannot convert it.
    """
    found = inside(data, sniff(data[:HEAD]))
    if found not in (*_OF_OFFICE, Format.LEGACY):
        raise Unreadable("不是 Word 或演示文稿，没有页面图像。")
    office = program()
    if office is None:
        raise Unreadable("显示这种文件的页面图像需要本机装有 LibreOffice。")
    return converted(office, data, _OF_OFFICE.get(found) or old_kind(data), "pdf")


def converted(office: str, data: bytes, kind: str, target: str) -> bytes:
    """Return a file in another format.

    Args:
        office: the program.
        data: the file.
        kind: the suffix of its format.
        target: that of the other.

    Raises:
        Unreadable: if it takes too long, or is damaged.
    """
    folder = _folder(Path(tempfile.gettempdir()), os.getpid(), next(_runs))
    folder.mkdir(mode=0o700)
    made = folder / "out" / f"document.{target}"
    until = time.monotonic() + TIMEOUT
    try:
        (folder / f"document.{kind}").write_bytes(data)
        for profile in _PROFILES:
            if not made.exists():
                _run(office, folder, profile, kind, target, until - time.monotonic())
        return made.read_bytes()
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"LibreOffice 转换超过 {TIMEOUT} 秒。请用原软件另存为 .{target}。") from error
    except OSError as error:
        raise Unreadable(f"LibreOffice 无法转换，文件可能损坏。请用原软件另存为 .{target}。") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(office: str, folder: Path, profile: str, kind: str, target: str, timeout: float) -> None:
    if profile != _PROFILES[0] and (folder / _PROFILES[0]).exists():
        (folder / _PROFILES[0]).rename(folder / profile)
    command = [
        office, f"-env:UserInstallation={(folder / profile).as_uri()}", "--headless", "--norestore",
        "--convert-to", target, "--outdir", str(folder / "out"), str(folder / f"document.{kind}"),
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=timeout, check=False)
