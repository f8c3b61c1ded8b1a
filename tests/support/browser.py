"""A real Chromium for tests; what needs it is skipped, with the reason, where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)

PATIENCE = 120_000
"""Milliseconds to wait for what must come: a busy machine is no fault of the page."""

expect.set_options(timeout=PATIENCE)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt install chromium)")

ASK = "#yj-ask textarea"
ANSWER = '#yj-chat [data-testid="bot"]'
CITATION = '#yj-chat :not(li) > a[href*="#ev-"]'
LEAD = '#yj-chat a[href*="#lead-"]'
PANEL = ".yj-panel"


@dataclass
class Watch:
    """What a page did that a user does not see."""

    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Starts listening."""
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", self._failed)
        page.on("response", lambda reply: reply.status >= 400 and self.failures.append(f"{reply.status} {reply.url}"))
        page.on("console", lambda said: said.type in ("error", "warning") and self.console.append(said.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))

    def _failed(self, request: Request) -> None:
        # What is aborted the page itself gave up: Gradio hangs up on an event stream once it has read the last event,
        # and whoever leaves a page leaves what it is still loading.
        if request.failure != "net::ERR_ABORTED":
            self.failures.append(f"{request.failure} {request.url}")

    def off_origin(self, origin: str) -> list[str]:
        """Requests to anything but `origin`; data and blob addresses leave no machine."""
        return [url for url in self.requests if not url.startswith((f"{origin}/", "data:", "blob:"))]


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A browser that calls nobody on its own; `flags` are given to it besides."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A page at `address`, ready to be asked, in a fresh profile, with a watch on it."""
    context = browser.new_context(**{"locale": "en-US", "viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(PATIENCE)
    page, watch = context.new_page(), Watch()
    watch.attach(page)
    try:
        page.goto(address)
        page.wait_for_selector(ASK)
        yield page, watch
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is shown: rule and place."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


SETTLED = """async () => {
    const ending = document.getAnimations().filter(each => isFinite(each.effect.getComputedTiming().endTime));
    await Promise.allSettled(ending.map(each => each.finished));
    await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}"""


def settle(page: Page) -> None:
    """Waits until nothing on the page slides or fades any more, and it has been drawn so."""
    page.evaluate(SETTLED)


def ask(page: Page, question: str) -> str:
    """Asks and waits for the complete answer, whose text it returns."""
    answers = page.locator(ANSWER).count()
    page.fill(ASK, question)
    page.press(ASK, "Enter")
    page.wait_for_function("n => document.querySelectorAll('#yj-chat [data-testid=\"bot\"]').length > n", arg=answers)
    page.wait_for_selector("#yj-ask .submit-button")
    return page.locator(ANSWER).last.inner_text()
