"""What speaks for a candidate, in numbers that a linear model weighs (`qa/reading/ranking.py`)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.records import Hit, Span
from index.text import fold
from qa.language.grammar import Kind
from qa.language.measures import dimension
from qa.language.periods import Period, conflict, covered, periods
from qa.language.polarity import is_polar
from qa.question.analysis import Question
from qa.reading.matching import Site, match, passage_scopes, sites

Matrix = NDArray[np.float64]

READ_PASSAGES = 5
"""Passages that are read, best first."""

SCOPES = ("own", "clause", "sentence", "heading", "path", "passage")
LEXICAL = (
    *SCOPES,
    "nucleus_own",
    "nucleus_near",
    "kind_first",
    "kind_other",
    "kind_unasked",
    *(f"open_{kind.name.lower()}" for kind in Kind),
    "labelled",
    "label_asked",
    "label_unasked",
    "in_labelled",
    "unit_fits",
    "unit_differs",
    "dimension_fits",
    "dimension_differs",
    "bare_number",
    "head_ends",
    "head_within",
    "head_behind",
    "left_adjacent",
    "left_in_lead",
    "right_adjacent",
    "period_meets",
    "period_conflicts",
    "place_held",
    "place_missing",
    "restates",
    "length",
    "unheaded",
    "rank",
    "retrieval",
    "among_siblings",
    "each_unasked",
    "polar_held",
)
SPANS = ("span", "span_window", "span_overlap", "span_lag", "span_local")
"""What the network says; made by `qa.reading.windows`."""
FEATURES = (*LEXICAL, *SPANS)
SECOND = ("lead", "among_siblings", "strays", "meets", "unfit", "headed", "support")
"""What decides among the candidates that are read again; made by `qa.reading.second_look`."""

EACH = re.compile("每|[人户地亩车]均|平均")
"""Says that a figure is one of each, or an average; in folded text."""
_LEAD = re.compile("^(?:其中|[和与及对])")
_FAR = 0.3
"""Difference from which on one figure fits a question as much better than another as can be."""
_PART, _SHARED, _WITHIN = 0.9, 0.6, 0.7
"""What a word counts that the words of the whole hold, which a figure is a part of; that the figures before it in its
sentence hold; and that stands within a longer word where another figure has the word itself: 技师 in 高级技师."""
_BESIDE = 0.003
"""What each character counts that a figure's own words have and the question has not."""
_CONDITION = 0.5
"""What a number of the question counts: 80周岁以上 is for those of 80, whatever else its clause leaves out."""
_ELLIPTIC = 8
"""Characters of own words up to which a figure may leave out what the ones before it said."""
_OF_EACH = 0.2
"""What counts against one of each where all are asked for."""
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
        nucleus: position of the noun that counts most, or -1.
        roles: words of the question that name a role, such as 牵头.
    """

    question: Question
    weights: tuple[float, ...]
    nucleus: int
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
    nouns = [i for i, term in enumerate(question.terms) if term.tag[0] in _NOUNS]
    nucleus = max(nouns, key=lambda i: raw[i], default=-1)
    roles = tuple(term.text for term in question.terms if term.text in _ROLES)
    return Asked(question, tuple(weight / total for weight in raw), nucleus, roles)


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
    every = [*found, *among]
    best = max(place.hit.score for place in every)
    labelled, kinds = _labelled_spans(every), {kind: _kind(a, kind) for kind in Kind}
    rows = [[*kinds[place.site.candidate.kind], *_row(a, place, best, labelled.get(place.rank, []))] for place in found]
    siblings = _among_siblings(a, every)[: len(found)]
    return np.column_stack(
        [*_held(a, found), np.array(rows, dtype=np.float64), siblings, _each_unasked(a, found), _polar_held(a, found)]
    )


def _among_siblings(a: Asked, found: Sequence[Place]) -> list[float]:
    """Return how much better than all others of its sentence that measure the same a figure fits the question, -1 to 1.

    「出口782亿元，进口343亿元」: asked for 进口, the first is outdone by the second. 0 for what has no such others.
    """
    told = [0.0] * len(found)
    for group in _siblings(found).values():
        fits = _fits(a, [found[i] for i in group])
        spans = [found[i].site.candidate.span for i in group]
        for i, fit, span in zip(group, fits, spans, strict=True):
            others = [rival for rival, other in zip(fits, spans, strict=True) if other != span]
            told[i] = max(-1.0, min(1.0, (fit - max(others)) / _FAR)) if others else 0.0
    return told


def _siblings(found: Sequence[Place]) -> dict[tuple[int, Span, str], list[int]]:
    """Return the rows of figures by their sentence and by what they measure."""
    groups: dict[tuple[int, Span, str], list[int]] = {}
    for i, place in enumerate(found):
        if place.site.candidate.kind is Kind.QUANTITY:
            groups.setdefault((place.rank, place.site.sentence, dimension(place.site.candidate.unit)), []).append(i)
    return groups


def _fits(a: Asked, figures: Sequence[Place]) -> list[float]:
    """Return how much of the question each figure's own words hold, less a little for words that were not asked for."""
    leading = frozenset(
        term.text for term in a.question.terms if any(_begins(term.text, each.site) for each in figures)
    )
    order = sorted(range(len(figures)), key=lambda i: figures[i].site.candidate.span.start)
    fits, before = [0.0] * len(figures), ""
    for i in order:
        fits[i] = _fit(a, figures[i].site, before, leading)
        before += " " + figures[i].site.own
    return fits


