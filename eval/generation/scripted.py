"""A scripted OpenAI-compatible server; whether each of its sentences is true is known.

Of each passage that it is given it writes sentences as they stand, in other words, and altered
(`eval.generation.perturbation`), with a marker behind each. What becomes of them tells how well sentences are checked,
over the whole way: HTTP, streaming, cutting into sentences, checking, the answer. It listens on the loopback interface
only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Thread
from zlib import crc32

from eval.generation.perturbation import Claim, Kind, claims, is_usable
from index.text import fold, sentence_spans

MOST_SENTENCES = 12
"""Sentences of one reply: as many as are read of one."""
NAME = "scripted"
"""What the model is called."""

_PASSAGE = re.compile(r'<资料 编号="(\d+)"[^>]*>\n(.*?)\n</资料>', re.S)
_PIECE = 8
_NO_ANSWER = "资料中没有这个问题的答案。"


class ScriptedModel(ThreadingHTTPServer):
    """The server; `with scripted_model() as model` starts and ends one.

    Attributes:
        written: what was done to each sentence that was written, by the sentence, folded, without its stop.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.written: dict[str, Kind] = {}

    @property
    def url(self) -> str:
        """Return the address of the interface, up to `/v1`."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def reply(self, prompt: str) -> str:
        """Return what is written to a prompt; always the same to the same one."""
        chosen = _chosen(prompt)
        self.written |= {key(claim.text): claim.kind for _, claim in chosen}
        return "".join(f"{claim.text[:-1]}[{n}]。" for n, claim in chosen) or _NO_ANSWER


def key(sentence: str) -> str:
    """Return what identifies a sentence once its markers are gone."""
    return fold(sentence).rstrip("。.;；!！")


@contextmanager
def scripted_model() -> Iterator[ScriptedModel]:
    """Provide a server on a free port, as long as the context lasts."""
    server = ScriptedModel()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _chosen(prompt: str) -> list[tuple[int, Claim]]:
    """Return sentences with the numbers of their passages: by turns true ones and false ones, the kinds mixed."""
    made = [(int(n), claim) for n, text in _PASSAGE.findall(prompt) for claim in _claims(text)]
    made.sort(key=lambda each: crc32(f"{each[1].text}{prompt[-40:]}".encode("utf-8", "replace")))
    true = _distinct([each for each in made if each[1].true])
    false = _distinct([each for each in made if not each[1].true])
    turns = [each for pair in zip(true, false, strict=False) for each in pair]
    return turns[:MOST_SENTENCES]


def _distinct(made: Sequence[tuple[int, Claim]]) -> list[tuple[int, Claim]]:
    """Return one of each kind first, then further ones: what is frequent does not crowd out what is rare."""
    kinds: dict[Kind, list[tuple[int, Claim]]] = {}
    for each in made:
        kinds.setdefault(each[1].kind, []).append(each)
    rounds = max(map(len, kinds.values()), default=0)
    return [each for place in range(rounds) for group in kinds.values() for each in islice(group, place, place + 1)]


def _claims(passage: str) -> list[Claim]:
    sentences = [span.slice(passage) for span in sentence_spans(passage)]
    return [claim for sentence in sentences if is_usable(sentence) for claim in claims(sentence, passage)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedModel

    def do_POST(self) -> None:
        """Answer one request as a stream."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        text = self.server.reply(body["messages"][-1]["content"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for event in _events(text, body):
                self.wfile.write(f"data: {event}\n\n".encode())
        except ConnectionError:  # who asked has heard enough
            return

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _events(text: str, body: dict[str, list[dict[str, str]]]) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield _chunk({"content": text[start : start + _PIECE]}, None)
    yield _chunk({}, "stop")
    read = sum(len(message["content"]) for message in body["messages"])
    yield json.dumps({"choices": [], "usage": {"prompt_tokens": read, "completion_tokens": len(text)}})
    yield "[DONE]"


def _chunk(delta: dict[str, str], finish: str | None) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
