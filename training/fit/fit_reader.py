"""Fit the weights around the reader's network on development questions: `python -m training.fit.fit_reader`.

The development halves of the gold sets, and the written questions (`training.reader.written`) on documents of the part
that the network was not trained on.

Linear models (`qa.reading.ranking`). First and ranking: softmax over the candidates of a question, trained so that the
mass falls on those that answer; the first chooses the windows that the network reads, the second has them too.
Confidence: logistic, trained on whether the first candidate is right; every answerable question is asked a second time
with the passages that hold its evidence taken away, which makes near misses of real questions. It is calibrated on
what models say that were fitted without the question, since a model is surer of what it has seen. The thresholds are
the confidences that refuse a stated share of the answerable. Test halves are never read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from eval.data.datasets import load_dataset
from eval.metrics.answer_metrics import answer_hit, normalise
from eval.records import Query
from index.encoding.caching import RememberingEncoder
from index.encoding.encoders import load_encoder
from index.loaders import find_files, load
from index.protocols import Encoder
from index.records import Document, Hit, Span
from index.store.passage_index import PassageIndex
from qa.bootstrap import interpreter_of
from qa.question.analysis import analyse
from qa.reading.extractive_reader import ExtractiveReader, Finding, SpanScorer
from qa.reading.features import SECOND, Place, asked, lexical, places
from qa.reading.model_input import Window
from qa.reading.ranking import RankingModel
from qa.reading.span_model import MODELS, Scores, Support, load_span_model
from qa.settings import Caution
from training.corpora import mixed_corpus, work_reports_corpus
from training.corpora.corpus import write
from training.reader import policy, written

Floats = NDArray[np.float64]

_ROOT = Path(__file__).parents[2]

REFUSED = {Caution.LOW: 0.01, Caution.NORMAL: 0.05, Caution.HIGH: 0.15}
"""Share of answerable questions that each caution may refuse, on development questions."""
FOLDS = 10
"""Parts that questions are dealt into to calibrate."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One answerable question: features of its candidates and which of them answer."""

    features: Floats
    right: NDArray[np.bool_]


class RememberingSpans:
    """A network that reads each window once, however often it is fitted to.

    Args:
        spans: that reads.
    """

    def __init__(self, spans: SpanScorer) -> None:
        self._spans = spans
        self._kept: dict[tuple[str, Window], Scores] = {}
        self._judged: dict[tuple[str, Window, Span], Support] = {}

    def read(self, question: str, windows: Sequence[Window]) -> list[Scores]:
        """Return scores of each window, in order."""
        new = [window for window in dict.fromkeys(windows) if (question, window) not in self._kept]
        for window, scores in zip(new, self._spans.read(question, new), strict=True):
            self._kept[question, window] = scores
        return [self._kept[question, window] for window in windows]

    def judge(self, question: str, marked: Sequence[tuple[Window, Span]]) -> list[Support]:
        """Verdicts on each marked candidate, in order."""
        new = [each for each in dict.fromkeys(marked) if (question, *each) not in self._judged]
        for each, support in zip(new, self._spans.judge(question, new), strict=True):
            self._judged[question, *each] = support
        return [self._judged[question, *each] for each in marked]


@dataclass(frozen=True, slots=True)
class Asking:
    """A development question with the passages found for it."""

    query: Query
    standalone: str
    hits: tuple[Hit, ...]
    index: PassageIndex
    evidence: bool


def askings(index: PassageIndex, queries: Sequence[Query]) -> Iterator[Asking]:
    """Search every single question, and every answerable one once more with its evidence taken away."""
    interpreter = interpreter_of(index)
    for query in queries:
        standalone, *more = interpreter.questions(query.question, query.history)
        if more:
            continue
        hits = index.search(standalone, 30)
        yield Asking(query, standalone, tuple(hits[:10]), index, evidence=True)
        if query.answerable:
            left = [hit for hit in hits if not _holds(hit, query)]
            yield Asking(query, standalone, tuple(left[:10]), index, evidence=False)


def _holds(hit: Hit, query: Query) -> bool:
    return any(evidence in hit.passage.text for evidence in query.evidence)


def answering(query: Query, found: Sequence[Place]) -> NDArray[np.bool_]:
    """Return which candidates are short hits (docs/contract.md) taken from evidence."""
    return np.array([answers(query, place) for place in found], dtype=bool)


def answers(query: Query, place: Place) -> bool:
    """Return whether a candidate is a short hit taken from evidence."""
    if not _holds(place.hit, query):
        return False
    text = normalise(place.text)
    return any(_is_short_hit(text, [normalise(part) for part in parts]) for parts in query.answers)


