"""The default encoder: multilingual-e5-small on onnxruntime, from the model files that come with the product."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from index.encoding.model_files import MODELS, load_model, load_tokenizer, run, stated_revision
from index.protocols import Vectors

NAME = "multilingual-e5-small"
DIM = 384
QUERY_PROMPT, PASSAGE_PROMPT = "query: ", "passage: "
MODEL = "onnx/model.onnx"
"""Where sentence-transformers looks for it too: the whole folder is one of its own."""

# A run takes some 10 MB of working memory; beyond this, more threads would only crowd out other processes.
_MOST_THREADS = 8


class E5Encoder:
    """multilingual-e5-small with 8-bit arithmetic.

    On one machine a vector depends on its own text alone, to the last bit: each text runs through the network by itself
    on one thread, so neither the other texts of a call nor the number of processors matter. Several texts run side by
    side. A processor that adds floats in another order may round some activation the other way: the vectors of one text
    then differ about as much as from float32 (cosines from 0.9987; of the mean text 0.9995).
    Texts are cut at 512 tokens, about 750 Chinese characters. Calls from several threads are safe.

    Args:
        session: of the graph that `training.encoder.e5_graph` builds, one thread a run.
        tokenizer: that `training.encoder.e5_tokenizer` builds.
        revision: pins both.
        threads: how many texts run at the same time, at least 1.
    """

    name = NAME
    dim = DIM
    independent: Literal[True] = True

    def __init__(self, session: ort.InferenceSession, tokenizer: Tokenizer, revision: str, *, threads: int) -> None:
        self.revision = revision
        self._session = session
        self._tokenizer = tokenizer
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="encode")

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to be found. Returns float32 `(len(texts), 384)`, unit rows, in input order."""
        return self._encode(PASSAGE_PROMPT, texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to search with. Returns float32 `(len(texts), 384)`, unit rows, in input order."""
        return self._encode(QUERY_PROMPT, texts)

    def _encode(self, prompt: str, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), DIM), dtype=np.float32)

        def fill(row: int) -> None:
            vectors[row] = self._encode_one(prompt + texts[row])

        if len(texts) == 1:
            fill(0)
            return vectors
        # Longest first, so that no thread is left alone with a long text at the end.
        for _ in self._workers.map(fill, sorted(range(len(texts)), key=lambda row: -len(texts[row]))):
            pass
        return vectors

    def _encode_one(self, text: str) -> Vectors:
        # A lone surrogate is no character: the tokenizer would refuse it.
        clean = text.encode("utf-8", "replace").decode("utf-8")
        ids = np.array([self._tokenizer.encode(clean).ids], dtype=np.int64)
        vector: Vectors = run(self._session, "vectors", input_ids=ids, attention_mask=np.ones_like(ids))[0]
        return vector


def load_e5(folder: Path = MODELS, *, threads: int | None = None) -> E5Encoder:
    """Load the default encoder.

    Args:
        folder: with its files and their manifest.
        threads: how many texts run at the same time; by default one for each processor, up to eight.

    Raises:
        ModelUnavailable: if a file is missing or altered.
    """
    session, tokenizer = load_model(folder, MODEL), load_tokenizer(folder)
    return E5Encoder(
        session, tokenizer, stated_revision(folder), threads=threads or min(_MOST_THREADS, os.cpu_count() or 1)
    )
