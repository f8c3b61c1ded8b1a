"""Figures that must be reached: `short_hit>=0.9`, `false_answer[number]<=0.2`, `nDCG@10>=0.7`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eval.metrics.answer_metrics import LOWER_IS_BETTER, SCORES
from eval.metrics.retrieval_metrics import canonical
from eval.report.report import ReportJson
from index.terminal import printable

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_FORM = re.compile(r"\s*([\w@]+)(?:\[([^\]]+)\])?\s*(>=|<=|>|<)\s*(\S+)\s*")
_WHOLE_RUN: Mapping[str, Callable[[ReportJson], float | None]] = {
    "ece": lambda report: report["calibration"]["ece"],
    "aurc": lambda report: report["selection"]["aurc"],
    "latency_p50": lambda report: report["latency_ms"]["p50"],
    "latency_p95": lambda report: report["latency_ms"]["p95"],
    "memory_mb": lambda report: report["memory_mb"],
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A figure that must be reached."""

    name: str  # a score of `SCORES`, a measure of the search in its last stage, or a figure of the whole run
    type: str | None  # the question type it is asked of; None for all questions
    comparison: str  # `>=`, `<=`, `>` or `<`
    bound: float

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read `NAME>=NUMBER` or `NAME[TYPE]>=NUMBER`.

        Raises:
            ValueError: if it is something else, or there is no such figure.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"无法解析要求 {text}；应写成 short_hit>=0.9 或 short_hit[number]>=0.9")
        name, type, comparison, bound = match.groups()
        measure = canonical(name)
        if measure and not type:
            return cls(measure, None, comparison, number(bound, text))
        if name not in SCORES and (type or name not in _WHOLE_RUN):
            raise ValueError(
                f"要求 {text} 里没有 {name} 这个指标；有：{'、'.join([*SCORES, *_WHOLE_RUN])}，及 nDCG@10 等检索指标"
            )
        return cls(name, type, comparison, number(bound, text))

    def __str__(self) -> str:
        type = f"[{self.type}]" if self.type else ""
        return f"{self.name}{type}{self.comparison}{self.bound:g}"

    def value(self, report: ReportJson) -> float | None:
        """Return the figure that was reached; None where nothing was measured.

        Raises:
            ValueError: if the report has no question of the type.
        """
        if self.name in _WHOLE_RUN:
            return _WHOLE_RUN[self.name](report)
        if canonical(self.name):
            runs = report["stages"]["runs"] if report["stages"] else {}
            last = [*runs.values()][-1:]
            return last[0][self.name]["value"] if last and self.name in last[0] else None
        if self.type is None:
            return report["scores"][self.name]["value"]
        if self.type not in report["by_type"]:
            raise ValueError(f"要求 {self} 的类型 {self.type} 不在问题集里；有：{'、'.join(report['by_type'])}")
        found = report["by_type"][self.type].get(self.name)
        return found["value"] if found else None

    def holds(self, report: ReportJson) -> bool:
        """Return whether the figure is reached; one that was not measured is not."""
        value = self.value(report)
        return value is not None and _OPERATORS[self.comparison](value, self.bound)


def number(text: str, whole: str) -> float:
    """Return a finite number that a person typed as part of `whole`.

    Raises:
        ValueError: if it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{whole} 里的 {text} 不是数；应是 0.9 这样的数")
    return value


def parse_tolerance(text: str) -> tuple[str, float]:
    """Read `SCORE=LOSS`: how much of a score may be lost to the baseline.

    Raises:
        ValueError: if it is something else, there is no such score, or the loss is negative.
    """
    name, _, loss = text.partition("=")
    if name not in SCORES or not loss:
        raise ValueError(f"无法解析容差 {text}；应写成 answer_hit=0.02，指标有：{'、'.join(SCORES)}")
    value = number(loss, text)
    if value < 0:
        raise ValueError(f"容差 {text} 是负的；应为 0 或正数")
    return name, value


def unmet(requirements: Sequence[Requirement], report: ReportJson) -> list[Requirement]:
    """Return the requirements that do not hold, in the order given.

    Raises:
        ValueError: if one asks for a question type that the report does not have.
    """
    return [each for each in requirements if not each.holds(report)]


def unmet_text(found: Sequence[Requirement], report: ReportJson) -> str:
    """Return what was not reached and by which questions, for a terminal."""
    lines = []
    for each in found:
        value = each.value(report)
        lines.append(f"  {each}：实际{'没有数值' if value is None else f' {value:.3f}'}{_blame(each, report)}")
    return printable("\n".join(["没有达到要求：", *lines]))


def _blame(requirement: Requirement, report: ReportJson) -> str:
    """Return the questions that a score lost most by."""
    best = 0.0 if requirement.name in LOWER_IS_BETTER else 1.0
    ids = [
        each["id"]
        for each in report["questions"]
        if each["scores"].get(requirement.name, best) != best and requirement.type in (None, each["type"])
    ]
    return f"；失分的问题：{'、'.join(ids)}" if ids else ""
