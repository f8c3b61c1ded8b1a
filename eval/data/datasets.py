"""Data sets: one question a row, as docs/contract.md has it or as other tools write it."""

from __future__ import annotations

from pathlib import Path

from eval.data.rows import evidence_in, read_rows
from eval.errors import EvaluationError
from eval.jsonlines import Record
from eval.records import Dataset, Query


def load_dataset(path: Path, split: str | None = None) -> Dataset:
    """Read and check a question file: JSON lines as in docs/contract.md, or another that `read_rows` reads.

    The fields `split` and `section` may be added; a split keeps only its questions.

    Raises:
        EvaluationError: if the file cannot be used; names line and field.
    """
    queries = _distinct(path, [(record, query_of(record)) for record in read_rows(path)])
    if not queries:
        raise EvaluationError(f"{path} 里一个问题也没有；应为一行一题的 JSON Lines 或表格")
    return Dataset(path.name, _selected(path, queries, split), split)


def query_of(record: Record) -> Query:
    """Return a line as a question.

    Raises:
        EvaluationError: as the record's own, if a field is not as docs/contract.md has it; names line and field.
    """
    answers = record.alternatives("answers")
    told = "answerable" in record.fields or "answers" not in record.fields
    answerable = record.flag("answerable") if told else bool(answers)
    if answerable and not answers:
        raise record.complaint("answers", "至少一个备选答案（answerable 为 true）")
    if answers and not answerable:
        raise record.complaint("answers", "空数组（answerable 为 false）")
    return Query(
        id=record.text("id"),
        question=record.text("question"),
        answers=answers,
        evidence=record.texts("evidence") or evidence_in(record.optional_text("context") or "", answers),
        answerable=answerable,
        type=record.optional_text("type") or "other",
        history=record.texts("history"),
        split=record.optional_text("split"),
        section=record.optional_text("section"),
        within=record.optional_text("within"),
    )


def _distinct(path: Path, read: list[tuple[Record, Query]]) -> tuple[Query, ...]:
    lines: dict[str, int | None] = {}
    for record, query in read:
        first = lines.setdefault(query.id, record.line)
        if first != record.line:
            raise EvaluationError(
                f"{path} 第 {record.line} 行：字段 id 的 {query.id} 在第 {first} 行已经用过，应各不相同"
            )
    return tuple(query for _, query in read)


def _selected(path: Path, queries: tuple[Query, ...], split: str | None) -> tuple[Query, ...]:
    if split is None:
        return queries
    selected = tuple(query for query in queries if query.split == split)
    if not selected:
        known = "、".join(sorted({query.split for query in queries if query.split})) or "没有任何划分"
        raise EvaluationError(f"{path} 里没有 split 为 {split} 的问题；文件里有：{known}")
    return selected
