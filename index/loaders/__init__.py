"""Files in, documents with verbatim text out; one module a format, chosen by content and imported when needed."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from index.errors import DocumentError, DocumentTooLarge, DocumentUnreadable, MissingDependency, UnsupportedFormat
from index.loaders import formats, markdown, plain
from index.loaders.content import Content, Unreadable
from index.loaders.formats import HEAD, Format, inside, sniff
from index.records import Document
from index.structure.metadata import describe
from index.structure.outline import outline

SUFFIXES = (".txt", ".md", ".markdown")
"""Names of plain text; all other formats are known by their content. A name without any may be text as well."""
_MARKDOWN = (".md", ".markdown")
MAX_BYTES = 20 * 1024 * 1024
"""Bytes of a text file."""
MAX_PACKED = 300 * 1024 * 1024
"""Bytes of a file in any other format, which is mostly pictures."""
MAX_UNPACKED = 2 * 1024**3
"""Bytes of all documents in one archive."""
_NOT_DOCUMENTS = (".", "~$", "Thumbs.db", "desktop.ini")  # hidden, of an open editor, of the desktop
_ARCHIVES_MAX = 3  # archives within archives

_READABLE = "、".join(SUFFIXES) + (
    "、.html、.docx、.pdf、.xlsx、.pptx、.csv、.json、.eml、.epub、.odt、.rtf、.ofd、.zip、图片（.png、.jpg、.tif）"
)

# What parsers of damaged files raise, our own and others'. Whatever it was, it is this file's failure and no other's.
_PARSER_FAILURES = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, SyntaxError, OSError, EOFError,
    AssertionError, zlib.error, struct.error, zipfile.BadZipFile,
)  # fmt: skip

Notice = Callable[[str], None]


def load(path: Path, *, source: str | None = None) -> Document:
    """Load one file that is one document.

    Args:
        path: a file in any format but .zip.
        source: the name that the document is known and cited by; the file name unless given.

    Returns:
        The document with its text, headings, title and metadata. Its id depends on `source` alone. The text of a
        .txt or .md file is its own; that of another format is what its loader makes of it.

    Raises:
        UnsupportedFormat: if no loader reads this kind of file.
        DocumentTooLarge: if the file is over the limit.
        DocumentUnreadable: if the file is missing, empty, damaged, locked or in an unknown encoding.
        MissingDependency: if its format needs an extra that is not installed.
    """
    (found,) = load_all(path, source=source, archives=0)
    if isinstance(found, DocumentError):
        raise found
    return found


def load_all(
    path: Path, *, source: str | None = None, notice: Notice = lambda _: None, archives: int = _ARCHIVES_MAX
) -> Iterator[Document | DocumentError]:
    """Load a file that may hold several documents, in this process; `index.sandbox` does it in one that is confined.

    Args:
        path: a file in any format.
        source: as for `load`; a document in an archive is known as `source/name in the archive`.
        notice: told what was left out of a document and why.
        archives: how deep archives within archives are opened.

    Yields:
        Documents in the order of the archive, and an error for each in it that cannot be read. Raises as `load` does.
    """
    with open_file(path) as file:
        for part in parts(path, file, source or legible(path.name), notice=notice, archives=archives):
            yield part.read()


def open_file(path: Path, below: Path | None = None) -> IO[bytes]:
    """Open a file without following a link on the way to it.

    Args:
        path: the file.
        below: a folder above it, whose own path may hold links; by default the one that it is in.

    Raises:
        DocumentTooLarge: if it is larger than a file of any format may be.
        DocumentUnreadable: if it is missing, may not be read, is no regular file, or is reached by a link.
    """
    try:
        descriptor = _descriptor(path.absolute(), (below or path.parent).absolute())
    except OSError as error:
        raise _unreachable(path, error) from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_PACKED:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISREG(status.st_mode):
        raise _too_large(path, status.st_size, MAX_PACKED)
    raise DocumentUnreadable(path, f"{path} 不是普通文件。请提供文件，或把文件夹交给 yiju-index build。")


def _descriptor(path: Path, below: Path) -> int:
    """Open folder by folder, so that one that is replaced by a link meanwhile is not followed."""
    *folders, name = path.relative_to(below).parts
    at = os.open(below, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        # O_NONBLOCK: no waiting for a pipe's other end.
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)


def _unreachable(path: Path, error: OSError) -> DocumentUnreadable:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return DocumentUnreadable(path, f"{path} 是链接，没有跟随：请直接给出它指向的文件或文件夹。")
    return DocumentUnreadable(path, f"找不到或无法访问文件 {path}：{error.strerror or error}。请检查路径和权限。")


@dataclass(frozen=True, slots=True)
class Part:
    """A document that a file holds, not read yet."""

    path: Path  # the file; inside an archive with its name there behind
    # reads it. Inside an archive an error is returned, since the rest goes on; otherwise it is raised
    read: Callable[[], Document | DocumentError]


def parts(
    path: Path, file: IO[bytes], source: str, *, notice: Notice = lambda _: None, archives: int = _ARCHIVES_MAX
) -> Iterator[Part]:
    """Yield the documents of an open file, to be read when they are wanted; arguments and errors as for `load_all`."""
    try:
        head = file.read(HEAD)
        _check(path, os.fstat(file.fileno()).st_size, sniff(head, path.suffix.lower()))
        data = head + file.read()
    except OSError as error:
        raise _unreachable(path, error) from error
    yield from _parts(path, data, source, notice, archives)


def _parts(path: Path, data: bytes, source: str, notice: Notice, archives: int) -> Iterator[Part]:
    found = sniff(data[:HEAD], path.suffix.lower())
    _check(path, len(data), found)
    found = inside(data, found)
    if found is not Format.ZIP:
        yield Part(path, partial(_document, path, data, found, source, notice))
    elif archives < 1:
        raise UnsupportedFormat(path, f"{path} 是压缩包，层数太多或不能作为单个文档读取。请先解压。")
    else:
        yield from _members(path, data, source, notice, archives)


def _members(path: Path, data: bytes, source: str, notice: Notice, archives: int) -> Iterator[Part]:
    """Yield the documents in an archive. Nothing is unpacked to disk, so that a name in it leads nowhere."""
    from index.loaders.archive import Archive

    try:
        archive = Archive(data)
    except Unreadable as error:
        raise DocumentUnreadable(path, f"无法读取 {path}：{error}") from error
    unpacked, names = 0, set[str]()
    for entry in archive.names():
        name = _member_name(archive.entry(entry))
        if not name:
            continue
        inner = path / name
        if name in names or entry in archive.repeated:
            told = f"{path} 里有不止一个 {name}，只读取了其中一个。请改名后重新压缩。"
            yield _failed(inner, DocumentUnreadable(inner, told))
        if name in names:
            continue
        names.add(name)
        try:
            content = archive.read(entry)
            unpacked += len(content)
            if unpacked > MAX_UNPACKED:
                yield _failed(
                    path,
                    DocumentTooLarge(path, f"{path} 解压后超过 {MAX_UNPACKED // 2**30} GB，其余文件没有读取。请拆分。"),
                )
                return
            for part in _parts(inner, content, f"{source}/{name}", notice, archives - 1):
                yield Part(part.path, partial(_settled, part))
        except Unreadable as error:
            yield _failed(inner, DocumentUnreadable(inner, f"无法读取 {inner}：{error}"))
        except DocumentError as error:
            yield _failed(inner, error)


def _failed(path: Path, error: DocumentError) -> Part:
    return Part(path, lambda: error)


def _settled(part: Part) -> Document | DocumentError:
    """Return what comes of a document in an archive."""
    try:
        return part.read()
    except DocumentError as error:
        return error
    except MissingDependency as error:
        return DocumentUnreadable(part.path, f"无法读取 {part.path}：{error}")


def _member_name(entry: zipfile.ZipInfo) -> str:
    """Return a name fit for people, which leads no way up; empty for hidden files."""
    name = entry.filename
    if not entry.flag_bits & 0x800:  # as zipfile cannot know, it reads the bytes as cp437
        with suppress(UnicodeEncodeError):
            name = legible(os.fsdecode(name.encode("cp437")))
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..")]
    hidden = any(part.startswith((*_NOT_DOCUMENTS, "__MACOSX")) for part in parts)
    return "" if hidden else unicodedata.normalize("NFC", "/".join(parts))


def _document(path: Path, data: bytes, found: Format, source: str, notice: Notice) -> Document:
    content = _content(path, data, found)
    for message in content.notices:
        notice(f"{path}：{message}")
    title, metadata = describe(content.text, Path(source).stem, content.prominent)
    return Document(
        id=document_id(source),
        title=content.title or title,
        text=content.text,
        source=source,
        headings=outline(content.text, content.declared, content.tables),
        page_starts=content.page_starts,
        metadata=metadata,
        tables=content.tables,
        placed=content.placed,
        gaps=content.notices,
    )


def _content(path: Path, data: bytes, found: Format) -> Content:
    if found is Format.TEXT:
        text, broken = plain.decoded(path, data)
        content = markdown.read(text) if path.suffix.lower() in _MARKDOWN else Content(text)
        return replace(content, notices=(*content.notices, *plain.told(broken)))
    try:
        content = formats.of_format(data, found)
    except Unreadable as error:
        raise DocumentUnreadable(path, f"无法读取 {path}：{error}") from error
    except MemoryError as error:
        raise DocumentUnreadable(
            path, f"无法读取 {path}：需要的内存超过上限，文件可能损坏或有意做大。请拆分，或用原软件打开后另存。"
        ) from error
    except _PARSER_FAILURES as error:
        raise DocumentUnreadable(
            path, f"无法读取 {path}：文件结构损坏或不合规（{type(error).__name__}）。请用原软件打开后另存，再重试。"
        ) from error
    if not content.text.strip():
        raise DocumentUnreadable(path, f"文件 {path} 里没有可见文字。请确认内容，或提供文字版。")
    return content


def document_id(source: str) -> str:
    """Return the id of the document known by `source`: 12 hexadecimal digits, the same in every build."""
    return hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:12]


_CLAIMED = {".docx": " Word 文档", ".xlsx": " Excel 表格", ".pptx": "演示文稿", ".pdf": " PDF", ".ofd": " OFD"}
"""What a file whose name ends so would have to be."""


def _check(path: Path, size: int, found: Format) -> None:
    if size == 0:
        raise DocumentUnreadable(path, f"文件 {path} 是空的（0 字节）。请提供有内容的文件。")
    if found is Format.TEXT and (claimed := _CLAIMED.get(path.suffix.lower())):
        raise UnsupportedFormat(
            path, f"{path} 不是{claimed}：内容与 {path.suffix} 不符。请用原软件打开后另存，再重试。"
        )
    if found is Format.TEXT and path.suffix.lower() not in ("", *SUFFIXES):
        raise UnsupportedFormat(
            path, f"不支持的文件格式：{path}（{path.suffix}）。目前支持 {_READABLE}。请先转换为其中一种格式。"
        )
    if found is Format.PACKED:
        raise UnsupportedFormat(path, f"{path} 是 .7z、.rar 或 .gz 一类压缩包，没有打开。请解压，或改存为 .zip。")
    limit = MAX_BYTES if found in (Format.TEXT, Format.HTML, Format.DELIMITED, Format.RECORDS) else MAX_PACKED
    if size > limit:
        raise _too_large(path, size, limit)


def _too_large(path: Path, size: int, limit: int) -> DocumentTooLarge:
    return DocumentTooLarge(
        path, f"文件太大：{path} 有 {size / 2**20:.1f} MB，上限是 {limit // 2**20} MB。请拆分成几个文件。"
    )


def find_files(paths: Sequence[Path], notice: Notice = lambda _: None) -> list[tuple[Path, str]]:
    """Return the files that paths stand for, with the name that each is known by.

    Folders are searched recursively, without hidden files and what office programs and desktops leave behind. Links in
    them are not followed, but those that lead out are told of: who may read a document is decided by the name it is
    known by, and a link would give it another.

    Returns:
        (file, source) pairs, each file once: in the order of `paths`, inside a folder sorted by name. A source is the
        path relative to the folder given, or the file name; where two files would share one, parts of their parent
        folders are put in front until they differ. DocumentUnreadable if a path does not exist or cannot be listed.
    """
    found: dict[Path, tuple[Path, int]] = {}
    for path in paths:
        for file in _files(path, notice):
            depth = len(file.relative_to(path).parts) if file != path else 1
            found.setdefault(file.resolve(), (file, depth))
    sources = _distinct({real: depth for real, (_, depth) in found.items()}, {r: f for r, (f, _) in found.items()})
    return [(file, sources[real]) for real, (file, _) in found.items()]


def _files(path: Path, notice: Notice) -> Iterator[Path]:
    if not path.exists():
        raise DocumentUnreadable(path, f"找不到 {path}。请检查路径是否写对。")
    if path.is_dir():
        yield from _walk(path, path.resolve(), notice)
    else:
        yield path


def _walk(folder: Path, root: Path, notice: Notice) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: unicodedata.normalize("NFC", entry.name))
    except OSError as error:
        raise DocumentUnreadable(
            folder, f"无法列出文件夹 {folder}：{error.strerror or error}。请检查读取权限。"
        ) from error
    for entry in entries:
        if entry.name.startswith(_NOT_DOCUMENTS):
            continue
        if entry.is_symlink():
            if entry.exists() and not entry.resolve().is_relative_to(root):  # what is inside is found by itself
                notice(f"{entry} 是链接，指向所给文件夹之外，没有跟随：需要时请直接给出 {entry.resolve()}。")
        elif entry.is_dir():
            yield from _walk(entry, root, notice)
        elif entry.is_file():
            yield entry


def _distinct(depths: dict[Path, int], files: dict[Path, Path]) -> dict[Path, str]:
    """Return a source for each file: its last `depth` parts, more of them as long as two files share one."""
    while True:
        tails = {real: files[real].absolute().parts[-depth:] for real, depth in depths.items()}
        sources = {real: "/".join(map(legible, tail)).replace("//", "/") for real, tail in tails.items()}
        sharing: dict[str, list[Path]] = {}
        for real, source in sources.items():
            sharing.setdefault(source, []).append(real)
        clashing = [real for group in sharing.values() if len(group) > 1 for real in group]
        deeper = {real: depths[real] + 1 for real in clashing if depths[real] < len(files[real].absolute().parts)}
        if not deeper:
            return sources
        depths = depths | deeper


def legible(name: str) -> str:
    """Return a file's or folder's name, given as Python shows it, as people write it, in NFC.

    One that is no UTF-8 is read as GB18030, as old systems wrote names; bytes that are neither stay visible as `\\xff`.
    """
    written = os.fsencode(name)
    text = written.decode("utf-8", "backslashreplace")
    if not _is_utf8(written):
        with suppress(UnicodeDecodeError):
            text = written.decode("gb18030")
    return unicodedata.normalize("NFC", text)


def _is_utf8(written: bytes) -> bool:
    """Return whether a name is meant as UTF-8: 通知 in GBK is valid UTF-8 too, but of signs that stand in no name."""
    try:
        text = unicodedata.normalize("NFC", written.decode("utf-8"))
    except UnicodeDecodeError:
        return False
    foreign = [character for character in text if not character.isascii()]
    usual = all(unicodedata.category(c)[0] in "LMC" and c < "\u0530" for c in foreign)
    return usual or any(c >= "\u0800" for c in foreign)
