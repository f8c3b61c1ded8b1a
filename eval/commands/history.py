"""`yiju-eval history DIR`: the reports of a folder in the order in which they were made, as a table and as plots."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from eval.commands import DONE, Openers, write
from eval.errors import EvaluationError
from eval.metrics.answer_metrics import LABELS
from eval.report.baseline import load_report
from eval.report.markup import Axis, Dot, Line, Plot, page
from eval.report.report import ReportJson, table
from index.terminal import printable

DESCRIPTION = "把一个文件夹里历次的报告按时间排成表、画成图。"

SHOWN = ("answer_hit", "short_hit", "citation_recall", "evidence_recall_at_5", "false_answer", "false_refusal")
"""Scores that a history shows."""

Run = tuple[str, str, ReportJson]
"""Date, name and report."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="放着历次 yiju-eval --json 报告的文件夹")
    parser.add_argument("--html", type=Path, metavar="FILE", help="把各指标随时间的变化画成一个 HTML 页面")


def run(arguments: argparse.Namespace, openers: Openers) -> int:
    """Show; only reports of the newest one's question set are lined up, since others say nothing of each other."""
    runs = runs_of(arguments.folder)
    print(printable(table(["时间", "报告", "程序", *(LABELS[name] for name in SHOWN)], [_row(each) for each in runs])))
    if arguments.html:
        write(arguments.html, history_page(runs))
    return DONE


def runs_of(folder: Path) -> list[Run]:
    """Return the reports of a folder over the question set of the newest, oldest first.

    Raises:
        EvaluationError: if there is none.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            report = load_report(path)
        except EvaluationError:
            continue  # not every JSON file of a folder is a report
        found.append((_date(report), path.stem, report))
    if not found:
        raise EvaluationError(f"{folder} 里没有 yiju-eval --json 存下的报告")
    found.sort(key=lambda each: each[:2])
    newest = found[-1][2]["dataset"]["sha256"]
    return [each for each in found if each[2]["dataset"]["sha256"] == newest]


def _date(report: ReportJson) -> str:
    program = report["provenance"]
    return program.get("date", "") if program else ""


def _row(run: Run) -> list[str]:
    date, name, report = run
    program = report["provenance"]
    commit = (program["commit"] or "-")[:10] if program else "-"
    return [date[:16].replace("T", " ") or "-", name, commit, *(_figure(report, each) for each in SHOWN)]


def _figure(report: ReportJson, name: str) -> str:
    value = report["scores"][name]["value"]
    return "-" if value is None else f"{value:.3f}"


def history_page(runs: Sequence[Run]) -> str:
    """Return a plot a score, the runs from left to right."""
    plots = [plot for score in SHOWN if (plot := _plot(runs, score)) is not None]
    return page("history.html", f"历次评测 · {runs[-1][2]['dataset']['name']}", runs=len(runs), plots=plots)


def _plot(runs: Sequence[Run], score: str) -> Plot | None:
    """Return one score over time; runs that do not have it are passed over."""
    values = [(n, value, run) for n, run in enumerate(runs) if (value := run[2]["scores"][score]["value"]) is not None]
    if not values:
        return None
    dots = [Dot(n, value, f"{run[0]} {run[1]}：{value:.3f}") for n, value, run in values]
    line = Line([(n, value) for n, value, _ in values])
    return Plot(LABELS[score], Axis("次", 0, max(1, len(runs) - 1), 0), Axis(LABELS[score]), [line], dots)
