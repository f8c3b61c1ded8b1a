"""The questions about documents the product was not made for say what their documents say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.jsonlines import read_records
from training.corpora import mixed_corpus

REPOSITORY = Path(__file__).resolve().parents[2]
QUESTIONS = REPOSITORY / "eval" / "gold" / "mixed.jsonl"
DATA = REPOSITORY.parent / "shared" / "data"
SPLITS = ("dev", "test")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [dict(record.fields) for record in read_records(QUESTIONS)]


@pytest.fixture(scope="module")
def documents() -> dict[str, mixed_corpus.Document]:
    if not DATA.is_dir():
        pytest.skip(f"没有 {DATA}：证据要对照其中的原文")
    return {document.title: document for document in mixed_corpus.load(DATA)}


def test_follow_ups_come_after_something(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert bool(row["history"]) or row["type"] != "followup", row["id"]


def test_only_small_talk_is_about_no_document(rows: list[dict[str, Any]]) -> None:
    assert {row["type"] for row in rows if row["document"] is None} == {"smalltalk"}
    assert {row["document"] for row in rows if row["type"] == "smalltalk"} == {None}


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
