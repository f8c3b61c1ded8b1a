from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.data.checks import findings
from eval.records import Dataset, Query
from index.records import Document
from tests.support.eval_fakes import DOCUMENT, EVIDENCE, make_query

CLEAN = make_query()


def kinds(*queries: Query, documents: tuple[Document, ...] = (DOCUMENT,)) -> list[tuple[str, str]]:
    return [(each.kind, each.id) for each in findings(Dataset("s", queries), documents)]


def test_a_clean_set_has_no_findings() -> None:
    assert kinds(CLEAN, make_query(id="trap", answerable=False)) == [("重复", "trap")]  # the fakes ask the same
    assert kinds(CLEAN) == []


def test_the_same_question_in_two_splits_is_leakage() -> None:
    dev, test = (dataclasses.replace(CLEAN, id=split, split=split) for split in ("dev", "test"))
    assert kinds(dev, test) == [("跨划分重复", "test")]
    followup = dataclasses.replace(test, history=("那风电呢",))
    assert kinds(dev, followup) == []


def test_an_answer_that_its_evidence_does_not_hold_is_found() -> None:
    assert kinds(make_query(("90MW",))) == [("答案不在证据里", "q1")]
    assert kinds(make_query(("90MW",), ("70MW",))) == []


def test_evidence_that_stands_nowhere_or_in_several_documents_is_found() -> None:
    assert kinds(make_query(("70MW",), evidence=("光伏70MW",))) == [("证据不在文件里", "q1")]
    other = dataclasses.replace(DOCUMENT, id="other", source="other.txt")
    assert kinds(CLEAN, documents=(DOCUMENT, other)) == [("证据在多个文件里", "q1")]
    assert kinds(make_query(("70MW",), evidence=("光伏70MW",)), documents=()) == []


def test_a_question_copied_from_the_text_is_found() -> None:
    copied = dataclasses.replace(CLEAN, question="光伏发电计划装机容量是？")
    assert kinds(copied) == [("照抄原文", "q1")]
    assert kinds(dataclasses.replace(CLEAN, question="计划装机容量")) == []  # too short to call it a copy


def test_the_command_tells_and_gates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.txt").write_text(DOCUMENT.text, encoding="utf-8")
    line = {"id": "a", "question": "光伏目标", "answers": [["70MW"]], "evidence": [EVIDENCE], "answerable": True}
    dataset = tmp_path / "set.jsonl"
    dataset.write_text(json.dumps(line) + "\n", encoding="utf-8")
    argv = ["stats", str(dataset), "--documents", str(tmp_path / "plan.txt"), "--strict"]
    assert main(argv) == 0
    assert "没有发现问题" in capsys.readouterr().out
    dataset.write_text(json.dumps({**line, "evidence": ["没有的话70MW"]}) + "\n", encoding="utf-8")
    assert main(argv) == 1
    assert "证据不在文件里  a     没有的话70MW" in capsys.readouterr().out
