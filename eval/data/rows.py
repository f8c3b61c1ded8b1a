"""Questions as rows, in the files and under the names that other tools write, under the names of the contract.

    files   JSON lines or one JSON array, .csv and .tsv, .xlsx (its first sheet), .parquet
    names   the contract's own, ragas' (`user_input`, `reference`, `reference_contexts`), Hugging Face's SQuAD rows

In a cell of a table, several answers, pieces of evidence or earlier questions are parted by `|` or stand in lines.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from eval.errors import EvaluationError
from eval.jsonlines import Record, read_json, read_records, read_text
from index.errors import DocumentUnreadable, MissingDependency
from index.loaders import delimited, plain, xlsx
from index.loaders.content import Unreadable
from index.text import sentence_spans

_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("query_id", "qid", "编号"),
    "question": ("user_input", "query_text", "query", "问题"),
    "answers": ("ground_truths", "ground_truth", "reference", "answer", "答案"),
    "evidence": ("reference_contexts", "证据"),
    "context": ("context_text", "原文"),
    "type": ("类型",),
}
"""What a field of the contract is called elsewhere, the surest name first: ragas' `answer` is what was answered."""

_CONTRACTS = {other: name for name, others in _NAMES.items() for other in others}
_LISTS = frozenset({"answers", "evidence", "history"})
_PARTED = re.compile(r"[ \t]*[|｜\n][ \t]*")
_WORDS = {"true": True, "false": False, "是": True, "否": False}

Fields = dict[str, object]


def read_rows(path: Path) -> Iterator[Record]:
    """Yield the rows of a file with their fields named as in the contract; other fields stay as they are.

    A row without an id has the number of its line for one.

    Raises:
        EvaluationError: if the file cannot be read as what its name says.
        MissingDependency: for parquet without the extra.
    """
    readers = {".csv": _delimited, ".tsv": _delimited, ".xlsx": _sheet, ".parquet": _parquet, ".json": _json}
    for line, fields in readers.get(path.suffix.lower(), _lines)(path):
        yield Record(path, line, {"id": f"r{line:04d}", **named(fields)})


def named(fields: Mapping[str, object]) -> Fields:
    """Return fields under the contract's names, as far as these are not taken."""
    found = dict(fields)
    for name, others in _NAMES.items():
        other = next((each for each in others if each in found), None)
        if name not in found and other is not None:
            found[name] = found.pop(other)
    if isinstance(found.get("id"), int):
        found["id"] = str(found["id"])
    return found


def _lines(path: Path) -> Iterator[tuple[int, Fields]]:
    yield from ((each.line or 0, dict(each.fields)) for each in read_records(path))


def _json(path: Path) -> Iterator[tuple[int, Fields]]:
    """Yield the objects of an array, or of lines, as Hugging Face's `to_json` writes them."""
    if not read_text(path).lstrip().startswith("["):
        yield from _lines(path)
        return
    for number, row in enumerate(Record(path, None, {"rows": read_json(path)}).objects("rows"), start=1):
        yield number, dict(row.fields)


def _delimited(path: Path) -> Iterator[tuple[int, Fields]]:
    """Yield the rows of a text in any encoding that documents may have, a spreadsheet's own among them."""
    try:
        text = plain.decoded(path, path.read_bytes())[0]
    except OSError as cause:
        raise EvaluationError(f"无法读取 {path}：{cause.strerror or cause}") from cause
    except DocumentUnreadable as cause:
        raise EvaluationError(str(cause)) from cause
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimited.delimiter_of(text))
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as cause:
        raise EvaluationError(f"{path} 第 {reader.line_num} 行起无法读取：{cause}") from cause
    yield from _under_header(rows)


def _sheet(path: Path) -> Iterator[tuple[int, Fields]]:
    try:
        rows = xlsx.rows(path.read_bytes())
    except OSError as cause:
        raise EvaluationError(f"无法读取 {path}：{cause.strerror or cause}") from cause
    except Unreadable as cause:
        raise EvaluationError(f"无法读取 {path}：{cause}") from cause
    yield from _under_header(rows)


def _parquet(path: Path) -> Iterator[tuple[int, Fields]]:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as cause:
        raise MissingDependency("parquet", "读 .parquet 须装 yiju[parquet]：pip install 'yiju[parquet]'") from cause
    try:
        yield from enumerate(parquet.read_table(path).to_pylist(), start=1)
    except (OSError, arrow.ArrowException) as cause:
        raise EvaluationError(f"{path} 不是可读的 parquet 文件：{cause}") from cause


def _under_header(rows: Sequence[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, Fields]]:
    """Yield rows by the names of the first one; an empty cell is a field that is not there, or an empty list."""
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    for line, row in rows[1:]:
        cells = {name: _value(name, cell.strip()) for name, cell in zip(header, row, strict=False)}
        if any(cells.values()):
            yield line, {name: value for name, value in cells.items() if value != ""}


def _value(name: str, cell: str) -> object:
    """Return a cell as JSON would have it: a list as JSON or in parts, truth as a spreadsheet writes it."""
    if cell[:1] in ("[", "{"):
        with suppress(json.JSONDecodeError):
            return json.loads(cell)
    if _CONTRACTS.get(name, name) in _LISTS:
        return [each for each in _PARTED.split(cell) if each]
    return _WORDS.get(cell.lower(), cell)


def evidence_in(context: str, answers: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return of each answer that is one string the first sentence of `context` that holds it."""
    found = (each for parts in answers if len(parts) == 1 for each in sentences_with(context, parts[0])[:1])
    return tuple(dict.fromkeys(found))


def sentences_with(text: str, part: str) -> list[str]:
    """Return the sentences of `text` that hold `part`, verbatim and trimmed.

    `part` itself where it crosses sentences.
    """
    spans = [(span.slice(text).strip()) for span in sentence_spans(text)]
    return [each for each in spans if part in each] or ([part] if part in text else [])
