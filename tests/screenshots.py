"""Retakes the pictures in `docs/screenshots`: `python -m tests.screenshots [INDEX]`, by default of `data/index`."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect

from index.rights import RightsFile
from qa.bootstrap import Opener
from qa.settings import Settings
from tests.support.browser import CITATION, PANEL, PATIENCE, ask, chromium, opened
from tests.support.served import built, serving
from ui.documents.managing import Managing
from ui.reloading import Source

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"

LEADS = ".yj-leads a"

SIZES = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


def main(index: Path | None) -> None:
    settings = Settings.from_environment(index=index)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, chromium() as browser:
        copy = Path(folder) / "index"  # so that nothing is written beside the one given
        shutil.copytree(settings.index, copy)
        opener = Opener(replace(settings, index=copy))
        source = Source(opener.store, opener.open, opener.store.stamp())
        managing = Managing(copy, opener.store, opener.encoder)
        rights = RightsFile(copy.with_name("index-rights.txt"))
        with serving(built(source.open(), source=source, managing=managing, rights=rights)) as address:
            for size in SIZES:
                for scheme in ("light", "dark"):
                    take(browser, f"{address}/chat/", size, scheme)
                    take_documents(browser, f"{address}/documents/", size, scheme)


def take_documents(browser: Browser, address: str, size: str, scheme: str) -> None:
    context = browser.new_context(locale="zh-CN", color_scheme=scheme, **SIZES[size])
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#manage")
    shoot(page, f"{size}-{scheme}-documents")
    context.close()


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
        opened_document.value.wait_for_selector("article mark")
        shoot(opened_document.value, f"{size}-{scheme}-document")
        page.keyboard.press("Escape")  # on phones the panel covers the rest
        page.get_by_role("button", name="新对话").click()
        page.wait_for_selector(".placeholder-content")
        ask(page, "今天天气怎么样？")
        if page.locator(LEADS).count():  # a passage is offered only where it is about the same
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
