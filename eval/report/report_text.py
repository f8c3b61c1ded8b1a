"""The report as a terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.generation.judging import judge_text
from eval.generation.writing import WritingJson, kind_table, way_table, writing_head, writing_table
from eval.metrics.answer_metrics import LABELS, SCORES
from eval.metrics.scores import ScoreJson, figure
from eval.report.report import STAGE_LABELS, IndexJson, MissJson, ReportJson, StagesJson, table
from index.terminal import printable

_TABLES = (
    ("answer_hit", "short_hit", "em", "f1", "false_answer", "false_refusal"),
    (
        *(name for name in SCORES if name.startswith("evidence")),
        *("citation_recall", "citation_precision", "wrong_document", "verbatim"),
    ),
)


def report_text(report: ReportJson) -> str:
    """Return the report as a terminal shows it."""
    parts = [_head(report), _overall_table(report)]
    parts += [_group_table("类型", report["by_type"], names) for names in _TABLES]
    parts += [_group_table("字数", report["by_length"], _TABLES[0])]
    if len(report["by_document"]) > 1:
        parts += [_group_table("文件", report["by_document"], ("answer_hit", "short_hit", "evidence_recall_at_5"))]
    if report["stages"]:
        parts += [_stages_text(report["stages"])]
    if report["writing"]:
        parts += [_writing_text(report["writing"])]
    if report["ways"]:
        parts += [table(*way_table(report["ways"])) + "\n* 与只摘原文的差别不是偶然"]
    if "judge" in report:
        parts += [judge_text(report["judge"])]
    parts += [_misses_text(report["misses"])]
    return printable("\n\n".join(parts))


def _head(report: ReportJson) -> str:
    dataset, index, latency = report["dataset"], report["index"], report["latency_ms"]
    splits = "，".join(f"{name} {n}" for name, n in dataset["splits"].items())
    lines = [
        f"问题集  {dataset['name']}（sha256 {dataset['sha256'][:12]}）：{dataset['questions']} 题，"
        f"可答 {dataset['answerable']}，不可答 {dataset['unanswerable']}；划分：{splits}",
        f"索引    {_index_text(index)}",
        f"耗时    p50 {figure(latency['p50'], 1)} ms，p95 {figure(latency['p95'], 1)} ms（{latency['n']} 题）",
        f"可信度  校准误差 ECE {figure(report['calibration']['ece'])}，"
        f"风险–覆盖曲线下面积 AURC {figure(report['selection']['aurc'])}",
    ]
    if report["failed"]:
        lines.append(f"出错    {len(report['failed'])} 题：{'、'.join(report['failed'])}")
    return "\n".join(lines)


def _index_text(index: IndexJson | None) -> str:
    if index is None:
        return "未说明"
    return (
        f"{index['path']}：{index['documents']} 份文档，{index['passages']} 个片段，"
        f"编码器 {index['encoder']}（{index['revision'][:12]}）"
    )


def _overall_table(report: ReportJson) -> str:
    rows = [
        [
            LABELS[name],
            figure(each["value"]),
            f"[{figure(each['low'])}, {figure(each['high'])}]",
            str(each["n"]),
            name,
        ]
        for name, each in report["scores"].items()
    ]
    return table(["指标", "值", "95% 区间", "题数", "名称"], rows)


def _group_table(title: str, groups: Mapping[str, Mapping[str, ScoreJson]], names: Sequence[str]) -> str:
    shown = {group: scores for group, scores in groups.items() if any(name in scores for name in names)}
    rows = [[group, *(_cell(scores.get(name)) for name in names)] for group, scores in shown.items()]
    return table([title, *(LABELS[name] for name in names)], rows)


def _stages_text(stages: StagesJson) -> str:
    rows = [
        [STAGE_LABELS.get(stage, stage), *(figure(each["value"]) for each in scores.values())]
        for stage, scores in stages["runs"].items()
    ]
    measures = [*next(iter(stages["runs"].values()))]
    lines = [
        f"证据    {stages['indexed']['n']} 题有证据；在文件里的占 {figure(stages['indexed']['value'])}，"
        f"完整落在一个片段里的占 {figure(stages['whole']['value'])}",
        table(["检索阶段", *measures], rows),
    ]
    if missing := stages["not_indexed"]:
        lines.append(f"证据不在任何文件里的 {len(missing)} 题：{'、'.join(missing)}；请核对问题集与索引是否配套")
    return "\n".join(lines)


def _writing_text(writing: WritingJson) -> str:
    lines = [f"语言模型 {writing_head(writing)}", table(*writing_table(writing))]
    if writing["by_kind"]:
        lines.append(table(*kind_table(writing)))
    lines += [f"删去 {n} 句：{reason}" for reason, n in writing["reasons"].items()]
    return "\n".join(lines)


def _cell(score: ScoreJson | None) -> str:
    if score is None or score["value"] is None:
        return "-"
    return f"{score['value']:.2f} [{figure(score['low'], 2)},{figure(score['high'], 2)}] {score['n']}"


def _misses_text(misses: Sequence[MissJson]) -> str:
    if not misses:
        return "没有错题"
    return "\n".join([f"错题 {len(misses)} 道", *(_miss_text(each) for each in misses)])


def _miss_text(miss: MissJson) -> str:
    asked = " → ".join([*miss["history"], miss["question"]])
    lines = [
        f"[{miss['kind']}] {miss['id']} {miss['type']}  {asked}",
        f"    应为  {expected_text(miss['expected'])}",
        f"    实为  {_one_line(miss['error'] or miss['given'])}",
        f"    短答  {_one_line(miss['short'])}",
    ]
    return "\n".join([*lines, *(f"    引文  {_one_line(quote)}" for quote in miss["quotes"])])


def expected_text(alternatives: Sequence[Sequence[str]]) -> str:
    """Return alternatives in one line; what a refusal is expected for has none."""
    return " / ".join("＋".join(parts) for parts in alternatives) or "（应当拒答）"


def _one_line(text: str | None) -> str:
    return " ".join(text.split()) if text else "-"
