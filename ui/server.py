"""One application: interface for programs, chat, widget."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from index.rights import RightsFile
from qa.privacy.personal import Mask
from qa.protocols import Answerer
from ui import errors
from ui.access import signin
from ui.access.authentication import Access
from ui.access.limits import Limits
from ui.access.visitors import Role, visitor_of
from ui.admin import routes as admin
from ui.answer_queue import AnswerQueue
from ui.api import openai, reference, responses
from ui.api import routes as api
from ui.chat import examples, export
from ui.chat.blocks import mount_chat
from ui.chat.examples import Examples
from ui.documents import managing as changing
from ui.documents import routes as documents
from ui.documents.managing import Managing
from ui.middleware.stack import protect
from ui.reloading import Reloader, Source, reloading
from ui.tracing import Tracing
from ui.usage.log import UsageLog
from ui.widget import routes as widget

if TYPE_CHECKING:
    from ui.audit.log import AuditLog

HERE = Path(__file__).parent

EVERYBODY = Access()


def create_app(
    answerer: Answerer,
    *,
    source: Source | None = None,
    access: Access = EVERYBODY,
    rights: RightsFile | None = None,
    usage: UsageLog | None = None,
    audit: AuditLog | None = None,
    mask: Mask | None = None,
    mcp: bool = False,
    access_log: bool = False,
    tracing: Tracing | None = None,
    managing: Managing | None = None,
    workers: int | None = None,
    waiting: int = 64,
) -> FastAPI:
    """Return the application around one assistant.

    Args:
        answerer: who answers.
        source: where it comes from on disk; a new index there is taken up. None: it stays as it is.
        access: who may come in; by default every request.
        rights: who may read which documents; None: every visitor reads all.
        usage: where answers are kept; None keeps none.
        audit: where it is noted who asked what of which document; None notes nothing.
        mask: masks what is personal, wherever text of a document or a question is shown or kept; None shows all.
        mcp: serve the tools for language models at `/mcp`, for which the extra `mcp` is needed.
        managing: how editors change the documents; None: only `yiju-index` does.
        access_log: log every request as a line of JSON.
        tracing: makes traces of questions; None makes none.
        workers: how many questions are answered at the same time; by default one a core, four at most.
        waiting: how many more may wait; what comes then is turned away.
    """
    limits = Limits(access.book, access.per_address)
    queue = AnswerQueue(
        answerer,
        workers=workers,
        waiting=waiting,
        usage=usage,
        audit=audit,
        limits=limits,
        rights=rights,
        mask=mask,
        tracing=tracing,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        reloader = Reloader(queue, source) if source else None
        writing = managing.running(queue, reloader.look) if managing and reloader else nullcontext()
        with reloading(reloader):
            async with tools(), writing:
                yield
        await queue.close()

    app = FastAPI(title="依据", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    tools = _tools(app, queue) if mcp else nullcontext
    errors.install(app)
    api.add_routes(app, queue)
    openai.add_routes(app, queue)
    responses.add_routes(app, queue)
    reference.add_routes(app)
    admin.add_routes(app, queue)
    widget.add_routes(app)
    _add_pages(app, queue, managing)
    signin.add_routes(app, access)
    changing.add_routes(app, queue, managing, rights)
    documents.add_routes(app, queue, managing, rights)
    export.add_routes(app, queue.mask)
    questions = Examples(queue)
    examples.add_routes(app, questions)
    events = mount_chat(app, queue, questions)
    protect(app, access, queue.turns_away, events, queue.admit_event, access_log, queue.metrics.replied)
    return app


def _tools(app: FastAPI, queue: AnswerQueue) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Serve `/mcp` while what this gives is entered."""
    from ui.api.mcp_server import add_routes  # an extra, and slow to import

    return add_routes(app, queue)


def _add_pages(app: FastAPI, queue: AnswerQueue, managing: Managing | None) -> None:
    app.mount("/static", StaticFiles(directory=HERE / "static"))

    @app.get("/")
    async def root(request: Request) -> RedirectResponse:
        """Return the chat, or the documents where there are none yet; relative, so that it holds under any prefix."""
        may_add = managing is not None and managing.problem is None and visitor_of(request).role.reaches(Role.EDITOR)
        return RedirectResponse("documents/" if may_add and not queue.answerer.descriptions() else "chat/")

    @app.get("/chat")
    async def chat(request: Request) -> RedirectResponse:
        """Return the chat, with the question that the address may hold."""
        return RedirectResponse(f"chat/?{request.url.query}" if request.url.query else "chat/")

    @app.get("/favicon.ico")
    async def icon() -> FileResponse:
        """Return the product's mark."""
        return FileResponse(HERE / "static" / "icon.svg")
