from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.passage_index import PassageIndex
from index.records import Document, Hit, Passage, Span
from index.remembering import RememberingEncoder
from index.text import sentence_spans
from qa.answers import Answer
from qa.protocols import Reader
from qa.ranking import RankingModel
from qa.readers import NO_ANSWER, OFF_TOPIC, ExtractiveReader
from qa.verify import unsupported
from tests.fakes import HashEncoder

TEXT = (
    "水电新增装机容量1200MW，风电计划装机容量180MW和光伏发电计划装机容量70MW。"
    "引进5家企业[3]。（牵头单位：区发展改革委；责任单位：区科技局、区财政局等有关部门按职责分工负责）"
)
ENCODER = RememberingEncoder(HashEncoder(dim=64))
INDEX = PassageIndex.build([Document("d", "綦江区方案", TEXT, "方案.txt")], ENCODER)
ALWAYS = RankingModel.from_json({**RankingModel.load().to_json(), "threshold": 0.0})
NEVER = RankingModel.from_json({**RankingModel.load().to_json(), "threshold": 1.0})


def reader(model: RankingModel = ALWAYS) -> ExtractiveReader:
    return ExtractiveReader(ENCODER, INDEX, model)


def hits(text: str = TEXT, document: str = "d") -> list[Hit]:
    return [Hit(Passage(document, "綦江区方案", text, Span(7, 7 + len(text)), ("3．新能源",)), 1.0)]


def last(question: str, found: list[Hit], model: RankingModel = ALWAYS) -> Answer:
    *_, answer = reader(model).read(question, found)
    return answer


def verbatim(answer: Answer) -> bool:
    return all(
        each.text == each.passage.text[each.quote.start - each.passage.span.start :][: len(each.quote)]
        and each.passage.span.contains(each.quote)
        for each in answer.citations
    )


def test_is_a_reader() -> None:
    assert isinstance(reader(), Reader)


def test_a_figure_is_answered_by_itself_with_its_sentence() -> None:
    answer = last("光伏发电装机容量是多少", hits())
    assert answer.short == "70MW"
    assert answer.citations[0].text == sentence_spans(TEXT)[0].slice(TEXT)
    assert answer.citations[0].source == "方案.txt"
    assert answer.citations[0].quote.start == 7  # the offset of the passage in its document
    assert verbatim(answer)


def test_a_labelled_value_is_told_under_its_heading() -> None:
    answer = last("新能源的牵头单位是谁", hits())
    assert answer.short == "区发展改革委" and answer.text.startswith("3．新能源：")


def test_the_short_answer_comes_first() -> None:
    first, second = reader().read("光伏发电装机容量是多少", hits())
    assert (first.text, first.citations) == ("70MW", ())
    assert second.citations


def test_a_bracketed_number_of_the_source_is_no_marker() -> None:
    answer = last("引进几家企业", hits())
    assert "［3］" in answer.text and "[3]" not in answer.text
    assert "[3]" in answer.citations[0].text


def test_no_passages_and_passages_without_text_are_refused() -> None:
    for found in ([], hits(""), hits(" \n "), hits("。。")):
        answer = last("光伏装机是多少", found)
        assert answer.abstained and answer.text == NO_ANSWER and answer.hits == tuple(found)


@pytest.mark.parametrize("question", ["？", "😀", "a", "、、、", "请问"])
def test_a_question_without_a_word_is_about_nothing(question: str) -> None:
    answer = last(question, hits())
    assert answer.abstained and answer.text == OFF_TOPIC and answer.citations == ()


def test_what_is_less_sure_than_the_threshold_is_refused_with_leads() -> None:
    answer = last("光伏发电装机容量是多少", hits(), NEVER)
    assert answer.abstained and answer.short is None and answer.hits


def test_an_unknown_document_is_cited_by_its_title() -> None:
    assert last("光伏发电装机容量是多少", hits(document="other")).citations[0].source == "綦江区方案"


def test_a_sentence_of_ten_thousand_characters_is_quoted_in_part() -> None:
    answer = last("光伏装机容量是多少", hits("推动产业发展，" * 700 + "光伏装机容量70MW，" + "推动产业发展，" * 700))
    assert all(len(each.quote) <= 300 for each in answer.citations)
    assert answer.short is None or answer.short in answer.citations[0].text


def test_figures_alone_do_not_fail() -> None:
    assert verbatim(last("光伏装机是多少", hits("70 80 90\n100")))


def test_threads_give_what_one_gives() -> None:
    questions = ["光伏发电装机容量是多少", "风电装机容量是多少", "牵头单位是谁", "水电装机多少"] * 8
    shared = reader()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda question: list(shared.read(question, hits()))[-1], questions))
    assert answers == [last(question, hits()) for question in questions]


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="光伏风电装机容量是为达到70万MW家年月，。；、：（）[1]牵头单位区委 \n5%😀𠮷\ud800", max_size=120),
    st.sampled_from(["光伏装机容量是多少", "牵头单位是谁", "有哪些", "70MW", "什么时候"]),
)
def test_whatever_a_passage_holds_quotes_are_verbatim_and_short_answers_backed(text: str, question: str) -> None:
    answer = last(question, hits(text))
    assert verbatim(answer)
    assert answer.abstained == (not answer.citations)
    for each in answer.citations:
        assert len(sentence_spans(each.text)) <= 3
    if answer.short is not None:
        assert answer.short in answer.citations[0].text
        assert unsupported(answer.short, [answer.citations[0].text]) == []
