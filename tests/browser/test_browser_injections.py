"""Hostile text in a real browser: in every page nothing of it runs, nothing is fetched, nothing leaves the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from eval.commands.draft import review_page
from eval.records import Dataset, Outcome, Query
from eval.report.page import report_page
from eval.report.report import make_report
from index.filters import Filter
from index.records import Document
from qa.answers import Answer
from tests.support.browser import ANSWER, ASK, Watch, ask, chromium, needs_chromium, settle
from tests.support.fake_answerer import PLAN, FakeAnswerer
from tests.support.hostile import drafts, evil
from tests.support.injections import TEXTS
from tests.support.served import built, serving
from ui.access.visitors import Visitor
from ui.usage.log import UsageLog

pytestmark = needs_chromium

PAGES = [replace(evil(text)[0], id=f"e{n}") for n, text in enumerate(TEXTS)]
WHOLE = replace(
    evil("\n".join(TEXTS))[0],
    id="whole",
    title="<img src=x onerror=hit()>",
    source="<script>hit()</script>",
    headings=(),
)
"""A document of all payloads."""

HITS = "window.hits = 0; window.hit = () => { window.hits += 1; };"


@dataclass(frozen=True)
class Evil(FakeAnswerer):
    """Answers with a payload; `N` asks for the payloads from the N-th on."""

    sources: tuple[Document, ...] = (PLAN, WHOLE, *PAGES)

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        chosen = TEXTS[int(question) : int(question) + 30] if question.isdecimal() else TEXTS[:1]
        answers = [evil(text)[1] for text in chosen]
        texts = "\n".join(f"{text}[{n}]" for n, text in enumerate(chosen, 1))
        citations = tuple(replace(each.citations[0], n=n) for n, each in enumerate(answers, 1))
        hits = tuple(each.hits[0] for each in answers)
        return replace(answers[0], question=question, text=texts, citations=citations, hits=hits)

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        return list(TEXTS[:n])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    usage = UsageLog(tmp_path_factory.mktemp("usage") / "index-usage.sqlite")
    for n, text in enumerate(TEXTS):
        answer = replace(evil(text)[1], id=f"{n:032}", abstained=n % 2 == 0)
        usage.record(answer, Visitor(), where="chat", seconds=0.1)
        usage.rate(answer.id or "", False, text).result()
    with serving(built(Evil(), usage=usage)) as address:
        yield address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(HITS)
    try:
        yield context
    finally:
        context.close()


def test_documents_and_administration_show_and_do_nothing_else(context, address):
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    for path in ("/documents/", "/documents/?page=1", "/documents/whole", "/documents/e0", "/admin/", "/signin"):
        page.goto(address + path, wait_until="load")
        for at in page.locator("main [tabindex], main button, main summary").all()[:20]:
            at.focus()
        assert page.evaluate("window.hits") == 0, path
        assert page.url.startswith(address)
        strange = "iframe, object, embed, base, video, audio, math, marquee, [onclick], [onload], [onerror], [ontoggle]"
        assert page.locator(strange).count() == 0, path
    assert watch.off_origin(address) == []


def test_the_chat_shows_answers_from_hostile_documents_and_does_nothing_else(context, address):
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    page.goto(f"{address}/chat/")
    page.wait_for_selector(ASK)
    for start in range(0, len(TEXTS), 30):
        ask(page, str(start))
        settle(page)
    assert page.locator(f"{ANSWER} .yj-answer").count() == len(range(0, len(TEXTS), 30))
    strange = page.locator(f"{ANSWER} :is(img, image, iframe, video, form, style, script, [onclick], [onerror])")
    assert [each.evaluate("each => each.outerHTML") for each in strange.all()] == []
    outside = page.locator(f"{ANSWER} a:not([href^='#'])")
    assert [each.get_attribute("href") for each in outside.all()] == []
    for citation in page.locator(f"{ANSWER} a[href^='#ev-']").all()[:3]:
        citation.click()
    assert page.evaluate("window.hits") == 0 and watch.off_origin(address) == [] and page.url.startswith(address)


def test_a_question_typed_in_and_the_widget_do_nothing_else(context, address):
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    page.goto(f"{address}/chat/?embed=1&q=%3Cimg%20src%3Dx%20onerror%3Dhit()%3E")
    page.wait_for_selector(ANSWER)
    for text in ("<img src=x onerror=hit()>", "[x](javascript:hit())", "<svg onload=hit()>", "{{7*7}}"):
        page.wait_for_selector("#yj-ask .submit-button")
        ask(page, text)
        assert page.locator('#yj-chat [data-testid="user"]').last.inner_text().strip() == text
    assert page.evaluate("window.hits") == 0 and watch.off_origin(address) == []


def test_pages_of_the_evaluation_show_and_do_nothing_else(context, tmp_path: Path):
    queries = [Query(f"q{n}", text, ((text,),), (text,), True, text) for n, text in enumerate(TEXTS)]
    outcomes = [Outcome(query, evil(query.question)[1].to_json()) for query in queries]
    report = make_report(Dataset("<script>hit()</script>", tuple(queries)), outcomes, lambda id: None)
    written = {"report.html": report_page(report), "review.html": review_page([d for t in TEXTS for d in drafts(t)])}
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    for name, content in written.items():
        (tmp_path / name).write_text(content, "utf-8")
        page.goto((tmp_path / name).as_uri())
        for summary in page.locator("summary").all()[:5]:
            summary.click()
        assert page.evaluate("window.hits") == 0 and page.url.startswith("file:"), name
        assert page.locator("iframe, object, embed, base, img, video, form").count() == 0, name
    assert [each for each in watch.requests if not each.startswith("file:")] == []
