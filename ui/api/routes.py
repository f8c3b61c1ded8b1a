"""The HTTP interface of the contract: questions, documents, health and metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date
from functools import partial

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from index.errors import YijuError
from index.filters import years_of
from index.records import Document, Span
from index.store.sync import has_pictures
from index.structure.versions import Versions
from qa.answers import Answer, passage_json
from ui.access.visitors import Role, Visitor, needs, visitor_of
from ui.answer_queue import AnswerQueue
from ui.bodies import QuestionBody, Searched, asked, flag, opinion, read_object, searched, searched_by_address
from ui.documents.office_pages import lays_out
from ui.documents.page_marks import marks_json, page_marks
from ui.documents.tables import cited_table
from ui.errors import ApiError, answering, as_api_error, error_body, invalid, without_places
from ui.metrics import CONTENT_TYPE

MAX_SPAN = 4_000
"""Longest place in a document that its surroundings are shown for, in code points."""

AROUND = 160
"""How much of the text before and behind a place is shown, in code points."""

Json = Mapping[str, object]


def add_routes(app: FastAPI, queue: AnswerQueue) -> None:
    """Add everything under `/api/` and `/metrics`."""
    router, reading = APIRouter(), APIRouter(dependencies=[needs(Role.READER)])
    _add_asking(reading, queue)
    _add_documents(reading, queue)

    @router.get("/api/health")
    async def health(request: Request) -> JSONResponse:
        """200 when it can answer, else 503 with the reason; where it lies only who runs the service is told."""
        visitor = visitor_of(request)
        shown = str if visitor.role.reaches(Role.ADMIN) else without_places
        if problem := queue.problem():
            raise ApiError(503, "unavailable", shown(problem))
        seen = queue.seen_by(visitor)
        warnings = (queue.warning, queue.audit.warning() if queue.audit else None)
        warned = {"warning": shown("".join(told))} if (told := [each for each in warnings if each]) else {}
        return JSONResponse({"status": "ok", "documents": len(seen.documents()), **warned})

    @router.get("/metrics", dependencies=[needs(Role.ADMIN)])
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(queue.metrics.render(), media_type=CONTENT_TYPE)

    app.include_router(reading)
    app.include_router(router)


def event(name: str, data: Json) -> str:
    """Return one server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def begun(
    queue: AnswerQueue, question: QuestionBody, request: Request, where: str
) -> tuple[Answer, AsyncIterator[Answer]]:
    """Ask, and return the first snapshot with those behind it.

    The first is awaited before any response begins, so that an early error still has its status.

    Raises:
        ApiError: if there is none because answering failed.
    """
    visitor = visitor_of(request)
    snapshots = queue.stream(
        question.question, question.history, question.within, expand=question.expand, visitor=visitor, where=where
    )
    with answering():
        return await anext(snapshots), snapshots


def _add_asking(router: APIRouter, queue: AnswerQueue) -> None:
    @router.post("/api/ask")
    async def ask(request: Request) -> Response:
        """Return one answer, as JSON or as server-sent events."""
        streamed = flag(request.query_params.get("stream"), "stream")
        question = asked(await read_object(request))
        if streamed:
            events = _events(*await begun(queue, question, request, "api"))
            return StreamingResponse(events, media_type="text/event-stream")
        said, visitor = (question.question, question.history, question.within), visitor_of(request)
        with answering():
            answer = await queue.ask(*said, expand=question.expand, visitor=visitor, where="api")
        return JSONResponse(answer.to_json())

    @router.get("/api/search")
    async def search_by_address(request: Request) -> JSONResponse:
        """Return passages for a question, as `POST` gives them."""
        return await _found(queue, searched_by_address(request.query_params), visitor_of(request))

    @router.post("/api/search")
    async def search(request: Request) -> JSONResponse:
        """Return passages for a question; nothing is read."""
        return await _found(queue, searched(await read_object(request)), visitor_of(request))

    @router.post("/api/feedback")
    async def feedback(request: Request) -> JSONResponse:
        """Return what a reader thinks of an answer; the last word counts."""
        said = opinion(await read_object(request))
        if queue.usage is None:
            raise ApiError(503, "usage_log_off", "没有启用提问记录，无法记下评价。")
        if not await asyncio.wrap_future(queue.usage.rate(said.answer_id, said.good, said.reason)):
            raise ApiError(404, "answer_not_found", "没有这个答案：可能已过保留期限。")
        return JSONResponse(said.to_json())


async def _found(queue: AnswerQueue, wanted: Searched, visitor: Visitor) -> JSONResponse:
    with answering():
        hits = await queue.search(wanted.question, wanted.k, wanted.within, visitor=visitor, where="search")
    return JSONResponse({"question": wanted.question, "passages": [passage_json(hit) for hit in hits]})


