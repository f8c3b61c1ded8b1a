"""The extractive reader: best passage, best place in it, the narrowest span that answers.

A grammar proposes candidate spans; two linear models over features of wording, grammar and meaning dispose. No
model beyond the encoder, and every answer is a verbatim span of its quote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.protocols import Encoder
from index.records import Document, Hit
from qa.answers import Answer, Citation
from qa.citations import quote_span, unmarked
from qa.confidence import clash, confidence_features
from qa.features import Matrix, Place, asked, lexical, places
from qa.grammar import Kind
from qa.questions import Question, analyse
from qa.ranking import CONFIDENCE, RankingModel
from qa.verify import unsupported

SHORTLIST = 10
"""Candidates that are encoded."""

_NEARLY = 2.0
"""Difference of scores up to which an equal answer from the body is preferred."""

SURE = 0.75
"""Confidence from which on one basis is enough."""
CLOSE = 1.0
"""Difference of scores up to which another sentence is shown beside the first, where that is not sure."""

NO_ANSWER = "文档中没有找到这个问题的答案。"
OFF_TOPIC = "我只回答与文档内容有关的问题。"


class Corpus(Protocol):
    """What the reader needs to know of the index."""

    def rarity(self, word: str) -> float:
        """How rare a folded word is; higher is rarer."""
        ...

    def document(self, document_id: str) -> Document | None:
        """The document with this id, or None."""
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
    """

    place: Place
    runner_up: Place | None
    question: Question
    features: tuple[float, ...]
    clash: str | None


class ExtractiveReader:
    """Answers with a verbatim span, or abstains.

    Args:
        encoder: compares question, candidates and words.
        corpus: the index that the passages come from.
        model: the weights; those of the package by default.
    """

    def __init__(self, encoder: Encoder, corpus: Corpus, model: RankingModel | None = None) -> None:
        self._encoder = encoder
        self.corpus = corpus
        self._model = model or RankingModel.load()

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        """Two snapshots of an answer, the short one first; of a refusal, one.

        Args:
            question: standalone.
            hits: passages to read, best first.
        """
        if not _is_searchable(analyse(question)):
            yield _refusal(question, hits, OFF_TOPIC)
            return
        finding = self.find(question, hits)
        if finding is None or finding.clash:
            yield _refusal(question, hits, finding.clash if finding and finding.clash else NO_ANSWER)
            return
        confidence = self._model.probability(finding.features)
        if confidence < self._model.threshold:
            yield _refusal(question, hits, NO_ANSWER)
            return
        answer = self.compose(finding, hits, confidence)
        if answer.short:
            yield Answer(question, question, answer.short, confidence=confidence)
        yield answer

    def find(self, question: str, hits: Sequence[Hit]) -> Finding | None:
        """The best candidate of the passages, or None where there is nothing to choose from."""
        a = asked(analyse(question), self.corpus.rarity)
        found = places(hits)
        if not found:
            return None
        features = lexical(a, found)
        short = self._model.shortlist(features, SHORTLIST)
        similarities = self.similarities(question, [found[row] for row in short])
        scores = self._model.scores(features[short], similarities)
        order = np.argsort(-scores, kind="stable")
        order = _body_first([found[short[row]] for row in order], scores[order], order)
        ranking, scores = [found[short[row]] for row in order], scores[order]
        told = confidence_features(a, ranking[0], found, scores, similarities[order[0]][0], self._encoder)
        named = dict(zip(CONFIDENCE, told, strict=True))
        forbidden = clash(a, ranking[0], named["held_soft"], bool(named["contrast"]))
        return Finding(ranking[0], _runner_up(ranking, scores), a.question, tuple(told), forbidden)

    def similarities(self, question: str, short: Sequence[Place]) -> Matrix:
        """How alike the question and each candidate are in meaning.

        Args:
            question: standalone.
            short: the candidates, at least one.

        Returns:
            Cosines `(len(short), 2)`, float64: with the candidate's own words, and with its clause.
        """
        contexts = [context for place in short for context in candidate_contexts(place)]
        distinct = list(dict.fromkeys(contexts))
        vectors = self._encoder.encode_passages(distinct) @ self._encoder.encode_queries([question])[0]
        cosine = dict(zip(distinct, vectors, strict=True))
        return np.array([cosine[context] for context in contexts], dtype=np.float64).reshape(-1, 2)

    def compose(self, finding: Finding, hits: Sequence[Hit], confidence: float) -> Answer:
        """The answer that a finding makes, verified: a short answer that its quote does not carry is left out.

        Args:
            finding: the best candidate.
            hits: the passages it comes from.
            confidence: 0 to 1; under `SURE` the runner-up is cited as well.
        """
        question, place = finding.question.text, finding.place
        citations = [self._citation(1, place)]
        text = _told(place, citations[0])
        if finding.runner_up and confidence < SURE:
            citations.append(self._citation(2, finding.runner_up))
            text += f"\n\n另见：{_told(finding.runner_up, citations[1])}"
        short = _short(place, citations[0])
        return Answer(question, question, text, short, tuple(citations), tuple(hits), confidence=confidence)

    def _citation(self, n: int, place: Place) -> Citation:
        passage = place.hit.passage
        quote = quote_span(passage.text, place.site.candidate.span)
        document = self.corpus.document(passage.document_id)
        return Citation(n, passage, document.source if document else passage.title, quote.shift(passage.span.start))


def _short(place: Place, citation: Citation) -> str | None:
    """The candidate, where it is narrower than its sentence and the quote carries it whole."""
    candidate, passage = place.site.candidate, place.hit.passage
    whole = candidate.kind is Kind.CLAUSE and candidate.span == place.site.sentence
    if whole or not citation.quote.contains(candidate.span.shift(passage.span.start)):
        return None
    return None if unsupported(place.text, [citation.text]) else place.text


def _told(place: Place, citation: Citation) -> str:
    """The quote as a person reads it, under its heading where it is a label's value, with its marker."""
    path = place.hit.passage.section_path
    heading = f"{path[-1]}：" if place.site.candidate.labelled and path else ""
    return f"{unmarked(heading + ' '.join(citation.text.split()))}[{citation.n}]"


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


def candidate_contexts(place: Place) -> tuple[str, str]:
    """What is encoded of a candidate, under its heading: a figure with its own words, and the clause."""
    passage, candidate = place.hit.passage, place.site.candidate
    heading = passage.section_path[-1] if passage.section_path else passage.title
    clause = f"{heading} {candidate.clause.slice(passage.text)}"
    counted = candidate.kind is Kind.QUANTITY or candidate.labelled
    return (f"{heading} {candidate.own} {place.text}", clause) if counted else (clause, clause)
