"""What opening the chat costs: bytes and requests over the wire, and time until a question can be typed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from bench import Measurement
from bench.programs import sample_index, serving
from index.errors import YijuError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

OPENED = 3
BOX = "#yj-ask textarea"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(slots=True)
class Load:
    """One opening of a page.

    Attributes:
        seconds: until its question box was there.
        sizes: bytes on the wire of each response, headers included.
    """

    seconds: float = 0.0
    sizes: list[float] = field(default_factory=list)


def speed() -> list[Measurement]:
    """Return bytes, requests and time of the chat page in Chromium, with an empty and with a filled cache."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise YijuError("需要 Playwright：请先 make test 或 pip install playwright") from error
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        raise YijuError("没有找到 Chromium（Debian：apt install chromium）")
    with sample_index() as index, serving(index) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--headless"])
        pairs = [_cold_and_warm(browser.new_context(), f"{server.address}/chat/") for _ in range(OPENED)]
        browser.close()
    return [*_figures("cold", [cold for cold, _ in pairs], 300, 2), *_figures("warm", [warm for _, warm in pairs], 40)]


def _figures(name: str, loads: Sequence[Load], kilobytes: int, seconds: float | None = None) -> list[Measurement]:
    usable = median(load.seconds for load in loads)
    return [
        Measurement(
            f"chat page {name}, on the wire", median(sum(each.sizes) for each in loads) / 1e3, "kB", f"≤ {kilobytes}"
        ),
        Measurement(f"chat page {name}, requests", median(len(load.sizes) for load in loads), ""),
        Measurement(f"chat page {name}, input usable", usable, "s", f"≤ {seconds}" if seconds else ""),
    ]


def _cold_and_warm(context: BrowserContext, address: str) -> tuple[Load, Load]:
    """Open a page in a fresh profile, and then once more."""
    page = context.new_page()
    loads = _opened(page, address), _opened(page, address)
    context.close()
    return loads


def _opened(page: Page, address: str) -> Load:
    load = Load()
    session = page.context.new_cdp_session(page)

    def finished(event: dict[str, Any]) -> None:
        load.sizes.append(event["encodedDataLength"])

    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")
    page.goto(address, wait_until="commit")
    page.wait_for_selector(BOX)
    # From the click on, as the browser's own clock counts it.
    load.seconds = float(page.evaluate("performance.now()")) / 1e3
    page.wait_for_load_state("networkidle")
    session.detach()
    return load
