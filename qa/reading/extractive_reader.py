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

from index.protocols import Encoder
from index.records import Document, Hit, Span
from qa.answers import Answer, Citation
from qa.language.grammar import Kind
from qa.language.measures import dimension
from qa.language.polarity import denies, is_polar, says
from qa.question.analysis import Question, analyse
from qa.question.courtesy import core, is_greeting, is_personal
from qa.reading.citations import quote_span, quote_spans, unmarked
from qa.reading.confidence import clash, confidence_features, doubt, meets, strays, unfit
from qa.reading.features import LEXICAL, READ_PASSAGES, Asked, Matrix, Place, asked, lexical, places
from qa.reading.list_expansion import lead_of, whole
from qa.reading.model_input import Window
from qa.reading.ranking import CONFIDENCE, RankingModel
from qa.reading.section_listing import Contents, contents, passage_of
from qa.reading.span_model import Scores
from qa.reading.table_cells import better_cell
from qa.reading.verify import unsupported
from qa.reading.windows import View, candidates_of, span_features, views
from qa.settings import Caution
from qa.timing import stage

_AMONG = LEXICAL.index("among_siblings")
_RIGHTFUL = 1 / 3
"""How much better than its siblings a figure must fit the question to go before them, whatever the network says."""
_RIVALS = 20
"""Candidates that are looked through for one of the right time and place."""
_NEARLY = 4.0
"""Difference of scores up to which an equal answer from the body is preferred."""

SURE = 0.75
"""Confidence from which on one basis is enough."""
CLOSE = 1.0
"""Difference of scores up to which another sentence is shown beside the first, where that is not sure."""

READ_FIRST, SETTLED = 2, 3.0
"""Windows that are read before the others, and what one must score so that the others need not be read: on development
questions 39 of 100 stop there, and of 332 that were right 331 are."""
LISTED = 0.9
"""Confidence of the parts of a section whose heading a question has."""

_SAME_MATTER = 0.5
"""Share of the question's words that a clause must hold to be offered as a lead."""
_LEAD = 80
"""Characters of a lead."""

NO_ANSWER = "文档中没有找到这个问题的答案。"
OFF_TOPIC = "我是文档问答助手，只回答与文档内容有关的问题。"
GREETED = "您好！我根据文档回答问题，每个答案都注明出处。"


class Corpus(Protocol):
    """What the reader needs to know of the index."""

    def rarity(self, word: str) -> float:
        """How rare a folded word is; higher is rarer."""
        ...

    def document(self, document_id: str) -> Document | None:
        """The document with this id, or None."""
        ...