def _is_short_hit(text: str, parts: Sequence[str]) -> bool:
    return all(part in text for part in parts) and len(text) <= 2 * sum(map(len, parts)) + 8


def worded(asking: Asking) -> Ranked | None:
    """Features of wording of every candidate of the passages; None where none answers."""
    a = asked(analyse(asking.standalone), asking.index.rarity)
    found = places(asking.hits)
    right = answering(asking.query, found)
    return Ranked(lexical(a, found), right) if right.any() else None


def ranked(asking: Asking, reader: ExtractiveReader) -> Ranked | None:
    """Features of the candidates of the windows that are read; None where none answers."""
    pool = reader.pool(asking.standalone, asking.hits)
    if pool is None:
        return None
    right = answering(asking.query, pool.places)
    return Ranked(pool.features, right) if right.any() else None


def fit_ranking(examples: Sequence[Ranked], *, decay: float = 0.01, steps: int = 600, rate: float = 0.1) -> Floats:
    """Return weights that maximise the log share of right candidates under a softmax, by full-batch Adam."""

    def gradient(weights: Floats) -> Floats:
        total: Floats = decay * weights
        for example in examples:
            share = _softmax(example.features @ weights)
            target = share * example.right
            total = total + example.features.T @ (share - target / target.sum()) / len(examples)
        return total

    return _adam(gradient, examples[0].features.shape[1], steps, rate)


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


def second(asking: Asking, reader: ExtractiveReader) -> Ranked | None:
    """Features of the candidates that are read again; None where none answers."""
    look = reader.look(asking.standalone, asking.hits)
    if look is None:
        return None
    right = answering(asking.query, [look.ranking[row] for row in look.judged.rows])
    return Ranked(look.judged.features, right) if right.any() and not right.all() else None


@dataclass(frozen=True, slots=True)
class Given:
    """One asking with its best candidate and whether the answer made of it is right."""

    asking: Asking
    finding: Finding
    right: bool

    @property
    def answerable(self) -> bool:
        """Return whether the passages hold the evidence."""
        return self.asking.evidence and self.asking.query.answerable


def given(asking: Asking, reader: ExtractiveReader) -> Given | None:
    """Answer without a threshold and compare; None where there is nothing to answer from."""
    finding = reader.find(asking.standalone, asking.hits)
    if finding is None:
        return None
    answer = reader.compose(finding, asking.hits, 1.0)
    right = asking.evidence and asking.query.answerable and answer_hit(asking.query, answer.to_json()) > 0
    return Given(asking, finding, right)


def fit(development: Sequence[Asking], spans: SpanScorer, refused: Mapping[Caution, float]) -> RankingModel:
    """Fit ranking, then on top of it confidence, calibration and threshold.

    Args:
        development: askings of `askings`, with and without evidence.
        spans: the network.
        refused: for each caution the share of answerable questions, among those without a clash, that may be refused.
    """
    readable = [asking for asking in development if asking.evidence and asking.query.answerable]
    model = RankingModel.blank()
    model = replace(model, first=fit_ranking([each for asking in readable if (each := worded(asking))]))
    readers = _readers(development, spans, model)
    examples = [each for asking in readable if (each := ranked(asking, readers[id(asking.index)]))]
    model = replace(model, ranking=fit_ranking(examples))
    readers = _readers(development, spans, model)
    closest = [each for asking in readable if (each := second(asking, readers[id(asking.index)]))]
    # Where all others rank far behind the first, it alone is read again.
    ahead = np.array([name == "lead" for name in SECOND], dtype=np.float64)
    model = replace(model, second=fit_ranking(closest) if closest else ahead)
    readers = _readers(development, spans, model)
    answers = [answer for asking in development if (answer := given(asking, readers[id(asking.index)]))]
    return _with_confidence(model, answers, refused)


def _readers(askings: Sequence[Asking], spans: SpanScorer, model: RankingModel) -> dict[int, ExtractiveReader]:
    """Return a reader with this model for each index, by the index's identity."""
    return {id(asking.index): ExtractiveReader(asking.index, spans, model) for asking in askings}


