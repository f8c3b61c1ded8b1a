"""A stand-in for an assistant with a language model: the fake one, which can also say more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.filters import Filter
from qa.answers import Answer, Sentence
from qa.generating.generative_reader import WORKING
from tests.support.fake_answerer import PLAN, FakeAnswerer, cite

SECOND = "面向绿色建筑需求，积极引进培育太阳能光伏组件企业。"
TRAP = "<img src=x onerror=alert(1)>光伏装机<b>80MW</b>。"


@dataclass(frozen=True)
class Expanding(FakeAnswerer):
    """Adds a second sentence, a struck one that is a trap, and one that is withheld."""

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        *snapshots, answer = super().stream(question, history, within)
        yield from snapshots
        yield replace(answer, expandable=not answer.abstained)

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        answer = super().ask(question, history, within)
        return replace(answer, expandable=not answer.abstained)

    def expand(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        answer = super().ask(question, history, within)
        snapshot = replace(answer, citations=(), notice=WORKING)
        yield snapshot
        yield snapshot
        n = len(answer.citations) + 1
        sentences = (
            Sentence(f"{SECOND[:-1]}[{n}]。", (n,), 0.97),
            Sentence(TRAP, problem="所引原文里没有“80MW”"),
            Sentence("", problem="没有写明依据"),
        )
        text, citations = f"{answer.text}\n\n{sentences[0].text}", (*answer.citations, cite(n, PLAN, SECOND))
        yield replace(answer, text=text, citations=citations, sentences=sentences, notice="语言模型没有写完。")
