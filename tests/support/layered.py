"""The layers of `ui/middleware/stack.py` around an application of a few lines: what they let through, and as whom."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient

from ui import errors
from ui.access import signin
from ui.access.authentication import Access
from ui.access.visitors import visitor_of
from ui.middleware.stack import protect

ANYWHERE = "198.51.100.7"
"""An address that is not this machine's."""


def layered(access: Access, *, address: str = ANYWHERE, host: str = "qa.example", **options: Any) -> TestClient:
    """A client at `address` of an application that says of every request who made it and how it arrived."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    errors.install(app)
    signin.add_routes(app, access)

    @app.get("/chat/")
    async def chat() -> HTMLResponse:
        return HTMLResponse("<html><head></head>chat</html>")

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def anything(request: Request) -> dict[str, object]:
        visitor = visitor_of(request)
        return {
            "name": visitor.name,
            "role": str(visitor.role),
            "address": visitor.address,
            "reader": None if visitor.reader is None else sorted(visitor.reader),
            "url": str(request.url),
            "headers": sorted(request.headers),
        }

    protect(app, access)
    return TestClient(app, base_url=f"http://{host}", client=(address, 1), follow_redirects=False, **options)