def _with_confidence(model: RankingModel, given: Sequence[Given], refused: Mapping[Caution, float]) -> RankingModel:
    features = np.array([each.finding.features for each in given])
    answerable = np.array([float(each.answerable) for each in given])
    # Questions robbed of their evidence stand for near misses, but real ones count more.
    weights = np.array([1.0 if each.asking.evidence else 0.3 for each in given])
    scores = _unseen_scores(features, answerable, weights, _folds(given))
    # Calibrated on what may be given as an answer: real questions, nothing that a clash refuses anyway.
    real = np.array([each.asking.evidence and not each.finding.clash for each in given])
    right = np.array([float(each.right) for each in given])
    slope, intercept = fit_logistic(scores[real, None], right[real], np.ones(real.sum()), decay=0.0)
    confidence = fit_logistic(features, answerable, weights) * slope
    confidence[-1] += intercept
    kept = np.array([each.answerable and not each.finding.clash for each in given])
    told = 1 / (1 + np.exp(-(scores[kept] * slope + intercept)))
    thresholds = {
        caution: float(np.floor(np.quantile(told, share) * 1000) / 1000) for caution, share in refused.items()
    }
    return replace(model, confidence=confidence, thresholds=thresholds)


def _folds(given: Sequence[Given]) -> NDArray[np.int64]:
    """Return which part each belongs to; a question with and without its evidence to the same."""
    return np.array([crc32(each.asking.query.question.encode()) % FOLDS for each in given])


def _unseen_scores(features: Floats, right: Floats, weights: Floats, folds: NDArray[np.int64]) -> Floats:
    """Log odds that each is right by a model that was fitted to the other parts."""
    padded, scores = np.hstack([features, np.ones((len(features), 1))]), np.zeros(len(features))
    for fold in np.unique(folds):
        held_out = folds == fold
        seen = ~held_out if not held_out.all() else held_out
        scores[held_out] = padded[held_out] @ fit_logistic(features[seen], right[seen], weights[seen])
    return scores


def development_sets(data: Path, encoder: Encoder) -> Iterator[Asking]:
    """Yield the development halves of all sets; only the sample document's where `data` does not hold the others."""
    sample, everyday = _ROOT / "data" / "documents", _ROOT / "eval" / "gold" / "everyday"
    for name, folder in (("qijiang", sample), ("everyday", everyday)):
        yield from _asked_of([load(path, source=source) for path, source in find_files([folder])], name, encoder)
    yield from _office(encoder)
    if not data.is_dir():
        sys.stderr.write(f"没有 {data}：只用示例文档的问题\n")
        return
    yield from _written(data, encoder)
    for name, corpus in (("mixed", mixed_corpus), ("work_reports", work_reports_corpus)):
        with TemporaryDirectory() as written_to:
            documents = [load(path) for path in write(corpus.load(data), Path(written_to))]
        yield from _asked_of(documents, name, encoder)


def _office(encoder: Encoder) -> Iterator[Asking]:
    """Ask the questions on office documents, each of an index of its document alone, as clerks have it before them."""
    lines = (_ROOT / "eval" / "gold" / "office.jsonl").read_text("utf-8").splitlines()
    titles = {row["id"]: row["document"] for row in map(json.loads, lines)}
    queries = load_dataset(_ROOT / "eval" / "gold" / "office.jsonl", "dev").queries
    for path in sorted((_ROOT / "eval" / "gold" / "office").iterdir()):
        if chosen := [query for query in queries if titles[query.id] == path.stem]:
            yield from askings(PassageIndex.build([load(path)], encoder), chosen)


def _written(data: Path, encoder: Encoder) -> Iterator[Asking]:
    """Yield the written questions on documents of the development part, each as one index of all of these."""
    questions = written.read()
    found = policy.documents(data, {each.document for each in questions})
    held_out = {key: document for key, document in found.items() if written.part_of_document(document) == "dev"}
    queries = [
        Query(
            f"w{n}",
            each.question,
            each.answers,
            (each.clause,),
            each.is_answered,
            each.kind,
        )
        for n, each in enumerate(questions)
        if each.document in held_out
    ]
    yield from askings(PassageIndex.build(held_out.values(), encoder), queries)


def _asked_of(documents: Sequence[Document], name: str, encoder: Encoder) -> list[Asking]:
    queries = load_dataset(_ROOT / "eval" / "gold" / f"{name}.jsonl", "dev").queries
    return list(askings(PassageIndex.build(documents, encoder), queries))


def main(argv: Sequence[str] | None = None) -> int:
    """Fit and write `qa/models/ranking.json`. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.fit.fit_reader", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the development corpora")
    parser.add_argument("--output", type=Path, default=Path("qa/models/ranking.json"))
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the network")
    arguments = parser.parse_args(argv)
    encoder = RememberingEncoder(load_encoder(), size=512 * 2**20)
    spans = RememberingSpans(load_span_model(arguments.models))
    model = fit(list(development_sets(arguments.data, encoder)), spans, REFUSED)
    arguments.output.write_text(json.dumps(model.to_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
