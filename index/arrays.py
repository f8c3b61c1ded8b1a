"""Files of named arrays, read piece by piece when they are asked for, and strings of any length kept in arrays.

    YIJUARR1 · u64 length of the header · header, JSON: {name: [type, [shape], offset]} · arrays at multiples of 64

Opening one costs the same for a kilobyte and for a gigabyte. What the header promises is compared with the file.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Self, cast

import numpy as np
from numpy.lib import format as npy
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from index.errors import IndexCorrupt

_MAGIC = b"YIJUARR1"
_ALIGNMENT = 64
_TYPES = {"|u1", "<u2", "<i4", "<i8", "<u8", "<f4"}
_HEADER_LIMIT = 2**16
_WORTH_A_READ = 4096
"""Bytes that are copied in the time of one more call."""

AnyArray = NDArray[Any]
Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int64]


class _File:
    """A file of an index, as it was when it was opened; never mapped, as whoever maps a file that shrinks is ended."""

    def __init__(self, path: Path) -> None:
        """Open a file; OSError if that cannot be, ValueError if it is no regular one."""
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        self.size, self._written = self._state()
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise ValueError("不是普通文件")

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    def read(self, places: Iterable[tuple[int, memoryview]]) -> None:
        """Fill buffers with what stands at offsets; IndexCorrupt if the file was changed since it was opened."""
        try:
            descriptor, read = self._descriptor, os.preadv
            for offset, buffer in places:
                count = read(descriptor, [buffer], offset)
                while 0 < count < len(buffer):  # a signal, or more than the system reads at once
                    offset, buffer = offset + count, buffer[count:]
                    count = read(descriptor, [buffer], offset)
            # Looked at afterwards: a change while it was read is then seen as well.
            if (self.size, self._written) == self._state():
                return
            reason = "在使用中被改动"
        except OSError as error:
            reason = f"无法读取（{error.strerror}）"
        raise IndexCorrupt(
            self._path.parent,
            f"索引文件 {self._path.name} {reason}；索引只能用 yiju-index 更改，请用 yiju-index verify 查明。",
        )

    def _state(self) -> tuple[int, int]:
        found = os.fstat(self._descriptor)
        return found.st_size, found.st_mtime_ns


class FileArray(NDArrayOperatorsMixin):
    """An array at an offset of a file, typed and used as one of numpy: slices are views, everything else is read."""

    def __init__(self, file: _File, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> None:
        self._file, self._offset = file, offset
        self.dtype, self.shape = dtype, shape
        self.ndim, self.size = len(shape), prod(shape)
        self.nbytes = self.size * dtype.itemsize
        self._row = prod(shape[1:]) * dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            first, last, step = at.indices(len(self))
            if step != 1:
                return self[np.arange(first, last, step)]
            shape = (max(0, last - first), *self.shape[1:])
            return FileArray(self._file, self.dtype, shape, self._offset + first * self._row)
        if isinstance(at, int | np.integer):
            place = range(len(self))[at]
            return np.asarray(self[place : place + 1])[0]
        if isinstance(at, tuple) or np.asarray(at).dtype == np.bool_:
            return np.asarray(self)[at]
        return self._rows(np.asarray(at))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        out: AnyArray = np.empty(self.shape, self.dtype)
        self._file.read([(self._offset, _bytes_of(out))])
        return out if dtype is None else out.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        read = (np.asarray(each) if isinstance(each, FileArray) else each for each in inputs)
        return getattr(ufunc, method)(*read, **options)

    def tobytes(self) -> bytes:
        """Return its bytes."""
        content = bytearray(self.nbytes)
        self._file.read([(self._offset, memoryview(content))])
        return bytes(content)

    def _rows(self, rows: NDArray[np.int64]) -> AnyArray:
        """Return some rows; those that follow each other, or lie near, by one read."""
        if not len(rows):
            return np.empty((0, *self.shape[1:]), self.dtype)
        if rows.min() < 0:
            rows = np.where(rows < 0, rows + len(self), rows)
        low, high = int(rows.min()), int(rows.max()) + 1
        if low < 0 or high > len(self):
            raise IndexError(f"a row outside 0 to {len(self) - 1}")
        ends = np.append(np.flatnonzero(np.diff(rows) != 1) + 1, len(rows))
        if len(ends) > 1 and (high - low) * self._row <= _WORTH_A_READ * len(ends):
            return np.asarray(self[low:high])[rows - low]
        starts = np.append(0, ends[:-1])
        return self.runs(list(zip(rows[starts].tolist(), (rows[ends - 1] + 1).tolist(), strict=True)))

    def runs(self, bounds: Sequence[tuple[int, int]]) -> AnyArray:
        """Return the rows of some runs, each from one row up to another, end to end; one read for each."""
        out: AnyArray = np.empty((sum(last - first for first, last in bounds), *self.shape[1:]), self.dtype)
        into, width, at = _bytes_of(out), self._row, 0
        places = []
        for first, last in bounds:
            end = at + (last - first) * width
            places.append((self._offset + first * width, into[at:end]))
            at = end
        self._file.read(places)
        return out


class Strings:
    """Byte strings of any length, end to end."""

    def __init__(self, data: Bytes, ends: Offsets) -> None:
        """Take strings, one after the other, and where each ends; ValueError if types or the last end do not fit."""
        if data.dtype != np.uint8 or ends.dtype != np.int64 or data.ndim != 1 or ends.ndim != 1:
            raise ValueError(f"bytes and int64 ends are needed, got {data.dtype} {ends.dtype}")
        if int(ends[-1] if len(ends) else 0) != len(data):
            raise ValueError(f"字符串共 {len(data)} 字节，应止于 {ends[-1] if len(ends) else 0}")
        self.data = data
        self.ends = np.asarray(ends)  # in memory: every string is looked up in it

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
        first, last = starts[:-1][rows], starts[1:][rows]
        data = self.data.tobytes()
        joined = b"".join([data[start:end] for start, end in zip(first.tolist(), last.tolist(), strict=True)])
        return type(self)(np.frombuffer(joined, np.uint8), np.cumsum(last - first, dtype=np.int64))

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
        """Look at every string's place; ValueError if one ends before it begins."""
        if len(self) and (self.ends[0] < 0 or (np.diff(self.ends) < 0).any()):
            raise ValueError("字符串的次序颠倒")


