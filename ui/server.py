"""One application: interface for programs, chat, widget."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from qa.protocols import Answerer
from ui import api, errors, openai_api
from ui.chat import mount_chat
from ui.desk import Desk
from ui.security import Guard, Harden, Page, content_policy

HERE = Path(__file__).parent


def create_app(
    answerer: Answerer, *, origins: Sequence[str] = (), workers: int | None = None, waiting: int = 64
) -> FastAPI:
    """The application around one assistant.

    Args:
        answerer: who answers.
        origins: sites that may embed the chat, as `scheme://host[:port]`.
        workers: how many questions are answered at the same time; by default one a core, four at most.
        waiting: how many more may wait; what comes then is turned away.
    """
    desk = Desk(answerer, workers=workers, waiting=waiting)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await desk.close()

    app = FastAPI(title="依据", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    errors.install(app)
    api.add_routes(app, desk)
    openai_api.add_routes(app, desk)
    _add_pages(app)
    app = mount_chat(app, desk)
    _protect(app, origins)
    return app


def _protect(app: FastAPI, origins: Sequence[str]) -> None:
    """Puts the layers around the application; the last one added is the outermost."""
    app.add_middleware(CORSMiddleware, allow_origins=[])  # without one Gradio lets every origin in
    app.add_middleware(Guard)
    app.add_middleware(Harden)
    app.add_middleware(Page, policy=content_policy(origins))


def _add_pages(app: FastAPI) -> None:
    app.mount("/static", StaticFiles(directory=HERE / "static"))

    @app.get("/")
    async def root() -> RedirectResponse:
        """The chat; relative, so that it holds under any prefix."""
        return RedirectResponse("chat/")

    @app.get("/chat")
    async def chat(request: Request) -> RedirectResponse:
        """The chat, with the question that the address may hold."""
        return RedirectResponse(f"chat/?{request.url.query}" if request.url.query else "chat/")

    @app.get("/favicon.ico")
    async def icon() -> FileResponse:
        """The product's mark."""
        return FileResponse(HERE / "static" / "icon.svg")

    @app.get("/widget.js")
    async def widget() -> FileResponse:
        """The script that puts the chat on another page."""
        return FileResponse(HERE / "widget" / "widget.js")

    @app.get("/widget/demo")
    async def demo() -> FileResponse:
        """A page that shows the widget at work."""
        return FileResponse(HERE / "widget" / "demo.html")
