"""The administrator's page and the description of the interface in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import Watch, chromium, needs_chromium, violations
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving
from ui.usage.log import UsageLog

pytestmark = needs_chromium

PAYLOAD = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>天气"
VIEWS = [
    pytest.param({"color_scheme": "light"}, id="light"),
    pytest.param({"color_scheme": "dark"}, id="dark"),
    pytest.param({"viewport": {"width": 390, "height": 844}}, id="phone"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("usage") / "index-cases.jsonl"


@pytest.fixture(scope="module")
def address(cases: Path) -> Iterator[str]:
    usage = UsageLog(cases.with_name("index-usage.sqlite"))
    with serving(built(FakeAnswerer(), usage=usage)) as address:
        for question in ("光伏装机目标是多少", "光伏装机目标是多少？", PAYLOAD, "天气如何", "天气好不好", "股价多少"):
            httpx.post(f"{address}/api/ask", json={"question": question})
        id = httpx.post(f"{address}/api/ask", json={"question": "补贴标准是什么"}).json()["id"]
        said = {"answer_id": id, "rating": "bad", "reason": f"不是这份文件{PAYLOAD}"}
        assert httpx.post(f"{address}/api/feedback", json=said).status_code == 200
        yield address


@contextmanager
def shown(browser: Browser, address: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    try:
        page.goto(address)
        yield page, watch
    finally:
        context.close()


@pytest.mark.parametrize("path", ["/admin/", "/api/docs#ask"])
@pytest.mark.parametrize("options", VIEWS)
def test_axe_finds_nothing_wrong_and_nothing_is_wider_than_the_screen(browser, address, path, options):
    with shown(browser, address + path, **options) as (page, watch):
        for each in page.locator("details").all():
            each.evaluate("element => { element.open = true; }")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert (watch.console, watch.failures, watch.off_origin(address)) == ([], [], [])
        assert violations(page) == []  # last, since axe-core itself asks for imported styles at a wrong address


def test_nothing_that_people_typed_runs(browser, address):
    with shown(browser, f"{address}/admin/") as (page, _):
        assert PAYLOAD in page.locator("h3").all_inner_texts()
        assert page.title().startswith("使用情况")


def test_a_case_is_made_with_the_keyboard_alone(browser, address, cases):
    with shown(browser, f"{address}/admin/") as (page, _):
        heading = page.locator("section.open h3", has_text="股价多少")
        assert heading.count() == 1
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate(
                "document.activeElement.value === 'refuse'"
                " && document.activeElement.closest('section').innerText.includes('股价多少')"
            ):
                break
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=status]")
        assert "已记为评测题" in page.inner_text("[role=status]")
        assert heading.count() == 0
    assert [json.loads(line)["question"] for line in cases.read_text("utf-8").splitlines()] == ["股价多少"]


def test_an_operation_can_be_tried_on_its_page(browser, address):
    with shown(browser, f"{address}/api/docs#ask") as (page, watch):
        page.click("#ask .try button")
        page.wait_for_selector("#ask output pre")
        status, _, body = page.inner_text("#ask output pre").partition("\n")
        assert (status, json.loads(body)["short_answer"]) == ("200", "70MW")
        page.click("#document summary >> nth=0")
        page.fill("#document-document_id", "../health")
        page.click("#document .try button")
        page.wait_for_selector("#document output pre")
        assert page.inner_text("#document output pre").startswith("404")
        assert watch.off_origin(address) == []
