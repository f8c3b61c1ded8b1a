"""What tells a right answer from a near miss: numbers about the best candidate and the question.

A near miss has the words of the question except the one that matters (another energy, another year, another
place, an investment instead of a capacity). A paraphrase lacks words too, but has some that mean the same: the
encoder tells 太阳能 from 核电 when the text says 光伏.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import rjieba
from numpy.typing import NDArray

from index.protocols import Encoder
from index.text import align, fold
from qa.features import SCOPES, Asked, Place, bare_place, scopes_of, told_periods, wanted_periods
from qa.grammar import Kind
from qa.matching import match
from qa.measures import dimension
from qa.periods import conflict

_SAME = 0.95
_DIFFERENT = 0.90
"""Cosines of two words' vectors from which on they mean the same, and below which they do not."""
_TITLE = 0.9
"""What a word of the question counts that only the title or the outer headings hold."""
_CONTENT = "njlievab"


def confidence_features(
    a: Asked,
    best: Place,
    found: Sequence[Place],
    scores: NDArray[np.float64],
    similarities: Sequence[float],
    encoder: Encoder,
    known: Callable[[str], bool],
) -> list[float]:
    """The features of `qa.ranking.CONFIDENCE`, in that order.

    Args:
        a: the question.
        best: the candidate that ranked first.
        found: all candidates of the passages that were read.
        scores: of the shortlist, best first.
        similarities: cosines of question and best candidate: its own words, its clause, its passage.
        encoder: compares words.
        known: whether a folded word occurs in the index at all.
    """
    near = _held_near(a, best)
    soft = _held_soft(a, best, near, encoder)
    nouns = [i for i, term in enumerate(a.question.terms) if term.tag[0] in "njlie" and len(term.text) > 1]
    unknown = [
        w for term, w, s in zip(a.question.terms, a.weights, soft, strict=True) if s < 0.6 and not known(term.text)
    ]
    return [
        _weighted(a, near),
        _weighted(a, [max(match(term.text, scope) for scope in scopes_of(best)) for term in a.question.terms]),
        min((near[i] for i in nouns), default=1.0),
        min((soft[i] for i in nouns), default=1.0),
        _weighted(a, soft),
        sum(unknown),
        *_subject(a, best, near, soft),
        *_contest(scores),
        *similarities,
        *_suits(a, best),
        *_times_and_places(a, best),
        float(bool(a.roles) and not any(role in scope for role in a.roles for scope in scopes_of(best)[:3])),
        best.hit.score - max(place.hit.score for place in found),
        float(not re.search("[\u4e00-\u9fff]", a.question.text)),
        min(len(a.question.terms), 10) / 10,
    ]


def _weighted(a: Asked, held: Sequence[float]) -> float:
    return sum(weight * share for weight, share in zip(a.weights, held, strict=True))


def _held_near(a: Asked, best: Place) -> list[float]:
    """For each word of the question, whether sentence or heading hold it, or, for a little less, the title."""
    scopes = dict(zip(SCOPES, scopes_of(best), strict=True))
    near = scopes["sentence"] + scopes["heading"]
    return [max(match(term.text, near), _TITLE * match(term.text, scopes["path"])) for term in a.question.terms]


def _held_soft(a: Asked, best: Place, near: Sequence[float], encoder: Encoder) -> list[float]:
    """The same, where a word that means the same counts as well."""
    passage = best.hit.passage
    text = best.site.sentence.slice(passage.text) + " " + "".join(passage.section_path[-1:])
    words = list(dict.fromkeys(word for word, tag in rjieba.tag(align(text)) if tag[0] in _CONTENT and len(word) > 1))
    missing = [i for i, term in enumerate(a.question.terms) if near[i] < 1.0 and len(term.text) > 1]
    soft = list(near)
    if words and missing:
        asked_for = encoder.encode_queries([a.question.terms[i].text for i in missing])
        closest = (asked_for @ encoder.encode_queries(words).T).max(axis=1)
        for i, cosine in zip(missing, closest, strict=True):
            soft[i] = max(near[i], float(np.clip((cosine - _DIFFERENT) / (_SAME - _DIFFERENT), 0.0, 1.0)))
    return soft


def _contest(scores: NDArray[np.float64]) -> list[float]:
    shares = np.exp(scores - scores[0])
    return [float(1.0 / shares.sum()), float(min(scores[0] - scores[1], 5.0)) if len(scores) > 1 else 5.0]


def _subject(a: Asked, best: Place, near: Sequence[float], soft: Sequence[float]) -> list[float]:
    """Whether the rarest noun is held, exactly and in meaning, and how much the candidate's own words hold."""
    own = [max(match(term.text, scope) for scope in scopes_of(best)[:2]) for term in a.question.terms]
    rarest = (near[a.nucleus], soft[a.nucleus]) if a.nucleus >= 0 else (1.0, 1.0)
    return [*rarest, _weighted(a, own)]


def _suits(a: Asked, best: Place) -> list[float]:
    question, candidate = a.question, best.site.candidate
    is_quantity = candidate.kind is Kind.QUANTITY
    counted = bool(question.kinds) and question.kinds[0] is Kind.QUANTITY
    differs = is_quantity and bool(question.dimensions) and dimension(candidate.unit) not in question.dimensions
    return [
        float(candidate.kind in question.kinds),
        float(not question.kinds),
        float(counted and not is_quantity),
        float(counted and differs),
    ]


def _times_and_places(a: Asked, best: Place) -> list[float]:
    asked_for, told = wanted_periods(a.question, best), told_periods(best)
    passage = best.hit.passage
    whole = fold(" ".join((passage.title, *passage.section_path, passage.text)))
    foreign = [place for place in a.question.places if bare_place(place) not in whole]
    return [float(conflict(asked_for, told)), float(bool(asked_for) and not told), float(bool(foreign))]
