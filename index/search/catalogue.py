"""Look up which of many documents a filter admits, without checking each one again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.filters import Filter, issuers_of, years_of
from index.records import Described

Admitted = NDArray[np.bool_]
"""For each document whether it is admitted."""

Places = NDArray[np.int64]

Thing = TypeVar("Thing", str, int)


class Catalogue:
    """Documents put in order once by what filters ask for; `Filter.admits` of all of them then is a look-up.

    Args:
        documents: in the order of their numbers.
    """

    def __init__(self, documents: Sequence[Described]) -> None:
        self._size = len(documents)
        self._numbers = {document.id: number for number, document in enumerate(documents)}
        self._issuers = _placed(issuers_of(document) for document in documents)
        self._years = _placed(years_of(document) for document in documents)
        self._regions = _placed((document.metadata.region or "",) for document in documents)

    def admitted(self, within: Filter) -> Admitted:
        """Return for each document whether `within.admits` it."""
        found = np.ones(self._size, np.bool_)
        for places in self._narrowing(within):
            part = np.zeros(self._size, np.bool_)
            part[places] = True
            found &= part
        if within.without:
            found[self._known(within.without)] = False
        return found if within.also is None else found & self.admitted(within.also)

    def _narrowing(self, within: Filter) -> Iterator[Places]:
        """Yield the places of the documents that each part of a filter admits.

        Nothing of parts that restrict nothing.
        """
        if within.documents is not None:
            yield self._known(within.documents)
        if within.issuers is not None:
            yield _joined(self._issuers, within.issuers)
        if within.regions is not None:
            begun = tuple(each for each in within.regions if each)
            yield _joined(self._regions, (region for region in self._regions if region.startswith(begun)))
        if within.years is not None:
            yield _joined(self._years, within.years)

    def _known(self, ids: Iterable[str]) -> Places:
        return np.array([self._numbers[id] for id in ids if id in self._numbers], np.int64)


def _placed(said: Iterable[Iterable[Thing]]) -> Mapping[Thing, Places]:
    """Return where each thing is said, by what is said where."""
    places: dict[Thing, list[int]] = defaultdict(list)
    for number, things in enumerate(said):
        for thing in things:
            places[thing].append(number)
    return {thing: np.array(found, np.int64) for thing, found in places.items()}


def _joined(places: Mapping[Thing, Places], wanted: Iterable[Thing]) -> Places:
    """Return the places of several things, together."""
    return np.concatenate([np.zeros(0, np.int64), *(places[each] for each in wanted if each in places)])
