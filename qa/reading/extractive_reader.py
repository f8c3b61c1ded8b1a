"""The extractive reader: best passage, best place in it, the narrowest span that answers.

A grammar proposes candidate spans, a small network reads the windows they stand in and proposes spans of its own;
linear models over features of wording, grammar and reading dispose. Every answer is a verbatim span of its quote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.records import Document, Hit, Span
from qa.answers import Answer, Citation
from qa.language.grammar import Kind
from qa.language.polarity import denies, is_polar, says
from qa.question.analysis import Question, analyse
from qa.question.turns import core, is_greeting, is_personal
from qa.reading.citations import passage_at, quote_span, quote_spans, quoted, unmarked, unsupported
from qa.reading.confidence import clash, confidence_features, doubt, strays
from qa.reading.extent import completed, lead_of, whole
from qa.reading.features import READ_PASSAGES, Asked, Matrix, Place, asked, lexical, places
from qa.reading.model_input import Window
from qa.reading.ranking import CONFIDENCE, RankingModel
from qa.reading.second_look import Judge, Judged, bounded, second_look
from qa.reading.section_listing import Contents, contents
from qa.reading.span_model import Scores, Support
from qa.reading.windows import View, candidates_of, span_features, views
from qa.settings import Caution
from qa.timing import stage

SURE = 0.75
"""Confidence from which on one basis is enough."""

READ_FIRST, SETTLED = 2, 3.0
"""Windows that are read before the others, and what one must score so that the others need not be read: on development
questions 39 of 100 stop there, and of 332 that were right 331 are."""
AFFIRMED, OVERRULES = 1.0, 3.0
"""Log odds from which on the network's yes or no counts, and from which on it counts against the rules."""
LISTED = 0.9
"""Confidence of the parts of a section whose heading a question has."""

_SAME_MATTER = 0.5
"""Share of the question's words that a clause must hold to be offered as a lead."""
_LINE = 30
"""Characters of a line that may be a short answer although nothing in it is narrower."""
_LEAD = 80
"""Characters of a lead."""

NO_ANSWER = "文档中没有找到这个问题的答案。"
OFF_TOPIC = "我是文档问答助手，只回答与文档内容有关的问题。"
GREETED = "您好！我根据文档回答问题，每个答案都注明出处。"


class Corpus(Protocol):
    """What the reader needs to know of the index."""

    def rarity(self, word: str) -> float:
        """Return how rare a folded word is; higher is rarer."""
        ...

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id, or None."""
        ...


class SpanScorer(Judge, Protocol):
    """Reads windows and judges candidates: `qa.reading.span_model.SpanModel`, or a stand-in in tests."""

    def read(self, question: str, windows: Sequence[Window]) -> list[Scores]:
        """Return scores of each window, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """The best candidate."""

    place: Place  # where it stands
    runner_up: Place | None  # the best candidate of another sentence that the network supports too, or None
    question: Question  # what it answers
    features: tuple[float, ...]  # of the confidence model
    clash: str | None  # a sentence that says what forbids the answer, or None
    doubt: str  # a sentence that says what speaks most against it
    support: Support  # what the network says of the candidate


@dataclass(frozen=True, slots=True)
class Pool:
    """What may answer: candidates of the windows that were read, with their features, and all that were found."""

    asked: Asked
    places: list[Place]
    features: Matrix
    found: list[Place]


@dataclass(frozen=True, slots=True)
class Look:
    """The candidates of a question, ranked, best first, with scores and features, and the best of them read again."""

    pool: Pool
    ranking: list[Place]
    scores: NDArray[np.float64]
    features: Matrix
    judged: Judged

    def support(self, each: int) -> float:
        """Return the bounded log odds that a judged candidate answers."""
        return bounded(self.judged.supports[each].answers)


