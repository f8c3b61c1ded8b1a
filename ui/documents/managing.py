"""Manage documents over HTTP: upload, replace, rename, remove and restore, each as a job.

Editors alone may; they see and touch no document that they may not read. The body of an upload is the file as it is, of
a type that no form of another site can send.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from index.errors import YijuError
from index.loaders import MAX_PACKED
from index.locations import Location, beside
from index.protocols import LoadEncoder, Store
from index.records import Description, Document
from index.rights import RightsError, RightsFile
from index.rights_editing import set_readers
from index.store.sync import file_of, opened_as_indexed
from ui.access.visitors import Role, Visitor, needs, require, visitor_of
from ui.answer_queue import AnswerQueue
from ui.bodies import flag, read_object
from ui.documents.jobs import Job, JobBook, JobsError, Kind
from ui.documents.originals import BadName, Originals, checked_name
from ui.documents.writing import DocumentWriter
from ui.errors import ApiError, invalid

AT_ONCE = 8
"""How many files may come in at the same time; who sends one more is told to wait."""

STILL_SECONDS = 30.0
"""How long a sender may be silent in the middle of a file."""

BLOCK = 1 << 20
"""Bytes that are written together."""

WATCHED_SECONDS = 300.0
"""How long one stream of events lasts; browsers then ask for the next."""

LISTED = 500
"""How many of the latest jobs are listed."""


class Managing:
    """What a server needs to have its documents managed.

    Args:
        where: the index; files and jobs are kept beside it.
        store: the same, opened.
        load: makes the encoder.

    Attributes:
        problem: why nothing can be changed, in Chinese; None where it can.
    """

    def __init__(self, where: Location, store: Store, load: LoadEncoder) -> None:
        self.originals = Originals(beside(where, "-documents"))
        self.problem = self.originals.problem() or _unwritable(where)
        self._store = store
        self._load = load
        self._jobs = beside(where, "-jobs.sqlite")
        self._book: JobBook | None = None
        self._writer: DocumentWriter | None = None
        self.sending = 0

    @property
    def book(self) -> JobBook:
        """Return the jobs.

        Raises:
            ApiError: 503 where nothing can be changed.
        """
        if self._book is None:
            raise off(self.problem)
        return self._book

    @asynccontextmanager
    async def running(self, queue: AnswerQueue, taken_up: Callable[[], object]) -> AsyncIterator[None]:
        """Change the index while the block runs; `taken_up` makes the queue answer from the index as it is now."""
        if self.problem is None:
            try:
                self._jobs.parent.mkdir(parents=True, exist_ok=True)
                self._book = JobBook(self._jobs)
            except (JobsError, OSError) as error:
                self.problem = str(error)
        if self._book is None:
            yield
            return

        def find(document_id: str) -> Document | None:
            return queue.answerer.document(document_id)

        self._writer = DocumentWriter(self._book, self.originals, self._store, self._load, find, taken_up)
        self._writer.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._writer.stop)

    def expect(self) -> None:
        """Make ready for a file, when a visitor opens the page for it or begins an upload."""
        if self._writer is not None:
            self._writer.expect()


def off(problem: str | None) -> ApiError:
    """Return why documents cannot be changed here."""
    return ApiError(503, "read_only", problem or "这里的文档不能在网页上管理；请用 yiju-index 管理。")


def _unwritable(where: Location) -> str | None:
    if not isinstance(where, Path):
        return None
    there = next(each for each in (where.absolute(), *where.absolute().parents) if each.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return None
    return f"索引文件夹 {where} 是只读的，不能添加或移除文档；请修改权限后重新启动。"


def add_routes(app: FastAPI, queue: AnswerQueue, managing: Managing | None, rights: RightsFile | None) -> None:
    """Add what changes documents, the jobs, and the way to the original files."""
    router = APIRouter(dependencies=[needs(Role.READER)])
    _add_changes(router, queue, managing, rights)
    _add_jobs(router, queue, managing)

    @router.get("/api/documents/{document_id}/file")
    async def original(request: Request, document_id: str) -> Response:
        """Return the file that a document was read from, as long as it is still the same."""
        found = queue.document(document_id, visitor_of(request), "api")
        if found is None or file_of(found) is None:
            raise ApiError(404, "file_not_found", "没有这份文档的原文件。")
        try:
            file = await asyncio.to_thread(opened_as_indexed, found)
        except YijuError as error:
            raise ApiError(404, "file_not_found", "没有这份文档的原文件。") from error
        name = found.source.rpartition("/")[2]
        # Never shown in place: a web page that was handed in must not run here.
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
        return StreamingResponse(_blocks(file), media_type="application/octet-stream", headers=headers)

    app.include_router(router)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block


def _editor(request: Request, managing: Managing | None) -> tuple[Visitor, Managing]:
    """Return the visitor, who must be allowed to change documents.

    Raises:
        ApiError: 401 or 403 without the role, 503 if documents cannot be changed here.
    """
    visitor = require(request, Role.EDITOR)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ApiError(403, "foreign_origin", "不接受来自其他网站的请求。")
    if managing is None or managing.problem:
        raise off(managing.problem if managing else None)
    return visitor, managing


# --- changes ---------------------------------------------------------------------------------


def _add_changes(router: APIRouter, queue: AnswerQueue, managing: Managing | None, rights: RightsFile | None) -> None:
    @router.post("/api/documents")
    async def upload(request: Request) -> JSONResponse:
        """Take a file in and return its job."""
        visitor, able = _editor(request, managing)
        source = _source(request.query_params.get("name", ""), visitor, queue)
        again = flag(request.query_params.get("replace"), "replace")
        size = _size(request, able)
        if not again:
            _check_free(source, visitor, queue, able)
        able.expect()
        job = Job(Kind.ADD, source, visitor.name)
        await _receive(request, able, job, size)
        return _accepted(able, job)

    @router.delete("/api/documents/{document_id}")
    async def remove(request: Request, document_id: str) -> JSONResponse:
        """Remove a document; what goes can be had back for a week."""
        visitor, able = _editor(request, managing)
        found = _whole(queue, document_id, visitor)
        return _accepted(able, Job(Kind.REMOVE, found.source, visitor.name, documents=(found.id,)))

    @router.patch("/api/documents/{document_id}")
    async def rename(request: Request, document_id: str) -> JSONResponse:
        """Give a document that was handed in here another name, or any document other readers."""
        visitor, able = _editor(request, managing)
        found, body = _whole(queue, document_id, visitor), await read_object(request)
        if "readers" in body:
            return await asyncio.to_thread(_set_readers, found, body["readers"], visitor, rights)
        if not isinstance(said := body.get("name"), str):
            raise invalid("name 须为字符串。")
        target = _renamed(found, said, able)
        _check_free(target, visitor, queue, able)
        renamed = replace(found, source=target)
        if rights and rights.current().readers(found) != rights.current().readers(renamed):
            raise ApiError(409, "rights_change", "改名后能读它的人会变；请先把它的权限改得与新名字一致。")
        return _accepted(able, Job(Kind.RENAME, found.source, visitor.name, documents=(found.id,), target=target))


def _set_readers(document: Description, said: object, visitor: Visitor, rights: RightsFile | None) -> JSONResponse:
    """Let these alone read a document: names, and `@` and names of groups; None: as its folder's rule says.

    Raises:
        ApiError: 422 if they are not understood, 503 if the rules cannot be written.
    """
    if rights is None:
        raise off(None)
    if said is not None and not (isinstance(said, list) and said and all(isinstance(each, str) for each in said)):
        raise invalid('readers 须为字符串列表，例如 ["@人事处", "li.lei"]；["*"] 是所有人。')
    readers = None if said is None else ",".join(_escaped(each) for each in said)
    try:
        now = set_readers(rights.path, document, readers, visitor.reader)
    except RightsError as error:
        raise ApiError(503, "read_only", str(error)) from error
    except YijuError as error:
        raise invalid(str(error)) from error
    return JSONResponse({"readers": sorted(now.readers(document))})


def _escaped(reader: str) -> str:
    """Return a name as a rule has it, in which white space and commas part names from each other."""
    return re.sub(r"[%,\s]", lambda found: quote(found.group()), reader.strip())


def _accepted(managing: Managing, job: Job) -> JSONResponse:
    try:
        kept = managing.book.add(job)
    except JobsError as error:
        managing.originals.drop(job.id)
        raise ApiError(503, "busy", str(error)) from error
    return JSONResponse(kept.to_json(), 202, {"Location": f"jobs/{kept.id}"})


def _source(name: str, visitor: Visitor, queue: AnswerQueue) -> str:
    """Return the name that a file gets.

    Who may not see every document has a folder of their own, so that no name that is taken tells of others.
    """
    try:
        checked = checked_name(name)
        if queue.sees_all(visitor):
            return checked
        own = re.sub(r"[^\w-]", "_", visitor.name or "editor")
        return checked_name(f"{own}/{checked}")
    except BadName as error:
        raise ApiError(422, "bad_name", str(error)) from error


def _check_free(source: str, visitor: Visitor, queue: AnswerQueue, managing: Managing) -> None:
    """Raise ApiError 409 if a document has the name, or is about to get it."""
    held = next((each for each in queue.answerer.descriptions() if each.source == source), None)
    jobs = (job for job in managing.book.waiting() if source in (job.source, job.target) and job.kind is Kind.ADD)
    if held is not None or any(jobs):
        raise ApiError(409, "exists", f"已有同名的文档「{source}」；要替换它，请加 replace=1。")


def _size(request: Request, managing: Managing) -> int:
    """Return what the sender says a file has; refused before it is sent, if it is too large."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/octet-stream":
        raise ApiError(415, "unsupported_media_type", "请求体须是文件本身，Content-Type 为 application/octet-stream。")
    length = request.headers.get("content-length", "")
    size = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0
    if size > MAX_PACKED:
        raise _too_large()
    if not managing.originals.room(size):
        raise ApiError(507, "disk_full", "磁盘空间不足，没有接收；请管理员腾出空间。")
    return size


