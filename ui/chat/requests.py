"""Requests of the chat's page: bodies are parsed and written anew, so that nothing else reaches Gradio.

Gradio takes more than text from whoever may ask: files to read, addresses to fetch, components with the arguments
of their constructors. So there is no list of what is dangerous here, only of what the page sends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ui.errors import ApiError

MOST_MESSAGES = 200
"""How many messages of a conversation are taken; the page keeps a hundred."""

NAME = re.compile(r"[A-Za-z0-9]{1,64}")
"""What Gradio's page makes up for a conversation, and its queue for an event."""

POSTED = re.compile(r"/chat/gradio_api/(run/predict|queue/join|cancel|reset)")
"""Gradio's routes that take a body, as the page calls them."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the page that the server answers."""

    inputs: tuple[str, ...]  # what it sends, in their order: `chatbot` for a conversation, `textbox` for text
    queued: bool  # whether it waits in Gradio's queue
    chooses: bool  # whether it says which example was chosen


Events = Mapping[int, Event]
"""The page's events by the number that Gradio gives them."""


def rebuilt(route: str, body: object, events: Events, own: Callable[[str], str]) -> dict[str, object]:
    """Return the body that Gradio gets in place of `body`.

    Args:
        route: as `POSTED` names it.
        body: untrusted JSON.
        events: what the page may ask for.
        own: makes the name of a conversation the visitor's own.

    Raises:
        ApiError: 400 if the page would not send this.
    """
    if route == "reset":
        return {"event_id": _name(_fields(body, {"event_id"})["event_id"])}
    if route == "cancel":
        said = _fields(body, {"event_id", "session_hash", "fn_index"})
        number, _ = _event(said["fn_index"], events, queued=True)
        return {
            "event_id": _name(said["event_id"]),
            "session_hash": own(_name(said["session_hash"])),
            "fn_index": number,
        }
    said = _fields(body, {"data", "fn_index", "session_hash"}, {"event_data", "trigger_id"})
    number, event = _event(said["fn_index"], events, queued=route == "queue/join")
    return {
        "data": _data(said["data"], event),
        "event_data": _choice(said.get("event_data"), event),
        "fn_index": number,
        "session_hash": own(_name(said["session_hash"])),
    }


def _fields(value: object, needed: set[str], further: frozenset[str] | set[str] = frozenset()) -> dict[str, object]:
    if not isinstance(value, dict) or not needed <= value.keys() <= needed | further:
        raise _foreign()
    return value


def _event(number: object, events: Events, *, queued: bool) -> tuple[int, Event]:
    event = events.get(number) if type(number) is int else None
    if event is None or event.queued is not queued:
        raise _foreign()
    return number, event  # type: ignore[return-value]  # it was found among numbers


def _data(value: object, event: Event) -> list[object]:
    if not isinstance(value, list) or len(value) != len(event.inputs):
        raise _foreign()
    given = zip(value, event.inputs, strict=True)
    return [_messages(each) if kind == "chatbot" else _text(each) for each, kind in given]


def _messages(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or len(value) > MOST_MESSAGES:
        raise _foreign()
    return [_message(each) for each in value]


def _message(value: object) -> dict[str, object]:
    said = _fields(value, {"role", "content"}, {"metadata", "options"})
    content = said["content"]
    nothing_more = said.get("metadata") is None and said.get("options") is None
    if said["role"] not in ("user", "assistant") or not isinstance(content, list) or not nothing_more:
        raise _foreign()
    return {"role": said["role"], "content": [_part(each) for each in content]}


def _part(value: object) -> dict[str, object]:
    said = _fields(value, {"type", "text"})
    if said["type"] != "text":
        raise _foreign()
    return {"type": "text", "text": _text(said["text"])}


def _choice(value: object, event: Event) -> dict[str, object] | None:
    """Return which example was chosen.

    Its number is not passed on, and neither are other properties of a box.
    """
    if event.chooses:
        chosen = _fields(value, {"index", "value"})["value"]
        return {"index": 0, "value": {"text": _text(_fields(chosen, {"text"})["text"])}}
    if not isinstance(value, str | None):
        raise _foreign()
    return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _foreign()
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise _foreign()
    return value


def _foreign() -> ApiError:
    return ApiError(400, "invalid_request", "这里只接受问答页自己发送的内容；程序请用 /api/ask。")
