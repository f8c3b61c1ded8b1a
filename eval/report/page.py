"""The report as one HTML page to look at: headline figures, plots, tables that sort, every miss with its passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from eval.generation.writing import kind_table, way_table, writing_head, writing_table
from eval.metrics.answer_metrics import LABELS, LOWER_IS_BETTER, SCORES
from eval.metrics.scores import ScoreJson
from eval.metrics.significance import Difference
from eval.report.baseline import question_differences
from eval.report.markup import Axis, Dot, Line, Plot, page
from eval.report.report import STAGE_LABELS, RankedJson, ReportJson
from eval.report.report_text import expected_text

HEADLINES = ("answer_hit", "short_hit", "evidence_recall_at_5", "citation_recall", "false_answer", "false_refusal")


def report_page(report: ReportJson, baseline: ReportJson | None = None) -> str:
    """Return a complete HTML document, with changes against an earlier report over the same questions."""
    writing, ways = report["writing"], report["ways"]
    return page(
        "report.html",
        f"评测报告 · {report['dataset']['name']}",
        report=report,
        changes=question_differences(baseline, report) if baseline else {},
        labels=LABELS,
        stage_labels=STAGE_LABELS,
        headlines=HEADLINES,
        steps=_steps(report),
        reliability=_reliability(report),
        selection=_selection(report),
        writing={
            "head": writing_head(writing) if writing else "",
            "measures": writing_table(writing) if writing else (),
            "kinds": kind_table(writing) if writing else (),
            "ways": way_table(ways) if ways else (),
        },
        kinds=Counter(miss["kind"] for miss in report["misses"]).most_common(),
        facts=_facts(report),
        tone=_tone,
        names_in=_names_in,
        stages_of=_stages_of,
        expected=expected_text,
    )


def _tone(name: str, moved: Difference) -> str:
    gain = -moved.value if name in LOWER_IS_BETTER else moved.value
    return "" if moved.p >= 0.05 else "good" if gain > 0 else "bad"


def _names_in(groups: Mapping[str, Mapping[str, ScoreJson]]) -> list[str]:
    return [name for name in SCORES if any(name in scores for scores in groups.values())]


def _stages_of(ranked: Sequence[RankedJson]) -> list[str]:
    return list(dict.fromkeys(stage for each in ranked for stage in each["ranks"]))


def _steps(report: ReportJson) -> list[tuple[str, float | None]]:
    """Return the share of questions that still have their evidence after each step."""
    stages, scores = report["stages"], report["scores"]
    if stages is None:
        return []
    searched = [(f"{STAGE_LABELS.get(name, name)}前 10", found["Success@10"]) for name, found in stages["runs"].items()]
    read = [("阅读器所见", scores["evidence_recall_at_10"]), ("引用", scores["citation_recall"])]
    steps = [("文件里有", stages["indexed"]), ("片段完整", stages["whole"]), *searched, *read]
    return [(label, score["value"]) for label, score in steps]


def _reliability(report: ReportJson) -> Plot:
    """Return accuracy over confidence; on the diagonal confidence says what it means."""
    dots = [
        Dot(
            each["confidence"],
            each["accuracy"],
            f"{each['n']} 个答案，可信度 {each['confidence']:.2f}，答对 {each['accuracy']:.2f}",
            3 + min(9.0, each["n"] ** 0.5),
        )
        for each in report["calibration"]["bins"]
    ]
    return Plot("可靠性图", Axis("可信度"), Axis("答对的比例"), [Line([(0, 0), (1, 1)], "var(--line)")], dots)


def _selection(report: ReportJson) -> Plot:
    """Return the share of wrong answers over the share of questions answered, as the bar for answering is raised."""
    line = Line([(each["coverage"], each["risk"]) for each in report["selection"]["points"]])
    return Plot("风险–覆盖曲线", Axis("作答的比例"), Axis("其中答错的比例"), [line])


def _facts(report: ReportJson) -> list[tuple[str, str]]:
    dataset, index, program = report["dataset"], report["index"], report["provenance"]
    splits = "，".join(f"{name} {n}" for name, n in dataset["splits"].items())
    facts = [("问题集", f"{dataset['name']}，{splits}，sha256 {dataset['sha256']}")]
    if index:
        size = f"{index['documents']} 个文件，{index['passages']} 个片段"
        facts += [("索引", f"{index['path']}：{size}，建于 {index['created_with']}")]
        facts += [("编码器", f"{index['encoder']}（{index['revision']}）")]
    if program:
        source = f"提交 {program['commit'] or '未知'}，源码 sha256 {program['program_sha256'][:16]}"
        facts += [
            ("程序", f"{program['version']}，{source}"),
            ("设置", "，".join(f"{name} = {value}" for name, value in program["settings"].items())),
            ("时间", program.get("date", "未知")),
            ("机器", "，".join(f"{name} {value}" for name, value in program.get("machine", {}).items()) or "未知"),
        ]
    return [
        *facts,
        ("随机", f"自助法 {report['bootstrap']['resamples']} 次，种子 {report['bootstrap']['seed']}"),
        ("出错", "、".join(report["failed"]) or "无"),
    ]
