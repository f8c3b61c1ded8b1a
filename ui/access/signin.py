"""Sign-in with a key or at the organisation's OpenID provider."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ui.access.authentication import SIGNED_IN, SIGNED_IN_SECONDS, Access
from ui.access.visitors import Role, visitor_of
from ui.templating import page


def add_routes(app: FastAPI, access: Access) -> None:
    """Add everything under `/signin`."""
    router = APIRouter(prefix="/signin")

    @router.get("")
    async def ways(request: Request) -> HTMLResponse:
        """Return the ways to sign in that there are, or who has signed in."""
        return _page(request, access)

    @router.post("")
    async def sign_in(request: Request) -> Response:
        """Sign in with a key."""
        return await _with_key(request, access)

    @router.post("/out")
    async def sign_out(request: Request) -> Response:
        """End the sign-in in this browser."""
        _leave(request, access)
        return RedirectResponse(f"{_root(request)}/signin", 303)

    if oidc := access.oidc:

        @router.get("/oidc")
        async def leave(request: Request) -> Response:
            """Return to the provider."""
            request.session["next"] = _next(request, request.query_params.get("next", ""))
            return await oidc.leave(request, f"{str(request.base_url).rstrip('/')}/signin/back")

        @router.get("/back")
        async def come_back(request: Request) -> Response:
            """Handle the return from the provider."""
            name, groups = await oidc.come_back(request)
            wanted = _next(request, request.session.get("next", ""))
            _enter(request, access, {"user": name, "groups": list(groups)})
            return RedirectResponse(wanted, 303)

    app.include_router(router)


async def _with_key(request: Request, access: Access) -> Response:
    body = await request.body()
    given = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace"), max_num_fields=8).items()}
    wanted = given.get("next", "")
    key = access.book.find(given.get("key", "").strip()) if access.book else None
    if key is None:
        return _page(request, access, "密钥不对或已被吊销，请核对后再试。", wanted)
    _enter(request, access, {"key": key.id})
    return RedirectResponse(_next(request, wanted), 303)


def _enter(request: Request, access: Access, said: Mapping[str, object]) -> None:
    """Sign somebody in: who they are is kept here, the cookie only holds what it is found by."""
    _leave(request, access)
    if access.book:
        request.session[SIGNED_IN] = access.book.sign_in(said, SIGNED_IN_SECONDS)


def _leave(request: Request, access: Access) -> None:
    if access.book and (token := request.session.get(SIGNED_IN)):
        access.book.sign_out(token)
    request.session.clear()


def _page(request: Request, access: Access, problem: str = "", wanted: str = "") -> HTMLResponse:
    visitor = visitor_of(request)
    return page(
        "signin.html",
        request,
        root=_root(request),
        status=401 if problem else 200,
        problem=problem,
        wanted=_next(request, wanted or request.query_params.get("next", "")),
        signed_in=visitor.role is not Role.GUEST,
        who=visitor.name,
        may_leave=bool(request.session),
        by_provider=access.oidc is not None,
        by_key=access.book is not None,
    )


def _root(request: Request) -> str:
    """Return the path below which the browser finds the service."""
    return str(request.scope.get("root_path", ""))


def _next(request: Request, wanted: str) -> str:
    """Return where to go after signing in: a place of this service, whatever was asked for."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        parts = urlsplit("")
    root = _root(request)
    here = parts.netloc in ("", request.headers.get("host", "")) and parts.path.startswith(f"{root}/")
    if not here or parts.path.startswith("//") or not parts.path.isprintable() or "\\" in wanted:
        return f"{root}/"
    return parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
