"""Which windows of the passages the network reads, and what it says of the candidates in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.records import Hit, Span
from index.text import align
from qa.language.grammar import RANGE_SIGN, Candidate, Kind, candidate_at, is_paired, tagged
from qa.reading.features import Matrix, Place
from qa.reading.matching import sites, sites_of
from qa.reading.model_input import Window, window_spans
from qa.reading.span_model import Scores

READ_WINDOWS = 4
"""Windows that are read for a question. On development questions a fifth makes no answer better."""
_FREE, _TRIED = 2, 8
"""Spans of a window that are candidates though no rule named them, and how many are looked at to find them."""
_FIGURES = frozenset({Kind.QUANTITY, Kind.DATE, Kind.NUMBER})
_JOINS = re.compile(rf"\s*(?:{RANGE_SIGN}|[、和及])?\s*")
"""What may stand between the figures of one answer, in aligned text."""
_CROSSES = re.compile("[\n；;|]")
_CERTAIN = 20.0
"""Scores beyond it, either way, say no more."""


@dataclass(frozen=True, slots=True)
class View:
    """A window of a passage that was found: a span of its text."""

    hit: Hit
    rank: int
    span: Span

    @property
    def window(self) -> Window:
        """Return what the network takes."""
        passage = self.hit.passage
        return Window(passage.title, passage.section_path, self.span.slice(passage.text))

    def local(self, span: Span) -> Span:
        """Return the part of a span of the passage that stands here, as a span of the window's text."""
        start, end = max(span.start, self.span.start), min(span.end, self.span.end)
        return Span(start, max(start, end)).shift(-self.span.start)

    def holds(self, place: Place) -> bool:
        """Return whether a candidate's larger part stands here."""
        span = place.site.candidate.span
        return place.rank == self.rank and 2 * self.span.overlap(span) > len(span)


def views(found: Sequence[Place], scores: NDArray[np.float64], n: int = READ_WINDOWS) -> list[View]:
    """Return the windows of the candidates that score best before anything is read, at most `n`."""
    chosen: dict[tuple[int, Span], View] = {}
    for row in np.argsort(-scores, kind="stable"):
        place = found[row]
        span = place.site.candidate.span
        holding = max(_windows(place.hit.passage.text), key=span.overlap)
        chosen.setdefault((place.rank, holding), View(place.hit, place.rank, holding))
        if len(chosen) == n:
            break
    return list(chosen.values())


def candidates_of(view: View, scores: Scores, found: Sequence[Place]) -> Iterator[Place]:
    """Yield the candidates of a window: those of the grammar, and what the network would answer by itself.

    A window that has no token, such as one of invisible characters alone, has none.
    """
    if not scores.spans:
        return
    text = view.hit.passage.text
    inside = [place for place in found if view.holds(place)]
    yield from inside
    known = {place.site.candidate.span for place in inside}
    spans = (_to_words(text, span.shift(view.span.start)) for span, _ in scores.best(_TRIED))
    # An answer crosses no line, sentence part or cell and has both halves of its brackets and quotation marks.
    whole = dict.fromkeys(s for s in spans if not _CROSSES.search(s.slice(text)) and is_paired(s.slice(text)))
    free = [span for span in list(whole)[:_FREE] if span not in known]
    rules = [site.candidate for site in sites(text)]
    named = [candidate_at(text, span, rules) for span in free]
    # Where a figure begins and ends the grammar knows better, but it does not know ranges.
    for site in sites_of(text, [each for each in named if each.kind not in _FIGURES or _is_range(text, each, known)]):
        yield Place(view.hit, view.rank, site)


def _is_range(text: str, candidate: Candidate, known: Collection[Span]) -> bool:
    """Return whether a figure is made of several that the grammar names and what joins them, as 6:40至8:20 is."""
    inside = sorted(span for span in known if candidate.span.contains(span) and span != candidate.span)
    gaps = [text[a.end : b.start] for a, b in pairwise(inside) if a.end <= b.start]
    return bool(gaps) and all(_JOINS.fullmatch(align(gap)) for gap in gaps)


def span_features(chosen: Sequence[tuple[View, Scores, Place]]) -> Matrix:
    """Return what the network says of candidates, float64 `(len(chosen), len(SPANS))`, in the order of `SPANS`.

    They come with the window they stand in, of all windows that were read; at least one.
    """
    tops = {key: scores.best()[0] for key, scores in {id(scores): scores for _, scores, _ in chosen}.items()}
    rows = []
    for view, of_window, place in chosen:
        span, (best, highest) = view.local(place.site.candidate.span), tops[id(of_window)]
        rows.append((of_window.of(span), highest, 2 * best.overlap(span) / (len(best) + len(span))))
    scores, windows, shared = np.array(rows).T
    columns = (
        _bounded(scores),
        _bounded(windows),
        shared,
        _bounded(scores - windows.max()),
        _bounded(scores - windows),
    )
    return np.stack(columns, axis=1)


def _to_words(text: str, span: Span) -> Span:
    """Return a span widened to the end of its last word: 标准化、系统 to 标准化、系统化."""
    stop = text.find("\n", span.end)
    place = text.rfind("\n", 0, span.start) + 1
    for word in _words(text[place : stop if stop >= 0 else len(text)]):
        if place < span.end < place + len(word):
            return Span(span.start, place + len(word))
        place += len(word)
    return span


@lru_cache(maxsize=256)
def _words(line: str) -> tuple[str, ...]:
    """Return the words of a line once for all the spans of its windows."""
    return tuple(word for word, _ in tagged(line))


def _bounded(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(scores, -_CERTAIN, _CERTAIN) / 5


@lru_cache(maxsize=4096)
def _windows(text: str) -> tuple[Span, ...]:
    return tuple(window_spans(text)) or (Span(0, len(text)),)
