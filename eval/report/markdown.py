"""The report as Markdown for a pull request: what a reviewer needs to see without opening anything."""

from __future__ import annotations

from collections.abc import Sequence

from eval.generation.writing import way_table, writing_head, writing_table
from eval.metrics.answer_metrics import LABELS, LOWER_IS_BETTER
from eval.metrics.scores import figure
from eval.report.baseline import question_differences
from eval.report.markup import clip
from eval.report.report import ReportJson
from eval.report.report_text import expected_text

_SHOWN = 20
"""Misses listed; the rest is counted."""


def report_markdown(report: ReportJson, baseline: ReportJson | None = None) -> str:
    """Return scores, changes against the baseline, and the first misses."""
    changes = question_differences(baseline, report) if baseline else {}
    rows = []
    for name, score in report["scores"].items():
        change = changes.get(name)
        moved = (
            "" if change is None else f"{change.value:+.3f}（p = {change.p:.3f}）{_mark(name, change.value, change.p)}"
        )
        interval = f"{figure(score['low'])} – {figure(score['high'])}"
        rows.append([LABELS[name], figure(score["value"]), interval, moved, str(score["n"])])
    dataset = report["dataset"]
    head = f"### 评测 {markdown_text(dataset['name'])}：{dataset['questions']} 题，错 {len(report['misses'])} 道"
    table = markdown_table(["指标", "值", "95% 区间", "相对基线", "题数"], rows)
    return "\n\n".join([head, table, *_writing(report), *_misses(report)]) + "\n"


def _writing(report: ReportJson) -> list[str]:
    writing, ways, parts = report["writing"], report["ways"], list[str]()
    if writing:
        parts += [f"**语言模型**：{markdown_text(writing_head(writing))}"]
        parts += [markdown_table(*writing_table(writing))]
    if ways:
        parts += [markdown_table(*way_table(ways))]
    return parts


def _mark(name: str, change: float, p: float) -> str:
    if p >= 0.05:
        return ""
    return " ✅" if (change > 0) != (name in LOWER_IS_BETTER) else " ❌"


def _misses(report: ReportJson) -> list[str]:
    misses = report["misses"]
    if not misses:
        return []
    rows = [
        [
            miss["kind"],
            miss["id"],
            clip(" → ".join([*miss["history"], miss["question"]]), 80),
            clip(expected_text(miss["expected"]), 60),
            clip(miss["error"] or miss["short"] or miss["given"] or "-", 60),
        ]
        for miss in misses[:_SHOWN]
    ]
    rest = [f"还有 {len(misses) - _SHOWN} 道，见完整报告。"] if len(misses) > _SHOWN else []
    body = markdown_table(["", "编号", "问题", "标准答案", "实际回答"], rows)
    return [f"<details><summary>错题</summary>\n\n{body}\n\n</details>", *rest]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain texts."""
    lines = [header, ["---"] * len(header), *([markdown_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown_text(text: str) -> str:
    """Return the text that neither ends a cell nor becomes markup."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{char}" if char in "\\|`*_[]~" else char for char in line)
