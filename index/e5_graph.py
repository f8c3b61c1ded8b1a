"""Builds the network of multilingual-e5-small as an ONNX graph: token ids in, unit vectors out.

BERT (Devlin et al. 2019), mean pooling and L2 normalisation (Wang et al. 2024, "Multilingual E5 Text Embeddings").
The word embeddings stay in the four-bit blocks they come in, so they are exact and small in memory. The matrix products
run on 8-bit integers: weights with one scale an output, activations with one scale and zero point a call.
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
_OPSET, _IR = 23, 11
_CONTRIB = "com.microsoft"
# 7 bits: two products of an unsigned byte with such a weight fit the 16 bits in which processors without VNNI add them,
# so all processors get the same sums. The eighth bit would bring vectors from a cosine of 0.9986 to float32 to 0.9990.
_LARGEST_WEIGHT = 63
# Inner neurons, by layer, that answer <s> and </s> with 30 to 50 where all others stay below 8. Quantised beside them
# the others would keep 3 bits less; computed apart in float32 they cost 0.1 ms and halve the distance to float32.
_LOUD_NEURONS = {0: 318, 4: 778, 5: 658}

_Weights = NDArray[np.float32]


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

    def node(self, op: str, inputs: Sequence[str], *outputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node; returns the name of its first output."""
        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def dense(self, *layers: str) -> tuple[_Weights, _Weights]:
        """Weights `(outputs, inputs)` and biases of dense layers of the checkpoint, side by side."""
        biases = [self.checkpoint.floats(f"{layer}.b") for layer in layers]
        blocks = [self.checkpoint.blocks(f"{layer}.w", bias.size) for layer, bias in zip(layers, biases, strict=True)]
        return np.concatenate([part.dense() for part in blocks]), np.concatenate(biases)

    def linear(self, inputs: str, name: str, weight: _Weights, bias: _Weights) -> str:
        """inputs x weight + bias, in 8-bit integers if the graph is quantised."""
        if not self.quantised:
            return self.float_linear(inputs, name, weight, bias)
        largest = np.abs(weight).max(axis=1)
        scales = np.where(largest > 0, largest, 1) / np.float32(_LARGEST_WEIGHT)
        quants = np.rint(weight / scales[:, None]).astype(np.int8)
        operands = [self.constant(f"{name}.w", quants.T), self.constant(f"{name}.s", scales)]
        operands += ["", self.constant(f"{name}.b", bias)]
        return self.node("DynamicQuantizeMatMul", [inputs, *operands], f"{name}.out", domain=_CONTRIB)

    def float_linear(self, inputs: str, name: str, weight: _Weights, bias: _Weights) -> str:
        """inputs x weight + bias, in float32."""
        product = self.node("MatMul", [inputs, self.constant(f"{name}.w", weight.T)], f"{name}.product")
        return self.node("Add", [product, self.constant(f"{name}.b", bias)], f"{name}.out")

    def add_and_normalise(self, inputs: str, residual: str, norm: str) -> str:
        """LayerNorm(inputs + residual). Two nodes: the one that does both takes five times as long."""
        total = self.node("Add", [inputs, residual], f"{norm}.sum")
        scale, shift = (self.constant(f"{norm}.{part}", self.checkpoint.floats(f"{norm}.{part}")) for part in "wb")
        epsilon = self.checkpoint.shape.epsilon
        return self.node("LayerNormalization", [total, scale, shift], f"{norm}.out", axis=-1, epsilon=epsilon)


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
        hidden = _layer(graph, number, hidden)
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


def _layer(graph: _Graph, number: int, hidden: str) -> str:
    """Self-attention and feed-forward, each with its residual and normalisation."""
    name, size, heads = f"l{number}", graph.checkpoint.shape.hidden, graph.checkpoint.shape.heads
    if number == 0:
        graph.constant("thirds", np.array([size] * 3))
    joined = graph.linear(hidden, f"{name}.qkv", *graph.dense(f"{name}.q", f"{name}.k", f"{name}.v"))
    thirds = [f"{name}.query", f"{name}.key", f"{name}.value"]
    graph.node("Split", [joined, "thirds"], *thirds, axis=-1)
    mixed = graph.node("Attention", thirds, f"{name}.mixed", q_num_heads=heads, kv_num_heads=heads)
    attended = graph.linear(mixed, f"{name}.ao", *graph.dense(f"{name}.ao"))
    return _feed_forward(graph, number, graph.add_and_normalise(attended, hidden, f"{name}.aln"))


def _feed_forward(graph: _Graph, number: int, hidden: str) -> str:
    """Two dense layers with GELU between, residual and normalisation."""
    name, loud = f"l{number}", _LOUD_NEURONS.get(number)
    widen, narrow = graph.dense(f"{name}.fi"), graph.dense(f"{name}.fo")
    residual = hidden
    if graph.quantised and loud is not None:
        alone = graph.float_linear(hidden, f"{name}.loud_in", *(part[[loud]] for part in widen))
        alone = graph.node("Gelu", [alone], f"{name}.loud")
        spread = graph.constant(f"{name}.loud_out.w", narrow[0][:, loud][None])
        residual = graph.node(
            "Add", [graph.node("MatMul", [alone, spread], f"{name}.loud_out"), hidden], f"{name}.residual"
        )
        # GELU(0) = 0: without weights and bias the neuron is silent in the quantised products.
        for part in widen:
            part[loud] = 0
    active = graph.node("Gelu", [graph.linear(hidden, f"{name}.fi", *widen)], f"{name}.active")
    return graph.add_and_normalise(graph.linear(active, f"{name}.fo", *narrow), residual, f"{name}.oln")
