"""Retakes the pictures in `docs/screenshots`: `python -m tests.screenshots [INDEX]`, by default of `data/index`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from qa.bootstrap import open_assistant
from qa.settings import Settings
from tests.support.browser import CITATION, PANEL, ask, chromium, opened
from tests.support.served import built, serving

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"

LEADS = ".yj-leads a"

SIZES = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


def main(index: Path | None) -> None:
    assistant = open_assistant(Settings.from_environment(index=index))
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serving(built(assistant)) as address, chromium() as browser:
        for size in SIZES:
            for scheme in ("light", "dark"):
                take(browser, f"{address}/chat/", size, scheme)


def take(browser: Browser, address: str, size: str, scheme: str) -> None:
    with opened(browser, address, color_scheme=scheme, **SIZES[size]) as (page, _):
        page.wait_for_selector(".example")
        shoot(page, f"{size}-{scheme}-empty")
        ask(page, "光伏发电计划装机容量是多少？")
        ask(page, "那风电呢？")
        show(page, CITATION)
        shoot(page, f"{size}-{scheme}-answer")
        with page.expect_popup() as opened_document:
            page.locator(f"{PANEL} footer a").click()
        shoot(opened_document.value, f"{size}-{scheme}-document")
        page.get_by_role("button", name="新对话").click()
        page.wait_for_selector(".placeholder-content")
        ask(page, "今天天气怎么样？")
        if not page.locator(LEADS).count():
            sys.stderr.write(f"{size}-{scheme}: a question that nothing answers was answered, no picture of that\n")
            return
        show(page, LEADS)
        shoot(page, f"{size}-{scheme}-no-answer")


def show(page: Page, link: str) -> None:
    page.locator(link).last.click()
    expect(page.locator(f"{PANEL} mark")).to_be_visible()


def shoot(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
