"""The id of the current request, for logs, traces and errors."""

from __future__ import annotations

from contextvars import ContextVar

HEADER = "x-request-id"
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
"""Set while a request is served, also in the threads that work for it."""