def _too_large() -> ApiError:
    return ApiError(413, "file_too_large", f"文件太大，上限是 {MAX_PACKED >> 20} MB；请拆分成几个文件。")


async def _receive(request: Request, managing: Managing, job: Job, size: int) -> None:
    """Write the body down as the file of a job.

    Raises:
        ApiError: if it is too large or not whole, too many come at once, or it cannot be written.
    """
    if managing.sending >= AT_ONCE:
        raise ApiError(503, "busy", "同时上传的文件太多，请稍后再试。", retry_after=1)
    managing.sending += 1
    path = managing.originals.incoming(job.id, job.source)
    try:
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            got = await _written(request, file)
        if size and got != size:
            raise ApiError(400, "incomplete", "文件没有传完。")
        if not got:
            raise ApiError(422, "empty_file", f"「{job.source}」是空的（0 字节）；请提供有内容的文件。")
    except OSError as error:
        managing.originals.drop(job.id)
        raise ApiError(507, "disk_full", f"无法写入文件（{error.strerror}）；请检查磁盘空间和权限。") from error
    except BaseException:
        managing.originals.drop(job.id)
        raise
    finally:
        managing.sending -= 1


async def _written(request: Request, file: IO[bytes]) -> int:
    got, held = 0, bytearray()
    chunks = request.stream()
    while True:
        try:
            async with asyncio.timeout(STILL_SECONDS):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise ApiError(408, "timeout", "文件迟迟没有传完。") from None
        got += len(chunk or b"")
        if got > MAX_PACKED:
            raise _too_large()
        held += chunk or b""
        if held and (chunk is None or len(held) >= BLOCK):
            await asyncio.to_thread(file.write, bytes(held))
            held.clear()
        if chunk is None:
            return got


