"""Letters, saved pages, records, rich text, OpenDocument, books, strict Office files, pictures of telephones."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path

import pytest

from index.errors import DocumentUnreadable
from index.loaders import load, load_all
from index.records import Document
from tests.support.files import docx, p, zipped

CASES = Path(__file__).parents[1] / "cases"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
NAMES = "".join(
    f' xmlns:{short}="{OFFICE}{name}:1.0"'
    for short, name in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
    )
)


def read(folder: Path, name: str, data: bytes | str) -> tuple[Document, list[str]]:
    """The document of a file, and what its reader tells of what it left out."""
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    notices: list[str] = []
    (found,) = load_all(folder / name, notice=notices.append)
    assert isinstance(found, Document), found
    return found, [notice.removeprefix(f"{folder / name}：") for notice in notices]


def odf(kind: str, body: str) -> bytes:
    """A file of OpenDocument: `text`, `spreadsheet` or `presentation`."""
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document-content{NAMES}><office:body><office:{kind}>{body}</office:{kind}>"
            "</office:body></office:document-content>",
        }
    )


def row(*cells: str) -> str:
    texts = (f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
    return f"<table:table-row>{''.join(texts)}</table:table-row>"


# --- letters and saved pages ------------------------------------------------------------------


def test_a_letter_is_its_head_its_text_and_its_attachments(tmp_path: Path) -> None:
    table = base64.b64encode("科目,金额\n培训费,120\n".encode("gbk")).decode()
    packed = base64.b64encode(b"7z\xbc\xaf\x27\x1c" + bytes(40)).decode()
    letter = f"""From: =?utf-8?B?{base64.b64encode("王某".encode()).decode()}?= <wang@example.org>
To: li@example.org
Subject: =?gbk?B?{base64.b64encode("关于调整例会时间的通知".encode("gbk")).decode()}?=
Date: Mon, 1 Sep 2025 09:00:00 +0800
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: multipart/alternative; boundary=C

--C
Content-Type: text/plain; charset=gbk
Content-Transfer-Encoding: base64

{base64.b64encode("例会改为每周三下午三点。".encode("gbk")).decode()}
--C
Content-Type: text/html; charset=utf-8

<p>the same as a page</p>
--C--
--B
Content-Type: text/csv
Content-Disposition: attachment; filename="budget.csv"
Content-Transfer-Encoding: base64

{table}
--B
Content-Type: application/x-7z-compressed
Content-Disposition: attachment; filename="more.7z"
Content-Transfer-Encoding: base64

{packed}
--B--
"""
    document, notices = read(tmp_path, "信.eml", letter)
    assert document.title == "关于调整例会时间的通知"
    assert "例会改为每周三下午三点。" in document.text.splitlines()
    assert "科目：培训费 | 金额：120" in document.text.splitlines()
    assert "the same as a page" not in document.text
    assert len(notices) == 1 and "more.7z" in notices[0]


def test_a_saved_page_is_the_page(tmp_path: Path) -> None:
    page = """From: <Saved by Blink>
Snapshot-Content-Location: https://example.org/a
Subject: =?utf-8?Q?=E5=85=AC=E5=91=8A?=
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="B"

--B
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable

<html><head><meta charset=3D"utf-8"></head><body>
<h1>=E5=81=9C=E6=B0=B4=E5=85=AC=E5=91=8A</h1><p>=E4=B9=9D=E6=9C=88=E4=B8=80=E6=97=A5=E5=81=9C=E6=B0=B4=E3=80=82</p></body></html>
--B
Content-Type: image/png
Content-Transfer-Encoding: base64
Content-Location: https://example.org/a.png