def joined_runs(array: AnyArray, bounds: Sequence[tuple[int, int]]) -> AnyArray:
    """Return the rows of some runs of an array, each from one row up to another, end to end."""
    if isinstance(array, FileArray):
        return array.runs(bounds)
    return np.concatenate([array[:0], *(array[first:last] for first, last in bounds)])


def rows_of(first: Offsets, numbers: Offsets) -> Offsets:
    """Return the rows of some groups, one after the other; `first` has the first row of each, then their number."""
    sizes = (first[1:] - first[:-1])[numbers]
    ends = np.cumsum(sizes, dtype=np.int64)
    return np.repeat(first[:-1][numbers] - ends + sizes, sizes) + np.arange(int(ends[-1]) if len(ends) else 0)


def write_arrays(arrays: Mapping[str, AnyArray], file: IO[bytes]) -> None:
    """Write arrays so that `open_arrays` gives them back."""
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


def open_arrays(path: Path) -> dict[str, AnyArray]:
    """Return the arrays of a file, read when asked for; ValueError if it is none, or promises more than it holds."""
    file = _File(path)
    content = FileArray(file, np.dtype(np.uint8), (file.size,), 0)
    length = int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + 8].tobytes(), "little")
    if content[: len(_MAGIC)].tobytes() != _MAGIC or length > _HEADER_LIMIT:
        raise ValueError("不是数组文件")
    header = json.loads(content[len(_MAGIC) + 8 :][:length].tobytes())
    if not isinstance(header, dict):
        raise ValueError("数组文件的开头不是 JSON 对象")
    start = _aligned(len(_MAGIC) + 8 + length)
    promised = {name: _promise(entry) for name, entry in header.items()}
    return {name: _within(file, name, np.dtype(k), shape, start + at) for name, (k, shape, at) in promised.items()}


def open_npy(path: Path) -> AnyArray:
    """Return the array of an .npy file, read when it is asked for; no object is ever made.

    Raises:
        ValueError: if it is no such file, or promises more than it holds.
    """
    file = _File(path)
    with path.open("rb") as opened:
        try:
            read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(opened)]
            shape, in_columns, dtype = read(opened)
        except (SyntaxError, TokenError, KeyError) as error:  # numpy reads the header as Python's own text
            raise ValueError(f"不是数组（{error}）") from error
        offset = opened.tell()
    if in_columns or dtype.hasobject or not shape or any(each < 0 for each in shape):
        raise ValueError(f"不是逐行存放的数字：{dtype} {shape}")
    return _within(file, "", dtype, shape, offset)


def _promise(entry: Any) -> tuple[str, tuple[int, ...], int]:
    if not isinstance(entry, list) or len(entry) != 3 or not isinstance(entry[1], list):
        raise ValueError(f"数组的说明不合规：{str(entry)[:60]}")
    kind, shape, offset = entry
    numbers = (*shape, offset)
    if kind not in _TYPES or not all(type(n) is int and 0 <= n < 2**53 for n in numbers) or offset % _ALIGNMENT:
        raise ValueError(f"数组的说明不合规：{str(entry)[:60]}")
    return kind, tuple(shape), offset


def _within(file: _File, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> AnyArray:
    if offset + prod(shape) * dtype.itemsize > file.size:
        raise ValueError(f"数组 {name} 超出文件")
    return cast(AnyArray, FileArray(file, dtype, shape, offset))


def _bytes_of(array: AnyArray) -> memoryview:
    """Return the memory of a whole array, to read into."""
    return array.reshape(-1).view(np.uint8).data


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT
