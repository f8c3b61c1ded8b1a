"""The report: scores with intervals, overall and by group, misses, and how they came about.

As JSON and as text. Built from the same answers it is the same to the last byte.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NotRequired, TypedDict

from eval.generation.judging import JudgeJson
from eval.generation.writing import Truth, WaysJson, WritingJson, ways_json, writing_json
from eval.metrics.answer_metrics import SCORES, TextOf, answer_hit, score
from eval.metrics.calibration import (
    ReliabilityBin,
    RiskPoint,
    area_under_risk_coverage,
    expected_calibration_error,
    reliability_bins,
    risk_coverage,
)
from eval.metrics.retrieval_metrics import score_run
from eval.metrics.scores import SEED, ScoreJson, percentiles, score_json
from eval.metrics.significance import RESAMPLES
from eval.metrics.stages import DEPTH, STAGES, StagedSearch, passages_to_show
from eval.records import Dataset, Outcome, ScoredOutcome
from qa.answers import AnswerJson
from qa.settings import Answering

FORMAT = "yiju-eval"
VERSION = 1

STAGE_LABELS = {"dense": "语义", "lexical": "字面", "fused": "融合", "reranked": "重排"}
"""Stages of the search as people read them."""

STAGE_MEASURES = ("Success@1", "Success@5", "Success@10", "R@5", "R@10", "P@1", "P@5", "RR", "AP", "nDCG@10")
"""What every stage is measured by, in ir_measures' names."""

_LENGTHS = ((10, "≤10 字"), (20, "11–20 字"), (40, "21–40 字"))
_LONGEST = ">40 字"


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
    """What was searched; `sources` gives the SHA-256 of each document's text by file name."""

    path: str
    encoder: str
    revision: str
    documents: int
    passages: int
    created_with: str
    sources: dict[str, str]


class ProvenanceJson(TypedDict):
    """Which program gave the answers; `commit` is null outside a git checkout."""

    version: str
    commit: str | None
    program_sha256: str
    settings: dict[str, str]
    date: NotRequired[str]
    machine: NotRequired[dict[str, str]]


class SelectionJson(TypedDict):
    """What withholding unsure answers would bring."""

    aurc: float | None
    points: list[dict[str, float]]  # confidence, coverage and risk


class StagesJson(TypedDict):
    """Where evidence is lost: `indexed` in loading, `whole` in splitting, then stage by stage of the search."""

    depth: int
    indexed: ScoreJson
    whole: ScoreJson
    runs: dict[str, dict[str, ScoreJson]]
    not_indexed: list[str]


class RankedJson(TypedDict):
    """A passage of a missed question, with its rank in every stage that found it."""

    id: str
    section: str
    text: str
    evidence: bool
    ranks: dict[str, int]


class CalibrationJson(TypedDict):
    """How far confidence can be believed, over the answers given."""

    ece: float | None
    bins: list[dict[str, float]]  # of `eval.metrics.calibration.ReliabilityBin`


class LatencyJson(TypedDict):
    """Milliseconds for one answer; null where there is none."""

    p50: float | None
    p95: float | None
    n: int


class GivenJson(TypedDict):
    """What was answered."""

    given: str | None
    short: str | None
    confidence: float | None
    quotes: list[str]


class QuestionJson(GivenJson):
    """One question's scores and answer: what a later run is compared with. `kind` says what went wrong, if anything."""

    id: str
    type: str
    question: str
    scores: dict[str, float]
    error: str | None
    kind: str | None


class MissJson(GivenJson):
    """A question that went wrong."""

    id: str
    type: str
    kind: str
    question: str
    history: list[str]
    expected: list[list[str]]
    evidence: list[str]
    error: str | None
    ranked: list[RankedJson]


