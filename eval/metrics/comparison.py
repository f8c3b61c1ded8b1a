"""Several systems on the same questions: what differs, how sure that is, and which questions went which way.

The first system is what the others are held against. p-values are corrected for all comparisons made at once (Holm),
so that trying twenty settings does not make one of them look better by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eval.metrics.answer_metrics import LOWER_IS_BETTER
from eval.metrics.significance import Difference, holm, paired_difference

Scores = Mapping[str, Mapping[str, float]]
"""Question id → score name → value."""


@dataclass(frozen=True, slots=True)
class System:
    """What is compared."""

    name: str  # for people, unique
    scores: Scores  # of each question; a score that does not apply to a question is absent


@dataclass(frozen=True, slots=True)
class Contrast:
    """One score of one system against the first."""

    system: str
    score: str  # name of the score
    before: float  # mean of the first system over the questions that both count
    difference: Difference  # second minus first; `difference.p` is not corrected
    p: float  # corrected for all contrasts of the comparison
    won: tuple[str, ...]  # ids of the questions where the second is better, in the first's order
    lost: tuple[str, ...]  # those where it is worse

    @property
    def gain(self) -> float:
        """Return the difference with its sign so that more is better."""
        return -self.difference.value if self.score in LOWER_IS_BETTER else self.difference.value


def compare(systems: Sequence[System], names: Sequence[str]) -> list[Contrast]:
    """Return every score of every system against the first one, systems in order, then scores in order.

    A score that no question has in both systems is left out.

    Raises:
        ValueError: if there are fewer than two systems.
    """
    if len(systems) < 2:
        raise ValueError(f"至少要有两个才能比较，这里是 {len(systems)} 个")
    first, *others = systems
    found = [each for other in others for each in contrasts(first, other, names)]
    corrected = holm([each.difference.p for each in found])
    return [replace(each, p=p) for each, p in zip(found, corrected, strict=True)]


def contrasts(first: System, other: System, names: Sequence[str]) -> list[Contrast]:
    """Return the scores of one system against the first, each by itself: `p` is not corrected."""
    return [each for name in names if (each := _contrast(first, other, name)) is not None]


def _contrast(first: System, other: System, name: str) -> Contrast | None:
    ids = [id for id, scores in first.scores.items() if name in scores and name in other.scores.get(id, {})]
    if not ids:
        return None
    before, after = ([system.scores[id][name] for id in ids] for system in (first, other))
    difference = paired_difference(before, after)
    sign = -1 if name in LOWER_IS_BETTER else 1
    gains = {id: sign * (b - a) for id, a, b in zip(ids, before, after, strict=True)}
    won = tuple(id for id, gain in gains.items() if gain > 0)
    lost = tuple(id for id, gain in gains.items() if gain < 0)
    return Contrast(other.name, name, sum(before) / len(ids), difference, difference.p, won, lost)


def pareto(points: Sequence[Sequence[float]]) -> list[bool]:
    """Return which points no other beats, by being as good in every place, where more is better, and better in one."""
    return [not any(_beats(other, point) for other in points) for point in points]


def _beats(other: Sequence[float], point: Sequence[float]) -> bool:
    pairs = list(zip(other, point, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
