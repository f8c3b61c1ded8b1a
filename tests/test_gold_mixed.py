"""The questions about documents the product was not made for say what their documents say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.datasets import load_dataset
from eval.errors import DatasetError
from eval.gold import mixed_corpus
from eval.jsonlines import read_records

REPOSITORY = Path(__file__).resolve().parents[1]
QUESTIONS = REPOSITORY / "eval" / "gold" / "mixed.jsonl"
DATA = REPOSITORY.parent / "shared" / "data"
SPLITS = ("dev", "test")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [dict(record.fields) for record in read_records(QUESTIONS, DatasetError)]


@pytest.fixture(scope="module")
def documents() -> dict[str, mixed_corpus.Document]:
    if not DATA.is_dir():
        pytest.skip(f"没有 {DATA}：证据要对照其中的原文")
    return {document.title: document for document in mixed_corpus.load(DATA)}


def test_file_is_a_data_set() -> None:
    assert load_dataset(QUESTIONS).queries


def test_ids_are_unique(rows: list[dict[str, Any]]) -> None:
    assert [name for name, count in Counter(row["id"] for row in rows).items() if count > 1] == []


def test_no_question_is_asked_twice(rows: list[dict[str, Any]]) -> None:
    asked = Counter((row["question"], *row["history"]) for row in rows)
    assert [question for question, count in asked.items() if count > 1] == []


def test_answers_and_evidence_come_with_answerable_questions_only(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert bool(row["answers"]) == bool(row["evidence"]) == row["answerable"], row["id"]
        assert row["answerable"] != (row["type"] in {"unanswerable", "smalltalk"}), row["id"]
        assert bool(row["history"]) or row["type"] != "followup", row["id"]


def test_only_small_talk_is_about_no_document(rows: list[dict[str, Any]]) -> None:
    assert {row["type"] for row in rows if row["document"] is None} == {"smalltalk"}
    assert {row["document"] for row in rows if row["type"] == "smalltalk"} == {None}


def test_no_document_is_in_both_splits(rows: list[dict[str, Any]]) -> None:
    splits: dict[str, set[str]] = {}
    for row in rows:
        if row["document"] is not None:
            splits.setdefault(row["document"], set()).add(row["split"])
    assert {document: found for document, found in splits.items() if len(found) > 1} == {}


def test_splits_are_those_of_the_corpus(
    rows: list[dict[str, Any]], documents: dict[str, mixed_corpus.Document]
) -> None:
    for row in rows:
        if row["document"] is not None:
            assert documents[row["document"]].split == row["split"], row["id"]


def test_both_splits_have_every_kind_of_document() -> None:
    kinds = {split: {source.file for source in mixed_corpus.SOURCES if source.split == split} for split in SPLITS}
    assert kinds["dev"] == kinds["test"]


def test_splits_are_balanced(rows: list[dict[str, Any]]) -> None:
    types = {split: Counter(row["type"] for row in rows if row["split"] == split) for split in SPLITS}
    assert types["dev"].keys() == types["test"].keys()
    for split, found in types.items():
        assert found.total() >= 100, split
        assert 0.25 <= found["unanswerable"] / found.total() <= 0.35, split
    assert 0.8 <= types["dev"].total() / types["test"].total() <= 1.25


def test_every_document_is_asked_about(rows: list[dict[str, Any]], documents: dict[str, mixed_corpus.Document]) -> None:
    asked = Counter(row["document"] for row in rows)
    assert {title for title in documents if asked[title] < 10} == set()


def test_evidence_occurs_in_its_document_and_nowhere_else(
    rows: list[dict[str, Any]], documents: dict[str, mixed_corpus.Document]
) -> None:
    for row in rows:
        for evidence in row["evidence"]:
            found = [title for title, document in documents.items() if evidence in document.text]
            assert found == [row["document"]], (row["id"], evidence)


def test_corpus_is_written_unchanged(tmp_path: Path, documents: dict[str, mixed_corpus.Document]) -> None:
    assert mixed_corpus.main([str(tmp_path / "out"), "--data", str(DATA)]) == 0
    written = {path.name: path.read_bytes().decode() for path in (tmp_path / "out").iterdir()}
    assert written == {document.file_name: document.text for document in documents.values()}


def test_absent_data_is_one_line_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mixed_corpus.main([str(tmp_path / "out"), "--data", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_file_names_lose_what_file_systems_forbid() -> None:
    assert mixed_corpus.Document('甲/乙：“丙”?"', "", "dev").file_name == "甲乙：“丙”.txt"