def _fit(a: Asked, site: Site, before: str, leading: frozenset[str]) -> float:
    """Return how much of the question a figure holds.

    Args:
        a: the question.
        site: the figure.
        before: the own words of the figures before it in its sentence.
        leading: words of the question that the own words of some figure begin with.
    """
    asked_for, of_time = fold(a.question.text), _of_time(a.question, site.own)
    own = [_own(term.text, site, leading) for term in a.question.terms]
    # What a part shares with its whole counts where the part itself is asked for.
    whole = site.base if any(own) or of_time > 0 else ""
    elided = "" if site.base or len(site.own) > _ELLIPTIC else before
    held = sum(
        (_CONDITION if term.text.isdecimal() else weight)
        * max(mine, _PART * match(term.text, whole), _SHARED * match(term.text, elided))
        for term, weight, mine in zip(a.question.terms, a.weights, own, strict=True)
    )
    of_each = EACH.search(site.own) is not None and EACH.search(asked_for) is None
    beside = sum(character not in asked_for for character in site.own)
    # The time that the first of several figures names is that of all.
    time = of_time if site.base or of_time < 0 else 0
    return held - _BESIDE * beside - _OF_EACH * of_each + _CONDITION * time


def _own(word: str, site: Site, leading: frozenset[str]) -> float:
    """Return how much of a word a figure's own words hold; less if in a longer word where others have it as it is."""
    held = match(word, site.own)
    return held * _WITHIN if word in leading and not _begins(word, site) else held


def _begins(word: str, site: Site) -> bool:
    """Return whether what stands before a figure, or behind it, begins with a word."""
    return any(_LEAD.sub("", fold(part)).startswith(word) for part in site.candidate.own.split())


def _of_time(question: Question, own: str) -> int:
    """1 where a figure's own words name just the years of the question, -1 where they name others only."""
    wanted, told = [*question.periods], periods(own)
    if not wanted or not told:
        return 0
    exact = any((a.first, a.last) == (b.first, b.last) for a in wanted for b in told)
    return 1 if exact else -conflict(wanted, told)


def _each_unasked(a: Asked, found: Sequence[Place]) -> list[float]:
    """1 where a figure is one of each, or an average, and the question says nothing of that."""
    if EACH.search(fold(a.question.text)):
        return [0.0] * len(found)
    return [
        float(place.site.candidate.kind is Kind.QUANTITY and EACH.search(place.site.own) is not None) for place in found
    ]


def _polar_held(a: Asked, found: Sequence[Place]) -> list[float]:
    """Return how much of a question for yes or no the clause holds: what says so says what was asked."""
    if not is_polar(a.question.text):
        return [0.0] * len(found)
    words = list(zip(a.question.terms, a.weights, strict=True))
    return [sum(weight * match(term.text, place.site.clause) for term, weight in words) for place in found]


def _labelled_spans(found: Sequence[Place]) -> dict[int, list[Site]]:
    spans: dict[int, list[Site]] = {}
    for place in found:
        if place.site.candidate.labelled:
            spans.setdefault(place.rank, []).append(place.site)
    return spans


