"""A pure stand-in for the assistant: two small documents in memory, answers by keyword, no model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.filters import Filter
from index.protocols import Vectors
from index.records import Description, Document, Heading, Hit, Metadata, Passage, Span
from index.structure.versions import Versions
from qa.answers import Answer, Citation, Timing
from tests.support.fakes import HashEncoder

PLAN_TEXT = """綦江区绿色发展实施方案
一、总体要求
坚持生态优先、绿色发展。
三、重点任务
（三）加快新能源开发
加快水电、风电和分布式光伏发电规划建设。“十四五”末水电新增装机容量1200MW，风电计划装机容量180MW，光伏发电计划装机容量70MW。
面向绿色建筑需求，积极引进培育太阳能光伏组件企业。牵头单位：区发展改革委、区经济信息委。
"""
RULES_TEXT = """光伏项目管理办法
第一章 总则
第一条 为规范光伏项目管理，制定本办法。
第二章 补贴
第五条 分布式光伏项目按每千瓦时0.1元给予补贴，期限三年。
"""


def _document(id: str, source: str, text: str, headings: Sequence[tuple[str, int]], metadata: Metadata) -> Document:
    places = [(title, level, text.index(title)) for title, level in headings]
    outline = tuple(Heading(title, level, start, start + len(title)) for title, level, start in places)
    return Document(id, text.split("\n", 1)[0], text, source, outline, metadata=metadata)


PLAN = _document(
    "plan-1a2b",
    "綦江方案.txt",
    PLAN_TEXT,
    [("一、总体要求", 1), ("三、重点任务", 1), ("（三）加快新能源开发", 2)],
    Metadata("綦江府发〔2023〕16号", "重庆市綦江区人民政府", "2023-04-28", period="2022/2025", region="重庆市綦江区"),
)
RULES = _document(
    "rules-3c4d",
    "光伏办法.md",
    RULES_TEXT,
    [("第一章 总则", 1), ("第二章 补贴", 1)],
    Metadata(),
)

PLACES = {
    "光伏": (PLAN, "光伏发电计划装机容量70MW。", "70MW"),
    "风电": (PLAN, "风电计划装机容量180MW", "180MW"),
    "补贴": (RULES, "分布式光伏项目按每千瓦时0.1元给予补贴，期限三年。", "每千瓦时0.1元"),
    "牵头": (PLAN, "牵头单位：区发展改革委、区经济信息委。", "区发展改革委、区经济信息委"),
}
"""Keyword → document, quote, short answer."""


def passage_of(document: Document, quote: str) -> Passage:
    """The paragraph that holds `quote`."""
    start = document.text.index(quote)
    begin = document.text.rfind("\n", 0, start) + 1
    span = Span(begin, document.text.find("\n", start))
    return Passage(document.id, document.title, span.slice(document.text), span, document.section_path(begin))


def cite(n: int, document: Document, quote: str) -> Citation:
    """Citation `n` of a verbatim quote."""
    start = document.text.index(quote)
    return Citation(n, passage_of(document, quote), document.source, Span(start, start + len(quote)))


EVERYTHING = Filter()


@dataclass(frozen=True)
class FakeAnswerer:
    """An `Answerer`.

    Attributes:
        pause: seconds between two snapshots of a stream, and before an answer.
        extra: more texts it answers with when the question contains the key; they may hold anything.
    """

    pause: float = 0.0
    sources: tuple[Document, ...] = (PLAN, RULES)
    readable: Filter = EVERYTHING

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        if not question.strip():
            raise ValueError("请输入问题。")
        if len(question) > 2_000:
            raise ValueError(f"问题太长：{len(question)} 个字，最多 2000 个字。")
        if "崩溃" in question:
            raise KeyError("a bug whose text nobody outside must see")
        time.sleep(self.pause)
        return _answer(question, history, self.readable.both(within or Filter()))

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        answer = self.ask(question, history, within)
        for end in range(8, len(answer.text), 8):
            yield replace(answer, text=answer.text[:end], short=None, citations=(), confidence=0.0)
            time.sleep(self.pause)
        yield answer

    def search(self, question: str, k: int = 10, within: Filter | None = None) -> list[Hit]:
        return list(self.ask(question, (), within).hits[:k])

    def encode(self, texts: Sequence[str], *, queries: bool = False) -> Vectors:
        return HashEncoder(8).encode_queries(texts) if queries else HashEncoder(8).encode_passages(texts)

    def documents(self) -> Sequence[Document]:
        return self.sources

    def descriptions(self) -> Sequence[Description]:
        return [each.description for each in self.sources]

    def versions(self, within: Filter | None = None) -> Versions:
        return Versions(each for each in self.sources if within is None or within.admits(each))

    def document(self, document_id: str) -> Document | None:
        return next((each for each in self.sources if each.id == document_id), None)

    def passage_count(self, document_id: str) -> int:
        return len(self.document(document_id).text.splitlines()) if self.document(document_id) else 0

    def limited_to(self, readable: Filter) -> FakeAnswerer:
        left = tuple(each for each in self.sources if readable.admits(each))
        return replace(self, sources=left, readable=self.readable.both(readable))

    def groups(self, questions: Sequence[str]) -> list[list[int]]:
        """By the first keyword, or the first two characters."""
        keys = [next((key for key in PLACES if key in each), each[:2]) for each in questions]
        return [[i for i, key in enumerate(keys) if key == mine] for mine in dict.fromkeys(keys)]

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        asked = ("光伏装机目标是多少？", "风电计划装机容量是多少？", "光伏项目的补贴标准是什么？", "牵头单位是谁？")
        pairs = zip(asked, PLACES.values(), strict=True)
        admitted = self.readable.both(within or Filter())
        return [question for question, place in pairs if admitted.admits(place[0])][:n]


def _answer(question: str, history: Sequence[str], within: Filter) -> Answer:
    standalone = question
    if question.startswith("那") and history:
        standalone = f"{question[1:].rstrip('呢？?')}的装机目标是多少？"
    open_places = {key: place for key, place in PLACES.items() if within.admits(place[0])}
    keys = [key for key in open_places if key in standalone]
    hits = tuple(Hit(passage_of(document, quote), 0.5) for document, quote, _ in open_places.values())
    if not keys:
        return Answer(question, standalone, "文档里没有找到这个问题的答案。", hits=hits, abstained=True, confidence=0.1)
    if "补贴" in keys and "光伏" in keys:
        keys = ["补贴", "光伏"] if "和" in question else ["补贴"]
    text = "\n".join(f"{PLACES[key][1]}[{n}]" for n, key in enumerate(keys, 1))
    citations = tuple(cite(n, *PLACES[key][:2]) for n, key in enumerate(keys, 1))
    return Answer(
        question, standalone, text, PLACES[keys[0]][2], citations, hits, confidence=0.92, timing=Timing(1.0, 2.0, 3.0)
    )
