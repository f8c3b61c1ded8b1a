"""The report as one HTML page to look at: headline figures, plots, tables that sort, every miss with its passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from eval.generation.writing import Rows, WritingJson, kind_table, way_table, writing_head, writing_table
from eval.metrics.answer_metrics import LABELS, LOWER_IS_BETTER
from eval.metrics.scores import ScoreJson, figure
from eval.metrics.significance import Difference
from eval.report.baseline import question_differences
from eval.report.markup import (
    Axis,
    Cell,
    Plot,
    Row,
    clip,
    clip_start,
    definitions,
    document,
    filters,
    interval_bar,
    sortable,
)
from eval.report.report import STAGE_LABELS, MissJson, RankedJson, ReportJson
from eval.report.report_text import expected_text

HEADLINES = ("answer_hit", "short_hit", "evidence_recall_at_5", "citation_recall", "false_answer", "false_refusal")

_TEXT, _QUOTE, _PASSAGE = 300, 160, 90
"""How many characters of an answer, a quote and a passage are shown: 5,000 questions must fit into 3 MB."""


def report_page(report: ReportJson, baseline: ReportJson | None = None) -> str:
    """Return a complete HTML document; the same report gives the same bytes.

    Args:
        report: what to show.
        baseline: an earlier report over the same questions to show changes against.
    """
    title = f"评测报告 · {report['dataset']['name']}"
    changes = question_differences(baseline, report) if baseline else {}
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{escape(_subtitle(report))}</p>',
        f'<div class="cards">{"".join(_card(report, name, changes) for name in HEADLINES)}</div>',
        f"<h2>全部指标</h2>{_overall(report, changes)}",
        _stages(report),
        f'<h2>可信度</h2><div class="beside">{_reliability(report)}{_selection(report)}</div>',
        *_writing(report),
        *_groups(report),
        *_misses(report),
        f"<h2>评测条件</h2>{_facts(report)}",
    ]
    return document(title, [part for part in body if part])


def _subtitle(report: ReportJson) -> str:
    dataset, latency = report["dataset"], report["latency_ms"]
    memory = f" · 内存峰值 {report['memory_mb']:.0f} MB" if report["memory_mb"] is not None else ""
    return (
        f"{dataset['questions']} 题，可答 {dataset['answerable']}，不可答 {dataset['unanswerable']} · "
        f"每题 p50 {figure(latency['p50'], 0)} ms，p95 {figure(latency['p95'], 0)} ms{memory}"
    )


def _card(report: ReportJson, name: str, changes: Mapping[str, Difference]) -> str:
    score = report["scores"][name]
    return (
        f'<div class="card">{escape(LABELS[name])}<b>{figure(score["value"], 2)}</b>'
        f"<small>{figure(score['low'], 2)} – {figure(score['high'], 2)}</small> "
        f"{_change(name, changes.get(name))}</div>"
    )


def _change(name: str, difference: Difference | None) -> str:
    """Return how a score moved; in colour only where that is more than chance."""
    if difference is None:
        return ""
    gain = -difference.value if name in LOWER_IS_BETTER else difference.value
    color = "" if difference.p >= 0.05 else "good" if gain > 0 else "bad"
    return f'<small class="{color}">{difference.value:+.3f}，p = {difference.p:.3f}</small>'


def _overall(report: ReportJson, changes: Mapping[str, Difference]) -> str:
    rows: list[Row] = [
        [
            escape(LABELS[name]),
            Cell(figure(score["value"]), score["value"]),
            Cell(_bar(score, changes.get(name)), score["value"]),
            *([Cell(_change(name, changes.get(name)) or "-", _moved(changes, name))] if changes else []),
            Cell(str(score["n"]), score["n"]),
            f"<small>{name}</small>",
        ]
        for name, score in report["scores"].items()
    ]
    return sortable(["指标", "值", "95% 区间", *(["相对基线"] if changes else []), "题数", "名称"], rows)


def _moved(changes: Mapping[str, Difference], name: str) -> float | None:
    return changes[name].value if name in changes else None


def _bar(score: ScoreJson, change: Difference | None) -> str:
    value, low, high = score["value"], score["low"], score["high"]
    if value is None or low is None or high is None:
        return "-"
    before = min(1.0, max(0.0, value - change.value)) if change else None
    return f"{interval_bar(value, low, high, before)} <small>{low:.3f} – {high:.3f}</small>"


def _stages(report: ReportJson) -> str:
    stages = report["stages"]
    if stages is None:
        return ""
    rows: list[Row] = [
        [escape(STAGE_LABELS.get(stage, stage)), *map(_cell, scores.values())]
        for stage, scores in stages["runs"].items()
    ]
    measures = [*next(iter(stages["runs"].values()))]
    missing = f"<p class='bad'>证据不在任何文件里：{escape('、'.join(stages['not_indexed']))}</p>"
    return (
        f'<h2>证据在哪一步丢失</h2><div class="card">{_funnel(report)}</div>{missing if stages["not_indexed"] else ""}'
        f"<p></p>{sortable(['阶段', *measures], rows)}"
    )


def _funnel(report: ReportJson) -> str:
    """Return how many questions still have their evidence after each step, as bars."""
    stages, scores = report["stages"], report["scores"]
    assert stages is not None
    steps = [("文件里有", stages["indexed"]["value"]), ("片段完整", stages["whole"]["value"])]
    steps += [(f"{STAGE_LABELS.get(s, s)}前 10", found["Success@10"]["value"]) for s, found in stages["runs"].items()]
    steps += [("阅读器所见", scores["evidence_recall_at_10"]["value"]), ("引用", scores["citation_recall"]["value"])]
    bars = "".join(
        f'<text x="0" y="{20 + 24 * row}">{escape(label)}</text>'
        f'<rect x="90" y="{8 + 24 * row}" width="{270 * (value or 0):.1f}" height="16" rx="3" fill="var(--bar)"/>'
        f'<text x="{96 + 270 * (value or 0):.1f}" y="{20 + 24 * row}">{figure(value)}</text>'
        for row, (label, value) in enumerate(steps)
    )
    height = 24 * len(steps) + 6
    return (
        f'<svg width="410" height="{height}" viewBox="0 0 410 {height}" role="img" aria-label="证据漏斗">{bars}</svg>'
    )


def _reliability(report: ReportJson) -> str:
    """Return accuracy over confidence; on the diagonal confidence says what it means."""
    plot, bins = Plot(Axis("可信度"), Axis("答对的比例")), report["calibration"]["bins"]
    if not bins:
        return '<div class="card">没有给出任何答案。</div>'
    dots = [
        plot.dot(
            each["confidence"],
            each["accuracy"],
            3 + min(9.0, each["n"] ** 0.5),
            title=f"{each['n']} 个答案，可信度 {each['confidence']:.2f}，答对 {each['accuracy']:.2f}",
        )
        for each in bins
    ]
    drawn = plot.drawn("可靠性图", [plot.line([(0, 0), (1, 1)], "var(--line)"), *dots])
    return f'<div class="card">可靠性：校准误差 ECE {figure(report["calibration"]["ece"])}<br>{drawn}</div>'


def _selection(report: ReportJson) -> str:
    """Return the share of wrong answers over the share of questions answered, as the bar for answering is raised."""
    points = report["selection"]["points"]
    if not points:
        return ""
    plot = Plot(Axis("作答的比例"), Axis("其中答错的比例"))
    drawn = plot.drawn("风险–覆盖曲线", [plot.line([(each["coverage"], each["risk"]) for each in points])])
    return f'<div class="card">选择性作答：AURC {figure(report["selection"]["aurc"])}<br>{drawn}</div>'


def _writing(report: ReportJson) -> list[str]:
    """Return what a language model contributed and cost, and how the ways of answering compare."""
    writing, ways, parts = report["writing"], report["ways"], list[str]()
    if writing:
        parts += [f"<h2>语言模型</h2><p>{escape(writing_head(writing))}</p>"]
        parts += [_plain_table(writing_table(writing))]
        parts += [f"<p></p>{_plain_table(kind_table(writing))}"] if writing["by_kind"] else []
        parts += [_struck(writing)] if writing["struck"] else []
    if ways:
        note = "<p class='quiet'>* 与只摘原文的差别不是偶然（置换检验，Holm 校正，p &lt; 0.05）</p>"
        parts += [f"<h2>三种方式</h2>{_plain_table(way_table(ways))}{note}"]
    return parts


def _struck(writing: WritingJson) -> str:
    """Return the sentences that did not stand the check, each with its reason."""
    head = "，".join(f"{reason} {n} 句" for reason, n in writing["reasons"].items())
    rows = [[each["id"], clip(each["text"] or "（未保留）", _TEXT), each["problem"]] for each in writing["struck"]]
    body = _plain_table((["题", "句子", "原因"], rows))
    return f"<details><summary>删去的句子：{escape(head)}</summary>{body}</details>"


def _plain_table(table: Rows) -> str:
    header, rows = table
    return sortable(header, [[escape(cell) for cell in row] for row in rows])


def _groups(report: ReportJson) -> list[str]:
    groups = [("类型", report["by_type"]), ("字数", report["by_length"]), ("文件", report["by_document"])]
    parts = [f"<h2>按{title}</h2>{_group(report, title, scores)}" for title, scores in groups if len(scores) > 1]
    rows: list[Row] = [
        [escape(type), *(Cell(figure(each[at], 1), each[at]) for at in ("p50", "p95")), Cell(str(each["n"]), each["n"])]
        for type, each in report["latency_by_type"].items()
        if each["n"]
    ]
    return [*parts, f"<h2>耗时（毫秒）</h2>{sortable(['类型', 'p50', 'p95', '题数'], rows)}"] if rows else parts


def _group(report: ReportJson, title: str, groups: Mapping[str, Mapping[str, ScoreJson]]) -> str:
    names = [name for name in report["scores"] if any(name in scores for scores in groups.values())]
    rows: list[Row] = [
        [escape(group), *(_cell(scores.get(name)) for name in names)] for group, scores in groups.items()
    ]
    return sortable([title, *(LABELS[name] for name in names)], rows)


def _cell(score: ScoreJson | None) -> Cell:
    if score is None or score["value"] is None:
        return Cell("-", None)
    shown = f'<span title="{figure(score["low"])} – {figure(score["high"])}">{figure(score["value"], 2)}</span>'
    return Cell(f"{shown} <small>{score['n']}</small>", score["value"])


def _misses(report: ReportJson) -> list[str]:
    misses = report["misses"]
    if not misses:
        return ["<h2>没有错题</h2>"]
    kinds = Counter(miss["kind"] for miss in misses).most_common()
    box = filters("details.miss", kinds, "按文字筛选错题")
    return [f"<h2>错题 {len(misses)} 道</h2>{box}", *(_miss(miss) for miss in misses)]


def _miss(miss: MissJson) -> str:
    asked = " → ".join([*miss["history"], miss["question"]])
    facts = [
        ("标准答案", expected_text(miss["expected"])),
        ("实际回答", clip(miss["error"] or miss["given"] or "-", _TEXT)),
        ("短答", clip(miss["short"] or "-", _TEXT)),
        ("可信度", figure(miss["confidence"])),
        *(("引文", clip(quote, _QUOTE)) for quote in miss["quotes"]),
        *(("证据", clip(text, _QUOTE)) for text in miss["evidence"]),
    ]
    head = f"<b>{escape(miss['kind'])}</b> {escape(asked)} <small>{escape(miss['id'])} {escape(miss['type'])}</small>"
    return (
        f'<details class="miss" data-kind="{escape(miss["kind"])}"><summary>{head}</summary>'
        f"{definitions(facts)}{_passages(miss['ranked'])}</details>"
    )


def _passages(ranked: list[RankedJson]) -> str:
    """Return what the stages ranked where; ✓ marks passages with evidence."""
    if not ranked:
        return ""
    stages = list(dict.fromkeys(stage for each in ranked for stage in each["ranks"]))
    head = "".join(f"<th>{escape(STAGE_LABELS.get(stage, stage))}</th>" for stage in stages)
    rows = "".join(_passage(each, stages) for each in ranked)
    table = f"<table><thead><tr><th>证据</th>{head}<th>片段</th></tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _passage(ranked: RankedJson, stages: Sequence[str]) -> str:
    ranks = "".join(f"<td>{ranked['ranks'].get(stage, '-')}</td>" for stage in stages)
    text = f"<small>{escape(clip_start(ranked['section'], 40))}</small> {escape(clip(ranked['text'], _PASSAGE))}"
    return f'<tr><td>{"✓" if ranked["evidence"] else ""}</td>{ranks}<td class="text">{text}</td></tr>'


def _facts(report: ReportJson) -> str:
    dataset, index, program = report["dataset"], report["index"], report["provenance"]
    splits = "，".join(f"{name} {n}" for name, n in dataset["splits"].items())
    facts = [("问题集", f"{dataset['name']}，{splits}，sha256 {dataset['sha256']}")]
    if index:
        facts += [
            (
                "索引",
                f"{index['path']}：{index['documents']} 个文件，{index['passages']} 个片段，"
                f"建于 {index['created_with']}",
            ),
            ("编码器", f"{index['encoder']}（{index['revision']}）"),
        ]
    if program:
        settings = "，".join(f"{name} = {value}" for name, value in program["settings"].items())
        facts += [
            (
                "程序",
                f"{program['version']}，提交 {program['commit'] or '未知'}，"
                f"源码 sha256 {program['program_sha256'][:16]}",
            ),
            ("设置", settings),
            ("时间", program.get("date", "未知")),
            ("机器", "，".join(f"{name} {value}" for name, value in program.get("machine", {}).items()) or "未知"),
        ]
    facts += [
        ("随机", f"自助法 {report['bootstrap']['resamples']} 次，种子 {report['bootstrap']['seed']}"),
        ("出错", "、".join(report["failed"]) or "无"),
    ]
    return f'<div class="card">{definitions(facts)}</div>'
