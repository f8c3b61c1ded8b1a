"""Load shedding: refuse questions early if too many are waiting.

What is not spent on refusing is left for answering.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.errors import BUSY, ApiError, error_response

ASKING = re.compile(r"/api/ask|/v1/chat/completions")
"""Where every request is a question."""


class LoadShedding:
    """Says 503 at once without reading a body or asking who it is, while `full`, which counts whom it turns away."""

    def __init__(self, app: ASGIApp, full: Callable[[], bool]) -> None:
        self.app = app
        self.full = full

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asks = scope["type"] == "http" and scope["method"] == "POST" and ASKING.fullmatch(get_route_path(scope))
        if asks and self.full():
            await error_response(ApiError(503, "busy", BUSY))(scope, receive, send)
        else:
            await self.app(scope, receive, send)
