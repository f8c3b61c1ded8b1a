"""Vectors for texts without encoding all of them: real ones where they are known, else real ones that are perturbed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from index.protocols import Encoder, Vectors
from index.records import Document
from index.store.contents import number_of
from index.structure.splitter import split

_AT_ONCE = 256  # texts encoded between two savings


class Known:
    """Real vectors of texts, kept in a folder from run to run; those of another encoder are not seen.

    Args:
        folder: where they are kept.
        encoder: makes what is not there yet.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._path = folder / f"vectors-{encoder.revision}.npz"
        self._encoder = encoder
        self.numbers, self.vectors = np.zeros(0, np.uint64), np.zeros((0, encoder.dim), np.float32)
        if self._path.is_file():
            with np.load(self._path, allow_pickle=False) as stored:
                self.numbers, self.vectors = stored["numbers"], stored["vectors"]

    def __len__(self) -> int:
        return len(self.numbers)

    def learn(self, documents: Iterable[Document]) -> float:
        """Encode the passages of documents, as far as they are not known yet.

        Returns:
            Seconds a passage; 0 where all were known.
        """
        texts = [passage.indexed_text for document in documents for passage in split(document)]
        missing = iter(text for text in dict.fromkeys(texts) if self.find([text])[0] is None)
        began, count = time.perf_counter(), 0
        while some := list(islice(missing, _AT_ONCE)):
            made = self._encoder.encode_passages(some)
            self._take(np.array([number_of(text) for text in some], np.uint64), made)
            count += len(some)
        return (time.perf_counter() - began) / count if count else 0.0

    def find(self, texts: Sequence[str]) -> list[Vectors | None]:
        """Return the vector of each text, where it is known."""
        wanted = np.array([number_of(text) for text in texts], np.uint64)
        at = np.minimum(np.searchsorted(self.numbers, wanted), max(0, len(self.numbers) - 1))
        known = self.numbers[at] == wanted if len(self) else np.zeros(len(texts), np.bool_)
        return [self.vectors[place] if each else None for place, each in zip(at, known, strict=True)]

    def noise(self) -> float:
        """Return how far to perturb, so that two copies are as near as a text and its nearest neighbour are.

        Their median.
        """
        some = self.vectors[:: max(1, len(self) // 1000)]
        likeness = some @ self.vectors.T
        likeness[likeness > 0.99999] = -1.0  # itself, and what is said twice
        nearest = float(np.median(likeness.max(axis=1)))
        return float(np.sqrt(1.0 / nearest - 1.0))  # of two copies the cosine is 1 / (1 + noise²)

    def _take(self, numbers: np.ndarray[tuple[int], np.dtype[np.uint64]], vectors: Vectors) -> None:
        numbers, first = np.unique(np.concatenate([self.numbers, numbers]), return_index=True)
        self.numbers, self.vectors = numbers, np.concatenate([self.vectors, vectors])[first]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, numbers=self.numbers, vectors=self.vectors)
        part.replace(self._path)


class Perturbing:
    """An encoder that gives known texts their own vectors and others those of known ones, perturbed; always the same.

    Args:
        known: what is known.
        encoder: the real one, for questions, and for what it is called.
    """

    independent = True

    def __init__(self, known: Known, encoder: Encoder) -> None:
        self._known = known
        self._encoder = encoder
        self._noise = known.noise()
        self.name, self.revision, self.dim = encoder.name, encoder.revision, encoder.dim

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return a vector for each text."""
        found = self._known.find(texts)
        return np.stack(
            [self._made(text) if vector is None else vector for text, vector in zip(texts, found, strict=True)]
        )

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return real ones."""
        return self._encoder.encode_queries(texts)

    def _made(self, text: str) -> Vectors:
        chance = np.random.default_rng(number_of(text))
        vector = self._known.vectors[chance.integers(len(self._known))]
        moved = vector + self._noise / np.sqrt(self.dim) * chance.standard_normal(self.dim, np.float32)
        unit: Vectors = (moved / np.linalg.norm(moved)).astype(np.float32)
        return unit
