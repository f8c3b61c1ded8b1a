from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from index.errors import DocumentUnreadable
from index.loaders.libreoffice import program
from index.loaders.page_search import find
from index.records import Document, Origin
from index.sandbox import Sandbox
from index.store.sync import file_of
from tests.support.files import at, ofd, pdf, word

CAGE = Sandbox()


@pytest.fixture(autouse=True, scope="module")
def one_process() -> Iterator[None]:
    """The pages of all tests are drawn by one process."""
    yield
    CAGE.close()


def page_picture(path: Path, page: int, **options: int) -> bytes:
    return CAGE.page_picture(path, page, **options)


def size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "PNG"
        return picture.size


def test_a_page_of_a_pdf_is_drawn_as_large_as_asked(tmp_path: Path) -> None:
    (tmp_path / "文.pdf").write_bytes(pdf(at(72, 700, "一"), at(72, 100, "二")))
    first, second = (page_picture(tmp_path / "文.pdf", page, long_side=842) for page in (1, 2))
    assert size(first) == (595, 842)
    with Image.open(io.BytesIO(first)) as one, Image.open(io.BytesIO(second)) as other:
        assert one.tobytes() != other.tobytes()


def test_a_picture_is_its_own_page(tmp_path: Path) -> None:
    Image.new("L", (400, 200)).save(tmp_path / "图.tif", save_all=True, append_images=[Image.new("L", (200, 400))])
    assert size(page_picture(tmp_path / "图.tif", 1, long_side=100)) == (100, 50)
    assert size(page_picture(tmp_path / "图.tif", 2, long_side=100)) == (50, 100)


@pytest.mark.parametrize("page", [0, 2, -1])
def test_a_page_that_is_not_there_is_an_error(tmp_path: Path, page: int) -> None:
    (tmp_path / "文.pdf").write_bytes(pdf(at(72, 700, "一")))
    Image.new("L", (40, 20)).save(tmp_path / "图.png")
    for name in ("文.pdf", "图.png"):
        with pytest.raises(DocumentUnreadable, match=f"第 {page} 页"):
            page_picture(tmp_path / name, page)


def test_what_has_no_pages_says_so(tmp_path: Path) -> None:
    (tmp_path / "文.txt").write_text("正文", encoding="utf-8")
    with pytest.raises(DocumentUnreadable, match="只有 PDF、OFD 和图片有"):
        page_picture(tmp_path / "文.txt", 1)


def test_the_file_of_a_document_is_found_where_its_folder_is_known(tmp_path: Path) -> None:
    (tmp_path / "文.txt").write_text("正文", encoding="utf-8")
    assert file_of(Document("d", "t", "正文", "文.txt", origin=Origin(str(tmp_path)))) == tmp_path / "文.txt"
    assert file_of(Document("d", "t", "正文", "包.zip/文.txt", origin=Origin(str(tmp_path)))) is None
    assert file_of(Document("d", "t", "正文", "文.txt")) is None
    assert file_of(Document("d", "t", "正文", "a/../文.txt", origin=Origin(str(tmp_path)))) is None


# --- OFD --------------------------------------------------------------------------------------


def test_an_ofd_page_is_drawn_with_its_characters_lines_and_pictures(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 2), "red").save(buffer, "PNG")
    resources = (
        '<Res><Fonts><Font ID="9" FontName="仿宋"/></Fonts><MultiMedias><MultiMedia ID="7">'
        "<MediaFile>a.png</MediaFile></MultiMedia></MultiMedias></Res>"
    )
    content = (
        '<TextObject Font="9" Size="5" Boundary="20 30 150 10"><FillColor Value="#ff 0 0"/>'
        '<TextCode X="1" Y="5" DeltaX="g 3 6">光伏装机</TextCode></TextObject>'
        '<PathObject Boundary="10 20 150 1" LineWidth="1">'
        "<AbbreviatedData>S 0 0 L 150 0 C</AbbreviatedData></PathObject>"
        '<ImageObject ResourceID="7" Boundary="0 0 9 9" CTM="9 0 0 9 0 0"/>'
    )
    path = tmp_path / "文.ofd"
    path.write_bytes(ofd(content, Res=resources, a=buffer.getvalue()))
    text, line, image = etree.fromstring(page_picture(path, 1))
    assert (text.text, text.get("x"), text.get("fill")) == ("光伏装机", "1.000 7.000 13.000 19.000", "rgb(255,0,0)")
    assert (text.get("transform"), text.get("font-family")) == ("translate(20.0 30.0)", "'仿宋', serif")
    assert (line.get("d"), line.get("stroke-width"), line.get("fill")) == ("M 0 0 L 150 0 Z", "1.0", "none")
    assert image.get("href", "").startswith("data:image/png;base64,")
    assert image.get("transform") == "translate(0.0 0.0) matrix(9.0 0.0 0.0 9.0 0.0 0.0)"


