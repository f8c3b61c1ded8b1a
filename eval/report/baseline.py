"""The gate: what got worse since a saved report, and whether that is more than chance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from eval.errors import EvaluationError
from eval.jsonlines import read_text
from eval.metrics.answer_metrics import LABELS, SCORES
from eval.metrics.comparison import System, contrasts
from eval.metrics.significance import Difference
from eval.records import Dataset
from eval.report.report import FORMAT, VERSION, IndexJson, ReportJson
from index.terminal import printable

ALPHA = 0.05
"""A drop whose p-value is below this is significant."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A score that got worse."""

    name: str
    before: float  # its mean in the baseline, over the questions that both runs count
    after: float  # its mean now, over the same questions
    p: float  # how likely chance alone does this
    broken: tuple[str, ...]  # ids of the questions that got worse, in the data set's order


def load_baseline(path: Path, dataset: Dataset) -> ReportJson:
    """Return a report saved with `--json` over the same questions.

    Raises:
        EvaluationError: if it is unusable or of another data set; names the difference.
    """
    report = load_report(path)
    ids = [each["id"] for each in report["questions"]]
    if report["dataset"]["sha256"] != dataset.sha256 or ids != [query.id for query in dataset.queries]:
        raise EvaluationError(f"基线 {path} 测的是另一个问题集：{_dataset_difference(report, dataset)}")
    return report


def load_report(path: Path) -> ReportJson:
    """Return a report saved with `--json`.

    Raises:
        EvaluationError: if it is unusable.
    """
    try:
        content = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise EvaluationError(f"{path} 不是完整的 JSON；基线应是 yiju-eval --json 存下的报告") from error
    if not _is_report(content):
        raise EvaluationError(f"{path} 不是 yiju-eval --json 存下的第 {VERSION} 版报告，请重新生成基线")
    return cast(ReportJson, content)


def check_index(path: Path, baseline: ReportJson, index: IndexJson | None) -> None:
    """Refuse a baseline that was measured over other documents; another encoder or splitting may be what is compared.

    Raises:
        EvaluationError: if documents differ; names them. Nothing is checked where either index is unknown.
    """
    then = baseline["index"]
    # Reports of earlier versions did not say which documents they were about.
    before = then.get("sources") if then else None
    if before is None or index is None:
        return
    now = index["sources"]
    differences = [
        ("只在基线里", [source for source in before if source not in now]),
        ("只在现在的索引里", [source for source in now if source not in before]),
        ("内容不同", [source for source in now if source in before and now[source] != before[source]]),
    ]
    if any(sources for _, sources in differences):
        shown = "；".join(f"{label} {len(sources)} 个{_some(sources)}" for label, sources in differences if sources)
        raise EvaluationError(f"基线 {path} 测的是另一批文件：{shown}；请用同一批文件建的索引，或重新生成基线")


def regressions(
    baseline: ReportJson, report: ReportJson, tolerances: Mapping[str, float] | None = None
) -> list[Regression]:
    """Return the scores that dropped significantly, in report order.

    A drop is significant by the paired permutation test at 5 %. For `verbatim` any drop counts: a quote that is not
    in the document is a bug, however rare. So does a question that fails now and did not before. `tolerances` are drops
    that are put up with, significant or not, by score.
    """
    allowed = tolerances or {}
    found = [
        Regression(each.score, each.before, each.before + each.difference.value, each.p, each.lost)
        for each in contrasts(system_of(baseline), system_of(report), SCORES)
        if each.gain < 0
        and (each.p < ALPHA or each.score == "verbatim")
        and abs(each.difference.value) > allowed.get(each.score, 0.0)
    ]
    failed = tuple(id for id in report["failed"] if id not in baseline["failed"])
    if failed:
        n = len(report["questions"])
        found.append(Regression("failed", len(baseline["failed"]) / n, len(report["failed"]) / n, 0.0, failed))
    return found


def new_failures(baseline: ReportJson, report: ReportJson) -> list[str]:
    """Ids of the questions in which something is wrong now and nothing was before, in the data set's order."""
    before = {each["id"] for each in baseline["misses"]}
    return [each["id"] for each in report["misses"] if each["id"] not in before]


SMALLEST = 6
"""How many questions must get worse, and none better, to be significant: 2 · 0.5⁶ is the first below 5 %."""


def sight_text(questions: int) -> str:
    """Return what a set of this size can show."""
    share = SMALLEST / questions
    if share > 1:
        return f"只有 {questions} 题：无论变差多少，差别都不会显著；请用 --max-new-failures 限制新错的题数"
    return (
        f"{questions} 题的问题集，至少变差 {SMALLEST} 题（{share:.0%}）而无一题变好，才看得出显著差别；"
        "更少的变化用 --max-new-failures 把关"
    )


def new_failures_text(found: Sequence[str], allowed: int) -> str:
    """Return how many questions fail that did not, for a terminal."""
    told = f"新错 {len(found)} 题，允许 {allowed} 题"
    return printable(f"{told}：{'、'.join(found)}" if found else told)


def question_differences(before: ReportJson, after: ReportJson) -> dict[str, Difference]:
    """Return how every score moved, over the questions that both reports count; one that none counts is absent."""
    return {each.score: each.difference for each in contrasts(system_of(before), system_of(after), SCORES)}


def system_of(report: ReportJson, name: str = "") -> System:
    """Return a report's scores, to be compared."""
    return System(name, {each["id"]: each["scores"] for each in report["questions"]})


def regression_text(found: Sequence[Regression]) -> str:
    """Return what got worse, for a terminal."""
    if not found:
        return "与基线相比没有显著变差的指标"
    return printable("\n".join(["与基线相比显著变差：", *(_line(each) for each in found)]))


def _line(regression: Regression) -> str:
    label = {**LABELS, "failed": "出错的问题"}[regression.name]
    change = f"{regression.before:.3f} → {regression.after:.3f}，p = {regression.p:.4f}"
    return f"  {label}（{regression.name}）{change}；变差的问题：{'、'.join(regression.broken)}"


def _is_report(content: object) -> bool:
    """Return whether it has what is read of a report: ids, and scores that are shares; NaN is none."""
    if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        return False
    try:
        return (
            isinstance(content["dataset"]["sha256"], str)
            and isinstance(content["failed"], list)
            and all(
                isinstance(each["id"], str) and all(0 <= value <= 1 for value in each["scores"].values())
                for each in content["questions"]
            )
        )
    except (AttributeError, KeyError, TypeError):
        return False


def _dataset_difference(report: ReportJson, dataset: Dataset) -> str:
    """Return in what the two question sets differ, most telling first."""
    then = [each["id"] for each in report["questions"]]
    now = [query.id for query in dataset.queries]
    gone, added = [id for id in then if id not in set(now)], [id for id in now if id not in set(then)]
    if gone or added:
        return (
            f"基线 {len(then)} 题，现在 {len(now)} 题；只在基线里的 {len(gone)} 题{_some(gone)}，"
            f"只在现在的 {len(added)} 题{_some(added)}"
        )
    return (
        f"题号相同，但题目内容改过（sha256 {report['dataset']['sha256'][:12]} → {dataset.sha256[:12]}）；请重新生成基线"
    )


def _some(ids: Sequence[str]) -> str:
    return f"（{'、'.join(ids[:3])}{'…' if len(ids) > 3 else ''}）" if ids else ""
