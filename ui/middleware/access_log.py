"""Request ids in responses and logs, and an optional access log in JSON."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.errors import as_api_error, error_response
from ui.request_id import HEADER, REQUEST_ID, TRACE_HEADER, TRACE_PARENT

_SOUND = re.compile(r"[A-Za-z0-9._-]{1,64}")
log = logging.getLogger("yiju.access")
_failures = logging.getLogger(__name__)


class AccessLog:
    """Numbers requests, as a proxy in front has or anew, logs each as a line of JSON, and answers unexpected failures.

    No query is logged, since it may hold a question, and no address: the audit log is for who asked what. Requests have
    numbers, and `replied` their status, whether or not they are logged.
    """

    def __init__(self, app: ASGIApp, logs: bool = False, replied: Callable[[int], None] | None = None) -> None:
        self.app = app
        self.logs = logs
        self.replied = replied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":  # nothing here speaks it, and no layer below looks at one
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(HEADER, "")
        id, since, status = given if _SOUND.fullmatch(given) else uuid4().hex, time.perf_counter(), 0

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = id
            await send(message)

        token, traced = REQUEST_ID.set(id), TRACE_PARENT.set(headers.get(TRACE_HEADER, ""))
        try:
            await self.app(scope, receive, numbered)
        except Exception as error:
            if status:  # too late to answer otherwise; the server ends the connection
                raise
            _failures.exception("a request failed")
            await error_response(as_api_error(error))(scope, receive, numbered)
        finally:
            REQUEST_ID.reset(token)
            TRACE_PARENT.reset(traced)
            if self.replied:
                self.replied(status)
            if self.logs:
                log.info(_line(scope, id, status, time.perf_counter() - since))


def _line(scope: Scope, id: str, status: int, seconds: float) -> str:
    said = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "request_id": id,
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    return json.dumps(said, ensure_ascii=True)


class WithRequestId(logging.Filter):
    """Gives every record of the log the number of its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass."""
        record.request_id = REQUEST_ID.get()
        return True
