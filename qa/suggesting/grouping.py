"""Group questions that ask for the same thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray

from index.protocols import Encoder
from index.text import fold, terms
from qa.language.periods import conflict
from qa.question.analysis import Question, analyse

ALIKE = 0.5
"""From which mean likeness two groups are one. Fitted on paraphrases in the development halves of `eval/gold`."""

_UNRELATED = 0.8  # the cosine that the default encoder gives to questions which share nothing but being questions

Likeness = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeaningGrouper:
    """Groups questions by what they ask for: half by meaning, as the encoder sees it, half by wording."""

    encoder: Encoder

    def groups(self, questions: Sequence[str]) -> list[list[int]]:
        """Return the positions of the questions that belong together: each once, in order, groups by their first one.

        Other years, places or figures keep questions apart, however alike their words are. Some hundreds at most, since
        each is compared with each.
        """
        if not questions:
            return []
        vectors = self.encoder.encode_queries(questions).astype(np.float64)
        meaning = np.clip((vectors @ vectors.T - _UNRELATED) / (1 - _UNRELATED), 0, 1)
        likeness = (meaning + _wording(questions)) / 2
        likeness[_clashes([analyse(question) for question in questions])] = -np.inf
        return _merged(likeness)


def _wording(questions: Sequence[str]) -> Likeness:
    """Return the share of terms that two questions have in common, rare ones weighing more."""
    bags = [frozenset(terms(fold(question))) for question in questions]
    counts = Counter(term for bag in bags for term in bag)
    columns = {term: column for column, term in enumerate(sorted(counts))}
    held = np.zeros((len(bags), len(columns)))
    for row, bag in enumerate(bags):
        held[row, [columns[term] for term in bag]] = 1.0
    weights = np.array([log(1 + len(bags) / counts[term]) for term in columns])
    shared = (held * weights) @ held.T
    each = held @ weights
    either = each[:, None] + each[None, :] - shared
    share: Likeness = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    return share


def _clashes(questions: Sequence[Question]) -> NDArray[np.bool_]:
    """Return which questions name different years, places, figures or provisions, each with each."""
    named = [_named(question) for question in questions]
    years = [list(question.periods) for question in questions]
    clashes = np.zeros((len(named), len(named)), dtype=bool)
    for i, j in combinations(range(len(named)), 2):
        differ = any(p and q and p.isdisjoint(q) for p, q in zip(named[i], named[j], strict=True))
        clashes[i, j] = clashes[j, i] = differ or conflict(years[i], years[j])
    return clashes


def _named(question: Question) -> tuple[frozenset[str], ...]:
    figures = frozenset(term.text for term in question.terms if term.text[0].isdigit())
    return frozenset(question.places), figures, frozenset(question.provisions)


def _merged(likeness: Likeness) -> list[list[int]]:
    """Return average linkage: the two groups that are most alike become one until none are alike enough."""
    n = len(likeness)
    groups = [[i] for i in range(n)]
    between = likeness.copy()
    np.fill_diagonal(between, -np.inf)
    while n > 1:
        i, j = sorted(divmod(int(between.argmax()), n))
        if between[i, j] < ALIKE:
            break
        sizes = len(groups[i]), len(groups[j])
        between[i] = between[:, i] = (between[i] * sizes[0] + between[j] * sizes[1]) / sum(sizes)
        between[i, i] = between[j] = between[:, j] = -np.inf
        groups[i] += groups[j]
        groups[j] = []
    return [sorted(group) for group in groups if group]
