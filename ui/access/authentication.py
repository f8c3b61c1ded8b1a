"""Authentication: names the visitor of every request and refuses requests without access."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.access.keys import LIKE_A_KEY, Key, KeyBook
from ui.access.oidc import Oidc
from ui.access.proxies import Network, arrival_of, parse_address
from ui.access.visitors import GUEST, OWNER, Allowance, Role, Visitor, reader_of, require
from ui.errors import ApiError, error_response

KEY_HEADER = "x-yiju-key"

SIGNED_IN_SECONDS = 12 * 60 * 60
"""How long a sign-in holds: a working day."""

SIGNED_IN = "signed_in"
"""What a session holds of a sign-in: a number that nobody can guess, by which it is found in the book."""

PUBLIC = re.compile(
    r"/(favicon\.ico|widget\.js|static/.*|widget/(demo|[\w.-]+\.(js|css))|signin(/.*)?|api/(health|docs|openapi\.json)"
    r"|chat/(config|theme\.css|favicon\.ico|(assets|static)/.*|gradio_api/app_id))"
)
"""What holds nothing of any document, so that guests may have it: a frame must load before it can show its key."""

OPERATORS = re.compile(r"/(metrics|admin(/.*)?|widget/(setup|preview)(/.*)?)")
"""What only administrators may have."""

PROGRAMS = re.compile(r"/(api|v1|mcp|chat/gradio_api)(/.*)?|/metrics")
"""Where refusals are for programs; elsewhere people are led to the sign-in."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who has access and how they authenticate. By default every request is the owner's."""

    # sites that may show the chat in a frame and call the interface, as `scheme://host[:port]`
    origins: Sequence[str] = ()
    # names by which the service is called, in small letters; any, if None. Addresses are always right.
    hosts: frozenset[str] | None = None
    proxies: Sequence[Network] = ()  # peers whose word on the request's way and user is believed
    user_header: str | None = None  # header in which such a peer names the user; None if it does not
    groups_header: str | None = None  # header in which it names the user's groups, with commas
    oidc: Oidc | None = None  # where users sign in; None if nowhere
    need_key: bool = False  # whether a key is needed without a sign-in
    book: KeyBook | None = None
    open_to: Role = Role.ADMIN  # the role of visitors from other machines where no one must authenticate
    roles: Mapping[str, Role] = field(default_factory=dict)  # by user name, or `@group`; others are readers
    per_address: int | None = None  # how many questions a minute one address may ask; None for any number

    @property
    def protected(self) -> bool:
        """Return whether visitors must authenticate."""
        return self.need_key or self.user_header is not None or self.oidc is not None

    @property
    def invites(self) -> bool:
        """Return whether people come from other machines without showing anything, or through a proxy."""
        return self.open_to in (Role.READER, Role.EDITOR) or bool(self.proxies)

    @property
    def private_headers(self) -> list[str]:
        """Headers that only a trusted proxy may send."""
        return [each for each in (self.user_header, self.groups_header) if each]


class Sessions:
    """Keeps in a signed cookie by what a sign-in is found, and what a sign-in at a provider needs on its way."""

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self.app = app
        self.secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; path and scheme are those the client sees."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        kept = SessionMiddleware(
            self.app,
            self.secret,
            session_cookie="yiju_session",
            max_age=SIGNED_IN_SECONDS,
            path=scope.get("root_path") or "/",
            https_only=scope["scheme"] == "https",
        )
        await kept(scope, receive, send)


