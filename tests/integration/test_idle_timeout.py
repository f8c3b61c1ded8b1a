"""The chat when the connection is the trouble: many tabs at once, a reload, a server that goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import ANSWER, ASK, Watch, ask, chromium, needs_chromium, opened
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving

pytestmark = needs_chromium

TABS = 8
"""Two more than a browser has connections to one host on HTTP/1.1."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=120_000)
    with chromium() as browser:
        yield browser
    expect.set_options(timeout=5_000)  # Playwright's own


def test_eight_tabs_of_one_browser_all_keep_working(browser):
    with serving(built(FakeAnswerer())) as address:
        context = browser.new_context()
        context.set_default_timeout(120_000)
        pages, watch = [context.new_page() for _ in range(TABS)], Watch()
        for page in pages:
            watch.attach(page)
            page.goto(f"{address}/chat/")
            page.wait_for_selector(ASK)
        for page in pages:
            page.fill(ASK, "光伏装机")
            page.press(ASK, "Enter")
        for page in pages:
            expect(page.locator(f"{ANSWER} strong").first).to_have_text("70MW")
        assert (watch.failures, watch.console) == ([], [])
        context.close()


def test_a_page_that_is_loaded_again_amid_an_answer_takes_the_next_question(browser):
    with (
        serving(built(FakeAnswerer(pause=2.0))) as address,
        opened(browser, f"{address}/chat/") as (page, watch),
    ):
        page.fill(ASK, "光伏和补贴")
        page.press(ASK, "Enter")
        expect(page.locator(ANSWER)).to_be_visible()
        page.reload()
        page.wait_for_selector(ASK)
        watch.console.clear()  # Gradio complains of the stream it leaves behind
        page.fill(ASK, "风电")
        page.press(ASK, "Enter")
        expect(page.locator(f"{ANSWER} strong").last).to_have_text("180MW")
        assert watch.console == []


def test_a_server_that_was_away_is_missed_in_chinese_and_found_again(browser):
    with serving(built(FakeAnswerer())) as address:
        context = browser.new_context()
        context.set_default_timeout(120_000)
        page = context.new_page()
        page.goto(f"{address}/chat/")
        page.wait_for_selector(ASK)
        ask(page, "光伏装机")
    page.fill(ASK, "风电")
    page.press(ASK, "Enter")
    expect(page.get_by_test_id("toast-text").first).to_contain_text("正在重新连接")
    with serving(built(FakeAnswerer()), port=urlsplit(address).port):
        expect(page.get_by_test_id("toast-text")).to_have_count(0)  # by itself
        page.wait_for_selector(ASK)
        expect(page.locator(f"{ANSWER} strong").first).to_have_text("70MW")  # what was said before is there again
        ask(page, "风电")
        expect(page.locator(f"{ANSWER} strong").last).to_have_text("180MW")
        context.close()
