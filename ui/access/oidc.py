"""Sign-in with OpenID Connect, by Authlib; the only thing here that talks to another machine, and only if asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from index.errors import YijuError
from ui.errors import ApiError


@dataclass(frozen=True)
class Oidc:
    """A provider and what it knows this service as."""

    issuer: str  # address of the provider, below which it describes itself
    client_id: str  # what it knows this service as
    secret: str = field(repr=False)  # what this service proves it with
    user_claim: str = "preferred_username"  # what in a token names the user
    groups_claim: str = "groups"  # what in a token lists the user's groups

    async def leave(self, request: Request, back: str) -> Response:
        """Send the browser to the provider.

        Raises:
            ApiError: 502 if the provider does not answer as it should.
        """
        try:
            response: Response = await self._client.authorize_redirect(request, back)
        except _failures() as error:
            raise _unreachable() from error
        return response

    async def come_back(self, request: Request) -> tuple[str, Sequence[str]]:
        """Return the user's name and groups, as the provider signed them.

        Raises:
            ApiError: 400 if the browser does not come from a sign-in that began here, or it failed; 502 as above.
        """
        from authlib.integrations.starlette_client import OAuthError
        from joserfc.errors import JoseError

        try:
            token = await self._client.authorize_access_token(request, claims_options=self._claims())
        except (OAuthError, JoseError) as error:
            raise ApiError(400, "sign_in_failed", "登录没有完成或已过期，请重新登录。") from error
        except _failures() as error:
            raise _unreachable() from error
        user = token.get("userinfo", {})
        if not (name := user.get(self.user_claim) or user.get("sub")):
            raise ApiError(400, "sign_in_failed", "登录没有给出用户名，请联系管理员。")
        groups = user.get(self.groups_claim, [])
        return str(name), [str(each) for each in groups] if isinstance(groups, list) else []

    def _claims(self) -> dict[str, dict[str, object]]:
        return {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id}}

    @cached_property
    def _client(self) -> Any:
        oauth = _authlib().OAuth()
        return oauth.register(
            "provider",
            client_id=self.client_id,
            client_secret=self.secret,
            server_metadata_url=f"{self.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile",
                "code_challenge_method": "S256",
                "timeout": 10,
                "trust_env": False,
            },
        )


def check_installed() -> None:
    """Tell at once what is missing.

    Raises:
        YijuError: if Authlib is not installed.
    """
    _authlib()


def _authlib() -> Any:
    try:
        from authlib.integrations import starlette_client
    except ImportError as error:
        raise YijuError("OIDC 登录需要 Authlib：请安装 yiju[oidc]。") from error
    return starlette_client


def _failures() -> tuple[type[Exception], ...]:
    """Return what comes of a provider that is down, or whose answers are no provider's."""
    import httpx2

    return (httpx2.HTTPError, ValueError, KeyError, RuntimeError)


def _unreachable() -> ApiError:
    return ApiError(502, "provider_unreachable", "登录服务没有正常应答，请稍后再试或联系管理员。")
