"""What is fuzzed, what each target may answer, and what it starts from.

A target takes bytes. It passes by reading them or by refusing them with the error that is meant for that; whatever it
reads must hold together: it can be split, saved, and read again. Everything else it raises is a finding.
"""

from __future__ import annotations

import atexit
import hashlib
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

from index import codec
from index.errors import DocumentError, IndexStoreError, MissingDependency
from index.loaders import load_all, ocr
from index.loaders.sheets import Sheet
from index.records import Document
from index.store.contents import SegmentContents
from index.store.passage_index import PassageIndex
from index.store.storage import sealed
from index.structure.splitter import split
from tests.support.fakes import HashEncoder
from tests.support.files import at, docx, p, pdf, pptx, ruled, shape, tbl, zipped
from tests.support.folders import overwrite

CORPUS = Path(__file__).parent / "corpus"
INGEST = Path(__file__).parents[3] / "shared/data/ingest"
SEED_MAX = 150_000
"""Bytes of a file that mutation starts from: larger ones are slow to read and mutation hardly reaches what matters."""

Target = Callable[[bytes], None]


def read_file(suffix: str, data: bytes) -> None:
    """Load a file of these bytes; a page that is a picture counts as one without text, for OCR takes seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"文{suffix}"
        path.write_bytes(data)
        try:
            documents = [each for each in load_all(path) if isinstance(each, Document)]
        except (DocumentError, MissingDependency):
            return
    for document in documents:
        check(document)


def check(document: Document) -> None:
    """Fail unless a document that was read can be split, saved, and read again as it was."""
    assert codec.document_of(codec.unpacked(codec.packed(codec.document_row(document)))) == document
    contents = SegmentContents.of([(document, split(document))])
    contents.check()
    assert (contents.document(0), contents.passages(0)) == (document, split(document))
    assert list(document.page_starts) == sorted(document.page_starts)


def blank(page: ocr.Page) -> Sheet:
    """A page that is a picture, as if nothing were on it."""
    height, width = page.picture.shape[:2]
    return Sheet(width * page.points, height * page.points, [], [], page.headings, rough=True)


# --- index folders ------------------------------------------------------------------------------

ENCODER = HashEncoder(dim=8)


@cache
def small_index() -> Path:
    """A folder with an index of two documents, kept as long as the process lives."""
    place = tempfile.mkdtemp(prefix="yiju-fuzz-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    folder = Path(place) / "index"
    texts = {"alpha": "甲方案\n一、目标\n光伏70MW。\n", "beta": "乙办法\n第一条 为规范管理，制定本办法。\n"}
    documents = [Document(id, text[:3], text, f"{id}.txt") for id, text in texts.items()]
    PassageIndex.build(documents, ENCODER).save(folder)
    return folder


def stored_files() -> list[Path]:
    """Files of the small index: the first byte of an input chooses one, the rest takes its place."""
    return sorted(path for path in small_index().iterdir() if not path.name.startswith("."))


def read_index(data: bytes) -> None:
    """Open an index one of whose files holds these bytes, with a manifest that vouches for them."""
    if not data:
        return
    chosen = stored_files()[data[0] % len(stored_files())]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "index"
        shutil.copytree(small_index(), folder)
        replace(folder, chosen.name, data[1:])
        try:
            index = PassageIndex.open(folder, encoder=ENCODER)
        except IndexStoreError:
            return
        index.search("光伏目标", 3)
        for document in index.documents():
            index.passages(document.id)
        index.save(Path(place) / "copy")


def replace(folder: Path, name: str, content: bytes) -> None:
    """Put content in the place of a file and have the manifest say that it belongs there."""
    (folder / name).unlink()
    if name == "manifest.json":
        (folder / name).write_bytes(_resealed(content))
        return
    digest = hashlib.sha256(content).hexdigest()
    renamed = re.sub(r"-[0-9a-f]{16}", f"-{digest[:16]}", name)
    (folder / renamed).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for entry in _entries(manifest):
        if entry.get("name") == name:
            entry.update(name=renamed, bytes=len(content), sha256=digest)
    overwrite(folder / "manifest.json", sealed(manifest))


def _resealed(content: bytes) -> bytes:
    """A manifest that vouches for itself, where it can be made one."""
    try:
        stored = json.loads(content)
        return sealed(stored) if isinstance(stored, dict) else content
    except (ValueError, RecursionError):
        return content


def _entries(node: object) -> Iterator[dict[str, object]]:
    """All JSON objects in a value."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _entries(each)


# --- what there is ------------------------------------------------------------------------------

TARGETS: Mapping[str, Target] = {
    **{
        suffix: partial(read_file, f".{suffix}")
        for suffix in ("txt", "html", "docx", "xlsx", "pptx", "ofd", "pdf", "png", "zip", "doc")
    },
    "index": read_index,
}


