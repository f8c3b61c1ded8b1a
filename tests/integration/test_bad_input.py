"""Input that nobody should make: read or refused by name, within time that grows with its size."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from index.errors import DocumentError, DocumentTooLarge, DocumentUnreadable
from index.loaders import load_all, ocr
from index.loaders.sheets import Glyph, Sheet
from index.records import Document
from tests.support.files import R, at, docx, p, pdf, tbl, zipped
from tests.support.files import _assembled as assembled

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
SECONDS = 30
"""Processor time that any of these takes at most: a tenth of it, on a quiet machine."""


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < SECONDS


def read(folder: Path, name: str, data: bytes) -> tuple[Document | DocumentError, str]:
    """The document of a file, and what its reader tells of what it left out."""
    (folder / name).write_bytes(data)
    notices: list[str] = []
    (found,) = load_all(folder / name, notice=notices.append)
    return found, "\n".join(notices)


def text(folder: Path, name: str, data: bytes) -> str:
    found, _ = read(folder, name, data)
    assert isinstance(found, Document)
    return found.text


def cell(reference: str, said: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{said}</t></is></c>'


def xlsx(sheets: Sequence[str]) -> bytes:
    """A book of sheets given as the XML in them."""
    listed = "".join(f'<sheet name="表{n}" r:id="r{n}"/>' for n in range(len(sheets)))
    links = "".join(f'<Relationship Id="r{n}" Target="worksheets/s{n}.xml"/>' for n in range(len(sheets)))
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{R}"><sheets>{listed}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f"<Relationships>{links}</Relationships>",
            **{
                f"xl/worksheets/s{n}.xml": f'<worksheet xmlns="{MAIN}">{sheet}</worksheet>'
                for n, sheet in enumerate(sheets)
            },
        }
    )


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(*lines: tuple[str, str]) -> str:
    return "".join(f'<row r="{n}">{cell(f"A{n}", a)}{cell(f"B{n}", b)}</row>' for n, (a, b) in enumerate(lines, 1))


# --- sheets -----------------------------------------------------------------------------------


def test_a_sheet_that_declares_all_cells_there_can_be_is_what_it_holds(tmp_path: Path) -> None:
    held = rows(("站点", "雨量"), ("甲站", "12")) + f'<row r="1048576">{cell("XFD1048576", "尾")}</row>'
    sheet = (
        '<dimension ref="A1:XFD1048576"/><cols><col min="1" max="16384" width="9"/></cols>'
        f'<sheetData>{held}</sheetData><mergeCells><mergeCell ref="A2:XFD1048575"/></mergeCells>'
    )
    assert text(tmp_path, "表.xlsx", xlsx([sheet])).splitlines() == ["站点：甲站 | 雨量：12", "尾"]


def test_a_wide_row_above_a_long_column_is_read_in_linear_time(tmp_path: Path) -> None:
    wide = "".join(f"<c t='str'><v>列{n}</v></c>" for n in range(16_384))
    long = "".join(f'<row r="{n}"><c t="str"><v>行{n}</v></c></row>' for n in range(2, 60_001))
    found = text(tmp_path, "表.xlsx", xlsx([f'<sheetData><row r="1">{wide}</row>{long}</sheetData>']))
    assert "列16383" in found and found.splitlines()[-1] == "行60000"


def test_a_book_of_ten_thousand_sheets_is_read_to_its_last(tmp_path: Path) -> None:
    sheets = [f"<sheetData>{rows(('站点', '雨量'), (f'站{n}', '12'))}</sheetData>" for n in range(10_000)]
    found = text(tmp_path, "表.xlsx", xlsx(sheets))
    assert found.splitlines()[-2:] == ["表9999", "站点：站9999 | 雨量：12"]


# --- tables and charts ------------------------------------------------------------------------


@pytest.mark.parametrize("beside", ["", "<w:tc><w:p/></w:tc>"])
def test_ten_thousand_tables_in_each_other_are_refused_by_name(tmp_path: Path, beside: str) -> None:
    body = f"<w:tbl><w:tr>{beside}<w:tc>" * 10_000 + p("最里面") + "</w:tc></w:tr></w:tbl>" * 10_000
    with pytest.raises(DocumentUnreadable, match=r"文\.docx：.*嵌套太深"):
        read(tmp_path, "文.docx", docx(body))


def test_ten_thousand_tables_after_each_other_are_read(tmp_path: Path) -> None:
    found = text(tmp_path, "文.docx", docx(tbl([["站点", "雨量"], ["甲站", "12"]]) * 10_000))
    assert found.count("站点：甲站 | 雨量：12\n") == 10_000


def test_ten_thousand_tables_in_the_cells_of_a_page_are_read(tmp_path: Path) -> None:
    inner = "<table><tr><th>丙</th><th>丁</th></tr><tr><td>1</td><td>2</td></tr></table>"
    page = (
        f"<meta charset=utf-8><table><tr><th>甲</th><th>乙</th></tr>{f'<tr><td>值</td><td>{inner}</td></tr>' * 10_000}"
    )
    assert text(tmp_path, "页.html", f"{page}</table>".encode()).count("丙") >= 10_000


def test_a_chart_whose_values_are_not_kept_is_named(tmp_path: Path) -> None:
    def reference(kind: str, place: str) -> str:
        return f"<c:{kind}><c:f>S!{place}</c:f></c:{kind}>"

    series = f"<c:tx>{reference('strRef', 'B1')}</c:tx><c:cat>{reference('strRef', 'A2:A4')}</c:cat>"
    title = "<c:title><c:tx><c:rich><a:p><a:r><a:t>达标率</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    plot = f"<c:barChart><c:ser>{series}<c:val>{reference('numRef', 'B2:B4')}</c:val></c:ser></c:barChart>"
    drawing = (
        f'<a:graphic xmlns:a="{A}"><a:graphicData><c:chart xmlns:c="{CHART}" r:id="c"/></a:graphicData></a:graphic>'
    )
    body = f'<w:p><w:r><w:drawing xmlns:r="{R}">{drawing}</w:drawing></w:r></w:p>'
    whole = f"<c:chart>{title}<c:plotArea>{plot}</c:plotArea></c:chart>"
    parts: dict[str, str | bytes] = {
        "word/_rels/document.xml.rels": '<Relationships><Relationship Id="c" Target="charts/c.xml"/></Relationships>',
        "word/charts/c.xml": f'<c:chartSpace xmlns:c="{CHART}" xmlns:a="{A}">{whole}</c:chartSpace>',
    }
    found, told = read(tmp_path, "文.docx", zipped({**unpacked(docx(p("正文。") + body)), **parts}))
    assert isinstance(found, Document) and found.text == "正文。\n达标率\n"
    assert "图表「达标率」里没有保存数据" in told


# --- pages ------------------------------------------------------------------------------------


def objects(data: bytes) -> list[str]:
    return re.findall(r"\d+ 0 obj\n(.*?)\nendobj\n", data.decode("latin-1"), re.S)


def test_a_pdf_of_a_hundred_thousand_objects_is_read(tmp_path: Path) -> None:
    data = assembled([*objects(pdf(at(72, 700, "正文在此。"))), *(["<</Type/Extra>>"] * 100_000)])
    assert text(tmp_path, "文.pdf", data) == "正文在此。\n"


@pytest.mark.parametrize("line", ["{} {} m 3 1 l S\n", "{0} {1} m {0} 9 l S\n"])
def test_a_page_of_a_hundred_thousand_strokes_is_read(tmp_path: Path, line: str) -> None:
    strokes = "".join(line.format(n % 590, 60 + n // 590) for n in range(100_000))
    assert "正文在此。" in text(tmp_path, "文.pdf", pdf(at(72, 700, "正文在此。") + strokes))


def test_text_in_a_font_that_does_not_say_what_its_signs_are_is_read_by_ocr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "sheet", lambda page: Sheet(595, 842, [Glyph("真实内容", 72, 100, 120, 112)]))
    found = objects(pdf(at(72, 700, "无")))
    said = "".join(f"{3 + n:04x}" for n in range(60))
    stream = f"BT /F1 12 Tf 72 700 Td <{said}> Tj ET\n"
    found[2] = found[2].replace("UniGB-UCS2-H", "Identity-H").replace("STSong-Light", "ABCDEF+Strange")
    found[3] = (
        found[3]
        .replace("CIDFontType0", "CIDFontType2")
        .replace("GB1", "Identity")
        .replace("STSong-Light", "ABCDEF+Strange")
    )
    found[5] = f"<</Length {len(stream)}>>stream\n{stream}\nendstream"
    assert text(tmp_path, "文.pdf", assembled(found)) == "真实内容\n"


# --- one line ---------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [b"1234567,", "数".encode(), b'"x'])
def test_a_table_of_one_line_of_fifty_megabytes_is_refused_by_name(tmp_path: Path, piece: bytes) -> None:
    with pytest.raises(DocumentTooLarge, match=r"表\.csv 有 50\.\d MB，上限是 20 MB"):
        read(tmp_path, "表.csv", piece * (53_000_000 // len(piece)))


@pytest.mark.parametrize(
    ("piece", "told"), [(b"1234567,", "列，上限是"), ("数".encode(), "一格超过"), (b'"x', "一格超过")]
)
def test_a_line_as_long_as_a_file_may_be_is_refused_by_name(tmp_path: Path, piece: bytes, told: str) -> None:
    with pytest.raises(DocumentUnreadable, match=rf"表\.csv：第 1 行.*{told}"):
        read(tmp_path, "表.csv", piece * (19_000_000 // len(piece)))
