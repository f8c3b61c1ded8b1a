"""OpenAI-compatible routes, so that existing clients can ask; citations come in `message.citations`.

Source: OpenAI API reference, "Create chat completion" and "List models".
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from index.errors import YijuError
from qa.answers import Answer
from ui.api import first_snapshot
from ui.bodies import asked_by_messages, flag, read_object
from ui.desk import Desk
from ui.errors import as_api_error, error_body

MODEL = "yiju"
"""The one model that is offered; another name in a request is no error, clients often insist on theirs."""


def add_routes(app: FastAPI, desk: Desk) -> None:
    """Adds `/v1/models` and `/v1/chat/completions`."""
    router = APIRouter()
    since = int(time.time())

    @router.get("/v1/models")
    async def models() -> JSONResponse:
        """The one model."""
        entry = {"id": MODEL, "object": "model", "created": since, "owned_by": MODEL}
        return JSONResponse({"object": "list", "data": [entry]})

    @router.post("/v1/chat/completions")
    async def completions(request: Request) -> Response:
        """One answer as a chat completion, whole or in chunks."""
        body = await read_object(request)
        question = asked_by_messages(body)
        streamed = flag(body.get("stream"), "stream")
        snapshots = desk.stream(question.question, question.history)
        first = await first_snapshot(snapshots)
        if streamed:
            return StreamingResponse(_chunks(first, snapshots), media_type="text/event-stream")
        return JSONResponse(_completion(await _last(first, snapshots)))

    app.include_router(router)


async def _last(answer: Answer, snapshots: AsyncIterator[Answer]) -> Answer:
    try:
        async for newer in snapshots:
            answer = newer
    except (ValueError, YijuError) as error:
        raise as_api_error(error) from error
    return answer


def _envelope(kind: str, choice: Mapping[str, object]) -> dict[str, object]:
    return {"object": kind, "created": int(time.time()), "model": MODEL, "choices": [{"index": 0, **choice}]}


def _completion(answer: Answer) -> dict[str, object]:
    message = {"role": "assistant", "content": answer.text, "refusal": None, **_basis(answer)}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}  # no language model, no tokens
    envelope = _envelope("chat.completion", {"message": message, "finish_reason": "stop", "logprobs": None})
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", **envelope, "usage": usage}


def _basis(answer: Answer) -> dict[str, object]:
    return {"citations": answer.to_json()["citations"], "abstained": answer.abstained, "short_answer": answer.short}


async def _chunks(first: Answer, snapshots: AsyncIterator[Answer]) -> AsyncIterator[str]:
    """The answer's text as it grows; the last chunk carries the citations."""
    id, sent, answer = f"chatcmpl-{uuid.uuid4().hex}", "", first
    yield _chunk(id, {"role": "assistant", "content": ""})
    try:
        yield _chunk(id, {"content": (sent := first.text)})
        async for answer in snapshots:
            if more := _more(sent, answer.text):
                yield _chunk(id, {"content": more})
                sent = answer.text
        yield _chunk(id, _basis(answer), "stop")
    except (ValueError, YijuError) as error:
        yield f"data: {json.dumps(error_body(as_api_error(error)), ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


def _more(sent: str, text: str) -> str:
    """What `text` adds to what was sent; where it does not continue that, all of it on a new line."""
    if text.startswith(sent):
        return text[len(sent) :]
    return f"\n\n{text}"


def _chunk(id: str, delta: Mapping[str, object], reason: str | None = None) -> str:
    envelope = _envelope("chat.completion.chunk", {"delta": delta, "finish_reason": reason})
    return f"data: {json.dumps({'id': id, **envelope}, ensure_ascii=False)}\n\n"
