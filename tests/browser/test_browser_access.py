"""Signing in, and the chat below a prefix behind a real nginx, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from index.filters import Filter
from tests.support.browser import ANSWER, ASK, CITATION, PANEL, ask, chromium, needs_chromium, opened, violations
from tests.support.fake_answerer import PLAN, FakeAnswerer
from tests.support.nginx import needs_nginx, nginx
from tests.support.served import built, serving
from ui.access.authentication import Access
from ui.access.keys import KeyBook

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> KeyBook:
    return KeyBook(tmp_path_factory.mktemp("keys") / "keys.sqlite")


@pytest.fixture(scope="module")
def address(book: KeyBook) -> Iterator[str]:
    """A service that needs a key, by itself."""
    access = Access(need_key=True, book=book)
    with serving(built(FakeAnswerer(), access=access), proxy_headers=False) as address:
        yield address


def test_a_person_signs_in_with_a_key_reads_and_signs_out(browser, address, book):
    _, whole = book.add("人事处")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/documents/{PLAN.id}")
    page.keyboard.type("yk_wrong")  # no mouse: the field has the focus
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("密钥不对或已被吊销，请核对后再试。")
    page.get_by_label("访问密钥").fill(whole)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/documents/{PLAN.id}")
    page.goto(f"{address}/signin")
    page.get_by_role("button", name="退出登录").click()
    page.goto(f"{address}/documents/")
    expect(page.get_by_label("访问密钥")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_sign_in(browser, address, scheme):
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{address}/signin")
    assert violations(page) == []
    context.close()


def test_a_link_with_a_key_signs_in_and_the_key_leaves_the_address(browser, address, book):
    key, whole = book.add("链接")
    with opened(browser, f"{address}/chat/?lang=zh#key={whole}") as (page, watch):
        assert "180MW" in ask(page, "风电计划装机容量是多少")
        assert "key=" not in page.url
        assert [url for url in watch.requests if key.id in url.partition("#")[0]] == []


def test_a_frame_shows_what_its_key_may_see_and_opens_documents_in_a_tab_of_their_own(browser, address, book):
    key, whole = book.add("门户", scope=Filter(documents=frozenset({PLAN.id})))
    with opened(browser, f"{address}/chat/?embed=1#key={whole}") as (page, watch):
        ask(page, "风电计划装机容量是多少")
        page.locator(CITATION).last.click()
        link = page.locator(f"{PANEL} a[href*='/documents/']").first
        with page.context.expect_page() as tab:
            link.click()
        expect(tab.value).to_have_url(re.compile(rf"{address}/documents/{PLAN.id}\b"))
        expect(tab.value.locator("mark").first).to_be_visible()
        assert [url for url in watch.requests if key.id in url.partition("#")[0]] == []
        book.revoke(key.id)
        page.keyboard.press("Escape")
        page.fill(ASK, "光伏装机目标是多少")
        page.press(ASK, "Enter")
        expect(page.locator(".yj-refused")).to_have_text("密钥不对或已被吊销，请联系管理员。")


@needs_nginx
def test_behind_nginx_below_a_prefix_everything_works_and_nothing_is_asked_elsewhere(browser, book, tmp_path: Path):
    _, whole = book.add("代理")
    access = Access(need_key=True, book=book, proxies=[ip_network("127.0.0.1")])
    app = built(FakeAnswerer(pause=0.02), access=access)
    with (
        serving(app, proxy_headers=False) as service,
        nginx(tmp_path, service, service) as site,
        opened(browser, f"{site}/chat/#key={whole}") as (page, watch),
    ):
        assert "180MW" in ask(page, "风电计划装机容量是多少")
        page.locator(CITATION).last.click()
        expect(page.locator(f"{PANEL} mark")).to_be_visible()
        expect(page.locator(ANSWER)).to_have_count(1)
        assert (watch.off_origin(site), watch.failures, watch.console) == ([], [], [])
