"""The default encoder's weights in the form that transformers and sentence-transformers load: what we compare with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoding.e5 import PASSAGE_PROMPT, QUERY_PROMPT
from training.encoder.e5_tokenizer import MAX_TOKENS, build_tokenizer
from training.encoder.e5_weights import Checkpoint

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
    (folder / "2_Normalize").mkdir()
    for name, content in _configs(checkpoint).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")


def _configs(checkpoint: Checkpoint) -> dict[str, object]:
    """Contents of the folder's JSON files, by path."""
    vocabulary, shape = checkpoint.vocabulary, checkpoint.shape
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.types,
            "layer_norm_eps": shape.epsilon,
            "pad_token_id": vocabulary.pad,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": MAX_TOKENS,
            "model_input_names": ["input_ids", "attention_mask"],
            "bos_token": "<s>",
            "eos_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
        },
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {"query": QUERY_PROMPT, "document": PASSAGE_PROMPT}},
        "modules.json": [
            _module(0, "", "Transformer"),
            _module(1, "1_Pooling", "Pooling"),
            _module(2, "2_Normalize", "Normalize"),
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True},
    }


def _module(number: int, path: str, kind: str) -> dict[str, object]:
    return {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}


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