class SpanScorer(Protocol):
    """Reads windows: `qa.reading.span_model.SpanModel`, or a stand-in in tests."""

    def read(self, question: str, windows: Sequence[Window]) -> list[Scores]:
        """Scores of each window, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """The best candidate.

    Attributes:
        place: where it stands.
        runner_up: the best candidate of another sentence that scores nearly as well, or None.
        question: what it answers.
        features: of the confidence model.
        clash: a sentence that says what forbids the answer, or None.
        doubt: a sentence that says what speaks most against it.
    """

    place: Place
    runner_up: Place | None
    question: Question
    features: tuple[float, ...]
    clash: str | None
    doubt: str


@dataclass(frozen=True, slots=True)
class Pool:
    """What may answer a question.

    Attributes:
        asked: the question.
        places: the candidates of the windows that were read.
        features: of each, float64 `(len(places), len(FEATURES))`.
        found: all candidates of the passages.
    """

    asked: Asked
    places: list[Place]
    features: Matrix
    found: list[Place]


class ExtractiveReader:
    """Answers with a verbatim span, or abstains.

    Args:
        encoder: compares words.
        corpus: the index that the passages come from.
        spans: the network.
        model: the weights; those of the package by default.
        caution: how sure an answer must be.
    """

    def __init__(
        self,
        encoder: Encoder,
        corpus: Corpus,
        spans: SpanScorer,
        model: RankingModel | None = None,
        *,
        caution: Caution = Caution.NORMAL,
    ) -> None:
        self._encoder = encoder
        self.corpus = corpus
        self._spans = spans
        self._model = model or RankingModel.load()
        self._threshold = self._model.thresholds[caution]

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        """Two snapshots of an answer, the short one first; of a refusal, one.

        Args:
            question: standalone.
            hits: passages to read, best first.
        """
        if not (core(question) and _is_searchable(analyse(question))) or is_personal(question):
            yield _refusal(question, (), GREETED if is_greeting(question) else OFF_TOPIC)
            return
        if listed := contents(analyse(question), self._documents(hits)):
            yield self._listing(question, listed, hits)
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
        """Everything that may answer, or None where there is nothing to choose from."""
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
        """The candidates of the windows that are read: the likeliest, and the others where these settle nothing."""
        chosen: list[tuple[View, Scores, Place]] = []
        for some in (seen[:READ_FIRST], seen[READ_FIRST:]):
            if any(_settles(view, scores, seen) for view, scores, _ in chosen):
                break
            read = self._spans.read(question, [view.window for view in some])
            for view, scores in zip(some, read, strict=True):
                chosen += [(view, scores, place) for place in candidates_of(view, scores, found)]
        return chosen

    def find(self, question: str, hits: Sequence[Hit]) -> Finding | None:
        """The best candidate of the passages, or None where there is nothing to choose from."""
        pool = self.pool(question, hits)
        if pool is None:
            return None
        scores = pool.features @ self._model.ranking
        order = np.argsort(-scores, kind="stable")
        order = _cell_first(pool, _rightful_first(pool, _expressly_first(pool, order)))
        order = _body_first([pool.places[row] for row in order], scores[order], order)
        ranking, scores, features = [pool.places[row] for row in order], scores[order], pool.features[order]
        told = confidence_features(pool.asked, ranking, pool.found, scores, features, self._encoder)
        named = dict(zip(CONFIDENCE, told, strict=True))
        asked_for, best = pool.asked.question, ranking[0]
        runner_up = _runner_up(ranking, scores)
        place = whole(asked_for, best, pool.found)
        return Finding(place, runner_up, asked_for, tuple(told), clash(asked_for, best), doubt(named))

    def compose(self, finding: Finding, hits: Sequence[Hit], confidence: float) -> Answer:
        """The answer that a finding makes, verified: a short answer that its quote does not carry is left out.

        Args:
            finding: the best candidate.
            hits: the passages it comes from.
            confidence: 0 to 1; under `SURE` the runner-up is cited as well.
        """
        question, place = finding.question.text, finding.place
        citations = self._citations(1, place)
        text, short = _told(place, citations), _short(place, citations)
        if finding.runner_up and confidence < SURE and self._is_of_one_subject(finding.place, finding.runner_up):
            more = self._citations(len(citations) + 1, finding.runner_up)
            text += f"\n\n另见：{_told(finding.runner_up, more)}"
            citations += more
        if is_polar(question) and (word := _POLARITY.get(says(question, _led(place) + _clause(place)))):
            text, short = f"{word}。{text}", short or word
        return Answer(question, question, text, short, tuple(citations), tuple(hits), confidence=confidence)

    def _is_of_one_subject(self, one: Place, other: Place) -> bool:
        """Return whether two candidates speak of the same: what another region says is no second basis."""
        ids = {each.hit.passage.document_id for each in (one, other)}
        regions = {found.metadata.region for id in ids if (found := self.corpus.document(id))}
        return len(regions) < 2

    def _documents(self, hits: Sequence[Hit]) -> Iterator[Document]:
        """The documents of the passages that are read, likeliest first."""
        ids = dict.fromkeys(hit.passage.document_id for hit in hits[:READ_PASSAGES])
        return (document for id in ids if (document := self.corpus.document(id)))

    def _listing(self, question: str, listed: Contents, hits: Sequence[Hit]) -> Answer:
        """The answer that names the parts of a section, each with its heading for a quote."""
        document = listed.document
        citations = tuple(
            Citation(n, passage := passage_of(document, part), document.source, passage.span)
            for n, part in enumerate(listed.parts, start=1)
        )
        lines = [f"{unmarked(' '.join(each.text.split()))}[{each.n}]" for each in citations]
        text = "\n".join((f"{listed.heading.title}：", *lines))
        short = "；".join(listed.name(part).slice(document.text) for part in listed.parts)
        return Answer(question, question, text, short, citations, tuple(hits), confidence=LISTED)

    def _citations(self, first: int, place: Place) -> list[Citation]:
        """The quotes of a candidate, numbered from `first` on: one, but for lists of many items."""
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
    """Whether a window answers beyond doubt, and nothing that is still to be read would be the better basis.

    What the head of a document announces, its body states (`_body_first`).
    """
    (_, highest), *_ = scores.best()
    passage = view.hit.passage
    body = any(each.hit.passage.section_path and each.hit.passage.document_id == passage.document_id for each in seen)
    return highest >= SETTLED and (bool(passage.section_path) or not body)


def _worded(a: Asked, candidates: Sequence[Place], found: Sequence[Place], wording: Matrix) -> Matrix:
    """The features of wording of candidates; `wording` has those that the grammar found, in the order of `found`."""
    rows = {id(place): row for row, place in enumerate(found)}
    added = [place for place in candidates if id(place) not in rows]
    rows |= {id(place): len(found) + row for row, place in enumerate(added)}
    return np.vstack([wording, lexical(a, added, found)])[[rows[id(place)] for place in candidates]]


_POLARITY: dict[bool | None, str] = {True: "是", False: "否"}


def _clause(place: Place) -> str:
    return place.site.candidate.clause.slice(place.hit.passage.text)


def _led(place: Place) -> str:
    """What leads to the list that a candidate is in an item of; empty where it is in none."""
    lead = lead_of(place)
    return lead.slice(place.hit.passage.text) if lead else ""


def _with_lead(finding: Finding) -> str:
    """Why there is no answer, with the nearest clause where that is about the same matter."""
    reason, clause = finding.clash or finding.doubt, " ".join(_clause(finding.place).split())
    if finding.features[CONFIDENCE.index("held_soft")] < _SAME_MATTER or not 0 < len(clause) <= _LEAD:
        return reason
    return f"{reason.removesuffix('。')}；最接近的内容是「{unmarked(clause)}」。"


def _short(place: Place, citations: Sequence[Citation]) -> str | None:
    """The candidate, where it is narrower than its sentence and the quotes carry it whole."""
    candidate, passage = place.site.candidate, place.hit.passage
    sentence = candidate.kind is Kind.CLAUSE and candidate.span == place.site.sentence
    quoted = Span(citations[0].quote.start, citations[-1].quote.end)
    if sentence or not quoted.contains(candidate.span.shift(passage.span.start)):
        return None
    return None if unsupported(place.text, [citation.text for citation in citations]) else place.text


def _told(place: Place, citations: Sequence[Citation]) -> str:
    """The quotes as a person reads them, under their heading where they are a label's value, with their markers."""
    path = place.hit.passage.section_path
    heading = f"{path[-1]}：" if place.site.candidate.labelled and path else ""
    return heading + "".join(f"{unmarked(' '.join(each.text.split()))}[{each.n}]" for each in citations)


