"""What a language model adds, through answer queue, interface, chat and a real browser."""

from __future__ import annotations

import asyncio
import json

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from tests.support.browser import ANSWER, ask, chromium, needs_chromium, opened, violations
from tests.support.expanding import SECOND, TRAP, Expanding
from tests.support.fake_answerer import FakeAnswerer
from tests.support.markdown import words_of
from tests.support.served import built, serving
from ui.answer_queue import AnswerQueue
from ui.chat.blocks import history_of
from ui.chat.rendering import render, render_question
from ui.wording import ENGLISH, expansion, plain_question

QUESTION = "光伏装机目标是多少"


def last(expand: bool = True):
    if not expand:
        return Expanding().ask(QUESTION)
    *_, answer = Expanding().expand(QUESTION)
    return answer


# --- AnswerQueue ---


def test_a_desk_expands_and_passes_repeated_snapshots_over():
    async def run() -> list:
        queue = AnswerQueue(Expanding())
        found = [answer async for answer in queue.stream(QUESTION, expand=True)]
        found.append(await queue.ask(QUESTION, expand=True))
        await queue.close()
        return found

    snapshot, whole, asked = asyncio.run(run())
    assert (snapshot.citations, len(whole.citations)) == ((), 2)
    assert asked.text == whole.text and SECOND[:8] in whole.text


def test_without_a_language_model_expanding_is_answering():
    async def run() -> tuple:
        queue = AnswerQueue(FakeAnswerer())
        pair = await queue.ask(QUESTION, expand=True), await queue.ask(QUESTION)
        await queue.close()
        return pair

    expanded, plain = asyncio.run(run())
    assert expanded.to_json() | {"id": ""} == plain.to_json() | {"id": ""}


# --- The interface ---


@pytest.fixture(scope="module")
def client():
    with TestClient(built(Expanding()), base_url="http://localhost") as client:
        yield client


def test_expand_is_asked_for_in_the_body(client):
    plain = client.post("/api/ask", json={"question": QUESTION}).json()
    longer = client.post("/api/ask", json={"question": QUESTION, "expand": True}).json()
    assert plain["expandable"] is True and "sentences" not in plain and "notice" not in plain
    assert [each["citations"] for each in longer["sentences"]] == [[2], [], []]
    assert longer["sentences"][1]["problem"] == "所引原文里没有“80MW”"
    assert "80MW" not in longer["answer"] and longer["notice"] == "语言模型没有写完。"


def test_expand_streams(client):
    reply = client.post("/api/ask?stream=1", json={"question": QUESTION, "expand": True})
    *snapshots, whole = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert all(each["citations"] == [] for each in snapshots) and len(whole["citations"]) == 2


def test_expand_goes_through_openais_route_as_an_extra_field(client):
    body = {"model": "yiju", "messages": [{"role": "user", "content": QUESTION}], "expand": True}
    assert SECOND[:8] in client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("value", [7, "ja", [], {}])
def test_expand_is_a_truth_value(client, value):
    reply = client.post("/api/ask", json={"question": QUESTION, "expand": value})
    assert (reply.status_code, reply.json()["error"]["message"]) == (422, "expand 须为 true 或 false。")


# --- The message ---


def test_struck_sentences_are_shown_struck_with_the_reason_and_withheld_ones_counted():
    message = render(last())
    assert "<img" not in message and "<b>" not in message and "<del>&lt;img" in message
    shown = words_of(message)
    assert f"没有通过核对，不是回答：{TRAP} 所引原文里没有“80MW”" in shown
    assert "语言模型另有 1 句没有通过核对，没有显示。" in shown and "语言模型没有写完。" in shown


def test_an_answer_that_can_be_expanded_offers_it_with_the_question_as_it_was_understood():
    message = render(last(expand=False))
    assert f'<a href="#expand" title="展开说明：{QUESTION}">展开说明</a>' in message
    assert 'title="Explain:' in render(last(expand=False), ENGLISH)
    assert "#expand" not in render(last()) + render(FakeAnswerer().ask(QUESTION))


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("展开说明：光伏？", ("光伏？", True)),
        ("展开说明: 光伏？", ("光伏？", True)),
        ("explain: 光伏？", ("光伏？", True)),
        (expansion("光伏？", ENGLISH), ("光伏？", True)),
        ("展开说明：", ("展开说明：", False)),
        ("展开说明书在哪", ("展开说明书在哪", False)),
        ("光伏？", ("光伏？", False)),
    ],
)
def test_what_asks_for_more_is_told_from_the_question(said, plain):
    assert plain_question(said) == plain


def test_as_history_an_expanded_question_is_the_question():
    messages = [
        {"role": "user", "content": render_question("展开说明：光伏？")},
        {"role": "assistant", "content": '<div class="yj-answer">甲</div>'},
        {"role": "user", "content": render_question("那风电呢")},
    ]
    assert history_of(messages) == ["光伏？"]


# --- A browser ---


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_button_works_by_keyboard_and_what_it_brings_is_accessible(scheme):
    with (
        serving(built(Expanding())) as address,
        chromium() as browser,
        opened(browser, f"{address}/chat/", color_scheme=scheme) as (page, watch),
    ):
        ask(page, QUESTION)
        button = page.get_by_role("button", name="展开说明")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator('#yj-chat [data-testid="user"]').last).to_have_text(f"展开说明：{QUESTION}")
        expect(page.locator(".yj-struck del")).to_have_text(TRAP)
        expect(page.locator(ANSWER).last).to_contain_text(SECOND[:8])
        expect(page.locator(".yj-notice")).to_have_text("语言模型没有写完。")
        page.wait_for_selector("#yj-ask .submit-button")
        assert violations(page) == []
        assert watch.off_origin(address) == [] and watch.console == []
