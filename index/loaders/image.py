"""Pictures of documents: .png, .jpg, .tif with its pages, .bmp, .gif, .webp; their text by OCR."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.errors import MissingDependency
from index.loaders import layout, ocr
from index.loaders.content import Content, Unreadable, Writer

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS_MAX = 120_000_000
"""Pixels of a picture: A2 at 600 dpi, and 360 MB in memory."""
PAGES_MAX = 300


def read(data: bytes) -> Content:
    """Read a picture; Unreadable if it is damaged or too large, MissingDependency if OCR is not installed."""
    from PIL import Image, UnidentifiedImageError

    if data[4:8] == b"ftyp":
        _register()
    try:
        picture = Image.open(io.BytesIO(data))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise Unreadable("图片损坏或不完整，或尺寸过大。请重新扫描或另存。") from error
    writer = Writer()
    layout.write(list(ocr.sheets(_pages(picture, writer))), writer)
    return writer.content()


def _register() -> None:
    """Teach Pillow pictures of telephones, .heic."""
    try:
        from pi_heif import register_heif_opener
    except ImportError as error:
        raise MissingDependency("ocr", "读取 .heic 图片需要安装扩展 ocr：pip install 'yiju[ocr]'。") from error
    register_heif_opener()


def _pages(picture: Image, writer: Writer) -> Iterator[ocr.Page]:
    import numpy as np
    from PIL import ImageOps, ImageSequence

    for number, frame in enumerate(ImageSequence.Iterator(picture)):
        if number >= PAGES_MAX:
            writer.notice(f"超过 {PAGES_MAX} 页，只识别了前 {PAGES_MAX} 页。请拆分成几个文件。")
            break
        if frame.width * frame.height > PIXELS_MAX:
            raise Unreadable(f"图片有 {frame.width}×{frame.height} 像素，上限是 {PIXELS_MAX:,} 像素。请缩小后重试。")
        page = _on_white(ImageOps.exif_transpose(frame.copy()))
        scale = min(1.0, ocr.LONG_SIDE / max(page.size))
        if scale < 1:
            page = page.resize((max(1, round(page.width * scale)), max(1, round(page.height * scale))))
        yield ocr.Page(np.asarray(page), 842 / max(page.size))


def _on_white(picture: Image) -> Image:
    """Return the picture in colours without transparency."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        picture = white
    return picture.convert("RGB")