class ExtractiveReader:
    """Answers with a verbatim span, or abstains."""

    def __init__(
        self,
        corpus: Corpus,  # the index that the passages come from
        spans: SpanScorer,  # the network
        model: RankingModel | None = None,  # the weights; those of the package by default
        *,
        caution: Caution = Caution.NORMAL,  # how sure an answer must be
    ) -> None:
        self.corpus = corpus
        self._spans = spans
        self._model = model or RankingModel.load()
        self._threshold = self._model.thresholds[caution]

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        """Yield two snapshots of an answer, the short one first; of a refusal, one."""
        asks, matter = analyse(question), core(question)
        listed = contents(asks, matter, self._documents(hits))
        if listed and not is_personal(question):
            yield self._listing(question, listed, hits)
            return
        searchable = asks.terms or asks.periods or asks.provisions  # 「？」 and 「a」 are about nothing
        if not (matter and searchable) or is_personal(question):
            yield _refusal(question, (), GREETED if is_greeting(question) else OFF_TOPIC)
            return
        finding = self.find(question, hits)
        if finding is None or finding.clash:
            yield _refusal(question, hits, _with_lead(finding) if finding else NO_ANSWER)
            return
        confidence = self._model.probability(finding.features)
        if confidence < self._threshold:
            yield _refusal(question, hits, _with_lead(finding))
            return
        with stage("verify"):
            answer = self.compose(finding, hits, confidence)
        if answer.short:
            yield Answer(question, question, answer.short, confidence=confidence)
        yield answer

    def pool(self, question: str, hits: Sequence[Hit]) -> Pool | None:
        """Return everything that may answer, or None where there is nothing to choose from."""
        a = asked(analyse(question), self.corpus.rarity)
        found = places(hits)
        if not found:
            return None
        wording = lexical(a, found)
        chosen = self._chosen(question, views(found, wording @ self._model.first), found)
        if not chosen:
            return None
        candidates = [place for _, _, place in chosen]
        return Pool(a, candidates, np.hstack([_worded(a, candidates, found, wording), span_features(chosen)]), found)

    def _chosen(self, question: str, seen: Sequence[View], found: Sequence[Place]) -> list[tuple[View, Scores, Place]]:
        """Read the likeliest windows, then the others if those settle nothing, and return their candidates."""
        chosen: list[tuple[View, Scores, Place]] = []
        for some in (seen[:READ_FIRST], seen[READ_FIRST:]):
            settled = False
            for view, scores in zip(some, self._spans.read(question, [view.window for view in some]), strict=True):
                inside = [(view, scores, place) for place in candidates_of(view, scores, found)]
                chosen += inside
                settled = settled or (bool(inside) and _settles(view, scores, seen))
            if settled:
                break
        return chosen

    def look(self, question: str, hits: Sequence[Hit]) -> Look | None:
        """Return the candidates ranked and the best of them read again; None where there is nothing to choose from."""
        pool = self.pool(question, hits)
        if pool is None:
            return None
        scores = pool.features @ self._model.ranking
        order = np.argsort(-scores, kind="stable")
        ranking, scores, features = [pool.places[row] for row in order], scores[order], pool.features[order]
        with stage("read"):
            judged = second_look(pool.asked.question, ranking, scores, features, self._spans)
        return Look(pool, ranking, scores, features, judged)

    def find(self, question: str, hits: Sequence[Hit]) -> Finding | None:
        """Return the best candidate of the passages, or None where there is nothing to choose from."""
        look = self.look(question, hits)
        if look is None:
            return None
        a, found = look.pool.asked, look.pool.found
        ranks = look.judged.features @ self._model.second
        chosen, *others = np.argsort(-ranks, kind="stable").tolist()
        row = look.judged.rows[chosen]
        best = look.ranking[row]
        told = confidence_features(a, best, found, look.features[row], look.support(chosen))
        return Finding(
            completed(a.question, whole(a.question, best, found), found),
            _runner_up(look, chosen, others),
            a.question,
            tuple(told),
            clash(a.question, best),
            doubt(dict(zip(CONFIDENCE, told, strict=True))),
            look.judged.supports[chosen],
        )

    def compose(self, finding: Finding, hits: Sequence[Hit], confidence: float) -> Answer:
        """Return the answer that a finding makes, verified: a short answer that its quote does not carry is left out.

        With a confidence under `SURE` the runner-up is cited as well.
        """
        question, place = finding.question.text, finding.place
        citations = self._citations(1, place)
        text, short = _told(place, citations), _short(place, citations)
        if finding.runner_up and confidence < SURE and self._is_of_one_subject(finding.place, finding.runner_up):
            more = self._citations(len(citations) + 1, finding.runner_up)
            text += f"\n\n另见：{_told(finding.runner_up, more)}"
            citations += more
        if is_polar(question) and (word := _verdict(question, finding)):
            text, short = f"{word}。{text}", short or word
        return Answer(question, question, text, short, tuple(citations), tuple(hits), confidence=confidence)

    def _is_of_one_subject(self, one: Place, other: Place) -> bool:
        """Return whether two candidates speak of the same: what another region says is no second basis."""
        ids = {each.hit.passage.document_id for each in (one, other)}
        regions = {found.metadata.region for id in ids if (found := self.corpus.document(id))}
        return len(regions) < 2

    def _documents(self, hits: Sequence[Hit]) -> Iterator[Document]:
        """Return the documents of the passages that are read, likeliest first."""
        ids = dict.fromkeys(hit.passage.document_id for hit in hits[:READ_PASSAGES])
        return (document for id in ids if (document := self.corpus.document(id)))

    def _listing(self, question: str, listed: Contents, hits: Sequence[Hit]) -> Answer:
        """Return the answer that names the parts of a section, each with its heading for a quote."""
        document = listed.document
        spans = [Span(part.start, part.end) for part in listed.parts]
        citations = tuple(
            Citation(n, passage_at(document, span), document.source, span) for n, span in enumerate(spans, start=1)
        )
        text = "\n".join((f"{listed.title}：", *map(quoted, citations)))
        short = "；".join(listed.name(part).slice(document.text) for part in listed.parts)
        return Answer(question, question, text, short, citations, tuple(hits), confidence=LISTED)

    def _citations(self, first: int, place: Place) -> list[Citation]:
        """Return the quotes of a candidate, numbered from `first` on: one, but for lists of many items."""
        passage, candidate = place.hit.passage, place.site.candidate
        document = self.corpus.document(passage.document_id)
        source = document.source if document else passage.title
        lead = lead_of(place)
        # What leads to a list says what it is a list of, and an item of what is forbidden reads like what is not.
        if candidate.kind is Kind.LIST and candidate.clause.contains(candidate.span):
            quotes = quote_spans(passage.text, candidate.clause)
        else:
            quotes = [quote_span(passage.text, candidate.span)]
        if lead and denies(lead.slice(passage.text)):
            quotes = list(dict.fromkeys([quote_span(passage.text, lead), *quotes]))
        return [Citation(n, passage, source, q.shift(passage.span.start)) for n, q in enumerate(quotes, start=first)]


