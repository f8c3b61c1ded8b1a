"""Files of named arrays, mapped instead of read, and strings of any length kept in arrays.

    YIJUARR1 · u64 length of the header · header, JSON: {name: [type, [shape], offset]} · arrays at multiples of 64

Opening one costs the same for a kilobyte and for a gigabyte. What the header promises is compared with the file.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"YIJUARR1"
_ALIGNMENT = 64
_TYPES = {"|u1", "<u2", "<i4", "<i8", "<u8", "<f4"}
_HEADER_LIMIT = 2**16

AnyArray = NDArray[Any]
Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int64]


class Strings:
    """Byte strings of any length, end to end."""

    def __init__(self, data: Bytes, ends: Offsets) -> None:
        """Take strings as they were stored.

        Args:
            data: all strings, one after the other.
            ends: where each ends, ascending.

        Raises:
            ValueError: if the types differ, or the last does not end where the data do.
        """
        if data.dtype != np.uint8 or ends.dtype != np.int64 or data.ndim != 1 or ends.ndim != 1:
            raise ValueError(f"bytes and int64 ends are needed, got {data.dtype} {ends.dtype}")
        if int(ends[-1] if len(ends) else 0) != len(data):
            raise ValueError(f"字符串共 {len(data)} 字节，应止于 {ends[-1] if len(ends) else 0}")
        self.data = data
        self.ends = ends

    @classmethod
    def of(cls, pieces: Iterable[bytes]) -> Self:
        """Put strings together."""
        pieces = list(pieces)
        ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)), dtype=np.int64)
        return cls(np.frombuffer(b"".join(pieces), np.uint8), ends)

    @classmethod
    def joined(cls, runs: Sequence[tuple[Strings, int, int]]) -> Self:
        """Return the runs of several, each from one string up to another, in the order given."""
        bounds = [(part, part._start(first), part._start(last)) for part, first, last in runs]
        shifts = np.cumsum([0, *(end - start for _, start, end in bounds)], dtype=np.int64)
        ends = [
            part.ends[a:b] - start + s for (part, a, b), (_, start, _), s in zip(runs, bounds, shifts, strict=False)
        ]
        return cls(np.concatenate([part.data[start:end] for part, start, end in bounds]), np.concatenate(ends))

    def picked(self, rows: Offsets) -> Self:
        """Return some of the strings, in the order given."""
        starts = np.append(np.zeros(1, np.int64), self.ends)
        bounds = zip(starts[rows].tolist(), self.ends[rows].tolist(), strict=True)
        data = self.data.tobytes()
        joined = b"".join([data[start:end] for start, end in bounds])
        return type(self)(np.frombuffer(joined, np.uint8), np.cumsum(self.ends[rows] - starts[rows], dtype=np.int64))

    def _start(self, row: int) -> int:
        return int(self.ends[row - 1]) if row else 0

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> bytes:
        return self.slice(row, 0, None)

    def __iter__(self) -> Iterator[bytes]:
        return map(self.__getitem__, range(len(self)))

    def slice(self, row: int, start: int, end: int | None) -> bytes:
        """Return part of one string, in bytes of it; to its end by default."""
        first, last = self._start(row), int(self.ends[row])
        return self.data[first + start : last if end is None else min(first + end, last)].tobytes()

    def check(self) -> None:
        """Look at every string's place.

        Raises:
            ValueError: if one ends before it begins.
        """
        if len(self) and (self.ends[0] < 0 or (np.diff(self.ends) < 0).any()):
            raise ValueError("字符串的次序颠倒")


def rows_of(first: Offsets, numbers: Offsets) -> Offsets:
    """Return the rows of some groups, one group after the other.

    Args:
        first: for each group its first row, then the number of rows.
        numbers: which groups.
    """
    sizes = (first[1:] - first[:-1])[numbers]
    ends = np.cumsum(sizes, dtype=np.int64)
    return np.repeat(first[:-1][numbers] - ends + sizes, sizes) + np.arange(int(ends[-1]) if len(ends) else 0)


def write_arrays(arrays: Mapping[str, AnyArray], file: IO[bytes]) -> None:
    """Write arrays so that `map_arrays` gives them back."""
    header: dict[str, tuple[str, Sequence[int], int]] = {}
    offset = 0
    for name, array in arrays.items():
        header[name] = (array.dtype.str, array.shape, offset)
        offset = _aligned(offset + array.nbytes)
    encoded = json.dumps(header, separators=(",", ":")).encode("ascii")
    start = len(_MAGIC) + 8 + len(encoded)
    file.write(_MAGIC + len(encoded).to_bytes(8, "little") + encoded)
    file.write(bytes(_aligned(start) - start))
    for array in arrays.values():
        file.write(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
        file.write(bytes(_aligned(array.nbytes) - array.nbytes))


def map_arrays(path: Path) -> dict[str, AnyArray]:
    """Return the arrays of a file, mapped and read-only.

    Raises:
        ValueError: if it is no such file, or promises more than it holds.
        OSError: if it cannot be read.
    """
    content: Bytes = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)
    length = int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + 8].tobytes(), "little")
    if content[: len(_MAGIC)].tobytes() != _MAGIC or length > _HEADER_LIMIT:
        raise ValueError("不是数组文件")
    header = json.loads(content[len(_MAGIC) + 8 :][:length].tobytes())
    if not isinstance(header, dict):
        raise ValueError("数组文件的开头不是 JSON 对象")
    body = np.asarray(content)[_aligned(len(_MAGIC) + 8 + length) :]
    return {name: _mapped(body, name, *_promise(entry)) for name, entry in header.items()}


def map_npy(path: Path) -> AnyArray:
    """Return an .npy file, mapped.

    A header that promises more than the file holds is refused, and no object is ever made.

    Raises:
        ValueError: if it is no such file.
        OSError: if it cannot be read.
    """
    try:
        return np.asarray(np.lib.format.open_memmap(path, mode="r"))
    except (SyntaxError, TokenError) as error:  # numpy reads the header as Python's own text, and lets these through
        raise ValueError(f"不是数组（{error}）") from error


def release(array: AnyArray) -> None:
    """Give the memory of a mapped array back to the system, which reads it again when it is asked for."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


def _promise(entry: Any) -> tuple[str, tuple[int, ...], int]:
    if not isinstance(entry, list) or len(entry) != 3 or not isinstance(entry[1], list):
        raise ValueError(f"数组的说明不合规：{str(entry)[:60]}")
    kind, shape, offset = entry
    numbers = (*shape, offset)
    if kind not in _TYPES or not all(type(n) is int and 0 <= n < 2**53 for n in numbers) or offset % _ALIGNMENT:
        raise ValueError(f"数组的说明不合规：{str(entry)[:60]}")
    return kind, tuple(shape), offset


def _mapped(body: Bytes, name: str, kind: str, shape: tuple[int, ...], offset: int) -> AnyArray:
    size = prod(shape) * np.dtype(kind).itemsize
    if offset + size > len(body):
        raise ValueError(f"数组 {name} 超出文件")
    return body[offset : offset + size].view(kind).reshape(shape)


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT
