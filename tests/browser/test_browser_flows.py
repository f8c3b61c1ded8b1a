"""What people do beside asking, in a real Chromium: by keyboard, with filter, history, export, in English."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from index.filters import Filter
from index.loaders import load
from index.loaders.libreoffice import program
from index.records import Origin
from index.store.sync import content_digest
from qa.answers import Answer
from tests.support.browser import (
    ANSWER,
    ASK,
    CITATION,
    PANEL,
    Watch,
    ask,
    chromium,
    needs_chromium,
    opened,
    settle,
    violations,
)
from tests.support.chat_page import EVIL, PAYLOADS, PHONE, Evil, assert_clean, chat
from tests.support.fake_answerer import PLAN, FakeAnswerer
from tests.support.files import at, ofd, pdf, word
from tests.support.served import built, serving
from ui.usage.log import UsageLog

pytestmark = needs_chromium

ASKED = '#yj-chat [data-testid="user"]'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    usage = UsageLog(tmp_path_factory.mktemp("usage") / "usage.sqlite")
    with serving(built(FakeAnswerer(pause=0.01), usage=usage)) as address:
        yield address


@dataclass(frozen=True)
class Narrowed(FakeAnswerer):
    """Notes which filters it was asked with."""

    filters: list[Filter | None] = field(default_factory=list, hash=False)

    def stream(self, question: str, history: object = (), within: Filter | None = None) -> Iterator[Answer]:
        self.filters.append(within)
        return super().stream(question, (), within)


def panel(page: Page, name: str):
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(f"{PANEL} h2")).to_have_text(name)
    return page.locator(PANEL)


def test_a_whole_conversation_by_keyboard_alone(browser, address):
    with chat(browser, address) as page:
        expect(page.locator(ASK)).to_be_focused()
        page.keyboard.type("光伏装机目标是多少？")
        page.keyboard.press("Enter")
        expect(page.locator(".yj-next")).to_be_visible()
        reach(page, "a[href*='#ev-']")
        page.keyboard.press("Enter")
        expect(page.locator(f"{PANEL} mark")).to_be_visible()
        reach(page, f"{PANEL} footer a")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.hash").startswith("#ev-")
        reach(page, ".yj-read summary")
        page.keyboard.press("Enter")
        expect(page.locator(".yj-read li").first).to_be_visible()
        reach(page, "a[href='#ask']")
        page.keyboard.press("Enter")
        expect(page.locator(ASKED)).to_have_count(2)
        expect(page.locator(ANSWER).nth(1)).to_contain_text("没有找到")
        page.locator("body").click(position={"x": 5, "y": 300})
        page.keyboard.press("/")
        expect(page.locator(ASK)).to_be_focused()
        expect(page.locator(ASK)).to_have_value("")


def reach(page: Page, selector: str) -> None:
    """Goes on by Tab until something is reached that the selector names."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_chat(browser, address, scheme):
    with chat(browser, address, color_scheme=scheme) as page:
        expect(page.locator(".example")).to_have_count(4)
        found = violations(page)
        ask(page, "光伏装机目标是多少？")
        ask(page, "今天天气如何？")
        page.locator(".yj-read summary").first.click()
        page.locator(CITATION).first.click()
        expect(page.locator(f"{PANEL} mark")).to_be_visible()
        settle(page)
        found += violations(page)
        page.keyboard.press("Escape")
        panel(page, "检索范围").locator("legend").first.wait_for()
        settle(page)
        found += violations(page)
        panel(page, "历史")
        settle(page)
        found += violations(page)
        assert found == []


@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE])
def test_axe_finds_nothing_wrong_with_the_document_pages(browser, address, options):
    start = PLAN.text.index("风电计划")
    context = browser.new_context(**options)
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    page.goto(f"{address}/documents/")
    found = violations(page)
    page.goto(f"{address}/documents/plan-1a2b?start={start}&end={start + 9}")
    found += violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{address}/documents/plan-1a2b?lang=en")
    assert found + violations(page) == []
    assert_clean(watch, address)
    context.close()


