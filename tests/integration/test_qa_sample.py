"""The default encoder on the sample document, end to end, in questions of everyday words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from index.encoding.encoders import load_encoder
from index.loaders import load
from index.store.passage_index import PassageIndex
from index.text import sentence_spans
from qa.answers import Answer, Timing
from qa.assistant import Assistant
from qa.bootstrap import open_assistant
from qa.reading.citations import marked, unsupported
from qa.settings import ModelSettings, Settings
from tests.support.chat_server import closed_port

SAMPLE = Path(__file__).parents[2] / "data/documents/qijiang_green_manufacturing_2022_2025.txt"
TEXT = SAMPLE.read_text(encoding="utf-8")

ANSWERED = [
    ("光伏装机目标是多少", "70MW"),
    ("綦江区风电计划装多少", "180MW"),
    ("水电新增的装机容量有多大", "1200MW"),
    ("页岩气产能要达到多少", "12亿m3"),
    ("光付发电计划装机多少", "70MW"),
    ("風電計劃裝機容量是多少", "180MW"),
    ("这份文件的文号是什么", "綦江府发〔2023〕16号"),
    ("新能源产业发展由谁牵头", "区发展改革委、区经济信息委"),
    ("信息安全产业的牵头单位是谁", "区大数据发展局"),
    ("再生铝产能要突破多少万吨", "200万吨"),
    ("要建多少个数字化车间", "5个"),
    ("通知是什么时候印发的", "2023年4月28日"),
]
REFUSED = [
    "2030年光伏装机目标是多少",
    "江津区光伏装机目标是多少",
    "核电装机目标是多少",
    "你好，讲个笑话吧",
    "？！",
    "😀",
]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("sample") / "index"
    PassageIndex.build([load(SAMPLE)], load_encoder()).save(folder)
    return open_assistant(Settings(index=folder))


def check(answer: Answer) -> None:
    """What holds for every answer that is given."""
    assert not answer.abstained and answer.citations and 0 <= answer.confidence <= 1
    for citation in answer.citations:
        assert TEXT[citation.quote.start : citation.quote.end] == citation.text
        assert 1 <= len(sentence_spans(citation.text)) <= 3
        assert f"[{citation.n}]" in answer.text
    if answer.short is not None:
        assert unsupported(answer.short, [citation.text for citation in answer.citations]) == []


@pytest.mark.parametrize(("question", "expected"), ANSWERED)
def test_is_answered_with_a_verbatim_basis(assistant: Assistant, question: str, expected: str) -> None:
    answer = assistant.ask(question)
    check(answer)
    assert answer.short == expected
    assert expected in answer.citations[0].text


@pytest.mark.parametrize("question", REFUSED)
def test_is_refused_when_it_is_not_in_the_document(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.abstained and answer.short is None and answer.citations == ()
    assert answer.text and "[" not in answer.text


def test_a_refusal_says_what_the_document_does_not_speak_of(assistant: Assistant) -> None:
    assert assistant.ask(REFUSED[0]).text.startswith("文档未提及您所问的时间；最接近的内容是「")
    assert assistant.ask(REFUSED[1]).text.startswith("文档没有说到江津区")


def test_a_follow_up_is_answered_as_the_question_it_stands_for(assistant: Assistant) -> None:
    answer = assistant.ask("那风电呢？", ["光伏装机目标是多少"])
    check(answer)
    assert answer.short == "180MW" and "风电" in answer.standalone_question
    assert answer.question == "那风电呢？"


def test_a_follow_up_to_a_follow_up(assistant: Assistant) -> None:
    assert assistant.ask("水电呢", ["光伏装机目标是多少", "那风电呢"]).short == "1200MW"


def test_only_the_last_snapshot_has_citations(assistant: Assistant) -> None:
    first, last = assistant.stream("光伏装机目标是多少")
    assert first.text == "70MW" and first.citations == ()
    check(last)


@pytest.mark.parametrize(
    "question",
    [
        "光",
        "。",
        "光伏" * 1000,
        "a光b伏\x00c",
        "𠮷野家的光伏",
        "光伏\ud83d装机",
        "🌞" * 500,
        "ﷺ光伏㎡",
        "1" * 2000,
        "、" * 2000,
    ],
)
def test_odd_questions_are_answered_or_refused_but_never_fail(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question, ["\ud800", "", "x" * 5000, question])
    assert answer.text and answer.abstained == (not answer.citations)
    if not answer.abstained:
        check(answer)


def test_asking_twice_gives_the_same_answer(assistant: Assistant) -> None:
    one, two = (replace(assistant.ask("绿色工厂要建几家"), timing=Timing()) for _ in range(2))
    assert one == two


def test_figures_of_one_sentence_that_are_added_up_are_cited_once(assistant: Assistant) -> None:
    answer = assistant.ask("“十四五”末水电、风电、光伏装机合计多少")
    assert answer.text.startswith("合计1450MW：水电1200MW[1] + 风电180MW[1] + 光伏70MW[1] = 1450MW。")


def test_what_the_document_does_not_add_up_is_added_up_from_its_figures(assistant: Assistant) -> None:
    answer = assistant.ask("“十四五”末水电、风电、光伏装机合计多少")
    check(answer)
    # 1200 + 180 + 70 = 1450
    assert marked(answer.text)[0].startswith("合计1450MW：水电1200MW + 风电180MW + 光伏70MW = 1450MW。")
    assert answer.short is None
    refused = assistant.ask("水电、风电、核电装机合计多少")
    assert refused.abstained and "「核电装机」" in refused.text


def test_figures_side_by_side_are_a_table_whose_cells_are_cited(assistant: Assistant) -> None:
    answer = assistant.ask("对比水电、风电、光伏的装机容量")
    check(answer)
    assert [line.split("[")[0] for line in answer.text.split("\n")] == [
        "|  | 装机容量 |",
        "| --- | --- |",
        "| 水电 | 1200MW",
        "| 风电 | 180MW",
        "| 光伏 | 70MW",
    ]


COMPUTED = "水电、风电、光伏装机合计多少"


def test_a_model_that_is_away_changes_no_answer_not_even_a_computed_one(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    PassageIndex.build([load(SAMPLE)], load_encoder()).save(folder)
    nobody = ModelSettings(url=f"http://127.0.0.1:{closed_port()}/v1", name="m")
    plain, away = open_assistant(Settings(index=folder)), open_assistant(Settings(index=folder, model=nobody))
    for question in (COMPUTED, "光伏装机目标是多少", "总结一下新能源产业", "核电装机目标是多少"):
        expected = same(plain.ask(question))
        *_, expanded = away.expand(question)
        assert (same(away.ask(question)), same(expanded)) == (expected, expected)
    computed = away.ask(COMPUTED)
    assert "1450MW" in computed.text and not computed.expandable and computed.notice is None


def same(answer: Answer) -> Answer:
    """What of an answer does not tell whether there is a language model."""
    return replace(answer, timing=Timing(), notice=None, expandable=False, usage=None)


def test_who_asks_for_all_tasks_gets_the_headings_of_all(assistant: Assistant) -> None:
    answer = assistant.ask("重点任务有哪些？")
    check(answer)
    assert answer.short is not None and answer.short.split("；")[0] == "培育壮大绿色新兴产业"
    assert [citation.text[:3] for citation in answer.citations] == [f"（{n}）" for n in "一二三四五六"]
    assert answer.text.splitlines()[1] == "（一）培育壮大绿色新兴产业[1]"
    assert unsupported(answer.short, [citation.text for citation in answer.citations]) == []


@pytest.mark.parametrize(
    ("question", "short"),
    [("How many national green factories?", "1—2家"), ("What is the shale gas capacity target?", "12亿m3")],
)
def test_english_is_read_in_the_words_of_the_document(assistant: Assistant, question: str, short: str) -> None:
    answer = assistant.ask(question)
    check(answer)
    assert answer.short is not None and short in answer.short


@pytest.mark.parametrize(
    "question", ["who are you?", "hello", "Thank you!", "你是谁", "在吗", "What is the capital of France?"]
)
def test_what_no_document_answers_is_refused_in_any_language(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.abstained and answer.citations == () and answer.short is None
