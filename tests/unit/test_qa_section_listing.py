from __future__ import annotations

from pathlib import Path

import pytest

from index.loaders import load
from index.records import Document
from qa.question.analysis import analyse
from qa.reading.section_listing import bare, contents, passage_of

SAMPLE = next((Path(__file__).parents[2] / "data" / "documents").glob("*.txt"))


@pytest.fixture(scope="module")
def document() -> Document:
    return load(SAMPLE)


def parts(question: str, document: Document) -> list[str]:
    found = contents(analyse(question), [document])
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
    found = contents(analyse("重点任务有哪些"), [document])
    assert found is not None
    for part in found.parts:
        passage = passage_of(document, part)
        assert passage.text == passage.span.slice(document.text) == part.title
        assert passage.section_path[:1] == ("三、重点任务",)
        assert found.name(part).slice(document.text) == bare(part.title)
