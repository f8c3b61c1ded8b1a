"""TREC's two files: qrels say what is relevant, runs say what was found. Read, checked, written.

    qrels   query 0 document grade
    run     query Q0 document rank score tag

A run is ranked as trec_eval does it: by score, the rank column ignored; of equal scores the greater document id first.
Files that were written by hand or by other programs are untrusted: every complaint names file, line and field.

Source: trec_eval 9, `form_res_rels.c`, and its README. It keeps scores as 32-bit floats; here they are 64-bit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from eval.errors import EvaluationError
from eval.jsonlines import read_text, shown

Qrels = Mapping[str, Mapping[str, int]]
"""Query id → document id → grade. Above 0 is relevant; a document that is not named is unjudged."""

Run = Mapping[str, Mapping[str, float]]
"""Query id → document id → score, greater is better."""

Grade = TypeVar("Grade", int, float)

_GRADE = re.compile("[+-]?[0-9]{1,9}")


def ranking(scores: Mapping[str, float]) -> list[str]:
    """Return document ids, best first; of equal scores the greater id first."""
    return sorted(sorted(scores, reverse=True), key=scores.__getitem__, reverse=True)


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return the judgements of a qrels file: TREC's four columns, or BEIR's three with their header.

    Raises:
        EvaluationError: if the file cannot be used; names line and field.
    """
    lines = list(_lines(path))
    if lines and lines[0][1][:2] == ["query-id", "corpus-id"]:
        return _table(path, lines[1:], 3, 1, 2, _grade, "分级应为整数")
    return _table(path, lines, 4, 2, 3, _grade, "分级应为整数")


def read_run(path: Path) -> dict[str, dict[str, float]]:
    """Return the scores of a run file.

    Raises:
        EvaluationError: if the file cannot be used; names line and field.
    """
    return _table(path, list(_lines(path)), 6, 2, 4, _score, "分数应为有限的数")


def write_qrels(path: Path, qrels: Qrels) -> None:
    """Write judgements, queries and documents in the order given.

    Raises:
        ValueError: if an id holds white space, which would break the columns.
        OSError: if the file cannot be written.
    """
    lines = [
        f"{_id(query)} 0 {_id(document)} {grade}"
        for query, judged in qrels.items()
        for document, grade in judged.items()
    ]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_run(path: Path, run: Run, tag: str = "yiju") -> None:
    """Write a run, best first; reading it back gives the same scores to the last bit.

    Raises:
        ValueError: if an id or the tag holds white space, which would break the columns.
        OSError: if the file cannot be written.
    """
    lines = [
        f"{_id(query)} Q0 {_id(document)} {rank} {float(scores[document])!r} {_id(tag)}"
        for query, scores in run.items()
        for rank, document in enumerate(ranking(scores), start=1)
    ]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers with the columns of every line that is not blank."""
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if cells := text.split():
            yield line, cells


def _table(
    path: Path,
    lines: Sequence[tuple[int, list[str]]],
    columns: int,
    document: int,
    value: int,
    value_of: Callable[[str], Grade | None],
    expected: str,
) -> dict[str, dict[str, Grade]]:
    """Return query → document → value, of lines whose columns are so many; the query stands in the first."""
    found: dict[str, dict[str, Grade]] = {}
    for line, cells in lines:
        if len(cells) != columns:
            row = shown(" ".join(cells))
            raise EvaluationError(f"{path} 第 {line} 行有 {len(cells)} 列，应为 {columns} 列（以空白分隔）：{row}")
        if (grade := value_of(cells[value])) is None:
            raise EvaluationError(f"{path} 第 {line} 行：{expected}，这里是 {shown(cells[value])}")
        judged = found.setdefault(cells[0], {})
        if cells[document] in judged:
            raise EvaluationError(f"{path} 第 {line} 行：问题 {cells[0]} 的文档 {cells[document]} 前面已有，应各不相同")
        judged[cells[document]] = grade
    if not found:
        raise EvaluationError(f"{path} 里一行也没有；请检查文件内容")
    return found


def _grade(text: str) -> int | None:
    return int(text) if _GRADE.fullmatch(text) else None


def _score(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _id(text: str) -> str:
    if not text or text.split() != [text]:
        raise ValueError(f"编号 {text!r} 为空或含空白，写不进 TREC 文件；请换成不含空白的编号")
    return text
