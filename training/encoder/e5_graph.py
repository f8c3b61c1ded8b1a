"""Builds the network of multilingual-e5-small as an ONNX graph: token ids in, unit vectors out, or other heads' scores.

BERT (Devlin et al. 2019), mean pooling and L2 normalisation (Wang et al. 2024, "Multilingual E5 Text Embeddings").
The word embeddings stay in the four-bit blocks they come in, so they are exact and small in memory. The matrix products
run on 8-bit integers: weights with one scale an output, activations with one scale and zero point a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.encoder.e5_weights import BLOCK, Blocks, Checkpoint, Shape

INPUT, OUTPUT = "ids", "vectors"
IDS, MASK, STATES = "input_ids", "attention_mask", "last_hidden_state"
"""What transformers calls the inputs and the output of an encoder: its graph goes by these names."""
_OPSET, _IR = 23, 11
_CONTRIB = "com.microsoft"
# 7 bits: two products of an unsigned byte with such a weight fit the 16 bits in which processors without VNNI add them,
# so all processors get the same sums. The eighth bit would bring vectors from a cosine of 0.9986 to float32 to 0.9990.
_LARGEST_WEIGHT = 63
# Neurons this many times as loud as the next one of their layer are computed apart, but never more than a few.
_LOUD, _MOST = 3.0, 4

_Floats = NDArray[np.float32]


class Weights(Protocol):
    """Trained weights by the checkpoint's names; `Checkpoint` and `Tensors` are such."""

    @property
    def shape(self) -> Shape:
        """Sizes of the network."""
        ...

    def floats(self, name: str) -> _Floats:
        """Return a tensor, flat."""
        ...

    def dense(self, layer: str) -> tuple[_Floats, _Floats]:
        """Return weights `(outputs, inputs)` and biases of a dense layer."""
        ...


