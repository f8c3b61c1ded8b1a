"""Retrieval, and answers, under many settings: encoder × length of passages × weight of fusion, at several depths.

Everything that takes time is kept in a folder under a name made of all it depends on, the program among it: the vectors
of each document for each encoder and length, each setting's findings and its answers' scores. So a sweep computes only
what changed, also after Ctrl-C.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import cast

import numpy as np

from eval.data.outcomes import ask_all
from eval.metrics.answer_metrics import score
from eval.metrics.retrieval_metrics import score_run
from eval.metrics.stages import evidence_qrels
from eval.records import Dataset
from eval.report.provenance import program_sha256
from index.filters import Filter
from index.protocols import Encoder, Vectors
from index.records import Document, Hit, Passage
from index.search.dense import DenseIndex
from index.search.retrievers import DenseRetriever, HybridRetriever, LexicalRetriever
from index.search.sparse import SparseIndex
from index.store.passage_index import PassageIndex
from index.structure.splitter import split
from qa.assistant import Assistant
from qa.bootstrap import interpreter_of
from qa.reading.extractive_reader import ExtractiveReader
from qa.reading.span_model import load_span_model

Loader = Callable[[str], Encoder]

_FORMAT = "2"
"""Changes when what is kept changes its meaning."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to find passages."""

    encoder: str
    size: int  # characters of the longest passage
    weight: float  # share of meaning in fusion, 0 to 1

    def __str__(self) -> str:
        return f"{self.encoder} · {self.size} 字 · 语义 {self.weight:g}"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a setting reached."""

    setting: Setting
    # question id → measure → value; a measure that does not apply to a question is absent
    scores: dict[str, dict[str, float]]
    latency_ms: float  # median time of one question: of encoding and searching, or of answering where that was measured
    index_mb: float  # vectors and postings in memory

    def mean(self, measure: str) -> float | None:
        """Return the average of a measure over the questions that it applies to; None where there are none."""
        values = [each[measure] for each in self.scores.values() if measure in each]
        return float(np.mean(values)) if values else None


ANSWER_MEASURES = ("false_answer", "false_refusal", "answer_hit", "short_hit")
"""What is measured of answers; settings are judged by the last."""


def measures_at(depths: Sequence[int]) -> list[str]:
    """Return what is measured: evidence within each depth, and how high it stands."""
    return [*(f"Success@{depth}" for depth in depths), "RR", f"nDCG@{max(depths)}"]


class Sweep:
    """Runs settings over one data set, with a memory on disk.

    Questions with evidence count for retrieval, all for answers, which take a hundred times as long as searching.

    Raises:
        ValueError: if no question has evidence, or a depth is below 1.
    """

    def __init__(
        self,
        dataset: Dataset,
        documents: Sequence[Document],
        folder: Path,
        load: Loader,
        depths: Sequence[int],
        *,
        answers: bool = False,
    ) -> None:
        self._asked = dataset.queries
        self._queries = [query for query in dataset.queries if query.evidence]
        if not self._queries:
            raise ValueError(f"{dataset.name} 没有一个问题带证据，无法评测检索；请补上 evidence")
        if min(depths) < 1:
            raise ValueError(f"深度至少为 1，这里是 {min(depths)}")
        self._documents = sorted(documents, key=lambda document: document.id)
        self._folder = folder
        self._load = load
        self._depths = sorted(set(depths))
        self._answers = answers
        self._encoders: dict[str, Encoder] = {}
        documents_key = (_document_key(each) for each in self._documents)
        self._inputs = _digest(program_sha256(), dataset.sha256, *documents_key)

    def run(self, settings: Sequence[Setting]) -> Iterator[Measured]:
        """Yield each setting's result, in order, as soon as it is there.

        Raises:
            YijuError: if an encoder cannot be loaded or fails.
            OSError: if the folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for setting in settings:
            build = cache(partial(self._build, setting))
            found = self._kept(setting, f"searched{self._depths}", build, self._searched)
            if self._answers:
                asked = self._kept(setting, "asked", build, self._ask)
                scores = {id: found.scores.get(id, {}) | answered for id, answered in asked.scores.items()}
                found = _Part(scores, asked.latency_ms, found.index_mb)
            yield Measured(setting, found.scores, found.latency_ms, found.index_mb)

    def _kept(
        self, setting: Setting, what: str, build: Callable[[], _Built], compute: Callable[[_Built], _Part]
    ) -> _Part:
        """Return what was computed before, or is now; an index is built only for what is new."""
        # Loaded even where all is kept: a local model may have changed under its name, and its revision tells.
        revision = self._encoder(setting.encoder).revision
        key = _digest(self._inputs, revision, str(setting.size), repr(setting.weight), what)
        path = self._folder / f"measured-{key}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):  # not there, or cut off in writing
            content = json.loads(path.read_text(encoding="utf-8"))
            return _Part(content["scores"], content["latency_ms"], content["index_mb"])
        part = compute(build())
        _write(path, asdict(part))
        return part

    def _build(self, setting: Setting) -> _Built:
        encoder = self._encoder(setting.encoder)
        contents = [(document, split(document, max_characters=setting.size)) for document in self._documents]
        passages = [passage for _, found in contents for passage in found]
        vectors = np.concatenate([self._vectors(encoder, found) for _, found in contents])
        sparse = SparseIndex.build(passage.indexed_text for passage in passages)
        dense = DenseRetriever(passages, DenseIndex(vectors), encoder)
        retriever = HybridRetriever(passages, dense, LexicalRetriever(passages, sparse), setting.weight)
        store = PassageIndex.of(contents, vectors, encoder)
        return _Built(retriever, store, (vectors.nbytes + sparse.nbytes) / 1e6)

    def _searched(self, built: _Built) -> _Part:
        run: dict[str, dict[str, float]] = {}
        times = []
        for query in self._queries:
            start = time.perf_counter()
            hits = built.search(query.question, self._depths[-1])
            times.append((time.perf_counter() - start) * 1e3)
            run[query.id] = {hit.passage.id: hit.score for hit in hits}
        scores = score_run(evidence_qrels(built.store, self._queries), run, measures_at(self._depths))
        return _Part(scores, _median(times), round(built.megabytes, 6))

    def _ask(self, built: _Built) -> _Part:
        """Return the product's reader on this setting's passages."""
        reader = ExtractiveReader(built.store, load_span_model())
        assistant = Assistant(built.store, built, reader, interpreter_of(built.store))
        scores: dict[str, dict[str, float]] = {}
        times = []
        for outcome in ask_all(assistant, self._asked):
            found = score(outcome.query, outcome.answer)
            scores[outcome.query.id] = {name: found[name] for name in ANSWER_MEASURES if name in found}
            if outcome.answer is not None:
                times.append(outcome.answer["timing_ms"]["total"])
        return _Part(scores, _median(times), round(built.megabytes, 6))

    def _vectors(self, encoder: Encoder, passages: Sequence[Passage]) -> Vectors:
        """Return the vectors of one document's passages."""
        texts = [passage.indexed_text for passage in passages]
        path = self._folder / f"vectors-{_digest(encoder.revision, *texts)}.npy"
        try:
            return cast(Vectors, np.load(path, allow_pickle=False))
        except (OSError, ValueError):
            vectors = encoder.encode_passages(texts)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, vectors, allow_pickle=False)
        part.replace(path)
        return vectors

    def _encoder(self, name: str) -> Encoder:
        if name not in self._encoders:
            self._encoders[name] = self._load(name)
        return self._encoders[name]


@dataclass(frozen=True, slots=True)
class _Part:
    """What is kept of a setting: scores by question, median milliseconds, megabytes."""

    scores: dict[str, dict[str, float]]
    latency_ms: float
    index_mb: float


@dataclass(frozen=True, slots=True)
class _Built:
    """A setting's index; a retriever with its weight of fusion."""

    retriever: HybridRetriever
    store: PassageIndex
    megabytes: float

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """See `Retriever.search`, over all documents: a sweep restricts nothing."""
        return self.retriever.search(query, k)


def _median(milliseconds: Sequence[float]) -> float:
    return round(float(np.median(milliseconds)), 3) if milliseconds else 0.0


def _write(path: Path, content: object) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _document_key(document: Document) -> str:
    return _digest(document.id, document.source, document.text)


def _digest(*parts: str) -> str:
    joined = "\0".join((_FORMAT, *parts)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:24]