def _row(a: Asked, place: Place, best: float, labelled: Sequence[Site]) -> list[float]:
    return [
        *_label(a, place.site, labelled),
        *_measure(a, place.site),
        *_gap(a, place.site),
        *_time(a, place),
        *_place(a, place),
        sum(w for term, w in zip(a.question.terms, a.weights, strict=True) if term.text in place.site.value),
        math.log1p(len(place.site.value)) / 4,
        float(not place.hit.passage.section_path),
        place.rank / READ_PASSAGES,
        place.hit.score - best,
    ]


def scopes_of(place: Place) -> tuple[str, ...]:
    """Return the folded texts around a candidate, nearest first, as `SCOPES` names them."""
    site = place.site
    return (site.own, site.clause, site.around, *passage_scopes(place.hit.passage))


def _held(a: Asked, found: Sequence[Place]) -> tuple[Matrix, Matrix]:
    """Return how much of the question each scope holds that no nearer one does, and where its nucleus stands.

    Candidates share most of their scopes, so each text is compared with the words of the question once.
    """
    scopes = [scopes_of(place) for place in found]
    rows = {text: row for row, text in enumerate(dict.fromkeys(text for each in scopes for text in each))}
    words = [term.text for term in a.question.terms]
    matched = np.array([[match(word, text) for word in words] for text in rows], dtype=np.float64)
    held = matched.reshape(len(rows), len(words))[[[rows[text] for text in each] for each in scopes]]
    added = np.diff(np.maximum.accumulate(held, axis=1), axis=1, prepend=0.0)
    reach = np.zeros(added.shape[:2])
    for word, weight in enumerate(a.weights):  # in order: sums differ in their last bits else
        reach += weight * added[:, :, word]
    if a.nucleus < 0:
        return reach, np.zeros((len(found), 2))
    nucleus = held[:, :, a.nucleus]
    return reach, np.column_stack([nucleus[:, 0], nucleus[:, 1:4].max(axis=1)])


def _kind(a: Asked, kind: Kind) -> list[float]:
    kinds = a.question.kinds
    first, other = bool(kinds) and kind is kinds[0], kind in kinds[1:]
    unasked = bool(kinds) and kind not in kinds
    return [float(first), float(other), float(unasked), *(float(not kinds and kind is each) for each in Kind)]


def _label(a: Asked, site: Site, labelled: Sequence[Site]) -> list[float]:
    candidate = site.candidate
    named = candidate.labelled and any(role in site.own for role in a.roles)
    inside = not candidate.labelled and any(each.candidate.span.contains(candidate.span) for each in labelled)
    return [
        float(candidate.labelled),
        float(named),
        float(candidate.labelled and bool(a.roles) and not named),
        float(inside),
    ]


def _measure(a: Asked, site: Site) -> list[float]:
    question, candidate = a.question, site.candidate
    if candidate.kind is not Kind.QUANTITY:
        return [0.0] * 5
    fits = bool(question.unit) and candidate.unit == question.unit
    known = bool(question.dimensions) and Kind.QUANTITY in question.kinds
    same = dimension(candidate.unit) in question.dimensions
    if candidate.labelled and not candidate.unit:  # a table's cell, whose unit the caption may say
        return [0.0] * 5
    return [
        float(fits),
        float(bool(question.unit) and not fits),
        float(known and same),
        float(known and not same),
        float(not candidate.unit),
    ]


def _gap(a: Asked, site: Site) -> list[float]:
    gap = a.question.gap
    head, left = gap.head, gap.left
    adjacent = 1.0 if left and site.before.endswith(left) else 0.5 if left and left[0] in site.before[-3:] else 0.0
    return [
        float(bool(head) and site.value.endswith(head[-2:])),
        float(bool(head) and head in site.value),
        float(bool(head) and head in site.behind),
        adjacent,
        float(bool(left) and left in site.lead),
        float(bool(gap.right) and site.behind.startswith(gap.right)),
    ]


def _time(a: Asked, place: Place) -> list[float]:
    wanted = wanted_periods(a.question, place)
    if not wanted:
        return [0.0, 0.0]
    told = told_periods(place)
    clash = conflict(wanted, told)
    return [float(bool(told) and not clash), float(clash)]


def _place(a: Asked, place: Place) -> list[float]:
    """Return whether title or section path name the places of the question, or at least the sentence does."""
    if not a.question.places:
        return [0.0, 0.0]
    passage = place.hit.passage
    told = fold(" ".join((passage.title, *passage.section_path))) + place.site.around
    held = sum(bare_place(name) in told for name in a.question.places) / len(a.question.places)
    return [held, 1.0 - held]


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
