"""An encoder that remembers the last questions: retriever and reader encode the same one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from index.protocols import Encoder, Vectors

Vector = NDArray[np.float32]


class RememberingEncoder:
    """Another encoder, with the vectors of its last queries kept.

    Safe to share between threads. Vectors are the wrapped encoder's own.

    Args:
        encoder: the encoder that does the work.
        size: how many queries are kept.
    """

    def __init__(self, encoder: Encoder, size: int = 8192) -> None:
        self._encoder = encoder
        self._size = size
        self._kept: OrderedDict[str, Vector] = OrderedDict()
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The wrapped encoder's name."""
        return self._encoder.name

    @property
    def revision(self) -> str:
        """The wrapped encoder's revision."""
        return self._encoder.revision

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._encoder.dim

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """As the wrapped encoder."""
        return self._encoder.encode_passages(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As the wrapped encoder; what was asked lately is not encoded again."""
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, self._encoder.encode_queries(missing), strict=True))
            self._keep(known)
        return np.stack([known[text] for text in texts]) if texts else np.empty((0, self.dim), np.float32)

    def _keep(self, vectors: Mapping[str, Vector]) -> None:
        with self._lock:
            self._kept.update(vectors)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
