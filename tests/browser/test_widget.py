"""The widget on somebody else's pages: another site, plain HTTP, no cookies; and the pages that show and write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from index.filters import Filter
from tests.support.browser import ANSWER, ASK, CITATION, PANEL, PATIENCE, Watch, chromium, needs_chromium
from tests.support.fake_answerer import RULES, FakeAnswerer
from tests.support.portals import NAMES, Portal, named, portal
from tests.support.served import built, serving
from tests.support.widget import BUBBLE, HOST, ask, opened
from ui.access.authentication import Access
from ui.access.keys import KeyBook
from ui.widget.routes import HERE

pytestmark = needs_chromium

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DIALOG = f"{HOST} section"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(NAMES) as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[Portal]:
    with portal() as site:
        yield site


@pytest.fixture(scope="module")
def service(site: Portal) -> Iterator[str]:
    """The product on another site than the portal, which may embed it."""
    app = built(FakeAnswerer(pause=0.02), access=Access(origins=[site.address]))
    with serving(app) as address:
        yield named(address)


@contextmanager
def visiting(browser: Browser, address: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A page in a fresh profile; all that goes wrong on it is watched, and fails the test."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(PATIENCE)
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    try:
        page.goto(address)
        yield page, watch
        assert (watch.failures, watch.console) == ([], [])
    finally:
        context.close()


FOCUSED = f"""() => {{
    const inside = document.querySelector("{HOST}").shadowRoot.activeElement;
    return inside?.getAttribute("aria-label") ?? inside?.tagName ?? document.activeElement.tagName;
}}"""


def expect_focus(page: Page, part: str) -> None:
    """Waits until a part of the widget has the focus, named by its label or tag: between processes it takes time."""
    page.wait_for_function(f"part => ({FOCUSED})() === part", arg=part)


def test_nothing_but_the_script_is_fetched_before_the_click(browser, site, service):
    site.embed(service)
    site.page += f'<script src="{service}/widget.js" data-title="又一个" defer></script>'
    with visiting(browser, site.address) as (page, watch):
        expect(page.locator(BUBBLE)).to_have_attribute("aria-label", "打开文档问答")
        expect(page.locator(HOST)).to_have_count(1)
        page.wait_for_load_state("networkidle")
        assert {url for url in watch.requests if url.startswith(service)} == {f"{service}/widget.js"}


def test_the_script_is_small():
    assert len((HERE / "widget.js").read_bytes()) <= 12 * 1024


def test_a_colleague_asks_on_plain_http_reads_the_source_and_comes_back(browser, site, service):
    site.embed(service)
    with visiting(browser, site.address) as (page, watch):
        chat = opened(page)
        assert chat.locator("body").evaluate("() => window.isSecureContext") is False
        expect(chat.locator(ASK)).to_be_focused()
        ask(chat, "光伏装机")
        expect(chat.locator(f"{ANSWER} strong")).to_have_text("70MW")
        chat.locator(CITATION).click()
        expect(chat.locator(f"{PANEL} mark")).to_be_in_viewport()
        page.keyboard.press("Escape")
        expect(chat.locator(PANEL)).to_be_hidden()
        expect(page.locator(DIALOG)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(DIALOG)).to_be_hidden()
        expect_focus(page, "打开文档问答")
        page.keyboard.press("Enter")
        expect(chat.locator(f"{ANSWER} strong")).to_have_text("70MW")
        expect(chat.locator(CITATION)).to_be_focused()  # where it was
        assert page.context.cookies() == []
        assert [url for url in watch.requests if not url.startswith((service, site.address, "data:"))] == []


REFUSED = """for (const name of ["localStorage", "sessionStorage"]) if (self !== top)
    Object.defineProperty(self, name, { get() { throw new DOMException("refused", "SecurityError"); } });"""


def test_where_a_frame_of_another_site_may_keep_nothing_the_conversation_outlives_a_reload(browser, site, service):
    site.embed(service)
    with visiting(browser, site.address) as (page, _):
        page.context.add_init_script(REFUSED)
        page.reload()
        chat = opened(page)
        ask(chat, "光伏装机")
        expect(chat.locator(".yj-next")).to_be_visible()
        page.reload()
        expect(opened(page).locator(f"{ANSWER} strong")).to_have_text("70MW")
        # What the site keeps for it is this tab's.
        assert page.evaluate("localStorage.length") == 0


def test_tab_goes_round_inside_the_widget_in_both_directions(browser, site, service):
    site.embed(service)
    with visiting(browser, site.address) as (page, _):
        chat = opened(page)
        expect(chat.locator(ASK)).to_be_focused()
        page.locator(HOST).get_by_role("button", name="关闭").focus()
        page.keyboard.press("Shift+Tab")
        expect_focus(page, "在新窗口打开")
        page.keyboard.press("Shift+Tab")
        expect_focus(page, "IFRAME")
        expect(chat.locator(":focus")).to_have_count(1)  # the last one: the next step leads out at the other end
        page.keyboard.press("Tab")
        expect_focus(page, "在新窗口打开")
        page.keyboard.press("Tab")
        expect_focus(page, "关闭")
        page.keyboard.press("Tab")
        expect_focus(page, "IFRAME")
        page.keyboard.press("Shift+Tab")
        expect_focus(page, "关闭")


def test_a_site_that_is_not_allowed_is_told_so_and_shows_nothing_of_the_chat(browser, service):
    with portal("stranger.test") as stranger:
        stranger.embed(service)
        context = browser.new_context()
        page, watch = context.new_page(), Watch()
        watch.attach(page)
        page.goto(stranger.address)
        page.locator(BUBBLE).click()
        expect(page.locator(f"{HOST} .note")).to_contain_text("暂时无法打开问答页")
        # Who set the site up can mend it; visitors cannot.
        assert [said for said in watch.console if f"--allow-origin {stranger.address}" in said]
        expect(page.locator(HOST).get_by_role("button", name="重试")).to_be_visible()
        assert page.frame_locator(f"{HOST} iframe").locator(ASK).count() == 0
        page.keyboard.press("Escape")
        expect(page.locator(DIALOG)).to_be_hidden()
        context.close()


def test_a_chat_that_starts_slowly_is_waited_for_and_not_called_out_of_reach(browser, site, service):
    site.embed(service)
    with visiting(browser, site.address) as (page, _):
        page.route("**/static/embed.js", lambda _: None)  # held until the route is taken back
        # Longer after its page has loaded than one that was refused is given.
        page.evaluate(f"""() => {{
            const {{ shadowRoot }} = document.querySelector("{HOST}");
            shadowRoot.querySelector(".bubble").click();
            shadowRoot.querySelector("iframe").onload = () => setTimeout(() => window.later = true, 1500);
        }}""")
        page.wait_for_function("window.later")
        expect(page.locator(f"{HOST} .note")).to_have_text("正在打开…")
        page.unroute("**/static/embed.js")
        expect(page.frame_locator(f"{HOST} iframe").locator(ASK)).to_be_visible()


def test_on_a_phone_it_covers_the_screen_and_the_page_behind_stands_still(browser, site, service):
    site.embed(service)
    site.page += '<div style="height: 3000px"></div>'
    with visiting(browser, site.address, **PHONE) as (page, _):
        chat = opened(page)
        assert page.locator(DIALOG).bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
        assert page.locator(DIALOG).get_attribute("aria-modal") == "true"
        assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
        ask(chat, "光伏装机")
        # Not a tap: of an emulated one in a frame of another site, some builds of Chromium send the click to what lies
        # as far above as the frame begins.
        chat.locator(CITATION).click()
        expect(chat.locator(f"{PANEL} mark")).to_be_in_viewport()
        assert chat.locator("html").evaluate("page => page.scrollWidth") == 390
        page.locator(HOST).get_by_role("button", name="关闭").tap()
        expect(page.locator(DIALOG)).to_be_hidden()
        assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "visible"


@pytest.mark.parametrize(("theme", "system", "dark"), [("dark", "light", True), ("light", "dark", False)])
def test_the_tag_decides_the_theme(browser, site, service, theme, system, dark):
    site.embed(service, theme=theme)
    with visiting(browser, site.address, color_scheme=system) as (page, _):
        ground = opened(page).locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        assert (max(map(int, re.findall(r"\d+", ground)[:3])) < 100) is dark


def test_words_and_first_question_come_from_the_tag(browser, site, service):
    site.embed(service, title="问规划", greeting="想查哪份规划？", position="left", color="gold", documents="plan-1a2b")
    with visiting(browser, site.address) as (page, _):
        chat = opened(page)
        expect(chat.get_by_role("heading", name="想查哪份规划？")).to_be_visible()
        expect(page.locator(DIALOG)).to_have_attribute("aria-label", "问规划")
        assert page.locator(DIALOG).bounding_box()["x"] == 20
        header = page.locator(f"{HOST} header")
        expect(header).to_have_css("background-color", "rgb(255, 215, 0)")
        expect(header).to_have_css("color", "rgb(0, 0, 0)")  # white cannot be read on gold
        source = page.locator(f"{HOST} iframe").get_attribute("src")
        assert parse_qs(urlsplit(source).query)["document"] == ["plan-1a2b"]
        ask(chat, "补贴")  # which only the other document knows
        expect(chat.locator(ANSWER)).to_contain_text("没有找到")
    site.embed(service, question="光伏装机")
    with visiting(browser, site.address) as (page, _):
        expect(opened(page).locator(f"{ANSWER} strong")).to_have_text("70MW")


def test_a_key_opens_what_it_may_is_in_no_address_that_a_server_sees_and_can_be_revoked(browser, site, tmp_path):
    book = KeyBook(tmp_path / "keys.sqlite")
    key, whole = book.add("门户", scope=Filter(documents=frozenset({RULES.id})))
    access = Access(origins=[site.address], need_key=True, book=book)
    with serving(built(FakeAnswerer(), access=access)) as address:
        site.embed(named(address), key=whole)
        with visiting(browser, site.address) as (page, watch):
            chat = opened(page)
            ask(chat, "补贴")
            expect(chat.locator(f"{ANSWER} strong")).to_have_text("每千瓦时0.1元")
            assert [url for url in watch.requests if key.id in url.partition("#")[0]] == []
            assert (watch.failures, watch.console) == ([], [])
            book.revoke(key.id)
            ask(chat, "补贴")
            expect(chat.get_by_text("此页面尚未获准使用问答服务")).to_be_visible()
            assert [said for said in watch.console if "已被吊销" in said and "yiju-serve keys" in said]
            assert {failure.partition(" ")[0] for failure in watch.failures} == {"401"}
            watch.failures.clear()
            watch.console.clear()


def test_wrong_attributes_are_ignored_with_one_warning(browser, site, service):
    site.embed(service, position="top", color="red; } * { display: none", years="2025,soon", lang="fr", title="甲" * 41)
    with visiting(browser, site.address) as (page, watch):
        expect(page.locator(BUBBLE)).to_have_attribute("aria-label", "打开文档问答")
        assert page.locator(BUBBLE).evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(15, 107, 92)"
        [warning] = watch.console
        assert all(f"data-{name} " in warning for name in ("position", "color", "years", "lang", "title"))
        watch.console.clear()


def test_the_page_around_it_may_be_as_strict_and_as_loud_as_it_likes(browser, site, service):
    policy = f"default-src 'none'; script-src {service}; frame-src {service}; img-src data:"
    site.embed(service, {"content-security-policy": policy})
    with visiting(browser, site.address) as (page, _):
        assert page.locator(BUBBLE).evaluate("e => getComputedStyle(e).position") == "fixed"
        opened(page)
    site.embed(service)
    site.page += "<style>* { color: red !important; display: block !important; font: 40px serif !important }</style>"
    with visiting(browser, site.address) as (page, _):
        assert page.locator(BUBBLE).evaluate("e => getComputedStyle(e).fontSize") == "22px"
        expect(page.locator(DIALOG)).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(browser, site, service, scheme):
    site.embed(service, color="#c33")
    site.page = f"<main>{site.page}</main>"
    with visiting(browser, site.address, color_scheme=scheme) as (page, _):
        assert violations(page) == []
        opened(page)
        assert violations(page) == []
    for name in ("demo", "setup"):
        with visiting(browser, f"{service}/widget/{name}", color_scheme=scheme) as (page, _):
            page.wait_for_load_state("networkidle")
            assert violations(page) == [], name


def violations(page: Page) -> list[str]:
    """What axe-core finds on a page and in the shadow trees on it; frames are pages of their own."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "iframes": False}).response["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


