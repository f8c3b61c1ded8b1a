"""Documents in the browser, from handing a file in to having it back, on desktop and phone sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from index.filters import Filter
from index.records import Span
from index.store.folder_store import FolderStore
from index.store.passage_index import PassageIndex
from qa.answers import Answer, Citation
from tests.integration.test_managing import ENCODER, Held
from tests.support.browser import CITATION, PANEL, PATIENCE, ask, chromium, needs_chromium, violations
from tests.support.chat_page import PHONE
from tests.support.files import at, pdf
from tests.support.served import built, serving
from ui.documents.managing import Managing
from ui.reloading import Source

pytestmark = needs_chromium

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
SENTENCE = "The planned capacity is 70MW."


class Citing(Held):
    """Answers with the first sentence of the first document."""

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        document = self.documents()[0]
        passage = self.index.passages(document.id)[0]
        start = document.text.index("70MW")
        citation = Citation(1, passage, document.source, Span(start, start + 4))
        return Answer(question, question, f"{SENTENCE}[1]", "70MW", (citation,), confidence=0.9)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def managed(browser: Browser, folder: Path, **options: Any) -> Iterator[Page]:
    """The page of an empty index."""
    PassageIndex.build([], ENCODER).save(folder)
    store = FolderStore(folder)
    source = Source(store, lambda: Citing(index=store.open(ENCODER)), store.stamp())
    app = built(source.open(), source=source, managing=Managing(folder, store, lambda name: ENCODER))
    with serving(app) as address:
        context = browser.new_context(locale="zh-CN", **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        yield page
        context.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_file_is_handed_in_asked_about_seen_removed_and_had_back(browser: Browser, tmp_path: Path, size: Any) -> None:
    with managed(browser, tmp_path / "index", **size) as page:
        expect(page.get_by_text("把文件拖到这里")).to_be_visible()
        assert violations(page) == []
        scan = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": pdf(at(50, 700, SENTENCE))}
        page.set_input_files("#files", files=[scan])
        expect(page.locator(".queue li")).to_contain_text("完成")
        expect(page.locator("#list li")).to_have_count(1)
        assert violations(page) == []

        page.locator(".queue a").click()
        page.wait_for_selector("#yj-ask textarea")
        ask(page, "多少？")
        expect(page.locator(".yj-sources cite")).to_contain_text("第1页")
        page.locator(CITATION).last.click()
        expect(page.locator(f"{PANEL} .yj-sheet polygon")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        page.goto(page.url.partition("/chat/")[0] + "/documents/")
        page.get_by_role("button", name="移除").click()
        expect(page.locator("#list li")).to_have_count(0)
        page.get_by_role("button", name="撤销").click()
        expect(page.locator("#list li")).to_have_count(1)


def test_many_files_at_once_and_one_that_cannot_be_read(browser: Browser, tmp_path: Path) -> None:
    with managed(browser, tmp_path / "index", **DESKTOP) as page:
        files = [
            {"name": f"{n}.txt", "mimeType": "text/plain", "buffer": f"第{n}份，70MW。".encode()} for n in range(20)
        ]
        page.set_input_files("#files", files=[*files, {"name": "x.exe", "mimeType": "", "buffer": b"MZ\x00\x01"}])
        expect(page.locator('.queue [data-kind="good"]')).to_have_count(20)
        expect(page.locator('.queue [data-kind="bad"]')).to_contain_text("不支持的文件格式")
        expect(page.locator("#list li")).to_have_count(20)
        assert violations(page) == []
        page.set_input_files("#files", files=files[:1])
        expect(page.locator('.queue [data-kind="bad"]').first).to_contain_text("已有同名文档")
        page.get_by_role("button", name="替换").first.press("Enter")
        expect(page.locator('.queue [data-kind="good"]')).to_have_count(21)
