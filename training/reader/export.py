"""Make the shipped model of a training run: `python -m training.reader.export`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from index.encoding.model_files import load_tokenizer
from qa.reading.model_input import InputTokenizer, Window
from qa.reading.span_model import MODEL, MODELS
from training.encoder.e5_graph import Graph, loud_neurons, trunk
from training.encoder.e5_tokenizer import kept_rows
from training.encoder.e5_weights import Checkpoint, Shape, Tensors, load_checkpoint, locate_weights
from training.encoder.manifests import write_manifest

SOURCE = "trained from intfloat/multilingual-e5-small (MIT) on data that README.md names; CC BY-SA 4.0"
RECIPE = "make reader"
CALIBRATION = Window("关于印发实施方案的通知", ("一、主要目标",), "到2025年，森林覆盖率达到24.1%，由省林业局牵头。")
"""A window that shows which neurons are loud; any would."""

Arrays = Mapping[str, NDArray[np.float32]]


def tensors(state: Arrays, checkpoint: Checkpoint) -> Tensors:
    """Return the trained trunk under the names of the checkpoint, whose embeddings it shares."""
    shape: Shape = checkpoint.shape
    found = {name: checkpoint.floats(name) for name in ("emb.pos", "emb.type")}
    found |= {"emb.ln.w": state["norm.weight"], "emb.ln.b": state["norm.bias"]}
    for number in range(shape.layers):
        new, old = f"layers.{number}", f"l{number}"
        for suffix, part in (("w", "weight"), ("b", "bias")):
            thirds = np.split(state[f"{new}.qkv.{part}"], 3)
            found |= {f"{old}.{name}.{suffix}": third for name, third in zip("qkv", thirds, strict=True)}
            names = ("ao", "fi", "fo", "aln", "oln")
            found |= {f"{old}.{name}.{suffix}": state[f"{new}.{name}.{part}"] for name in names}
    return Tensors(shape, found)


def reader(state: Arrays, checkpoint: Checkpoint, *, quantised: bool = True) -> onnx.ModelProto:
    """Return the model: `ids`, int64 `(texts, tokens)`, to two float32 outputs.

    `scores` `(texts, tokens, 2)` are of starts and ends; `support` `(texts, 2)` are logits that the marked candidate
    answers, and that it says yes.
    """
    tokenizer = load_tokenizer()
    words = checkpoint.blocks("emb.word", checkpoint.shape.vocabulary).rows(kept_rows(tokenizer, checkpoint.vocabulary))
    weights = tensors(state, checkpoint)
    example = InputTokenizer(tokenizer)("森林覆盖率要达到多少？", CALIBRATION)
    graph = Graph(weights, quantised, loud_neurons(weights, words, [example.ids]) if quantised else {})
    hidden = trunk(graph, words)
    scores = graph.float_linear(hidden, "span", state["span.weight"], state["span.bias"])
    graph.node("Identity", [scores], "scores")
    beginning = graph.node("Gather", [hidden, graph.constant("first", np.array([0]))], "beginning", axis=1)
    first = graph.node("Squeeze", [beginning, graph.constant("first_axis", np.array([1]))], "first_token")
    support = graph.float_linear(first, "support", state["support.weight"], state["support.bias"])
    graph.node("Identity", [support], "support")
    return graph.model("yiju-reader", {"scores": ["texts", "tokens", 2], "support": ["texts", 2]})


def main(argv: Sequence[str] | None = None) -> int:
    """Export. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.reader.export", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=Path("data/training/checkpoint.pt"))
    parser.add_argument("--folder", type=Path, default=MODELS)
    parser.add_argument("--float", action="store_true", help="float32, to compare the shipped model with")
    given = parser.parse_args(argv)
    state = torch.load(given.checkpoint, weights_only=True)["network"]
    arrays = {name: value.float().numpy() for name, value in state.items()}
    model = reader(arrays, load_checkpoint(locate_weights()), quantised=not given.float)
    given.folder.mkdir(parents=True, exist_ok=True)
    (given.folder / MODEL).write_bytes(model.SerializeToString(deterministic=True))
    write_manifest(given.folder, (MODEL,), source=SOURCE, recipe=RECIPE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
