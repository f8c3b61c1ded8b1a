"""Which terms occur in which passages, how often: postings in five flat arrays, made of texts many at a time.

A term is a number here: its characters where it has one or two, which nearly all do, else 63 bits of a hash. So a
dictionary is a sorted array, and pairs of characters can be read back out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from hashlib import blake2b
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.arrays import AnyArray, joined_runs, rows_of
from index.search.fusion import Rows
from index.text import UNSPACED, UNSPACED_RANGES, spaced_fold

Keys = NDArray[np.uint64]

_SHIFT = 21  # bits of a code point
_HASHED = 1 << 63
_MOST = np.iinfo(np.uint16).max
_AT_ONCE = 4096  # texts folded together: some megabytes
_NO_KEYS = np.zeros(0, np.uint64)
_NO_ROWS = np.zeros(0, np.int32)

_SPACED_WORD = re.compile(rf"(?:(?![{UNSPACED}])[^\W\d_])+|\d+(?:,\d{{3}})*(?:\.\d+)?")


class TermLists:
    """The terms of texts, text by text: what postings are before they are turned round.

    Attributes:
        keys: uint64, of the terms of each row, ascending within the row.
        counts: int32, how often each occurs there.
        ends: int64, for each row where its terms end.
    """

    def __init__(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take arrays as they were stored.

        Raises:
            KeyError: if one is missing.
        """
        self.keys: Keys = arrays["keys"]
        self.counts: NDArray[np.int32] = arrays["counts"]
        self.ends: NDArray[np.int64] = arrays["ends"]
        self.arrays: dict[str, AnyArray] = {"keys": self.keys, "counts": self.counts, "ends": self.ends}

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Return the terms of texts, one row each, in order."""
        texts = iter(texts)
        parts = [_counted(np.zeros(0, np.int64), _NO_KEYS, 0)]
        while some := list(islice(texts, _AT_ONCE)):
            parts.append(_counted(*_occurrences(some), len(some)))
        keys, counts, sizes = (np.concatenate(each) for each in zip(*parts, strict=True))
        return cls({"keys": keys, "counts": counts, "ends": np.cumsum(sizes, dtype=np.int64)})

    def __len__(self) -> int:
        return len(self.ends)

    def bounds(self, first: int, last: int) -> tuple[int, int]:
        """Return where the terms of the rows from one up to another begin and end."""
        return (int(self.ends[first - 1]) if first else 0), (int(self.ends[last - 1]) if last else 0)

    def sizes(self, first: int, last: int) -> NDArray[np.int64]:
        """Return how many different terms each of the rows from one up to another has."""
        return np.diff(self.ends[first:last], prepend=self.bounds(first, last)[0])

    def picked(self, rows: Rows) -> Self:
        """Return the terms of some rows, in the order given."""
        first = np.append(np.zeros(1, np.int64), self.ends)
        places = rows_of(first, rows)
        ends = np.cumsum((first[1:] - first[:-1])[rows], dtype=np.int64)
        return type(self)({"keys": self.keys[places], "counts": self.counts[places], "ends": ends})


class Postings:
    """Terms over rows: for each term, ascending, the rows that hold it and how often each does.

    Attributes:
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
            self._keys: Keys = arrays["keys"]
            self._starts: NDArray[np.int64] = arrays["starts"]
            self.rows: NDArray[np.int32] = arrays["rows"]
            self.counts: NDArray[np.uint16] = arrays["counts"]
            self.lengths: NDArray[np.int32] = arrays["lengths"]
        except KeyError as error:
            raise ValueError(f"缺少数组 {error}") from error
        kinds = [each.dtype.str for each in (self._keys, self._starts, self.rows, self.counts, self.lengths)]
        if kinds != ["<u8", "<i8", "<i4", "<u2", "<i4"] or any(each.ndim != 1 for each in arrays.values()):
            raise ValueError(f"postings of other types: {' '.join(kinds)}")
        starts, size = self._starts, len(self.rows)
        ends = (int(starts[0]), int(starts[-1])) if len(starts) else (-1, -1)
        if len(starts) != len(self._keys) + 1 or ends != (0, size) or len(self.counts) != size:
            raise ValueError("postings that do not fit their terms")
        self.arrays = dict(arrays)

    @cached_property
    def keys(self) -> Keys:
        """Of the terms, ascending; kept in memory, as every search looks terms up in it."""
        return np.asarray(self._keys)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """One more than terms: where the rows of each begin; kept in memory."""
        return np.asarray(self._starts)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Return the postings of texts, one row each, in order."""
        lists = TermLists.of(texts)
        return cls.turned([(lists, 0, np.arange(len(lists)))])

    @classmethod
    def turned(cls, parts: Sequence[tuple[TermLists, int, Rows]]) -> Self:
        """Return terms by row, turned into rows by term.

        Args:
            parts: lists, the first of their rows that is taken, and the new rows of it and those that follow. New rows
                are the numbers from 0, each once.
        """
        stretches = [(lists, *lists.bounds(first, first + len(rows)), rows) for lists, first, rows in parts]
        keys = np.concatenate([lists.keys[start:end] for lists, start, end, _ in stretches] or [_NO_KEYS])
        counts = np.concatenate([lists.counts[start:end] for lists, start, end, _ in stretches] or [_NO_ROWS])
        sizes = [lists.sizes(first, first + len(rows)) for lists, first, rows in parts]
        repeated = [np.repeat(new, size) for (*_, new), size in zip(stretches, sizes, strict=True)]
        rows = np.concatenate(repeated or [np.zeros(0, np.int64)])
        size = sum(map(len, sizes))
        lengths = np.bincount(rows, counts, size)
        order = np.lexsort((rows, keys))
        return cls._assembled(keys[order], rows[order], counts[order], lengths)

    @classmethod
    def gathered(cls, parts: Sequence[tuple[Postings, Rows]]) -> Self:
        """Return some rows of several, as if made of their texts.

        Args:
            parts: postings, each with the new row of each of its rows; -1 leaves a row out. New rows are the numbers
                from 0, each once.
        """
        keys, rows, counts, lengths = [], [], [], []
        for part, new_rows in parts:
            moved = new_rows[np.asarray(part.rows)]
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
        """Return one entry for each term and row, by term and then row."""
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

    def entries(self, runs: Sequence[tuple[int, int]]) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """Return rows and counts of some runs, each from one entry up to another, end to end."""
        return joined_runs(self.rows, runs), joined_runs(self.counts, runs)

    def check(self) -> None:
        """Look at every entry.

        Raises:
            ValueError: if one would be read out of range or counted twice.
        """
        if (self.keys[1:] <= self.keys[:-1]).any() or (np.diff(self.starts) < 1).any():
            raise ValueError("terms out of order, or a term without a row")
        rows = np.asarray(self.rows)
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
            raise ValueError(f"a row outside 0 to {len(self) - 1}")
        if len(rows) and (np.min(self.counts) < 1 or np.min(self.lengths) < 0):
            raise ValueError("a count below 1")
        ascending = np.diff(rows) > 0
        ascending[self.starts[1:-1] - 1] = True
        if not ascending.all():
            raise ValueError("rows of a term must ascend")


@cache
def key_of(term: str) -> int:
    """Return the number of a term: the same on every machine, 0 for none."""
    if len(term) <= 2:
        return sum(ord(character) << _SHIFT * (len(term) - 1 - i) for i, character in enumerate(term))
    digest = blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") | _HASHED


def short_term(key: int) -> str | None:
    """Return the term of a number where it has one or two characters; None where only its hash is known."""
    if key & _HASHED:
        return None
    return "".join(chr(code) for code in (key >> _SHIFT, key & (1 << _SHIFT) - 1) if code)


def _counted(rows: Rows, keys: Keys, size: int) -> tuple[Keys, NDArray[np.int32], NDArray[np.int64]]:
    """Return every occurrence of a term in a row, in any order.

    The terms of each row, how often each, how many a row has.
    """
    order = np.lexsort((keys, rows))
    rows, keys = rows[order], keys[order]
    new = np.ones(len(rows), np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (keys[1:] != keys[:-1])
    first = np.flatnonzero(new)
    counts = np.diff(first, append=len(rows)).astype(np.int32)
    return keys[first], counts, np.bincount(rows[first], minlength=size)


def _occurrences(texts: Sequence[str]) -> tuple[Rows, Keys]:
    """Return every occurrence of every term of `index.text.terms`, in any order: rows and keys."""
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
    """Return where words of spaced scripts and numbers begin, and their keys."""
    return ((match.start(), key_of(match.group().replace(",", ""))) for match in _SPACED_WORD.finditer(text))


@cache
def _is_unspaced() -> NDArray[np.bool_]:
    """Return for every code point whether its script puts no spaces between words."""
    flags = np.zeros(0x110000, np.bool_)
    for first, last in UNSPACED_RANGES:
        flags[first : last + 1] = True
    return flags
