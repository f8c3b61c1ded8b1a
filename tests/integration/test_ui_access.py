"""Who comes in, as whom, and how far: keys, users a proxy names, hosts, origins, limits."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Route

from index.filters import Filter
from tests.support.fake_answerer import FakeAnswerer
from tests.support.layered import ANYWHERE, layered
from tests.support.served import built, serving
from ui import errors
from ui.access import peers
from ui.access.authentication import PUBLIC, Access
from ui.access.keys import KEY, KeyBook, KeysError
from ui.access.limits import Limits
from ui.access.visitors import GUEST, Allowance, Role, Visitor
from ui.errors import TooMany
from ui.middleware.idle_timeout import Known

PROXY = "192.0.2.1"


@pytest.fixture
def book(tmp_path: Path) -> KeyBook:
    return KeyBook(tmp_path / "keys.sqlite")


def code(reply) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


# Nobody has to show anything


def test_on_this_machine_whoever_asks_is_the_owner():
    said = layered(Access(open_to=Role.GUEST), address="127.0.0.1").get("/api/documents").json()
    assert (said["role"], said["name"], said["address"]) == ("admin", None, None)


def test_from_another_machine_nothing_is_shown_unless_the_service_is_open():
    assert code(layered(Access(open_to=Role.GUEST)).get("/api/documents")) == (401, "sign_in_needed")
    said = layered(Access(open_to=Role.READER)).get("/api/documents").json()
    assert (said["role"], said["address"]) == ("reader", ANYWHERE)
    assert code(layered(Access(open_to=Role.READER)).get("/admin/")) == (403, "forbidden")


def test_what_an_unnamed_proxy_on_this_machine_passes_on_is_not_taken_for_the_owners():
    client = layered(Access(open_to=Role.GUEST), address="127.0.0.1")
    assert client.get("/api/documents").status_code == 200
    for header in ("x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host"):
        assert code(client.get("/api/documents", headers={header: "127.0.0.1"})) == (401, "sign_in_needed"), header


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_where_others_are_meant_to_come_in_loopback_is_no_proof_of_the_owner(address):
    said = layered(Access(open_to=Role.READER), address=address).get("/api/documents").json()
    assert (said["role"], said["reader"], said["address"]) == ("reader", [], address)
    assert code(layered(Access(open_to=Role.READER), address=address).get("/admin/")) == (403, "forbidden")
    named = Access(open_to=Role.GUEST, proxies=[ip_network(PROXY)])
    assert code(layered(named, address=address).get("/api/documents")) == (401, "sign_in_needed")


def test_a_program_of_another_user_on_this_machine_is_not_the_owners(monkeypatch):
    client = layered(Access(open_to=Role.GUEST), address="127.0.0.1")
    monkeypatch.setitem(peers._users, ("127.0.0.1", 1), os.getuid())
    assert client.get("/api/documents").status_code == 200
    for user in (os.getuid() + 1, -1):
        monkeypatch.setitem(peers._users, ("127.0.0.1", 1), user)
        assert code(client.get("/api/documents")) == (401, "sign_in_needed")


def test_who_listens_where_a_connection_began_is_not_taken_for_who_connected():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        there, here = other.getsockname(), listener.getsockname()
        peers.note(there, here)
        assert peers.is_another_users(there)
        peers.forget(there)


@pytest.mark.parametrize("table_alone", [False, True])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_kernel_says_whose_connection_it_is(address, table_alone, monkeypatch):
    if table_alone:  # where the kernel is not to be asked
        monkeypatch.setattr(peers, "_asked", lambda there, here: None)
    else:
        monkeypatch.setattr(peers, "_user", lambda table, client, server: peers._NOBODY)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener:
        with socket.create_connection(listener.getsockname()[:2]) as client:
            peers.note(client.getsockname(), listener.getsockname())
            assert peers._users[client.getsockname()[:2]] == os.getuid()
            assert not peers.is_another_users(client.getsockname()[:2])
            peers.forget(client.getsockname())
            port = client.getsockname()[1]
        peers.note((address, port + 1), listener.getsockname())
        assert peers.is_another_users((address, port + 1))  # nobody is found there
        peers.forget((address, port + 1))


@pytest.mark.skipif(os.getuid() != 0, reason="becoming another user takes root")
def test_a_proxy_that_says_nothing_of_itself_is_told_by_its_user():
    """As nginx passes requests on by itself: another user's process, no header, its own name for this host."""
    ask = (
        "import encodings.idna, os, socket, sys; os.setuid(int(sys.argv[2]));"
        "c = socket.create_connection(('127.0.0.1', int(sys.argv[1])));"
        "c.sendall(b'GET /api/documents HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n'); print(c.recv(99))"
    )
    with serving(built(FakeAnswerer(), access=Access(open_to=Role.GUEST)), http=Known) as address:
        for user, status in ((0, "200"), (65_534, "401")):
            command = [sys.executable, "-c", ask, address.rpartition(":")[2], str(user)]
            asked = subprocess.run(command, capture_output=True, text=True, check=False)
            assert asked.stdout[2:14] == f"HTTP/1.1 {status}", (user, asked.stdout, asked.stderr)


