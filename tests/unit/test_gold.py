"""The gold set is what it says it is: verbatim, split by section, balanced."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from eval.data.datasets import load_dataset
from eval.metrics.answer_metrics import normalise
from eval.records import Query

ROOT = Path(__file__).parents[2]
GOLD = ROOT / "eval/gold/qijiang.jsonl"
TEXT = (ROOT / "data/documents/qijiang_green_manufacturing_2022_2025.txt").read_text(encoding="utf-8")
QUERIES = load_dataset(GOLD).queries
ANSWERABLE = [query for query in QUERIES if query.answerable]

FIRST_WORDS = {
    "新闻导语": "标题：",
    "公文首部": "重庆市綦江区人民政府\n关于印发",
    "制定依据": "为落实市委、市政府和区委",
    "附件": "附件\n",
}
"""How the sections begin that have no heading of their own."""


def section_start(section: str) -> int:
    """三（一）2．一是化工新材料 begins at 一是化工新材料, 四（三）… at （三）…, 一、指导思想 where it says so."""
    words = FIRST_WORDS.get(section) or section
    if section.startswith("三（"):
        words = section.split("）", 1)[1].removeprefix("2．")
    elif section.startswith("四（"):
        words = section.removeprefix("四")
    assert TEXT.count(words) == 1, f"{section} must be found once"
    return TEXT.index(words)


STARTS = sorted((section_start(section), section) for section in {query.section for query in QUERIES} if section)


def sections_with(text: str) -> set[str]:
    """Every section in which `text` begins."""
    places = [at for at in range(len(TEXT)) if TEXT.startswith(text, at)]
    return {[section for start, section in STARTS if start <= at][-1] for at in places}


def test_there_are_enough_questions() -> None:
    assert len(QUERIES) >= 150
    assert sum(not query.answerable for query in QUERIES) >= 45


def test_no_question_is_asked_twice_in_the_same_conversation() -> None:
    asked = Counter((query.history, query.question) for query in QUERIES)
    assert [question for question, times in asked.items() if times > 1] == []


@pytest.mark.parametrize("query", ANSWERABLE, ids=lambda query: query.id)
def test_evidence_stands_in_the_section_it_is_said_to_stand_in(query: Query) -> None:
    assert query.evidence
    for text in query.evidence:
        # The news lead repeats task 3 and the letterhead word for word; both are in dev.
        assert query.section in sections_with(text)
        assert sections_with(text) <= {query.section, "新闻导语"}


@pytest.mark.parametrize("query", ANSWERABLE, ids=lambda query: query.id)
def test_some_alternative_stands_in_the_document_word_for_word(query: Query) -> None:
    section = TEXT[section_start(str(query.section)) :]
    assert any(all(normalise(part) in normalise(section) for part in parts) for parts in query.answers)


def test_unanswerable_questions_have_neither_answers_nor_evidence() -> None:
    for query in QUERIES:
        if not query.answerable:
            assert (query.answers, query.evidence) == ((), ())


def test_a_section_lies_wholly_in_one_split() -> None:
    splits: dict[str, set[str | None]] = {}
    for query in QUERIES:
        if query.section is not None:
            splits.setdefault(query.section, set()).add(query.split)
    assert [section for section, found in splits.items() if len(found) != 1] == []
    assert {query.type for query in QUERIES if query.section is None} == {"smalltalk"}


def test_both_splits_are_of_one_size_and_one_mix() -> None:
    types = {split: Counter(query.type for query in QUERIES if query.split == split) for split in ("dev", "test")}
    assert sum(types["dev"].values()) + sum(types["test"].values()) == len(QUERIES)
    assert abs(sum(types["dev"].values()) - sum(types["test"].values())) <= 5
    assert all(abs(types["dev"][type] - types["test"][type]) <= 3 for type in {query.type for query in QUERIES})


def test_types_are_those_the_readme_explains_with_their_numbers() -> None:
    readme = (ROOT / "eval/gold/README.md").read_text(encoding="utf-8")
    counts = Counter((query.type, query.split) for query in QUERIES)
    for type in {query.type for query in QUERIES}:
        row = next(line for line in readme.splitlines() if line.startswith(f"| {type} |"))
        assert row.endswith(f"| {counts[type, 'dev']} | {counts[type, 'test']} |")


def test_every_line_has_exactly_the_fields_of_the_contract_and_two_more() -> None:
    fields = ["id", "question", "answers", "evidence", "answerable", "type", "history", "split", "section"]
    for line in GOLD.read_text(encoding="utf-8").splitlines():
        assert list(json.loads(line)) == fields


def test_follow_ups_have_a_history() -> None:
    assert all(query.history for query in QUERIES if query.type == "followup")
