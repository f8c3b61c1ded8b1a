"""Documents in the browser, from handing a file in to having it back, on desktop and phone sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from index.filters import Filter
from index.records import Span
from index.rights import RightsFile
from index.store.folder_store import FolderStore
from index.store.passage_index import PassageIndex
from qa.answers import Answer, Citation
from tests.support.browser import CITATION, PANEL, PATIENCE, ask, chromium, needs_chromium, violations
from tests.support.chat_page import PHONE
from tests.support.files import at, pdf
from tests.support.managed import ENCODER, Held
from tests.support.served import built, serving
from ui.documents.managing import Managing
from ui.reloading import Source

pytestmark = needs_chromium

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
DARK_PHONE = {**PHONE, "color_scheme": "dark"}
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
    rights = RightsFile(folder.with_name("index-rights.txt"))
    managing = Managing(folder, store, lambda name: ENCODER)
    app = built(source.open(), source=source, managing=managing, rights=rights)
    with serving(app) as address:
        context = browser.new_context(locale="zh-CN", **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        yield page
        context.close()


@pytest.mark.parametrize("size", [DESKTOP, DARK_PHONE], ids=["desktop", "phone"])
def test_a_file_is_handed_in_asked_about_seen_removed_and_had_back(browser: Browser, tmp_path: Path, size: Any) -> None:
    with managed(browser, tmp_path / "index", **size) as page:
        expect(page.get_by_text("把文件拖到这里")).to_be_visible()
        assert violations(page) == []
        pages = pdf(at(50, 700, SENTENCE), at(50, 700, "END."))
        scan = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": pages}
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
        turn_and_enlarge(page, page.locator(f"{PANEL} .yj-viewer"))
        see_the_document(page)

        page.goto(page.url.partition("/documents/")[0] + "/documents/")
        page.get_by_role("button", name="移除").click()
        expect(page.locator("#list li")).to_have_count(0)
        page.get_by_role("button", name="撤销").click()
        expect(page.locator("#list li")).to_have_count(1)


def turn_and_enlarge(page: Page, viewer: Locator) -> None:
    """With keys alone."""
    sheet = viewer.locator(".yj-sheet")
    expect(viewer).to_contain_text("第 1 页，共 2 页")
    sheet.press("ArrowRight")
    expect(viewer).to_contain_text("第 2 页，共 2 页")
    expect(viewer.locator("img")).to_have_attribute("src", re.compile(r"/pages/2\.png$"))
    expect(viewer.locator("polygon")).to_have_count(0)
    expect(viewer.get_by_role("button", name="下一页")).to_be_disabled()
    sheet.press("ArrowLeft")
    expect(viewer.locator("polygon")).to_have_count(1)
    sheet.press("+")
    assert sheet.evaluate("sheet => sheet.scrollWidth > 1.4 * sheet.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    sheet.press("0")
    viewer.get_by_role("button", name="放大").click()
    assert sheet.evaluate("sheet => sheet.scrollWidth > 1.4 * sheet.clientWidth")


def see_the_document(page: Page) -> None:
    """On its own page, at the place that was cited."""
    page.goto(str(page.locator(f"{PANEL} footer a").get_attribute("href")))
    turn_and_enlarge(page, page.locator("article .yj-viewer").first)
    expect(page.locator(".facts")).to_contain_text("片段")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_many_files_at_once_and_one_that_cannot_be_read(browser: Browser, tmp_path: Path) -> None:
    with managed(browser, tmp_path / "index", **DESKTOP) as page:
        files = [{"name": f"{n}.txt", "buffer": f"第{n}份，70MW。".encode()} for n in range(200)]
        drop(page, [*files, {"name": "x.exe", "buffer": b"MZ\x00\x01"}])
        done = page.locator('.queue [data-kind="good"]')
        while done.count() < 200:  # and all the while it answers
            assert page.request.get(page.url, timeout=PATIENCE).ok
        expect(done).to_have_count(200)
        expect(page.locator('.queue [data-kind="bad"]')).to_contain_text("不支持的文件格式")
        expect(page.locator("#list")).to_contain_text("共 200 份")
        page.get_by_role("button", name="权限").first.press("Enter")
        page.get_by_label("用户名和 @用户组").fill("@hr，li.lei")
        assert violations(page) == []
        page.get_by_role("button", name="保存").press("Enter")
        expect(page.locator("#list li").first).to_contain_text("@hr、li.lei")
        expect(page.locator(".queue li").first).to_contain_text("能读它的人：@hr、li.lei")
        assert violations(page) == []
        page.set_input_files("#files", files=[{**files[0], "mimeType": "text/plain"}])
        expect(page.locator('.queue [data-kind="bad"]').first).to_contain_text("已有同名文档")
        page.get_by_role("button", name="替换").first.press("Enter")
        expect(page.locator('.queue [data-kind="good"]')).to_have_count(202)
        expect(page.locator("#list")).to_contain_text("共 200 份")


def drop(page: Page, files: Sequence[Any]) -> None:
    """Drops files on the page, all at once, as from a file manager."""
    page.evaluate(
        """files => {
            const data = new DataTransfer();
            for (const { name, buffer } of files) data.items.add(new File([Uint8Array.from(buffer)], name));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [{**each, "buffer": list(each["buffer"])} for each in files],
    )
