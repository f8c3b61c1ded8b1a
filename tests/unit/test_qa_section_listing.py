from __future__ import annotations

from pathlib import Path

import pytest

from index.loaders import load
from index.records import Document, Span
from index.structure.outline import outline
from qa.question.analysis import analyse
from qa.question.turns import core
from qa.reading.citations import passage_at
from qa.reading.section_listing import bare, contents

SAMPLE = next((Path(__file__).parents[2] / "data" / "documents").glob("*.txt"))


@pytest.fixture(scope="module")
def document() -> Document:
    return load(SAMPLE)


def parts(question: str, document: Document) -> list[str]:
    found = contents(analyse(question), core(question), [document])
    return [bare(part.title) for part in found.parts] if found else []


@pytest.mark.parametrize(
    ("question", "first", "number"),
    [
        ("重点任务有哪些", "培育壮大绿色新兴产业", 6),
        ("綦江区方案的重点任务包括哪些方面？", "培育壮大绿色新兴产业", 6),
        ("实施保障有哪些措施", "加强组织领导", 3),
        ("推动现有产业绿色转型要开展哪些工作", "推动生产方式数字化转型", 4),
        ("推动新材料产业发展包括哪些方面", "化工新材料", 4),
    ],
)
def test_who_asks_for_all_of_a_section_gets_its_parts(
    document: Document, question: str, first: str, number: int
) -> None:
    found = parts(question, document)
    assert found[0] == first and len(found) == number


@pytest.mark.parametrize(
    "question",
    [
        "重点任务是什么时候完成",
        "巴南区的重点任务有哪些",  # of another place
        "2030年重点任务有哪些",  # of another year
        "重点任务的牵头单位有哪些",  # of its tasks only who leads them
        "发展绿色金融有哪些产品",  # a section without parts
        "绿色发展有哪些",
    ],
)
def test_who_asks_for_something_else_does_not(document: Document, question: str) -> None:
    assert parts(question, document) == []


def test_parts_are_quoted_verbatim_under_their_section(document: Document) -> None:
    found = contents(analyse("重点任务有哪些"), core("重点任务有哪些"), [document])
    assert found is not None
    for part in found.parts:
        passage = passage_at(document, Span(part.start, part.end))
        assert passage.text == passage.span.slice(document.text) == part.title
        assert passage.section_path[:1] == ("三、重点任务",)
        assert found.name(part).slice(document.text) == bare(part.title)


REPORT = """2025年青海省政府工作报告
一、2024年工作回顾
一年来成绩不小。
二、2025年工作安排
认真抓好三方面重点工作：
（一）扩大内需
鼓励消费。
（二）稳住外贸
支持企业参展。
（三）改善民生
继续办好两件民生实事。
1.新建公园。建成口袋公园20个。
2.改造电梯。改造老旧电梯300台。
"""


@pytest.fixture(scope="module")
def report() -> Document:
    return Document("r", "2025年青海省政府工作报告", REPORT, "r.txt", outline(REPORT))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("青海省要抓好哪些重点工作", ["扩大内需", "稳住外贸", "改善民生"]),  # led to by a colon
        ("两件民生实事有哪些", ["新建公园", "改造电梯"]),  # by as many as follow
        ("民生实事有哪些", ["新建公园", "改造电梯"]),
        ("教育实事有哪些", []),
        ("甘肃省的民生实事有哪些", []),
    ],
)
def test_a_sentence_that_leads_to_headings_gives_them(report: Document, question: str, expected: list[str]) -> None:
    assert parts(question, report) == expected


@pytest.mark.parametrize("question", ["总结一下青海省的工作", "请帮我概括青海省政府工作报告", "这份文件主要讲了什么"])
def test_a_summary_is_left_to_a_language_model_and_the_sections_are_named(report: Document, question: str) -> None:
    found = contents(analyse(question), core(question), [report])
    assert found is not None
    assert [bare(part.title) for part in found.parts] == ["2024年工作回顾", "2025年工作安排"]


def test_what_only_speaks_of_summaries_asks_for_none(report: Document) -> None:
    for question in ("工作总结什么时候交", "青海省总结了哪些经验"):
        assert contents(analyse(question), core(question), [report]) is None
    assert (
        contents(analyse("这份文件主要讲了什么"), core("这份文件主要讲了什么"), [report, report]) is None
    )  # which of them?