def test_an_ofd_page_takes_nothing_from_its_file_that_a_browser_would_run(tmp_path: Path) -> None:
    content = (
        '<script>alert(1)</script><TextObject Size="5" Boundary="0 0 9 9" onload="alert(1)">'
        '<TextCode X="0" Y="5">&lt;script&gt;</TextCode></TextObject>'
        '<PathObject Boundary="0 0 9 9"><AbbreviatedData>M 0 0 L 1" onload="alert(1)</AbbreviatedData></PathObject>'
        '<ImageObject ResourceID="7" Boundary="0 0 9 9"/>'
    )
    path = tmp_path / "文.ofd"
    path.write_bytes(
        ofd(content, Res='<Res><MultiMedia ID="7"><MediaFile>http://a/b.png</MediaFile></MultiMedia></Res>')
    )
    drawn = page_picture(path, 1)
    assert {each.tag.rpartition("}")[2] for each in etree.fromstring(drawn).iter()} == {"svg", "text", "path"}
    assert not any(sign in drawn for sign in (b"<script", b"onload", b"http://a"))
    with pytest.raises(DocumentUnreadable, match="第 2 页"):
        page_picture(path, 2)


# --- office documents -------------------------------------------------------------------------

needs_office = pytest.mark.skipif(
    program() is None, reason="no LibreOffice here (Debian: apt install libreoffice-writer)"
)


def test_a_place_is_found_by_its_words_though_a_foot_stands_in_it() -> None:
    content = pdf(
        at(72, 700, "装机目标见下。") + at(72, 100, "光伏装机容量为七十兆瓦，其中") + at(300, 40, "12"),
        at(72, 800, "屋顶占三成以上。"),
    )
    count, found = find(content, [("光伏装机容量为七十兆瓦，其中屋顶占三成以上。", True)], 0.5)
    assert count == 2
    # 28 half-width columns of 12 points from x = 72 on a page 842 high: the unit is 1,000 / 842.
    assert [(each.page, len(each.boxes)) for each in found] == [(1, 1), (2, 1)]
    left, top, right, bottom = found[0].boxes[0]
    assert (left, right) == (86, 285)
    assert top < (842 - 100) * 1000 / 842 < bottom + 3


def test_what_stands_there_twice_is_the_one_beside_its_neighbours() -> None:
    content = pdf(
        at(72, 700, "甲公司营业收入") + at(300, 700, "100"), at(72, 700, "乙公司营业收入") + at(300, 700, "100")
    )
    _, (found,) = find(content, [("乙公司营业收入", False), ("100", True)], 0.0)
    assert (found.page, len(found.boxes)) == (2, 1)
    assert find(content, [("丙公司的利润总额", True)], 0.0) == (2, [])


@needs_office
def test_office_documents_are_laid_out_one_after_the_other_in_the_sandbox(tmp_path: Path) -> None:
    before = set(Path("/tmp").glob("OSL_PIPE_*"))
    with Sandbox() as sandbox:
        for n in (1, 2):
            (tmp_path / "文.docx").write_bytes(word(f"第{n}份：光伏装机容量70MW。"))
            laid = sandbox.laid_out(tmp_path / "文.docx", lambda: (tmp_path / "文.docx").open("rb"))
            assert find(laid, [(f"第{n}份：光伏装机容量70MW。", True)], 0.0)[1][0].page == 1
    assert set(Path("/tmp").glob("OSL_PIPE_*")) <= before


def test_what_is_no_office_document_is_not_laid_out(tmp_path: Path) -> None:
    (tmp_path / "文.docx").write_bytes(b"PK\x03\x04")
    with pytest.raises(DocumentUnreadable, match="没有页面图像"):
        CAGE.laid_out(tmp_path / "文.docx", lambda: (tmp_path / "文.docx").open("rb"))
