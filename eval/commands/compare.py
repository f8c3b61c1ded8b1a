"""`yiju-eval compare A.json B.json …`: saved reports over the same questions, held against the first."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from eval.commands import DONE, Openers, write, write_json
from eval.errors import EvaluationError
from eval.metrics.answer_metrics import LABELS, SCORES
from eval.metrics.comparison import Contrast, System, compare
from eval.report.baseline import load_report, system_of
from eval.report.comparison_page import comparison_page
from eval.report.markdown import markdown_table
from eval.report.report import ReportJson, table
from index.terminal import printable

DESCRIPTION = "比较几份存下的报告：配对检验，多重比较已校正，逐题列出得失。"

ALPHA = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "reports", type=Path, nargs="+", metavar="REPORT", help="yiju-eval --json 存下的报告，至少两份；与第一份比"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="把比较存成 JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="把比较存成一个 HTML 页面")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="把比较存成 Markdown")


def run(arguments: argparse.Namespace, openers: Openers) -> int:
    """Compare; nothing is asked and nothing fails on a loss: that is what `--baseline` is for."""
    reports = [load_report(path) for path in arguments.reports]
    _check_questions(arguments.reports, reports)
    systems = [system_of(report, name) for name, report in zip(_names(arguments.reports), reports, strict=True)]
    contrasts = compare(systems, SCORES)
    print(printable(comparison_text(systems[0].name, contrasts)))
    if arguments.json:
        content = {"first": systems[0].name, "contrasts": [dataclasses.asdict(each) for each in contrasts]}
        write_json(arguments.json, content)
    if arguments.html:
        questions = {each["id"]: each.get("question", "") for each in reports[0]["questions"]}
        page = comparison_page(systems, contrasts, questions, _given(systems, reports))
        write(arguments.html, page)
    if arguments.markdown:
        write(arguments.markdown, comparison_markdown(systems[0].name, contrasts))
    return DONE


def _given(systems: Sequence[System], reports: Sequence[ReportJson]) -> dict[str, dict[str, str]]:
    """Return what each report's system answered to each question; reports of earlier versions do not say."""
    given: dict[str, dict[str, str]] = {}
    for system, report in zip(systems, reports, strict=True):
        for each in report["questions"]:
            if "given" in each:
                given.setdefault(each["id"], {})[system.name] = each["error"] or each["given"] or "-"
    return given


def _names(paths: Sequence[Path]) -> list[str]:
    """Return file names without suffix, whole paths where these are not unique."""
    stems = [path.stem for path in paths]
    return stems if len(set(stems)) == len(stems) else [str(path) for path in paths]


def _check_questions(paths: Sequence[Path], reports: Sequence[ReportJson]) -> None:
    first = reports[0]["dataset"]
    for path, report in zip(paths, reports, strict=True):
        if report["dataset"]["sha256"] != first["sha256"]:
            raise EvaluationError(
                f"{path} 与 {paths[0]} 测的不是同一批问题："
                f"{report['dataset']['name']} {report['dataset']['questions']} 题"
                f"（sha256 {report['dataset']['sha256'][:12]}），{first['name']} {first['questions']} 题"
                f"（sha256 {first['sha256'][:12]}）；请在同一问题集上各测一次",
            )


def _rows(contrasts: Sequence[Contrast]) -> list[list[str]]:
    return [
        [
            each.system,
            LABELS.get(each.score, each.score),
            f"{each.before:.3f}",
            f"{each.before + each.difference.value:.3f}",
            f"{each.difference.value:+.3f} [{each.difference.interval.low:+.3f}, {each.difference.interval.high:+.3f}]",
            f"{each.p:.4f}",
            verdict(each),
            f"{len(each.won)} / {len(each.lost)}",
        ]
        for each in contrasts
    ]


_HEADER = ["系统", "指标", "第一份", "这一份", "差 [95% 区间]", "p（Holm 校正）", "结论", "胜 / 负"]


def verdict(contrast: Contrast) -> str:
    """Return what a contrast says, in a word."""
    if contrast.p >= ALPHA:
        return "无显著差别"
    return "更好" if contrast.gain > 0 else "更差"


def comparison_text(first: str, contrasts: Sequence[Contrast]) -> str:
    """Return the comparison for a terminal, with the questions lost where a loss is significant."""
    lines = [f"与 {first} 比较，共 {len(contrasts)} 项", table(_HEADER, _rows(contrasts))]
    for each in contrasts:
        if verdict(each) == "更差":
            lines.append(f"{each.system} 的 {LABELS.get(each.score, each.score)} 变差的问题：{'、'.join(each.lost)}")
    return "\n".join(lines)


def comparison_markdown(first: str, contrasts: Sequence[Contrast]) -> str:
    """Return the comparison for a pull request."""
    return f"### 与 {first} 比较\n\n{markdown_table(_HEADER, _rows(contrasts))}\n"
