"""Stand-ins for slow parts: pure functions of their input, the same on every machine and in every run."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from index.protocols import Vectors
from index.text import terms


class HashEncoder:
    """Bag of bigrams, each hashed to one signed dimension: texts that share bigrams are near each other."""

    def __init__(self, dim: int = 64, name: str = "hash", revision: str | None = None) -> None:
        self.dim = dim
        self.name = name
        self.revision = revision or f"crc32-{dim}"

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in terms(text):
                code = crc32(term.encode("utf-8", "surrogatepass"))
                vectors[row, code % self.dim] += 1.0 if code & 0x80000000 else -1.0
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        norms: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32)
        return vectors / norms
