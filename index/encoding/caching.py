"""An encoder with a cache: retriever and reader encode the same questions and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Lock

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from index.protocols import Encoder, Vectors

Vector = NDArray[np.float32]

KEPT_BYTES = 16 * 2**20
"""How much memory the kept vectors may take with their texts: some 7,000 of 384 dimensions and 30 characters."""

_ENTRY_BYTES = 600
"""What an entry takes beside the numbers of its vector and the characters of its text, as `tracemalloc` has it."""


class RememberingEncoder:
    """Another encoder, with the vectors of the texts it met last kept.

    Safe to share between threads. Vectors are the wrapped encoder's own.

    Args:
        encoder: the encoder that does the work.
        size: how many bytes the kept vectors and their texts may take.
    """

    def __init__(self, encoder: Encoder, size: int = KEPT_BYTES) -> None:
        self._encoder = encoder
        self._kept: LRUCache[tuple[str, str], tuple[str, Vector]] = LRUCache(size, getsizeof=_bytes_of)
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Return the wrapped encoder's name."""
        return self._encoder.name

    @property
    def revision(self) -> str:
        """Return the wrapped encoder's revision."""
        return self._encoder.revision

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._encoder.dim

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Encode as the wrapped encoder does; texts of late come from the cache."""
        return self._encode("passage", texts, self._encoder.encode_passages)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode as the wrapped encoder does; questions of late come from the cache."""
        return self._encode("query", texts, self._encoder.encode_queries)

    def _encode(self, role: str, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
        with self._lock:
            known = {text: self._kept[role, text][1] for text in texts if (role, text) in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            fresh = dict(zip(missing, encode(missing), strict=True))
            known.update(fresh)
            self._keep(role, fresh)
        return np.stack([known[text] for text in texts]) if texts else np.empty((0, self.dim), np.float32)

    def _keep(self, role: str, vectors: Mapping[str, Vector]) -> None:
        with self._lock:
            for text, vector in vectors.items():
                with suppress(ValueError):  # one that alone is too large
                    # A copy, since a row keeps all rows that were encoded with it.
                    self._kept[role, text] = text, vector.copy()


def _bytes_of(entry: tuple[str, Vector]) -> int:
    """Return about how many bytes an entry takes; Chinese text has two a character, rarer scripts four."""
    text, vector = entry
    return _ENTRY_BYTES + vector.nbytes + (2 if text.isascii() or max(text) < "\U00010000" else 4) * len(text)
