"""Documents that say different things of the same figure: both are shown, and only where it is the same figure."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from index.__main__ import main as build
from index.records import Document, Hit, Passage, Span
from index.structure.metadata import Metadata
from index.structure.versions import Versions
from qa.__main__ import main as ask
from qa.answers import Answer, Citation
from qa.computing.contradictions import asked_of, with_conflicts
from qa.reading.joining import joined

TODAY = "2026-11-25"
QUESTION = "綦江区光伏装机目标是多少"


def document(id: str, text: str, title: str = "綦江方案", **known: str) -> Document:
    return Document(id, title, text, f"{id}.txt", metadata=Metadata(**{"region": "綦江区", **known}))  # type: ignore[arg-type]


def hit(each: Document) -> Hit:
    return Hit(Passage(each.id, each.title, each.text, Span(0, len(each.text))), 1.0)


def given(short: str, first: Document, *others: Document, question: str = QUESTION) -> Answer:
    """The answer `short` out of the first document, with what the others say of it."""
    place = first.text.index(short)
    start, end = first.text.rfind("。", 0, place) + 1, first.text.index("。", place) + 1
    hits = tuple(map(hit, (first, *others)))
    citation = Citation(1, hits[0].passage, first.source, Span(start, end))
    answer = Answer(question, question, f"{short}[1]", short, (citation,), hits, confidence=0.9)
    documents = {each.id: each for each in (first, *others)}
    return with_conflicts(answer, question, documents.get, Versions(documents.values()), TODAY)


PLAN = document("a", "到2025年，光伏装机达到70MW。", issued="2023-04-28")


def test_what_another_document_says_stands_beside_the_answer_with_both_dates() -> None:
    other = document("b", "到2025年，全区光伏装机达到90MW。", "綦江能源规划", issued="2022-06")
    answer = given("70MW", PLAN, other)
    assert answer.short == "70MW" and answer.text == (
        "70MW[1]\n\n文档说法不一致：綦江区光伏装机目标，《綦江方案》（2023年4月28日）为70MW[1]；"
        "《綦江能源规划》（2022年6月）为90MW[2]。上面用的是第一个。"
    )
    assert [(each.n, each.passage.document_id, each.text) for each in answer.citations] == [
        (1, "a", PLAN.text),
        (2, "b", other.text),
    ]


def test_programs_get_it_as_values_with_their_citations() -> None:
    answer = given("70MW", PLAN, document("b", "到2025年，光伏装机达到90MW。", "綦江规划"))
    assert answer.to_json()["conflicts"] == [
        {
            "name": "綦江区光伏装机目标",
            "said": [
                {"citation": 1, "value": "70MW", "title": "綦江方案", "date": "2023-04-28"},
                {"citation": 2, "value": "90MW", "title": "綦江规划", "date": None},
            ],
        }
    ]
    assert "conflicts" not in given("70MW", PLAN).to_json()


@pytest.mark.parametrize(
    "text",
    [
        "到2025年，光伏装机达到70MW。",
        "到2025年，光伏装机达到七十兆瓦。",
        "到2025年，光伏装机达到7万千瓦。",
        "到2025年，光伏装机达到70.2MW。",  # rounded
        "到2030年，光伏装机达到90MW。",  # another year
        "2023年，光伏装机达到50MW。",
        "到2025年，风电装机达到90MW。",  # another thing
        "到2025年，分布式光伏装机达到90MW。",  # a part of it
        "到2025年，光伏发电量达到90吉瓦时。",
        "到2025年，光伏装机占比达到9%。",  # another measure
        "到2025年，新增光伏装机20MW。",
        "到2025年，累计光伏装机超过60MW。",  # a bound that it does not break
        "到2025年，光伏装机增长9%。",
        "到2025年，光伏装机达到60—90MW。",  # no exact figure
        "到2025年，光伏装机补贴每千瓦90元。",
        "到2025年，江津光伏装机达到90MW。",  # another place
        "光伏企业90家，装机任务由其承担。",
    ],
)
def test_the_same_amount_and_figures_of_something_else_are_no_contradiction(text: str) -> None:
    answer = given("70MW", PLAN, document("b", text, "綦江规划"))
    assert answer.conflicts == () and answer.text == "70MW[1]" and len(answer.citations) == 1


def test_documents_of_another_place_do_not_contradict() -> None:
    assert (
        given("70MW", PLAN, document("b", "到2025年，光伏装机达到90MW。", "江津规划", region="江津区")).conflicts == ()
    )


def test_nor_do_documents_of_which_it_is_not_known_that_they_speak_of_the_same() -> None:
    question = "光伏装机目标是多少"
    unknown = Document("b", "某公司年报", "到2025年，光伏装机达到90MW。", "b.txt")
    assert given("70MW", PLAN, unknown, question=question).conflicts == ()
    assert (
        len(given("70MW", PLAN, document("c", "到2025年，光伏装机达到90MW。", "规划"), question=question).conflicts)
        == 1
    )


def test_versions_of_one_work_do_not_contradict_one_another() -> None:
    text = "第一条 为了规范光伏，制定本办法。\n第二条 到2025年，光伏装机达到{}MW。\n"
    old, new = (
        document(str(year), text.format(n), f"綦江光伏管理办法（{year}年修正）", issued=f"{year}-01-01")
        for year, n in ((2019, 90), (2023, 70))
    )
    assert Versions([old, new]).of("2023")
    assert given("70MW", new, old).conflicts == ()


def test_a_refusal_and_an_answer_that_is_no_figure_stay_as_they_are() -> None:
    other = document("b", "到2025年，光伏装机达到90MW。", "綦江规划")
    refused = Answer("问", "问", "文中没有。", hits=(hit(PLAN), hit(other)), abstained=True)
    named = replace(given("70MW", PLAN, other), short="光伏", text="光伏[1]", conflicts=())
    for answer in (refused, named):
        assert with_conflicts(answer, QUESTION, {"a": PLAN, "b": other}.get, Versions([PLAN, other]), TODAY) == answer


def test_a_question_about_several_places_is_left_alone() -> None:
    assert asked_of("四川和重庆的粮食产量目标是多少") is None
    assert asked_of("是什么") is None


@pytest.mark.parametrize(
    ("question", "subject", "attribute"),
    [
        ("光伏装机目标是多少", "", "光伏装机目标"),
        ("綦江区2025年光伏装机目标是多少？", "綦江区", "光伏装机目标"),
        ("四川今年城镇新增就业要达到多少万人", "四川", "城镇新增就业"),
        ("请问光伏发电装机规模有多少兆瓦啊", "", "光伏发电装机规模"),
    ],
)
def test_what_a_question_asks_for_is_its_words_without_place_time_and_unit(
    question: str, subject: str, attribute: str
) -> None:
    asked = asked_of(question)
    assert asked is not None and (asked.subject, asked.attribute) == (subject, attribute)


def test_in_an_answer_to_several_questions_the_numbers_are_counted_through() -> None:
    other = document("b", "到2025年，光伏装机达到90MW。", "綦江规划")
    wind = given(
        "180MW", document("w", "到2025年，风电装机达到180MW。", "綦江方案"), question="綦江区风电装机目标是多少"
    )
    whole = joined("问", [wind, given("70MW", PLAN, other)])
    (conflict,) = whole.conflicts
    assert [(each.n, whole.citations[each.n - 1].passage.document_id) for each in conflict.said] == [(2, "a"), (3, "b")]
    assert "为70MW[2]；《綦江规划》（日期不明）为90MW[3]" in whole.text


def test_the_command_shows_both_and_cites_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in files(tmp_path).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    index = str(tmp_path / "index")
    assert build(["build", *(str(tmp_path / name) for name in files(tmp_path)), "-o", index]) == 0
    capsys.readouterr()
    assert ask(["綦江区光伏装机目标是多少", "--index", index, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    (conflict,) = answer["conflicts"]
    assert sorted(each["value"] for each in conflict["said"]) == ["70MW", "90MW"]
    for each in conflict["said"]:
        assert each["value"] in answer["citations"][each["citation"] - 1]["quote"]
    assert re.search(r"文档说法不一致：.*70MW\[\d].*|.*90MW\[\d]", answer["answer"])


def files(folder: Path) -> dict[str, str]:
    return {
        "方案.txt": "綦江区能源发展方案\n2023年4月28日\n到2025年，綦江区光伏装机达到70MW，风电装机达到180MW。\n",
        "规划.txt": "綦江区新能源产业规划\n2022年6月1日\n到2025年，綦江区光伏装机达到90MW，风电装机达到180MW。\n",
    }
