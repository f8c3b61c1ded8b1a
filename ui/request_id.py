"""The id of the current request and the trace that it is part of, for logs, traces and errors."""

from __future__ import annotations

from contextvars import ContextVar

HEADER = "x-request-id"
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
"""Set while a request is served, also in the threads that work for it."""

TRACE_HEADER = "traceparent"
TRACE_PARENT: ContextVar[str] = ContextVar("trace_parent", default="")
"""What the caller says of its own trace (W3C Trace Context), likewise."""
