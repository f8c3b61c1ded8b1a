"""Which terms occur in which passages, how often: postings in five flat arrays, made of texts many at a time.

A term is a number here: its characters where it has one or two, which nearly all do, else 63 bits of a hash. So a
dictionary is a sorted array that can be mapped, and pairs of characters can be read back out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.arrays import AnyArray
from index.fusion import Rows
from index.text import UNSPACED, UNSPACED_RANGES, spaced_fold

Keys = NDArray[np.uint64]

_SHIFT = 21  # bits of a code point
_HASHED = 1 << 63
_MOST = np.iinfo(np.uint16).max
_AT_ONCE = 4096  # texts folded together: some megabytes

_SPACED_WORD = re.compile(rf"(?:(?![{UNSPACED}])[^\W\d_])+|\d+(?:,\d{{3}})*(?:\.\d+)?")


class Postings:
    """Terms over rows: for each term, ascending, the rows that hold it and how often each does.

    Attributes:
        keys: uint64, of the terms, ascending.
        starts: int64, one more than terms: where the rows of each begin.
        rows: int32, ascending within a term.
        counts: uint16, how often; at least 1, and 65,535 for more.
        lengths: int32, for each row how many terms it has, repetitions counted.
    """

    def __init__(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take arrays as they were stored.

        Raises:
            ValueError: if one is missing, or they do not fit each other.
        """
        try:
            self.keys: Keys = arrays["keys"]
            self.starts: NDArray[np.int64] = arrays["starts"]
            self.rows: NDArray[np.int32] = arrays["rows"]
            self.counts: NDArray[np.uint16] = arrays["counts"]
            self.lengths: NDArray[np.int32] = arrays["lengths"]
        except KeyError as error:
            raise ValueError(f"缺少数组 {error}") from error
        kinds = [each.dtype.str for each in (self.keys, self.starts, self.rows, self.counts, self.lengths)]
        if kinds != ["<u8", "<i8", "<i4", "<u2", "<i4"] or any(each.ndim != 1 for each in arrays.values()):
            raise ValueError(f"postings of other types: {' '.join(kinds)}")
        ends = (int(self.starts[0]), int(self.starts[-1])) if len(self.starts) else (-1, -1)
        if len(self.starts) != len(self.keys) + 1 or ends != (0, len(self.rows)) or len(self.counts) != len(self.rows):
            raise ValueError("postings that do not fit their terms")
        self.arrays = dict(arrays)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Postings of texts, one row each, in order."""
        texts = iter(texts)
        rows, keys, size = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)], 0
        while some := list(islice(texts, _AT_ONCE)):
            found_rows, found_keys = _occurrences(some)
            rows.append(found_rows + size)
            keys.append(found_keys)
            size += len(some)
        return cls._counted(np.concatenate(rows), np.concatenate(keys), size)

    @classmethod
    def _counted(cls, rows: Rows, keys: Keys, size: int) -> Self:
        """Every occurrence of a term in a row, in any order, counted."""
        order = np.lexsort((rows, keys))
        rows, keys = rows[order], keys[order]
        new = np.ones(len(rows), np.bool_)
        new[1:] = (rows[1:] != rows[:-1]) | (keys[1:] != keys[:-1])
        first = np.flatnonzero(new)
        counts = np.diff(first, append=len(rows))
        return cls._assembled(keys[first], rows[first], counts, np.bincount(rows, minlength=size))

    @classmethod
    def gathered(cls, parts: Sequence[tuple[Postings, Rows]]) -> Self:
        """Some rows of several, as if made of their texts.

        Args:
            parts: postings, each with the new row of each of its rows; -1 leaves a row out. New rows are the numbers
                from 0, each once.
        """
        keys, rows, counts, lengths = [], [], [], []
        for part, new_rows in parts:
            moved = new_rows[part.rows]
            kept = moved >= 0
            keys.append(np.repeat(part.keys, np.diff(part.starts))[kept])
            rows.append(moved[kept])
            counts.append(part.counts[kept])
            lengths.append(np.stack([new_rows[new_rows >= 0], part.lengths[new_rows >= 0]]))
        all_keys, all_rows, placed = np.concatenate(keys), np.concatenate(rows), np.concatenate(lengths, axis=1)
        order = np.lexsort((all_rows, all_keys))
        in_order = placed[1, np.argsort(placed[0])]
        return cls._assembled(all_keys[order], all_rows[order], np.concatenate(counts)[order], in_order)

    @classmethod
    def _assembled(cls, keys: Keys, rows: AnyArray, counts: AnyArray, lengths: AnyArray) -> Self:
        """One entry for each term and row, by term and then row."""
        first = np.flatnonzero(np.append(np.ones(min(1, len(keys)), np.bool_), keys[1:] != keys[:-1]))
        return cls(
            {
                "keys": keys[first],
                "starts": np.append(first, len(keys)).astype(np.int64),
                "rows": rows.astype(np.int32),
                "counts": np.minimum(counts, _MOST).astype(np.uint16),
                "lengths": lengths.astype(np.int32),
            }
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def check(self) -> None:
        """Look at every entry.

        Raises:
            ValueError: if one would be read out of range or counted twice.
        """
        if (self.keys[1:] <= self.keys[:-1]).any() or (np.diff(self.starts) < 1).any():
            raise ValueError("terms out of order, or a term without a row")
        if len(self.rows) and (self.rows.min() < 0 or self.rows.max() >= len(self)):
            raise ValueError(f"a row outside 0 to {len(self) - 1}")
        if len(self.rows) and (self.counts.min() < 1 or self.lengths.min() < 0):
            raise ValueError("a count below 1")
        ascending = np.diff(self.rows) > 0
        ascending[self.starts[1:-1] - 1] = True
        if not ascending.all():
            raise ValueError("rows of a term must ascend")


@cache
def key_of(term: str) -> int:
    """The number of a term: the same on every machine, 0 for none."""
    if len(term) <= 2:
        return sum(ord(character) << _SHIFT * (len(term) - 1 - i) for i, character in enumerate(term))
    digest = blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") | _HASHED


def short_term(key: int) -> str | None:
    """The term of a number where it has one or two characters; None where only its hash is known."""
    if key & _HASHED:
        return None
    return "".join(chr(code) for code in (key >> _SHIFT, key & (1 << _SHIFT) - 1) if code)


def _occurrences(texts: Sequence[str]) -> tuple[Rows, Keys]:
    """Every occurrence of every term of `index.text.terms`, in any order: rows and keys."""
    folded = [spaced_fold(text) for text in texts]
    joined = "\n".join(folded)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    row_of = np.repeat(np.arange(len(folded)), [len(text) + 1 for text in folded])[: len(codes)]
    unspaced = np.concatenate([[False], _is_unspaced()[codes], [False]])
    before, here, after = unspaced[:-2], unspaced[1:-1], unspaced[2:]
    pairs, alone = np.flatnonzero(here & after), np.flatnonzero(here & ~before & ~after)
    words = list(_words(joined))
    starts = np.array([start for start, _ in words], np.int64)
    keys = [
        codes[pairs] << np.uint64(_SHIFT) | codes[pairs + 1],
        codes[alone],
        np.array([k for _, k in words], np.uint64),
    ]
    return row_of[np.concatenate([pairs, alone, starts])], np.concatenate(keys)


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Where words of spaced scripts and numbers begin, and their keys."""
    return ((match.start(), key_of(match.group().replace(",", ""))) for match in _SPACED_WORD.finditer(text))


@cache
def _is_unspaced() -> NDArray[np.bool_]:
    """For every code point, whether its script puts no spaces between words."""
    flags = np.zeros(0x110000, np.bool_)
    for first, last in UNSPACED_RANGES:
        flags[first : last + 1] = True
    return flags
