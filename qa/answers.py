"""What the assistant gives back: an answer, its citations, and its JSON form (docs/contract.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NotRequired, TypedDict

from index.records import Hit, Passage, Span


class CitationJson(TypedDict):
    """A citation as programs see it."""

    n: int
    document_id: str
    source: str
    title: str
    section: list[str]
    page: int | None
    start: int
    end: int
    quote: str


class PassageJson(TypedDict):
    """A passage that was found, as programs see it; scores that are not known are null."""

    id: str
    document_id: str
    source: str
    title: str
    section: list[str]
    page: int | None
    start: int
    end: int
    score: float
    scores: ScoresJson
    text: str


class ScoresJson(TypedDict):
    """What each stage of the search thinks of a passage: by meaning, by wording, and both fused."""

    dense: float | None
    lexical: float | None
    fused: float


class TimingJson(TypedDict):
    """Milliseconds spent."""

    retrieve: float
    read: float
    total: float


class AnswerJson(TypedDict):
    """An answer as programs see it; the shape is fixed by the contract."""

    id: NotRequired[str]
    question: str
    standalone_question: str
    answer: str
    short_answer: str | None
    abstained: bool
    confidence: float
    citations: list[CitationJson]
    passages: list[PassageJson]
    timing_ms: TimingJson
    sentences: NotRequired[list[SentenceJson]]
    notice: NotRequired[str]
    expandable: NotRequired[bool]
    usage: NotRequired[UsageJson]
    conflicts: NotRequired[list[ConflictJson]]


@dataclass(frozen=True, slots=True)
class Citation:
    """A basis for a claim."""

    n: int  # the number of its marker; citations are numbered 1, 2, … in order
    passage: Passage  # where the quote stands
    source: str  # file name of the document, as the user gave it
    quote: Span  # span of the quote in the document's text

    @property
    def text(self) -> str:
        """The quote, verbatim."""
        start = self.passage.span.start
        return self.passage.text[self.quote.start - start : self.quote.end - start]

    def to_json(self) -> CitationJson:
        """Return the contract's form."""
        return {
            "n": self.n,
            "document_id": self.passage.document_id,
            "source": self.source,
            "title": self.passage.title,
            "section": list(self.passage.section_path),
            "page": self.passage.page,
            "start": self.quote.start,
            "end": self.quote.end,
            "quote": self.text,
        }


class SentenceJson(TypedDict):
    """A sentence of a language model, as programs see it."""

    text: str
    citations: list[int]
    support: float
    problem: str | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a language model, checked."""

    text: str  # with its markers; empty where it is withheld
    citations: tuple[int, ...] = ()  # numbers of the answer's citations that carry it; none where it is not carried
    support: float = 0.0  # how well the reader finds it in its quotes, 0 to 1
    problem: str | None = None  # why it is no part of the answer; None where it is one

    def to_json(self) -> SentenceJson:
        """Return the contract's form."""
        return {
            "text": self.text,
            "citations": list(self.citations),
            "support": round(self.support, 4),
            "problem": self.problem,
        }


class SaidJson(TypedDict):
    """What one document says of a figure, as programs see it."""

    citation: int
    value: str
    title: str
    date: str | None


class ConflictJson(TypedDict):
    """What several documents say of one figure, as programs see it; the answer goes by the first."""

    name: str
    said: list[SaidJson]


@dataclass(frozen=True, slots=True)
class Said:
    """What one document says of a figure."""

    n: int  # number of the citation where it does
    value: str  # the figure, verbatim
    title: str  # of the document
    date: str | None  # on which it was issued, ISO 8601, maybe a year alone; None where that is not known


@dataclass(frozen=True, slots=True)
class Conflict:
    """What several documents say of a figure, named in the question's words; the answer goes by the first."""

    name: str
    said: tuple[Said, ...]

    def to_json(self) -> ConflictJson:
        """Return the contract's form."""
        said: list[SaidJson] = [
            {"citation": each.n, "value": each.value, "title": each.title, "date": each.date} for each in self.said
        ]
        return {"name": self.name, "said": said}


class UsageJson(TypedDict):
    """What a language model took, as programs see it."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    ms: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What asking a language model took."""

    requests: int = 0  # how often it was asked
    prompt_tokens: int = 0  # that it read
    completion_tokens: int = 0  # that it wrote
    # whether some of the tokens are counted by rule, since the model did not tell or was stopped
    estimated: bool = False
    ms: float = 0.0  # milliseconds from asking to the last word, checking what it wrote included

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.estimated or other.estimated,
            self.ms + other.ms,
        )

    def to_json(self) -> UsageJson:
        """Return the contract's form."""
        return {
            "requests": self.requests,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "estimated": self.estimated,
            "ms": round(self.ms, 3),
        }


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds spent on one answer."""

    retrieve: float = 0.0
    read: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its basis."""

    question: str  # as asked
    standalone_question: str  # what was searched; differs from `question` for follow-ups
    text: str  # what a person reads; each claim ends with its marker `[n]`
    short: str | None = None  # the narrowest verbatim span that answers; None when none is narrower than a sentence
    citations: tuple[Citation, ...] = ()  # marker `[n]` is `citations[n - 1]`
    hits: tuple[Hit, ...] = ()  # the passages read, best first; leads only, where `abstained`
    abstained: bool = False  # the documents do not answer; then `short` is None and `citations` empty
    confidence: float = 0.0  # calibrated probability that the answer is right, 0 to 1
    timing: Timing = Timing()  # how long it took
    id: str | None = None  # names the answer where it can be referred to later; None if it is not kept
    # what a language model wrote of it, in order, with what did not stand the check
    sentences: tuple[Sentence, ...] = ()
    # one sentence about how the answer came about, such as that the model is away; None where nothing is to be said
    notice: str | None = None
    expandable: bool = False  # whether a language model can say more of it
    usage: Usage | None = None  # what the language model took; None where none was asked
    conflicts: tuple[Conflict, ...] = ()  # figures of which other documents say something else

    def to_json(self) -> AnswerJson:
        """Return the contract's form, ready for `json.dumps`."""
        said: AnswerJson = {
            "question": self.question,
            "standalone_question": self.standalone_question,
            "answer": self.text,
            "short_answer": self.short,
            "abstained": self.abstained,
            "confidence": round(self.confidence, 4),
            "citations": [citation.to_json() for citation in self.citations],
            "passages": [passage_json(hit) for hit in self.hits],
            "timing_ms": {
                "retrieve": round(self.timing.retrieve, 3),
                "read": round(self.timing.read, 3),
                "total": round(self.timing.total, 3),
            },
        }
        if self.sentences:
            said["sentences"] = [sentence.to_json() for sentence in self.sentences]
        if self.notice is not None:
            said["notice"] = self.notice
        if self.expandable:
            said["expandable"] = True
        if self.usage is not None:
            said["usage"] = self.usage.to_json()
        if self.conflicts:
            said["conflicts"] = [conflict.to_json() for conflict in self.conflicts]
        return said if self.id is None else {"id": self.id, **said}


def passage_json(hit: Hit) -> PassageJson:
    """Return a hit in the contract's form."""
    passage = hit.passage
    return {
        "id": passage.id,
        "document_id": passage.document_id,
        "source": hit.source,
        "title": passage.title,
        "section": list(passage.section_path),
        "page": passage.page,
        "start": passage.span.start,
        "end": passage.span.end,
        "score": round(hit.score, 6),
        "scores": {"dense": _rounded(hit.dense), "lexical": _rounded(hit.lexical), "fused": round(hit.score, 6)},
        "text": passage.text,
    }


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 6)
