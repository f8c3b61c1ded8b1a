from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from index.errors import DocumentUnreadable
from index.records import Document, Origin
from index.sandbox import Sandbox
from index.store.sync import file_of
from tests.support.files import at, pdf

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
    with pytest.raises(DocumentUnreadable, match="只有 PDF 和图片有"):
        page_picture(tmp_path / "文.txt", 1)


def test_the_file_of_a_document_is_found_where_its_folder_is_known(tmp_path: Path) -> None:
    (tmp_path / "文.txt").write_text("正文", encoding="utf-8")
    assert file_of(Document("d", "t", "正文", "文.txt", origin=Origin(str(tmp_path)))) == tmp_path / "文.txt"
    assert file_of(Document("d", "t", "正文", "包.zip/文.txt", origin=Origin(str(tmp_path)))) is None
    assert file_of(Document("d", "t", "正文", "文.txt")) is None
    assert file_of(Document("d", "t", "正文", "a/../文.txt", origin=Origin(str(tmp_path)))) is None