iVBORw0KGgo=
--B--
"""
    document, _ = read(tmp_path, "页.mhtml", page)
    assert document.text.splitlines() == ["停水公告", "九月一日停水。"]


# --- records ----------------------------------------------------------------------------------


def test_records_of_like_fields_are_a_table_and_all_else_is_lines(tmp_path: Path) -> None:
    data = {"单位": "水务局", "联系": {"电话": "8102"}, "泵站": [{"名": "甲", "功率": 55}, {"名": "乙", "功率": None}]}
    document, _ = read(tmp_path, "泵.json", json.dumps(data, ensure_ascii=False))
    assert document.text.splitlines() == ["单位：水务局", "联系 › 电话：8102", "泵站", "名：甲 | 功率：55", "名：乙"]


def test_lines_of_records_are_one_table_and_a_broken_one_is_told(tmp_path: Path) -> None:
    lines = [json.dumps({"站": f"第{n}站", "值": n}, ensure_ascii=False) for n in range(20)]
    document, notices = read(tmp_path, "站.jsonl", "\n".join([*lines, '{"站": "断']))
    assert "站：第7站 | 值：7" in document.text.splitlines()
    assert notices == ["1 行不是合规的 JSON，没有读取。"]


def test_records_deeper_than_told_apart_are_told(tmp_path: Path) -> None:
    _, notices = read(tmp_path, "深.json", '{"一": 1, "a": ' + "[[1, [2, " * 40 + "3" + "]]]" * 40 + "}")
    assert notices and "层" in notices[0]
    with pytest.raises(DocumentUnreadable, match="JSON"):
        read(tmp_path, "深.json", "[" * 100_000)


# --- rich text --------------------------------------------------------------------------------


def test_rich_text_keeps_its_chinese_and_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.loaders.libreoffice.program", lambda: None)
    sign = lambda text: "".join(f"\\u{ord(each)}?" for each in text)  # noqa: E731
    cells = lambda *said: "\\trowd" + "".join(f"{sign(each)}\\cell " for each in said) + "\\row\n"  # noqa: E731
    gbk = "".join(f"\\'{byte:02x}" for byte in "价目表".encode("gbk"))
    body = f"{{\\rtf1\\ansi\\ansicpg936 {gbk}\\par {cells('品名', '出厂价（元）')}{cells('橙汁', '138')}}}"
    assert read(tmp_path, "价.rtf", body)[0].text.splitlines() == ["价目表", "品名：橙汁 | 出厂价（元）：138"]


# --- OpenDocument -----------------------------------------------------------------------------


def test_a_text_with_tables_in_cells_and_comments_loses_nothing(tmp_path: Path) -> None:
    inner = f"<table:table>{row('设备费', '120')}</table:table>"
    body = (
        '<text:h text:outline-level="1">一、经费</text:h>'
        f"<table:table>{row('项目', '内容')}<table:table-row><table:table-cell><text:p>预算</text:p></table:table-cell>"
        f"<table:table-cell><text:p>见内表</text:p>{inner}</table:table-cell></table:table-row></table:table>"
        "<text:list><text:list-item><text:p>按季拨付</text:p></text:list-item></text:list>"
        "<text:p>结余收回。<office:annotation><text:p>须审计</text:p></office:annotation></text:p>"
    )
    document, _ = read(tmp_path, "文.odt", odf("text", body))
    text = document.text
    assert document.headings[0].title == "一、经费"
    assert "设备费" in text and "120" in text and "见内表" in text
    assert "• 按季拨付" in text and "批注：须审计" in text


def test_a_sheet_repeats_cells_and_hides_rows(tmp_path: Path) -> None:
    hidden = row("丙", "3").replace("<table:table-row>", '<table:table-row table:visibility="collapse">')
    many = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    body = f'<table:table table:name="表">{row("名", "值")}{row("甲", "1")}{hidden}{many}</table:table>'
    assert read(tmp_path, "表.ods", odf("spreadsheet", body))[0].text.splitlines() == ["名：甲 | 值：1"]


def test_a_sheet_longer_than_is_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.loaders.odf.ROWS_MAX", 10)
    body = f'<table:table table:name="表">{"".join(row(f"第{n}行", str(n)) for n in range(30))}</table:table>'
    document, notices = read(tmp_path, "长.ods", odf("spreadsheet", body))
    assert "第9行" in document.text and "第10行" not in document.text
    assert notices and "10" in notices[0]


def test_slides_are_pages_with_their_titles_first_and_notes_marked(tmp_path: Path) -> None:
    box = "<draw:frame{}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    title = box.format(' presentation:class="title"', "重点项目")
    slide = (
        f"<draw:page>{box.format('', '投资3.2亿元')}{title}"
        f"<presentation:notes>{box.format('', '口径待定')}</presentation:notes></draw:page>"
    )
    document, _ = read(tmp_path, "片.odp", odf("presentation", slide + slide.replace("重点项目", "招商")))
    assert document.text.splitlines() == [
        "重点项目",
        "投资3.2亿元",
        "备注：口径待定",
        "招商",
        "投资3.2亿元",
        "备注：口径待定",
    ]
    assert len(document.page_starts) == 2 and document.title == "重点项目"


# --- books, strict files, pictures --------------------------------------------------------------


def test_chapters_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>'
    )
    book = zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="O/p.opf"/></rootfiles></container>',
            "O/p.opf": package,
            "O/a.xhtml": "<html><body><h1>第一章</h1><p>总闸。</p></body></html>",
            "O/b.xhtml": "<html><body><h1>第二章</h1><p>软管。</p></body></html>",
            "O/c.xhtml": "",
        }
    )
    document, notices = read(tmp_path, "书.epub", book)
    assert document.text.splitlines() == ["第一章", "总闸。", "第二章", "软管。"]
    assert notices == ["1 个章节没有文字，或不能读取。"]


def test_strict_office_files_are_read_as_the_usual_ones(tmp_path: Path) -> None:
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    (tmp_path / "a.docx").write_bytes(docx(p("严格格式的正文。")))
    parts = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f'<w:document xmlns:w="{strict}"><w:body>{p("严格格式的正文。")}</w:body></w:document>',
    }
    assert read(tmp_path, "严.docx", zipped(parts))[0].text == load(tmp_path / "a.docx").text == "严格格式的正文。\n"


def as_strict(data: bytes) -> bytes:
    """An Office file in the strict form of its standard: the same elements under other names."""
    usual, strict = "http://schemas.openxmlformats.org", "http://purl.oclc.org/ooxml"
    forms = {
        f"{usual}/spreadsheetml/2006/main": f"{strict}/spreadsheetml/main",
        f"{usual}/presentationml/2006/main": f"{strict}/presentationml/main",
        f"{usual}/drawingml/2006/": f"{strict}/drawingml/",
        f"{usual}/officeDocument/2006/": f"{strict}/officeDocument/",
    }
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for old, new in forms.items():
        parts = {name: part.replace(old.encode(), new.encode()) for name, part in parts.items()}
    assert any(strict.encode() in part for part in parts.values())
    return zipped(parts)


@pytest.mark.parametrize(
    "name", ["formats.xlsx", "multiheader.xlsx", "comment.xlsx", "deck.pptx", "twohead_named.pptx"]
)
def test_strict_sheets_and_slides_are_read_as_the_usual_ones(tmp_path: Path, name: str) -> None:
    usual = load(CASES / name)
    document, notices = read(tmp_path, name, as_strict((CASES / name).read_bytes()))
    assert document.text == usual.text and document.tables == usual.tables
    assert not notices


def test_dates_of_a_strict_sheet_that_are_written_as_dates_are_shown_as_days(tmp_path: Path) -> None:
    strict = "http://purl.oclc.org/ooxml"
    main = f'xmlns="{strict}/spreadsheetml/main" xmlns:r="{strict}/officeDocument/relationships"'
    cells = '<c r="A1" t="inlineStr"><is><t>验收</t></is></c><c r="B1" t="d"><v>2025-09-12T00:00:00</v></c>'
    sheets, link = '<sheets><sheet name="表" r:id="a"/></sheets>', '<Relationship Id="a" Target="worksheets/s.xml"/>'
    book = zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": f"<workbook {main}>{sheets}</workbook>",
            "xl/_rels/workbook.xml.rels": f"<Relationships>{link}</Relationships>",
            "xl/worksheets/s.xml": f'<worksheet {main}><sheetData><row r="1">{cells}</row></sheetData></worksheet>',
        }
    )
    assert read(tmp_path, "严.xlsx", book)[0].text == "验收 2025-09-12\n"


def test_a_picture_of_a_telephone_is_read() -> None:
    text = load(CASES / "photo.heic").text
    assert "9月12日9:00至17:00" in text
    assert "023-48661234" in text


def test_a_damaged_picture_of_a_telephone_is_named(tmp_path: Path) -> None:
    (tmp_path / "照.heic").write_bytes(bytes(3) + b"\x18ftypheic" + bytes(200))
    with pytest.raises(DocumentUnreadable, match="图片损坏"):
        load(tmp_path / "照.heic")
