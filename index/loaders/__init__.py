"""Files in, documents with verbatim text out; one module a format."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.errors import DocumentTooLarge, DocumentUnreadable, UnsupportedFormat
from index.loaders import plain
from index.metadata import describe
from index.outline import outline
from index.records import Document

SUFFIXES = (".txt", ".md", ".markdown")
MAX_BYTES = 20 * 1024 * 1024


def load(path: Path, *, source: str | None = None) -> Document:
    """Load one file.

    Args:
        path: a .txt or .md file of at most 20 MB.
        source: the name that the document is known and cited by; the file name unless given.

    Returns:
        The document with its verbatim text, headings, title and metadata. Its id depends on `source` alone.

    Raises:
        UnsupportedFormat: if no loader reads this kind of file.
        DocumentTooLarge: if the file is over the limit.
        DocumentUnreadable: if the file is missing, empty, binary or in an unknown encoding.
    """
    _check(path)
    text = plain.read_text(path)
    source = unicodedata.normalize("NFC", path.name) if source is None else source
    title, metadata = describe(text, Path(source).stem)
    return Document(
        id=document_id(source), title=title, text=text, source=source, headings=outline(text), metadata=metadata
    )


def document_id(source: str) -> str:
    """The id of the document known by `source`: 12 hexadecimal digits, the same in every build."""
    return hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _check(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DocumentUnreadable(
            path, f"找不到或无法访问文件 {path}：{error.strerror or error}。请检查路径和权限。"
        ) from error
    if not path.is_file():
        raise DocumentUnreadable(path, f"{path} 不是普通文件。请提供文件，或把文件夹交给 yiju-index build。")
    if path.suffix.lower() not in SUFFIXES:
        found = path.suffix or "没有扩展名"
        raise UnsupportedFormat(
            path, f"不支持的文件格式：{path}（{found}）。目前支持 {'、'.join(SUFFIXES)}。请先转换为其中一种格式。"
        )
    if size > MAX_BYTES:
        raise DocumentTooLarge(
            path, f"文件太大：{path} 有 {size / 2**20:.1f} MB，上限是 {MAX_BYTES // 2**20} MB。请拆分成几个文件。"
        )


def find_files(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """The files that paths stand for, with the name that each is known by.

    Args:
        paths: files and folders; folders are searched recursively, without hidden files and folders.

    Returns:
        (file, source) pairs, each file once: in the order of `paths`, inside a folder sorted by name. A source
        is the path relative to the folder given, or the file name; where two files would share one, parts of
        their parent folders are put in front until they differ. Files of any format are listed.

    Raises:
        DocumentUnreadable: if a path does not exist or a folder cannot be listed.
    """
    found: dict[Path, tuple[Path, int]] = {}
    for path in paths:
        for file in _files(path):
            depth = len(file.relative_to(path).parts) if file != path else 1
            found.setdefault(file.resolve(), (file, depth))
    sources = _distinct({real: depth for real, (_, depth) in found.items()}, {r: f for r, (f, _) in found.items()})
    return [(file, sources[real]) for real, (file, _) in found.items()]


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise DocumentUnreadable(path, f"找不到 {path}。请检查路径是否写对。")
    if path.is_dir():
        yield from _walk(path, (path.resolve(),))
    else:
        yield path


def _walk(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: unicodedata.normalize("NFC", entry.name))
    except OSError as error:
        raise DocumentUnreadable(
            folder, f"无法列出文件夹 {folder}：{error.strerror or error}。请检查读取权限。"
        ) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            real = entry.resolve()
            if real not in above:  # a link back to a folder above would never end
                yield from _walk(entry, (*above, real))
        elif entry.is_file():
            yield entry


def _distinct(depths: dict[Path, int], files: dict[Path, Path]) -> dict[Path, str]:
    """A source for each file: its last `depth` parts, more of them as long as two files share one."""
    while True:
        sources = {real: _tail(files[real], depth) for real, depth in depths.items()}
        sharing: dict[str, list[Path]] = {}
        for real, source in sources.items():
            sharing.setdefault(source, []).append(real)
        clashing = [real for group in sharing.values() if len(group) > 1 for real in group]
        deeper = {real: depths[real] + 1 for real in clashing if depths[real] < len(files[real].absolute().parts)}
        if not deeper:
            return sources
        depths = depths | deeper


def _tail(file: Path, depth: int) -> str:
    parts = file.absolute().parts
    return unicodedata.normalize("NFC", "/".join(parts[-depth:]).replace("//", "/"))
