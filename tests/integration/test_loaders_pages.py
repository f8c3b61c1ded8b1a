"""PDF, OFD and pictures: lines back to paragraphs, tables, pages, and what is no text left out."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench import extremes
from index.errors import DocumentError, DocumentTooLarge, DocumentUnreadable
from index.loaders import html, load, load_all, ocr
from index.loaders.grids import Rule, lattices
from index.records import Document
from tests.support.files import W, at, p, pdf, ruled, stroke, zipped

INGEST = Path(__file__).parents[3] / "shared/data/ingest"
WORD = f'<w:document xmlns:w="{W}"><w:body>{p("其实是Word。")}</w:body></w:document>'
needs_data = pytest.mark.skipif(not INGEST.exists(), reason="needs the shared data beside the repository")
FULL = "推动装配式建筑产业发展和绿色建材应用并且加快新能源汽车推广与充电设施建设工作"  # 38: a full line from 72 to 528


def read(folder: Path, data: bytes, name: str = "文.pdf") -> Document:
    path = folder / name
    path.write_bytes(data)
    return load(path)


def lines(document: Document) -> list[str]:
    return document.text.splitlines()


# --- paragraphs -------------------------------------------------------------------------------


def test_lines_are_joined_to_paragraphs_and_never_across_headings_or_items(tmp_path: Path) -> None:
    page = (
        at(72, 780, "一、目标任务") + at(96, 760, FULL[:36]) + at(72, 742, FULL) + at(72, 724, "到此为止。")
        + at(96, 706, "（一）" + FULL[:33]) + at(72, 688, "继续。") + at(96, 670, "（二）第二项。")
    )  # fmt: skip
    assert lines(read(tmp_path, pdf(page))) == [
        "一、目标任务",
        FULL[:36] + FULL + "到此为止。",
        "（一）" + FULL[:33] + "继续。",
        "（二）第二项。",
    ]


def test_a_paragraph_goes_on_over_the_page_and_every_page_is_known(tmp_path: Path) -> None:
    first = at(96, 120, FULL[:36]) + at(72, 102, FULL)
    document = read(tmp_path, pdf(first, at(72, 780, "下一页说完。") + at(96, 762, "新的一段。")))
    assert lines(document) == [FULL[:36] + FULL + "下一页说完。", "新的一段。"]
    assert document.page_starts == (0, 36 + 38)
    assert document.page(document.text.index("下一页")) == 2
    assert document.page(document.text.index(FULL)) == 1


def test_headers_footers_and_page_numbers_go(tmp_path: Path) -> None:
    def page(number: int) -> str:
        return (
            at(200, 810, "某区年鉴2024年卷")
            + at(72, 700, f"第{'一二三四'[number]}页的正文。")
            + at(280, 30, f"— {number + 1} —")
        )

    assert lines(read(tmp_path, pdf(*map(page, range(4))))) == [f"第{n}页的正文。" for n in "一二三四"]


def test_a_number_in_the_text_is_no_page_number(tmp_path: Path) -> None:
    assert "2025" in read(tmp_path, pdf(at(72, 500, "前文。") + at(72, 470, "2025") + at(72, 440, "后文。"))).text


def test_a_skewed_watermark_goes(tmp_path: Path) -> None:
    mark = f"BT /F1 40 Tf 0.7 0.7 -0.7 0.7 150 300 Tm <{'内部资料'.encode('utf-16-be').hex()}> Tj ET\n"
    assert lines(read(tmp_path, pdf(mark + at(72, 700, "正文在此。")))) == ["正文在此。"]


def test_text_printed_twice_to_look_bold_is_read_once(tmp_path: Path) -> None:
    assert lines(read(tmp_path, pdf(at(72, 700, "加粗的话。") + at(72.4, 700, "加粗的话。")))) == ["加粗的话。"]


def test_narrow_letters_side_by_side_are_two(tmp_path: Path) -> None:
    # In Helvetica an l is 2.7 points wide at 12 points, and a line 13 high.
    assert lines(read(tmp_path, extremes.book(1))) == ["Page 1: installed capacity 7 MW."]


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    def column(x: float, sign: str) -> str:
        return "".join(at(x, 700 - 18 * n, sign + FULL[: 17 if n < 7 else 5]) for n in range(8))

    page = at(200, 780, "大标题占满全宽横跨两栏", 18) + column(60, "左") + column(320, "右")
    text = read(tmp_path, pdf(page)).text
    assert text.startswith("大标题")
    assert text.rindex("左") < text.index("右")


def test_a_byline_above_two_columns_does_not_break_their_lines(tmp_path: Path) -> None:
    def column(x: float, sign: str) -> str:
        return "".join(at(x, 700 - 18 * n, sign + FULL[: 15 if n < 6 else 5]) for n in range(7))

    page = (
        at(180, 780, "标题占满全宽横跨两栏", 18)
        + at(215, 750, "县政协农业委员会")
        + column(60, "左")
        + column(320, "右")
    )
    text = read(tmp_path, pdf(page)).text
    assert [line[0] for line in text.splitlines()] == ["标", "县", "左", "右"]


def test_spaces_that_were_typed_stay_and_gaps_of_the_typesetter_are_none(tmp_path: Path) -> None:
    apart = at(72, 700, "到") + at(87, 700, "2025") + at(114, 700, "年装机70 MW，用 open source。")  # a quarter em each
    assert lines(read(tmp_path, pdf(apart))) == ["到2025年装机70 MW，用 open source。"]


def test_a_number_set_apart_at_the_beginning_of_a_paragraph_stays_apart(tmp_path: Path) -> None:
    # A quarter em behind each number: what a typesetter puts between a chapter's number and its title.
    title = at(72, 740, "2") + at(81, 740, "数据与方法")
    wrapped = at(96, 700, FULL[:36]) + at(72, 682, "12") + at(87, 682, "个雨量站。")
    assert lines(read(tmp_path, pdf(title + wrapped))) == ["2 数据与方法", FULL[:36] + "12个雨量站。"]


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_page_that_is_shown_turned_is_read_as_shown(tmp_path: Path, rotate: int) -> None:
    turn = {90: "0 1 -1 0 300 100", 180: "-1 0 0 -1 400 400", 270: "0 -1 1 0 300 700"}[rotate]
    text = f"BT /F1 12 Tf {turn} Tm <{'转过来读。'.encode('utf-16-be').hex()}> Tj ET\n"
    assert lines(read(tmp_path, pdf(text, rotate=rotate))) == ["转过来读。"]


def test_bookmarks_are_headings(tmp_path: Path) -> None:
    page = at(72, 780, "总体情况") + at(72, 750, "正文甲。") + at(72, 700, "下步打算") + at(72, 680, "正文乙。")
    document = read(tmp_path, pdf(page, outline=[("总体情况", 0), ("下步打算", 0)]))
    assert [(heading.title, heading.level) for heading in document.headings] == [("总体情况", 1), ("下步打算", 1)]


# --- tables -----------------------------------------------------------------------------------


def test_a_ruled_table_is_read_by_its_cells(tmp_path: Path) -> None:
    page = at(72, 720, "表1 目标") + ruled([72, 200, 300, 400], [700, 680, 660, 640])
    for y, row in ((685, ["指标", "2024年", "2025年"]), (665, ["光伏", "60", "70"]), (645, ["风电", "30", "45"])):
        page += "".join(at(x, y, cell) for x, cell in zip((80, 210, 310), row, strict=True))
    document = read(tmp_path, pdf(page + at(72, 600, "表后的话。")))
    assert lines(document) == [
        "表1 目标",
        "指标：光伏 | 2024年：60 | 2025年：70",
        "指标：风电 | 2024年：30 | 2025年：45",
        "表后的话。",
    ]
    assert document.tables[0].caption == "表1 目标"


def test_a_table_that_goes_on_over_the_page_keeps_its_columns_names(tmp_path: Path) -> None:
    def page(rows: list[list[str]], top: float) -> str:
        drawn = ruled([72, 200, 400], [top - 20 * n for n in range(len(rows) + 1)])
        for n, row in enumerate(rows):
            drawn += at(80, top - 15 - 20 * n, row[0]) + at(210, top - 15 - 20 * n, row[1])
        return drawn

    document = read(tmp_path, pdf(page([["项目", "金额"], ["甲", "1"]], 150), page([["乙", "2"], ["丙", "3"]], 780)))
    assert lines(document) == ["项目：甲 | 金额：1", "项目：乙 | 金额：2", "项目：丙 | 金额：3"]
    assert document.page(document.text.index("乙")) == 2


def test_rules_make_cells_and_missing_walls_merge_them() -> None:
    across = [Rule(0, y, 100, y) for y in (0, 20, 40)]
    down = [Rule(x, 0, x, 40) for x in (0, 100)] + [Rule(50, 20, 50, 40)]
    (found,) = lattices(across + down)
    assert found.cell(10, 10) == found.cell(90, 10)
    assert len({found.cell(10, 10), found.cell(10, 30), found.cell(90, 30)}) == 3
    assert found.cell(120, 10) is None


def test_a_frame_and_loose_lines_are_no_table() -> None:
    frame = [Rule(0, 0, 100, 0), Rule(0, 50, 100, 50), Rule(0, 0, 0, 50), Rule(100, 0, 100, 50)]
    assert lattices([*frame, Rule(0, 200, 100, 200)]) == []


@needs_data
def test_a_real_standard_is_read_with_its_merged_cells() -> None:
    text = load(INGEST / "pdf_pdfplumber_issue-336-example.pdf").text
    assert "公路技术等级：高速公路 | 车道数：六 | 用地指标基准值：2.1333" in text
    assert "其用地指标按表7.6中的系数进行调整。\n" in text


@needs_data
def test_a_real_report_keeps_its_tables_and_loses_its_headers() -> None:
    document = load(INGEST / "pdf_RapidDoc_比亚迪财报.pdf")
    assert "营业收入（元） | 本报告期：170,360,448,000.00 | 上年同期：124,944,397,000.00" in document.text
    assert "总资产（元） | 本报告期末：840,527,145,000.00 | 上年度末：783,355,855,000.00" in document.text
    assert len(re.findall("比亚迪股份有限公司2025年第一季度报告", document.text)) == 1
    assert len(document.page_starts) == 9


# --- OFD --------------------------------------------------------------------------------------


def test_an_ofd_document_is_read_with_its_distances(tmp_path: Path) -> None:
    code = '<TextCode X="0" Y="5" DeltaX="g 3 5">光伏装机</TextCode>'
    text = f'<TextObject Boundary="20 30 150 10" Size="5">{code}</TextObject>'
    page = f"<Page><Content><Layer>{text}</Layer></Content></Page>"
    parts = {
        "OFD.xml": "<OFD><DocBody><DocRoot>Doc_0/Document.xml</DocRoot></DocBody></OFD>",
        "Doc_0/Document.xml": '<Document><Pages><Page ID="1" BaseLoc="P/C.xml"/></Pages></Document>',
        "Doc_0/P/C.xml": page,
    }
    document = read(tmp_path, zipped(parts), "文.ofd")
    assert (document.text, document.page_starts) == ("光伏装机\n", (0,))


@needs_data
def test_a_real_ofd_document_has_its_number_and_title() -> None:
    document = load(INGEST / "ofd_ofdrw_n.ofd")
    assert document.title == "关于同意张阿三同志辞职的批复"
    assert document.metadata.number == "路卫发〔2011〕76号"
    assert document.metadata.issued == "2011-03-10"


# --- scans ------------------------------------------------------------------------------------


def picture(text: str, turn: int = 0) -> bytes:
    """A page with one line of Latin text, as PNG."""
    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("RGB", (1200, 900), "white")
    draw = ImageDraw.Draw(page)
    for n in range(6):
        draw.text((100, 120 + 90 * n), text, fill="black", font=ImageFont.load_default(40))
    buffer = io.BytesIO()
    page.rotate(turn, expand=True).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("turn", [0, 90, 180])
def test_a_picture_is_read_whichever_way_it_lies(tmp_path: Path, turn: int) -> None:
    pytest.importorskip("rapidocr")
    document = read(tmp_path, picture("Installed capacity 70 MW", turn), "图.png")
    assert lines(document)[0].replace(" ", "").startswith("Installedcapacity70MW")


def test_a_scan_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from index.errors import MissingDependency

    monkeypatch.setitem(__import__("sys").modules, "rapidocr", None)
    monkeypatch.setattr(ocr, "_own", threading.local())
    with pytest.raises(MissingDependency, match="扫描件") as caught:
        read(tmp_path, picture("text"), "图.png")
    assert caught.value.extra == "ocr"


def test_a_text_layer_of_private_characters_is_read_by_ocr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from index.loaders.sheets import Glyph, Sheet

    seen: list[tuple[int, ...]] = []

    def sheet(page: ocr.Page) -> Sheet:
        seen.append(page.picture.shape)
        return Sheet(595, 842, [Glyph("真实内容", 72, 100, 120, 112)])

    monkeypatch.setattr(ocr, "sheet", sheet)
    document = read(tmp_path, pdf(at(72, 700, "\ue001\ue002\ue003" * 20), at(72, 700, "好的文字层。" * 8)))
    assert lines(document)[0] == "真实内容"
    assert len(seen) == 1


def test_scanned_pages_are_read_two_at_a_time_and_stay_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    from index.loaders.sheets import Sheet

    both = threading.Barrier(2, timeout=60)

    def sheet(page: ocr.Page) -> Sheet:
        both.wait()  # breaks unless another page is being read
        return Sheet(page.points, 842, [])

    monkeypatch.setattr(ocr, "sheet", sheet)
    white = np.full((2, 2, 3), 255, dtype=np.uint8)
    taken: list[int] = []

    def pages() -> Iterator[Sheet | ocr.Page]:
        for number in range(40):
            taken.append(number)
            yield Sheet(number, 842, []) if number % 3 == 0 and number < 36 else ocr.Page(white, number)

    found = ocr.sheets(pages())
    assert next(found).width == 0
    assert len(taken) < 10
    assert [sheet.width for sheet in found] == list(range(1, 40))


def test_a_blank_picture_and_a_blank_page_have_no_text(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match="没有可见文字"):
        read(tmp_path, pdf(stroke(72, 72, 300, 72)))


def test_a_blank_page_among_others_is_a_page(tmp_path: Path) -> None:
    document = read(tmp_path, pdf(at(72, 700, "第一页正文。"), "", at(72, 700, "第三页正文。")))
    assert [document.page(document.text.index(word)) for word in ("第一", "第三")] == [1, 3]


# --- what cannot be read ----------------------------------------------------------------------


def test_a_pdf_cut_anywhere_is_read_or_is_a_document_error(tmp_path: Path) -> None:
    whole = pdf(at(72, 700, "正文。") * 20)
    failed = 0
    for end in range(10, len(whole), 101):
        try:
            read(tmp_path, whole[:end])
        except DocumentError as error:
            failed += 1
            assert "文.pdf" in str(error)
    assert failed > 3


def test_a_long_document_is_read_up_to_a_limit_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.loaders.pdf.PAGES_MAX", 3)
    path = tmp_path / "长.pdf"
    path.write_bytes(pdf(*(at(72, 700, f"第{n}页正文。") for n in range(5))))
    said: list[str] = []
    (document,) = load_all(path, notice=said.append)
    assert isinstance(document, Document)
    assert len(document.page_starts) == 3
    assert said == [f"{path}：共 5 页，只读前 3 页。请拆分成几个文件。"]


def test_a_pdf_with_a_password_says_so(tmp_path: Path) -> None:
    locked = f"trailer<</Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{'5a' * 32}>/U<{'a5' * 32}>>>/ID[<00><00>]".encode()
    with pytest.raises(DocumentUnreadable, match=r"文\.pdf：文件已加密（有打开密码）"):
        read(tmp_path, pdf(at(72, 700, "正文。")).replace(b"trailer<<", locked))


def test_files_are_known_by_what_is_in_them_and_not_by_their_names(tmp_path: Path) -> None:
    assert read(tmp_path, pdf(at(72, 700, "其实是PDF。")), "文.docx").text == "其实是PDF。\n"
    assert (
        read(tmp_path, zipped({"word/document.xml": WORD, "[Content_Types].xml": "<T/>"}), "文.pdf").text
        == "其实是Word。\n"
    )
    with pytest.raises(DocumentUnreadable, match="二进制文件"):
        read(tmp_path, bytes(range(256)) * 20, "文.txt")


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "大.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.4")
        file.truncate(500 * 2**20)  # sparse
    with pytest.raises(DocumentTooLarge, match=r"500\.0 MB，上限是 300 MB"):
        load(path)


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.loaders.image.PIXELS_MAX", 1000)
    with pytest.raises(DocumentUnreadable, match="1200×900 像素"):
        read(tmp_path, picture("text"), "图.png")


def test_macros_and_outside_references_are_left_alone(tmp_path: Path) -> None:
    link = (
        '<Relationships><Relationship Id="r1" TargetMode="External" Target="http://example.invalid/x"/></Relationships>'
    )
    parts = {
        "[Content_Types].xml": "<T/>",
        "word/document.xml": WORD,
        "word/_rels/document.xml.rels": link,
        "word/vbaProject.bin": b"\xd0\xcf\x11\xe0 macro",
    }
    assert read(tmp_path, zipped(parts), "文.docm").text == "其实是Word。\n"


@pytest.mark.parametrize(
    "piece", ["<li>一条", "<script></script>字", "<div class=nav>首页</div>字", "<tr><td>甲<td>乙"]
)
def test_a_page_of_very_many_pieces_is_read_in_time_that_grows_with_their_number(piece: str) -> None:
    page = f"<meta charset=utf-8><h1>题</h1><p>正文</p><{'table' if 'td' in piece else 'ol'}>" + piece * 60_000
    began = time.process_time()
    assert html.read(page.encode()).text
    assert time.process_time() - began < 30  # with the square of their number, more than ten minutes
