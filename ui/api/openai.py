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
from ui.api import embeddings
from ui.api.routes import begun
from ui.bodies import asked_by_messages, flag, read_object
from ui.errors import ApiError, answering, as_api_error, error_body

MODEL = "yiju"
"""The one model that answers; another name in a question is no error, clients often insist on theirs."""

Json = dict[str, object]


class Route(APIRoute):
    """A route whose errors have what OpenAI's have beside the contract's `code` and `message`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the usual handler, with errors as OpenAI writes them."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except ApiError as error:
                headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
                return JSONResponse(error_json(error), error.status, headers)

        return handled


def add_routes(app: FastAPI, queue: AnswerQueue) -> None:
    """Add `/v1/models`, `/v1/chat/completions` and `/v1/embeddings`."""
    router = APIRouter(route_class=Route, dependencies=[needs(Role.READER)])
    said = {"object": "model", "created": int(time.time()), "owned_by": MODEL}
    entries = {name: {"id": name, **said} for name in (MODEL, embeddings.MODEL)}

    @router.get("/v1/models")
    async def models() -> JSONResponse:
        """Return the model that answers and the one that encodes."""
        return JSONResponse({"object": "list", "data": [*entries.values()]})

    @router.get("/v1/models/{model}")
    async def one(model: str) -> JSONResponse:
        """Return one of them, by its name."""
        if model not in entries:
            raise ApiError(404, "model_not_found", f"只有这些模型：{'、'.join(entries)}。")
        return JSONResponse(entries[model])

    @router.post("/v1/chat/completions")
    async def completions(request: Request) -> Response:
        """Return one answer as a chat completion, whole or in chunks."""
        body = await read_object(request)
        refuse_unsupported(body)
        question = asked_by_messages(body)
        sources = flag(body.get("sources", True), "sources")
        streamed, counted = flag(body.get("stream"), "stream"), _wants_usage(body)
        growing = pieces(*await begun(queue, question, request, "openai"), sources)
        if streamed:
            chunks = _chunks(growing, question.question if counted else None)
            return StreamingResponse(chunks, media_type="text/event-stream")
        return JSONResponse(await _completion(growing, question.question))

    @router.post("/v1/embeddings")
    async def vectors(request: Request) -> JSONResponse:
        """Vectors of texts, by the encoder of the index."""
        asked = embeddings.wanted(await read_object(request))
        with answering():
            found = await queue.encode(asked.texts, queries=asked.queries, visitor=visitor_of(request))
        return JSONResponse(embeddings.embeddings(asked, found))

    app.include_router(router)


class Unsupported(ApiError):
    """A parameter, `param`, that would change the answer, if it were not ignored."""

    def __init__(self, param: str, message: str) -> None:
        self.param = param
        super().__init__(400, "unsupported_parameter", message)


def refuse_unsupported(body: Mapping[str, object]) -> None:
    """Refuse what is asked for in vain; what only steers a language model's chance, such as `temperature`, may stay.

    Raises:
        Unsupported: naming the parameter.
    """
    for name in ("tools", "functions", "audio", "logprobs", "top_logprobs"):
        if body.get(name):
            raise Unsupported(name, f"不支持参数 {name}：这里只按文档作答。请去掉它。")
    if body.get("n") not in (None, 1):
        raise Unsupported("n", "n 只能是 1：一个问题只有一个答案。")
    form = body.get("response_format")
    if form is not None and (not isinstance(form, dict) or form.get("type") != "text"):
        raise Unsupported("response_format", "response_format 只能是 text；要结构化的结果请用 /api/ask。")


def _wants_usage(body: Mapping[str, object]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and flag(options.get("include_usage"), "stream_options.include_usage")


def error_json(error: ApiError) -> Json:
    """Return an error as OpenAI writes it; a superset of the contract's form."""
    kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
    kind = kinds.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
    return {"error": {**error_body(error)["error"], "type": kind, "param": getattr(error, "param", None)}}


def _envelope(kind: str, *choices: Json) -> Json:
    numbered = [{"index": i, **choice} for i, choice in enumerate(choices)]
    return {"object": kind, "created": int(time.time()), "model": MODEL, "choices": numbered}


async def _completion(growing: AsyncIterator[tuple[str, Answer]], question: str) -> Json:
    content = ""
    with answering():
        async for piece, answer in growing:
            content, last = content + piece, answer
    message = {"role": "assistant", "content": content, "refusal": None, **basis_of(last)}
    envelope = _envelope("chat.completion", {"message": message, "finish_reason": "stop", "logprobs": None})
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", **envelope, "usage": usage_of(last, question, content)}


def usage_of(answer: Answer, question: str, content: str) -> Json:
    """Tokens as the language model counts them, where one wrote; else those of question and answer."""
    if answer.usage:
        prompt, completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
    else:
        prompt, completion = (embeddings.count_tokens([text]) for text in (question, content))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def basis_of(answer: Answer) -> Json:
    """Return what a message has beside its text."""
    said = answer.to_json()
    names = ("id", "citations", "abstained", "short_answer", "confidence")
    return {"answer_id" if name == "id" else name: said.get(name) for name in names}


async def pieces(first: Answer, snapshots: AsyncIterator[Answer], sources: bool) -> AsyncIterator[tuple[str, Answer]]:
    """Yield what each snapshot adds to the text, with the snapshot; joined they are the whole text, streamed or not."""
    sent, answer = first.text, first
    yield sent, first
    async for answer in snapshots:
        more = _more(sent, answer.text)
        sent = answer.text
        yield more, answer
    if sources and answer.citations:
        yield sources_text(answer), answer


def sources_text(answer: Answer) -> str:
    """Return the list of sources that ends a text, for clients that show nothing else."""
    lines = (
        f"[{each.n}] {' › '.join((each.passage.title, *each.passage.section_path))}"
        f"{f'，第 {each.passage.page} 页' if each.passage.page else ''}（{each.source}）：「{each.text.strip()}」"
        for each in answer.citations
    )
    return "\n\n依据：\n" + "\n".join(lines)


async def _chunks(growing: AsyncIterator[tuple[str, Answer]], counted: str | None) -> AsyncIterator[str]:
    """Yield the text as it grows; the last chunk with a choice carries the citations.

    One behind it counts the tokens, where the question is given as `counted`.
    """
    id, content = f"chatcmpl-{uuid.uuid4().hex}", ""
    yield _chunk(id, {"role": "assistant", "content": ""})
    try:
        async for piece, answer in growing:
            content, last = content + piece, answer
            if piece:
                yield _chunk(id, {"content": piece})
        yield _chunk(id, basis_of(last), "stop")
        if counted is not None:
            usage = usage_of(last, counted, content)
            yield event_of({"id": id, **_envelope("chat.completion.chunk"), "usage": usage})
    except (ValueError, YijuError) as error:
        yield event_of(error_json(as_api_error(error)))
    yield "data: [DONE]\n\n"


def _more(sent: str, text: str) -> str:
    """Return what `text` adds to what was sent; where it does not continue that, all of it on a new line."""
    if text.startswith(sent):
        return text[len(sent) :]
    return f"\n\n{text}"


def _chunk(id: str, delta: Json, reason: str | None = None) -> str:
    return event_of({"id": id, **_envelope("chat.completion.chunk", {"delta": delta, "finish_reason": reason})})


def event_of(data: Json) -> str:
    """Return the data of a server-sent event, with its end."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