def test_the_demo_is_a_portal_over_the_documents_that_are_there(browser, service):
    with visiting(browser, f"{service}/widget/demo") as (page, watch):
        expect(page.locator("#file-list a")).to_have_text(["綦江区绿色发展实施方案", "光伏项目管理办法"])
        expect(page.locator("#example-list a").first).to_have_text(FakeAnswerer().examples()[0])
        expect(page.locator(BUBBLE)).to_be_visible()
        page.fill("input[name=q]", "风电")
        with page.context.expect_page() as answered:
            page.press("input[name=q]", "Enter")
        expect(answered.value.locator(f"{ANSWER} strong")).to_have_text("180MW")
        assert watch.off_origin(service) == []


@pytest.mark.parametrize("name", ["demo", "setup"])
def test_its_pages_do_not_scroll_sideways_on_a_phone(browser, service, name):
    with visiting(browser, f"{service}/widget/{name}", **PHONE) as (page, _):
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") == 390


class Tags(HTMLParser):
    """The tags of a snippet with their attributes, as a browser reads them, and the text between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def code(page: Page, kind: str) -> str:
    return page.locator(f"[data-kind={kind}] textarea").input_value()


def test_the_setup_page_writes_tags_that_say_what_was_filled_in_and_no_more(browser, service):
    hostile = "\"><script>window.hit=1</script>' & ${1}"
    with visiting(browser, f"{service}/widget/setup") as (page, watch):
        assert code(page, "script") == f'<script src="{service}/widget.js" defer></script>'
        page.fill("[name=title]", hostile)
        page.fill("[name=question]", hostile)
        page.fill("[name=years]", "二〇二五")
        page.get_by_label("綦江区绿色发展实施方案").check()
        page.select_option("[name=theme]", "dark")
        attributes = {"src": f"{service}/widget.js", "data-title": hostile, "data-question": hostile}
        expected = {**attributes, "data-theme": "dark", "data-documents": "plan-1a2b", "defer": None}
        assert Tags(code(page, "script")).found == [("script", expected)]
        [(tag, frame)] = Tags(code(page, "frame")).found
        query = parse_qs(urlsplit(frame["src"]).query)
        assert (tag, frame["title"], query["q"], query["document"]) == ("iframe", hostile, [hostile], ["plan-1a2b"])
        link = Tags(code(page, "link"))
        assert ([tag for tag, _ in link.found], link.text) == (["a"], hostile)
        assert page.evaluate("window.hit") is None
        assert watch.off_origin(service) == []


def test_the_preview_follows_the_form_and_the_code_can_be_copied_and_used(browser, site, service):
    with visiting(browser, f"{service}/widget/setup") as (page, _):
        expect(page.frame_locator("#preview").locator(HOST)).to_be_attached()
        assert page.evaluate("scrollY") == 0  # what loads in the preview does not move the page
        page.fill("[name=title]", "问制度")
        page.select_option("[name=position]", "left")
        page.check("#open")
        preview = page.frame_locator("#preview")
        expect(preview.locator(DIALOG)).to_have_attribute("aria-label", "问制度")
        expect(preview.frame_locator(f"{HOST} iframe").locator(ASK)).to_be_visible()
        page.get_by_role("button", name="复制：角落里的按钮").click()
        page.fill("[name=greeting]", "")
        page.press("[name=greeting]", "Control+V")
        snippet = page.input_value("[name=greeting]")
    site.page, site.headers = snippet, {}
    with visiting(browser, site.address) as (page, _):
        opened(page)
        expect(page.locator(DIALOG)).to_have_attribute("aria-label", "问制度")
        assert page.locator(DIALOG).bounding_box()["x"] == 20


def test_a_page_opens_the_chat_with_a_question_and_hears_that_it_was_answered(browser, site, service):
    site.embed(service)
    with visiting(browser, site.address) as (page, _):
        page.wait_for_selector(BUBBLE)
        page.evaluate(
            f"""() => {{
                window.heard = [];
                document.addEventListener("yiju:answer", ({{ detail }}) => window.heard.push(detail));
                document.querySelector("{HOST}").open("光伏装机目标是多少");
            }}"""
        )
        expect(page.frame_locator(f"{HOST} iframe").locator(ASK)).to_be_visible()
        page.wait_for_function("() => window.heard.length === 1")
        page.evaluate(f"""() => {{ document.querySelector("{HOST}").open("明天下雨吗"); }}""")  # it is open already
        page.wait_for_function("() => window.heard.length === 2")
        # What was asked and answered stays in the frame.
        assert page.evaluate("window.heard") == [
            {"answered": True, "citations": 1},
            {"answered": False, "citations": 0},
        ]
        page.evaluate(f"""() => document.querySelector("{HOST}").close()""")
        expect(page.locator(DIALOG)).to_be_hidden()


def test_a_page_that_is_built_takes_the_widget_as_a_module(browser, site, service):
    packed = json.loads((HERE / "package.json").read_text("utf-8"))
    assert (HERE / packed["exports"]).name == "module.js" and packed["type"] == "module"
    site.page = f"""<h1>门户</h1><script type="module">
        import {{ widget }} from "{service}/widget/module.js";
        const chat = await widget("{service}/", {{ title: "问制度", position: "left" }});
        chat.open();
    </script>"""
    site.headers = {}
    with visiting(browser, site.address) as (page, _):
        expect(page.locator(DIALOG)).to_have_attribute("aria-label", "问制度")
        expect(page.frame_locator(f"{HOST} iframe").locator(ASK)).to_be_visible()
