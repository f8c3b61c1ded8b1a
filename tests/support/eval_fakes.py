"""Stand-ins for evaluation tests: an assistant that answers from a table, and builders of answers and queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from eval.records import Query
from index.filters import Filter
from index.records import Description, Document, Hit, Passage, Span
from index.structure.versions import Versions
from qa.answers import Answer, AnswerJson, Citation, Timing

TEXT = "风电计划装机容量180MW。光伏发电计划装机容量70MW。牵头单位：区发展改革委。"
DOCUMENT = Document("plan", "方案", TEXT, "plan.txt")
PASSAGE = Passage("plan", "方案", TEXT, Span(0, len(TEXT)))
EVIDENCE = "光伏发电计划装机容量70MW"


def make_query(
    *answers: tuple[str, ...],
    evidence: tuple[str, ...] = (EVIDENCE,),
    answerable: bool = True,
    id: str = "q1",
    type: str = "number",
) -> Query:
    """A question; without `answers` its answer is 70MW."""
    known = (answers or (("70MW",),)) if answerable else ()
    return Query(id, "光伏装机目标是多少", known, evidence if answerable else (), answerable, type)


def make_answer(
    text: str = "70MW[1]",
    short: str | None = "70MW",
    *,
    quotes: Sequence[str] = (EVIDENCE,),
    passages: Sequence[str] = (TEXT,),
    abstained: bool = False,
    confidence: float = 0.9,
) -> AnswerJson:
    """An answer; quotes that occur in `TEXT` get their true offsets, others start at 0."""
    return {
        "question": "光伏装机目标是多少",
        "standalone_question": "光伏装机目标是多少",
        "answer": text,
        "short_answer": short,
        "abstained": abstained,
        "confidence": confidence,
        "citations": [
            {
                "n": n,
                "document_id": "plan",
                "source": "plan.txt",
                "title": "方案",
                "section": [],
                "page": None,
                "start": max(TEXT.find(quote), 0),
                "end": max(TEXT.find(quote), 0) + len(quote),
                "quote": quote,
            }
            for n, quote in enumerate(quotes, start=1)
        ],
        "passages": [
            {"id": f"plan:{n}", "document_id": "plan", "start": 0, "end": len(text), "score": 1.0, "text": text}
            for n, text in enumerate(passages)
        ],
        "timing_ms": {"retrieve": 1.0, "read": 2.0, "total": 3.0},
    }


def refusal() -> AnswerJson:
    """An answer that says there is none."""
    return make_answer("文档没有提到2030年的光伏目标。", None, quotes=(), abstained=True, confidence=0.2)


@dataclass(frozen=True)
class TableAnswerer:
    """An `Answerer` that cites the quote its table holds for a question, and refuses every other question.

    Attributes:
        quotes: question → short answer and the sentence of `TEXT` that it stands in.
        failing: questions that raise, with what they raise.
    """

    quotes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    failing: Mapping[str, BaseException] = field(default_factory=dict)

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        if question in self.failing:
            raise self.failing[question]
        hits = (Hit(PASSAGE, 1.0),)
        if question not in self.quotes:
            return Answer(question, question, "文档里没有答案。", hits=hits, abstained=True, confidence=0.1)
        short, quote = self.quotes[question]
        start = TEXT.index(quote)
        citation = Citation(1, PASSAGE, "plan.txt", Span(start, start + len(quote)))
        return Answer(
            question, question, f"{short}[1]", short, (citation,), hits, confidence=0.9, timing=Timing(1.0, 2.0, 3.0)
        )

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        yield self.ask(question, history)

    def documents(self) -> Sequence[Document]:
        return (DOCUMENT,)

    def descriptions(self) -> Sequence[Description]:
        return [DOCUMENT.description]

    def versions(self, within: Filter | None = None) -> Versions:
        return Versions(self.documents())

    def document(self, document_id: str) -> Document | None:
        return DOCUMENT if document_id == "plan" else None

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        return list(self.quotes)[:n]
