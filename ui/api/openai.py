"""OpenAI-compatible routes, so that existing clients can ask; citations come in `message.citations`.

Source: OpenAI API reference, "Create chat completion" and "List models".
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute

from index.errors import YijuError
from qa.answers import Answer
from ui.access.visitors import Role, needs, visitor_of
from ui.answer_queue import AnswerQueue
from ui.api.routes import first_snapshot
from ui.bodies import asked_by_messages, flag, read_object
from ui.errors import ApiError, as_api_error, error_body

MODEL = "yiju"
"""The one model that is offered; another name in a question is no error, clients often insist on theirs."""

USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
"""No language model, no tokens."""

Json = dict[str, object]


class _Route(APIRoute):
    """A route whose errors have what OpenAI's have beside the contract's `code` and `message`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except ApiError as error:
                headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
                return JSONResponse(_error(error), error.status, headers)

        return handled


def add_routes(app: FastAPI, desk: AnswerQueue) -> None:
    """Adds `/v1/models` and `/v1/chat/completions`."""
    router = APIRouter(route_class=_Route, dependencies=[needs(Role.READER)])
    entry = {"id": MODEL, "object": "model", "created": int(time.time()), "owned_by": MODEL}

    @router.get("/v1/models")
    async def models() -> JSONResponse:
        """The one model."""
        return JSONResponse({"object": "list", "data": [entry]})

    @router.get("/v1/models/{model}")
    async def one(model: str) -> JSONResponse:
        """The one model, by its name."""
        if model != MODEL:
            raise ApiError(404, "model_not_found", f"只有一个模型：{MODEL}。")
        return JSONResponse(entry)

    @router.post("/v1/chat/completions")
    async def completions(request: Request) -> Response:
        """One answer as a chat completion, whole or in chunks."""
        body = await read_object(request)
        question = asked_by_messages(body)
        streamed, counted = flag(body.get("stream"), "stream"), _wants_usage(body)
        snapshots = desk.stream(
            question.question,
            question.history,
            question.within,
            expand=question.expand,
            visitor=visitor_of(request),
            where="openai",
        )
        first = await first_snapshot(snapshots)
        if streamed:
            return StreamingResponse(_chunks(first, snapshots, counted), media_type="text/event-stream")
        return JSONResponse(_completion(await _last(first, snapshots)))

    app.include_router(router)


def _wants_usage(body: Mapping[str, object]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and flag(options.get("include_usage"), "stream_options.include_usage")


def _error(error: ApiError) -> Json:
    """An error as OpenAI writes it; a superset of the contract's form."""
    kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
    kind = kinds.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
    return {"error": {**error_body(error)["error"], "type": kind, "param": None}}


async def _last(answer: Answer, snapshots: AsyncIterator[Answer]) -> Answer:
    try:
        async for newer in snapshots:
            answer = newer
    except (ValueError, YijuError) as error:
        raise as_api_error(error) from error
    return answer


def _envelope(kind: str, *choices: Json) -> Json:
    numbered = [{"index": i, **choice} for i, choice in enumerate(choices)]
    return {"object": kind, "created": int(time.time()), "model": MODEL, "choices": numbered}


def _completion(answer: Answer) -> Json:
    message = {"role": "assistant", "content": answer.text, "refusal": None, **_basis(answer)}
    envelope = _envelope("chat.completion", {"message": message, "finish_reason": "stop", "logprobs": None})
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", **envelope, "usage": USAGE}


def _basis(answer: Answer) -> Json:
    said = answer.to_json()
    names = ("id", "citations", "abstained", "short_answer", "confidence")
    return {"answer_id" if name == "id" else name: said.get(name) for name in names}


async def _chunks(first: Answer, snapshots: AsyncIterator[Answer], counted: bool) -> AsyncIterator[str]:
    """The answer's text as it grows; the last chunk with a choice carries the citations."""
    id, sent, answer = f"chatcmpl-{uuid.uuid4().hex}", "", first
    yield _chunk(id, {"role": "assistant", "content": ""})
    try:
        yield _chunk(id, {"content": (sent := first.text)})
        async for answer in snapshots:
            if more := _more(sent, answer.text):
                yield _chunk(id, {"content": more})
                sent = answer.text
        yield _chunk(id, _basis(answer), "stop")
        if counted:
            yield _event({"id": id, **_envelope("chat.completion.chunk"), "usage": USAGE})
    except (ValueError, YijuError) as error:
        yield _event(_error(as_api_error(error)))
    yield "data: [DONE]\n\n"


def _more(sent: str, text: str) -> str:
    """What `text` adds to what was sent; where it does not continue that, all of it on a new line."""
    if text.startswith(sent):
        return text[len(sent) :]
    return f"\n\n{text}"


def _chunk(id: str, delta: Json, reason: str | None = None) -> str:
    return _event({"id": id, **_envelope("chat.completion.chunk", {"delta": delta, "finish_reason": reason})})


def _event(data: Json) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
