"""Weights of a shipped model, to go on training from: `export.py` the other way round, as far as 8 bits remember."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

Constants = Mapping[str, NDArray[np.float32]]


def shipped_state(path: Path, frozen: int) -> dict[str, Tensor]:
    """Return the trained part of a `SpanNetwork`'s state, float32.

    Args:
        path: of a model that `export.py` wrote.
        frozen: lowest layers that still hold the encoder's weights, which are known better than from here.
    """
    graph = onnx.load(path).graph
    constants = {
        each.name: numpy_helper.to_array(each) for each in graph.initializer if not each.name.startswith("emb.")
    }
    layers = sum(name.endswith(".ao.b") for name in constants)
    found = {
        f"layers.{number}.{name}": value
        for number in range(frozen, layers)
        for name, value in _layer(constants, number)
    }
    for head in ("span", "support"):
        if f"{head}.w" in constants:
            found |= {f"{head}.weight": constants[f"{head}.w"].T, f"{head}.bias": constants[f"{head}.b"]}
    return {name: torch.tensor(np.ascontiguousarray(value)) for name, value in found.items()}


def _layer(constants: Constants, number: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for part in ("qkv", "ao", "fi", "fo"):
        name = f"l{number}.{part}"
        weight, bias = constants[f"{name}.w"].T * constants[f"{name}.s"][:, None], constants[f"{name}.b"].copy()
        if f"l{number}.loud_in.w" in constants and part in ("fi", "fo"):
            _speak_up(constants, number, part, weight, bias)
        yield f"{part}.weight", weight.astype(np.float32)
        yield f"{part}.bias", bias
    for norm in ("aln", "oln"):
        yield f"{norm}.weight", constants[f"l{number}.{norm}.w"]
        yield f"{norm}.bias", constants[f"l{number}.{norm}.b"]


def _speak_up(
    constants: Constants, number: int, part: str, weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> None:
    """Put the loud neurons back, which the graph computes apart and silences in the quantised products."""
    silent = np.flatnonzero(~constants[f"l{number}.fi.w"].any(axis=0))
    if part == "fi":
        weight[silent], bias[silent] = constants[f"l{number}.loud_in.w"].T, constants[f"l{number}.loud_in.b"]
    else:
        weight[:, silent] = constants[f"l{number}.loud_out.w"].T