@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE])
def test_cited_lines_are_marked_over_the_picture_of_their_page(browser, tmp_path, options):
    lines = [f"Line {n} of the plan" for n in range(20)]
    (tmp_path / "a.pdf").write_bytes(pdf("".join(at(72, 760 - 30 * n, line) for n, line in enumerate(lines))))
    with (tmp_path / "a.pdf").open("rb") as file:
        origin = Origin(str(tmp_path), content_digest(file))
    document = replace(load(tmp_path / "a.pdf"), id="plan", origin=origin)
    start = document.text.index(lines[11])
    context = browser.new_context(**options)
    page, watch = context.new_page(), Watch()
    with serving(built(FakeAnswerer(sources=(document,)))) as served:
        watch.attach(page)
        page.goto(f"{served}/documents/plan?start={start}&end={start + len(lines[11])}")
        picture = page.get_by_alt_text("第 1 页的图像，所引各行已标出")
        picture.scroll_into_view_if_needed()
        page.wait_for_function("picture => picture.complete && picture.naturalWidth > 0", arg=picture.element_handle())
        image, mark = picture.bounding_box(), page.locator("polygon").bounding_box()
        assert image
        assert mark
        # Its base line is 842 − 760 + 11 · 30 = 412 points from the top of 842, and 72 of 595 from the left.
        assert mark["y"] < image["y"] + image["height"] * 410 / 842 < mark["y"] + mark["height"]
        assert abs(mark["x"] - image["x"] - image["width"] * 72 / 595) < 6
        assert mark["height"] < image["height"] * 30 / 842
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert_clean(watch, served)
    context.close()


LINE = '<TextObject Size="5" Boundary="20 {} 150 9"><TextCode X="0" Y="5" DeltaX="g 9 5">{}</TextCode></TextObject>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ofd", lambda: ofd(LINE.format(30, "光伏装机容量为七十兆瓦。") + LINE.format(50, "风电装机容量。"))),
        pytest.param(
            "a.docx",
            lambda: word("光伏装机容量为七十兆瓦。", "风电装机容量。"),
            marks=pytest.mark.skipif(program() is None, reason="no LibreOffice here (Debian: libreoffice-writer)"),
        ),
    ],
)
def test_pages_of_ofd_and_word_files_are_seen_with_the_cited_line_marked(browser, tmp_path, name, content):
    (tmp_path / name).write_bytes(content())
    with (tmp_path / name).open("rb") as file:
        origin = Origin(str(tmp_path), content_digest(file))
    document = replace(load(tmp_path / name), id="plan", origin=origin)
    start = document.text.index("风电")
    page, watch = browser.new_page(), Watch()
    with serving(built(FakeAnswerer(sources=(document,)))) as served:
        watch.attach(page)
        page.goto(f"{served}/documents/plan?start={start}&end={start + 7}")
        picture = page.get_by_alt_text(re.compile("第 ?1 ?页的图像，所引各行已标出"))
        expect(picture).to_be_visible(timeout=60_000)
        page.wait_for_function("picture => picture.complete && picture.naturalWidth > 0", arg=picture.element_handle())
        image, mark = picture.bounding_box(), page.locator("polygon").bounding_box()
        assert image
        assert mark
        assert image["y"] < mark["y"] < image["y"] + image["height"] / 4
        assert violations(page) == []
        assert_clean(watch, served)
    page.close()


def test_a_citation_leads_to_its_place_in_the_document_and_on(browser, address):
    with chat(browser, address) as page:
        ask(page, "光伏装机目标是多少？")
        page.click(CITATION)
        with page.expect_popup() as opened:
            page.get_by_role("link", name="在文档中查看").click()
        document = opened.value
        expect(document.locator("mark")).to_have_text("光伏发电计划装机容量70MW。")
        expect(document.locator("mark")).to_be_in_viewport()
        document.locator(".outline a").first.click()
        expect(document.locator(":target")).to_contain_text("一、总体要求")
        document.evaluate(
            "() => { const p = document.querySelectorAll('article p')[0].firstChild;"
            " getSelection().setBaseAndExtent(p, 0, p, 4); }"
        )
        document.locator(".selected").click()
        expect(document.locator("mark")).to_have_text(PLAN.text[:4])
        document.get_by_role("link", name="就这份文档提问").click()
        expect(document.locator("#yj-scope")).to_have_class("yj-narrowed")


