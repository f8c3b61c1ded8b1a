"""What the chat makes of what a page sends: its state, its messages, a remembered conversation; all may be forged."""

from __future__ import annotations

import json

import pytest

from index.filters import Filter
from ui.chat.blocks import MESSAGES, State, history_of, question_of, remembered, state_of
from ui.chat.rendering import render_question, render_refusal
from ui.errors import ApiError
from ui.wording import CHINESE, ENGLISH


def said(role: str, content: object) -> dict[str, object]:
    return {"role": role, "content": content}


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '"x"', '{"lang": 7, "embed": "yes"}', '{"lang": "<b>"}'])
def test_a_state_that_says_nothing_is_the_usual_one(text):
    assert state_of(text) == State(CHINESE, None, False)


def test_a_state_says_language_filter_and_whether_it_is_a_widget():
    text = json.dumps({"lang": "en", "embed": True, "filter": {"years": [2025], "regions": ["重庆市"]}})
    within = Filter(regions=frozenset({"重庆市"}), years=frozenset({2025}))
    assert state_of(text) == State(ENGLISH, within, True)


@pytest.mark.parametrize(
    "text", ["{", '{"filter": 1}', '{"filter": {"years": ["x"]}}', '{"filter": {"path": []}}', "[" * 9_999]
)
def test_a_malformed_state_is_refused_rather_than_answered_from_all_documents(text):
    with pytest.raises(ApiError):
        state_of(text)


@pytest.mark.parametrize("content", ["<p>光 &lt;b&gt;</p>", [{"type": "text", "text": "<p>光 &lt;b&gt;</p>"}]])
def test_a_question_is_read_back_from_its_message(content):
    assert question_of(said("user", content)) == "光 <b>"


@pytest.mark.parametrize("content", [None, 7, {"a": 1}, [1, None]])
def test_a_message_of_something_else_holds_no_question(content):
    assert question_of(said("user", content)) == ""


def test_history_leaves_out_what_was_refused_and_what_has_no_answer():
    messages = [
        said("user", render_question("一")),
        said("assistant", '<div class="yj-answer">甲</div>'),
        said("user", render_question("二")),
        said("assistant", render_refusal("问题太长")),
        said("user", render_question("三")),
    ]
    assert history_of(messages) == ["一"]


def test_a_remembered_conversation_comes_back_as_it_was():
    turns = [["光伏 <b>？", "<div>70MW</div>"], ["风电？", "<div>180MW</div>"]]
    messages = remembered(json.dumps({"turns": turns}))
    assert history_of(messages) == ["光伏 <b>？", "风电？"]
    assert [each["content"] for each in messages[1::2]] == ["<div>70MW</div>", "<div>180MW</div>"]
    assert "<b>" not in messages[0]["content"]


@pytest.mark.parametrize("turns", [{}, None, "x", [1], [["a"]], [["a", 1]], [["a", "b", "c"]], [[["a"], "b"]]])
def test_what_is_no_conversation_is_left_out(turns):
    assert remembered(json.dumps({"turns": turns})) == []


@pytest.mark.parametrize("text", ["[]", "1", "null", "{}"])
def test_what_holds_no_conversation_gives_none(text):
    assert remembered(text) == []


def test_only_so_much_of_a_conversation_comes_back():
    assert len(remembered(json.dumps({"turns": [["a", "b"]] * 500}))) == MESSAGES
