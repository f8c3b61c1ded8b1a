"""Fits the weights of the extractive reader on development questions: `python -m eval.fit_reader`.

Two linear models (`qa.ranking`). Ranking: softmax over the candidates of a question, trained so that the mass falls
on those that answer. Confidence: logistic, trained on whether the first candidate is right; every answerable question
is asked a second time with the passages that hold its evidence taken away, which makes near misses of real questions.
The threshold is the confidence that refuses a stated share of the rightly answered. Test halves are never read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.answer_metrics import answer_hit, normalise
from eval.datasets import load_dataset
from eval.records import Query
from index.encoders import load_encoder
from index.loaders import find_files, load
from index.passage_index import PassageIndex
from index.records import Document, Hit
from index.remembering import RememberingEncoder
from qa.features import FEATURES, LEXICAL, Place, asked, lexical, places
from qa.questions import analyse
from qa.ranking import CONFIDENCE, RankingModel, standardised
from qa.readers import SHORTLIST, ExtractiveReader
from qa.rewriting import FollowUpRewriter
from qa.spelling import HomophoneSpeller

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One answerable question: features of its candidates and which of them answer."""

    features: Floats
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asking:
    """A development question with the passages found for it."""

    query: Query
    standalone: str
    hits: tuple[Hit, ...]
    index: PassageIndex
    evidence: bool


def askings(index: PassageIndex, queries: Sequence[Query], *, without_evidence: bool) -> Iterator[Asking]:
    """Search every question, and every answerable one once more with its evidence taken away."""
    rewriter = FollowUpRewriter(index.encoder)
    speller = HomophoneSpeller(index.document_frequency, index.vocabulary)
    for query in queries:
        standalone = speller.correct(rewriter.standalone(query.question, query.history))
        hits = index.search(standalone, 30)
        yield Asking(query, standalone, tuple(hits[:10]), index, evidence=True)
        if query.answerable and without_evidence:
            left = [hit for hit in hits if not _holds(hit, query)]
            yield Asking(query, standalone, tuple(left[:10]), index, evidence=False)


def _holds(hit: Hit, query: Query) -> bool:
    return any(evidence in hit.passage.text for evidence in query.evidence)


def answers(query: Query, place: Place) -> bool:
    """Whether a candidate is a short hit (CONTRACT.md) taken from evidence."""
    if not _holds(place.hit, query):
        return False
    text = normalise(place.text)
    return any(_is_short_hit(text, [normalise(part) for part in parts]) for parts in query.answers)


def _is_short_hit(text: str, parts: Sequence[str]) -> bool:
    return all(part in text for part in parts) and len(text) <= 2 * sum(map(len, parts)) + 8


def ranked(asking: Asking, reader: ExtractiveReader, model: RankingModel) -> Ranked | None:
    """Features of the shortlist and of every candidate that answers; None where none answers."""
    a = asked(analyse(asking.standalone), asking.index.rarity)
    found = places(asking.hits)
    features = lexical(a, found)
    right = [row for row, place in enumerate(found) if answers(asking.query, place)]
    if not right:
        return None
    short = model.shortlist(features, 2 * SHORTLIST)
    rows = short if any(row in right for row in short) else [*short, right[0]]
    similar = reader.similarities(asking.standalone, [found[row] for row in rows])
    full = np.hstack([features[rows], standardised(similar)])
    return Ranked(full, np.array([row in right for row in rows]))


def fit_ranking(examples: Sequence[Ranked], *, decay: float = 0.01, steps: int = 600, rate: float = 0.1) -> Floats:
    """Weights that maximise the log share of right candidates under a softmax; Adam, full batch, no randomness."""

    def gradient(weights: Floats) -> Floats:
        total = decay * weights
        for example in examples:
            share = _softmax(example.features @ weights)
            target = share * example.right
            total = total + example.features.T @ (share - target / target.sum()) / len(examples)
        return total

    return _adam(gradient, len(FEATURES), steps, rate)


def fit_confidence(
    features: Floats, right: Floats, *, decay: float = 0.003, steps: int = 3000, rate: float = 0.05
) -> Floats:
    """Logistic regression with a bias as the last weight; Adam, full batch, no randomness."""
    padded = np.hstack([features, np.ones((len(features), 1))])

    def gradient(weights: Floats) -> Floats:
        share = 1 / (1 + np.exp(-padded @ weights))
        return padded.T @ (share - right) / len(padded) + decay * weights

    return _adam(gradient, padded.shape[1], steps, rate)


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def _adam(gradient: Callable[[Floats], Floats], size: int, steps: int, rate: float) -> Floats:
    """Source: Kingma and Ba, Adam (2015), with its default decay rates but 0.99 for the second moment."""
    weights, mean, square = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, steps + 1):
        slope = gradient(weights)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        weights = weights - rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return weights


@dataclass(frozen=True, slots=True)
class Judged:
    """One asking with the features of its best candidate and whether the answer made of it is right."""

    asking: Asking
    features: tuple[float, ...]
    right: bool


def judged(asking: Asking, reader: ExtractiveReader) -> Judged | None:
    """Answer without a threshold and compare; None where there is nothing to answer from."""
    finding = reader.find(asking.standalone, asking.hits)
    if finding is None:
        return None
    answer = reader.compose(finding, asking.hits, 1.0)
    right = asking.evidence and asking.query.answerable and answer_hit(asking.query, answer.to_json()) > 0
    return Judged(asking, finding.features, right)


def threshold_for(probabilities: Floats, refused: float) -> float:
    """The confidence under which the share `refused` of answerable questions falls; rounded down to be kept."""
    return float(np.floor(np.quantile(probabilities, refused) * 1000) / 1000)
