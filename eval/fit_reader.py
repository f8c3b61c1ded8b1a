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
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from eval.answer_metrics import answer_hit, normalise
from eval.datasets import load_dataset
from eval.gold import mixed_corpus
from eval.records import Query
from index.encoders import load_encoder
from index.loaders import find_files, load
from index.passage_index import PassageIndex
from index.protocols import Encoder
from index.records import Hit
from index.remembering import RememberingEncoder
from qa.features import FEATURES, Place, asked, lexical, places
from qa.questions import analyse
from qa.ranking import RankingModel, standardised
from qa.readers import SHORTLIST, ExtractiveReader, Finding
from qa.rewriting import FollowUpRewriter
from qa.spelling import HomophoneSpeller

Floats = NDArray[np.float64]


# Where fitting starts: what a person would guess. It only chooses the candidates of the first round.
_PRIOR = {
    "own": 2,
    "clause": 1.6,
    "sentence": 1.2,
    "heading": 1.2,
    "path": 0.8,
    "passage": 0.4,
    "kind_first": 0.8,
    "kind_other": 0.5,
    "kind_unasked": -0.8,
    "labelled": 0.6,
    "label_asked": 0.8,
    "label_unasked": -0.6,
    "dimension_fits": 0.2,
    "dimension_differs": -0.4,
    "head_within": 0.4,
    "left_adjacent": 0.6,
    "rank": -0.3,
}
_ROUNDS = 2


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


def askings(index: PassageIndex, queries: Sequence[Query]) -> Iterator[Asking]:
    """Search every question, and every answerable one once more with its evidence taken away."""
    rewriter = FollowUpRewriter(index.encoder)
    speller = HomophoneSpeller(index.document_frequency, index.vocabulary)
    for query in queries:
        standalone = speller.correct(rewriter.standalone(query.question, query.history))
        hits = index.search(standalone, 30)
        yield Asking(query, standalone, tuple(hits[:10]), index, evidence=True)
        if query.answerable:
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
    short = model.shortlist(features, 3 * SHORTLIST)
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


def fit_logistic(features: Floats, right: Floats, weights: Floats, *, decay: float = 0.003) -> Floats:
    """Weighted logistic regression on standardised features, given back for the raw ones, the bias last."""
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    padded = np.hstack([(features - centre) / spread, np.ones((len(features), 1))])

    def gradient(model: Floats) -> Floats:
        share = 1 / (1 + np.exp(-padded @ model))
        return np.asarray(padded.T @ (weights * (share - right)) / weights.sum() + decay * model)

    model = _adam(gradient, padded.shape[1], 3000, 0.05)
    raw = model[:-1] / spread
    return np.append(raw, model[-1] - raw @ centre)


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


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
    """One asking with its best candidate and whether the answer made of it is right."""

    asking: Asking
    finding: Finding
    right: bool

    @property
    def answerable(self) -> bool:
        """Whether the passages hold the evidence."""
        return self.asking.evidence and self.asking.query.answerable


def judged(asking: Asking, reader: ExtractiveReader) -> Judged | None:
    """Answer without a threshold and compare; None where there is nothing to answer from."""
    finding = reader.find(asking.standalone, asking.hits)
    if finding is None:
        return None
    answer = reader.compose(finding, asking.hits, 1.0)
    right = asking.evidence and asking.query.answerable and answer_hit(asking.query, answer.to_json()) > 0
    return Judged(asking, finding, right)


def fit(development: Sequence[Asking], encoder: Encoder, refused: float) -> RankingModel:
    """Fit ranking, then on top of it confidence, calibration and threshold.

    Args:
        development: askings of `askings`, with and without evidence.
        encoder: of the indexes.
        refused: share of answerable questions, among those without a clash, that may be refused; 0 to 1.
    """
    model = RankingModel.from_json({"ranking": _PRIOR, "confidence": {}, "threshold": 0.0})
    readable = [asking for asking in development if asking.evidence and asking.query.answerable]
    for _ in range(_ROUNDS):
        readers = _readers(development, encoder, model)
        examples = [each for asking in readable if (each := ranked(asking, readers[id(asking.index)], model))]
        model = replace(model, ranking=fit_ranking(examples))
    readers = _readers(development, encoder, model)
    given = [answer for asking in development if (answer := judged(asking, readers[id(asking.index)]))]
    return _with_confidence(model, given, refused)


def _readers(askings: Sequence[Asking], encoder: Encoder, model: RankingModel) -> dict[int, ExtractiveReader]:
    """A reader with this model for each index, by the index's identity."""
    return {id(asking.index): ExtractiveReader(encoder, asking.index, model) for asking in askings}


def _with_confidence(model: RankingModel, given: Sequence[Judged], refused: float) -> RankingModel:
    features = np.array([each.finding.features for each in given])
    # Questions robbed of their evidence stand for near misses, but real ones count more.
    weights = np.array([1.0 if each.asking.evidence else 0.3 for each in given])
    confidence = fit_logistic(features, np.array([float(each.answerable) for each in given]), weights)
    # Calibrated on what may be given as an answer: real questions, nothing that a clash refuses anyway.
    real = np.array([each.asking.evidence and not each.finding.clash for each in given])
    scores = (np.hstack([features, np.ones((len(features), 1))]) @ confidence)[real]
    right = np.array([float(each.right) for each in given])[real]
    slope, intercept = fit_logistic(scores[:, None], right, np.ones(len(scores)), decay=0.0)
    model = replace(model, confidence=confidence * slope, threshold=0.0)
    model.confidence[-1] += intercept
    kept = [model.probability(each.finding.features) for each in given if each.answerable and not each.finding.clash]
    return replace(model, threshold=float(np.floor(np.quantile(kept, refused) * 1000) / 1000))


def development_sets(data: Path, encoder: Encoder) -> Iterator[Asking]:
    """The development halves: the sample document's, and the mixed documents' where `data` holds them."""
    repository = Path(__file__).parents[1]
    yield from _asked_of([repository / "data" / "documents"], "qijiang.jsonl", encoder)
    if not data.is_dir():
        sys.stderr.write(f"没有 {data}：只用示例文档的问题\n")
        return
    with TemporaryDirectory() as folder:
        mixed_corpus.write(mixed_corpus.load(data), Path(folder))
        yield from _asked_of([Path(folder)], "mixed.jsonl", encoder)


def _asked_of(paths: Sequence[Path], questions: str, encoder: Encoder) -> list[Asking]:
    documents = [load(path, source=source) for path, source in find_files(paths)]
    index = PassageIndex.build(documents, encoder)
    queries = load_dataset(Path(__file__).parent / "gold" / questions, "dev").queries
    return list(askings(index, queries))


def main(argv: Sequence[str] | None = None) -> int:
    """Fit and write `qa/ranking.json`. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m eval.fit_reader", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the development corpora")
    parser.add_argument("--output", type=Path, default=Path("qa/ranking.json"))
    parser.add_argument(
        "--refused", type=float, default=0.05, help="share of answerable questions without a clash that may be refused"
    )
    arguments = parser.parse_args(argv)
    encoder = RememberingEncoder(load_encoder(), size=100_000)
    model = fit(list(development_sets(arguments.data, encoder)), encoder, arguments.refused)
    arguments.output.write_text(json.dumps(model.to_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
