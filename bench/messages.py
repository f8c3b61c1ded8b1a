"""What Gradio itself adds to a message: the chat's queue against the interface, the same question in turn."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from bench import Measurement
from bench.programs import sample_index, serving
from index.errors import YijuError

QUESTION = "光伏装机目标是多少"
WARM_UP, ROUNDS = 3, 31

_PATIENCE_SECONDS = 60.0


def cost() -> list[Measurement]:
    """Return Gradio's own cost of a message: one question through the chat's queue and over the interface, in turn."""
    with sample_index() as index, serving(index) as server:
        event = chat_event(json.loads(_request(server.address, "GET", "/chat/config")))
        rounds = [
            (_through_the_chat(server.address, event, f"m{number}"), _over_the_interface(server.address))
            for number in range(WARM_UP + ROUNDS)
        ][WARM_UP:]
    return [
        Measurement(f"one message through the chat, p50 of {ROUNDS}", 1000 * median(chat for chat, _ in rounds), "ms"),
        Measurement("the same over /api/ask, p50", 1000 * median(plain for _, plain in rounds), "ms"),
        Measurement("what Gradio adds, p50", 1000 * median(chat - plain for chat, plain in rounds), "ms", "≤ 25"),
    ]


def chat_event(config: dict[str, Any]) -> int:
    """Return the number of the event that a message triggers, from the page's configuration.

    Raises:
        YijuError: if there is none.
    """
    asking = (each for each in config["dependencies"] if each["queue"] is not False and len(each["inputs"]) == 2)
    if (found := next(asking, None)) is None:
        raise YijuError("问答页没有提问的事件：页面与这项测量不是同一版本。")
    return int(found["id"])


def _through_the_chat(address: str, event: int, conversation: str) -> float:
    messages = [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
    body = {"data": [messages, ""], "fn_index": event, "session_hash": conversation}
    begun = time.perf_counter()
    _request(address, "POST", "/chat/gradio_api/queue/join", body)
    said = _request(address, "GET", f"/chat/gradio_api/queue/data?session_hash={conversation}")
    seconds = time.perf_counter() - begun
    if "process_completed" not in said or '"success":false' in said.replace(" ", ""):
        raise YijuError(f"问答页没有答完：{said[-300:]}")
    return seconds


def _over_the_interface(address: str) -> float:
    begun = time.perf_counter()
    _request(address, "POST", "/api/ask?stream=1", {"question": QUESTION})
    return time.perf_counter() - begun


def _request(address: str, method: str, path: str, body: object = None) -> str:
    """Return what a server says.

    Raises:
        YijuError: if it refuses.
    """
    connection = HTTPConnection(urlsplit(address).netloc, timeout=_PATIENCE_SECONDS)
    try:
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, path, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        said = response.read().decode()
    finally:
        connection.close()
    if response.status != 200:
        raise YijuError(f"{path} 答 {response.status}：{said[:300]}")
    return said
