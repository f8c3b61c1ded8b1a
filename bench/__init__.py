"""Benchmarks: how fast, how large, compared in the same run. `python -m bench` lists and runs them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured number.

    Attributes:
        name: what was measured, in words.
        value: the number.
        unit: of the number; empty for ratios and similarities.
        goal: what it should reach, in words; empty where nothing is promised.
    """

    name: str
    value: float
    unit: str = ""
    goal: str = ""
