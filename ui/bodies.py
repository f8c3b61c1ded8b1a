"""Request bodies: untrusted bytes in, checked values out.

Every flaw is an `ApiError` with a Chinese message: 422 where nothing else is said, naming the field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import QueryParams

from index.filters import Filter
from ui.errors import ApiError, invalid

HISTORY = 20
"""How many earlier questions are looked at; older ones are dropped without a word."""

MOST_PASSAGES = 100
"""How many passages may be asked for at once."""

REASON = 500
"""Longest reason that a reader gives, in characters."""


@dataclass(frozen=True, slots=True)
class QuestionBody:
    """A question with the earlier ones of its conversation, oldest first, and the documents to answer from."""

    question: str
    history: tuple[str, ...] = ()
    within: Filter | None = None
    expand: bool = False  # whether a language model is to say more than is needed


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a reader thinks of an answer."""

    answer_id: str
    good: bool
    reason: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the form it was given in."""
        return {"answer_id": self.answer_id, "rating": "good" if self.good else "bad", "reason": self.reason}


async def read_object(request: Request) -> Mapping[str, object]:
    """Return the JSON object in the body.

    Raises:
        ApiError: 415 for another content type, 400 for anything but a JSON object in proper Unicode.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "unsupported_media_type", "请求体须为 JSON，Content-Type 须为 application/json。")
    body = parse(await request.body())
    if not isinstance(body, dict):
        raise ApiError(400, "malformed_json", "请求体须为一个 JSON 对象。")
    return body


def parse(body: bytes) -> object:
    """Untrusted JSON.

    Raises:
        ApiError: 400 if it is malformed, too deep, or holds lone surrogates, which no response could repeat.
    """
    try:
        value: object = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ApiError(400, "malformed_json", "请求体不是有效的 JSON（UTF-8）。") from None
    return value


def asked(body: Mapping[str, object]) -> QuestionBody:
    """Return the body of `POST /api/ask`."""
    question, history = _question(body), _texts(body.get("history"), "history") or []
    within, expand = filter_of(body.get("filter")), flag(body.get("expand"), "expand")
    return QuestionBody(question, tuple(history[-HISTORY:]), within, expand)


@dataclass(frozen=True, slots=True)
class Searched:
    """A question to which passages are wanted."""

    question: str
    k: int = 10
    within: Filter | None = None


def searched(body: Mapping[str, object]) -> Searched:
    """Return the body of `POST /api/search`."""
    question, k = _question(body), body.get("k", 10)
    if type(k) is not int or not 1 <= k <= MOST_PASSAGES:
        raise invalid(f"k 须为 1 到 {MOST_PASSAGES} 的整数。")
    return Searched(question, k, filter_of(body.get("filter")))


def searched_by_address(query: QueryParams) -> Searched:
    """Parse `GET /api/search?question=…&k=5&document=…&issuer=…&region=…&year=2025`; filters may be repeated."""
    numbers = [query.get("k", "10"), *query.getlist("year")]
    if not all(each.isascii() and each.isdigit() and len(each) < 9 for each in numbers):
        raise invalid("k 和 year 须为整数。")
    names = {"documents": "document", "issuers": "issuer", "regions": "region"}
    chosen: dict[str, object] = {name: query.getlist(one) for name, one in names.items() if query.getlist(one)}
    if years := [int(each) for each in query.getlist("year")]:
        chosen["years"] = years
    return searched({"question": query.get("question", query.get("q")), "k": int(numbers[0]), "filter": chosen or None})


def filter_of(value: object) -> Filter | None:
    """Return the `filter` of a body: lists of `documents`, `issuers`, `regions`, `years`; None for no restriction."""
    if value is None:
        return None
    if not isinstance(value, dict) or not value.keys() <= {"documents", "issuers", "regions", "years"}:
        raise invalid("filter 须为对象，可以有 documents、issuers、regions、years。")
    listed = (_texts(value.get(name), f"filter.{name}") for name in ("documents", "issuers", "regions"))
    documents, issuers, regions = (None if texts is None else frozenset(texts) for texts in listed)
    years = value.get("years")
    if years is not None and not (isinstance(years, list) and all(type(year) is int for year in years)):
        raise invalid("filter.years 须为整数的数组，例如 [2025]。")
    found = Filter(documents, issuers, regions, None if years is None else frozenset(years))
    return None if found.is_everything else found


def _question(body: Mapping[str, object]) -> str:
    if not isinstance(question := body.get("question"), str):
        raise invalid("question 须为字符串。")
    return question


def _texts(value: object, name: str) -> list[str] | None:
    if value is not None and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise invalid(f"{name} 须为字符串的数组。")
    return value


def asked_by_messages(body: Mapping[str, object]) -> QuestionBody:
    """Return the body of `POST /v1/chat/completions`: the last user message is the question."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise invalid("messages（或 input）须为消息的数组。")
    questions = [_content(each.get("content")) for each in messages if each.get("role") == "user"]
    if not questions:
        raise invalid("messages 里须有一条 role 为 user 的消息。")
    within, expand = filter_of(body.get("filter")), flag(body.get("expand"), "expand")
    return QuestionBody(questions[-1], tuple(questions[-1 - HISTORY : -1]), within, expand)


def opinion(body: Mapping[str, object]) -> Opinion:
    """Return the body of `POST /api/feedback`."""
    id, rating, reason = body.get("answer_id"), body.get("rating"), body.get("reason")
    if not isinstance(id, str) or rating not in ("good", "bad"):
        raise invalid("answer_id 须为字符串，rating 须为 good 或 bad。")
    if not isinstance(reason, str | None) or len(reason or "") > REASON:
        raise invalid(f"reason 须为字符串，最多 {REASON} 个字。")
    return Opinion(id, rating == "good", " ".join((reason or "").split()) or None)


def flag(value: object, name: str) -> bool:
    """Return a truth value as JSON or as a query parameter writes it."""
    known: dict[object, bool] = {None: False, "": False, "0": False, "false": False, "1": True, "true": True}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | None) or value not in known:
        raise invalid(f"{name} 须为 true 或 false。")
    return known[value]


def _content(content: object) -> str:
    """Return a message's text, written as a string or as OpenAI's list of parts."""
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [part.get("text") if isinstance(part, dict) else None for part in parts]
    if not all(isinstance(text, str) for text in texts):
        raise invalid("消息的 content 须为文本。")
    return "\n".join(str(text) for text in texts)
