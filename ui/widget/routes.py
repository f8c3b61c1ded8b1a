"""Routes of the widget's script, its demo page and the page that makes its tag.

All are files as they stand. They hold nothing made from documents, so anybody may have them; what a page shows of
documents it asks for like any other caller.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

from ui.access.visitors import Role, needs

HERE = Path(__file__).parent

PAGES = ("demo", "setup", "preview")
"""Pages under `/widget/`; each has its script beside it."""


def add_routes(app: FastAPI) -> None:
    """Add `/widget.js` and everything under `/widget/`."""
    _serve(app, "/widget.js", "widget.js")
    _serve(app, "/widget/module.js", "module.js")
    _serve(app, "/widget/pages.css", "pages.css")
    for page in PAGES:
        _serve(app, f"/widget/{page}", f"{page}.html", needed=Role.GUEST if page == "demo" else Role.ADMIN)
        _serve(app, f"/widget/{page}.js", f"{page}.js")


def _serve(app: FastAPI, address: str, name: str, *, needed: Role = Role.GUEST) -> None:
    @app.get(address, include_in_schema=False, dependencies=[needs(needed)])
    async def file() -> FileResponse:
        """Return one of the widget's files."""
        return FileResponse(HERE / name)