CONTROLS = ["%0a", "%0d", "%00", "%09", "%1b", "%7f", "%0b", "%c2%85", "%e2%80%a8", "%0a%0a", "%0d%0a"]


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("path", ["/metrics{}", "/widget/setup{}", "/{}metrics", "/admin/{}", "/widget{}/setup"])
def test_addresses_with_control_characters_are_refused_before_anything_reads_them(book, control, path):
    _, whole = book.add("读者")
    client = layered(Access(need_key=True, book=book))
    for method in ("GET", "POST"):
        reply = client.request(method, path.format(control), headers={"X-Yiju-Key": whole})
        assert code(reply) == (400, "bad_address")


def test_every_route_asks_for_its_role_itself(book):
    """As if the door had taken an address for another."""
    app, rules = built(FakeAnswerer()), {}
    served = [route for route in app.routes if isinstance(route, Route)]
    for inner in (each.original_router for each in app.routes if hasattr(each, "original_router")):
        served += [route for route in inner.routes if isinstance(route, Route)]

    bare = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    errors.install(bare)
    bare.router.routes = app.router.routes

    async def as_guest(scope, receive, send):
        scope.setdefault("state", {})["visitor"] = GUEST
        await bare(scope, receive, send)

    client = TestClient(as_guest, raise_server_exceptions=False)
    for route in served:
        path = route.path.replace("{document_id}", "plan-1a2b").replace("{n}", "1").replace("{model}", "yiju")
        for method in (route.methods or {"GET"}) - {"HEAD"}:
            rules[method, path] = client.request(method, path, json={}).status_code
    open_to_guests = {path for (_, path), status in rules.items() if status != 401}
    assert len(rules) > 30
    assert {path for path in open_to_guests if not PUBLIC.fullmatch(path)} <= {"/", "/chat"}  # which lead to the page


# Keys


def test_a_key_lets_in_as_what_it_was_made_for(book):
    _, whole = book.add("门户", role=Role.EDITOR)
    client = layered(Access(need_key=True, book=book))
    for headers in ({"X-Yiju-Key": whole}, {"Authorization": f"Bearer {whole}"}):
        said = client.get("/api/documents", headers=headers).json()
        assert (said["name"], said["role"]) == ("key:门户", "editor")
    assert code(client.get("/admin/", headers={"X-Yiju-Key": whole})) == (403, "forbidden")
    assert code(client.get("/api/documents")) == (401, "sign_in_needed")


def test_a_revoked_key_is_refused_at_once_and_everywhere(book):
    key, whole = book.add("门户")
    client = layered(Access(need_key=True, book=book))
    assert client.get("/api/documents", headers={"X-Yiju-Key": whole}).status_code == 200
    assert client.post("/signin", data={"key": whole, "next": "/documents/"}).status_code == 303
    assert client.get("/documents/").status_code == 200
    KeyBook(book.path).revoke(key.id)  # as another process does
    assert client.get("/documents/").status_code == 303
    assert code(client.get("/api/documents")) == (401, "sign_in_needed")
    assert code(client.get("/static/app.js", headers={"X-Yiju-Key": whole})) == (401, "bad_key")