def test_a_filter_narrows_what_is_asked_and_stays_in_the_address(browser):
    answerer = Narrowed()
    with serving(built(answerer)) as address, chat(browser, address) as page:
        panel(page, "检索范围").get_by_label("2023").check()
        page.get_by_label("光伏项目管理办法").check()
        page.get_by_role("button", name="应用").click()
        ask(page, "光伏")
        assert answerer.filters[-1] == Filter(documents=frozenset({"rules-3c4d"}), years=frozenset({2023}))
        page.reload()
        expect(page.locator("#yj-scope")).to_have_text("2 项")
        page.locator("#yj-scope").click()
        page.get_by_role("button", name="不限范围").click()
        ask(page, "光伏")
        assert answerer.filters[-1] is None
        assert "year" not in page.url


def test_history_stays_in_the_browser_comes_back_and_can_be_cleared(browser, address):
    with chat(browser, address) as page:
        ask(page, "光伏装机目标是多少？")
        expect(page.locator(".yj-next")).to_be_visible()
        page.reload()
        expect(page.locator(f"{ANSWER} strong")).to_have_text("70MW")
        assert "180MW" in ask(page, "那风电呢？")  # the earlier question is still known
        page.get_by_role("button", name="新对话").click()
        expect(page.locator(".example")).to_have_count(4)
        ask(page, "补贴")
        kept = panel(page, "历史")
        expect(kept.locator(".yj-past span")).to_have_text(["补贴", "光伏装机目标是多少？"])
        kept.locator(".yj-past").nth(1).click()
        expect(page.locator(ASKED)).to_have_text(["光伏装机目标是多少？", "那风电呢？"])
        page.locator(CITATION).first.click()
        expect(page.locator(f"{PANEL} mark")).to_have_text("光伏发电计划装机容量70MW。")
        panel(page, "历史").get_by_role("button", name="删除“补贴”").click()
        expect(page.locator(".yj-past")).to_have_count(1)
        page.get_by_role("button", name="清空全部历史").click()
        page.get_by_role("button", name="再点一次").click()
        expect(page.locator(".yj-past")).to_have_count(0)
        assert json.loads(page.evaluate("localStorage.getItem('yiju:conversations')")) == []


def test_back_leads_out_of_the_panel_to_the_turn_before_and_to_the_conversation_before(browser, address):
    with chat(browser, address) as page:
        ask(page, "光伏装机目标是多少？")
        ask(page, "今天天气如何？")
        page.locator(CITATION).first.click()
        expect(page.locator(f"{PANEL} mark")).to_be_visible()
        page.go_back()
        expect(page.locator(PANEL)).to_be_hidden()
        assert page.evaluate("history.state.turn") == 2
        page.locator(CITATION).first.click()
        page.keyboard.press("Escape")
        page.wait_for_function("history.state.turn === 2 && !history.state.panel")
        page.go_back()
        page.wait_for_function("history.state.turn === 1")
        expect(page.locator(ASKED).first).to_be_in_viewport()
        page.get_by_role("button", name="新对话").click()
        expect(page.locator(".example")).to_have_count(4)
        page.go_back()
        expect(page.locator(ASKED)).to_have_count(2)


def test_a_conversation_goes_out_as_markdown_and_word(browser, address, tmp_path):
    with chat(browser, address) as page:
        ask(page, "光伏装机目标是多少？")
        ask(page, "今天天气如何？")
        kept = panel(page, "历史")
        texts = []
        for name, ending in (("导出 Markdown", ".md"), ("导出 Word", ".docx")):
            with page.expect_download() as saved:
                kept.get_by_role("button", name=name).click()
            path = Path(tmp_path / f"saved{ending}")
            saved.value.save_as(path)
            assert saved.value.suggested_filename == f"依据{ending}"
            texts.append(load(path).text)
        for text in texts:
            for said in (
                "光伏装机目标是多少？",
                "70MW",
                "《綦江区绿色发展实施方案》三（三）",
                "文档里没有找到这个问题的答案。",
            ):
                assert said in text