class Authentication:
    """Names the visitor of each request, and refuses what they may not have before anything looks at it."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no page here uses websockets
        try:
            _check_path(scope)
            visitor = self._visitor(scope)
            scope = {**scope, "state": {**scope.get("state", {}), "visitor": visitor}}
            _check_role(scope)
        except ApiError as error:
            await _refusal(scope, error)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _visitor(self, scope: Scope) -> Visitor:
        headers = Headers(scope=scope)
        self._check_host(headers.get("host", ""))
        _check_query(scope)
        key = self._key(headers)
        visitor = _holder(key) if key else self._person(scope, headers)
        visitor = self._check_origin(scope, headers, visitor, by_key=key is not None)
        return replace(visitor, address=None if self._at_home(scope) else arrival_of(scope).address)

    def _check_host(self, host: str) -> None:
        """Refuse hosts that are not this server's, against pages whose name leads to this address (DNS rebinding)."""
        name = re.sub(r":\d*$", "", host).lower()
        if self.access.hosts is None or name in self.access.hosts or parse_address(name.strip("[]")):
            return
        raise ApiError(421, "unknown_host", "这台服务器不以这个主机名提供服务；管理员可用 --allow-host 加上它。")

    def _key(self, headers: Headers) -> Key | None:
        """Return the key in a header; `Bearer` is how OpenAI's clients send theirs, and they must send something."""
        given = headers.get(KEY_HEADER)
        if given is None:
            given = headers.get("authorization", "").removeprefix("Bearer ").strip()
            given = given if LIKE_A_KEY.match(given) else None
        if given is None:
            return None
        if self.access.book and (key := self.access.book.find(given.strip())):
            return key
        raise ApiError(401, "bad_key", "密钥不对或已被吊销，请联系管理员。")

    def _person(self, scope: Scope, headers: Headers) -> Visitor:
        access, arrival = self.access, arrival_of(scope)
        if access.user_header and arrival.proxied and (name := _only(headers, access.user_header)):
            groups = _only(headers, access.groups_header) if access.groups_header else ""
            return self._user(name, [each.strip() for each in groups.split(",")])
        if signed := self._signed_in(scope.get("session", {})):
            return signed
        if access.protected:
            return GUEST
        return OWNER if self._at_home(scope) or access.open_to is Role.ADMIN else Visitor(role=access.open_to)

    def _at_home(self, scope: Scope) -> bool:
        """Return whether a program on this machine asks by itself.

        Where others are meant to come in, from loopback may be everybody: a proxy need not say that it is one.
        """
        return arrival_of(scope).local and not self.access.invites

    def _signed_in(self, session: Mapping[str, Any]) -> Visitor | None:
        book = self.access.book
        if book is None or not (said := book.signed_in(session.get(SIGNED_IN, ""))):
            return None
        if "user" in said and self.access.oidc:
            return self._user(said["user"], said["groups"])
        key = book.get(said["key"]) if "key" in said else None
        return _holder(key) if key else None

    def _user(self, name: str, groups: Sequence[str]) -> Visitor:
        reader = reader_of(name, groups)
        named = [role for each, role in self.access.roles.items() if each in reader]
        return Visitor(name, max(named, key=list(Role).index, default=Role.READER), reader=reader)

    def _check_origin(self, scope: Scope, headers: Headers, visitor: Visitor, *, by_key: bool) -> Visitor:
        """Refuse requests that a page of another site makes with the rights of its viewer."""
        origin = headers.get("origin")
        if origin is None or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return visitor
        # The host alone, since a proxy that nobody named may have taken HTTPS off.
        if origin.partition("://")[2] == headers.get("host"):
            return visitor
        if origin in self.access.origins and (by_key or not self.access.protected):
            return visitor if by_key else replace(visitor, role=Role.READER)
        raise ApiError(403, "foreign_origin", "不接受来自其他网站的请求；管理员可用 --allow-origin 加上那个网站。")


def _only(headers: Headers, name: str) -> str:
    """Return what a proxy says in a header: UTF-8 where it is that, as names of people and groups are written.

    Raises:
        ApiError: 400 if it occurs twice; one of the two may be forged.
    """
    said = headers.getlist(name)
    if len(said) > 1:
        raise ApiError(400, "ambiguous_user", f"请求头 {name} 出现了不止一次，不能确定用户是谁；请检查代理的设置。")
    text = "".join(said).strip()
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _holder(key: Key) -> Visitor:
    allowance = Allowance(key.id, key.per_minute, key.per_day)
    return Visitor(f"key:{key.name}", key.role, key.scope, allowance, reader=reader_of("", key.groups))


def _check_path(scope: Scope) -> None:
    """Refuse control characters in addresses: patterns take the end of a line for the end of the address."""
    if not scope["path"].isprintable():
        raise ApiError(400, "bad_address", "网址里不能有控制字符。")


def _check_query(scope: Scope) -> None:
    """Refuse keys in addresses, which end up in logs, histories and the next page's referrer."""
    query = scope["query_string"].decode("latin-1")
    if LIKE_A_KEY.search(query) or any(LIKE_A_KEY.search(value) for _, value in parse_qsl(query)):
        message = "密钥不能写在网址里，网址会留在日志中；请放在请求头 X-Yiju-Key 里，并吊销这个密钥。"
        raise ApiError(400, "key_in_address", message)


def _check_role(scope: Scope) -> None:
    path = get_route_path(scope)
    framed = path == "/chat/" and b"embed=1" in scope["query_string"].split(b"&")
    if framed or PUBLIC.fullmatch(path):
        return
    require(HTTPConnection(scope), Role.ADMIN if OPERATORS.fullmatch(path) else Role.READER)


def _refusal(scope: Scope, error: ApiError) -> ASGIApp:
    """Return a redirect to the sign-in for a browser that has none, else an error."""
    path = get_route_path(scope)
    asks_page = scope["method"] == "GET" and not PROGRAMS.fullmatch(path)
    if error.code != "sign_in_needed" or not asks_page:
        return error_response(error, chat=path.startswith("/chat/"))
    query = scope["query_string"].decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"{scope.get('root_path', '')}/signin?{urlencode({'next': wanted})}", 303)