def _settles(view: View, scores: Scores, seen: Sequence[View]) -> bool:
    """Return whether a window answers beyond doubt, and nothing that is still to be read would be the better basis.

    What the head of a document announces, its body states (see `qa.reading.second_look`).
    """
    (_, highest), *_ = scores.best()
    passage = view.hit.passage
    body = any(each.hit.passage.section_path and each.hit.passage.document_id == passage.document_id for each in seen)
    return highest >= SETTLED and (bool(passage.section_path) or not body)


def _worded(a: Asked, candidates: Sequence[Place], found: Sequence[Place], wording: Matrix) -> Matrix:
    """Return the wording features of candidates; `wording` has those of `found`, in that order."""
    rows = {id(place): row for row, place in enumerate(found)}
    added = [place for place in candidates if id(place) not in rows]
    rows |= {id(place): len(found) + row for row, place in enumerate(added)}
    return np.vstack([wording, lexical(a, added, found)])[[rows[id(place)] for place in candidates]]


def _verdict(question: str, finding: Finding) -> str:
    """Return 是 or 否, as a finding says to a question of yes or no; empty where rules and network do not agree.

    A verdict is read as the document's own word, so a quote without one is better than a doubtful one.
    """
    lead, affirms = lead_of(finding.place), finding.support.affirms
    led = lead.slice(finding.place.hit.passage.text) if lead else ""
    told = says(question, led + _clause(finding.place))
    if abs(affirms) < AFFIRMED or (told is not None and told != (affirms > 0) and abs(affirms) < OVERRULES):
        return ""
    return "是" if affirms > 0 else "否"


def _clause(place: Place) -> str:
    return place.site.candidate.clause.slice(place.hit.passage.text)


def _with_lead(finding: Finding) -> str:
    """Return why there is no answer, with the nearest clause where that is about the same matter."""
    reason, clause = finding.clash or finding.doubt, " ".join(_clause(finding.place).split())
    if finding.features[CONFIDENCE.index("held_near")] < _SAME_MATTER or not 0 < len(clause) <= _LEAD:
        return reason
    return f"{reason.removesuffix('。')}；最接近的内容是「{unmarked(clause)}」。"


def _short(place: Place, citations: Sequence[Citation]) -> str | None:
    """Return the candidate, where it is narrower than its sentence and the quotes carry it whole."""
    candidate, passage = place.site.candidate, place.hit.passage
    line = len(place.text) <= _LINE and place.text.rstrip()[-1:] not in "。！？；"  # such as a document's number
    sentence = candidate.kind is Kind.CLAUSE and candidate.span == place.site.sentence and not line
    quoted = Span(citations[0].quote.start, citations[-1].quote.end)
    if sentence or not quoted.contains(candidate.span.shift(passage.span.start)):
        return None
    return None if unsupported(place.text, [citation.text for citation in citations]) else place.text


def _told(place: Place, citations: Sequence[Citation]) -> str:
    """Return the quotes with their markers as a person reads them; the value of a label comes under its heading."""
    path = place.hit.passage.section_path
    heading = f"{path[-1]}：" if place.site.candidate.labelled and path else ""
    return heading + "".join(map(quoted, citations))


def _runner_up(look: Look, chosen: int, others: Sequence[int]) -> Place | None:
    """Return the best candidate of another sentence that the network supports as well and that fits the question."""
    first = look.ranking[look.judged.rows[chosen]]
    for each in others:
        place = look.ranking[look.judged.rows[each]]
        apart = place.site.around != first.site.around and not strays(look.pool.asked.question, place)
        if apart and look.support(each) > 0:
            return place
    return None


def _refusal(question: str, hits: Sequence[Hit], reason: str) -> Answer:
    """Return an answer that abstains, with the passages as leads."""
    return Answer(question, question, reason, hits=tuple(hits), abstained=True)
