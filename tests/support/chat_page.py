"""The chat in a browser, on fake assistants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event

from playwright.sync_api import Browser, Page

from index.filters import Filter
from index.records import Document
from qa.answers import Answer
from tests.support.browser import PATIENCE, Watch, opened
from tests.support.fake_answerer import PLAN, RULES, FakeAnswerer, cite

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


PAYLOADS = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<svg onload=window.hit=1><image href=http://192.0.2.1/a></svg>",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "<a href=javascript:window.hit=1>x</a> [x](javascript:window.hit=1)",
    "![x](http://192.0.2.1/b.png) <video src=http://192.0.2.1/c>",
    "<div style=background:url(http://192.0.2.1/d)>x</div>",
    "${window.hit=1} {{constructor.constructor('window.hit=1')()}} $\\href{javascript:window.hit=1}{x}$",
    "</p></span><style>*{display:none}</style>",
    "```mermaid\ngraph TD; A-->B\n```",
    "[1]: http://192.0.2.1/e\n\n[y][1]",
    "<details open ontoggle=window.hit=1>",
    "<form action=http://192.0.2.1/><button>go</button></form>",
)


EVIL_TEXT = "\n".join(PAYLOADS) + "\n"


EVIL = replace(RULES, id="evil-5e6f", title=PAYLOADS[1], source=PAYLOADS[0], text=EVIL_TEXT, headings=())


@dataclass(frozen=True)
class Evil(FakeAnswerer):
    """Answers every question with hostile text from a hostile document."""

    sources: tuple[Document, ...] = (PLAN, EVIL)

    def ask(self, question: str, history: object = (), within: Filter | None = None) -> Answer:
        citations = tuple(cite(n, EVIL, payload) for n, payload in enumerate(PAYLOADS, 1))
        text = "".join(f"{payload}[{n}]" for n, payload in enumerate(PAYLOADS, 1))
        if "没有" in question:
            hits = super().ask("天气").hits
            leads = tuple(replace(hits[0], passage=citation.passage) for citation in citations)
            return Answer(question, PAYLOADS[1], PAYLOADS[0], hits=leads, abstained=True)
        return Answer(question, PAYLOADS[1], text, PAYLOADS[1], citations, confidence=0.9)

    def stream(self, question: str, history: object = (), within: Filter | None = None) -> Iterator[Answer]:
        return super().stream(question, history) if question == "答案" else iter((self.ask(question),))

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        return list(PAYLOADS[:n])


@dataclass(frozen=True)
class Held(FakeAnswerer):
    """Keeps what follows the first words of an answer back until it is let go."""

    go: Event = field(default_factory=Event)

    def stream(self, question: str, history: object = (), within: Filter | None = None) -> Iterator[Answer]:
        first, *others = super().stream(question, (), within)
        yield first
        self.go.wait(PATIENCE / 1_000)
        yield from others


@contextmanager
def chat(browser: Browser, address: str, path: str = "/chat/", **options: object) -> Iterator[Page]:
    """A chat that must neither call out, nor fail, nor complain."""
    with opened(browser, address + path, **options) as (page, watch):
        yield page
        assert_clean(watch, address)


def assert_clean(watch: Watch, address: str) -> None:
    assert (watch.off_origin(address), watch.failures, watch.console) == ([], [], [])
