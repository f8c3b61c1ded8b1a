"""Answers as Markdown: what is shown, and that text stays text."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from index.records import Hit, Passage, Span
from qa.answers import Answer
from tests.fake_answerer import PLAN, FakeAnswerer, cite
from ui.render import confidence_words, escape, render, render_refusal, unescape

MARKDOWN = MarkdownIt("commonmark", {"breaks": True, "html": True}).enable(["table", "strikethrough"])

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


def words_of(markdown: str) -> str:
    """What a reader sees, with white space squeezed."""
    shown = re.sub(r"</?p>|<br />|\n", " ", MARKDOWN.render(markdown))
    assert "<" not in shown, shown
    return " ".join(html.unescape(shown).split())


def visible(text: str) -> str:
    return " ".join(unescape(escape(text)).split())


@given(st.one_of(st.sampled_from(TRAPS), st.text(), st.text(alphabet="\\`*_[]()#+-.!|~<>&:@=\"'$ \n\t1a光")))
def test_escaped_text_is_shown_as_it_is_and_makes_no_markup(text):
    assert words_of(escape(text)) == visible(text)


@given(st.text())
def test_unescaping_gives_back_all_that_can_be_seen(text):
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or c.isprintable())
    assert "".join(c for c in unescape(escape(text)) if c.isprintable()).strip() == kept.strip()


@pytest.mark.parametrize("trap", TRAPS)
def test_no_part_of_an_answer_can_bring_in_markup(trap):
    passage = Passage("d", trap, trap, Span(0, len(trap)), (trap,))
    for answer in (
        Answer("q", trap, trap + "[1]", trap, (cite(1, PLAN, "180MW"),), confidence=0.9),
        Answer("q", trap, trap, hits=(Hit(passage, 1.0),), abstained=True),
    ):
        shown = MARKDOWN.render(render(answer))
        allowed = r"</?(p|strong|em|h4|ul|li)>|<br />|<a href=\"#(ev-plan-1a2b|lead-d)-\d+-\d+\">|</a>"
        assert "<" not in re.sub(allowed, "", shown), shown
    assert words_of(render_refusal(trap).removeprefix("##### ")) == visible(trap)


def test_an_answer_shows_short_answer_sentence_marker_and_confidence():
    assert render(FakeAnswerer().ask("光伏装机目标")) == (
        "**70MW**\n\n光伏发电计划装机容量70MW。[1](#ev-plan-1a2b-105-120)\n\n*把握较高*"
    )


def test_a_follow_up_shows_how_it_was_understood():
    answer = FakeAnswerer().ask("那风电呢？", ["光伏装机目标"])
    assert render(answer).startswith("*理解为：风电的装机目标是多少？*\n\n")
    assert "理解为" not in render(replace(answer, standalone_question=answer.question))


def test_markers_of_a_growing_answer_lead_nowhere_yet_and_unknown_ones_are_text():
    growing = Answer("q", "q", "甲[1]乙[2]")
    assert render(growing) == "甲[1](#pending)乙[2](#pending)"
    whole = replace(growing, citations=(cite(1, PLAN, "180MW"),), confidence=0.7)
    assert render(
        whole
    ) == f"甲[1](#ev-plan-1a2b-{PLAN.text.index('180MW')}-{PLAN.text.index('180MW') + 5})乙\\[2\\]" + ("\n\n*把握一般*")


def test_an_abstention_shows_at_most_three_leads_marked_as_such():
    shown = render(FakeAnswerer().ask("今天天气如何"))
    assert shown.startswith("文档里没有找到这个问题的答案。\n\n#### 线索")
    assert len(re.findall(r"^- \[.*\]\(#lead-[\w-]+\) \*.*\*$", shown, re.MULTILINE)) == 3
    assert "把握" not in shown


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(1.0, "把握较高"), (0.85, "把握较高"), (0.84, "把握一般"), (0.6, "把握一般"), (0.0, "把握较低，请核对原文")],
)
def test_confidence_is_said_in_words(confidence, words):
    assert confidence_words(confidence) == words
