"""Files as large as files come, made here and read with the command: what is read, what is refused, in what memory."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from bench import Measurement
from bench.folders import Run, run_index
from index.store.storage import read_manifest

PAGES = 2_000
_BEYOND = 3_500  # pages: more than are read of one document
_MEGABYTES = 500
_FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def extremes() -> list[Measurement]:
    """Measure files of 2,000 and 3,500 pages, 500 MB in four formats, and an archive that unpacks without end.

    Read or refused with the reason, in bounded memory.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder))


def _measured(folder: Path) -> list[Measurement]:
    figures: list[Measurement] = []
    for name, pages in ((f"{PAGES:,} pages", PAGES), (f"{_BEYOND:,} pages", _BEYOND)):
        (folder / "book").mkdir(exist_ok=True)
        (folder / "book/book.pdf").write_bytes(book(pages))
        read = run_index("build", folder / "book", "-o", folder / f"index{pages}")
        figures += [
            Measurement(name, read.seconds, "s"),
            Measurement(f"{name}: most memory", read.megabytes, "MB", "≤ 1500"),
        ]
        figures += [Measurement(f"{name}: the limit is said", _said(read, "只读前"), "", f"= {int(pages > PAGES)}")]
    huge = folder / "huge"
    huge.mkdir()
    (huge / "small.txt").write_text("光伏装机70MW。\n", encoding="utf-8")
    for name, write in HUGE.items():
        write(huge / name)
    read = run_index("build", huge, "-o", folder / "index")
    refused = sum(_said(read, name) for name in HUGE)
    return [
        *figures,
        Measurement(f"files of {_MEGABYTES} MB refused with the reason", refused, "", f"= {len(HUGE)}"),
        Measurement("documents read beside them", read_manifest(folder / "index").documents, "", "= 1"),
        Measurement("all of that", read.seconds, "s"),
        Measurement("most memory", read.megabytes, "MB", "≤ 1500"),
    ]


def _said(run: Run, words: str) -> int:
    return int(any(words in line for line in run.said))


def _one_line(number: int) -> str:
    return f"(Page {number}: installed capacity {number * 7} MW.) Tj"


def book(pages: int, written: Callable[[int], str] = _one_line, font: str = _FONT) -> bytes:
    """Return a PDF of that many pages; `written` gives the text operators of each, by default of one line."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "", font]
    for number in range(1, pages + 1):
        said = f"BT /F1 12 Tf 72 700 Td {written(number)} ET"
        objects.append(f"<</Length {len(said)}>>stream\n{said}\nendstream")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {len(objects)} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>"
        )
    kids = " ".join(f"{2 * number + 3} 0 R" for number in range(1, pages + 1))
    objects[1] = f"<</Type/Pages/Count {pages}/Kids[{kids}]>>"
    data, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("ascii")
    entries = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(data)}\n%%EOF\n"
    return bytes(data) + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}{end}".encode("ascii")


def _text(path: Path) -> None:
    line = "第一条 为了加强管理，根据有关法律，制定本办法。\n".encode()
    with path.open("wb") as file:
        for _ in range(_MEGABYTES):
            file.write(line * (2**20 // len(line) + 1))


def _sparse(beginning: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(beginning)
            file.truncate(_MEGABYTES * 2**20)

    return write


def _packed(path: Path) -> None:
    """Write an archive of half a megabyte with a text of 500 in it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("inner.txt", "w") as file:
        for _ in range(_MEGABYTES):
            file.write(b" " * 2**20)


HUGE: dict[str, Callable[[Path], None]] = {
    "huge.txt": _text,
    "huge.pdf": _sparse(b"%PDF-1.4\n"),
    "huge.docx": _sparse(b"PK\x03\x04"),
    "huge.png": _sparse(b"\x89PNG\r\n\x1a\n"),
    "bomb.zip": _packed,
}
"""Files of 500 MB, or that become so large, by name: how each is written."""
