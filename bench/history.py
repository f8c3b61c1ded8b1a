"""What benchmarks gave, kept per commit, as one page with plots over time; figures of a busy machine are marked."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TypedDict

from markupsafe import Markup

from bench import Measurement
from bench.programs import ROOT
from bench.scale import machine
from eval.report.markup import Axis, Cell, Dot, Line, Plot, draw, table
from eval.report.markup import page as html_page
from eval.report.provenance import commit
from index.errors import YijuError

_STAT = Path("/proc/stat")
BUSY = 0.2
"""Cores that other programs take while a benchmark runs, from which on its figures say little of the program."""

TITLE = "基准测试历次结果"


class Result(TypedDict):
    """What a benchmark gave.

    Attributes:
        others: cores that other programs took meanwhile, on average.
        load: of the machine when it ended, over one, five and fifteen minutes.
        figures: fields of each `Measurement`.
    """

    others: float
    load: str
    figures: list[dict[str, str | float]]


class Run(TypedDict):
    """What was measured of a commit on a day.

    Attributes:
        date: when, ISO 8601.
        commit: of the program; `-dirty` behind it where files differ.
        machine: what on.
        results: by benchmark.
    """

    date: str
    commit: str
    machine: Mapping[str, str]
    results: dict[str, Result]


Point = tuple[Run, Result, float]
"""A run, the result it stands in, and the value of the figure."""


def timed(bench: Callable[[], Sequence[Measurement]]) -> tuple[Sequence[Measurement], Result]:
    """Run a benchmark; return its figures, and the same with how busy other programs were meanwhile."""
    began, before = time.perf_counter(), _processor_of_others()
    figures = list(bench())
    others = max(0.0, _processor_of_others() - before) / (time.perf_counter() - began)
    load = " / ".join(f"{each:.1f}" for each in os.getloadavg())
    return figures, {"others": round(others, 2), "load": load, "figures": [asdict(figure) for figure in figures]}


def _processor_of_others() -> float:
    """Return the processor seconds of everything but this process and its children that have ended; 0 if unknown."""
    if not _STAT.is_file():
        return 0.0
    counted = _STAT.read_text("ascii").split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, irq, softirq, _ = map(int, counted)
    mine = os.times()
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK") - sum(mine[:4])


def keep(folder: Path, results: Mapping[str, Result]) -> None:
    """Write what was measured beside earlier runs; a benchmark that ran before on the commit and day is replaced.

    Raises:
        YijuError: if a file of the folder is none of a run.
    """
    about = machine()
    about.pop("load")
    now, of = datetime.now(UTC).isoformat(timespec="seconds"), commit(ROOT) or ""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now[:10]}-{of[:10] or 'unknown'}{'-dirty' * of.endswith('-dirty')}.json"
    earlier = _read(path)["results"] if path.is_file() else {}
    run: Run = {"date": now, "commit": of, "machine": about, "results": {**earlier, **results}}
    path.write_text(json.dumps(run, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    runs = sorted((_read(each) for each in folder.glob("*.json")), key=lambda each: each["date"])
    folder.with_suffix(".html").write_text(page(runs), encoding="utf-8")


def _read(path: Path) -> Run:
    try:
        run: Run = json.loads(path.read_text("utf-8"))
        return {"date": run["date"], "commit": run["commit"], "machine": run["machine"], "results": run["results"]}
    except (ValueError, KeyError, TypeError) as error:
        raise YijuError(f"{path} 不是基准测试的结果（{error}）；请移走。") from error


def page(runs: Sequence[Run]) -> str:
    """Return all figures with their newest value, and each over time.

    Args:
        runs: oldest first.
    """
    body = [
        f"<h1>{TITLE}</h1>",
        f'<p class="quiet">由 make bench 生成，{len(runs)} 次，点上有日期、提交、机器和负载。其他程序占用超过 '
        f"{BUSY} 个核时测得的标为「机器忙」、画成红点：时间偏大，不作为结果公布。</p>",
    ]
    for bench in dict.fromkeys(name for run in runs for name in run["results"]):
        series = _series(runs, bench)
        body += [
            f"<h2>{escape(bench)}</h2>",
            table(("项目", "数值", "目标", "日期", "机器", "负载", ""), [*_rows(series)]),
        ]
        body += ['<div class="beside">', *(_plot(*named) for named in series.items() if len(named[1]) > 1), "</div>"]
    return html_page("page.html", TITLE, body=Markup("\n".join(body)))


def _series(runs: Sequence[Run], bench: str) -> dict[tuple[str, str, str], list[Point]]:
    """Return by name, unit and goal of a figure its values, oldest first."""
    found: dict[tuple[str, str, str], list[Point]] = {}
    for run in runs:
        if result := run["results"].get(bench):
            for figure in result["figures"]:
                key = str(figure["name"]), str(figure["unit"]), str(figure["goal"])
                found.setdefault(key, []).append((run, result, float(figure["value"])))
    return found


def _rows(series: Mapping[tuple[str, str, str], Sequence[Point]]) -> Iterator[list[str | Cell]]:
    for (name, unit, goal), points in series.items():
        run, result, value = points[-1]
        told = Cell(f"{_said(value)} {unit}".rstrip(), value)
        words = (goal, run["date"][:10], _machine(run), result["load"], "机器忙" if _busy(result) else "")
        yield [name, told, *words]


def _plot(key: tuple[str, str, str], points: Sequence[Point]) -> str:
    """Return a figure over time."""
    label = f"{key[0]} {key[1]}".rstrip()
    values = [value for *_, value in points]
    digits = 0 if max(values) >= 100 else 2
    x, y = Axis("次", 0, len(points) - 1, 0), Axis(label, min(0.0, *values), max(values) or 1.0, digits)
    dots = [
        Dot(at, value, _about(run, result, value), color=f"var(--{'bad' if _busy(result) else 'bar'})")
        for at, (run, result, value) in enumerate(points)
    ]
    plot = Plot(label, x, y, [Line([*enumerate(values)])], dots)
    return f'<div class="card">{draw(plot)}</div>'


def _about(run: Run, result: Result, value: float) -> str:
    where = f"{run['date'][:10]} {run['commit'][:10]} · {_machine(run)} · 负载 {result['load']}"
    return f"{_said(value)} · {where}{' · 机器忙' if _busy(result) else ''}"


def _machine(run: Run) -> str:
    return f"{run['machine'].get('processor', '')}，{run['machine'].get('cores', '')} 核"


def _busy(result: Result) -> bool:
    return result["others"] > BUSY


def _said(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
