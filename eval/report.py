"""The report: every score with its interval, overall and by question type, and every miss. As JSON and as text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TypedDict

import numpy as np

from eval.answer_metrics import SCORES, TextOf, answer_hit, score
from eval.calibration import expected_calibration_error, reliability_bins
from eval.records import Dataset, Outcome, ScoredOutcome
from eval.significance import RESAMPLES, bootstrap_interval

FORMAT = "yiju-eval"
VERSION = 1
SEED = 0

LABELS = {
    "answer_hit": "答案命中",
    "short_hit": "短答命中",
    "evidence_recall_at_1": "证据召回@1",
    "evidence_recall_at_5": "证据召回@5",
    "evidence_recall_at_10": "证据召回@10",
    "citation_recall": "引用召回",
    "citation_precision": "引用准确",
    "verbatim": "逐字引用",
    "false_answer": "误答率↓",
    "false_refusal": "误拒率↓",
    "em": "完全一致EM",
    "f1": "重合F1",
}
"""Every score as people read it; ↓ marks those where less is better."""

_TABLES = (
    ("answer_hit", "short_hit", "em", "f1", "false_answer", "false_refusal"),
    (*(name for name in SCORES if name.startswith("evidence")), "citation_recall", "citation_precision", "verbatim"),
)


class ScoreJson(TypedDict):
    """A mean with its 95 % interval; null where no question counts."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class DatasetJson(TypedDict):
    """What was asked."""

    name: str
    sha256: str
    split: str | None
    questions: int
    answerable: int
    unanswerable: int
    splits: dict[str, int]


class IndexJson(TypedDict):
    """What was searched."""

    path: str
    encoder: str
    revision: str
    documents: int
    passages: int
    created_with: str


class BinJson(TypedDict):
    """A bin of the reliability diagram."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


class CalibrationJson(TypedDict):
    """How far confidence can be believed, over the answers given."""

    ece: float | None
    bins: list[BinJson]


class LatencyJson(TypedDict):
    """Milliseconds for one answer; null where there is none."""

    p50: float | None
    p95: float | None
    n: int


class QuestionJson(TypedDict):
    """One question's scores: what a later run is compared with."""

    id: str
    type: str
    scores: dict[str, float]
    error: str | None


class MissJson(TypedDict):
    """A question that went wrong."""

    id: str
    type: str
    kind: str
    question: str
    history: list[str]
    expected: list[list[str]]
    evidence: list[str]
    given: str | None
    short: str | None
    confidence: float | None
    quotes: list[str]
    error: str | None


class ReportJson(TypedDict):
    """A whole report."""

    format: str
    version: int
    dataset: DatasetJson
    index: IndexJson | None
    scores: dict[str, ScoreJson]
    by_type: dict[str, dict[str, ScoreJson]]
    calibration: CalibrationJson
    latency_ms: LatencyJson
    failed: list[str]
    misses: list[MissJson]
    questions: list[QuestionJson]
    bootstrap: dict[str, int]


def make_report(
    dataset: Dataset, outcomes: Sequence[Outcome], text_of: TextOf | None = None, index: IndexJson | None = None
) -> ReportJson:
    """Score outcomes and sum them up.

    Args:
        dataset: the questions.
        outcomes: one a question, in the data set's order.
        text_of: gives documents' texts; without it `verbatim` is not scored.
        index: what was searched; None where that is unknown.
    """
    scored = [ScoredOutcome(each, score(each.query, each.answer, text_of)) for each in outcomes]
    return {
        "format": FORMAT,
        "version": VERSION,
        "dataset": _dataset_json(dataset),
        "index": index,
        "scores": _scores_json(scored, SCORES),
        "by_type": _by_type(scored),
        "calibration": _calibration(outcomes),
        "latency_ms": _latency(outcomes),
        "failed": [each.query.id for each in outcomes if each.error is not None],
        "misses": [miss for each in scored if (miss := _miss(each)) is not None],
        "questions": [_question_json(each) for each in scored],
        "bootstrap": {"seed": SEED, "resamples": RESAMPLES},
    }