async def _events(latest: Answer, snapshots: AsyncIterator[Answer]) -> AsyncIterator[str]:
    """`snapshot` events that grow, then one `answer`, or one `error` in its place."""
    try:
        async for answer in snapshots:
            yield event("snapshot", {**latest.to_json()})
            latest = answer
        yield event("answer", {**latest.to_json()})
    except (ValueError, YijuError) as error:
        yield event("error", {**error_body(as_api_error(error))})


def _add_documents(router: APIRouter, queue: AnswerQueue) -> None:
    async def looked(request: Request, look: Callable[[Visitor], Response]) -> Response:
        """Texts are read from the disk and may be long: not while others wait for their answers."""
        visitor = visitor_of(request)
        return await queue.looking.run(visitor.party, partial(look, visitor))

    @router.get("/api/documents")
    async def documents(request: Request) -> Response:
        """Return the documents that the visitor may see, without their text; all of them, or some."""
        offset, limit = (_whole(request.query_params, name) for name in ("offset", "limit"))

        def look(visitor: Visitor) -> Response:
            seen = queue.seen_by(visitor)
            versions, found = seen.versions(), seen.documents()
            first = offset or 0
            numbers = range(len(found))[first : None if limit is None else first + limit]
            return JSONResponse(
                {"total": len(found), "documents": [_summary(found[number], versions) for number in numbers]}
            )

        return await looked(request, look)

    @router.get("/api/documents/{document_id}")
    async def document(request: Request, document_id: str) -> Response:
        """Return one document with its outline."""

        def look(visitor: Visitor) -> Response:
            found, seen = _document(queue, visitor, document_id), queue.seen_by(visitor)
            told = {"outline": _outline(found), "passages": seen.passage_count(found.id), "gaps": list(found.gaps)}
            return JSONResponse({**_summary(found, seen.versions()), **told})

        return await looked(request, look)

    @router.get("/api/documents/{document_id}/text")
    async def text(request: Request, document_id: str) -> Response:
        """Return the text that citations' offsets point into."""
        return await looked(request, lambda visitor: PlainTextResponse(_document(queue, visitor, document_id).text))

    @router.get("/api/documents/{document_id}/context")
    async def context(request: Request, document_id: str) -> Response:
        """Return a place in a document with its surroundings."""

        def look(visitor: Visitor) -> Response:
            found = _document(queue, visitor, document_id)
            place = _span(request.query_params, found)
            shown = {"pictures": _pictures(found, place), "office": lays_out(found)}
            return JSONResponse({**_context(found, place), **shown, "table": cited_table(found, place)})

        return await looked(request, look)


def _whole(query: Mapping[str, str], name: str) -> int | None:
    """Return a number of documents; None where it is not given."""
    if (text := query.get(name)) is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid(f"{name} 须为不小于 0 的整数。")
    return int(text)


def _document(queue: AnswerQueue, visitor: Visitor, document_id: str) -> Document:
    """Return a document that the visitor may see; what they may not see is not there."""
    if found := queue.document(document_id, visitor, "api"):
        return found
    raise ApiError(404, "document_not_found", "没有这份文档；可用的文档见 /api/documents。")


def _summary(document: Document, versions: Versions) -> dict[str, object]:
    said, validity = document.metadata, versions.validity(document.id, date.today().isoformat())
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "characters": len(document.text),
        "pages": len(document.page_starts) or None,
        "number": said.number,
        "issuer": said.issuer,
        "issued": said.issued,
        "effective": said.effective,
        "region": said.region,
        "years": sorted(years_of(document)),
        "revised": said.revised,
        "expires": said.expires,
        "validity": validity.name.lower() if validity else None,
        "versions": [
            {"document_id": each.document, "name": each.name, "since": each.since} for each in versions.of(document.id)
        ],
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
        raise invalid(message)
    return Span(int(start), int(end))


def _pictures(document: Document, place: Span) -> list[dict[str, object]]:
    """Return the pages on which a place is known to stand, with its lines; none where they cannot be drawn."""
    marks = page_marks(document, place)
    return marks_json(marks) if marks and has_pictures(document) else []


def _context(document: Document, span: Span) -> dict[str, object]:
    text = document.text
    return {
        "document_id": document.id,
        "title": document.title,
        "source": document.source,
        "section": list(document.section_path(span.start)),
        "page": document.page(span.start),
        "pages": len(document.page_starts) or None,
        "before": text[max(0, span.start - AROUND) : span.start],
        "quote": span.slice(text),
        "after": text[span.end : span.end + AROUND],
        "begins": span.start <= AROUND,
        "ends": span.end + AROUND >= len(text),
    }
