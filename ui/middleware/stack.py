"""The layers around the application, in their order."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from ui.access.authentication import KEY_HEADER, Access, Authentication, Sessions
from ui.access.proxies import Forwarded
from ui.access.visitors import Visitor
from ui.chat.requests import Events
from ui.middleware.access_log import AccessLog
from ui.middleware.load_shedding import LoadShedding
from ui.middleware.security import ContentSecurityPolicy, RequestGuard, SecurityHeaders


def protect(
    app: FastAPI,
    access: Access,
    full: Callable[[], bool] | None = None,
    events: Events | None = None,
    admit: Callable[[Visitor], None] | None = None,
    logs: bool = False,
    replied: Callable[[int], None] | None = None,
) -> None:
    """Put them around `app`; the last one added is the outermost.

    Args:
        app: the application.
        access: who may come in.
        full: whether there is no room for another question; None if there always is.
        events: what the chat's page may ask of the server.
        admit: counts one of these events, and raises where a visitor sends too many.
        logs: whether every request is logged.
        replied: counts a response by its status.
    """
    app.add_middleware(RequestGuard, events=events, admit=admit)
    app.add_middleware(Authentication, access=access)
    app.add_middleware(Sessions, secret=access.book.secret() if access.book else secrets.token_urlsafe(32))
    if full:
        app.add_middleware(LoadShedding, full=full)
    # Outside the door, since browsers ask without a key first; without one Gradio would let every origin in.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=access.origins,
        allow_methods=["GET", "POST"],
        allow_headers=[KEY_HEADER, "authorization", "content-type"],
        expose_headers=["retry-after"],
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(ContentSecurityPolicy, origins=access.origins)
    app.add_middleware(GZipMiddleware)  # all but event streams, and what Gradio packs itself
    app.add_middleware(AccessLog, logs=logs, replied=replied)
    app.add_middleware(Forwarded, trusted=access.proxies, private=access.private_headers)
