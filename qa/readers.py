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
from index.text import terms
from qa.answers import Answer, Citation
from qa.citations import quote_span
from qa.confidence import confidence_features
from qa.features import Asked, Matrix, Place, asked, lexical, places
from qa.grammar import Kind
from qa.questions import Question, analyse
from qa.ranking import RankingModel
from qa.verify import unsupported

SHORTLIST = 16
"""Candidates that are encoded."""

NO_ANSWER = "文档中没有找到这个问题的答案。"
OFF_TOPIC = "我只回答与文档内容有关的问题。"


class Corpus(Protocol):
    """What the reader needs to know of the index."""

    def rarity(self, word: str) -> float:
        """How rare a folded word is; higher is rarer."""
        ...

    def document_frequency(self, term: str) -> int:
        """In how many passages a term occurs."""
        ...

    def document(self, document_id: str) -> Document | None:
        """The document with this id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """The best candidate.

    Attributes:
        place: where it stands.
        question: what it answers.
        features: of the confidence model.
    """

    place: Place
    question: Question
    features: tuple[float, ...]


class ExtractiveReader:
    """Answers with a verbatim span, or abstains.

    Args:
        encoder: compares question, candidates and words.
        corpus: the index that the passages come from.
        model: the weights; those of the package by default.
    """

    def __init__(self, encoder: Encoder, corpus: Corpus, model: RankingModel | None = None) -> None:
        self._encoder = encoder
        self._corpus = corpus
        self._model = model or RankingModel.load()

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        """Two snapshots of an answer, the short one first; of a refusal, one.

        Args:
            question: standalone.
            hits: passages to read, best first.
        """
        finding = self.find(question, hits)
        confidence = self._model.probability(finding.features) if finding else 0.0
        if finding is None or confidence < self._model.threshold:
            yield self._refusal(question, hits, confidence)
            return
        answer = self.compose(finding, hits, confidence)
        if answer.short:
            yield Answer(question, question, answer.short, confidence=confidence)
        yield answer

    def find(self, question: str, hits: Sequence[Hit]) -> Finding | None:
        """The best candidate of the passages, or None where there is nothing to choose from."""
        a = asked(analyse(question), self._corpus.rarity)
        found = places(hits)
        if not found:
            return None
        features = lexical(a, found)
        short = self._model.shortlist(features, SHORTLIST)
        similarities = self.similarities(question, [found[row] for row in short])
        scores = self._model.scores(features[short], similarities)
        order = np.argsort(-scores, kind="stable")
        best = found[short[order[0]]]
        own, clause = similarities[order[0]]
        passage = self._passage_similarity(question, best)
        told = confidence_features(a, best, found, scores[order], (own, clause, passage), self._encoder, self._known)
        return Finding(best, a.question, tuple(told))

    def similarities(self, question: str, short: Sequence[Place]) -> Matrix:
        contexts = [context for place in short for context in candidate_contexts(place)]
        distinct = list(dict.fromkeys(contexts))
        vectors = self._encoder.encode_passages(distinct) @ self._encoder.encode_queries([question])[0]
        cosine = dict(zip(distinct, vectors, strict=True))
        return np.array([cosine[context] for context in contexts], dtype=np.float64).reshape(-1, 2)

    def _passage_similarity(self, question: str, place: Place) -> float:
        vector = self._encoder.encode_passages([place.hit.passage.indexed_text])[0]
        return float(vector @ self._encoder.encode_queries([question])[0])

    def _known(self, word: str) -> bool:
        return all(self._corpus.document_frequency(term) for term in terms(word))

    def compose(self, finding: Finding, hits: Sequence[Hit], confidence: float) -> Answer:
        place = finding.place
        passage = place.hit.passage
        candidate = place.site.candidate
        quote = quote_span(passage.text, candidate.span)
        document = self._corpus.document(passage.document_id)
        source = document.source if document else passage.title
        citation = Citation(1, passage, source, quote.shift(passage.span.start))
        short = place.text if candidate.kind is not Kind.CLAUSE or candidate.span != place.site.sentence else None
        if short and unsupported(short, [citation.text]):
            short = None
        text = " ".join(citation.text.split())
        if candidate.labelled and passage.section_path:
            text = f"{passage.section_path[-1]}：{text}"
        return Answer(
            finding.question.text,
            finding.question.text,
            f"{text}[1]",
            short,
            (citation,),
            tuple(hits),
            confidence=confidence,
        )

    def _refusal(self, question: str, hits: Sequence[Hit], confidence: float) -> Answer:
        on_topic = bool(analyse(question).terms)
        return Answer(
            question,
            question,
            NO_ANSWER if on_topic else OFF_TOPIC,
            hits=tuple(hits),
            abstained=True,
            confidence=1 - confidence,
        )


def candidate_contexts(place: Place) -> tuple[str, str]:
    """What is encoded of a candidate: with its own words, and with its clause, both under their heading."""
    passage, candidate = place.hit.passage, place.site.candidate
    heading = passage.section_path[-1] if passage.section_path else passage.title
    return f"{heading} {candidate.own} {place.text}", f"{heading} {candidate.clause.slice(passage.text)}"
