"""An encoder with a cache: retriever and reader encode the same questions and words."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from index.protocols import Encoder, Vectors

Vector = NDArray[np.float32]


class RememberingEncoder:
    """Another encoder, with the vectors of the texts it met last kept.

    Safe to share between threads. Vectors are the wrapped encoder's own.

    Args:
        encoder: the encoder that does the work.
        size: how many vectors are kept; 8,192 of 384 dimensions are 12 MB.
    """

    def __init__(self, encoder: Encoder, size: int = 8192) -> None:
        self._encoder = encoder
        self._size = size
        self._kept: OrderedDict[tuple[str, str], Vector] = OrderedDict()
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
            known = {text: self._kept[role, text] for text in texts if (role, text) in self._kept}
            for text in known:
                self._kept.move_to_end((role, text))
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            fresh = dict(zip(missing, encode(missing), strict=True))
            known.update(fresh)
            self._keep(role, fresh)
        return np.stack([known[text] for text in texts]) if texts else np.empty((0, self.dim), np.float32)

    def _keep(self, role: str, vectors: Mapping[str, Vector]) -> None:
        with self._lock:
            self._kept.update(((role, text), vector) for text, vector in vectors.items())
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
