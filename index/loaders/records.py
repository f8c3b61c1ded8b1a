"""Records, .json and .jsonl: lists of like ones as tables, all else as lines 「键：值」 behind the names above it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from index.loaders import plain
from index.loaders.content import Content, Unreadable, Writer, spaced
from index.loaders.tables import Grid

DEPTH_MAX = 30
"""Levels that are told apart."""
_CELL_MAX = 200  # characters of a value up to which it fits into a table
_COLUMNS_MAX = 60
_LEVEL = " › "


def read(data: bytes) -> Content:
    """Read a .json or .jsonl file; Unreadable if its encoding is unknown, or it is no JSON."""
    text, writer = plain.begun(data)
    _write(writer, _parsed(text.lstrip("\ufeff"), writer), (), 0)
    return writer.content()


def _parsed(text: str, writer: Writer) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        failure = error
    lines = [line for line in text.split("\n") if line.strip()]
    found, failed = [], 0
    for line in lines:
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            failed += 1
    if not found or failed > len(lines) // 10:
        where = f"（第 {failure.lineno} 行）" if isinstance(failure, json.JSONDecodeError) else ""
        raise Unreadable(f"不是合规的 JSON{where}。请检查文件是否完整。") from failure
    if failed:
        writer.notice(f"{failed} 行不是合规的 JSON，没有读取。")
    return found


def _write(writer: Writer, value: Any, path: tuple[str, ...], depth: int) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if _is_plain(inner):
                writer.paragraph(f"{_LEVEL.join((*path, str(name)))}：{_said(inner)}" if _said(inner) else "")
        for name, inner in value.items():
            if not _is_plain(inner):
                _deeper(writer, inner, (*path, str(name)), depth)
    elif isinstance(value, list):
        if (grid := _grid(value)) is not None:
            if path:
                writer.paragraph(_LEVEL.join(path))
            writer.table(grid)
        elif all(map(_is_plain, value)):
            name = f"{_LEVEL.join(path)}：" if path else ""
            writer.paragraph(name + "、".join(filter(None, map(_said, value))))
        else:
            for number, inner in enumerate(value, 1):
                _deeper(writer, inner, (*path, str(number)) if path else (), depth)
    else:
        writer.paragraph(_said(value))


def _deeper(writer: Writer, value: Any, path: tuple[str, ...], depth: int) -> None:
    if depth >= DEPTH_MAX:
        writer.notice(f"超过 {DEPTH_MAX} 层的内容没有读取。")
    else:
        _write(writer, value, path, depth + 1)


def _grid(records: Sequence[Any]) -> Grid | None:
    """Return the records of the same few short fields as a table."""
    if len(records) < 2 or not all(isinstance(record, Mapping) for record in records):
        return None
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    values = [value for record in records for value in record.values()]
    if not 1 < len(names) <= _COLUMNS_MAX or not all(_is_plain(value) for value in values):
        return None
    if any(len(_said(value)) > _CELL_MAX for value in values):
        return None
    rows = [[_said({str(k): v for k, v in record.items()}.get(name)) for name in names] for record in records]
    return Grid([names, *rows], 1)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, Mapping | list)


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return spaced(str(value).split("\n"))
