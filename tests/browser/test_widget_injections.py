"""The widget on a page that is hostile: its tag, its DOM and its messages carry what would run, and nothing does."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import ANSWER, Watch, chromium, needs_chromium
from tests.support.fake_answerer import FakeAnswerer
from tests.support.injections import HOST, TEXTS
from tests.support.portals import NAMES, Portal, named, portal
from tests.support.served import built, serving
from tests.support.widget import BUBBLE, ask, opened
from ui.access.authentication import Access

pytestmark = needs_chromium

ATTRIBUTES = (
    "title",
    "greeting",
    "question",
    "color",
    "documents",
    "issuers",
    "regions",
    "years",
    "key",
    "lang",
    "theme",
)
HITS = "window.hits = 0; window.hit = () => { window.hits += 1; };"

WRECKED = """
<form name="yiju"><input name="createElement"><input name="attachShadow"></form>
<a id="origin" href="http://192.0.2.66/" onfocus="hit()"></a>
<a id="documents" name="documents" href="javascript:hit()">x</a>
"""
"""What bears the names that scripts ask for."""


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
    with serving(built(FakeAnswerer(), access=Access(origins=[site.address]))) as address:
        yield named(address)


def visible(texts: tuple[str, ...]) -> dict[str, str]:
    """An attribute of the tag for each text, as a page would have to write it."""
    return {name: escape(text.replace("\0", ""), quote=True) for name, text in zip(ATTRIBUTES, texts, strict=False)}


def test_no_attribute_of_the_tag_runs_or_leads_elsewhere(browser: Browser, site: Portal, service: str) -> None:
    context = browser.new_context()
    context.add_init_script(HITS)
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    for first in range(0, len(TEXTS), len(ATTRIBUTES)):
        site.embed(service, **visible(TEXTS[first : first + len(ATTRIBUTES)]))
        page.goto(site.address)
        expect(page.locator(BUBBLE)).to_be_visible()
        assert page.evaluate("window.hits") == 0
        address = page.locator("yiju-widget").evaluate("each => each.shadowRoot.querySelector('iframe')?.src ?? ''")
        assert address == "" or address.startswith(f"{service}/chat/")
        strange = (
            "each => [...each.shadowRoot.querySelectorAll('script, img, object, embed, [onclick], [onerror]')].length"
        )
        assert page.locator("yiju-widget").evaluate(strange) == 0
    assert not [url for url in watch.requests if HOST in url or not url.startswith((site.address, service, "data:"))]
    assert page.url.startswith(site.address)
    context.close()


def test_a_wrecked_page_that_shouts_at_the_frame_changes_nothing_in_it(
    browser: Browser, site: Portal, service: str
) -> None:
    context = browser.new_context()
    context.add_init_script(HITS)
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    site.embed(service, question="<img src=x onerror=hit()>")
    site.page = site.page + WRECKED
    page.goto(site.address)
    chat = opened(page)
    shout = """texts => {
        const frame = document.querySelector("yiju-widget").shadowRoot.querySelector("iframe").contentWindow;
        for (const text of texts)
            for (const message of [text, { yiju: text }, { yiju: "ready", html: text }, { type: text, data: text }])
                frame.postMessage(message, "*");
        for (const text of texts) window.postMessage({ yiju: text }, "*");
    }"""
    page.evaluate(shout, [text for text in TEXTS if text.isprintable()])
    expect(chat.locator(ANSWER).first).to_be_visible()
    ask(chat, "光伏装机目标是多少")
    expect(chat.locator(ANSWER).last).to_contain_text("70MW")
    frame = next(each for each in page.frames if each.url.startswith(f"{service}/chat/"))
    assert frame.evaluate("window.hits") == page.evaluate("window.hits") == 0
    assert not [url for url in watch.requests if HOST in url]
    assert page.url.startswith(site.address) and frame.url.startswith(f"{service}/chat/")
    context.close()