@pytest.mark.parametrize(
    "forge",
    [
        lambda whole: whole[:-1] + ("A" if whole[-1] != "A" else "B"),
        lambda whole: whole[:12],
        lambda whole: whole + "A",
        lambda whole: whole.replace(whole[3:11], "aaaaaaaa"),
        lambda whole: whole.upper(),
        lambda whole: "' OR 1=1 --",
        lambda whole: "",
    ],
)
def test_a_forged_key_is_refused_even_where_none_is_needed(book, forge):
    _, whole = book.add("门户")
    for access in (Access(need_key=True, book=book), Access(book=book), Access()):
        assert code(layered(access).get("/api/documents", headers={"X-Yiju-Key": forge(whole)})) == (401, "bad_key")


def test_a_bearer_that_is_no_key_is_left_alone_where_none_is_needed(book):
    """OpenAI's clients cannot do without one."""
    client = layered(Access(book=book))
    assert client.get("/v1/models", headers={"Authorization": "Bearer sk-nothing"}).status_code == 200


def test_a_key_in_an_address_is_refused_and_the_reason_told(book):
    _, whole = book.add("门户")
    client = layered(Access(need_key=True, book=book))
    for query in (f"key={whole}", f"x={whole}", f"q=%79k_{whole[3:]}", f"{whole}"):
        reply = client.get(f"/api/documents?{query}", headers={"X-Yiju-Key": whole})
        assert code(reply) == (400, "key_in_address"), query
        assert "请求头 X-Yiju-Key" in reply.json()["error"]["message"]
        assert whole not in reply.text


def test_of_a_key_only_its_digest_is_kept_and_only_the_owner_reads_the_file(book):
    _, whole = book.add("门户")
    assert KEY.fullmatch(whole)
    assert whole[12:].encode() not in b"".join(each.read_bytes() for each in book.path.parent.iterdir())
    assert book.path.stat().st_mode & 0o077 == 0


def test_a_scope_survives_being_kept(book):
    scope = Filter(documents=frozenset({"a", "b"}), years=frozenset({2025}))
    key, whole = book.add("门户", scope=scope, per_day=3)
    assert book.find(whole) == book.get(key.id) == key == book.all()[0]
    assert (key.scope, key.per_day) == (scope, 3)


def test_a_keys_groups_are_kept(book):
    key, whole = book.add("人事处", groups=["hr", "boss"])
    assert book.find(whole) == key and key.groups == {"hr", "boss"}
    said = layered(Access(need_key=True, book=book)).get("/api/documents", headers={"X-Yiju-Key": whole}).json()
    assert said["reader"] == ["@boss", "@hr"]


