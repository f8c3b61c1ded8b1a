"""What the measured points say of larger collections: laws fitted to them, checked against the largest, drawn out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

Points = Mapping[int, Mapping[str, float]]
"""By number of passages, what was measured."""

BEYOND = (10**7, 10**8, 10**9)


@dataclass(frozen=True, slots=True)
class Law:
    """How a value grows with the number of passages: `constant + factor · growth(n)`.

    Attributes:
        name: of the value.
        label: for people, with its unit.
        growth: of one number of passages.
        said: the same in words.
        smallest: passages from which on it holds.
    """

    name: str
    label: str
    growth: Callable[[float], float]
    said: str
    smallest: int = 0


def _linear(n: float) -> float:
    return n


LISTED = 60_000
"""From so many passages on vectors lie in lists."""

LAWS = (
    Law("build_s", "建索引（不含编码），秒", _linear, "a + b·n", 5000),
    Law("disk_mb", "磁盘，MB", _linear, "a + b·n", 5000),
    Law("resident_own_mb", "常驻内存（进程自己的），MB", _linear, "a + b·n", LISTED),
    Law("dense_p50_ms", "语义检索 p50，毫秒", np.sqrt, "a + b·√n", LISTED),
    Law("lexical_p50_ms", "字面检索 p50，毫秒", _linear, "a + b·n", 5000),
    Law("exact_ms", "逐一比较 p50，毫秒", _linear, "a + b·n", 5000),
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A law with its numbers."""

    law: Law
    constant: float
    factor: float

    def at(self, passages: float) -> float:
        """Return what it says of so many passages."""
        return self.constant + self.factor * float(self.law.growth(passages))


def fit(law: Law, points: Points) -> Fitted | None:
    """Return the law that comes nearest to the points in proportion; None where fewer than two are large enough."""
    sizes = [size for size in sorted(points) if size >= law.smallest]
    if len(sizes) < 2:
        return None
    values = np.array([max(points[size][law.name], 1e-9) for size in sizes])
    growth = np.array([float(law.growth(size)) for size in sizes])
    constant, factor = np.linalg.lstsq(
        np.stack([1 / values, growth / values], axis=1), np.ones(len(sizes)), rcond=None
    )[0]
    if constant < 0:  # nothing takes less than no time
        constant, factor = 0.0, _through_nothing(growth, values)
    return Fitted(law, float(constant), float(factor))


def _through_nothing(growth: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    ratios = growth / values
    return float(ratios.sum() / (ratios**2).sum())


@dataclass(frozen=True, slots=True)
class Check:
    """What a law fitted to all points but the largest says of that one.

    Attributes:
        law: which.
        passages: of the largest point.
        said: by the law.
        found: when measured.
    """

    law: Law
    passages: int
    said: float
    found: float


def checks(points: Points) -> list[Check]:
    """Return every law that can be fitted without the largest point, held against it."""
    largest = max(points)
    fewer = {size: values for size, values in points.items() if size < largest}
    pairs = [(law, fit(law, fewer)) for law in LAWS if largest >= law.smallest]
    return [Check(law, largest, fitted.at(largest), points[largest][law.name]) for law, fitted in pairs if fitted]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine to plan with; what it costs is an assumption and not a measurement.

    Attributes:
        cores: to encode with.
        memory_gb: of which half is for indexes, the rest for files that are read often.
        disk_gb: fast disk.
        yuan_a_month: rent, or what it costs to own.
    """

    cores: int = 16
    memory_gb: int = 64
    disk_gb: int = 2000
    yuan_a_month: int = 2500


@dataclass(frozen=True, slots=True)
class Plan:
    """What so many passages need.

    Attributes:
        passages: how many.
        encoding_days: on one machine.
        disk_gb: of all segments.
        memory_gb: that must be there, the files that are mapped left aside.
        machines: that hold a part each.
        search_ms: a search of one part, by both stages.
        yuan_a_month: of all machines.
    """

    passages: int
    encoding_days: float
    disk_gb: float
    memory_gb: float
    machines: int
    search_ms: float
    yuan_a_month: int


PATIENCE_MS = 100.0
"""How long a search of one part may take."""


def plans(points: Points, encoded_a_second: float, cores: int, machine: Machine = Machine()) -> list[Plan]:
    """Return what ten million passages and more need; none where the laws cannot be fitted.

    Args:
        points: what was measured.
        encoded_a_second: passages, on all cores.
        cores: how many these were.
        machine: to plan with.
    """
    laws = {law.name: fitted for law in LAWS if (fitted := fit(law, points))}
    if len(laws) < len(LAWS):
        return []
    return [_plan(passages, laws, encoded_a_second / cores, machine) for passages in BEYOND]


def _plan(passages: int, laws: Mapping[str, Fitted], encoded_a_core: float, machine: Machine) -> Plan:
    disk, memory = laws["disk_mb"].at(passages) / 1e3, laws["resident_own_mb"].at(passages) / 1e3
    machines = max(ceil(disk / machine.disk_gb), ceil(memory / (machine.memory_gb / 2)), 1)
    while _search_ms(passages / machines, laws) > PATIENCE_MS:
        machines = ceil(machines * 1.1)
    return Plan(
        passages=passages,
        encoding_days=passages / (encoded_a_core * machine.cores) / 86_400,
        disk_gb=disk,
        memory_gb=memory,
        machines=machines,
        search_ms=_search_ms(passages / machines, laws),
        yuan_a_month=machines * machine.yuan_a_month,
    )


def _search_ms(passages: float, laws: Mapping[str, Fitted]) -> float:
    return laws["dense_p50_ms"].at(passages) + laws["lexical_p50_ms"].at(passages)


def points_of(sizes: Mapping[str, Mapping[str, float]]) -> Points:
    """Return what was measured, by passages instead of documents."""
    return {int(values["passages"]): values for values in sizes.values()}


def growing(points: Points) -> Sequence[Fitted]:
    """Return the laws that the points allow."""
    return [fitted for law in LAWS if (fitted := fit(law, points))]
