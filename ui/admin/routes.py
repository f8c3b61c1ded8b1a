"""`/admin/`: plain HTML forms, no script. Changes are POSTs, whose origin the layer in front has checked."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from index.errors import YijuError
from qa.answers import Answer
from qa.protocols import Answerer
from ui.access.visitors import Role, Visitor, needs, require
from ui.admin import plots
from ui.admin.cases import Case, CaseError, add_cases, answer_case, cases_file, cases_for, draft, refusal_case
from ui.admin.questions import (
    Moment,
    OpenQuestion,
    figures,
    moments,
    most_asked,
    open_by_id,
    open_questions,
    places,
    stretches,
)
from ui.answer_queue import AnswerQueue
from ui.audit.entries import name_of, note_person
from ui.errors import ApiError, answering, as_api_error, invalid
from ui.templating import page
from ui.usage.log import Readable, UsageLog, asked_by

PERIODS = {1: "24 小时", 7: "7 天", 30: "30 天", 90: "90 天"}

PLACES = {"chat": "网页", "widget": "挂件", "api": "接口", "openai": "OpenAI 接口", "mcp": "MCP"}

DONE = {
    "case": "已记为评测题，并从清单中移出。",
    "known": "评测题文件里已有这一题；已从清单中移出。",
    "document": "现有文档已能回答，已从清单中移出。",
    "dismiss": "已从清单中移出。",
    "forgotten": "这个人的提问已删除。",
}
"""What the page says after a change; the address names it by its key, so that no text comes from an address."""

Handled = Mapping[str, Sequence[str]]


def add_routes(app: FastAPI, queue: AnswerQueue) -> None:
    """Add `/admin/` and what its forms and links lead to."""
    router = APIRouter(dependencies=[needs(Role.ADMIN)])

    @router.get("/admin")
    async def without_slash() -> RedirectResponse:
        """Return the page; relative, so that it holds under any prefix."""
        return RedirectResponse("admin/")

    @router.get("/admin/")
    def admin(request: Request) -> Response:
        """Return the page."""
        return _overview(request, queue, require(request, Role.ADMIN))

    @router.post("/admin/settle")
    async def settle(request: Request) -> Response:
        """Return what a form of the page says about open questions."""
        visitor = require(request, Role.ADMIN)
        return await _led_on(request, lambda form: _settle(request, queue, visitor, form))

    @router.post("/admin/person")
    async def person(request: Request) -> Response:
        """Export or delete one person's questions. The name comes in a form, as addresses end up in logs."""
        visitor = require(request, Role.ADMIN)
        return await _led_on(request, lambda form: _person(queue, visitor, form))

    _add_downloads(router, queue)
    app.include_router(router)


