"""What holds for every question set about many documents: its questions say what their documents say."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eval.data.datasets import load_dataset
from eval.jsonlines import read_records
from eval.metrics.answer_metrics import normalise
from training.corpora import corpus, mixed_corpus, versions_corpus, work_reports_corpus
from training.corpora.corpus import Document

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY.parent / "shared" / "data"

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Set:
    """A question set and the module that writes its documents."""

    questions: str
    load: Callable[[Path], Sequence[Document]]
    main: Callable[[Sequence[str]], int]

    @property
    def path(self) -> Path:
        return REPOSITORY / "eval" / "gold" / self.questions


SETS = (
    Set("mixed.jsonl", mixed_corpus.load, mixed_corpus.main),
    Set("work_reports.jsonl", work_reports_corpus.load, work_reports_corpus.main),
    Set("versions.jsonl", versions_corpus.load, versions_corpus.main),
)


@pytest.fixture(scope="module", params=SETS, ids=lambda each: each.questions)
def gold(request: pytest.FixtureRequest) -> Set:
    found: Set = request.param
    return found


@pytest.fixture(scope="module")
def rows(gold: Set) -> Rows:
    return [dict(record.fields) for record in read_records(gold.path)]


@pytest.fixture(scope="module")
def documents(gold: Set) -> dict[str, Document]:
    if not DATA.is_dir():
        pytest.skip(f"没有 {DATA}：证据要对照其中的原文")
    return {document.title: document for document in gold.load(DATA)}


def test_file_is_a_data_set_of_two_splits(gold: Set) -> None:
    assert set(load_dataset(gold.path).splits) == {"dev", "test"}


def test_ids_are_unique(rows: Rows) -> None:
    assert [name for name, count in Counter(row["id"] for row in rows).items() if count > 1] == []


def test_no_question_is_asked_twice(rows: Rows) -> None:
    asked = Counter((row["question"], *row["history"]) for row in rows)
    assert [question for question, count in asked.items() if count > 1] == []


def test_answers_and_evidence_come_with_answerable_questions_only(rows: Rows) -> None:
    for row in rows:
        assert bool(row["answers"]) == bool(row["evidence"]) == row["answerable"], row["id"]
        assert row["answerable"] != (row["type"] in {"unanswerable", "smalltalk"}), row["id"]


def test_no_document_is_in_both_splits(rows: Rows) -> None:
    splits: dict[str, set[str]] = {}
    for row in rows:
        if row["document"] is not None:
            splits.setdefault(row["document"], set()).add(row["split"])
    assert {document: found for document, found in splits.items() if len(found) > 1} == {}


def test_splits_are_those_of_the_corpus(rows: Rows, documents: dict[str, Document]) -> None:
    for row in rows:
        if row["document"] is not None:
            assert documents[row["document"]].split == row["split"], row["id"]


def test_every_document_is_asked_about(rows: Rows, documents: dict[str, Document]) -> None:
    assert documents.keys() - {row["document"] for row in rows if row["answerable"]} == set()


def test_evidence_occurs_in_its_document_and_nowhere_else(rows: Rows, documents: dict[str, Document]) -> None:
    for row in rows:
        for evidence in row["evidence"]:
            found = [title for title, document in documents.items() if evidence in document.text]
            assert found == [row["document"]], (row["id"], evidence)


def test_corpus_is_written_unchanged(gold: Set, tmp_path: Path, documents: dict[str, Document]) -> None:
    assert gold.main([str(tmp_path / "out"), "--data", str(DATA)]) == 0
    written = {path.name: path.read_bytes().decode() for path in (tmp_path / "out").iterdir()}
    assert written == {document.file_name: document.text for document in documents.values()}


def test_absent_data_is_one_line_and_no_traceback(
    gold: Set, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gold.main([str(tmp_path / "out"), "--data", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a file where a folder should be fails differently there")
def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    status = corpus.run("m", "q.jsonl", lambda _: [Document("甲", "乙", "dev")], [str(tmp_path / "taken" / "out")])
    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_file_names_lose_what_file_systems_forbid() -> None:
    assert Document('甲/乙：“丙”?"', "", "dev").file_name == "甲乙：“丙”.txt"


def test_shared_data_with_another_number_of_reports_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    row = '{"kind": "provincial_gwr", "region": "甲省", "title": "甲省报告", "text": "文"}\n'
    (tmp_path / "policy" / "work_reports.jsonl").write_text(row, encoding="utf-8")
    with pytest.raises(corpus.CorpusError, match=r"有 1 份.*应为 31 份"):
        work_reports_corpus.load(tmp_path)


# What is particular to the work reports.

PLACES = {
    "吉林省": ("“吉林一号”",),
    "四川省": ("成都",),
    "广西": ("“桂惠贷”",),
    "湖北省": ("鄂州",),
}
"""Names in questions that stand for a province without naming it."""


@pytest.fixture(scope="module")
def reports() -> Rows:
    return [dict(record.fields) for record in read_records(SETS[1].path)]


def test_answers_about_reports_stand_in_their_evidence(reports: Rows) -> None:
    for row in reports:
        for evidence in row["evidence"]:
            for part in (part for alternative in row["answers"] for part in alternative):
                assert normalise(part) in normalise(evidence), (row["id"], part)


def test_reports_are_asked_for_enough_indicators_and_enough_that_is_not_there(reports: Rows) -> None:
    for split, answerable, unanswerable in (("dev", 40, 15), ("test", 60, 20)):
        found = Counter(row["answerable"] for row in reports if row["split"] == split)
        assert found[True] >= answerable and found[False] >= unanswerable, (split, found)


def test_questions_about_reports_name_the_province_or_a_place_in_it(reports: Rows) -> None:
    for row in reports:
        if row["document"] is not None:
            region = row["document"].removeprefix("2025年").removesuffix("政府工作报告")
            named = {region[:2], *PLACES.get(region, ())}
            assert any(name in row["question"] for name in named), row["id"]


def test_a_report_is_in_the_same_half_of_both_sets() -> None:
    prefix = "gwr-2025-"
    shared = {each.key.removeprefix(prefix): each.split for each in mixed_corpus.SOURCES if each.key.startswith(prefix)}
    assert shared == {region: "dev" if region in work_reports_corpus.DEV else "test" for region in shared}


def test_both_versions_of_a_law_are_in_one_half() -> None:
    assert versions_corpus.DEV.isdisjoint(versions_corpus.TEST)


def test_shared_data_with_one_version_of_a_law_is_refused(tmp_path: Path) -> None:
    (tmp_path / "law").mkdir()
    row = '{"title": "中华人民共和国体育法", "date": "2022-06-24", "history": [], "text": "文"}\n'
    (tmp_path / "law" / "laws.jsonl").write_text(row, encoding="utf-8")
    with pytest.raises(corpus.CorpusError, match="应为 2 个"):
        versions_corpus.load(tmp_path)