def test_a_file_of_another_schema_is_refused(book, tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(KeysError, match="由另一版本写成（99"):
        KeyBook(tmp_path / "other.sqlite").all()


# Who a proxy says it is


def proxied(**options):
    roles = {"li.lei": Role.ADMIN, "@编辑": Role.EDITOR}
    access = Access(
        proxies=[ip_network(PROXY)], user_header="X-Remote-User", groups_header="X-Remote-Groups", roles=roles
    )
    return layered(access, **options)


def test_a_trusted_proxy_names_user_and_groups():
    client = proxied(address=PROXY)
    for headers, name, role in [
        ({"X-Remote-User": "li.lei"}, "li.lei", "admin"),
        ({"X-Remote-User": "han", "X-Remote-Groups": "x, 编辑".encode()}, "han", "editor"),
        ({"X-Remote-User": "han"}, "han", "reader"),
    ]:
        said = client.get("/api/documents", headers=headers).json()
        assert (said["name"], said["role"]) == (name, role)
    assert code(client.get("/api/documents")) == (401, "sign_in_needed")
    assert code(client.get("/api/documents", headers={"X-Remote-User": " "})) == (401, "sign_in_needed")


def test_names_of_people_and_groups_are_read_as_they_are_written():
    client = proxied(address=PROXY)
    headers = {"X-Remote-User": "李雷".encode(), "X-Remote-Groups": "编辑,人事处".encode()}
    said = client.get("/api/documents", headers=headers).json()
    assert (said["name"], said["role"], said["reader"]) == ("李雷", "editor", ["@人事处", "@编辑", "李雷"])


@pytest.mark.parametrize("name", ["X-Remote-User", "X-Remote-Groups"])
def test_a_user_who_is_named_twice_is_nobody(name):
    headers = [("X-Remote-User", "han"), ("X-Remote-Groups", "x"), (name, "admin")]
    assert code(proxied(address=PROXY).get("/api/documents", headers=headers)) == (400, "ambiguous_user")


def test_anybody_elses_word_on_the_user_counts_for_nothing():
    for address in (ANYWHERE, "127.0.0.1"):
        reply = proxied(address=address).get("/api/documents", headers={"X-Remote-User": "li.lei"})
        assert code(reply) == (401, "sign_in_needed")


# What a proxy says of the way


SAID = {
    "X-Forwarded-For": f"203.0.113.9, {ANYWHERE}, 192.0.2.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "portal.example:8443",
    "X-Forwarded-Prefix": "/qa",
}


def test_a_trusted_proxy_is_believed_and_its_headers_go_no_further():
    access = Access(proxies=[ip_network("192.0.2.0/24")])
    said = layered(access, address=PROXY).get("/api/documents", headers=SAID).json()
    assert said["url"] == "https://portal.example:8443/qa/api/documents"
    assert said["address"] == ANYWHERE  # what stands before the last untrusted address anyone can have written
    assert not [name for name in said["headers"] if name.startswith("x-forwarded")]


def test_an_untrusted_one_is_not():
    said = layered(Access()).get("/api/documents", headers=SAID).json()
    assert (said["url"], said["address"]) == ("http://qa.example/api/documents", ANYWHERE)
    assert not [name for name in said["headers"] if name.startswith("x-forwarded")]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Prefix": "/qa/../x"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"X-Forwarded-Host": "evil.example/x"},
        {"X-Forwarded-Host": "a b"},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-For": "unknown, <script>"},
    ],
)
def test_nonsense_from_a_trusted_proxy_is_passed_over(headers):
    said = layered(Access(proxies=[ip_network(PROXY)]), address=PROXY).get("/api/documents", headers=headers).json()
    assert (said["url"], said["address"]) == ("http://qa.example/api/documents", PROXY)


# Hosts and origins


def test_unknown_host_names_are_refused_and_addresses_are_not():
    access = Access(hosts=frozenset({"qa.example", "localhost"}))
    for host, status in [
        ("qa.example", 200), ("QA.example:7860", 200), ("localhost:1", 200), ("10.0.0.1", 200), ("[::1]:80", 200),
        ("evil.example", 421), ("qa.example.evil.example", 421), ("", 421), ("127.0.0.1.evil.example", 421),
    ]:  # fmt: skip
        reply = layered(access).get("/api/documents", headers={"host": host})
        assert reply.status_code == status, host
    assert reply.json()["error"]["code"] == "unknown_host"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://qa.example.evil.example", "http://qa.example:81"]
)
def test_other_sites_cannot_act_with_the_rights_of_who_looks_at_them(origin):
    client = layered(Access())
    assert code(client.post("/api/ask", json={}, headers={"origin": origin})) == (403, "foreign_origin")
    assert client.post("/api/ask", json={}, headers={"origin": "http://qa.example"}).status_code == 200


def test_allowed_sites_may_ask_with_a_key_but_never_with_a_sign_in(book):
    _, whole = book.add("门户", role=Role.ADMIN)
    portal = {"origin": "http://portal.example"}
    client = layered(Access(need_key=True, book=book, origins=["http://portal.example"]))
    reply = client.post("/api/ask", json={}, headers={**portal, "X-Yiju-Key": whole})
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, "http://portal.example")
    assert "access-control-allow-credentials" not in reply.headers
    client.post("/signin", data={"key": whole})
    assert client.post("/api/ask", json={}).status_code == 200
    assert code(client.post("/api/ask", json={}, headers=portal)) == (403, "foreign_origin")


