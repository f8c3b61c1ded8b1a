"""Old office formats (.doc, .wps, .xls, .et, .ppt, .dps, .rtf): converted by LibreOffice where the machine has it."""

from __future__ import annotations

from itertools import groupby

from index.loaders import docx, libreoffice, pptx, xlsx
from index.loaders.content import Content, Unreadable, Writer
from index.loaders.tables import Grid

_TARGETS = {
    "xls": ("xlsx", xlsx.read),
    "ppt": ("pptx", pptx.read),
    "doc": ("docx", docx.read),
    "rtf": ("docx", docx.read),
}


def read(data: bytes) -> Content:
    """Read an old office file; Unreadable if LibreOffice is missing or cannot convert the file."""
    kind = libreoffice.old_kind(data)
    target, read_converted = _TARGETS[kind]
    program = libreoffice.program()
    if program is None and kind == "rtf":
        return _rich_text(data)
    if program is None:
        raise Unreadable(
            f"这是旧版格式（.{kind} 一类），读取它需要本机装有 LibreOffice。请安装 LibreOffice，"
            f"或用 Word、WPS 另存为 .{target}。"
        )
    return read_converted(libreoffice.converted(program, data, kind, target))


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
