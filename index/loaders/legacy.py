"""Old office formats (.doc, .wps, .xls, .et, .ppt, .dps, .rtf): converted by LibreOffice where the machine has it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from itertools import groupby
from pathlib import Path

from index.loaders import docx, pptx, xlsx
from index.loaders.content import Content, Unreadable, Writer
from index.loaders.formats import streams
from index.loaders.tables import Grid

TIMEOUT = 180
"""Seconds that one conversion may take."""

# Names of streams in a compound file tell what wrote it.
_STREAMS = (("Workbook", "xls"), ("Book", "xls"), ("PowerPoint Document", "ppt"), ("WordDocument", "doc"))
_TARGETS = {
    "xls": ("xlsx", xlsx.read),
    "ppt": ("pptx", pptx.read),
    "doc": ("docx", docx.read),
    "rtf": ("docx", docx.read),
}


def read(data: bytes) -> Content:
    """Read an old office file; Unreadable if LibreOffice is missing or cannot convert the file."""
    kind = _kind(data)
    program = office()
    if program is None and kind == "rtf":
        return _rich_text(data)
    if program is None:
        raise Unreadable(
            f"这是旧版格式（.{kind} 一类），读取它需要本机装有 LibreOffice。请安装 LibreOffice，"
            f"或用 Word、WPS 另存为 .{_TARGETS[kind][0]}。"
        )
    target, read_converted = _TARGETS[kind]
    with tempfile.TemporaryDirectory(prefix="yiju-") as folder:
        return read_converted(_converted(program, data, kind, target, Path(folder)))


def office() -> str | None:
    """Return the program that converts, or None where the machine has none."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def _kind(data: bytes) -> str:
    """Return what wrote a file, by the names of its streams; Unreadable if it has none of an office program."""
    if data.startswith(b"{\\rtf"):
        return "rtf"
    found = streams(data)
    if any(name.startswith("__properties_version") for name in found):
        raise Unreadable("这是 Outlook 邮件（.msg）。请在 Outlook 里另存为 .eml 或 .mht。")
    kind = next((kind for name, kind in _STREAMS if name in found), None)
    if kind is None and found:
        raise Unreadable("不是 Word、Excel 或 PowerPoint 的旧版文件。请用原软件另存为 .docx、.xlsx 或 .pptx。")
    return kind or "doc"


def _rich_text(data: bytes) -> Content:
    """Return the text of an .rtf file without its formatting, rows of tables as tables."""
    from striprtf.striprtf import rtf_to_text

    try:
        text = rtf_to_text(data.decode("latin-1"), encoding="gb18030", errors="replace")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unreadable("RTF 结构损坏。请用 Word 或 WPS 打开后另存为 .docx。") from error
    writer = Writer()
    for is_row, lines in groupby(
        text.split("\n"), key=lambda line: line.count("|") > 1 and line.rstrip().endswith("|")
    ):
        if is_row:
            rows = [[cell.strip() for cell in line.rstrip().removesuffix("|").split("|")] for line in lines]
            width = max(map(len, rows))
            writer.table(Grid([row + [""] * (width - len(row)) for row in rows]))
        else:
            for line in lines:
                writer.paragraph(line)
    return writer.content()


def _converted(office: str, data: bytes, kind: str, target: str, folder: Path) -> bytes:
    source = folder / f"document.{kind}"
    source.write_bytes(data)
    # A profile of its own: no macro is trusted, and a running LibreOffice is not in the way.
    command = [
        office, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore", "--convert-to",
        target, "--outdir", str(folder / "out"), str(source),
    ]  # fmt: skip
    try:
        subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=True)
        return (folder / "out" / f"document.{target}").read_bytes()
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"LibreOffice 转换超过 {TIMEOUT} 秒。请用原软件另存为 .{target}。") from error
    except (subprocess.CalledProcessError, OSError) as error:
        raise Unreadable(f"LibreOffice 无法转换，文件可能损坏。请用原软件另存为 .{target}。") from error