def test_an_answer_can_be_rated_with_a_reason(browser, address):
    with chat(browser, address) as page:
        ask(page, "光伏装机目标是多少？")
        with page.expect_response("**/api/feedback") as reply:
            page.click("a[href^='#good-']")
        assert reply.value.json()["rating"] == "good"
        page.click("a[href^='#bad-']")
        page.get_by_label("内容已过时").check()
        page.get_by_role("textbox", name="补充说明").fill("现在是80MW")
        with page.expect_response("**/api/feedback") as reply:
            page.get_by_role("button", name="提交").click()
        assert reply.value.json()["reason"] == "内容已过时：现在是80MW"


def test_english_is_an_option_for_all_but_the_documents(browser, address):
    with chat(browser, address) as page:
        page.get_by_role("link", name="English").click()
        expect(page.locator("#yj-head h1")).to_have_text("Yiju")
        expect(page.locator(".placeholder h2")).to_have_text("What would you like to know?")
        assert "High confidence (92%)" in ask(page, "光伏装机目标是多少？")
        assert page.evaluate("document.documentElement.lang") == "en"
        page.get_by_role("button", name="Scope").click()
        expect(page.locator(PANEL)).to_contain_text("Issuer")
        page.get_by_role("link", name="中文").click()
        expect(page.locator("#yj-head h1")).to_have_text("依据")


@pytest.mark.parametrize("options", [PHONE, {"viewport": {"width": 3840, "height": 2160}}], ids=["phone", "4K"])
def test_nothing_overflows_on_any_screen(browser, address, options):
    with chat(browser, address, "/chat/?lang=en", **options) as page:
        ask(page, "光伏装机目标是多少？")
        page.locator(CITATION).first.click()
        expect(page.locator(f"{PANEL} mark")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ends = page.eval_on_selector_all(
            "#yj-head :is(a, button)", "all => all.map(e => e.getBoundingClientRect().right)"
        )
        assert max(ends) <= page.evaluate("innerWidth")


@pytest.mark.parametrize("more", ["prefers-contrast", "forced-colors"])
def test_in_high_contrast_nothing_is_lost(browser, address, more):
    options = {"contrast": "more"} if more == "prefers-contrast" else {"forced_colors": "active"}
    with chat(browser, address, **options) as page:
        ask(page, "光伏装机目标是多少？")
        soft = page.locator(".yj-sure").evaluate("e => getComputedStyle(e).color")
        assert soft in ("rgb(51, 60, 56)", "rgb(0, 0, 0)")
        page.locator(CITATION).first.click()
        expect(page.locator(f"{PANEL} mark")).to_be_visible()
        assert violations(page) == []


def test_hostile_names_and_texts_do_nothing_on_document_pages_filter_and_history(browser):
    with serving(built(Evil())) as address:
        with chat(browser, address) as page:
            ask(page, PAYLOADS[1])
            panel(page, "历史").locator(".yj-past").first.wait_for()
            panel(page, "检索范围").locator("label").first.wait_for()
            for path in (f"?q={PAYLOADS[0]}", f"{EVIL.id}?start=0&end=50"):
                assert page.goto(f"{address}/documents/{path}").status == 200
                assert page.evaluate("window.hit") is None
                assert page.locator("main :is(img, svg, iframe, video, style, [style], [onerror])").count() == 0
        with opened(browser, f"{address}/chat/") as (page, watch):
            hostile = "q=%3Cimg%20src%3Dx%20onerror%3Dwindow.hit%3D1%3E&document=%3Cscript%3E&lang=%3Cb%3E"
            with page.expect_response("**/api/documents/*"):  # the header wants the title of what was chosen
                page.goto(f"{address}/chat/?{hostile}")
            expect(page.locator(CITATION).first).to_be_attached()
            assert page.evaluate("window.hit") is None
            assert watch.failures == [f"404 {address}/api/documents/%3Cscript%3E"]
            assert (watch.off_origin(address), len(watch.console)) == ([], 1)