def _dataset_json(dataset: Dataset) -> DatasetJson:
    answerable = sum(query.answerable for query in dataset.queries)
    return {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "split": dataset.split,
        "questions": len(dataset.queries),
        "answerable": answerable,
        "unanswerable": len(dataset.queries) - answerable,
        "splits": dataset.splits,
    }


def _scores_json(scored: Sequence[ScoredOutcome], names: Iterable[str]) -> dict[str, ScoreJson]:
    return {name: _score_json([each.scores[name] for each in scored if name in each.scores]) for name in names}


def _score_json(values: Sequence[float]) -> ScoreJson:
    if not values:
        return {"value": None, "low": None, "high": None, "n": 0}
    interval = bootstrap_interval(values, seed=SEED)
    mean = float(np.mean(values))
    return {"value": round(mean, 6), "low": round(interval.low, 6), "high": round(interval.high, 6), "n": len(values)}


def _by_type(scored: Sequence[ScoredOutcome]) -> dict[str, dict[str, ScoreJson]]:
    """Scores by question type, types in the order they first occur; only scores that count for the type."""
    groups: dict[str, list[ScoredOutcome]] = {}
    for each in scored:
        groups.setdefault(each.outcome.query.type, []).append(each)
    return {type: _scores_json(group, _names_in(group)) for type, group in groups.items()}


def _names_in(scored: Sequence[ScoredOutcome]) -> list[str]:
    return [name for name in SCORES if any(name in each.scores for each in scored)]


def _calibration(outcomes: Sequence[Outcome]) -> CalibrationJson:
    given = [(each.query, each.answer) for each in outcomes if each.answer is not None and not each.answer["abstained"]]
    if not given:
        return {"ece": None, "bins": []}
    # Any answer to an unanswerable question is wrong: it has no alternatives, so it hits none.
    right = [answer_hit(query, answer) == 1 for query, answer in given]
    bins = reliability_bins([answer["confidence"] for _, answer in given], right)
    return {
        "ece": round(expected_calibration_error(bins), 6),
        "bins": [
            {
                "low": each.low,
                "high": each.high,
                "n": each.n,
                "confidence": round(each.confidence, 6),
                "accuracy": round(each.accuracy, 6),
            }
            for each in bins
        ],
    }


