"""What to ask next: made from the surroundings of a quote, of any document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.records import Document, Metadata
from qa.answers import Answer
from qa.suggesting.examples import AROUND, ASKED, is_well_formed, suggestions
from qa.suggesting.examples import about as named
from tests.support.fake_answerer import PLAN, RULES, FakeAnswerer, cite


def test_questions_are_made_of_what_stands_beside_the_answer():
    answer = FakeAnswerer().ask("光伏装机目标")
    made = suggestions(answer, PLAN)
    assert made[:2] == ["“十四五”末水电新增装机容量是多少？", "风电计划装机容量是多少？"]
    assert not any("光伏发电" in question for question in made)  # that was just answered


def test_what_was_asked_is_not_suggested_again():
    answer = replace(FakeAnswerer().ask("光伏装机目标"), standalone_question="风电计划装机容量是多少")
    assert "风电计划装机容量是多少？" not in suggestions(answer, PLAN)


def test_the_nearest_come_first_and_there_are_never_many():
    lines = [f"{name}投资总额{n}亿元。" for n, name in enumerate(("水利", "交通", "教育", "农业", "旅游"), 11)]
    text = "\n".join(["全市新建光伏装机容量70MW。", *lines, ""])
    made = suggestions(*about(text))
    assert made == ["水利投资总额是多少？", "交通投资总额是多少？", "教育投资总额是多少？"]
    assert len(made) == ASKED


def test_what_stands_far_away_is_not_suggested():
    text = "全市新建光伏装机容量70MW。\n" + "远" * 2 * AROUND + "\n环保投资总额99亿元。\n"
    assert suggestions(*about(text)) == []
    assert suggestions(*about(text.replace("远", ""))) == ["环保投资总额是多少？"]


def about(text: str) -> tuple[Answer, Document]:
    """An answer that quotes the 70MW of a text, and its document."""
    document = Document("d", "方案", text, "d.txt")
    return Answer("光伏", "光伏", "70MW[1]", "70MW", (cite(1, document, "70MW"),)), document


def test_a_document_without_such_facts_gives_none():
    answer = FakeAnswerer().ask("补贴")
    assert suggestions(answer, RULES) == []


def test_a_question_names_the_subject_of_its_document_once() -> None:
    report = replace(PLAN, metadata=Metadata(region="广东省", period="2025/2025"))
    assert named(report, "地区生产总值增长目标是多少？") == "广东2025年地区生产总值增长目标是多少？"
    assert named(report, "2025年粮食产量是多少？") == "广东2025年粮食产量是多少？"
    assert named(report, "广东的粮食产量是多少？") == "广东的粮食产量是多少？"
    assert named(replace(PLAN, metadata=Metadata(region="全国")), "目标是多少？") == "目标是多少？"


@pytest.mark.parametrize("question", ["重点任务是有哪些？", "约束性指标的是哪个？"])
def test_a_question_that_does_not_read_like_one_is_not_offered(question: str) -> None:
    assert not is_well_formed(question)
