"""Read untrusted JSON lines; every error names the file, the line and the field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from eval.errors import EvaluationError


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a JSON-lines file, read field by field."""

    path: Path
    line: int | None  # 1-based line number; None in a file that is one JSON value
    fields: Mapping[str, object]  # the JSON object; for nested objects, the inner one
    prefix: str = ""  # where a nested object stands, e.g. `citations[0].`.

    def complaint(self, field: str, expected: str) -> EvaluationError:
        """Return the error that says what stands in `field` and what should."""
        found = f"是 {shown(self.fields[field])}" if field in self.fields else "没有"
        place = f" 第 {self.line} 行" if self.line is not None else ""
        where = f"{self.path}{place}：字段 {self.prefix}{field}"
        return EvaluationError(f"{where} {found}，应为{expected}")

    def text(self, field: str) -> str:
        """Return a string that is not blank."""
        value = self.fields.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.complaint(field, "非空字符串")
        return value

    def any_text(self, field: str) -> str:
        """Return a string, maybe empty."""
        value = self.fields.get(field)
        if not isinstance(value, str):
            raise self.complaint(field, "字符串")
        return value

    def optional_text(self, field: str) -> str | None:
        """Return a string, or None where the field is missing or null."""
        return None if self.fields.get(field) is None else self.any_text(field)

    def flag(self, field: str) -> bool:
        """Return a JSON boolean."""
        value = self.fields.get(field)
        if not isinstance(value, bool):
            raise self.complaint(field, " true 或 false")
        return value

    def number(self, field: str, low: float, high: float) -> float:
        """Return a number in [low, high]."""
        value = self.fields.get(field)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.complaint(field, f" {low:g} 到 {high:g} 的数")
        return float(value)

    def offset(self, field: str) -> int:
        """Return an integer that is not negative."""
        value = self.fields.get(field)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.complaint(field, "非负整数")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a list of strings that are not blank; a string is a list of one, and a missing field an empty one."""
        value = self.fields.get(field, [])
        if isinstance(value, str):
            value = [value]
        if not _is_texts(value):
            raise self.complaint(field, "非空字符串的数组")
        return tuple(value)

    def alternatives(self, field: str) -> tuple[tuple[str, ...], ...]:
        """Return a list of non-empty lists of strings, each once; empty where the field is missing.

        What stands for a list of one string: the string, SQuAD's object with `text`, and all of a row's `text`.
        """
        value = self.fields.get(field) or []
        if isinstance(value, dict):
            value = value.get("text")
        found: list[tuple[str, ...]] = []
        for each in value if isinstance(value, list) else [value]:
            text = each["text"] if isinstance(each, dict) and "text" in each else each
            parts = [text.strip()] if isinstance(text, str) else text
            if parts == [""]:
                continue
            if not _is_texts(parts) or not parts:
                raise self.complaint(field, '字符串的数组，或数组的数组，例如 ["70MW"]、[["70MW"], ["70兆瓦"]]')
            found.append(tuple(parts))
        return tuple(dict.fromkeys(found))

    def inner(self, field: str) -> Record:
        """Return a JSON object as a record of its own; an empty one where the field is missing."""
        value = self.fields.get(field, {})
        if not isinstance(value, dict):
            raise self.complaint(field, "对象")
        return Record(self.path, self.line, value, f"{self.prefix}{field}.")

    def objects(self, field: str) -> list[Record]:
        """Return a list of JSON objects, each as a record of its own."""
        value = self.fields.get(field)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.complaint(field, "对象的数组")
        return [Record(self.path, self.line, item, f"{self.prefix}{field}[{n}].") for n, item in enumerate(value)]


def read_records(path: Path) -> Iterator[Record]:
    """Yield the objects of a JSON-lines file in order; blank lines are skipped.

    Raises:
        EvaluationError: if the file cannot be read or a line is no JSON object.
    """
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if text.strip():
            yield Record(path, line, _object(path, line, text))


def read_json(path: Path) -> object:
    """Return what a file that is one JSON value holds.

    Raises:
        EvaluationError: if it cannot be read or is no JSON.
    """
    try:
        value: object = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as cause:
        raise EvaluationError(f"{path} 不是完整的 JSON：{cause}") from cause
    return value


def read_text(path: Path) -> str:
    """Return the content of a UTF-8 file, with or without a byte order mark.

    Raises:
        EvaluationError: if it cannot be read or decoded.
    """
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as cause:
        raise EvaluationError(f"无法读取 {path}：{cause.strerror or cause}") from cause
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        raise EvaluationError(
            f"{path} 不是 UTF-8 文本（第 {line} 行，第 {cause.start} 字节起），请转换后再用"
        ) from cause


def _object(path: Path, line: int, text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as cause:
        raise EvaluationError(f"{path} 第 {line} 行不是完整的 JSON：{shown(text)}") from cause
    if not isinstance(value, dict):
        raise EvaluationError(f"{path} 第 {line} 行是 {shown(value)}，应为一个 JSON 对象")
    return value


def _is_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)


def shown(value: object) -> str:
    """Return a value as it may stand in a message: JSON, one line, 40 characters at most."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split()) or "空白"
    return text if len(text) <= 40 else text[:39] + "…"