@dataclass(slots=True)
class Graph:
    """The parts of a graph under construction.

    Attributes:
        weights: of the trunk.
        quantised: compute with 8-bit integers; otherwise with float32, the reference.
        loud: inner neurons by layer, from `loud_neurons`. Quantised beside them the others of their layer would keep
            some bits less; computed apart in float32 each layer's costs 0.03 ms.
        ids: name of the input with the token ids.
        mask: name of a second input that tells tokens, 1, from padding, 0; empty for a graph that takes no padding.
    """

    weights: Weights
    quantised: bool = False
    loud: Mapping[int, Sequence[int]] = field(default_factory=dict)
    ids: str = INPUT
    mask: str = ""
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

    def dense(self, *layers: str) -> tuple[_Floats, _Floats]:
        """Return weights `(outputs, inputs)` and biases of dense layers, side by side."""
        weights, biases = zip(*map(self.weights.dense, layers), strict=True)
        return np.concatenate(weights), np.concatenate(biases)

    def linear(self, inputs: str, name: str, weight: _Floats, bias: _Floats) -> str:
        """Add inputs x weight + bias, in 8-bit integers if the graph is quantised."""
        if not self.quantised:
            return self.float_linear(inputs, name, weight, bias)
        largest = np.abs(weight).max(axis=1)
        scales = np.where(largest > 0, largest, 1) / np.float32(_LARGEST_WEIGHT)
        quants = np.rint(weight / scales[:, None]).astype(np.int8)
        operands = [self.constant(f"{name}.w", quants.T), self.constant(f"{name}.s", scales)]
        operands += ["", self.constant(f"{name}.b", bias)]
        return self.node("DynamicQuantizeMatMul", [inputs, *operands], f"{name}.out", domain=_CONTRIB)

    def float_linear(self, inputs: str, name: str, weight: _Floats, bias: _Floats) -> str:
        """Add inputs x weight + bias, in float32."""
        product = self.node("MatMul", [inputs, self.constant(f"{name}.w", weight.T)], f"{name}.product")
        return self.node("Add", [product, self.constant(f"{name}.b", bias)], f"{name}.out")

    def add_and_normalise(self, inputs: str, residual: str, norm: str) -> str:
        """LayerNorm(inputs + residual). Two nodes: the one that does both takes five times as long."""
        total = self.node("Add", [inputs, residual], f"{norm}.sum")
        scale, shift = (self.constant(f"{norm}.{part}", self.weights.floats(f"{norm}.{part}")) for part in "wb")
        epsilon = self.weights.shape.epsilon
        return self.node("LayerNormalization", [total, scale, shift], f"{norm}.out", axis=-1, epsilon=epsilon)

    def model(self, name: str, outputs: Mapping[str, Sequence[str | int]]) -> onnx.ModelProto:
        """Return the finished model.

        Args:
            name: of the model.
            outputs: the shape of each float32 output, by name.
        """
        inputs = [
            helper.make_tensor_value_info(each, TensorProto.INT64, ["texts", "tokens"])
            for each in (self.ids, self.mask)
            if each
        ]
        results = [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()]
        body = helper.make_graph(self.nodes, name, inputs, results, self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
        return helper.make_model(body, opset_imports=opsets, ir_version=_IR, producer_name="yiju")


def build_graph(
    checkpoint: Checkpoint,
    kept: NDArray[np.int64],
    *,
    quantised: bool = True,
    loud: Mapping[int, Sequence[int]] | None = None,
) -> onnx.ModelProto:
    """Return the model: `input_ids` and `attention_mask`, int64 `(texts, tokens)`, to what two kinds of callers want.

    `last_hidden_state`, float32 `(texts, tokens, hidden)`, is for sentence-transformers, which averages and normalises
    by itself; `vectors`, float32 unit rows, are the same of texts of one length, unpadded.

    Args:
        checkpoint: the restored weights.
        kept: the old id of each new token id; the embeddings of other tokens are left out.
        quantised: compute with 8-bit integers; otherwise with float32, the reference.
        loud: from `loud_neurons`.
    """
    graph = Graph(checkpoint, quantised, loud or {}, IDS, MASK)
    hidden = trunk(graph, checkpoint.blocks("emb.word", checkpoint.shape.vocabulary).rows(kept))
    graph.node("Identity", [hidden], STATES)
    axis = graph.constant("token_axis", np.array([1]))
    pooled = graph.node("ReduceMean", [hidden, axis], "pooled", keepdims=0)
    graph.node("LpNormalization", [pooled], OUTPUT, axis=1, p=2)
    size = checkpoint.shape.hidden
    return graph.model("multilingual-e5-small", {STATES: ["texts", "tokens", size], OUTPUT: ["texts", size]})


def trunk(graph: Graph, words: Blocks) -> str:
    """Add embeddings and all layers.

    Args:
        graph: with nothing in it yet.
        words: the embedding of each token id.

    Returns:
        The name of what comes out: float32 `(texts, tokens, hidden)`, for heads to work on.
    """
    hidden = _embed(graph, words)
    for number in range(graph.weights.shape.layers):
        hidden = _layer(graph, number, hidden)
    return hidden


def loud_neurons(weights: Weights, words: Blocks, texts: Iterable[Sequence[int]]) -> dict[int, list[int]]:
    """Return the inner neurons, by layer, that answer some token far louder than all others of their layer answer any.

    Such a neuron serves <s> and </s>, with 30 to 50 where others stay below 8: any text shows it.

    Args:
        weights: of the trunk.
        words: the embedding of each token id.
        texts: token ids of each.

    Returns:
        For each layer with any, the few neurons that stand before a gap of at least threefold.
    """
    graph = Graph(weights)
    trunk(graph, words)
    inner = [f"l{number}.active" for number in range(weights.shape.layers)]
    model = graph.model("calibration", {name: ["texts", "tokens", "neurons"] for name in inner})
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = [session.run(inner, {INPUT: np.array([ids], dtype=np.int64)}) for ids in texts]
    loudness = np.max([[np.abs(layer).max(axis=(0, 1)) for layer in layers] for layers in answers], axis=0)
    found = {number: _ahead(layer) for number, layer in enumerate(loudness)}
    return {number: neurons for number, neurons in found.items() if neurons}


def _ahead(loudness: _Floats) -> list[int]:
    """Return the places of the largest values, up to the widest gap among them, as a ratio, if it is wide enough."""
    order = np.argsort(-loudness, kind="stable")[: _MOST + 1]
    ratios = loudness[order[:-1]] / loudness[order[1:]]
    widest = int(ratios.argmax())
    return [int(place) for place in order[: widest + 1]] if ratios[widest] >= _LOUD else []


def _embed(graph: Graph, words: Blocks) -> str:
    """Word, position and type embeddings, added and normalised."""
    weights, shape = graph.weights, graph.weights.shape
    nibbles = words.quants.view(np.uint8) & 15
    packed = (nibbles[:, ::2] | nibbles[:, 1::2] << 4).tobytes()
    graph.constants.append(helper.make_tensor("emb.word.q", TensorProto.INT4, words.quants.shape, packed, raw=True))
    # The scales were half floats before: so they lose nothing, and loading makes them floats again.
    halves = graph.constant("emb.word.half", words.scales.astype(np.float16))
    scales = graph.node("Cast", [halves], "emb.word.s", to=TensorProto.FLOAT)
    gathering = {"gather_axis": 0, "quantize_axis": 1, "block_size": BLOCK}
    operands = ["emb.word.q", graph.ids, scales]
    gathered = graph.node("GatherBlockQuantized", operands, "words", domain=_CONTRIB, **gathering)
    # Every token is of type 0: its embedding is part of the position's.
    table = weights.floats("emb.pos").reshape(shape.positions, -1) + weights.floats("emb.type")[: shape.hidden]
    length = graph.node("Shape", [graph.ids], "length", start=1, end=2)
    zero, one = (graph.constant(name, np.array([value])) for name, value in (("zero", 0), ("one", 1)))
    places = graph.constant("emb.pos", table[None])
    positions = graph.node("Slice", [places, zero, length, one], "positions")
    return graph.add_and_normalise(gathered, positions, "emb.ln")


def _layer(graph: Graph, number: int, hidden: str) -> str:
    """Self-attention and feed-forward, each with its residual and normalisation."""
    name, size, heads = f"l{number}", graph.weights.shape.hidden, graph.weights.shape.heads
    if number == 0:
        graph.constant("thirds", np.array([size] * 3))
        _tell_padding(graph)
    joined = graph.linear(hidden, f"{name}.qkv", *graph.dense(f"{name}.q", f"{name}.k", f"{name}.v"))
    thirds = [f"{name}.query", f"{name}.key", f"{name}.value"]
    graph.node("Split", [joined, "thirds"], *thirds, axis=-1)
    seen = [*thirds, "seen"] if graph.mask else thirds
    mixed = graph.node("Attention", seen, f"{name}.mixed", q_num_heads=heads, kv_num_heads=heads)
    attended = graph.linear(mixed, f"{name}.ao", *graph.dense(f"{name}.ao"))
    return _feed_forward(graph, number, graph.add_and_normalise(attended, hidden, f"{name}.aln"))


def _tell_padding(graph: Graph) -> None:
    """Add what attention needs to pass over padding, as `seen`, where the graph takes any."""
    if graph.mask:
        flags = graph.node("Cast", [graph.mask], "flags", to=TensorProto.BOOL)
        columns = graph.node("Unsqueeze", [flags, graph.constant("head_axes", np.array([1, 2]))], "columns")
        # onnxruntime broadcasts masks over texts and heads, but wants a row for every token.
        square = graph.node("Concat", ["one", "one", "length", "one"], "square", axis=0)
        graph.node("Expand", [columns, square], "seen")


def _feed_forward(graph: Graph, number: int, hidden: str) -> str:
    """Return two dense layers with GELU between, residual and normalisation."""
    name = f"l{number}"
    widen, narrow = graph.dense(f"{name}.fi"), graph.dense(f"{name}.fo")
    residual = hidden
    if graph.quantised and (loud := graph.loud.get(number)):
        alone = graph.float_linear(hidden, f"{name}.loud_in", *(part[list(loud)] for part in widen))
        alone = graph.node("Gelu", [alone], f"{name}.loud")
        spread = graph.constant(f"{name}.loud_out.w", narrow[0][:, list(loud)].T)
        spread = graph.node("MatMul", [alone, spread], f"{name}.loud_out")
        residual = graph.node("Add", [spread, hidden], f"{name}.residual")
        # GELU(0) = 0: without weights and bias a neuron is silent in the quantised products.
        for part in widen:
            part[list(loud)] = 0
    active = graph.node("Gelu", [graph.linear(hidden, f"{name}.fi", *widen)], f"{name}.active")
    return graph.add_and_normalise(graph.linear(active, f"{name}.fo", *narrow), residual, f"{name}.oln")
