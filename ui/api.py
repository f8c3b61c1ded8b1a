"""The HTTP interface of the contract: questions, documents, health and metrics."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from index.errors import YijuError
from index.records import Document, Span
from qa.answers import Answer
from qa.protocols import Answerer
from ui.bodies import Asked, asked, flag, read_object
from ui.desk import Desk
from ui.errors import ApiError, as_api_error, error_body

MAX_SPAN = 4_000
"""Longest place in a document that its surroundings are shown for, in code points."""

AROUND = 160
"""How much of the text before and behind a place is shown, in code points."""

Json = Mapping[str, object]


def add_routes(app: FastAPI, desk: Desk) -> None:
    """Adds everything under `/api/` and `/metrics`."""
    router = APIRouter()
    _add_asking(router, desk)
    _add_documents(router, desk.answerer)

    @router.get("/api/health")
    async def health() -> JSONResponse:
        """200 when it can answer, else 503 with the reason."""
        if problem := desk.problem():
            raise ApiError(503, "unavailable", problem)
        return JSONResponse({"status": "ok", "documents": len(desk.answerer.documents())})

    @router.get("/metrics")
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(desk.metrics.render(desk.in_flight), media_type="text/plain; version=0.0.4")

    app.include_router(router)


def event(name: str, data: Json) -> str:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def first_snapshot(snapshots: AsyncIterator[Answer]) -> Answer:
    """The first snapshot, awaited before any response begins, so that an early error still has its status.

    Raises:
        ApiError: if there is none because answering failed.
    """
    try:
        return await anext(snapshots)
    except (ValueError, YijuError) as error:
        raise as_api_error(error) from error


def _add_asking(router: APIRouter, desk: Desk) -> None:
    @router.post("/api/ask")
    async def ask(request: Request) -> Response:
        """One answer, as JSON or as server-sent events."""
        streamed = flag(request.query_params.get("stream"), "stream")
        question = asked(await read_object(request))
        if not streamed:
            return JSONResponse((await _ask(desk, question)).to_json())
        snapshots = desk.stream(question.question, question.history)
        first = await first_snapshot(snapshots)
        return StreamingResponse(_events(first, snapshots), media_type="text/event-stream")


async def _ask(desk: Desk, question: Asked) -> Answer:
    try:
        return await desk.ask(question.question, question.history)
    except (ValueError, YijuError) as error:
        raise as_api_error(error) from error


async def _events(latest: Answer, snapshots: AsyncIterator[Answer]) -> AsyncIterator[str]:
    """`snapshot` events that grow, then one `answer`, or one `error` in its place."""
    try:
        async for answer in snapshots:
            yield event("snapshot", {**latest.to_json()})
            latest = answer
        yield event("answer", {**latest.to_json()})
    except (ValueError, YijuError) as error:
        yield event("error", {**error_body(as_api_error(error))})


def _add_documents(router: APIRouter, answerer: Answerer) -> None:
    @router.get("/api/documents")
    async def documents() -> JSONResponse:
        """All documents, without their text."""
        return JSONResponse({"documents": [_summary(each) for each in answerer.documents()]})

    @router.get("/api/documents/{document_id}")
    async def document(document_id: str) -> JSONResponse:
        """One document with its outline."""
        found = _document(answerer, document_id)
        return JSONResponse({**_summary(found), "outline": _outline(found)})

    @router.get("/api/documents/{document_id}/text")
    async def text(document_id: str) -> PlainTextResponse:
        """The text that citations' offsets point into."""
        return PlainTextResponse(_document(answerer, document_id).text)

    @router.get("/api/documents/{document_id}/context")
    async def context(request: Request, document_id: str) -> JSONResponse:
        """A place in a document with its surroundings."""
        found = _document(answerer, document_id)
        return JSONResponse(_context(found, _span(request.query_params, found)))


def _document(answerer: Answerer, document_id: str) -> Document:
    if found := answerer.document(document_id):
        return found
    raise ApiError(404, "document_not_found", "没有这份文档；可用的文档见 /api/documents。")


def _summary(document: Document) -> dict[str, object]:
    said = document.metadata
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "characters": len(document.text),
        "pages": len(document.page_starts) or None,
        "number": said.number,
        "issuer": said.issuer,
        "issued": said.issued,
    }


def _outline(document: Document) -> list[dict[str, object]]:
    return [
        {"title": heading.title, "level": heading.level, "start": heading.start, "end": heading.end}
        for heading in document.headings
    ]


def _span(query: Mapping[str, str], document: Document) -> Span:
    start, end = query.get("start", ""), query.get("end", "")
    digits = all(each.isascii() and each.isdigit() and len(each) < 12 for each in (start, end))
    if not digits or not int(start) < int(end) <= min(len(document.text), int(start) + MAX_SPAN):
        message = f"start 和 end 须为全文之内的整数，start < end，且相距不超过 {MAX_SPAN}。"
        raise ApiError(422, "invalid_request", message)
    return Span(int(start), int(end))


def _context(document: Document, span: Span) -> dict[str, object]:
    text = document.text
    return {
        "document_id": document.id,
        "title": document.title,
        "source": document.source,
        "section": list(document.section_path(span.start)),
        "page": document.page(span.start),
        "before": text[max(0, span.start - AROUND) : span.start],
        "quote": span.slice(text),
        "after": text[span.end : span.end + AROUND],
        "begins": span.start <= AROUND,
        "ends": span.end + AROUND >= len(text),
    }
