"""Rich text, .rtf: by LibreOffice where the machine has it, else its text with rows of tables."""

from __future__ import annotations

from itertools import groupby

from index.loaders import legacy
from index.loaders.content import Content, Unreadable, Writer
from index.loaders.tables import Grid


def read(data: bytes) -> Content:
    """Read rich text; Unreadable if it is damaged."""
    if legacy.office() is not None:
        return legacy.read(data)
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
