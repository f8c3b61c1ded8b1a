"""Where encoders come from: the default one, or any sentence-transformers model."""

from __future__ import annotations

from collections.abc import Callable

from index.encoding import e5
from index.protocols import Encoder

DEFAULT_ENCODER = e5.NAME


def load_encoder(
    name: str = DEFAULT_ENCODER, *, progress: Callable[[str], None] | None = None, threads: int | None = None
) -> Encoder:
    """Load an encoder by name.

    Args:
        name: `multilingual-e5-small`, which comes with the product; any other name is a sentence-transformers model: a
            name on the hub such as `BAAI/bge-small-zh-v1.5`, or a local folder.
        progress: told, in Chinese, what takes long.
        threads: how many texts the default encoder works on at the same time; by default one for each processor.

    Raises:
        MissingDependency: if a package the encoder needs is not installed.
        ModelUnavailable: if the model cannot be found, fetched or read, or a file of the default one is altered.
    """
    if name == DEFAULT_ENCODER:
        return e5.load_e5(threads=threads)
    from index.encoding.sentence_transformers_encoder import load_sentence_transformer

    return load_sentence_transformer(name, progress)
