"""Security layers between the network and the application: pure ASGI, none buffers a stream."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Sequence

from starlette._utils import get_route_path
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.access.visitors import Visitor, visitor_of
from ui.bodies import parse
from ui.chat.requests import POSTED, Events, rebuilt
from ui.errors import BUSY, ApiError, TooMany, as_api_error, error_response

MAX_BODY = 256 * 1024
"""Largest request body in bytes."""

MAX_CHAT_BODY = 1024 * 1024
"""Largest body of the chat, which sends its whole conversation with each question."""

BODY_SECONDS = 30.0
"""How long a body may take to arrive."""

UPLOADS = "/api/documents"
"""Takes files, which it looks after itself, block by block."""

CHAT_ROUTES = re.compile(
    r"/chat(/|/config|/theme\.css|/favicon\.ico|/(assets|static)/.*"
    r"|/gradio_api/(app_id|cancel|reset|queue/(join|data)|run/predict))?"
)
"""Every Gradio route the chat needs. All others, among them uploads, files and proxies, do not exist for callers."""

SESSION = re.compile(rb"session_hash=[A-Za-z0-9]{1,64}")
"""How the page asks for the events of its conversation."""

FIRST = '<link rel="icon" href="../static/icon.svg"><script src="../static/key.js"></script>'
"""What the chat's page must have before Gradio's scripts run, which put in the rest of its head themselves."""

SECRET = secrets.token_bytes(32)
"""Makes the names of conversations; they live as long as this process."""

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # with "no-referrer" a form would not say where it comes from
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


def content_policy(origins: Sequence[str] = ()) -> str:
    """Return the content security policy; `NONCE` is filled in for each page, `origins` may show it in a frame."""
    rules = (
        "default-src 'self'",
        "script-src 'self' 'nonce-NONCE'",
        "style-src 'self' 'unsafe-inline'",  # Gradio's components set inline styles
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "media-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        " ".join(("frame-ancestors 'self'", *origins)),
    )
    return "; ".join(rules)


class RequestGuard:
    """Refuses Gradio routes the chat does not need, large or slow bodies, and what the chat's page would not send.

    Gradio hands answers to whoever names the conversation, so the visitor becomes a part of that name.

    Args:
        app: what is guarded.
        events: what the chat's page may ask for; without them nothing in the chat takes a body.
        admit: counts one event of the page; raises where a visitor sends too many.
    """

    def __init__(self, app: ASGIApp, events: Events | None = None, admit: Callable[[Visitor], None] | None = None):
        self.app = app
        self.events = events or {}
        self.admit = admit or (lambda visitor: None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            chat = _in_chat(path := get_route_path(scope))
            try:
                scope, receive = await self._checked(scope, receive)
            except (ApiError, TooMany) as error:
                await error_response(as_api_error(error), chat=chat)(scope, receive, send)
                return
            if path.endswith("/queue/join"):
                send = _polite(scope, receive, send)
        await self.app(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
        chat = _in_chat(path := get_route_path(scope))
        if chat and not CHAT_ROUTES.fullmatch(path):
            raise ApiError(404, "not_found", "没有这个地址。")
        if scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            return _own_query(scope) if chat else scope, receive
        if path == UPLOADS:
            return scope, receive
        body = await _body(receive, MAX_CHAT_BODY if chat else MAX_BODY)
        return scope, _replay(self._own_body(scope, path, body) if chat else body, receive)

    def _own_body(self, scope: Scope, path: str, body: bytes) -> bytes:
        """Return a body for Gradio, made of what its page may send, in which the conversation is the visitor's own."""
        if not (posted := POSTED.fullmatch(path)):
            return b""
        tag = _tag(scope)
        said = rebuilt(posted[1], parse(body), self.events, lambda name: name + tag)
        self.admit(visitor_of(HTTPConnection(scope)))
        return json.dumps(said).encode()


