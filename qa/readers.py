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
from qa.citations import quote_span
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

    def knows(self, word: str) -> bool:
        """Whether any passage may hold a folded word: all its terms occur."""
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
        ranking = [found[short[row]] for row in order]
        best = ranking[0]
        told = confidence_features(
            a, best, found, scores[order], similarities[order[0]][0], self._encoder, self.corpus.knows
        )
        named = dict(zip(CONFIDENCE, told, strict=True))
        forbidden = clash(a, best, named["held_soft"], bool(named["contrast"]))
        return Finding(best, _runner_up(ranking, scores[order]), a.question, tuple(told), forbidden)

    def similarities(self, question: str, short: Sequence[Place]) -> Matrix:
        contexts = [context for place in short for context in candidate_contexts(place)]
        distinct = list(dict.fromkeys(contexts))
        vectors = self._encoder.encode_passages(distinct) @ self._encoder.encode_queries([question])[0]
        cosine = dict(zip(distinct, vectors, strict=True))
        return np.array([cosine[context] for context in contexts], dtype=np.float64).reshape(-1, 2)

    def compose(self, finding: Finding, hits: Sequence[Hit], confidence: float) -> Answer:
        place = finding.place
        passage = place.hit.passage
        candidate = place.site.candidate
        citations = [self._citation(1, place)]
        citation = citations[0]
        text = _told(place, citation)
        if finding.runner_up and confidence < SURE:
            citations.append(self._citation(2, finding.runner_up))
            text += f"\n\n另见：{_told(finding.runner_up, citations[1])}"
        short = place.text if candidate.kind is not Kind.CLAUSE or candidate.span != place.site.sentence else None
        if short and unsupported(short, [citation.text]):
            short = None
        return Answer(
            finding.question.text,
            finding.question.text,
            text,
            short,
            tuple(citations),
            tuple(hits),
            confidence=confidence,
        )

    def _citation(self, n: int, place: Place) -> Citation:
        passage = place.hit.passage
        quote = quote_span(passage.text, place.site.candidate.span)
        document = self.corpus.document(passage.document_id)
        return Citation(n, passage, document.source if document else passage.title, quote.shift(passage.span.start))


def _told(place: Place, citation: Citation) -> str:
    """The quote as a person reads it, under its heading where it is a label's value, with its marker."""
    text = f"{' '.join(citation.text.split())}[{citation.n}]"
    path = place.hit.passage.section_path
    return f"{path[-1]}：{text}" if place.site.candidate.labelled and path else text


def _runner_up(ranking: Sequence[Place], scores: NDArray[np.float64]) -> Place | None:
    first = ranking[0]
    for place, score in zip(ranking[1:], scores[1:], strict=True):
        if scores[0] - score > CLOSE:
            return None
        if place.site.around != first.site.around:
            return place
    return None


def _refusal(question: str, hits: Sequence[Hit], reason: str) -> Answer:
    """No answer, the passages as leads; a question without a word to look for is not about the documents."""
    text = reason if analyse(question).terms else OFF_TOPIC
    return Answer(question, question, text, hits=tuple(hits), abstained=True)


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
