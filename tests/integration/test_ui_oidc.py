"""Signing in at an OpenID provider, a small one on loopback, good and bad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey

from tests.support.fake_provider import Provider
from tests.support.layered import layered
from tests.support.served import serving
from ui.access.authentication import Access
from ui.access.keys import KeyBook
from ui.access.oidc import Oidc
from ui.access.visitors import Role


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    with serving(provider.app()) as provider.address:
        yield provider


def client_of(provider: Provider, folder: Path) -> TestClient:
    oidc = Oidc(provider.address, "yiju", "secret")
    roles = {"@运维": Role.ADMIN}
    return layered(Access(oidc=oidc, book=KeyBook(folder / "keys.sqlite"), roles=roles))


def sign_in(client: TestClient, wanted: str = "/documents/x") -> httpx.Response:
    """What the service answers when the browser comes back from the provider."""
    there = client.get("/signin/oidc", params={"next": wanted}).headers["location"]
    return client.get(httpx.get(there).headers["location"])


def test_a_user_signs_in_at_the_provider_and_comes_back_to_where_they_were(provider, tmp_path):
    client = client_of(provider, tmp_path)
    assert "/signin/oidc?next=%2Fdocuments%2Fx" in client.get("/signin?next=/documents/x").text
    back = sign_in(client)
    assert (back.status_code, back.headers["location"]) == (303, "/documents/x")
    said = client.get("/documents/x").json()
    assert (said["name"], said["role"]) == ("li.lei", "reader")
    client.post("/signin/out")
    assert client.get("/documents/x").status_code == 303


def test_the_providers_groups_give_roles(provider, tmp_path):
    provider.user["groups"] = ["x", "运维"]
    client = client_of(provider, tmp_path)
    sign_in(client)
    assert client.get("/admin/").json()["role"] == "admin"


def test_any_number_of_groups_fits(provider, tmp_path):
    provider.user["groups"] = [f"某某单位第{number}工作组" for number in range(400)] + ["运维"]
    client = client_of(provider, tmp_path)
    assert len(sign_in(client).headers["set-cookie"]) < 1_000
    assert client.get("/admin/").json()["role"] == "admin"


@pytest.mark.parametrize("claims", [{"nonce": "another"}, {"aud": "another"}, {"iss": "http://another"}, {"exp": 1}])
def test_a_token_that_was_not_made_for_this_sign_in_is_refused(provider, tmp_path, claims):
    provider.claims = claims
    client = client_of(provider, tmp_path)
    reply = sign_in(client)
    assert (reply.status_code, reply.json()["error"]["code"]) in (
        (400, "sign_in_failed"),
        (502, "provider_unreachable"),
    )
    assert client.get("/documents/x").status_code == 303


def test_a_forged_signature_is_refused(provider, tmp_path):
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "k"})
    client = client_of(provider, tmp_path)
    assert sign_in(client).status_code == 400
    assert client.get("/documents/x").status_code == 303


def test_a_sign_in_that_began_elsewhere_is_refused(provider, tmp_path):
    client, other = client_of(provider, tmp_path), client_of(provider, tmp_path)
    there = other.get("/signin/oidc").headers["location"]
    back = httpx.get(there).headers["location"]
    for address in (back, "/signin/back", "/signin/back?state=x&code=y", "/signin/back?error=access_denied"):
        reply = client.get(address)
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "sign_in_failed"), address


def test_a_provider_that_is_down_is_told(tmp_path):
    client = client_of(Provider("http://127.0.0.1:9"), tmp_path)
    reply = client.get("/signin/oidc")
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "provider_unreachable")