def _latency(outcomes: Sequence[Outcome]) -> LatencyJson:
    totals = [each.answer["timing_ms"]["total"] for each in outcomes if each.answer and "timing_ms" in each.answer]
    if not totals:
        return {"p50": None, "p95": None, "n": 0}
    p50, p95 = np.percentile(totals, [50, 95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "n": len(totals)}


def _question_json(scored: ScoredOutcome) -> QuestionJson:
    query = scored.outcome.query
    return {"id": query.id, "type": query.type, "scores": scored.scores, "error": scored.outcome.error}


def _miss(scored: ScoredOutcome) -> MissJson | None:
    """What went wrong, or None."""
    kind = miss_kind(scored)
    if kind is None:
        return None
    query, answer = scored.outcome.query, scored.outcome.answer
    return {
        "id": query.id,
        "type": query.type,
        "kind": kind,
        "question": query.question,
        "history": list(query.history),
        "expected": [list(alternative) for alternative in query.answers],
        "evidence": list(query.evidence),
        "given": answer["answer"] if answer else None,
        "short": answer["short_answer"] if answer else None,
        "confidence": answer["confidence"] if answer else None,
        "quotes": [each["quote"] for each in answer["citations"]] if answer else [],
        "error": scored.outcome.error,
    }


def miss_kind(scored: ScoredOutcome) -> str | None:
    """The gravest thing that went wrong with a question, in the words of the report; None where all is well."""
    if scored.outcome.error is not None:
        return "出错"
    faults = (
        ("false_answer", 1.0, "误答"),
        ("false_refusal", 1.0, "误拒"),
        ("answer_hit", 0.0, "答错"),
        ("citation_recall", 0.0, "出处不对"),
        ("short_hit", 0.0, "短答不准"),
        ("evidence_recall_at_10", 0.0, "证据未检出"),
    )
    broken = [label for name, fault, label in faults if scored.scores.get(name) == fault]
    if not broken and scored.scores.get("verbatim", 1.0) < 1:
        return "引文与原文不符"
    return broken[0] if broken else None


def report_text(report: ReportJson) -> str:
    """The report as a terminal shows it."""
    parts = [_head(report), _overall_table(report)]
    parts += [_type_table(report, names) for names in _TABLES]
    parts += [_misses_text(report["misses"])]
    return printable("\n\n".join(parts))


def printable(text: str) -> str:
    """Text without anything a terminal would obey or choke on: questions come from strangers."""
    return "".join(char if char.isprintable() or char == "\n" else " " if char.isspace() else "�" for char in text)


def _head(report: ReportJson) -> str:
    dataset, index, latency = report["dataset"], report["index"], report["latency_ms"]
    splits = "，".join(f"{name} {n}" for name, n in dataset["splits"].items())
    lines = [
        f"问题集  {dataset['name']}（sha256 {dataset['sha256'][:12]}）：{dataset['questions']} 题，"
        f"可答 {dataset['answerable']}，不可答 {dataset['unanswerable']}；划分：{splits}",
        f"索引    {_index_text(index)}",
        f"耗时    p50 {_figure(latency['p50'], 1)} ms，p95 {_figure(latency['p95'], 1)} ms（{latency['n']} 题）",
        f"置信度  校准误差 ECE {_figure(report['calibration']['ece'])}",
    ]
    if report["failed"]:
        lines.append(f"出错    {len(report['failed'])} 题：{'、'.join(report['failed'])}")
    return "\n".join(lines)


def _index_text(index: IndexJson | None) -> str:
    if index is None:
        return "未说明"
    return (
        f"{index['path']}：{index['documents']} 个文档，{index['passages']} 个段落，"
        f"编码器 {index['encoder']}（{index['revision'][:12]}）"
    )


def _overall_table(report: ReportJson) -> str:
    rows = [
        [
            LABELS[name],
            _figure(each["value"]),
            f"[{_figure(each['low'])}, {_figure(each['high'])}]",
            str(each["n"]),
            name,
        ]
        for name, each in report["scores"].items()
    ]
    return table(["指标", "值", "95% 区间", "题数", "名称"], rows)


def _type_table(report: ReportJson, names: Sequence[str]) -> str:
    shown = {type: scores for type, scores in report["by_type"].items() if any(name in scores for name in names)}
    rows = [[type, *(_cell(scores.get(name)) for name in names)] for type, scores in shown.items()]
    return table(["类型", *(LABELS[name] for name in names)], rows)


def _cell(score: ScoreJson | None) -> str:
    if score is None or score["value"] is None:
        return "-"
    return f"{score['value']:.2f} [{_figure(score['low'], 2)},{_figure(score['high'], 2)}] {score['n']}"


def _figure(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _misses_text(misses: Sequence[MissJson]) -> str:
    if not misses:
        return "没有错题"
    return "\n".join([f"错题 {len(misses)} 道", *(_miss_text(each) for each in misses)])


def _miss_text(miss: MissJson) -> str:
    asked = " → ".join([*miss["history"], miss["question"]])
    lines = [
        f"[{miss['kind']}] {miss['id']} {miss['type']}  {asked}",
        f"    应答  {expected_text(miss['expected'])}",
        f"    实答  {_one_line(miss['error'] or miss['given'])}",
        f"    短答  {_one_line(miss['short'])}",
    ]
    return "\n".join([*lines, *(f"    引文  {_one_line(quote)}" for quote in miss["quotes"])])


def expected_text(alternatives: Sequence[Sequence[str]]) -> str:
    """Alternatives in one line; what a refusal is expected for has none."""
    return " / ".join("＋".join(parts) for parts in alternatives) or "（应当拒答）"


def _one_line(text: str | None) -> str:
    return " ".join(text.split()) if text else "-"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned in a terminal, where a Chinese character takes two places."""
    lines = [header, *rows]
    widths = [max(_width(line[n]) for line in lines) for n in range(len(header))]
    return "\n".join("  ".join(map(_padded, line, widths)).rstrip() for line in lines)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
