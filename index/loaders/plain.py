"""Plain text and markdown: bytes to text, verbatim but for the byte order mark and line ends."""

from __future__ import annotations

import codecs
import re
from functools import cache
from pathlib import Path

from index.errors import DocumentUnreadable
from index.loaders.content import Content, Unreadable, Writer
from index.text import align

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_CONTROL_MAX = 0.005  # share of control characters above which it is no text
_BROKEN = re.compile("\ufffd+")
_BROKEN_FEW, _BROKEN_MAX = 3, 0.001  # places that may be broken in any text, and the share of a long one
_SAMPLE = 200_000  # characters that the plausibility of a guess is judged by
_GB18030_MIN = 0.65  # share of everyday characters: Chinese text has 0.75 and more, Big5 read so 0.1 to 0.5
_UTF16_MIN = 0.6  # the same with the bytes in the right order; 0.1 in the wrong one


def decoded(path: Path, data: bytes) -> tuple[str, int]:
    """Return the text of a .txt or .md file, and at how many places it is broken: there U+FFFD stands.

    UTF-8, GB18030 (with GBK and GB2312 in it) and UTF-16 are recognised, with or without a byte order mark. The mark
    is dropped, `\\r\\n` and `\\r` are made `\\n`, nothing else changes.

    Raises:
        DocumentUnreadable: if it has no visible character, is binary, in another encoding or broken all over.
    """
    text, broken = _decoded(path, data)
    sample = text[:_SAMPLE]
    if len(_CONTROL.findall(sample)) > _CONTROL_MAX * len(sample):
        raise _binary(path)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip("\ufeff \t\n\u3000\xa0\x00"):
        raise DocumentUnreadable(
            path, f"文件 {path} 是空的（{len(data)} 字节，没有可见文字）。请提供有内容的文本文件。"
        )
    return text, broken


def read(data: bytes, path: Path = Path("文本")) -> Content:
    """Read a text and count the places that could not be decoded; Unreadable where `decoded` raises."""
    try:
        text, broken = decoded(path, data)
    except DocumentUnreadable as error:
        raise Unreadable(str(error)) from error
    return Content(text, notices=told(broken))


def begun(data: bytes) -> tuple[str, Writer]:
    """Return the text of a file of records, and a writer that has been told what could not be decoded of it."""
    content, writer = read(data), Writer()
    for notice in content.notices:
        writer.notice(notice)
    return content.text, writer


def told(broken: int) -> tuple[str, ...]:
    """Return what a user should know of places that could not be read."""
    return (f"{broken} 处字节不是有效的文字，以「\ufffd」代替；请核对原文。",) if broken else ()


def _decoded(path: Path, data: bytes) -> tuple[str, int]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _marked(path, data[len(bom) :], encoding)
    if b"\x00" in data:
        text = _best_guess(data, ("utf-16-le", "utf-16-be"))
        if text is None:
            raise _binary(path)
        return text, 0
    try:
        return data.decode("utf-8"), 0
    except UnicodeDecodeError as error:
        first = error.start + 1
    text = _best_guess(data, ("gb18030", "utf-16-le", "utf-16-be"))
    if text is not None:
        return text, 0
    if found := _lenient(data, ("utf-8", "gb18030")):
        return found
    raise DocumentUnreadable(
        path,
        f"无法识别文件 {path} 的文字编码：第 {first} 字节起不是 UTF-8，整体也不像 GB18030（GBK）或 UTF-16 中文文本。"
        "请用文本编辑器另存为 UTF-8 后重试。",
    )


def _marked(path: Path, data: bytes, encoding: str) -> tuple[str, int]:
    """Return what follows a byte order mark."""
    if found := _lenient(data, (encoding,)):
        return found
    try:
        return data.decode(encoding), 0
    except UnicodeDecodeError as error:
        raise DocumentUnreadable(
            path,
            f"文件 {path} 以 {encoding.upper()} 的字节顺序标记开头，但第 {error.start + 1} 字节起不是有效的 "
            f"{encoding.upper()} 文本，文件可能不完整。请重新导出，另存为 UTF-8。",
        ) from error


def _lenient(data: bytes, encodings: tuple[str, ...]) -> tuple[str, int] | None:
    """Return the decoding with the fewest broken places, and how many; None where it is all right or has too many."""
    found: list[tuple[str, int]] = []
    for encoding in encodings:
        text = data.decode(encoding, "replace")
        broken = len(_BROKEN.findall(text)) - len(_BROKEN.findall(data.decode(encoding, "ignore")))
        few = 0 < broken <= max(_BROKEN_FEW, int(len(text) * _BROKEN_MAX)) and text.count("\ufffd") * 10 < len(text)
        if few and (encoding != "gb18030" or everyday_share(text[:_SAMPLE]) >= _GB18030_MIN):
            found.append((text, broken))
    return min(found, key=lambda each: each[1], default=None)


def _best_guess(data: bytes, encodings: tuple[str, ...]) -> str | None:
    """Return the decoding that looks most like text, or None where none does."""
    best, best_share = None, 0.0
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        share = everyday_share(text[:_SAMPLE])
        if share > best_share and share >= (_GB18030_MIN if encoding == "gb18030" else _UTF16_MIN):
            best, best_share = text, share
    return best


def everyday_share(text: str) -> float:
    """Return the share of everyday characters among those beyond ASCII.

    Everyday: level-1 Chinese characters (the 3,755 commonest), simplified or traditional, and the signs of
    GB 2312. Without any character beyond ASCII it is the share of printable ones.
    """
    wide = [character for character in text if character > "\x7f"]
    printable = sum(character >= " " or character in "\t\n\r\f" for character in text if character <= "\x7f")
    if not wide:
        return printable / max(1, len(text))
    everyday = sum(_is_everyday(character) for character in wide)
    return everyday / len(wide) * ((len(wide) + printable) / len(text))


@cache
def _is_everyday(character: str) -> bool:
    codes = (form.encode("gb2312", "ignore") for form in (character, align(character)))
    return any(len(code) == 2 and (0xA1 <= code[0] <= 0xA3 or 0xB0 <= code[0] <= 0xD7) for code in codes)


def _binary(path: Path) -> DocumentUnreadable:
    said = "像是二进制文件（含大量控制字符），不是纯文本。请提供 UTF-8、GB18030 或 UTF-16 编码的文本文件。"
    return DocumentUnreadable(path, f"文件 {path} {said}")
