"""Runs as traces for other tools."""

from __future__ import annotations

import json

import pytest

from eval.records import Dataset, Outcome
from eval.report.report import make_report
from eval.report.traces import langfuse_scores, openinference
from tests.support.eval_fakes import EVIDENCE, make_answer, make_query, refusal

OUTCOMES = [
    Outcome(make_query(id="a"), make_answer()),
    Outcome(make_query(id="b", answerable=False), refusal()),
    Outcome(make_query(id="c"), None, "模型没有应答"),
]
REPORT = make_report(Dataset("set.jsonl", tuple(each.query for each in OUTCOMES)), OUTCOMES)
REPORT["provenance"] = {
    "version": "1", "commit": None, "program_sha256": "", "settings": {}, "date": "2026-01-02T03:04:05+00:00",
}  # fmt: skip


def test_a_question_is_a_trace_of_openinference_with_what_was_found() -> None:
    (resource,) = json.loads(openinference(REPORT, OUTCOMES))["resourceSpans"]
    spans = resource["scopeSpans"][0]["spans"]
    assert len(spans) == 6 and len({each["traceId"] for each in spans}) == 3
    asked, found = spans[:2]
    assert found["parentSpanId"] == asked["spanId"] and len(bytes.fromhex(asked["traceId"])) == 16
    told = {each["key"]: next(iter(each["value"].values())) for each in asked["attributes"]}
    assert (told["openinference.span.kind"], told["output.value"]) == ("CHAIN", "70MW[1]")
    assert told["yiju.score.answer_hit"] == 1.0
    told = {each["key"]: next(iter(each["value"].values())) for each in found["attributes"]}
    assert EVIDENCE in told["retrieval.documents.0.document.content"]
    assert int(found["endTimeUnixNano"]) - int(found["startTimeUnixNano"]) == 1_000_000  # retrieving took 1 ms
    assert int(asked["startTimeUnixNano"]) == 1_767_323_045_000_000_000
    assert spans[4]["status"] == {"code": 2, "message": "模型没有应答"}


def test_what_is_written_is_a_request_that_opentelemetry_takes() -> None:
    pytest.importorskip("opentelemetry.proto")
    from google.protobuf.json_format import Parse
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = Parse(openinference(REPORT, OUTCOMES), ExportTraceServiceRequest())
    assert len(request.resource_spans[0].scope_spans[0].spans) == 6


def test_langfuse_gets_the_scores_of_the_same_traces() -> None:
    scores = json.loads(langfuse_scores(REPORT))
    (resource,) = json.loads(openinference(REPORT, OUTCOMES))["resourceSpans"]
    traces = [each["traceId"] for each in resource["scopeSpans"][0]["spans"][::2]]
    assert len({each["id"] for each in scores}) == len(scores)
    for trace, question in zip(traces, REPORT["questions"], strict=True):
        assert {each["name"]: each["value"] for each in scores if each["traceId"] == trace} == question["scores"]
