"""A small OpenID provider on loopback: signs in `user` at once, and can be told to misbehave."""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey


@dataclass
class Provider:
    """An application to serve.

    Attributes:
        address: where it is served.
        user: what its tokens say of the user.
        claims: what they say instead of the truth.
        signs_with: the key of its signatures, which is another than the published one where it is forged.
    """

    address: str = ""
    user: dict[str, Any] = field(default_factory=lambda: {"sub": "1", "preferred_username": "li.lei"})
    claims: dict[str, Any] = field(default_factory=dict)
    published: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k"}))
    signs_with: RSAKey | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/.well-known/openid-configuration")(self.describe)
        app.get("/authorize")(self.authorize)
        app.post("/token")(self.token)
        app.get("/keys")(self.keys)
        return app

    async def describe(self) -> dict[str, object]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    async def authorize(self, request: Request) -> RedirectResponse:
        said = dict(request.query_params)
        code = f"code-{len(self.asked)}"
        self.asked[code] = said
        return RedirectResponse(f"{said['redirect_uri']}?{urlencode({'code': code, 'state': said['state']})}", 302)

    async def token(self, request: Request) -> JSONResponse:
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        said = self.asked.pop(given["code"])
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        assert urlsafe_b64encode(digest).decode().rstrip("=") == said["code_challenge"]
        assert given["redirect_uri"] == said["redirect_uri"]
        now = int(time.time())
        claims = {"iss": self.address, "aud": said["client_id"], "iat": now, "exp": now + 60, "nonce": said["nonce"]}
        signed = jwt.encode(
            {"alg": "RS256", "kid": "k"}, {**claims, **self.user, **self.claims}, self.signs_with or self.published
        )
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": signed})

    async def keys(self) -> dict[str, object]:
        return {"keys": [self.published.as_dict(private=False)]}
