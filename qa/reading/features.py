"""What speaks for a candidate, in numbers that a linear model weighs (`qa/reading/ranking.py`)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.records import Hit
from index.text import fold
from qa.language.grammar import Kind
from qa.language.measures import dimension
from qa.language.periods import Period, conflict, covered, periods
from qa.question.analysis import Question
from qa.reading.matching import Site, match, passage_scopes, sites

Matrix = NDArray[np.float64]

READ_PASSAGES = 5
"""Passages that are read, best first."""

SCOPES = ("own", "clause", "sentence", "heading", "path", "passage")
LEXICAL = (
    "own",
    "far",
    "kind_first",
    "open_clause",
    "labelled",
    "label_asked",
    "unit_fits",
    "dimension_fits",
    "dimension_differs",
    "head_within",
    "left_adjacent",
    "period_meets",
    "period_conflicts",
    "place_missing",
    "length",
    "rank",
    "retrieval",
)
SPANS = ("span", "span_window", "span_overlap", "span_lag", "span_local")
"""What the network says; made by `qa.reading.windows`."""
FEATURES = (*LEXICAL, *SPANS)
SECOND = ("lead", "strays", "meets", "support")
"""What decides among the candidates that are read again; made by `qa.reading.second_look`."""

_ROLES = frozenset({"牵头", "责任", "主管", "配合", "承办", "协办", "发布", "印发", "来源", "联系"})
_NOUNS = "njlie"
_SINCE = re.compile(r"年?(?:\d{1,2}月)?(?:\d{1,2}日)?以来")
_THAN = re.compile("(?:[比较同]|相比|对比|比起|高于|低于|好于|超过)$")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what all candidates share.

    Attributes:
        question: taken apart.
        weights: what each of its words counts, adding up to 1.
        roles: words of the question that name a role, such as 牵头.
    """

    question: Question
    weights: tuple[float, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A candidate in the passage that was found."""

    hit: Hit
    rank: int
    site: Site

    @property
    def text(self) -> str:
        """Return the candidate, verbatim."""
        return self.site.candidate.span.slice(self.hit.passage.text)


def asked(question: Question, rarity: Callable[[str], float]) -> Asked:
    """Weigh the words of a question by part of speech and by how rare they are in the index."""
    raw = [_TAG_WEIGHTS.get(term.tag[0], 1.0) * rarity(term.text) for term in question.terms]
    total = sum(raw) or 1.0
    roles = tuple(term.text for term in question.terms if term.text in _ROLES)
    return Asked(question, tuple(weight / total for weight in raw), roles)


_TAG_WEIGHTS = {"v": 0.6, "d": 0.3, "a": 0.5, "b": 0.7, "m": 0.5, "f": 0.3, "t": 0.5, "q": 0.3}


def places(hits: Sequence[Hit]) -> list[Place]:
    """Return all candidates of the passages that are read."""
    return [Place(hit, rank, site) for rank, hit in enumerate(hits[:READ_PASSAGES]) for site in sites(hit.passage.text)]


def lexical(a: Asked, found: Sequence[Place], among: Sequence[Place] = ()) -> Matrix:
    """Return the features that need no network, `(len(found), len(LEXICAL))`, in the order of `LEXICAL`.

    Args:
        a: the question.
        found: candidates.
        among: the others of their passages, where `found` are some that were added.
    """
    if not found:
        return np.empty((0, len(LEXICAL)))
    best = max(place.hit.score for place in (*found, *among))
    return np.hstack([_held(a, found), np.array([_row(a, place, best) for place in found], dtype=np.float64)])


def _row(a: Asked, place: Place, best: float) -> list[float]:
    site, kinds = place.site, a.question.kinds
    candidate = site.candidate
    return [
        float(kinds[:1] == (candidate.kind,)),
        float(not kinds and candidate.kind is Kind.CLAUSE),
        float(candidate.labelled),
        float(candidate.labelled and any(role in site.own for role in a.roles)),
        *_measure(a, site),
        *_gap(a, site),
        *_time(a, place),
        _place_missing(a, place),
        math.log1p(len(site.value)) / 4,
        place.rank / READ_PASSAGES,
        place.hit.score - best,
    ]


def scopes_of(place: Place) -> tuple[str, ...]:
    """Return the folded texts around a candidate, nearest first, as `SCOPES` names them."""
    site = place.site
    return (site.own, site.clause, site.around, *passage_scopes(place.hit.passage))


def _held(a: Asked, found: Sequence[Place]) -> Matrix:
    """Return how much of the question candidates' own words hold, and how much only their passages: `(found, 2)`.

    Candidates share most of their scopes, so each text is compared with the words of the question once.
    """
    scopes = [scopes_of(place) for place in found]
    rows = {text: row for row, text in enumerate(dict.fromkeys(text for each in scopes for text in each))}
    words = [term.text for term in a.question.terms]
    matched = np.array([[match(word, text) for word in words] for text in rows], dtype=np.float64)
    held = matched.reshape(len(rows), len(words))[[[rows[text] for text in each] for each in scopes]]
    far = np.maximum(0.0, held[:, -1] - held[:, :-1].max(axis=1))
    return np.column_stack([held[:, 0] @ a.weights, far @ a.weights])


def _measure(a: Asked, site: Site) -> list[float]:
    """Return whether a figure is in the unit asked for, measures what is asked for, or measures something else."""
    question, candidate = a.question, site.candidate
    # The unit of a table's cell may stand in the caption.
    if candidate.kind is not Kind.QUANTITY or (candidate.labelled and not candidate.unit):
        return [0.0] * 3
    known = bool(question.dimensions) and Kind.QUANTITY in question.kinds
    same = dimension(candidate.unit) in question.dimensions
    return [
        float(bool(question.unit) and candidate.unit == question.unit),
        float(known and same),
        float(known and not same),
    ]


def _gap(a: Asked, site: Site) -> list[float]:
    """Return whether a candidate holds the noun asked for, and whether the word before the gap stands before it."""
    head, left = a.question.gap.head, a.question.gap.left
    adjacent = 1.0 if left and site.before.endswith(left) else 0.5 if left and left[0] in site.before[-3:] else 0.0
    return [float(bool(head) and head in site.value), adjacent]


def _time(a: Asked, place: Place) -> list[float]:
    wanted = wanted_periods(a.question, place)
    if not wanted:
        return [0.0, 0.0]
    told = told_periods(place)
    clash = conflict(wanted, told)
    return [float(bool(told) and not clash), float(clash)]


def _place_missing(a: Asked, place: Place) -> float:
    """Return the share of the question's places that neither title, section path nor sentence names."""
    if not a.question.places:
        return 0.0
    passage = place.hit.passage
    told = fold(" ".join((passage.title, *passage.section_path))) + place.site.around
    return sum(bare_place(name) not in told for name in a.question.places) / len(a.question.places)


def bare_place(name: str) -> str:
    """Return a place name as short as people use it: 綦江区 → 綦江."""
    folded = fold(name)
    return re.sub("(?:自治区|特别行政区|自治州|[省市区县镇乡州旗])$", "", folded) if len(folded) > 2 else folded


def wanted_periods(question: Question, place: Place) -> list[Period]:
    """Return the periods the question names, 「今年」 understood as the passage's document does."""
    return _named(question.text, _present(place.hit.passage.title))


@lru_cache(maxsize=1024)
def _named(question: str, present: int | None) -> list[Period]:
    """Return the periods of a question once for all its candidates."""
    return periods(question, present)


def told_periods(place: Place) -> list[Period]:
    """Return the periods the text names for a candidate: in its clause, else its sentence, else its section path."""
    passage, site = place.hit.passage, place.site
    present = _present(passage.title)
    scopes = (
        site.candidate.clause.slice(passage.text),
        site.sentence.slice(passage.text),
        *reversed(passage.section_path),
    )
    named = next((found for scope in scopes if (found := _told(scope, present))), None)
    return named or _narrowed(covered(passage.title), _told(passage.text[: site.sentence.start], present))


def _narrowed(title: list[Period], before: list[Period]) -> list[Period]:
    """Return what a title covers, or the year of it that the text before was last about."""
    last = before[-1:]
    within = any(each.first <= period.first == period.last <= each.last for each in title for period in last)
    return last if within else title


@lru_cache(maxsize=1024)
def _told(text: str, present: int | None) -> list[Period]:
    """Return the periods a text tells of; 「1993年以来最好」 and 「比上年增长」 only say what it is compared with."""
    return [
        period
        for period in periods(text, present)
        if not _SINCE.match(text, period.end) and not _THAN.search(text, max(0, period.start - 2), period.start)
    ]


@lru_cache(maxsize=4096)
def _present(title: str) -> int | None:
    """Return the year that 「今年」 means in a document with this title, where the title names a single one."""
    named = periods(title)
    return named[0].first if len(named) == 1 and named[0].first == named[0].last else None
