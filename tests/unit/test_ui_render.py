"""Answers as HTML inside Markdown: what is shown, and that text stays text."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Hit, Passage, Span
from qa.answers import Answer
from tests.support.fake_answerer import PLAN, RULES, FakeAnswerer, cite
from tests.support.markdown import words_of
from ui.chat.references import reference, section_number
from ui.chat.rendering import confidence_words, escape, render, render_question, render_refusal, unescape
from ui.wording import CHINESE, ENGLISH

TRAPS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](http://192.0.2.1/x.png)",
    "[x](javascript:alert(1))",
    "[1]: http://192.0.2.1 'x'",
    "<http://192.0.2.1>",
    "https://192.0.2.1 www.example.com a@example.com",
    "# a\n\n> b\n- c\n1. d\n---\n| a | b |\n|---|---|\n```\ne\n```",
    "    indented",
    "**a** _b_ ~~c~~ `d` $e$ \\(f\\) &lt;g&gt;",
    "a\u202eb\u200bc\x00d\ue000",
)


def visible(text: str) -> str:
    return " ".join("".join(" " if c.isspace() else c for c in text if c.isspace() or c.isprintable()).split())


@given(st.one_of(st.sampled_from(TRAPS), st.text(), st.text(alphabet="\\`*_[]()#+-.!|~<>&:@=\"'$ \n\t1a光")))
def test_a_question_is_shown_as_it_is_and_makes_no_markup(text):
    assert words_of(render_question(text)) == " ".join(html.unescape(escape(text)).split())
    assert unescape(render_question(text)) == html.unescape(escape(text))


@given(st.text())
def test_unescaping_gives_back_all_that_can_be_seen(text):
    shown = unescape(render_question(text))
    assert (
        "".join(c for c in shown if c.isprintable()).strip()
        == "".join(" " if c.isspace() else c for c in text if c.isspace() or c.isprintable()).strip()
    )


@pytest.mark.parametrize("trap", TRAPS)
def test_no_part_of_an_answer_can_bring_in_markup(trap):
    passage = Passage("d", trap, trap, Span(0, len(trap)), (trap,))
    citation = replace(cite(1, PLAN, "180MW"), passage=replace(passage, text="180MW"), quote=Span(0, 5))
    for answer in (
        Answer("q", trap, trap + "[1]", trap, (citation,), (Hit(passage, 1.0),), confidence=0.9, id="a1"),
        Answer("q", trap, trap, hits=(Hit(passage, 1.0),), abstained=True),
    ):
        shown = words_of(render(answer, suggestions=(trap,), rated=True))
        assert visible(trap)[:40] in shown
        assert "\n" not in render(answer, suggestions=(trap,))  # a line could begin Markdown
    assert words_of(render_refusal(trap)) == visible(trap)


def test_an_answer_shows_short_answer_sentence_marker_and_confidence():
    shown = render(FakeAnswerer().ask("光伏装机目标"))
    assert (
        '<p class="yj-short"><strong>70MW</strong></p><p class="yj-said">光伏发电计划装机容量<mark>70MW</mark>。'
        '<a href="#ev-plan-1a2b-105-120" title="《綦江区绿色发展实施方案》三（三）">1</a></p>'
        '<p class="yj-sure">可信度较高（92%）</p>'
    ) in shown
    assert "检索到的 4 个片段" in shown
    assert shown.count("· 0.50</cite>") == 4


def test_a_table_is_a_table_with_markers_in_its_cells_and_text_around_it():
    text = "|  | 装机 |\n| --- | --- |\n| 光伏 | 70MW[1] |\n| <b>核电 | 文中没有 |\n最多的是光伏。"
    shown = render(Answer("q", "q", text, citations=(cite(1, PLAN, "70MW"),), confidence=0.9))
    assert (
        '<div class="yj-table"><table><thead><tr><th></th><th>装机</th></tr></thead>'
        '<tbody><tr><th>光伏</th><td>70MW<a href="#ev-plan-'
    ) in shown
    assert "<tr><th>&lt;b&gt;核电</th><td>文中没有</td></tr></tbody></table></div>" in shown
    assert '<p class="yj-said">最多的是光伏。</p>' in shown
    assert "<b>核电" in words_of(shown)


def test_only_a_finished_answer_offers_what_to_do_with_it():
    answer = replace(FakeAnswerer().ask("光伏装机目标"), id="abc")
    for part in ("#copy", "yj-read", "#good-abc", "#bad-abc", "那风电呢"):
        assert part not in render(answer, suggestions=("那风电呢",), rated=True, done=False)
        assert part in render(answer, suggestions=("那风电呢",), rated=True)
    assert "#good" not in render(answer)
    assert "#good" not in render(replace(answer, id=None), rated=True)


def test_in_english_all_but_the_documents_is_english():
    beside = words_of(render(FakeAnswerer().ask("光伏装机目标"), ENGLISH))
    assert "High confidence (92%)" in beside
    for words in (CHINESE.copy, "片段", "可信度"):
        assert words not in beside


def test_a_follow_up_shows_how_it_was_understood():
    answer = FakeAnswerer().ask("那风电呢？", ["光伏装机目标"])
    assert '<p class="yj-understood">理解为：风电的装机目标是多少？</p>' in render(answer)
    assert "理解为" not in render(replace(answer, standalone_question=answer.question))


def test_markers_of_a_growing_answer_lead_nowhere_yet_and_unknown_ones_are_text():
    growing = Answer("q", "q", "甲[1]乙[2]")
    assert '甲<a href="#pending">1</a>乙<a href="#pending">2</a>' in render(growing)
    start = PLAN.text.index("180MW")
    whole = render(replace(growing, citations=(cite(1, PLAN, "180MW"),), confidence=0.7))
    assert f'甲<a href="#ev-plan-1a2b-{start}-{start + 5}"' in whole
    assert "乙[2]</p>" in whole
    assert "可信度中等（70%）" in whole


def test_an_abstention_shows_one_lead_at_most_and_none_about_something_else():
    refused = replace(FakeAnswerer().ask("今天天气如何"), standalone_question="光伏发电怎么规划建设")
    shown = render(refused, done=False)
    assert '<p class="yj-none">文档里没有找到这个问题的答案。</p>' in shown
    assert "可能相关的原文（不一定能回答您的问题）" in shown
    assert shown.count('href="#lead-') == 1
    assert "可信度" not in shown
    assert "#lead-" not in render(FakeAnswerer().ask("今天天气如何"), done=False)


def test_the_sources_stand_below_the_answer_each_place_once():
    quotes = (cite(1, PLAN, "风电计划装机容量180MW"), cite(2, PLAN, "光伏发电计划装机容量70MW"))
    shown = render(Answer("q", "q", "甲[1]乙[2]", citations=quotes, confidence=0.9))
    assert shown.count("<cite>綦江区绿色发展实施方案 · （三）加快新能源开发</cite>") == 1
    paged = replace(quotes[0], passage=replace(quotes[0].passage, page=3))
    assert " · 第3页</cite>" in render(Answer("q", "q", "甲[1]", citations=(paged,), confidence=0.9))


def test_a_document_of_several_places_is_named_once():
    places = [cite(1, PLAN, "180MW"), cite(2, PLAN, "坚持生态优先"), cite(3, RULES, "每千瓦时0.1元")]
    places[1] = replace(places[1], passage=replace(places[1].passage, page=2))
    shown = render(Answer("q", "q", "甲[1]乙[2]丙[3]", citations=tuple(places), confidence=0.9))
    assert re.findall("<cite>(.*?)</cite>", shown) == [
        "綦江区绿色发展实施方案",
        "（三）加快新能源开发",
        "一、总体要求 · 第2页",
        "光伏项目管理办法 · 第二章 补贴",
    ]


def test_a_list_is_not_said_twice():
    text = "分三类：\n甲类[1]\n乙类[1]\n丙类[1]"
    listed = Answer("q", "q", text, "甲类；乙类；丙类", (cite(1, PLAN, "180MW"),), confidence=0.9)
    assert "yj-short" not in render(listed)


def test_in_english_refusals_are_english_and_quotes_stay():
    refused = Answer("q", "q", "文档未提及您所问的时间；最接近的内容是「2025年70MW」。", abstained=True)
    assert "The documents do not speak of the time you ask about; the nearest is 「2025年70MW」." in render(
        refused, ENGLISH
    )
    answered = Answer("q", "q", "无法计算：是原文。[1]\n\n另见：合计70MW。[1]", citations=(cite(1, PLAN, "180MW"),))
    shown = words_of(render(answered, ENGLISH))
    assert "无法计算：是原文。" in shown and "See also: 合计70MW。" in shown


@pytest.mark.parametrize(
    ("said", "english"),
    [
        ("合计250MW：光伏70MW + 风电180MW = 250MW。", "Total 250MW: 光伏"),
        ("风电比光伏多110MW：风电180MW − 光伏70MW = 110MW。", "风电 exceeds 光伏 by 110MW: 风电180MW"),
        ("光伏约占风电的38.89%：光伏70MW ÷ 风电180MW ≈ 38.89%。", "光伏 is 38.89% of 风电: 光伏70MW"),
        ("风电约是光伏的2.57倍：风电180MW ÷ 光伏70MW ≈ 2.57。", "风电 is 2.57 times 光伏: 风电180MW"),
        ("表中未给出：办公费一栏是空的。", "Not given in the table: 办公费"),
        ("甲比乙多10人：这是文档的一句话。", "甲比乙多10人：这是文档的一句话。"),
    ],
)
def test_in_english_a_calculation_is_told_in_english(said, english):
    assert english in words_of(render(Answer("q", "q", said, citations=(cite(1, PLAN, "180MW"),)), ENGLISH))


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (1.0, "可信度较高"),
        (0.92, "可信度较高"),
        (0.91, "可信度中等"),
        (0.6, "可信度中等"),
        (0.0, "可信度较低，请核对原文"),
    ],
)
def test_confidence_is_said_in_words(confidence, words):
    assert confidence_words(confidence) == words


@pytest.mark.parametrize(
    ("path", "number"),
    [
        (("三、重点任务", "（一）培育产业", "3．加快新能源产业发展"), "三（一）3"),
        (("第二编 物权", "第三章 所有权", "第二百零七条", "第一款"), "第二百零七条第一款"),
        (("第一章 总则",), "第一章"),
        (("二、要求", "一是化工新材料"), "二一"),
        (("1.2 范围",), "1.2"),
        (("专栏1 重点项目",), "专栏1"),
        (("概述", "背景"), "“背景”"),
        (("概述", "（2）背景"), "（2）"),
        ((), ""),
    ],
)
def test_a_reference_names_the_numbers_of_its_sections(path, number):
    assert section_number(path) == number


@pytest.mark.parametrize(
    ("title", "shown"),
    [("实施方案", "《实施方案》"), ("《办法》", "《办法》"), ("关于印发《办法》的通知", "《关于印发〈办法〉的通知》")],
)
def test_a_title_stands_in_one_pair_of_marks(title, shown):
    assert reference(Passage("d", title, "x", Span(0, 1))) == shown
