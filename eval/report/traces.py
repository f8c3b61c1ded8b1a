"""A run as traces that observability tools take in: OpenInference over OTLP; and its scores as Langfuse takes them.

A question is a trace: a chain that answers, within it a retriever with the passages it found. Scores go with it.

Source: OpenTelemetry Protocol 1.x, JSON encoding (ids in hexadecimal); OpenInference semantic conventions;
Langfuse public API, POST /api/public/otel/v1/traces and POST /api/public/scores.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from eval.records import Outcome
from eval.report.report import QuestionJson, ReportJson
from qa.answers import AnswerJson

Json = dict[str, object]

_MILLISECOND = 1_000_000  # in nanoseconds, as OTLP counts


def openinference(report: ReportJson, outcomes: Sequence[Outcome]) -> str:
    """Return one OTLP request, for `/v1/traces` of a collector or of Phoenix, or Langfuse's `/api/public/otel`."""
    at = int(_since(report).timestamp()) * 1_000_000_000
    spans: list[Json] = []
    for question, outcome in zip(report["questions"], outcomes, strict=True):
        spans += _spans(report, question, outcome.answer, at)
        at += round(_milliseconds(outcome.answer, "total") * _MILLISECOND)
    resource = _attributes({"service.name": "yiju", "openinference.project.name": report["dataset"]["name"]})
    scoped = [{"scope": {"name": "yiju-eval"}, "spans": spans}]
    return _written({"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": scoped}]})


def langfuse_scores(report: ReportJson) -> str:
    """Return the scores of every question, each of its trace, for `POST /api/public/scores`."""
    scores: list[Json] = []
    for question in report["questions"]:
        trace = _id(report, question["id"])
        for name, value in question["scores"].items():
            said: Json = {"id": f"{trace}-{name}", "traceId": trace, "name": name, "value": value}
            scores.append(said | {"dataType": "NUMERIC", "comment": question["kind"]})
    return _written(scores)


def _spans(report: ReportJson, question: QuestionJson, answer: AnswerJson | None, at: int) -> list[Json]:
    trace = _id(report, question["id"])
    retrieved = at + round(_milliseconds(answer, "retrieve") * _MILLISECOND)
    asked: Json = {
        "openinference.span.kind": "CHAIN",
        "input.value": question["question"],
        "output.value": question["given"] or "",
        "metadata": json.dumps({"question": question["id"], "kind": question["kind"]}, ensure_ascii=False),
        **{f"yiju.score.{name}": float(value) for name, value in question["scores"].items()},
    }
    found: Json = {"openinference.span.kind": "RETRIEVER", "input.value": question["question"]}
    for n, each in enumerate(_documents(answer)):
        found |= {f"retrieval.documents.{n}.document.{name}": value for name, value in each.items()}
    whole = at + round(_milliseconds(answer, "total") * _MILLISECOND)
    root = _span(trace, trace[:16], "answer", at, whole, asked)
    root["status"] = {"code": 2, "message": question["error"]} if question["error"] else {"code": 1}
    return [root, _span(trace, trace[16:], "retrieve", at, retrieved, found) | {"parentSpanId": trace[:16]}]


def _span(trace: str, id: str, name: str, start: int, end: int, attributes: Json) -> Json:
    return {
        "traceId": trace,
        "spanId": id,
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
        "attributes": _attributes(attributes),
    }


def _attributes(values: Json) -> list[Json]:
    return [
        {"key": key, "value": {"doubleValue" if isinstance(value, float) else "stringValue": value}}
        for key, value in values.items()
    ]


def _documents(answer: AnswerJson | None) -> list[Json]:
    return [
        {
            "id": str(each.get("id", "")),
            "content": each["text"],
            "score": float(each.get("score", 0.0)),
            "metadata": json.dumps({"source": each.get("source"), "page": each.get("page")}, ensure_ascii=False),
        }
        for each in (answer["passages"] if answer else ())
    ]


def _milliseconds(answer: AnswerJson | None, stage: Literal["retrieve", "total"]) -> float:
    return answer["timing_ms"][stage] if answer and stage in answer.get("timing_ms", ()) else 0.0


def _since(report: ReportJson) -> datetime:
    """Return when the run began, as far as its report says so."""
    told = _date(report)
    return datetime.fromisoformat(told) if told else datetime.now(UTC)


def _date(report: ReportJson) -> str:
    provenance = report["provenance"]
    return provenance.get("date", "") if provenance else ""


def _id(report: ReportJson, question: str) -> str:
    """Return the same 16 bytes, in hexadecimal, for the same question of the same run."""
    named = f"{report['dataset']['sha256']}\0{_date(report)}\0{question}"
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _written(value: Json | list[Json]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