def _add_downloads(router: APIRouter, queue: AnswerQueue) -> None:
    @router.get("/admin/cases.jsonl")
    def cases_so_far(request: Request) -> Response:
        """Return the evaluation cases that were made so far."""
        visitor = require(request, Role.ADMIN)
        return _lines(queue.mask(cases_for(cases_file(_usage(queue).path), _known(queue, visitor))))

    @router.get("/admin/questions.jsonl")
    def drafts(request: Request) -> Response:
        """Return all open questions as drafts of evaluation cases."""
        visitor = require(request, Role.ADMIN)
        rows = (draft(each) for each in open_questions(_usage(queue).path, -1, _readable(queue, visitor)))
        return _lines("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


async def _person(queue: AnswerQueue, visitor: Visitor, form: Handled) -> Response:
    """Hand over what the administrator may read; delete everything, without a count."""
    usage, name = _usage(queue), form.get("name", [""])[0].strip()
    how = form.get("how", [""])[0]
    if not name or how not in ("export", "forget"):
        raise invalid("请填写用户名。")
    if how == "export":
        rows = await asyncio.to_thread(asked_by, usage.path, name, _readable(queue, visitor))
        note_person(queue.audit, visitor, "export", name)
        return _lines(
            "".join(queue.mask(json.dumps(row, ensure_ascii=False)) + "\n" for row in rows), "questions.jsonl"
        )
    if form.get("sure", [""])[0] != "yes":
        raise invalid("删除后无法恢复；请先勾选“确认”。")
    await asyncio.wrap_future(usage.forget(name))
    if queue.audit is not None:
        await asyncio.to_thread(queue.audit.forget, name, name_of(visitor))
    return RedirectResponse("./?done=forgotten", 303)


async def _led_on(request: Request, work: Callable[[Handled], Awaitable[Response]]) -> Response:
    """Return what a form leads to; what is wrong with it, as a page."""
    try:
        return await work(await _form(request))
    except (ApiError, YijuError) as error:
        problem = as_api_error(error)
        return page("admin_problem.html", request, root="../", status=problem.status, message=problem.message)


async def _form(request: Request) -> Handled:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise ApiError(415, "unsupported_media_type", "请用管理页上的表单提交。")
    try:
        return parse_qs((await request.body()).decode(), max_num_fields=1_000)
    except ValueError:
        raise invalid("表单不完整，请返回清单重试。") from None


def _lines(text: str, name: str | None = None) -> Response:
    kept = {"Content-Disposition": f'attachment; filename="{name}"'} if name else {}
    return PlainTextResponse(text, media_type="application/x-ndjson", headers={"Cache-Control": "no-store", **kept})


def _usage(queue: AnswerQueue) -> UsageLog:
    if queue.usage is None:
        raise ApiError(503, "usage_log_off", "没有启用提问记录（--no-usage-log）。")
    return queue.usage


@dataclass(frozen=True, slots=True)
class Group:
    """Open questions of one meaning; the first stands for them."""

    questions: tuple[OpenQuestion, ...]

    @property
    def first(self) -> OpenQuestion:
        """Return the one asked most."""
        return self.questions[0]

    @property
    def times(self) -> int:
        """Return how often they were asked in all."""
        return sum(each.times for each in self.questions)

    @property
    def basis(self) -> str:
        """Return the quote that the first one's answer rested on; empty for a refusal."""
        return str(self.first.citations[0]["quote"]) if self.first.citations else ""


def _known(queue: AnswerQueue, visitor: Visitor) -> Callable[[Iterable[str]], bool]:
    """Return a test whether an administrator may read all of some documents, those that have left the index too."""
    if queue.sees_all(visitor):
        return lambda documents: True
    ids = {each.id for each in queue.seen_by(visitor).descriptions()}
    return ids.issuperset


def _readable(queue: AnswerQueue, visitor: Visitor) -> Readable:
    known = _known(queue, visitor)
    return lambda citations: known(each["document_id"] for each in json.loads(citations))


def _groups(seen: Answerer, questions: Sequence[OpenQuestion]) -> list[Group]:
    """Return the open questions by meaning, those asked most first."""
    alike = seen.groups([each.question for each in questions])
    return sorted((Group(tuple(questions[i] for i in each)) for each in alike), key=lambda group: -group.times)


def _overview(request: Request, queue: AnswerQueue, visitor: Visitor) -> Response:
    days = _days(request.query_params.get("days"))
    common: dict[str, Any] = {
        "root": "../",
        "periods": PERIODS,
        "days": days,
        "done": DONE.get(request.query_params.get("done", "")),
    }
    if queue.usage is None:
        return page("admin_off.html", request, **common)
    path, now, readable = queue.usage.path, datetime.now(), _readable(queue, visitor)
    since = (now - timedelta(days=days)).timestamp()
    answers = moments(path, since, readable)
    return page(
        "admin.html",
        request,
        **common,
        now=time.time(),
        figures=figures(answers),
        **_plots(answers, days, now),
        places=[(PLACES.get(place, place), count) for place, count in places(path, since, readable)],
        frequent=most_asked(path, since, readable),
        groups=_groups(queue.seen_by(visitor), open_questions(path, readable=readable)),
    )


def _days(text: str | None) -> int:
    return next((days for days in PERIODS if str(days) == text), 30)


def _plots(answers: Sequence[Moment], days: int, now: datetime) -> dict[str, Any]:
    pieces = stretches(answers, days, now)
    labels = [piece.label for piece in pieces]
    told = [piece.figures for piece in pieces]
    series = (("answered", "答出", [f.answered for f in told]), ("refused", "未答出", [f.refused for f in told]))
    waited = (("p95", [f.p95 for f in told]), ("p50", [f.p50 for f in told]))
    return {"pieces": pieces, "traffic": plots.stacked(labels, series), "latency": plots.lines(labels, waited)}


async def _settle(request: Request, queue: AnswerQueue, visitor: Visitor, form: Handled) -> Response:
    """Do what the form says with the questions it names; then leads back to the page."""
    usage, seen = _usage(queue), queue.seen_by(visitor)
    how = form.get("how", [""])[0]
    asked = await asyncio.to_thread(open_by_id, usage.path, form.get("answer", []), _readable(queue, visitor))
    if not asked:
        raise ApiError(409, "already_settled", "这些问题已不在清单里：可能刚被处理过，请返回清单刷新。")
    done = how
    if how in ("refuse", "answer"):
        done = await asyncio.to_thread(_add_case, seen, cases_file(usage.path), asked, how, form)
    elif how == "document" and (refused := await _still_refused(queue, visitor, asked)):
        return page("admin_check.html", request, root="../", asked=asked, refused=refused, until=_until(form))
    elif how not in ("document", "anyway", "dismiss"):
        raise invalid("表单不完整，请返回清单重试。")
    kept = {"refuse": "case", "answer": "case", "dismiss": "dismissed"}.get(how, "document")
    await asyncio.wrap_future(usage.settle([each.id for each in asked], kept, _until(form)))
    return RedirectResponse(f"./?done={'document' if done == 'anyway' else done}", 303)


def _until(form: Handled) -> float:
    """When the page was made that the form stands on."""
    text = form.get("until", [""])[0]
    if not re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text, re.ASCII):
        raise invalid("表单不完整，请返回清单重试。")
    return min(float(text), time.time())


def _add_case(seen: Answerer, cases: Path, asked: Sequence[OpenQuestion], how: str, form: Handled) -> str:
    try:
        new = _cases(seen, asked, how, form)
    except CaseError as error:
        raise ApiError(422, "invalid_case", str(error)) from error
    return "case" if add_cases(cases, new) else "known"


def _cases(seen: Answerer, asked: Sequence[OpenQuestion], how: str, form: Handled) -> list[Case]:
    if how == "refuse":
        return [refusal_case(each) for each in asked]
    answer, evidence = form.get("correct", [""])[0], form.get("evidence", [""])[0]
    return [answer_case(each, answer, evidence, seen.documents()) for each in asked]


async def _still_refused(queue: AnswerQueue, visitor: Visitor, asked: Sequence[OpenQuestion]) -> list[Answer]:
    """Return the answers of today to those of the questions that the documents still do not answer."""
    with answering():
        answers = [await queue.ask(each.question, visitor=replace(visitor, allowance=None)) for each in asked]
    return [answer for answer in answers if answer.abstained]
