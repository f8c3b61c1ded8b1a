"""The questions that compute or compare say what their documents say, and their results are right."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from eval.jsonlines import read_records
from qa.language.grammar import Kind, candidates
from qa.language.quantities import amount_text, parse
from training.corpora import arithmetic_corpus
from training.corpora.corpus import Document

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
ROWS: list[dict[str, Any]] = [dict(record.fields) for record in read_records(ROOT / "eval/gold/arithmetic.jsonl")]


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    if not DATA.is_dir():
        pytest.skip(f"没有 {DATA}：证据要对照其中的原文")
    return {document.title: document for document in arithmetic_corpus.load(DATA)}


def test_types_are_those_the_readme_explains_with_their_numbers() -> None:
    readme = (ROOT / "eval/gold/README.md").read_text(encoding="utf-8")
    counts = Counter((row["type"], row["split"]) for row in ROWS)
    for type in {row["type"] for row in ROWS}:
        assert f"| {type} |" in readme
        assert f"| {counts[type, 'dev']} | {counts[type, 'test']} |" in readme.split(f"| {type} |")[1].split("\n")[0]


def test_no_question_is_asked_twice_and_answers_come_with_evidence() -> None:
    assert max(Counter(row["question"] for row in ROWS).values()) == 1
    for row in ROWS:
        assert bool(row["answers"]) == bool(row["evidence"]) == row["answerable"] == (row["type"] != "uncomputable")


def test_evidence_stands_in_its_documents_and_no_document_is_in_both_splits(documents: dict[str, Document]) -> None:
    for row in ROWS:
        texts = [documents[title].text for title in row["documents"]]
        assert all(any(evidence in text for text in texts) for evidence in row["evidence"]), row["id"]
        if row["answerable"]:
            assert {documents[title].split for title in row["documents"]} == {row["split"]}, row["id"]


def test_sums_and_differences_are_those_of_figures_in_the_evidence() -> None:
    """A second way to the result: some of the evidence's figures add up to it, or two of them differ by it."""
    for row in ROWS:
        if row["type"] in {"sum", "difference"}:
            found = [quantity for text in dict.fromkeys(row["evidence"]) for quantity in quantities(text)]
            expected = [parse(re.sub("^约", "", answer)) for (answer,) in row["answers"]]
            assert any(each and reached(each.amount, [f.amount for f in found]) for each in expected), row["id"]


def quantities(text: str) -> list[Any]:
    spans = [each.span for each in candidates(text) if each.kind is Kind.QUANTITY]
    return [quantity for span in spans if (quantity := parse(span.slice(text)))]


def reached(result: Fraction, amounts: list[Fraction]) -> bool:
    sums = {Fraction(0)}
    for amount in amounts:
        sums |= {each + amount for each in sums}
    return result in sums or any(a - b == result for a in amounts for b in amounts)


def test_a_result_is_written_as_the_program_would() -> None:
    for row in ROWS:
        if row["type"] == "sum":
            quantity = parse(row["answers"][0][0])
            assert (
                quantity and amount_text(quantity.amount, quantity.unit, quantity.multiplier)[0] == row["answers"][0][0]
            )


def test_the_corpus_is_written_unchanged(tmp_path: Path, documents: dict[str, Document]) -> None:
    assert arithmetic_corpus.main([str(tmp_path / "out"), "--data", str(DATA)]) == 0
    written = {path.name: path.read_bytes().decode() for path in (tmp_path / "out").iterdir()}
    assert written == {document.file_name: document.text for document in documents.values()}
    assert len(written) == 33


def test_absent_data_is_one_line_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert arithmetic_corpus.main([str(tmp_path / "out"), "--data", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