def test_an_allowed_site_without_a_key_is_a_reader_where_nobody_signs_in():
    client = layered(Access(origins=["http://portal.example"]), address="127.0.0.1")
    portal = {"origin": "http://portal.example"}
    assert client.post("/api/ask", json={}, headers=portal).json()["role"] == "reader"
    assert code(client.post("/admin/cases", json={}, headers=portal)) == (403, "forbidden")


def test_browsers_learn_what_an_allowed_site_may_send():
    client = layered(Access(need_key=True, origins=["http://portal.example"]))
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "x-yiju-key, content-type"}
    assert client.options("/api/ask", headers={"origin": "http://portal.example", **asked}).status_code == 200
    refused = client.options("/api/ask", headers={"origin": "http://evil.example", **asked})
    assert "access-control-allow-origin" not in refused.headers


def test_a_refusal_reaches_the_page_that_asked(book):
    client = layered(Access(need_key=True, book=book, origins=["http://portal.example"]))
    reply = client.post("/api/ask", json={}, headers={"origin": "http://portal.example", "X-Yiju-Key": "yk_x"})
    assert (code(reply), reply.headers["access-control-allow-origin"]) == ((401, "bad_key"), "http://portal.example")


# Signing in with a key


def test_people_are_led_to_the_sign_in_and_back_and_programs_are_told(book):
    _, whole = book.add("人事处")
    client = layered(Access(need_key=True, book=book))
    led = client.get("/documents/x?start=1&end=2")
    assert (led.status_code, led.headers["location"]) == (303, "/signin?next=%2Fdocuments%2Fx%3Fstart%3D1%26end%3D2")
    page = client.get(led.headers["location"])
    assert 'name="next" value="/documents/x?start=1&amp;end=2"' in page.text
    back = client.post("/signin", data={"key": whole, "next": "/documents/x?start=1&end=2"})
    assert (back.status_code, back.headers["location"]) == (303, "/documents/x?start=1&end=2")
    cookie = back.headers["set-cookie"]
    assert re.search(r"yiju_session=\S+; path=/; Max-Age=\d+; httponly; samesite=lax$", cookie)
    assert whole[12:] not in cookie
    assert client.get("/documents/x").json()["name"] == "key:人事处"
    assert "已登录：key:人事处" in client.get("/signin").text
    assert client.post("/signin/out").status_code == 303
    assert client.get("/documents/x").status_code == 303


def test_who_signs_out_ends_every_copy_of_the_cookie(book):
    _, whole = book.add("门户")
    client = layered(Access(need_key=True, book=book))
    client.post("/signin", data={"key": whole})
    copied = {"cookie": f"yiju_session={client.cookies['yiju_session']}"}
    elsewhere = layered(Access(need_key=True, book=book))
    assert elsewhere.get("/documents/x", headers=copied).status_code == 200
    client.post("/signin/out")
    assert elsewhere.get("/documents/x", headers=copied).status_code == 303


def test_a_sign_in_ends_though_its_cookie_is_renewed(book, monkeypatch):
    token = book.sign_in({"key": "x"}, 60.0)
    assert book.signed_in(token) == {"key": "x"} and book.signed_in("") is None
    monkeypatch.setattr("ui.access.keys.time.time", lambda: 1e12)
    assert book.signed_in(token) is None


def test_the_cookie_fits_prefix_and_scheme(book):
    _, whole = book.add("门户")
    client = layered(Access(need_key=True, book=book, proxies=[ip_network(PROXY)]), address=PROXY)
    said = {"X-Forwarded-Prefix": "/qa", "X-Forwarded-Proto": "https"}
    led = client.get("/documents/", headers=said)
    assert led.headers["location"] == "/qa/signin?next=%2Fqa%2Fdocuments%2F"
    reply = client.post("/signin", data={"key": whole, "next": "/qa/documents/"}, headers=said)
    assert reply.headers["location"] == "/qa/documents/"
    assert reply.headers["set-cookie"].endswith("path=/qa; Max-Age=43200; httponly; samesite=lax; secure")


def test_a_wrong_key_is_told_and_sets_nothing(book):
    reply = layered(Access(need_key=True, book=book)).post("/signin", data={"key": "yk_wrong", "next": "/x"})
    assert (reply.status_code, "密钥不对" in reply.text, "set-cookie" in reply.headers) == (401, True, False)


