"""Example questions: made once for each scope, since trying them out takes a second or more."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from index.filters import Filter
from qa.protocols import Answerer
from ui.desk import Desk
from ui.visitors import Role, Visitor, visitor_of

KEPT = 64
"""For how many scopes they are kept."""


class Examples:
    """Example questions for whoever asks, from the documents they may see."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._answerer: Answerer | None = None
        self._made: dict[Filter | None, list[str]] = {}
        self._lock = asyncio.Lock()

    async def for_visitor(self, visitor: Visitor) -> list[str]:
        """At most four; none for who may see nothing."""
        if visitor.role is Role.GUEST or self._desk.problem():
            return []
        async with self._lock:
            if self._answerer is not (answerer := self._desk.answerer):
                self._answerer, self._made = answerer, {}
            if visitor.scope not in self._made:
                if len(self._made) >= KEPT:
                    self._made.clear()
                self._made[visitor.scope] = await asyncio.to_thread(answerer.examples, 4, visitor.scope)
            return self._made[visitor.scope]


def add_routes(app: FastAPI, examples: Examples) -> None:
    """Adds `/api/examples`."""
    router = APIRouter()

    @router.get("/api/examples")
    async def listed(request: Request) -> JSONResponse:
        """Questions that the documents answer."""
        return JSONResponse({"examples": await examples.for_visitor(visitor_of(request))})

    app.include_router(router)
