"""What a language model contributed, as rows for people: one table for the terminal, the page and Markdown alike."""

from __future__ import annotations

from collections.abc import Sequence

from eval.generation.answer_modes import WaysJson
from eval.generation.writing import WritingJson
from eval.metrics.scores import ScoreJson, figure

KINDS = {
    "verbatim": "原句",
    "converted": "换算过的",
    "reordered": "换了次序的",
    "digit": "改了数字",
    "scale": "改了数量级",
    "unit": "改了单位",
    "swap": "数字对调",
    "year": "改了年份",
    "made-up figure": "编造数字",
    "name": "改了名称",
    "made-up name": "编造名称",
    "direction": "改了增减",
    "denial": "改了准禁",
}
"""What was done to a sentence, as people read it."""

WRITING_HEADER = ["指标", "值", "95% 区间", "个数", "名称"]
"""Above `writing_rows`."""

KIND_HEADER = ["写的句子", "显示", "写了"]
"""Above `kind_rows`."""

WAY_SCORES = ("answer_hit", "short_hit", "citation_recall", "citation_precision", "false_answer", "false_refusal")


def writing_rows(writing: WritingJson) -> list[list[str]]:
    """Return name, value, interval, number counted and name in JSON of each measure that applies."""
    shares = (
        ("删去的句子", "share_struck"),
        ("显示的数字在所引原文里", "figures_carried"),
        ("显示的句子引到已知证据", "evidence_precision"),
        ("句子支持准确率（显示的句子中属实的比例）", "support_precision"),
        ("句子支持召回率（属实的句子中显示的比例）", "support_recall"),
        ("错误数字的显示率↓", "false_figures_shown"),
        ("错误名称的显示率↓", "false_names_shown"),
    )
    found: list[tuple[str, str, ScoreJson]] = [(label, name, writing[name]) for label, name in shares]  # type: ignore[literal-required]
    return [
        [label, figure(each["value"]), f"[{figure(each['low'])}, {figure(each['high'])}]", str(each["n"]), name]
        for label, name, each in found
        if each["value"] is not None
    ]


def writing_head(writing: WritingJson) -> str:
    """Return how much was written, and what it cost, in one line."""
    cost = writing["cost"]
    estimated = f"（其中 {cost['estimated']} 题按字数估算）" if cost["estimated"] else ""
    return (
        f"{writing['answers']} 题问了语言模型，{writing['extended']} 题因此多了内容；写 {writing['sentences']} 句，"
        f"显示 {writing['shown']} 句；读 {cost['prompt_tokens']}、写 {cost['completion_tokens']} token，"
        f"每题 {figure(cost['tokens_per_answer'], 0)}{estimated}；每题 p50 {figure(cost['ms_p50'], 0)} ms，"
        f"p95 {figure(cost['ms_p95'], 0)} ms"
    )


def kind_rows(writing: WritingJson) -> list[list[str]]:
    """Return what was done to sentences, how many were written so and how many shown."""
    return [[KINDS[kind], str(each["shown"]), str(each["written"])] for kind, each in writing["by_kind"].items()]


def way_header(labels: Sequence[str]) -> list[str]:
    """Return above `way_rows`; `labels` are those of `WAY_SCORES`."""
    return ["方式", *labels, "p50 毫秒", "p95 毫秒", "删去", "每题 token"]


def way_rows(ways: WaysJson) -> list[list[str]]:
    """Return each way of answering; a score that differs from the first way's by more than chance is marked *."""
    sure = {(each["name"], each["score"]) for each in ways["contrasts"] if each["p"] < 0.05}
    return [
        [
            way["label"],
            *(
                figure(way["scores"][name]["value"]) + ("*" if (way["name"], name) in sure else "")
                for name in WAY_SCORES
            ),
            figure(way["ms_p50"], 0),
            figure(way["ms_p95"], 0),
            figure(way["share_struck"]["value"] if way["share_struck"] else None),
            figure(way["cost"]["tokens_per_answer"] if way["cost"] else None, 0),
        ]
        for way in ways["ways"]
    ]