def seeds(target: str) -> list[bytes]:
    """Small whole inputs of a target: made by hand, and real ones where the shared data lies beside the repository."""
    made = _MADE[target]()
    found = sorted(INGEST.glob(f"*.{target}")) if INGEST.is_dir() else []
    real = [path.read_bytes() for path in found if target != "pdf" and path.stat().st_size <= SEED_MAX]
    pages = [_first_page(path) for path in found if target == "pdf"]
    return [each for each in (*made, *real, *pages) if len(each) <= SEED_MAX]


def _first_page(path: Path) -> bytes:
    import pypdfium2 as pdfium

    with pdfium.PdfDocument(path) as whole, pdfium.PdfDocument.new() as part:
        part.import_pages(whole, [0])
        buffer = io.BytesIO()
        part.save(buffer)
    return buffer.getvalue()


def _texts() -> list[bytes]:
    text = "綦江区方案\n一、目标任务\n（一）光伏装机容量70MW。\n第一条 自2023年5月1日起施行，有效期5年。\n"
    table = b"# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    return [text.encode(), text.encode("gb18030"), text.encode("utf-16"), table]


def _pages() -> list[bytes]:
    table = "<table><tr><th rowspan=2>甲</th><th colspan=2>乙</th></tr><tr><td>1<td>2</tr></table>"
    body = f"<h1>标题</h1><nav>导航</nav><article><p>正文。</p>{table}<ul><li>一<li>二</ul></article>"
    return [f'<!doctype html><html><meta charset="utf-8"><title>题</title><body>{body}</body></html>'.encode()]


def _word() -> list[bytes]:
    levels = '<w:lvl w:ilvl="0"><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%1章"/></w:lvl>'
    numbering = (
        f'<w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    )
    item = p("总则", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
    styles = '<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>'
    body = item + p("目标", '<w:pStyle w:val="1"/>') + p("光伏70MW。") + tbl([["甲", "乙"], ["1", "2"]], header=True)
    return [docx(body, numbering=numbering, styles=styles, footnotes='<w:footnote w:id="1"><w:p/></w:footnote>')]


def _sheets() -> list[bytes]:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["指标", "2025年", "2030年"], ["光伏", 70, 0.35], ["日期", "2025-01-01", None]):
        sheet.append(row)
    sheet.merge_cells("B2:C2")
    sheet["C3"].number_format = "0.0%"
    buffer = io.BytesIO()
    book.save(buffer)
    return [buffer.getvalue()]


def _slides() -> list[bytes]:
    return [pptx(shape("封面", "title") + shape("正文", y=2), shape("第二页", "title"))]


def _fixed() -> list[bytes]:
    code = '<TextCode X="0" Y="5" DeltaX="g 3 5">光伏装机</TextCode>'
    text = f'<TextObject Boundary="20 30 150 10" Size="5" CTM="1 0 0 1 0 0">{code}</TextObject>'
    parts = {
        "OFD.xml": "<OFD><DocBody><DocRoot>Doc_0/Document.xml</DocRoot></DocBody></OFD>",
        "Doc_0/Document.xml": '<Document><Pages><Page ID="1" BaseLoc="P/C.xml"/></Pages></Document>',
        "Doc_0/P/C.xml": f"<Page><Content><Layer>{text}</Layer></Content></Page>",
    }
    return [zipped(parts)]


def _printed() -> list[bytes]:
    table = ruled([72, 200, 400], [500, 520, 540]) + at(80, 525, "甲") + at(220, 505, "70")
    return [
        pdf(at(72, 780, "一、目标") + at(96, 760, "光伏70MW。") + table, at(72, 780, "完"), outline=[("一、目标", 0)]),
        pdf(at(72, 700, "转过来"), rotate=90),
    ]


def _pictures() -> list[bytes]:
    from PIL import Image

    found = []
    for form in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"):
        buffer = io.BytesIO()
        Image.new("RGB", (40, 30), "white").save(buffer, form)
        found.append(buffer.getvalue())
    return found


def _archives() -> list[bytes]:
    inner = zipped({"内.txt": "内层文件，光伏70MW。".encode()})
    return [zipped({"一.txt": "第一份，光伏70MW。".encode(), "二.zip": inner, "夹/三.html": _pages()[0]})]


def _old() -> list[bytes]:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "WordDocument".encode("utf-16-le")
    return [ole, b"{\\rtf1\\ansi hello}"]


def _stored() -> list[bytes]:
    return [bytes([number]) + path.read_bytes() for number, path in enumerate(stored_files())]


_MADE: Mapping[str, Callable[[], list[bytes]]] = {
    "txt": _texts, "html": _pages, "docx": _word, "xlsx": _sheets, "pptx": _slides, "ofd": _fixed, "pdf": _printed,
    "png": _pictures, "zip": _archives, "doc": _old, "index": _stored,
}  # fmt: skip
