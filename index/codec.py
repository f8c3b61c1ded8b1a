"""Documents and passages as lines of JSON, and back again out of files that nobody vouches for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from index.records import Document, Heading, Metadata, Origin, Passage, Span, Table

# What an id may be made of: it becomes part of addresses and of passage ids.
DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")

# Names of files need not be valid Unicode, which Python shows as lone surrogates; they must survive the round trip.
_SURROGATES = "surrogatepass"


def to_line(row: object) -> bytes:
    """A value as one line of UTF-8 JSON."""
    return (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", _SURROGATES)


def read_lines(path: Path) -> Iterator[Any]:
    """The values in a file of JSON lines.

    Raises:
        ValueError: if a line is not JSON.
        OSError: if the file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line.decode("utf-8", _SURROGATES))
            except (ValueError, RecursionError) as error:
                raise ValueError(f"第 {number} 行不是 JSON") from error


def document_row(document: Document) -> dict[str, object]:
    """All of a document, as JSON values."""
    return {
        "id": document.id,
        "title": document.title,
        "source": document.source,
        "metadata": asdict(document.metadata),
        "headings": [[heading.title, heading.level, heading.start, heading.end] for heading in document.headings],
        "page_starts": list(document.page_starts),
        "tables": [[table.span.start, table.span.end, table.caption] for table in document.tables],
        "origin": [document.origin.folder, document.origin.digest],
        "text": document.text,
    }


def passage_row(passage: Passage) -> list[object]:
    """A passage without what its document says already: text and title."""
    return [
        passage.document_id,
        passage.span.start,
        passage.span.end,
        list(passage.section_path),
        passage.page,
        list(passage.labels),
    ]


def documents_from(rows: Iterable[Any]) -> list[Document]:
    """Documents out of rows.

    Returns:
        In the order of the rows, which is that of their ids.

    Raises:
        ValueError: if a row is not a document, or ids do not ascend.
    """
    documents = [_document(row) for row in rows]
    ids = [document.id for document in documents]
    if any(one >= other for one, other in pairwise(ids)):
        raise ValueError("文档未按编号排列，或编号重复")
    return documents


def passages_from(rows: Iterable[Any], documents: Sequence[Document]) -> list[tuple[Document, tuple[Passage, ...]]]:
    """Passages out of rows, with the documents that they are slices of.

    Returns:
        Every document in the given order, each with its passages in text order.

    Raises:
        ValueError: if a row is not a passage, lies outside its document, or passages are out of order.
    """
    found: dict[str, list[Passage]] = {document.id: [] for document in documents}
    by_id = {document.id: document for document in documents}
    before = ("", -1, -1)
    for row in rows:
        passage = _passage(row, by_id)
        place = (passage.document_id, passage.span.start, passage.span.end)
        if place <= before:
            raise ValueError(f"片段 {passage.id} 重复或次序不对")
        found[passage.document_id].append(passage)
        before = place
    return [(document, tuple(found[document.id])) for document in documents]


def _document(row: Any) -> Document:
    _expect(isinstance(row, dict), "文档不是 JSON 对象")
    text, metadata = _text(row.get("text")), row.get("metadata")
    _expect(isinstance(metadata, dict), "文档的元数据不是 JSON 对象")
    identifier = _text(row.get("id"))
    _expect(DOCUMENT_ID.fullmatch(identifier) is not None, f"文档编号不合规：{identifier!r}")
    return Document(
        id=identifier,
        title=_text(row.get("title")),
        text=text,
        source=_text(row.get("source")),
        headings=tuple(_heading(heading, len(text)) for heading in _list(row.get("headings"))),
        page_starts=tuple(_offset(start, len(text)) for start in _list(row.get("page_starts"))),
        metadata=_metadata(metadata),
        tables=tuple(_table(table, len(text)) for table in _list(row.get("tables", []))),
        origin=_origin(row.get("origin", [None, ""])),
    )


def _metadata(row: Mapping[str, Any]) -> Metadata:
    return Metadata(*(_text_or_none(row.get(field.name)) for field in fields(Metadata)))


def _heading(row: Any, length: int) -> Heading:
    _expect(isinstance(row, list) and len(row) == 4, "标题不是四项")
    title, level, start, end = row
    _expect(_offset(start, length) <= _offset(end, length), f"标题的位置颠倒：{start}–{end}")
    return Heading(_text(title), _offset(level, 1000), start, end)


def _origin(row: Any) -> Origin:
    _expect(isinstance(row, list) and len(row) == 2, "来源不是两项")
    return Origin(_text_or_none(row[0]), _text(row[1]))


def _table(row: Any, length: int) -> Table:
    _expect(isinstance(row, list) and len(row) == 3, "表格不是三项")
    start, end, caption = row
    _expect(_offset(start, length) <= _offset(end, length), f"表格的位置颠倒：{start}–{end}")
    return Table(Span(start, end), _text(caption))


def _passage(row: Any, documents: Mapping[str, Document]) -> Passage:
    _expect(isinstance(row, list) and len(row) == 6, "片段不是六项")
    identifier, start, end, section_path, page, labels = row
    document = documents.get(_text(identifier))
    if document is None:
        raise ValueError(f"片段所属的文档不存在：{identifier!r}")
    _expect(_offset(start, len(document.text)) < _offset(end, len(document.text)), f"片段的位置不对：{start}–{end}")
    span = Span(start, end)
    return Passage(
        document_id=document.id,
        title=document.title,
        text=span.slice(document.text),
        span=span,
        section_path=tuple(_text(title) for title in _list(section_path)),
        page=None if page is None else _offset(page, len(document.page_starts)),
        labels=tuple(_text(label) for label in _list(labels)),
    )


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _text(value: Any) -> str:
    _expect(isinstance(value, str), f"应为文字：{str(value)[:40]}")
    return str(value)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"应为列表：{str(value)[:40]}")
    return value


def _offset(value: Any, limit: int) -> int:
    _expect(type(value) is int and 0 <= value <= limit, f"应为 0 到 {limit} 的整数：{str(value)[:40]}")
    return int(value)
