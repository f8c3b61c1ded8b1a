"""The pages of the evaluation in a real browser: they sort, filter, fetch nothing and fit a phone."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from eval.commands.draft import COLUMNS, review_page
from eval.data.drafting import Draft
from eval.records import Dataset, Outcome
from eval.report.page import report_page
from eval.report.report import make_report
from tests.support.browser import Watch, chromium, needs_chromium
from tests.support.eval_fakes import make_answer, make_query, refusal

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def report(tmp_path: Path) -> Path:
    outcomes = [
        Outcome(make_query(id="right"), make_answer()),
        Outcome(make_query(id="wrong", type="list"), make_answer("180MW[1]", "180MW")),
        Outcome(make_query(id="refused", type="date"), refusal()),
    ]
    path = tmp_path / "report.html"
    path.write_text(
        report_page(make_report(Dataset("s", tuple(each.query for each in outcomes)), outcomes)), encoding="utf-8"
    )
    return path


def show(browser: Browser, path: Path, width: int = 1280) -> tuple[Page, Watch]:
    page, watch = browser.new_page(viewport={"width": width, "height": 800}), Watch()
    watch.attach(page)
    page.goto(path.as_uri())
    return page, watch


def test_the_report_sorts_filters_and_fetches_nothing(browser: Browser, tmp_path: Path) -> None:
    page, watch = show(browser, report(tmp_path))
    values = page.locator("table").first.locator("tbody tr td:nth-child(2)")
    page.get_by_role("button", name="值", exact=True).click()
    numbers = [float(text) for text in values.all_inner_texts() if text != "-"]
    assert numbers == sorted(numbers, reverse=True)
    assert values.last.inner_text() == "-"  # what was not measured stands last, either way
    page.get_by_role("button", name="误拒 1").click()
    assert page.locator("details.miss:visible").count() == 1
    assert page.locator("output").inner_text() == "1 / 2"
    page.get_by_role("button", name="误拒 1").click()
    page.get_by_role("searchbox").fill("180MW")
    assert page.locator("details.miss:visible").count() == 1
    assert (watch.requests, watch.console) == ([page.url], [])
    page.close()


def test_the_report_fits_a_phone(browser: Browser, tmp_path: Path) -> None:
    page, _ = show(browser, report(tmp_path), 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_drafts_are_dropped_edited_and_saved_as_the_sheet(browser: Browser, tmp_path: Path) -> None:
    drafts = [Draft(make_query(id=id), "plan.txt") for id in ("p1", "p2")]
    path = tmp_path / "review.html"
    path.write_text(review_page(drafts), encoding="utf-8")
    page, watch = show(browser, path)
    for box in page.get_by_role("checkbox").all()[1:]:
        box.check()
    page.locator("[contenteditable]").nth(3).fill('改成"这样", 好')
    with page.expect_download() as download:
        page.get_by_role("button", name="存成 CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert [*rows[0]] == [*COLUMNS]
    assert [(row["keep"], row["id"]) for row in rows] == [("", "p1"), ("1", "p2")]
    assert rows[1]["question"] == '改成"这样", 好'
    assert watch.console == []
    page.close()
