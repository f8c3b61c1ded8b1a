"""Pages for reading: the documents, and each with its outline, its page images and the place a citation names.

`/documents/{id}?start=…&end=…` is the permanent link of a passage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from index.errors import DocumentError
from index.loaders import SUFFIXES
from index.records import Described, Document, Span
from index.rights import RightsFile
from index.sandbox import Sandbox
from index.store.sync import file_of, has_pictures, is_office, opened_as_indexed
from index.structure.versions import Versions
from qa.protocols import Answerer
from ui.access.visitors import Role, needs, visitor_of
from ui.answer_queue import AnswerQueue
from ui.documents.managing import Managing
from ui.documents.office_pages import OfficePages, can_lay_out, lays_out
from ui.documents.page_marks import marks_json, page_marks
from ui.documents.view import blocks, outline, pages_behind, part_at, parts
from ui.errors import ApiError
from ui.templating import page

LISTED = 100
"""How many documents one page of the list shows."""


ReadersOf = Callable[[Described], frozenset[str]]

# A picture opened by its own address, too, runs nothing and asks for nothing.
_DRAWING = "default-src 'none'; img-src data:; sandbox"


def add_routes(
    app: FastAPI, queue: AnswerQueue, managing: Managing | None = None, rights: RightsFile | None = None
) -> None:
    """Add `/documents/`, `/documents/{id}` and the pictures of its pages."""
    router = APIRouter(dependencies=[needs(Role.READER)])
    _add_pictures(router, queue)

    @router.get("/documents/")
    async def documents(request: Request) -> Response:
        """Return the documents that the visitor may see, a hundred at a time."""
        visitor = visitor_of(request)

        def work() -> Response:
            seen = queue.seen_by(visitor)
            edits = visitor.role.reaches(Role.EDITOR)
            readers_of = rights.current().readers if rights and edits else None
            return _list(request, seen.documents(), seen.versions(), managing if edits else None, readers_of)

        return await queue.looking.run(visitor.party, work)

    @router.get("/documents/{document_id}")
    async def document(request: Request, document_id: str) -> Response:
        """Return one document, at the place that the address names."""
        visitor = visitor_of(request)

        def work() -> Response:
            seen = queue.seen_by(visitor)
            found = queue.document(document_id, visitor, "page")
            if found is None:
                return page("missing.html", request, root="../", status=404)
            readers_of = rights.current().readers if rights and visitor.role.reaches(Role.EDITOR) else None
            return _document(request, found, seen, readers_of)

        return await queue.looking.run(visitor.party, work)

    app.include_router(router)


def _add_pictures(router: APIRouter, queue: AnswerQueue) -> None:
    office = OfficePages()

    async def seen(request: Request, document_id: str) -> Document:
        visitor = visitor_of(request)
        found = await queue.looking.run(visitor.party, partial(queue.document, document_id, visitor, "page"))
        if found is None or file_of(found) is None:
            raise ApiError(404, "page_not_found", "没有这一页的图像。")
        return found

    @router.get("/documents/{document_id}/pages/{n}.png")
    async def picture(request: Request, document_id: str, n: int) -> Response:
        """Return a page as a picture, drawn from the file as long as it is the one that was indexed."""
        found, party = await seen(request, document_id), visitor_of(request).party
        try:
            if lays_out(found):
                content = await queue.laying.run(party, partial(office.picture, found, n))
            else:
                content = await queue.drawing.run(party, partial(_drawn, found, n))
        except DocumentError as error:
            raise ApiError(404, "page_not_found", "没有这一页的图像。") from error
        kind = "image/png" if content.startswith(b"\x89PNG") else "image/svg+xml"
        headers = {"Cache-Control": "private, max-age=600", "Content-Security-Policy": _DRAWING}
        return Response(content, media_type=kind, headers=headers)

    @router.get("/documents/{document_id}/pages")
    async def pages(request: Request, document_id: str) -> Response:
        """Return how many pages an office document has, and where a place stands on them, as JSON."""
        found = await seen(request, document_id)
        if not lays_out(found):
            raise ApiError(404, "page_not_found", "这份文档没有页面图像。")
        place = _place(request.query_params, found)
        try:
            count, marks = await queue.laying.run(visitor_of(request).party, partial(office.marks, found, place))
        except DocumentError as error:
            raise ApiError(404, "page_not_found", "这份文档的页面图像生成失败；文字和表格不受影响。") from error
        return JSONResponse({"pages": count, "pictures": marks_json(marks)})


def _drawn(document: Document, n: int) -> bytes:
    with Sandbox() as sandbox:
        return sandbox.page_picture(Path(document.source), n, opened=partial(opened_as_indexed, document))


def _list(
    request: Request,
    documents: Sequence[Document],
    versions: Versions,
    managing: Managing | None,
    readers_of: ReadersOf | None,
) -> Response:
    """Return the list.

    Args:
        request: says what is looked for, and in which order it is shown.
        documents: those that the visitor may see.
        versions: of them.
        managing: how the visitor changes them; None where they may not.
        readers_of: tells who may read one; None where the visitor is not told.
    """
    wanted = request.query_params.get("q", "").strip()
    order = request.query_params.get("sort", "")
    ordered = ORDERS.get(order, _by_date)
    found = ordered([each for each in documents if _matches(each, wanted)])
    first = LISTED * _number(request.query_params, "page", len(found) // LISTED)
    return page(
        "documents.html",
        request,
        root="../",
        versions=versions,
        today=date.today().isoformat(),
        passages=0,
        readers_of=readers_of,
        wanted=wanted,
        total=len(documents),
        count=len(found),
        number=first // LISTED,
        more=first + LISTED < len(found),
        documents=found[first : first + LISTED],
        order=order if order in ORDERS else "date",
        managed=managing is not None and managing.problem is None,
        unmanaged=managing.problem if managing else None,
        own_folder=str(managing.originals.folder) if managing else None,
    )


def _by_date(documents: Sequence[Document]) -> list[Document]:
    """Return the newest first, those without a date last, each of a kind by the name of its file."""
    named = sorted(documents, key=lambda document: document.source)
    return sorted(named, key=lambda document: document.metadata.issued or "", reverse=True)


ORDERS: Mapping[str, Callable[[Sequence[Document]], list[Document]]] = {
    "date": _by_date,
    "name": lambda documents: sorted(documents, key=lambda each: each.source),
    "length": lambda documents: sorted(documents, key=lambda each: (-len(each.text), each.source)),
}
"""In which orders the list is shown, by what the address calls them."""


def _matches(document: Document, wanted: str) -> bool:
    said = document.metadata
    texts = (document.title, document.source, said.number or "", said.issuer or "", said.region or "")
    return all(any(word in text.casefold() for text in texts) for word in wanted.casefold().split())


def _document(request: Request, document: Document, seen: Answerer, readers_of: ReadersOf | None) -> Response:
    spans = parts(document)
    marked = _place(request.query_params, document)
    number = part_at(spans, marked.start) if marked else _number(request.query_params, "part", len(spans) - 1)
    entries, deepest = outline(document, spans)
    lines = blocks(document, spans[number], marked)
    marks = page_marks(document, marked)
    pictures, office = bool(document.page_starts) and has_pictures(document), is_office(document)
    return page(
        "document.html",
        request,
        root="../",
        versions=seen.versions(),
        today=date.today().isoformat(),
        document=document,
        passages=seen.passage_count(document.id),
        readers_of=readers_of,
        has_file=file_of(document) is not None,
        marked=marked,
        number=number,
        parts=len(spans),
        blocks=lines,
        behind=pages_behind(document, spans[number], lines),
        entries=entries,
        deepest=deepest,
        whole_outline=len(entries) == len(document.headings),
        pictures=pictures,
        office=office and can_lay_out(),
        textual=_textual(document, office) if not pictures and file_of(document) is not None else "",
        marks=marks,
        # Where nothing tells on which lines it stands, the page on which the place begins.
        open_pages=set(marks) or ({document.page(marked.start)} if marked else set()),
    )


def _textual(document: Document, office: bool) -> str:
    """Return which words say why a document has no pictures of its pages; none where nobody misses them."""
    if office:
        return "" if can_lay_out() else "no_office"
    return "" if document.source.lower().endswith(SUFFIXES) else "textual"


def _place(query: Mapping[str, str], document: Document) -> Span | None:
    """Return the place that an address names; None where it names none that the document has."""
    length = len(document.text)
    start, end = _number(query, "start", length), _number(query, "end", length)
    return Span(start, end) if start < end else None


def _number(query: Mapping[str, str], name: str, highest: int) -> int:
    """Return a parameter as a number from 0 to `highest`; 0 where it is none."""
    text = query.get(name, "")
    return min(int(text), highest) if text.isascii() and text.isdigit() and len(text) < 12 else 0
