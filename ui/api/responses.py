"""`POST /v1/responses`: the newer of OpenAI's interfaces, whole or in events; nothing is stored.

Source: OpenAI API reference, "Create a model response" and "Streaming events".
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Mapping

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from index.errors import YijuError
from qa.answers import Answer
from ui.access.visitors import Role, needs
from ui.answer_queue import AnswerQueue
from ui.api.openai import (
    MODEL,
    Json,
    Route,
    Unsupported,
    basis_of,
    error_json,
    event_of,
    pieces,
    refuse_unsupported,
    usage_of,
)
from ui.api.routes import begun
from ui.bodies import asked_by_messages, flag, read_object
from ui.errors import answering, as_api_error


def add_routes(app: FastAPI, queue: AnswerQueue) -> None:
    """Add `/v1/responses`."""
    router = APIRouter(route_class=Route, dependencies=[needs(Role.READER)])

    @router.post("/v1/responses")
    async def respond(request: Request) -> Response:
        """One answer as a response, whole or in events."""
        body = await read_object(request)
        _refuse(body)
        given = body.get("input")
        messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
        question = asked_by_messages({**body, "messages": messages})
        streamed, sources = flag(body.get("stream"), "stream"), flag(body.get("sources", True), "sources")
        growing = pieces(*await begun(queue, question, request, "openai"), sources)
        events = _events(growing, question.question)
        if streamed:
            return StreamingResponse(_written(events), media_type="text/event-stream")
        with answering():
            *_, last = [event async for event in events]
        return JSONResponse(last["response"])

    app.include_router(router)


def _refuse(body: Mapping[str, object]) -> None:
    refuse_unsupported(body)
    for name in ("previous_response_id", "conversation", "background"):
        if body.get(name):
            raise Unsupported(name, f"不支持参数 {name}：这里不保存回答。先前的问题请写在 input 里。")
    text = body.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    if isinstance(form, dict) and form.get("type") != "text":
        raise Unsupported("text.format", "text.format 只能是 text；要结构化的结果请用 /api/ask。")


async def _events(growing: AsyncIterator[tuple[str, Answer]], question: str) -> AsyncIterator[Json]:
    """Yield the response as it grows; the last event holds all of it."""
    response: Json = {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "model": MODEL,
        "status": "in_progress",
        "output": [],
        "tools": [],
        "tool_choice": "none",
        "parallel_tool_calls": False,
        "error": None,
        "incomplete_details": None,
    }
    item = f"msg_{uuid.uuid4().hex}"
    place: Json = {"item_id": item, "output_index": 0, "content_index": 0}
    message: Json = {"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    yield {"type": "response.created", "response": response}
    yield {"type": "response.output_item.added", "output_index": 0, "item": message}
    yield {"type": "response.content_part.added", **place, "part": _part("")}
    content = ""
    async for piece, answer in growing:
        content, last = content + piece, answer
        if piece:
            yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": content, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": _part(content)}
    message |= {"status": "completed", "content": [_part(content)], **basis_of(last)}
    yield {"type": "response.output_item.done", "output_index": 0, "item": message}
    said = usage_of(last, question, content)
    usage = {"input_tokens": said["prompt_tokens"], "output_tokens": said["completion_tokens"]}
    response |= {"status": "completed", "output": [message], "usage": {**usage, "total_tokens": said["total_tokens"]}}
    yield {"type": "response.completed", "response": response}


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": []}


async def _written(events: AsyncIterator[Json]) -> AsyncIterator[str]:
    """Yield events as they are sent; a failure is the last."""
    number = 0
    try:
        async for event in events:
            yield f"event: {event['type']}\n{event_of({**event, 'sequence_number': number})}"
            number += 1
    except (ValueError, YijuError) as error:
        failed = error_json(as_api_error(error))["error"]
        said = failed if isinstance(failed, dict) else {}
        yield f"event: error\n{event_of({**said, 'type': 'error', 'sequence_number': number})}"