class ReportJson(TypedDict):
    """A whole report."""

    format: str
    version: int
    dataset: DatasetJson
    index: IndexJson | None
    provenance: ProvenanceJson | None
    scores: dict[str, ScoreJson]
    by_type: dict[str, dict[str, ScoreJson]]
    by_document: dict[str, dict[str, ScoreJson]]
    by_length: dict[str, dict[str, ScoreJson]]
    stages: StagesJson | None
    calibration: CalibrationJson
    selection: SelectionJson
    latency_ms: LatencyJson
    latency_by_type: dict[str, LatencyJson]
    memory_mb: float | None
    failed: list[str]
    misses: list[MissJson]
    questions: list[QuestionJson]
    bootstrap: dict[str, int]
    writing: WritingJson | None
    ways: WaysJson | None
    judge: NotRequired[JudgeJson]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a run beside its answers."""

    index: IndexJson | None = None  # what was searched; None where that is unknown
    search: StagedSearch | None = None  # what every stage of the search found; None where no index is at hand
    provenance: ProvenanceJson | None = None  # which program answered; None for answers that came from elsewhere
    memory_mb: float | None = None  # most memory that answering took, in megabytes; None where it was not measured
    truth: Truth | None = None  # what is known of the sentences that a language model wrote; None where nothing is
    measures: Sequence[str] = STAGE_MEASURES  # what every stage of the search is measured by
    # the same questions answered in several ways; empty where they were answered in one
    answered: Mapping[Answering, Sequence[Outcome]] = field(default_factory=dict)


def make_report(
    dataset: Dataset,
    outcomes: Sequence[Outcome],
    text_of: TextOf | None = None,
    circumstances: Circumstances = Circumstances(),
) -> ReportJson:
    """Return scored outcomes, one a question in the data set's order, summed up.

    Without texts `verbatim` and `wrong_document` are not scored.
    """
    scored = [ScoredOutcome(each, score(each.query, each.answer, text_of)) for each in outcomes]
    search = circumstances.search
    homes = search.homes if search else {}
    return {
        "format": FORMAT,
        "version": VERSION,
        "dataset": _dataset_json(dataset),
        "index": circumstances.index,
        "provenance": circumstances.provenance,
        "scores": _scores_json(scored, SCORES),
        "by_type": _by(scored, lambda each: each.outcome.query.type),
        "by_document": _by(scored, lambda each: homes.get(each.outcome.query.id)),
        "by_length": _by_length(scored),
        "stages": _stages(search, circumstances.measures) if search else None,
        "calibration": _calibration(outcomes),
        "selection": _selection(outcomes),
        "latency_ms": _latency(outcomes),
        "latency_by_type": _latency_by_type(outcomes),
        "memory_mb": circumstances.memory_mb,
        "failed": [each.query.id for each in outcomes if each.error is not None],
        "misses": [miss for each in scored if (miss := _miss(each, search)) is not None],
        "questions": [_question_json(each) for each in scored],
        "bootstrap": {"seed": SEED, "resamples": RESAMPLES},
        "writing": writing_json(outcomes, circumstances.truth),
        "ways": ways_json(circumstances.answered, text_of, circumstances.truth),
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
    return {name: score_json([each.scores[name] for each in scored if name in each.scores]) for name in names}


def _by(scored: Sequence[ScoredOutcome], key: Callable[[ScoredOutcome], str | None]) -> dict[str, dict[str, ScoreJson]]:
    """Return scores by group, groups in the order they first occur; only scores that count for the group.

    Questions whose key is None belong to no group.
    """
    groups: dict[str, list[ScoredOutcome]] = {}
    for each in scored:
        if (group := key(each)) is not None:
            groups.setdefault(group, []).append(each)
    return {name: _scores_json(group, _names_in(group)) for name, group in groups.items()}


def _by_length(scored: Sequence[ScoredOutcome]) -> dict[str, dict[str, ScoreJson]]:
    """Return scores by the length of the question, shortest first."""
    groups = _by(scored, lambda each: length_group(each.outcome.query.question))
    return {label: groups[label] for label in (*(label for _, label in _LENGTHS), _LONGEST) if label in groups}


def length_group(question: str) -> str:
    """Return the name of the group of questions about as long, white space not counted."""
    length = len("".join(question.split()))
    return next((label for longest, label in _LENGTHS if length <= longest), _LONGEST)


def _names_in(scored: Sequence[ScoredOutcome]) -> list[str]:
    return [name for name in SCORES if any(name in each.scores for each in scored)]


def _verdicts(outcomes: Sequence[Outcome]) -> tuple[list[float], list[bool]]:
    """Return the confidence of every answer given, and whether it is right.

    Any answer to an unanswerable question is wrong: it has no alternatives, so it hits none.
    """
    given = [(each.query, each.answer) for each in outcomes if each.answer is not None and not each.answer["abstained"]]
    return [answer["confidence"] for _, answer in given], [answer_hit(*each) == 1 for each in given]


def _calibration(outcomes: Sequence[Outcome]) -> CalibrationJson:
    bins = reliability_bins(*_verdicts(outcomes))
    return {"ece": round(expected_calibration_error(bins), 6) if bins else None, "bins": _rounded(bins)}


def _selection(outcomes: Sequence[Outcome]) -> SelectionJson:
    points = risk_coverage(*_verdicts(outcomes), len(outcomes))
    return {"aurc": round(area_under_risk_coverage(points), 6) if points else None, "points": _rounded(points)}


def _rounded(values: Sequence[ReliabilityBin | RiskPoint]) -> list[dict[str, float]]:
    return [{name: round(value, 6) for name, value in asdict(each).items()} for each in values]


def _stages(search: StagedSearch, measures: Sequence[str]) -> StagesJson:
    return {
        "depth": DEPTH,
        "indexed": score_json([float(query in search.homes) for query in search.qrels]),
        "whole": score_json([float(bool(relevant)) for relevant in search.qrels.values()]),
        "runs": {stage: _measures_json(score_run(search.qrels, search.run(stage), measures)) for stage in STAGES},
        "not_indexed": [query for query in search.qrels if query not in search.homes],
    }


def _measures_json(scores: Mapping[str, Mapping[str, float]]) -> dict[str, ScoreJson]:
    names = dict.fromkeys(name for each in scores.values() for name in each)
    return {name: score_json([each[name] for each in scores.values()]) for name in names}


def _latency(outcomes: Sequence[Outcome]) -> LatencyJson:
    totals = [each.answer["timing_ms"]["total"] for each in outcomes if each.answer and "timing_ms" in each.answer]
    p50, p95 = percentiles(totals)
    return {"p50": p50, "p95": p95, "n": len(totals)}


def _latency_by_type(outcomes: Sequence[Outcome]) -> dict[str, LatencyJson]:
    types = dict.fromkeys(each.query.type for each in outcomes)
    return {type: _latency([each for each in outcomes if each.query.type == type]) for type in types}


def _question_json(scored: ScoredOutcome) -> QuestionJson:
    query = scored.outcome.query
    return {
        "id": query.id,
        "type": query.type,
        "question": query.question,
        "scores": scored.scores,
        "error": scored.outcome.error,
        "kind": miss_kind(scored),
        **_given(scored.outcome.answer),
    }


def _given(answer: AnswerJson | None) -> GivenJson:
    """Return what was answered, as reports keep it."""
    return {
        "given": answer["answer"] if answer else None,
        "short": answer["short_answer"] if answer else None,
        "confidence": answer["confidence"] if answer else None,
        "quotes": [each["quote"] for each in answer["citations"]] if answer else [],
    }


def _miss(scored: ScoredOutcome, search: StagedSearch | None) -> MissJson | None:
    """Return what went wrong, or None."""
    kind = miss_kind(scored)
    if kind is None:
        return None
    query = scored.outcome.query
    return {
        "id": query.id,
        "type": query.type,
        "kind": kind,
        "question": query.question,
        "history": list(query.history),
        "expected": [list(alternative) for alternative in query.answers],
        "evidence": list(query.evidence),
        "error": scored.outcome.error,
        **_given(scored.outcome.answer),
        "ranked": _ranked(search, query.id) if search else [],
    }


def _ranked(search: StagedSearch, query: str) -> list[RankedJson]:
    ranks = {stage: search.ranks(stage, query) for stage in STAGES}
    relevant = search.qrels.get(query, {})
    return [
        {
            "id": passage.id,
            "section": " › ".join((passage.title, *passage.section_path)),
            "text": passage.text,
            "evidence": passage.id in relevant,
            "ranks": {stage: found[passage.id] for stage, found in ranks.items() if passage.id in found},
        }
        for passage in passages_to_show(search, query)
    ]


def miss_kind(scored: ScoredOutcome) -> str | None:
    """Return the gravest thing that went wrong with a question, in the words of the report; None where all is well."""
    if scored.outcome.error is not None:
        return "出错"
    faults = (
        ("false_answer", 1.0, "误答"),
        ("false_refusal", 1.0, "误拒"),
        ("wrong_document", 1.0, "引错文件"),
        ("answer_hit", 0.0, "答错"),
        ("citation_recall", 0.0, "出处不对"),
        ("short_hit", 0.0, "短答不准"),
        ("evidence_recall_at_10", 0.0, "证据未检出"),
    )
    broken = [label for name, fault, label in faults if scored.scores.get(name) == fault]
    if not broken and scored.scores.get("verbatim", 1.0) < 1:
        return "引文与原文不符"
    return broken[0] if broken else None


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return columns aligned in a terminal, where a Chinese character takes two places."""
    lines = [header, *rows]
    widths = [max(_width(line[n]) for line in lines) for n in range(len(header))]
    return "\n".join("  ".join(map(_padded, line, widths)).rstrip() for line in lines)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
