"""Evaluation cases made from real questions: JSON lines in the contract's form, which `yiju-eval` reads as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from index.errors import YijuError
from index.platforms import lock
from index.records import Document
from index.text import fold
from ui.admin.questions import OpenQuestion
from ui.usage.log import topic_of

MAX_TEXT = 1_000
"""Longest answer or evidence that a case takes, in characters."""

Case = dict[str, object]


class CaseError(ValueError):
    """A case that would not be right; the message is fit for a user's eyes."""


def cases_file(usage: Path) -> Path:
    """Return where the cases are kept: beside the record of questions that they come from."""
    return usage.with_name(usage.name.removesuffix("-usage.sqlite") + "-cases.jsonl")


def refusal_case(asked: OpenQuestion) -> Case:
    """Return the case that says: refusing is right."""
    return _case(asked, [], [], (), answerable=False)


def answer_case(asked: OpenQuestion, answer: str, evidence: str, documents: Sequence[Document]) -> Case:
    """Return the case that says what the right answer is, and where it stands.

    Strings of the answer that must all occur stand on lines of their own; some document must hold the evidence.

    Raises:
        CaseError: if something is missing, too long, or not in the documents.
    """
    answers = [line.strip() for line in answer.splitlines() if line.strip()]
    if not answers or not evidence.strip():
        raise CaseError("正确答案和原文依据都要填。")
    if max(len(answer), len(evidence)) > MAX_TEXT:
        raise CaseError(f"正确答案和原文依据各不超过 {MAX_TEXT} 个字。")
    holding = [document.id for document in documents if fold(evidence) in fold(document.text)]
    if not holding:
        raise CaseError("在所有文档里都找不到这段原文依据：请从原文逐字复制。")
    return _case(asked, [answers], [evidence.strip()], holding, answerable=True)


def cases_for(path: Path, readable: Callable[[Iterable[str]], bool]) -> str:
    """Return the cases so far as lines, without those from documents of which not all are `readable`."""
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    kept = (line for line in lines if line.strip() and readable(json.loads(line).get("documents", [""])))
    return "".join(f"{line}\n" for line in kept)


def draft(asked: OpenQuestion) -> Case:
    """Return the question as a draft for review: whether the refusal was right is open."""
    return {**refusal_case(asked), "status": "open"}


def add_cases(path: Path, cases: Sequence[Case]) -> int:
    """Append those cases whose question the file does not have yet, and return how many; processes may do so at once.

    Raises:
        YijuError: if the file cannot be read or written.
    """
    try:
        with path.open("a+", encoding="utf-8") as file:
            lock(file.fileno(), wait=True)  # until the file is closed
            file.seek(0)
            text = file.read()
            known = _ids(text)
            new = {str(case["id"]): case for case in cases if case["id"] not in known}
            if text and not text.endswith("\n"):
                file.write("\n")
            file.writelines(json.dumps(case, ensure_ascii=False) + "\n" for case in new.values())
            return len(new)
    except (OSError, ValueError) as error:
        raise YijuError(f"无法读写评测题文件 {path}（{error}）；请检查权限和磁盘空间。") from error


def _ids(text: str) -> set[object]:
    rows = (json.loads(line) for line in text.split("\n") if line.strip())  # texts may hold other ends of lines
    return {row.get("id") for row in rows if isinstance(row, dict)}


def _case(
    asked: OpenQuestion, answers: list[list[str]], evidence: list[str], documents: Iterable[str], *, answerable: bool
) -> Case:
    digest = sha256(topic_of(asked.question).encode()).hexdigest()
    return {
        "id": f"use-{digest[:12]}",
        "question": asked.question,
        "answers": answers,
        "evidence": evidence,
        "answerable": answerable,
        "type": "use",
        "history": [],
        "asked": asked.times,
        "last_asked": asked.last.date().isoformat(),
        "reason": "；".join(asked.reasons) or None,
        "given": asked.answer,
        "documents": sorted({*documents, *(each["document_id"] for each in asked.citations)}),
    }