class SecurityHeaders:
    """Adds security headers to everything and the caching and buffering headers that Gradio leaves out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = get_route_path(scope) if scope["type"] == "http" else ""  # now: mounts below change the scope

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(key, value) for key, value in message["headers"] if key.lower() != b"server"]
                message = {**message, "headers": [*kept, *HEADERS, *_delivery(path, kept)]}
            await send(message)

        await self.app(scope, receive, send_hardened if scope["type"] == "http" else send)


class ContentSecurityPolicy:
    """Rewrites HTML pages: content policy and script nonces, the language, no links that lead off this host.

    `origins` are sites that may show the chat in a frame; nothing else here may be framed by them.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str] = ()) -> None:
        self.app = app
        self.origins = tuple(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; only pages are held back until they are whole."""
        chat = scope["type"] == "http" and _in_chat(get_route_path(scope))
        start: Message | None = None
        page = bytearray()

        async def send_page(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None:
                await send(message)
            else:
                page.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await self._send(start, page.decode(), send, chat=chat)

        await self.app(scope, receive, send_page)

    async def _send(self, start: Message, page: str, send: Send, *, chat: bool) -> None:
        nonce = secrets.token_urlsafe(16)
        body = _with_nonce(_chat_page(page) if chat else page, nonce).encode()
        policy = content_policy(self.origins if chat else ()).replace("NONCE", nonce).encode()
        headers = [(key, value) for key, value in start["headers"] if key.lower() != b"content-length"]
        headers += [(b"content-security-policy", policy), (b"content-length", str(len(body)).encode())]
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _in_chat(path: str) -> bool:
    return path == "/chat" or path.startswith("/chat/")


def _own_query(scope: Scope) -> Scope:
    """Return the query of a conversation's events, in which it is the visitor's own.

    Others are for the page's scripts: Gradio would take pages and links that are not there from them.
    """
    path = get_route_path(scope)
    if not path.endswith("/queue/data"):
        return scope if path == "/chat" else {**scope, "query_string": b""}  # that one leads on to the page
    said = SESSION.fullmatch(scope["query_string"])
    if said is None:
        raise ApiError(400, "invalid_request", "请求须给出 session_hash，且只能给出它。")
    return {**scope, "query_string": scope["query_string"] + _tag(scope).encode()}


def _tag(scope: Scope) -> str:
    """Return a tag for this visitor's conversations; empty where no one signs in."""
    visitor = visitor_of(HTTPConnection(scope))
    if visitor.name is None:
        return ""
    who = json.dumps([visitor.name, visitor.allowance and visitor.allowance.key]).encode()
    return "-" + hashlib.blake2s(who, key=SECRET, digest_size=12).hexdigest()


def _polite(scope: Scope, receive: Receive, send: Send) -> Send:
    """Say in Chinese that Gradio's queue is full, with the status whose text its page shows."""
    full = error_response(ApiError(429, "busy", BUSY, retry_after=5), chat=True)
    refused = False

    async def send_politely(message: Message) -> None:
        nonlocal refused
        if message["type"] == "http.response.start" and message["status"] == 503:
            refused = True
            await full(scope, receive, send)
        elif not refused:
            await send(message)

    return send_politely


async def _body(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ApiError(400, "incomplete", "请求体没有传完。")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > limit:
                    raise ApiError(413, "body_too_large", f"请求体太大，最多 {limit // 1024} KB。")
    except TimeoutError:
        raise ApiError(408, "timeout", "请求体没有在规定时间内传完。") from None
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body at once and then what the network gives, a disconnect usually."""
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again


def _delivery(path: str, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    kind = _header(headers, b"content-type")
    if kind.startswith(b"text/event-stream"):
        return [(b"x-accel-buffering", b"no"), (b"cache-control", b"no-cache")]
    if _header(headers, b"cache-control"):
        return []
    # Gradio's assets carry a hash in their name; nothing else does, so the rest is asked for anew.
    fixed = path.startswith("/chat/assets/")
    return [(b"cache-control", b"public, max-age=31536000, immutable" if fixed else b"no-cache")]


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> bytes:
    return next((value for key, value in headers if key.lower() == name), b"")


def _is_page(message: Message) -> bool:
    return _header(message["headers"], b"content-type").startswith(b"text/html")


def _chat_page(page: str) -> str:
    """Return Gradio's page in Chinese, with `FIRST`, less what names other hosts."""
    head, end, body = page.partition("</head>")
    head = re.sub(r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>', "", head)
    head = re.sub(r'\s*<link\s+rel="(?:manifest|preconnect)"[^>]*>', "", head)
    head = head.replace("<head>", f"<head>{FIRST}", 1)
    return (head + end + body).replace('lang="en"', 'lang="zh-CN"', 1)


def _with_nonce(page: str, nonce: str) -> str:
    return re.sub(r"<script(?=[\s>])", f'<script nonce="{nonce}"', page)