def _whole(queue: AnswerQueue, document_id: str, visitor: Visitor) -> Description:
    """Return a document that the visitor may read, as the index has it.

    Raises:
        ApiError: 404 if there is none.
    """
    if any(each.id == document_id for each in queue.seen_by(visitor).descriptions()):
        found = next((each for each in queue.answerer.descriptions() if each.id == document_id), None)
        if found:
            return found
    raise ApiError(404, "document_not_found", "没有这份文档；可用的文档见 /api/documents。")


def _renamed(document: Description, name: str, managing: Managing) -> str:
    """Return the new name, in the folder of the old one and with its ending."""
    folder, slash, old = document.source.rpartition("/")
    if not managing.originals.holds(document.origin.folder) or not managing.originals.path(document.source).is_file():
        raise ApiError(409, "not_ours", "只有在网页上添加的文件才能在这里改名；其他文件请改名后用 yiju-index add。")
    ending = Path(old).suffix
    new = name if name.lower().endswith(ending.lower()) else name + ending
    try:
        if "/" in (checked := checked_name(new)):
            raise BadName("文件名里不能有 / 或 \\。")
    except BadName as error:
        raise ApiError(422, "bad_name", str(error)) from error
    return f"{folder}{slash}{checked}"


# --- jobs ------------------------------------------------------------------------------------


