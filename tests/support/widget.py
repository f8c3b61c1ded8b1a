"""The widget on a page, as a visitor uses it."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, Page, expect

from tests.support.browser import ASK

HOST = "yiju-widget"


BUBBLE = f"{HOST} .bubble"


def opened(page: Page) -> FrameLocator:
    """The chat in the widget, after a click on the bubble, ready to be asked."""
    page.locator(BUBBLE).click()
    chat = page.frame_locator(f"{HOST} iframe")
    expect(chat.locator(ASK)).to_be_visible()
    return chat


def ask(chat: FrameLocator, question: str) -> None:
    chat.locator(ASK).fill(question)
    chat.locator(ASK).press("Enter")
