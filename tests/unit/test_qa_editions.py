from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import pytest

from index.filters import Filter
from index.records import Document, Hit, Metadata
from index.store.passage_index import PassageIndex
from index.structure.versions import Versions, Wanted
from qa.answers import Answer, Citation
from qa.assistant import Assistant
from qa.question.editions import version_note, wanted_version, without_time
from tests.support.fakes import HashEncoder

TODAY = date(2025, 6, 1)
TITLE = "中华人民共和国公司法"


def law(id: str, title: str = TITLE, text: str = "", **said: str) -> Document:
    return Document(id, title, text, f"{id}.txt", metadata=Metadata(**said))


OLD = law("old", text="有限责任公司的股东由五十人以下组成。", revised="2018-10-26 修正")
NEW = law("new", text="有限责任公司的股东由一人以上五十人以下组成。", revised="2023-12-29 修订", effective="2024-07-01")
OTHER = law("other", "合伙企业登记办法", "合伙企业由两人以上组成。")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("有限责任公司的股东有多少人", Wanted("2025-06-01")),
        ("2018年修正的公司法里股东有多少人", Wanted("2018-12-31", "2018", named=True)),
        ("公司法2023年第二次修订后股东有多少人", Wanted("2023-12-31", "2023", named=True)),
        ("2020年公司的股东有多少人", Wanted("2020-12-31", named=True)),
        ("2019—2022年股东有多少人", Wanted("2022-12-31", named=True)),
        ("去年股东有多少人", Wanted("2024-12-31", named=True)),
        ("到2030年股东有多少人", Wanted("2025-06-01", named=True)),
        ("修订前的公司法里股东有多少人", Wanted("2025-06-01", former=True, named=True)),
        ("旧版公司法里股东有多少人", Wanted("2025-06-01", former=True, named=True)),
    ],
)
def test_which_version_a_question_means(question: str, expected: Wanted) -> None:
    assert wanted_version(question, TODAY) == expected


@pytest.mark.parametrize(
    ("question", "bare"),
    [
        ("2018年修正的公司法里股东有多少人", "公司法里股东有多少人"),
        ("2006年版公司法里股东有多少人", "公司法里股东有多少人"),
        ("2020年，公司的股东有多少人", "公司的股东有多少人"),
        ("修订前的公司法里股东有多少人", "公司法里股东有多少人"),
        ("2020年", "2020年"),
        ("股东有多少人", "股东有多少人"),
    ],
)
def test_what_tells_the_version_is_not_looked_for_in_it(question: str, bare: str) -> None:
    assert without_time(question) == bare


class FirstReader:
    """Cites the first passage."""

    def __init__(self) -> None:
        self.read_as: list[str] = []

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        self.read_as.append(question)
        citation = Citation(1, hits[0].passage, "x.txt", hits[0].passage.span)
        yield Answer(question, question, f"{citation.text}[1]", None, (citation,), tuple(hits), confidence=0.9)


class OneQuestion:
    """Takes every turn for one question."""

    def questions(self, turn: str, history: Sequence[str]) -> list[str]:
        return [turn]


def assistant(*documents: Document, reader: FirstReader | None = None) -> Assistant:
    index = PassageIndex.build(documents, HashEncoder())
    return Assistant(index, index, reader or FirstReader(), OneQuestion(), today=lambda: TODAY)


def ids(answer: Answer) -> set[str]:
    return {hit.passage.document_id for hit in answer.hits}


def test_an_answer_is_from_the_version_in_force_and_says_so() -> None:
    answer = assistant(OLD, NEW, OTHER).ask("公司法规定有限责任公司的股东由多少人组成")
    assert ids(answer) == {"new", "other"}
    assert answer.text.endswith("[1]\n\n据《中华人民共和国公司法》2023年修订的版本。")


def test_the_version_of_the_year_asked_is_read_and_said_to_be_replaced() -> None:
    answer = assistant(OLD, NEW, OTHER).ask("2018年修正的公司法规定有限责任公司的股东由多少人组成")
    assert ids(answer) == {"old", "other"}
    assert answer.text.endswith("据《中华人民共和国公司法》2018年修正的版本（已被2023年修订的版本取代）。")


def test_a_filter_on_a_former_version_is_kept_to_and_knows_of_no_other() -> None:
    answer = assistant(OLD, NEW).ask("股东由多少人组成", within=Filter(documents=frozenset({"old"})))
    assert ids(answer) == {"old"} and "版本" not in answer.text


def test_where_there_is_but_one_nothing_is_said() -> None:
    assert assistant(NEW, OTHER).ask("股东由多少人组成").text.endswith("[1]")


def test_what_no_longer_applies_is_said_of_a_document_without_versions() -> None:
    expired = law("a", "某市补贴办法", issued="2020-01-01", effective="2020-01-01", expires="2024-12-31")
    gone = law("b", "行政监察法", issued="1997-05-09")
    by = law("c", "监察法", issued="2018-03-20", repeals="《行政监察法》")
    coming = law("d", "矿产资源法", issued="2024-11-08", effective="2025-07-01")
    versions = Versions([expired, gone, by, coming])
    assert version_note([expired, gone, by, coming], versions, TODAY) == (
        "《某市补贴办法》有效期至2024年12月31日；《行政监察法》已被《监察法》废止；《矿产资源法》自2025年7月1日起施行。"
    )
    assert version_note([by], versions, TODAY) is None


def test_the_time_is_left_to_documents_that_have_no_versions() -> None:
    reader = FirstReader()
    question = "2020年公司法规定股东由多少人组成"
    answer = assistant(OLD, NEW, reader=reader).ask(question)
    assistant(NEW, OTHER, reader=reader).ask(question)
    assert reader.read_as == ["公司法规定股东由多少人组成", question]
    assert answer.standalone_question == question