def _add_jobs(router: APIRouter, queue: AnswerQueue, managing: Managing | None) -> None:
    @router.get("/api/jobs")
    async def listed(request: Request) -> JSONResponse:
        """List the latest jobs, the newest first."""
        visitor, able = _editor(request, managing)
        able.expect()
        jobs = [job for job in reversed(able.book.all()) if _may_see(job, visitor, queue)]
        return JSONResponse({"jobs": [job.to_json() for job in jobs[:LISTED]]})

    @router.get("/api/jobs/events")
    async def events(request: Request) -> StreamingResponse:
        """Send every change of a job, as it comes."""
        visitor, able = _editor(request, managing)
        return StreamingResponse(_events(able.book, lambda job: _may_see(job, visitor, queue)), media_type=EVENTS)

    @router.get("/api/jobs/{job_id}")
    async def job(request: Request, job_id: str) -> JSONResponse:
        """Return how far a job has come."""
        visitor, able = _editor(request, managing)
        return JSONResponse(_seen(able, job_id, visitor, queue).to_json())

    @router.post("/api/jobs/{job_id}/undo")
    async def undo(request: Request, job_id: str) -> JSONResponse:
        """Bring back what a job removed."""
        visitor, able = _editor(request, managing)
        done = _seen(able, job_id, visitor, queue)
        if not done.to_json()["undo"]:
            raise ApiError(409, "cannot_undo", "这一步不能撤销，或已撤销。")
        back = Job(Kind.RESTORE, done.source, visitor.name, documents=done.documents, target=done.id)
        return _accepted(able, back)


EVENTS = "text/event-stream"


def _seen(managing: Managing, job_id: str, visitor: Visitor, queue: AnswerQueue) -> Job:
    job = managing.book.get(job_id)
    if job is None or not _may_see(job, visitor, queue):
        raise ApiError(404, "job_not_found", "没有这个任务，或已过保留期限。")
    return job


def _may_see(job: Job, visitor: Visitor, queue: AnswerQueue) -> bool:
    """Return whether a job is shown: who may see every document sees every job, others their own."""
    return queue.sees_all(visitor) or (job.by is not None and job.by == visitor.name)


async def _events(book: JobBook, shown: Callable[[Job], bool]) -> AsyncIterator[str]:
    """Yield all that is at work, then what changes."""
    seen, until = 0, time.monotonic() + WATCHED_SECONDS
    with suppress(asyncio.CancelledError):
        while time.monotonic() < until:
            version = book.version
            changed = [job for job in book.all() if job.version > seen and (seen or not job.state.is_end)]
            for job in changed:
                if shown(job):
                    yield f"event: job\ndata: {json.dumps(job.to_json(), ensure_ascii=False)}\n\n"
            if not changed and not seen:
                yield ": nothing yet\n\n"
            seen = version
            await asyncio.sleep(0.25)
