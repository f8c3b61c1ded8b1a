"""The default encoder's weights in the form that transformers and sentence-transformers load: what we compare with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.encoder.e5_tokenizer import build_tokenizer
from training.encoder.e5_weights import Checkpoint
from training.encoder.model_folder import write_configs

# Where BERT keeps what the weights file names thus.
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_NORMS = ("aln", "oln")


def write_reference(checkpoint: Checkpoint, folder: Path) -> None:
    """Write the restored float32 model, whole vocabulary, as a sentence-transformers folder.

    Args:
        checkpoint: the restored weights.
        folder: an empty folder.

    Raises:
        ImportError: if safetensors is not installed.
    """
    from safetensors.numpy import save_file

    save_file(_tensors(checkpoint), folder / "model.safetensors", metadata={"format": "pt"})
    vocabulary = checkpoint.vocabulary
    build_tokenizer(vocabulary, np.arange(len(vocabulary.pieces))).save(str(folder / "tokenizer.json"))
    write_configs(folder, checkpoint, checkpoint.shape.vocabulary)


def _tensors(checkpoint: Checkpoint) -> dict[str, NDArray[np.float32]]:
    shape = checkpoint.shape
    tensors = {
        "embeddings.word_embeddings.weight": checkpoint.blocks("emb.word", shape.vocabulary).dense(),
        "embeddings.position_embeddings.weight": checkpoint.floats("emb.pos").reshape(shape.positions, -1),
        "embeddings.token_type_embeddings.weight": checkpoint.floats("emb.type").reshape(shape.types, -1),
        "embeddings.LayerNorm.weight": checkpoint.floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": checkpoint.floats("emb.ln.b"),
    }
    for number in range(shape.layers):
        for ours, theirs in _LAYER.items():
            source, target = f"l{number}.{ours}", f"encoder.layer.{number}.{theirs}"
            tensors[f"{target}.bias"] = checkpoint.floats(f"{source}.b")
            tensors[f"{target}.weight"] = (
                checkpoint.floats(f"{source}.w") if ours in _NORMS else checkpoint.dense(source)[0]
            )
    return tensors
