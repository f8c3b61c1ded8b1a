"""Notices lie beside what can be pressed, and the English pages say nothing in Chinese but what documents say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_browser_manage import DESKTOP, managed
from tests.support.browser import CITATION, PANEL, PATIENCE, ask, chromium, needs_chromium, opened
from tests.support.chat_page import PHONE, chat
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving

pytestmark = needs_chromium

TOAST = '[data-testid="toast-body"]'

CONTROLS = "#yj-head, #yj-ask, .yj-panel header, .yj-panel footer, .scroll-down-button-container"

UNDER = """(toast, controls) => {
    const box = toast.getBoundingClientRect();
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    return [...document.querySelectorAll("a, button, input, textarea")]
        .filter((each) => each.closest(controls) && each.checkVisibility({ visibilityProperty: true }))
        .filter((each) => !apart(box, each.getBoundingClientRect()))
        .map((each) => each.outerHTML.slice(0, 120));
}"""

CHINESE = """allowed => {
    const own = /[\\u4e00-\\u9fff\\u3001\\u3002\\uff0c\\uff1a\\uff1b]/;
    const found = [];
    const note = (text, where) => {
        if (own.test(text) && where.checkVisibility() && !where.closest(allowed)) found.push(text.trim());
    };
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) note(walk.currentNode.data, walk.currentNode.parentElement);
    for (const name of ["aria-label", "title", "placeholder", "alt"])
        for (const each of document.querySelectorAll(`[${name}]`)) note(each.getAttribute(name), each);
    return found;
}"""

OF_DOCUMENTS = (
    "script, style, .yj-language, .top nav a:last-of-type, "  # the way to the other language
    '[data-testid="user"], .yj-past, .yj-kept button, .example, .yj-next a, '  # questions
    '.yj-short, .yj-said, .yj-sources cite, .yj-answer a[href*="#ev-"], .yj-leads, .yj-read li, .yj-about, '
    ".yj-panel :is(.yj-title, .yj-path, .yj-text, .yj-where, .yj-file), .yj-choices span, "
    ".facts dd, .documents h2, .queue .name, article, h1, .outline"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(built(FakeAnswerer())) as address:
        yield address


def chinese(page: Page) -> list[str]:
    return page.evaluate(CHINESE, OF_DOCUMENTS)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("beside", ["chat", "panel"])
def test_a_notice_lies_over_nothing_that_can_be_pressed(browser: Browser, address: str, size: Any, beside: str) -> None:
    with opened(browser, f"{address}/chat/", **size) as (page, _):
        ask(page, "光伏装机目标是多少？")
        page.route("**/queue/join*", lambda route: route.abort())
        page.locator("#yj-ask textarea").fill("风电呢？")
        page.locator("#yj-ask .submit-button").click()
        expect(page.locator(TOAST).first).to_be_visible()
        if beside == "panel":
            page.locator(CITATION).first.click()
            expect(page.locator(f"{PANEL} mark")).to_be_visible()
        assert page.locator(TOAST).first.evaluate(UNDER, CONTROLS) == []


def test_the_way_down_lies_over_no_text_of_a_phone(browser: Browser, address: str) -> None:
    with chat(browser, address, **PHONE) as page:
        for question in ("光伏装机目标是多少？", "风电呢？", "补贴多少？"):
            ask(page, question)
        page.locator(".bubble-wrap").evaluate("log => log.scrollTo(0, 0)")
        down = page.locator(".scroll-down-button-container")
        expect(down).to_be_visible()
        field, send = page.locator("#yj-ask textarea"), page.locator("#yj-ask .submit-button")
        box, within, beside = (each.bounding_box() for each in (down, field, send))
        assert box and within and beside
        assert within["y"] <= box["y"] + 8 and box["y"] + box["height"] <= within["y"] + within["height"] + 8
        assert box["x"] + box["width"] <= beside["x"]
        assert (
            within["x"] + within["width"] - int(field.evaluate("e => parseInt(getComputedStyle(e).paddingRight)"))
            <= box["x"]
        )


def test_the_english_chat_is_english_around_what_documents_say(browser: Browser, address: str) -> None:
    with chat(browser, address, "/chat/?lang=en") as page:
        page.locator(".example").first.wait_for()
        assert chinese(page) == []
        ask(page, "光伏装机目标是多少？")
        ask(page, "今天天气如何？")
        assert "The documents do not answer this question" in page.locator(".yj-none").last.inner_text()
        page.locator(CITATION).first.click()
        expect(page.locator(f"{PANEL} mark")).to_be_visible()
        assert chinese(page) == []
        for name in ("Scope", "History"):
            page.get_by_role("button", name=name, exact=True).click()
            expect(page.locator(f"{PANEL} h2")).to_have_text(name)
            page.locator(f"{PANEL} :is(legend, .yj-past)").first.wait_for()
            assert chinese(page) == []


def test_the_english_documents_are_english_with_their_refusals(browser: Browser, tmp_path: Any) -> None:
    with managed(browser, tmp_path / "index", **DESKTOP) as page:
        page.set_default_timeout(PATIENCE)
        page.goto(page.url.partition("?")[0] + "?lang=en")
        files = [
            {"name": "计划.txt", "mimeType": "text/plain", "buffer": "工作计划\n装机目标为70MW。\n".encode()},
            {"name": "空.txt", "mimeType": "text/plain", "buffer": b""},
        ]
        page.set_input_files("#files", files=files)
        expect(page.locator(".queue li", has_text="空.txt")).to_contain_text("The file is empty.")
        expect(page.locator(".queue li", has_text="计划.txt")).to_contain_text("Done")
        expect(page.locator("#list li")).to_have_count(1)
        assert chinese(page) == []
        page.locator("#list h2 a").click()
        page.locator("article").wait_for()
        assert chinese(page) == []
