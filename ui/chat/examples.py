"""Example questions, made once for all visitors with the same rights: trying them out takes a second or more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from qa.protocols import Answerer
from ui.access.visitors import Role, Visitor, needs, visitor_of
from ui.answer_queue import AnswerQueue

NAMED = 3
"""How many documents are named to who comes for the first time."""


class Examples:
    """Example questions from the documents that a visitor may see."""

    def __init__(self, queue: AnswerQueue) -> None:
        self._queue = queue
        self._made: WeakKeyDictionary[Answerer, list[str]] = WeakKeyDictionary()
        self._lock = asyncio.Lock()

    async def for_visitor(self, visitor: Visitor) -> list[str]:
        """Return at most four; none for who may see nothing."""
        if visitor.role is Role.GUEST or self._queue.problem():
            return []
        seen = self._queue.seen_by(visitor)
        async with self._lock:
            if seen not in self._made:
                self._made[seen] = await asyncio.to_thread(seen.examples)
            return self._made[seen]

    def about(self, visitor: Visitor) -> tuple[int, Sequence[str]]:
        """Return how many documents a visitor may read, and the titles of the newest."""
        held = self._queue.seen_by(visitor).descriptions()
        newest = sorted(
            held, key=lambda each: (each.metadata.issued or each.metadata.period or "", each.id), reverse=True
        )
        return len(held), list(dict.fromkeys(each.title for each in newest))[:NAMED]


def add_routes(app: FastAPI, examples: Examples) -> None:
    """Add `/api/examples`."""
    router = APIRouter(dependencies=[needs(Role.READER)])

    @router.get("/api/examples")
    async def listed(request: Request) -> JSONResponse:
        """Return questions that the documents answer."""
        visitor = visitor_of(request)
        count, titles = examples.about(visitor)
        return JSONResponse(
            {"examples": await examples.for_visitor(visitor), "documents": count, "titles": list(titles)}
        )

    app.include_router(router)
