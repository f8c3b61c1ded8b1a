"""Traces of questions for OpenTelemetry: question → interpret, retrieve, read, verify. Needs the extra `otel`.

A question is part of the trace that the caller's `traceparent` header names, and of its own where there is none.

A span says how long and how it went, never what was asked or answered, unless texts are asked for. Nothing is sent
where nobody gave an address. Names of attributes are OpenInference's where it has them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.errors import MissingDependency
from index.store.storage import program_version
from qa.answers import Answer
from ui.request_id import TRACE_HEADER

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor


@dataclass(slots=True)
class TracedQuestion:
    """A question and what became of it."""

    question: str  # as it may be kept
    where: str  # it was asked
    request_id: str  # of the request that brought it
    since: float  # when it began to wait, as `time.perf_counter` counts
    parent: str = ""  # the caller's trace, as its `traceparent` header has it; empty for none
    # when each stage began and ended, counted alike
    stages: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    answer: Answer | None = None  # the last snapshot; None for none
    error: str | None = None  # what kind of error ended it; None for none


class Tracing:
    """Makes spans of questions that have ended; with `texts`, question and answer go with them.

    Raises:
        MissingDependency: if OpenTelemetry is not installed.
    """

    def __init__(self, processor: SpanProcessor, *, texts: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.trace import StatusCode, set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        resource = Resource.create({"service.name": "yiju", "service.version": program_version()})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("yiju")
        self._within, self._failed = set_span_in_context, StatusCode.ERROR
        self._parent = TraceContextTextMapPropagator().extract
        self._texts = texts

    def question(self, told: TracedQuestion) -> None:
        """Make the spans of a question that has ended now."""
        offset = time.time_ns() - _nanoseconds(time.perf_counter())
        root = self._tracer.start_span(
            "question",
            self._parent({TRACE_HEADER: told.parent}),
            start_time=offset + _nanoseconds(told.since),
            attributes=self._attributes(told),
        )
        for name, (start, end) in told.stages.items():
            kind = {"openinference.span.kind": "RETRIEVER" if name == "retrieve" else "CHAIN"}
            span = self._tracer.start_span(
                name, self._within(root), start_time=offset + _nanoseconds(start), attributes=kind
            )
            span.end(offset + _nanoseconds(end))
        if told.error:
            root.set_status(self._failed, told.error)
        root.end()

    def _attributes(self, told: TracedQuestion) -> dict[str, str | bool | int | float]:
        said: dict[str, str | bool | int | float] = {
            "openinference.span.kind": "CHAIN",
            "yiju.where": told.where,
            "yiju.request_id": told.request_id,
        }
        if told.answer is not None:
            said |= {
                "yiju.abstained": told.answer.abstained,
                "yiju.confidence": told.answer.confidence,
                "yiju.citations": len(told.answer.citations),
                "yiju.passages": len(told.answer.hits),
            }
        if self._texts:
            said |= {"input.value": told.question, "output.value": told.answer.text if told.answer else ""}
        return said

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def tracing_to(url: str, *, texts: bool = False) -> Tracing:
    """Return traces that go to an address of OTLP over HTTP, in a thread of their own.

    Raises:
        MissingDependency: if OpenTelemetry is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise MissingDependency("otel", "--trace-url 须装 yiju[otel]：pip install 'yiju[otel]'") from error
    return Tracing(BatchSpanProcessor(OTLPSpanExporter(url)), texts=texts)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1_000_000_000)
