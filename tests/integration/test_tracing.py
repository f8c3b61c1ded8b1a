"""Traces of questions, as OpenTelemetry's own exporter gets them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fastapi.testclient import TestClient

pytest.importorskip("opentelemetry.sdk")
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from index.errors import ModelError
from index.filters import Filter
from qa.answers import Answer
from qa.timing import stage
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui.tracing import Tracing


class Staged(FakeAnswerer):
    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        if question == "坏了":
            raise ModelError("模型没有应答，地址是 http://秘密")
        with stage("retrieve"):
            pass
        with stage("read"):
            answer = super().ask(question, history, within)
        with stage("verify"):
            return answer


def spans_of(*questions: str, texts: bool = False, parent: str = "") -> Sequence[ReadableSpan]:
    exporter = InMemorySpanExporter()
    app = built(Staged(), tracing=Tracing(SimpleSpanProcessor(exporter), texts=texts))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        for question in questions:
            headers = {"x-request-id": "r1", "traceparent": parent}
            client.post("/api/ask", json={"question": question}, headers=headers)
    return exporter.get_finished_spans()


def test_a_question_is_a_trace_of_its_stages_without_text() -> None:
    *stages, root = spans_of("光伏装机目标是多少")
    assert [each.name for each in (root, *stages)] == ["question", "retrieve", "read", "verify"]
    assert root.parent is None and all(each.parent == root.context for each in stages)
    assert root.start_time <= stages[0].start_time <= stages[0].end_time <= stages[1].end_time <= root.end_time
    assert root.attributes["yiju.request_id"] == "r1" and root.attributes["yiju.where"] == "api"
    assert root.attributes["yiju.citations"] == 1
    assert not [value for each in (root, *stages) for value in each.attributes.values() if "光伏" in str(value)]


@pytest.mark.parametrize("flags", ["01", "00"])
def test_a_question_is_part_of_the_trace_that_the_caller_names(flags: str) -> None:
    parent = f"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}"
    spans = spans_of("光伏装机目标是多少", parent=parent)
    if flags == "00":  # the caller's trace is not kept
        assert not spans
        return
    *stages, root = spans
    assert root.parent is not None and f"{root.parent.span_id:016x}" == "b7ad6b7169203331"
    assert {f"{each.context.trace_id:032x}" for each in (root, *stages)} == {"0af7651916cd43dd8448eb211c80319c"}


@pytest.mark.parametrize("parent", ["", "00-0-0-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 3000])
def test_what_names_no_trace_begins_one(parent: str) -> None:
    assert [each.parent for each in spans_of("光伏装机目标是多少", parent=parent)][-1] is None


def test_texts_go_along_only_where_that_is_asked_for() -> None:
    root = spans_of("光伏装机目标是多少", texts=True)[-1]
    assert root.attributes["input.value"] == "光伏装机目标是多少" and "70MW" in root.attributes["output.value"]


def test_a_failure_is_a_trace_that_failed_and_says_no_more_than_its_kind() -> None:
    (root,) = spans_of("坏了")
    assert not root.status.is_ok and root.status.description == "ModelError"
    assert "秘密" not in root.to_json()


def test_without_opentelemetry_the_switch_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    from index.errors import MissingDependency
    from ui.tracing import tracing_to

    with pytest.raises(MissingDependency, match=r"yiju\[otel\]"):
        tracing_to("http://127.0.0.1:4318/v1/traces")
