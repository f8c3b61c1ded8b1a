"""A scripted OpenAI-compatible server over real HTTP: each request is answered by the next reply of a script."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

Reply = Callable[["Handler"], None]
"""Answers one request."""


class Handler(BaseHTTPRequestHandler):
    """One request; a reply writes whatever it likes."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(ReceivedRequest(self.path, dict(self.headers), json.loads(body)))
        try:
            self.server.next_reply()(self)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.server.hung_up.set()
        self.close_connection = True

    def begin(self, kind: str = "text/event-stream", status: int = 200, **headers: str) -> None:
        """Status line and headers; the body then ends with the connection."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def event(self, data: Any) -> None:
        """One server-sent event."""
        self.raw(f"data: {data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)}\n\n".encode())

    def delta(self, finish: str | None = None, **delta: Any) -> None:
        """One chunk."""
        self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def raw(self, data: bytes) -> None:
        """Bytes, at once."""
        self.wfile.write(data)
        self.wfile.flush()

    def wait_for_hang_up(self, seconds: float = 20.0) -> None:
        """Says nothing more until the client has gone; notes that it has."""
        self.connection.settimeout(seconds)
        if not self.connection.recv(1):
            self.server.hung_up.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class ReceivedRequest:
    """What a client sent."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        """All messages together."""
        return "\n".join(each["content"] for each in self.body["messages"])


class Server(ThreadingHTTPServer):
    """Goes through its script; the last reply is repeated."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Sequence[Reply], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.script = list(script)
        self.asked: list[ReceivedRequest] = []
        self.hung_up = Event()
        self.tls = False

    def next_reply(self) -> Reply:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error."""
        self.hung_up.set()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def chat_server(*script: Reply, certificate: Path | None = None, port: int = 0) -> Iterator[Server]:
    """A server on loopback, with TLS where a certificate (with its key) is given."""
    server = Server(script, port)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.tls = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(text: str, *, size: int = 7, finish: str = "stop", pause: float = 0.0) -> Reply:
    """A proper reply, in pieces of `size` characters."""

    def reply(handler: Handler) -> None:
        handler.begin()
        handler.delta(role="assistant", content="")
        for start in range(0, len(text), size):
            handler.delta(content=text[start : start + size])
            time.sleep(pause)
        handler.delta(finish=finish)
        handler.event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 9}})
        handler.event("[DONE]")

    return reply


def refuses(status: int, told: str = "{}", **headers: str) -> Reply:
    """An HTTP error."""

    def reply(handler: Handler) -> None:
        handler.begin("application/json", status, **headers)
        handler.raw(told.encode())

    return reply


def streams(*pieces: str | bytes | dict[str, Any]) -> Reply:
    """A stream of anything: text as content, bytes as they are, objects as events; then the connection ends."""

    def reply(handler: Handler) -> None:
        handler.begin()
        for piece in pieces:
            if isinstance(piece, bytes):
                handler.raw(piece)
            elif isinstance(piece, str):
                handler.delta(content=piece)
            else:
                handler.event(piece)

    return reply


def stalls(*pieces: str, headers: bool = True) -> Reply:
    """Says `pieces`, then nothing more, until the client goes away."""

    def reply(handler: Handler) -> None:
        if headers:
            streams(*pieces)(handler)
        handler.wait_for_hang_up()

    return reply


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@dataclass
class ScriptedModel:
    """A `ChatModel` without a network, for what is not about the network: replies in order, the last repeated."""

    replies: list[str]
    asked: list[str] = field(default_factory=list)

    def stream(self, messages: Sequence[Any], max_tokens: int) -> Generator[str, None, None]:
        self.asked.append("\n".join(message.content for message in messages))
        text = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        for start in range(0, len(text), 5):
            yield ""
            yield text[start : start + 5]
