"""The chat in a real Chromium, on the fake assistant."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import ANSWER, ASK, CITATION, LEAD, PANEL, PATIENCE, ask, chromium, needs_chromium, settle
from tests.support.chat_page import PAYLOADS, PHONE, Evil, Held, chat
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(built(FakeAnswerer(pause=0.02))) as address:
        yield address


def test_an_answer_streams_in_and_sets_off_the_short_answer(browser):
    answerer = Held()
    with serving(built(answerer)) as slow, chat(browser, slow) as page:
        page.fill(ASK, "光伏和补贴")
        page.press(ASK, "Enter")
        expect(page.locator('#yj-chat [data-testid="user"]')).to_have_text("光伏和补贴")
        expect(page.locator(ANSWER)).to_contain_text("分布式光伏项目按")
        partial = page.locator(ANSWER).inner_text()
        answerer.go.set()
        expect(page.locator(f"{ANSWER} strong")).to_have_text("每千瓦时0.1元")
        assert len(partial) < len(page.locator(ANSWER).inner_text())
        expect(page.locator(CITATION)).to_have_count(2)


def test_the_question_says_at_once_that_it_is_looked_for(browser, address):
    with chat(browser, address) as page:
        page.route("**/queue/join*", lambda route: None)  # nobody begins to answer
        page.fill(ASK, "光伏和补贴")
        page.press(ASK, "Enter")
        expect(page.locator(".yj-waiting")).to_have_text("正在查找原文…")
        page.unroute_all(behavior="ignoreErrors")


def test_a_citation_opens_its_source_with_the_sentence_marked(browser, address):
    with chat(browser, address) as page:
        assert "可信度较高" in ask(page, "光伏装机目标是多少？")
        page.click(CITATION)
        panel = page.locator(PANEL)
        expect(panel).to_be_visible()
        expect(panel.locator("mark")).to_have_text("光伏发电计划装机容量70MW。")
        expect(panel.locator(".yj-path li")).to_have_text(["三、重点任务", "（三）加快新能源开发"])
        expect(panel.locator(".yj-title")).to_have_text("綦江区绿色发展实施方案")
        expect(panel.locator(".yj-text")).to_contain_text("风电计划装机容量180MW")
        assert page.evaluate("document.activeElement.className") == "yj-source"
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        assert page.evaluate("document.activeElement.hash").startswith("#ev-plan-1a2b-")


def test_citations_of_earlier_turns_and_of_other_documents_keep_working(browser, address):
    with chat(browser, address) as page:
        ask(page, "光伏装机目标是多少？")
        shown = ask(page, "那风电呢？")
        assert "理解为：风电的装机目标是多少？" in shown
        assert "180MW" in shown
        ask(page, "光伏和补贴")
        page.locator(CITATION).first.press("Enter")
        expect(page.locator(f"{PANEL} mark")).to_have_text("光伏发电计划装机容量70MW。")
        page.locator(CITATION).nth(2).click()
        expect(page.locator(f"{PANEL} .yj-title")).to_have_text("光伏项目管理办法")
        expect(page.locator(f"{PANEL} mark")).to_have_text("分布式光伏项目按每千瓦时0.1元给予补贴，期限三年。")


def test_no_answer_is_said_and_leads_open_as_leads(browser, address):
    with chat(browser, address) as page:
        shown = ask(page, "今天天气如何？")
        assert shown.startswith("文档里没有找到这个问题的答案。")
        assert page.locator(".yj-sure").count() == page.locator(f".yj-leads {LEAD}").count() == 0
        page.locator(".yj-read summary").click()
        page.locator(".yj-read a").nth(2).click()
        expect(page.locator(f"{PANEL} mark")).to_contain_text("第五条")


def test_a_long_answer_is_read_from_its_question_on(browser, address):
    with chat(browser, address, viewport={"width": 390, "height": 420}) as page:
        ask(page, "光伏装机目标是多少？")
        ask(page, "今天天气如何？")
        expect(page.locator('#yj-chat [data-testid="user"]').last).to_be_in_viewport()
        expect(page.get_by_text("文档里没有找到这个问题的答案。")).to_be_in_viewport()
        # Unfolding what was read moves nothing.
        before = page.locator(".bubble-wrap").evaluate("log => log.scrollTop")
        page.locator(".yj-read summary").first.evaluate("summary => summary.click()")
        settle(page)
        after = page.locator(".bubble-wrap").evaluate("log => log.scrollTop")
        assert after >= before  # the browser itself keeps what is read in place


def test_on_a_phone_the_source_is_a_drawer_at_the_bottom(browser, address):
    with chat(browser, address, **PHONE) as page:
        ask(page, "光伏装机目标是多少？")
        page.tap(CITATION)
        expect(page.locator(f"{PANEL} mark")).to_be_in_viewport()
        settle(page)
        box = page.locator(PANEL).bounding_box()
        assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844)
        assert box["y"] > 200
        page.tap(f"{PANEL} header button")
        expect(page.locator(PANEL)).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_systems_colours(browser, address, scheme):
    with chat(browser, address, color_scheme=scheme) as page:
        ask(page, "光伏装机目标是多少？")
        page.click(CITATION)
        for selector, ground in ((f"{ANSWER} p >> nth=0", ".bot.message >> nth=0"), (".yj-title", PANEL)):
            text, behind = lightness(page, selector, "color"), lightness(page, ground, "background-color")
            assert (text > behind) == (scheme == "dark"), selector
            assert abs(text - behind) > 120, selector


def lightness(page: Page, selector: str, style: str) -> float:
    value = page.locator(selector).evaluate(f"e => getComputedStyle(e)['{style}']")
    return sum(map(float, re.findall(r"[\d.]+", value)[:3])) / 3


def test_stop_ends_the_answer_and_the_box_takes_the_next_question(browser):
    answerer = Held()
    with serving(built(answerer)) as slow, chat(browser, slow) as page:
        page.fill(ASK, "光伏和补贴")
        page.press(ASK, "Enter")
        expect(page.locator(ANSWER)).to_contain_text("分布式光伏项目按")
        page.click("#yj-ask .stop-button")
        expect(page.locator("#yj-ask .submit-button")).to_be_visible()
        stopped = page.locator(ANSWER).inner_text()
        answerer.go.set()
        assert "180MW" in ask(page, "风电")
        assert page.locator(ANSWER).first.inner_text() == stopped


def test_examples_come_from_the_assistant_and_ask_at_a_click(browser, address):
    with chat(browser, address) as page:
        expect(page.locator(".example")).to_have_text(FakeAnswerer().examples())
        page.locator(".example").nth(1).click()
        expect(page.locator(f"{ANSWER} strong")).to_have_text("180MW")


def test_an_address_with_a_question_asks_it(browser, address):
    with chat(browser, address, "/chat?q=%E5%85%89%E4%BC%8F%E8%A3%85%E6%9C%BA") as page:
        expect(page.locator(f"{ANSWER} strong")).to_have_text("70MW")
        expect(page.locator('#yj-chat [data-testid="user"]')).to_have_text("光伏装机")


def test_the_first_visit_fetches_at_most_320_kilobytes_and_says_what_there_is_below_its_heading(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    session, fetched = context.new_cdp_session(page), list[float]()
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda each: fetched.append(each["encodedDataLength"]))
    page.goto(f"{address}/chat/")
    expect(page.locator(".example")).to_have_count(4)
    heading, about = page.locator(".placeholder h2").bounding_box(), page.locator(".yj-about").bounding_box()
    assert heading and about and about["y"] > heading["y"] + heading["height"]  # below it, not beside it
    page.wait_for_load_state("networkidle")
    context.close()
    assert 50_000 < sum(fetched) <= 320 * 1024


def test_a_new_conversation_starts_empty_in_the_same_tab(browser, address):
    with chat(browser, address, "/chat/?q=%E5%85%89%E4%BC%8F") as page:
        expect(page.locator(f"{ANSWER} strong")).to_have_text("70MW")
        page.get_by_role("button", name="新对话").click()
        expect(page.locator(".example")).to_have_count(4)
        expect(page.locator(ANSWER)).to_have_count(0)
        assert (page.url, len(page.context.pages)) == (f"{address}/chat/", 1)


def test_a_question_that_is_too_long_is_refused_politely_and_kept(browser, address):
    with chat(browser, address) as page:
        page.fill(ASK, "光" * 2_001)
        page.press(ASK, "Enter")
        expect(page.locator(ANSWER)).to_have_text("问题太长：2001 个字，最多 2000 个字，请缩短后再问。")
        expect(page.locator(ASK)).to_have_value("光" * 2_001)
        page.wait_for_timeout(1_000)  # the box is given its text back once more when the event ends
        assert "70MW" in ask(page, "光伏装机")


def test_a_bug_is_reported_without_its_inside_and_the_chat_goes_on(browser, address):
    with chat(browser, address) as page:
        assert ask(page, "崩溃") == "回答时出了错，已记入日志，请稍后再试。"
        assert "70MW" in ask(page, "光伏装机")


def test_copying_gives_the_answer_with_its_reference_or_all_of_it(browser, address):
    with chat(browser, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        ask(page, "光伏装机目标是多少？")
        page.click('a[href="#copy"]')
        expect(page.locator('a[href="#copy"][data-done]')).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == "70MW（《綦江区绿色发展实施方案》三（三））"
        page.click('a[href="#copy-all"]')
        expect(page.locator('a[href="#copy-all"][data-done]')).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").splitlines() == [
            "70MW",
            "光伏发电计划装机容量70MW。[1]",
            "可信度较高（92%）",
            "[1] 《綦江区绿色发展实施方案》三（三）",
        ]


def test_hostile_text_is_shown_and_does_nothing(browser):
    with serving(built(Evil())) as address, chat(browser, address) as page:
        for question in ("答案", "没有答案", *PAYLOADS):
            ask(page, question)
        assert "<script>window.hit=1</script>" in page.locator(ANSWER).first.inner_text()
        leads = page.locator(".yj-leads").first.locator("a").all()
        for link in (*page.locator(CITATION).all()[: len(PAYLOADS)], *leads):
            link.click()
            expect(page.locator(f"{PANEL} .yj-title")).to_have_text(PAYLOADS[1])
        expect(page.locator('#yj-chat [data-testid="user"]').nth(2)).to_have_text(PAYLOADS[0])
        planted = ":is(script, img, svg, iframe, video, style, form, details[ontoggle], [style])"
        assert page.locator(f"#yj-chat .md {planted}, {PANEL} {planted}").count() == 0
        assert page.evaluate("window.hit") is None


def test_everything_on_the_page_is_chinese_for_every_browser(browser, address):
    for locale in ("en-US", "zh-CN", "fr-FR"):
        with chat(browser, address, locale=locale) as page:
            ask(page, "光伏装机目标是多少？")
            settle(page)
            labels = page.eval_on_selector_all(
                "[aria-label], [title], [placeholder]",
                "all => all.filter(e => e.getClientRects().length).flatMap(e => "
                "['aria-label', 'title', 'placeholder'].map(name => e.getAttribute(name)).filter(Boolean))",
            )
            assert [label for label in labels if re.search("[A-Za-z]{3}", label)] == [], locale
            assert page.evaluate("document.documentElement.lang") == "zh-CN"
