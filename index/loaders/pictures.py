"""Draw pages of a document as pictures, to show where a citation stands."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO

from index.errors import DocumentUnreadable
from index.loaders import ofd_drawing
from index.loaders.content import Unreadable
from index.loaders.formats import HEAD, Format, inside, sniff


def draw_page(path: Path, file: IO[bytes], page: int, *, long_side: int = 1400) -> bytes:
    """Return a page, from 1, of a PDF or picture as PNG, of an OFD as SVG; `index.sandbox` does it confined.

    DocumentUnreadable if there is no such page, or the file has none that can be shown; ValueError unless the
    longer side has 100 to 4,000 pixels.
    """
    if not 100 <= long_side <= 4000:
        raise ValueError(f"long_side must be 100 to 4000, got {long_side}")
    try:
        data = file.read()
        match inside(data, sniff(data[:HEAD])):
            case Format.PDF:
                return _pdf_page(data, page, long_side)
            case Format.IMAGE:
                return _picture_page(data, page, long_side)
            case Format.OFD:
                return ofd_drawing.draw(data, page)
    except (OSError, EOFError, RuntimeError, IndexError, Unreadable) as error:
        raise DocumentUnreadable(path, f"无法显示 {path} 的第 {page} 页：文件损坏，或没有这一页。") from error
    raise DocumentUnreadable(path, f"{path} 没有可以显示的页面图像；只有 PDF、OFD 和图片有。")


def _pdf_page(data: bytes, page: int, long_side: int) -> bytes:
    import pypdfium2 as pdfium

    with pdfium.PdfDocument(data) as document:
        if not 1 <= page <= len(document):
            raise IndexError(page)
        shown = document[page - 1]
        picture = shown.render(scale=long_side / max(shown.get_size())).to_pil()
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _picture_page(data: bytes, page: int, long_side: int) -> bytes:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as picture:
        if page < 1:
            raise IndexError(page)
        picture.seek(page - 1)
        shown = ImageOps.exif_transpose(picture).convert("RGB")
    shown.thumbnail((long_side, long_side))
    buffer = io.BytesIO()
    shown.save(buffer, "PNG")
    return buffer.getvalue()
