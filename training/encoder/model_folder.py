"""The JSON files that make a folder one of sentence-transformers, whatever form the weights in it have."""

from __future__ import annotations

import json
from pathlib import Path

from index.encoding.e5 import PASSAGE_PROMPT, QUERY_PROMPT
from training.encoder.e5_tokenizer import MAX_TOKENS
from training.encoder.e5_weights import Checkpoint


def write_configs(folder: Path, checkpoint: Checkpoint, tokens: int) -> list[str]:
    """Write everything but weights and `tokenizer.json`; returns the names.

    Args:
        folder: of the model.
        checkpoint: whose weights they are, quantised or not.
        tokens: how many the tokenizer knows.
    """
    contents = _configs(checkpoint, tokens)
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return [*contents]


def _configs(checkpoint: Checkpoint, tokens: int) -> dict[str, object]:
    """Contents of the files, by path."""
    vocabulary, shape = checkpoint.vocabulary, checkpoint.shape
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "vocab_size": tokens,
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
        "2_Normalize/config.json": {},
    }


def _module(number: int, path: str, kind: str) -> dict[str, object]:
    return {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
