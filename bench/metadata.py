"""Measure extracted dates and places against those that the shared data states."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import Measurement
from index.errors import YijuError
from index.structure.metadata import describe

# Of these the data states when the text was published last, which the text itself often does not.
_NO_LAWS = {"行政法规", "司法解释", "部门规章", "其他"}
SHARED = Path(__file__).resolve().parents[2] / "shared/data"


def dates_and_places() -> list[Measurement]:
    """Return the dates of issue of notices and of versions of laws, regions and years of reports."""
    notices = Counter(_compared(row["date"], _issued(row)) for row in _dated("policy/business_climate_2023.jsonl"))
    laws = Counter(
        _compared(row["date"], _version(row)) for row in _dated("law/laws.jsonl") if row["category"] not in _NO_LAWS
    )
    reports = [row for row in _rows("policy/work_reports.jsonl") if row["kind"] == "provincial_gwr"]
    told = [describe(row["text"], row["title"])[1] for row in reports]
    regions = sum((each.region or "").startswith(row["region"][:2]) for row, each in zip(reports, told, strict=True))
    years = sum(each.period == f"{row['year']}/{row['year']}" for row, each in zip(reports, told, strict=True))
    return [
        *_figures("notices: date of issue", notices),
        *_figures("laws: date of the version", laws),
        Measurement("reports: region right", regions / len(reports)),
        Measurement("reports: year right", years / len(reports)),
    ]


def _dated(name: str) -> Iterator[dict[str, Any]]:
    return (row for row in _rows(name) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["date"]))


def _issued(row: dict[str, Any]) -> str | None:
    return describe(row["text"], row["title"])[1].issued


def _version(row: dict[str, Any]) -> str | None:
    """Return when a law was amended last, else adopted; the law as it is printed, with its history under the title."""
    history = "\u3000".join(event.rstrip("）") for event in row["history"])
    _, said = describe(f"{row['title']}\n（{history}）\n\n{row['text']}", row["title"])
    return (said.revised or said.issued or "").split(" ")[0] or None


def _compared(right: str, told: str | None) -> str:
    return "untold" if told is None else "right" if told == right else "wrong"


def _figures(name: str, counted: Counter[str]) -> Iterator[Measurement]:
    total = counted.total()
    yield Measurement(f"{name}, right", counted["right"] / total)
    yield Measurement(f"{name}, another", counted["wrong"] / total)
    yield Measurement(f"{name}, none told", counted["untold"] / total)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    path = SHARED / name
    if not path.is_file():
        raise YijuError(f"没有 {path}：这项测试要用仓库旁的共享数据。")
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
