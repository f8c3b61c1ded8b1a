"""Encode documents and passages as JSON, and decode them from untrusted files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from index.records import Description, Document, Heading, Metadata, Origin, Passage, Row, Span, Table

# What an id may be made of: it becomes part of addresses and of passage ids.
DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")

# Names of files need not be valid Unicode, which Python shows as lone surrogates; they must survive the round trip.
_SURROGATES = "surrogatepass"


def packed(row: object) -> bytes:
    """Return a value as UTF-8 JSON on one line."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", _SURROGATES)


def unpacked(content: bytes) -> Any:
    """Return the value again; ValueError if it is not JSON."""
    try:
        return json.loads(to_text(content))
    except (ValueError, RecursionError) as error:
        raise ValueError("不是 JSON") from error


def to_bytes(text: str) -> bytes:
    """Return text as it is stored."""
    return text.encode("utf-8", _SURROGATES)


def to_text(content: bytes) -> str:
    """Return stored text; ValueError if it is none."""
    return content.decode("utf-8", _SURROGATES)


def last_of_each(documents: Iterable[Document]) -> list[Document]:
    """Return documents by ascending id; of several with one id or source the last. ValueError if an id is unusable."""
    chosen: dict[str, Document] = {}
    sources: set[str] = set()
    for document in reversed(list(documents)):
        if not DOCUMENT_ID.fullmatch(document.id):
            raise ValueError(f"a document id is made of 1 to 200 of A-Z a-z 0-9 _ -, got {document.id!r}")
        if document.id not in chosen and document.source not in sources:
            chosen[document.id] = document
            sources.add(document.source)
    return [document for _, document in sorted(chosen.items())]


def card_row(document: Document) -> dict[str, object]:
    """Return what lists, filters and versions ask of a document, as JSON values."""
    said = ((field.name, getattr(document.metadata, field.name)) for field in fields(Metadata))
    return {
        "id": document.id,
        "title": document.title,
        "source": document.source,
        "metadata": {name: value for name, value in said if value is not None},
        "origin": [document.origin.folder, document.origin.digest],
        "characters": len(document.text),
    }


def outline_row(document: Document) -> dict[str, object]:
    """Return the rest of a document but for its text, as JSON values."""
    return {
        "headings": [[heading.title, heading.level, heading.start, heading.end] for heading in document.headings],
        "page_starts": list(document.page_starts),
        "tables": [_table_row(table) for table in document.tables],
        **({"placed": document.placed} if document.placed else {}),
        **({"gaps": list(document.gaps)} if document.gaps else {}),
    }


def document_row(document: Document) -> dict[str, object]:
    """Return all of a document, as JSON values."""
    return {**card_row(document), **outline_row(document), "text": document.text}


def path_row(passage: Passage) -> list[object]:
    """Return a passage without its place and what its document says already, as JSON values."""
    return [list(passage.section_path), list(passage.labels)]


def description_from(card: Any) -> Description:
    """Return a document's description out of its card; ValueError if the card is none."""
    _expect(isinstance(card, dict), "文档不是 JSON 对象")
    metadata = card.get("metadata")
    _expect(isinstance(metadata, dict), "文档的元数据不是 JSON 对象")
    identifier = _text(card.get("id"))
    _expect(DOCUMENT_ID.fullmatch(identifier) is not None, f"文档编号不合规：{identifier!r}")
    origin = card.get("origin", [None, ""])
    _expect(isinstance(origin, list) and len(origin) == 2, "来源不是两项")
    return Description(
        id=identifier,
        title=_text(card.get("title")),
        source=_text(card.get("source")),
        metadata=Metadata(*(_text_or_none(metadata.get(field.name)) for field in fields(Metadata))),
        origin=Origin(_text_or_none(origin[0]), _text(origin[1])),
        characters=_offset(card.get("characters"), 2**53),
    )


def document_from(card: Any, outline: Any, text: str) -> Document:
    """Return a document out of its parts; ValueError if they are none, or do not fit each other."""
    described = description_from(card)
    _expect(isinstance(outline, dict), "文档的目录不是 JSON 对象")
    _expect(described.characters == len(text), f"文档应有 {described.characters} 字，实有 {len(text)} 字")
    return Document(
        id=described.id,
        title=described.title,
        text=text,
        source=described.source,
        headings=tuple(_heading(heading, len(text)) for heading in _list(outline.get("headings"))),
        page_starts=tuple(_offset(start, len(text)) for start in _list(outline.get("page_starts"))),
        metadata=described.metadata,
        tables=tuple(_table(table, len(text)) for table in _list(outline.get("tables", []))),
        origin=described.origin,
        placed=_text(outline.get("placed", "")),
        gaps=tuple(_text(gap) for gap in _list(outline.get("gaps", []))),
    )


def document_of(row: Any) -> Document:
    """Return a document out of all of it; ValueError if the row is none."""
    _expect(isinstance(row, dict), "文档不是 JSON 对象")
    text = _text(row.get("text"))
    return document_from({"characters": len(text), **row}, row, text)


def path_from(row: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return section path and labels of a passage; ValueError if the row holds none."""
    _expect(isinstance(row, list) and len(row) == 2, "片段的路径不是两项")
    return tuple(_text(title) for title in _list(row[0])), tuple(_text(label) for label in _list(row[1]))


def _heading(row: Any, length: int) -> Heading:
    _expect(isinstance(row, list) and len(row) == 4, "标题不是四项")
    title, level, start, end = row
    _expect(_offset(start, length) <= _offset(end, length), f"标题的位置颠倒：{start}–{end}")
    return Heading(_text(title), _offset(level, 1000), start, end)


def _table_row(table: Table) -> list[object]:
    """Return a table, its rows as running lists: line, then cells, -1 twice for an empty one."""
    spans = ((row.line, *row.cells) for row in table.rows)
    rows = [[at for span in each for at in ((span.start, span.end) if span else (-1, -1))] for each in spans]
    return [table.span.start, table.span.end, table.caption, list(table.columns), rows]


def _table(row: Any, length: int) -> Table:
    _expect(isinstance(row, list) and len(row) == 5, "表格不是五项")
    start, end, caption, columns, rows = row
    return Table(
        _span(start, end, length),
        _text(caption),
        tuple(_text(name) for name in _list(columns)),
        tuple(_row(each, length) for each in _list(rows)),
    )


def _row(row: Any, length: int) -> Row:
    places = _list(row)
    _expect(len(places) >= 2 and len(places) % 2 == 0, "表格的行不成对")
    start, end, *cells = places
    pairs = zip(cells[::2], cells[1::2], strict=True)
    return Row(_span(start, end, length), tuple(None if a == -1 else _span(a, b, length) for a, b in pairs))


def _span(start: Any, end: Any, length: int) -> Span:
    _expect(_offset(start, length) <= _offset(end, length), f"表格的位置颠倒：{start}–{end}")
    return Span(start, end)


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
