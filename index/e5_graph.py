"""Builds the network of multilingual-e5-small as an ONNX graph: token ids in, unit vectors out.

BERT (Devlin et al. 2019), mean pooling and L2 normalisation (Wang et al. 2024, "Multilingual E5 Text Embeddings").
The word embeddings stay in the four-bit blocks they come in, so that they are exact and small in memory. The matrix
products run on 8-bit integers: weights with one scale an output, activations with one scale a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from index.e5_weights import BLOCK, Checkpoint

INPUT, OUTPUT = "ids", "vectors"
_OPSET, _IR = 21, 10
_CONTRIB = "com.microsoft"
# 7 bits: an unsigned activation byte times such a weight, twice, fits the 16 bits in which processors without VNNI add
# up, so every processor gives the same sums. The eighth bit would gain nothing on weights that come with 4.
_LARGEST_WEIGHT = 63


@dataclass(slots=True)
class _Graph:
    """The parts of a graph under construction."""

    checkpoint: Checkpoint
    quantised: bool
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Add a constant; returns its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, *names: str) -> str:
        """Add float tensors of the checkpoint, joined end to end, under the first one's name."""
        return self.constant(names[0], np.concatenate([self.checkpoint.floats(name) for name in names]))

    def node(self, op: str, inputs: Sequence[str], *outputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node; returns the name of its first output."""
        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def product(self, inputs: str, *matrices: str) -> str:
        """Multiply by matrices of the checkpoint, side by side."""
        sizes = [self.checkpoint.floats(f"{name}.b").size for name in matrices]
        weights = [
            self.checkpoint.blocks(f"{name}.w", size).dense() for name, size in zip(matrices, sizes, strict=True)
        ]
        name, weight = matrices[0], np.concatenate(weights)
        if not self.quantised:
            return self.node("MatMul", [inputs, self.constant(f"{name}.w", weight.T)], f"{name}.out")
        scales = np.abs(weight).max(axis=1) / _LARGEST_WEIGHT
        quants = np.rint(weight / scales[:, None]).astype(np.int8)
        operands = [inputs, self.constant(f"{name}.w", quants.T), self.constant(f"{name}.s", scales)]
        return self.node("DynamicQuantizeMatMul", operands, f"{name}.out", domain=_CONTRIB)

    def add_and_normalise(self, inputs: str, residual: str, norm: str, *bias: str) -> str:
        """LayerNorm(inputs + residual + bias)."""
        operands = [inputs, residual, self.floats(f"{norm}.w"), self.floats(f"{norm}.b"), *map(self.floats, bias)]
        epsilon = self.checkpoint.shape.epsilon
        return self.node("SkipLayerNormalization", operands, f"{norm}.out", domain=_CONTRIB, epsilon=epsilon)


def build_graph(checkpoint: Checkpoint, kept: NDArray[np.int64], *, quantised: bool = True) -> onnx.ModelProto:
    """The model: `ids`, int64 `(texts, tokens)`, all of one length and unpadded, to `vectors`, float32 unit rows.

    Args:
        checkpoint: the restored weights.
        kept: the old id of each new token id; the embeddings of other tokens are left out.
        quantised: compute with 8-bit integers; otherwise with float32, the reference.
    """
    graph = _Graph(checkpoint, quantised)
    hidden = _embed(graph, kept)
    for number in range(checkpoint.shape.layers):
        hidden = _layer(graph, f"l{number}", hidden)
    axis = graph.constant("token_axis", np.array([1]))
    pooled = graph.node("ReduceMean", [hidden, axis], "pooled", keepdims=0)
    graph.node("LpNormalization", [pooled], OUTPUT, axis=1, p=2)
    ids = helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["texts", "tokens"])
    vectors = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["texts", checkpoint.shape.hidden])
    body = helper.make_graph(graph.nodes, "multilingual-e5-small", [ids], [vectors], graph.constants)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=_IR, producer_name="yiju")


def _embed(graph: _Graph, kept: NDArray[np.int64]) -> str:
    """Word, position and type embeddings, added and normalised."""
    checkpoint, shape = graph.checkpoint, graph.checkpoint.shape
    blocks = checkpoint.blocks("emb.word", shape.vocabulary).rows(kept)
    nibbles = blocks.quants.view(np.uint8) & 15
    packed = (nibbles[:, ::2] | nibbles[:, 1::2] << 4).tobytes()
    graph.constants.append(helper.make_tensor("emb.word.q", TensorProto.INT4, blocks.quants.shape, packed, raw=True))
    operands = ["emb.word.q", INPUT, graph.constant("emb.word.s", blocks.scales)]
    words = graph.node(
        "GatherBlockQuantized", operands, "words", domain=_CONTRIB, gather_axis=0, quantize_axis=1, block_size=BLOCK
    )
    # Every token is of type 0: its embedding is part of the position's.
    table = checkpoint.floats("emb.pos").reshape(shape.positions, -1) + checkpoint.floats("emb.type")[: shape.hidden]
    length = graph.node("Shape", [INPUT], "length", start=1, end=2)
    zero = graph.constant("zero", np.array([0]))
    positions = graph.node(
        "Slice",
        [graph.constant("emb.pos", table[None]), zero, length, graph.constant("one", np.array([1]))],
        "positions",
    )
    return graph.add_and_normalise(words, positions, "emb.ln")


def _layer(graph: _Graph, name: str, hidden: str) -> str:
    """Self-attention and feed-forward, each with its residual and normalisation."""
    size, heads = graph.checkpoint.shape.hidden, graph.checkpoint.shape.heads
    if name == "l0":
        graph.constant("thirds", np.array([size] * 3))
    joined = graph.product(hidden, f"{name}.q", f"{name}.k", f"{name}.v")
    thirds = [f"{name}.query", f"{name}.key", f"{name}.value"]
    graph.node("Split", [joined, "thirds"], *thirds, axis=-1)
    bias = graph.floats(f"{name}.q.b", f"{name}.k.b", f"{name}.v.b")
    mixed = graph.node("MultiHeadAttention", [*thirds, bias], f"{name}.mixed", domain=_CONTRIB, num_heads=heads)
    hidden = graph.add_and_normalise(graph.product(mixed, f"{name}.ao"), hidden, f"{name}.aln", f"{name}.ao.b")
    inner = graph.product(hidden, f"{name}.fi")
    active = graph.node("BiasGelu", [inner, graph.floats(f"{name}.fi.b")], f"{name}.active", domain=_CONTRIB)
    return graph.add_and_normalise(graph.product(active, f"{name}.fo"), hidden, f"{name}.oln", f"{name}.fo.b")