def _runner_up(ranking: Sequence[Place], scores: NDArray[np.float64]) -> Place | None:
    """The best candidate of another sentence that scores nearly as well as the first."""
    first = ranking[0]
    for place, score in zip(ranking[1:], scores[1:], strict=True):
        if scores[0] - score > CLOSE:
            return None
        if place.site.around != first.site.around:
            return place
    return None


def _is_searchable(question: Question) -> bool:
    """Whether there is a word, a year or an article to look for: 「？」 and 「a」 are about nothing."""
    return bool(question.terms or question.periods or question.provisions)


def _refusal(question: str, hits: Sequence[Hit], reason: str) -> Answer:
    """No answer, the passages as leads."""
    return Answer(question, question, reason, hits=tuple(hits), abstained=True)


def _expressly_first(pool: Pool, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put the best candidate of the question's time and place first, where the first is of another one.

    Of near-identical reports the wrong one may say it in words more like the question's.
    """
    question = pool.asked.question
    if not strays(question, pool.places[order[0]]):
        return order
    for position, row in enumerate(order[:_RIVALS]):
        if meets(question, pool.places[row]):
            return np.concatenate([order[position : position + 1], np.delete(order, position)])
    return order


def _rightful_first(pool: Pool, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put the figure that fits the question best before those of its sentence that it outdoes.

    Of 「小麦62万吨、玉米88万吨」 a network takes now the one, now the other; whose a figure is, its own words say.
    """
    if pool.asked.question.kinds[:1] != (Kind.QUANTITY,):
        return order
    first = pool.places[order[0]]
    measured = {
        dimension(place.site.candidate.unit)
        for place in pool.places
        if place.site.candidate.kind is Kind.QUANTITY and _holds(first, place)
    }
    for position, row in enumerate(order):
        place = pool.places[row]
        beside = place.hit is first.hit and place.site.sentence == first.site.sentence
        alike = beside and dimension(place.site.candidate.unit) in measured
        if alike and pool.features[row, _AMONG] >= _RIGHTFUL and not unfit(pool.asked.question, place):
            return np.concatenate([order[position : position + 1], np.delete(order, position)])
    return order


def _holds(place: Place, figure: Place) -> bool:
    return place.hit is figure.hit and place.site.candidate.span.contains(figure.site.candidate.span)


def _cell_first(pool: Pool, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put the cell of a table first that the question names better than the one that comes first."""
    ranked = [pool.places[row] for row in order]
    better = better_cell(pool.asked.question.text, ranked[0], ranked[1:])
    if better is None:
        return order
    position = next(at for at, place in enumerate(ranked) if place is better)
    return np.concatenate([order[position : position + 1], np.delete(order, position)])


def _body_first(ranked: Sequence[Place], scores: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put the same answer from under a heading before one from the head of a document.

    A headline, a news lead or a covering note announces what the body states; the body is the basis. Only an answer
    of the same value that scores nearly as well takes the first place.
    """
    first = ranked[0]
    if first.hit.passage.section_path:
        return order
    for position, place in enumerate(ranked):
        same = place.site.value == first.site.value and place.hit.passage.document_id == first.hit.passage.document_id
        if same and place.hit.passage.section_path and scores[0] - scores[position] < _NEARLY:
            return np.concatenate([order[position : position + 1], np.delete(order, position)])
    return order
