"""Retrieval under many settings: encoder × length of passages × weight of fusion, at several depths.

Everything that takes time is kept in a folder under a name made of all it depends on: the vectors of each document for
each encoder and length, and each setting's findings. So a sweep computes only what changed, also after Ctrl-C.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np

from eval.records import Dataset
from eval.retrieval_metrics import score_run
from eval.stages import evidence_qrels
from index.dense import DenseIndex
from index.passage_index import PassageIndex
from index.protocols import Encoder, Vectors
from index.records import Document, Passage
from index.retrievers import DenseRetriever, HybridRetriever, LexicalRetriever
from index.sparse import SparseIndex
from index.splitter import split

Loader = Callable[[str], Encoder]

_FORMAT = "1"
"""Changes when what is kept changes its meaning."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to find passages.

    Attributes:
        encoder: its name.
        size: characters of the longest passage.
        weight: share of meaning in fusion, 0 to 1.
    """

    encoder: str
    size: int
    weight: float

    def __str__(self) -> str:
        return f"{self.encoder} · {self.size} 字 · 语义 {self.weight:g}"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a setting reached.

    Attributes:
        setting: which.
        scores: question id → measure → value.
        latency_ms: median time of encoding and searching one question.
        index_mb: vectors and postings in memory.
    """

    setting: Setting
    scores: dict[str, dict[str, float]]
    latency_ms: float
    index_mb: float

    def mean(self, measure: str) -> float:
        """The average of a measure over all questions."""
        return float(np.mean([each[measure] for each in self.scores.values()]))


def measures_at(depths: Sequence[int]) -> list[str]:
    """What is measured: evidence within each depth, and how high it stands."""
    return [*(f"Success@{depth}" for depth in depths), "RR", f"nDCG@{max(depths)}"]


class Sweep:
    """Runs settings over one data set, with a memory on disk.

    Args:
        dataset: questions; those with evidence count.
        documents: what is searched.
        cache: folder for what was computed; made where missing.
        load: opens an encoder by name; called once for each.
        depths: how many passages one may look at.

    Raises:
        ValueError: if no question has evidence, or a depth is below 1.
    """

    def __init__(
        self, dataset: Dataset, documents: Sequence[Document], cache: Path, load: Loader, depths: Sequence[int]
    ) -> None:
        self._queries = [query for query in dataset.queries if query.evidence]
        if not self._queries:
            raise ValueError(f"{dataset.name} 没有一个问题带证据，检索无从评起")
        if min(depths) < 1:
            raise ValueError(f"深度至少为 1，这里是 {min(depths)}")
        self._documents = sorted(documents, key=lambda document: document.id)
        self._cache = cache
        self._load = load
        self._depths = sorted(set(depths))
        self._encoders: dict[str, Encoder] = {}
        self._inputs = _digest(dataset.sha256, *(_document_key(each) for each in self._documents))

    def run(self, settings: Sequence[Setting]) -> Iterator[Measured]:
        """Each setting's result, in order, as soon as it is there.

        Raises:
            YijuError: if an encoder cannot be loaded or fails.
            OSError: if the folder cannot be written.
        """
        self._cache.mkdir(parents=True, exist_ok=True)
        for setting in settings:
            yield self._kept(setting) or self._computed(setting)

    def _kept(self, setting: Setting) -> Measured | None:
        path = self._path(setting)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return Measured(setting, content["scores"], content["latency_ms"], content["index_mb"])
        except (OSError, ValueError, KeyError, TypeError):
            return None  # not there, or cut off in writing

    def _computed(self, setting: Setting) -> Measured:
        encoder = self._encoder(setting.encoder)
        contents = [(document, split(document, max_characters=setting.size)) for document in self._documents]
        passages = [passage for _, found in contents for passage in found]
        vectors = np.concatenate([self._vectors(encoder, found) for _, found in contents])
        sparse = SparseIndex.build(passage.indexed_text for passage in passages)
        dense = DenseRetriever(passages, DenseIndex(vectors), encoder)
        retriever = HybridRetriever(passages, dense, LexicalRetriever(passages, sparse), setting.weight)
        store = PassageIndex(contents, DenseIndex(vectors), sparse, encoder)
        measured = self._measured(setting, retriever, store, (vectors.nbytes + sparse.postings.nbytes) / 1e6)
        _write(self._path(setting), {name: value for name, value in asdict(measured).items() if name != "setting"})
        return measured

    def _measured(
        self, setting: Setting, retriever: HybridRetriever, store: PassageIndex, megabytes: float
    ) -> Measured:
        run: dict[str, dict[str, float]] = {}
        times = []
        for query in self._queries:
            start = time.perf_counter()
            hits = retriever.search(query.question, self._depths[-1])
            times.append((time.perf_counter() - start) * 1e3)
            run[query.id] = {hit.passage.id: hit.score for hit in hits}
        scores = score_run(evidence_qrels(store, self._queries), run, measures_at(self._depths))
        return Measured(setting, scores, round(float(np.median(times)), 3), round(megabytes, 6))

    def _vectors(self, encoder: Encoder, passages: Sequence[Passage]) -> Vectors:
        """The vectors of one document's passages."""
        texts = [passage.indexed_text for passage in passages]
        path = self._cache / f"vectors-{_digest(encoder.revision, *texts)}.npy"
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

    def _path(self, setting: Setting) -> Path:
        # Loaded even where all is kept: a local model may have changed under its name, and its revision tells.
        revision = self._encoder(setting.encoder).revision
        key = _digest(self._inputs, revision, str(setting.size), repr(setting.weight), repr(self._depths))
        return self._cache / f"measured-{key}.json"


def _write(path: Path, content: object) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _document_key(document: Document) -> str:
    return _digest(document.id, document.source, document.text)


def _digest(*parts: str) -> str:
    joined = "\0".join((_FORMAT, *parts)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:24]