def test_a_forged_or_foreign_cookie_is_nobody(book, tmp_path):
    _, whole = book.add("门户", role=Role.ADMIN)
    client = layered(Access(need_key=True, book=book))
    client.post("/signin", data={"key": whole})
    good = client.cookies["yiju_session"]
    other = layered(Access(need_key=True, book=KeyBook(tmp_path / "other.sqlite")))
    for cookie, into in [(good, other), (good[:-2] + "xx", client), ("x.y.z", client), ("", client)]:
        into.cookies.clear()
        assert code(into.get("/api/documents", headers={"cookie": f"yiju_session={cookie}"})) == (401, "sign_in_needed")


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http://[", "", "x",
        "/%0d%0aset-cookie: a=b", "/\r\nset-cookie:a=b", "http://qa.example.evil.example/", "http://qa.example//evil.example",
    ],
)  # fmt: skip
def test_the_sign_in_leads_nowhere_else(book, wanted):
    _, whole = book.add("门户")
    reply = layered(Access(need_key=True, book=book)).post("/signin", data={"key": whole, "next": wanted})
    assert reply.status_code == 303
    assert re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", reply.headers["location"]), reply.headers["location"]
    page = layered(Access(need_key=True, book=book)).get("/signin", params={"next": f'{wanted}"><script>'})
    assert "<script>" not in page.text


def test_the_frame_of_a_widget_loads_before_it_can_show_its_key_and_nothing_else_does(book):
    client = layered(Access(need_key=True, book=book))
    shell = "chat/?embed=1 chat/config chat/theme.css chat/assets/x.js static/key.js widget.js widget/demo widget/x.css"
    for path in (*shell.split(), "favicon.ico", "api/health", "signin"):
        assert client.get(f"/{path}").status_code == 200, path
    programs = "chat/gradio_api/queue/data api/ask v1/models mcp metrics static/../api/ask api/healthx"
    for path in programs.split():
        assert client.get(f"/{path}").status_code == 401, path
    for path in ("", "chat", "chat/", "chat/?q=embed=1", "documents/", "admin/", "widget/setup", "widget/preview", "x"):
        assert client.get(f"/{path}").status_code == 303, path


# Limits


def visitor(key: str | None = None, address: str | None = None, **limits: int) -> Visitor:
    return Visitor("x", Role.READER, None, Allowance(key, **limits) if key else None, address)


def test_each_key_and_address_has_its_own_minute():
    now = [600.0]
    limits = Limits(None, per_address=2, clock=lambda: now[0])
    for _ in range(2):
        limits.take(visitor(address="a"))
        limits.take(visitor("k", "b", per_minute=3))
    now[0] += 45
    with pytest.raises(TooMany, match=r"每分钟最多 2 个问题.*15 秒后") as caught:
        limits.take(visitor(address="a"))
    assert caught.value.seconds == 15
    limits.take(visitor("k", "c", per_minute=3))
    with pytest.raises(TooMany, match="每分钟最多 3 个问题"):
        limits.take(visitor("k", "c", per_minute=3))
    limits.take(visitor())  # on this machine
    now[0] += 15
    limits.take(visitor(address="a"))


def test_a_day_has_its_quota_in_all_processes(book):
    key, _ = book.add("门户", per_day=3)
    mine, theirs = Limits(book), Limits(KeyBook(book.path))
    for limits in (mine, theirs, mine):
        limits.take(visitor(key.id, per_day=3))
    for limits in (mine, theirs):
        with pytest.raises(TooMany, match="每天最多 3 个问题") as caught:
            limits.take(visitor(key.id, per_day=3))
        assert 0 < caught.value.seconds <= 86_400
    mine.take(visitor("other", per_day=3))


def test_a_flood_of_addresses_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("ui.access.limits.MOST_COUNTED", 3)
    limits = Limits(None, per_address=9, clock=lambda: 0.0)
    for address in "abc":
        limits.take(visitor(address=address))
    with pytest.raises(TooMany):
        limits.take(visitor(address="d"))
