"""Every route × every kind of caller × readable and unreadable documents: what one may not read is as if it were not.

Two services run side by side: one holds a document that only the group hr may read, the other never held it. Whoever is
not of hr must not be able to tell them apart, by anything that any route says. The routes come from the application's
own table: one without a rule here fails the build.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Mount, Route

from index.encoding.caching import RememberingEncoder
from index.filters import Filter
from index.protocols import Library
from index.records import Document
from index.rights import RightsFile
from index.store.passage_index import PassageIndex
from qa.answers import Answer
from qa.assistant import Assistant
from qa.bootstrap import interpreter_of
from qa.reading.extractive_reader import ExtractiveReader
from tests.support.fake_answerer import PLAN, cite
from tests.support.fake_answerer import RULES as ARTICLES
from tests.support.fakes import FakeSpans, HashEncoder, weights
from tests.support.served import built
from ui.access.authentication import Access
from ui.access.keys import KeyBook
from ui.access.oidc import Oidc
from ui.access.visitors import Role, Visitor
from ui.middleware.security import CHAT_ROUTES
from ui.usage.log import UsageLog

PROXY = "192.0.2.1"
RULES = replace(ARTICLES, text=f"{ARTICLES.text}三、补贴\n第六条 补贴电站新增装机容量500MW，补贴面积300亩。\n")
ASKED = "分布式光伏项目按多少给予补贴"
SECRETS = ("每千瓦时", "补贴面积", "补贴电站", "第五条", RULES.source, RULES.title, "补贴标准", RULES.id)
"""What only the document of hr holds."""

ENCODER = RememberingEncoder(HashEncoder(dim=64))


def assistant(documents: Sequence[Document]) -> Assistant:
    """The product's own, but for the two networks."""
    index = PassageIndex.build(documents, ENCODER)

    def of(readable: Filter) -> Assistant:
        library: Library = index if readable.is_everything else index.limited_to(readable)
        reader = ExtractiveReader(library, FakeSpans(), weights(0.5, 0.5, 0.5))
        return Assistant(
            library, library, reader, interpreter_of(library), limit=lambda further: of(readable.both(further))
        )

    return of(Filter())


@dataclass(frozen=True)
class Service:
    """A running service, and how each kind of caller comes to it."""

    client: TestClient
    callers: Mapping[str, Mapping[str, str]]


NOT_OF_HR = ("guest", "reader", "key", "key for the plan", "administrator", "@hr by name")
OF_HR = ("hr", "hr's key", "administrator of hr")
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> KeyBook:
    return KeyBook(tmp_path_factory.mktemp("keys") / "keys.sqlite")


@pytest.fixture(scope="module")
def callers(book: KeyBook) -> Mapping[str, Mapping[str, str]]:
    def person(name: str, *groups: str) -> Mapping[str, str]:
        return {"X-Remote-User": name, "X-Remote-Groups": ",".join(groups)}

    def key(**options: Any) -> Mapping[str, str]:
        return {"X-Yiju-Key": book.add("portal", **options)[1]}

    return {
        "guest": {},
        "reader": person("han"),
        "key": key(),
        "key for the plan": key(scope=Filter(documents=frozenset({PLAN.id}))),
        "administrator": person("root", "it"),
        "@hr by name": person("@hr", "sales"),
        "hr": person("li", "hr"),
        "hr's key": key(groups=["hr"]),
        "administrator of hr": person("root", "it", "hr"),
    }


@pytest.fixture(scope="module")
def serve(
    book: KeyBook, callers: Mapping[str, Mapping[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Sequence[Document]], Service]]:
    clients: list[TestClient] = []

    def start(documents: Sequence[Document]) -> Service:
        folder = tmp_path_factory.mktemp("service")
        (folder / "rights.txt").write_text(f"@hr {RULES.source}\n", "utf-8")
        app = built(
            assistant(documents),
            access=Access(
                proxies=[ip_network(PROXY)],
                user_header="X-Remote-User",
                groups_header="X-Remote-Groups",
                oidc=Oidc("http://127.0.0.1:9", "yiju", "s"),
                book=book,
                roles={"@it": Role.ADMIN},
            ),
            rights=RightsFile(folder / "rights.txt"),
            usage=record(folder, secret=RULES in documents),
            mcp=True,
        )
        client = TestClient(app, client=(PROXY, 1), raise_server_exceptions=False, follow_redirects=False)
        clients.append(client.__enter__())
        return Service(client, callers)

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def record(folder: Path, *, secret: bool) -> UsageLog:
    """What was asked so far: one question that nobody could answer; if `secret`, one that hr got an answer to."""
    usage = UsageLog(folder / "index-usage.sqlite", log_users=True, clock=lambda: 1_790_000_000.0)
    refused = Answer("午餐几点开始", "午餐几点开始", "没有。", abstained=True, id="r" * 32)
    usage.record(refused, Visitor("han"), where="chat", seconds=0.1)
    (folder / "index-cases.jsonl").write_text(json.dumps({"id": "open", "documents": [PLAN.id]}) + "\n", "utf-8")
    if secret:
        citation = cite(1, RULES, "分布式光伏项目按每千瓦时0.1元给予补贴，期限三年。")
        told = Answer("hr问过的", "hr问过的", "每千瓦时0.1元[1]", "每千瓦时0.1元", (citation,), id="a" * 32)
        for answer in (told, replace(told, id="b" * 32)):
            usage.record(answer, Visitor("li"), where="chat", seconds=0.1)
            usage.rate(answer.id or "", False, "第五条不对").result()
        with (folder / "index-cases.jsonl").open("a", encoding="utf-8") as file:
            for kept in ({"id": "hidden", "documents": [RULES.id], "given": "每千瓦时"}, {"id": "of before"}):
                file.write(json.dumps(kept) + "\n")
    usage.flush()
    return usage


@pytest.fixture(scope="module")
def with_it(serve: Callable[[Sequence[Document]], Service]) -> Service:
    return serve([PLAN, RULES])


@pytest.fixture(scope="module")
def without_it(serve: Callable[[Sequence[Document]], Service]) -> Service:
    return serve([PLAN])


# What is asked of each route

Call = Callable[[TestClient, Mapping[str, str]], str]
"""Status and body of a request with the headers of some caller."""


@dataclass(frozen=True)
class Rule:
    """What a route is asked, and what comes of it.

    Attributes:
        calls: requests; between them they try to get at the document of hr.
        open_to: the least role that gets more than a refusal.
        shows: whether hr sees its document; where not, nobody sees any of it.
        compared: whether two services say the same to those who may not read it.
    """

    calls: tuple[Call, ...]
    open_to: Role = Role.READER
    shows: bool = False
    compared: bool = True


def get(*addresses: str) -> tuple[Call, ...]:
    return tuple(lambda client, who, at=each: _said(client.get(at, headers=who)) for each in addresses)


def post(address: str, *bodies: object) -> tuple[Call, ...]:
    return tuple(lambda client, who, body=each: _said(client.post(address, json=body, headers=who)) for each in bodies)


def form(address: str, *bodies: Mapping[str, str]) -> tuple[Call, ...]:
    return tuple(lambda client, who, body=each: _said(client.post(address, data=body, headers=who)) for each in bodies)


def change(method: str, address: str, **given: Any) -> tuple[Call, ...]:
    def call(client: TestClient, who: Mapping[str, str]) -> str:
        return _said(client.request(method, address, **{**given, "headers": {**who, **given.get("headers", {})}}))

    return (call,)


def _said(reply: Any) -> str:
    return f"{reply.status_code} {reply.headers.get('location', '')} {reply.text}"


def tool(name: str, **arguments: object) -> Call:
    def call(client: TestClient, who: Mapping[str, str]) -> str:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        headers = {**who, "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
        return _said(client.post("/mcp", json=body, headers=headers))

    return call


def chatting(state: object = None, *, queued: bool = True) -> Call:
    """A question in the chat, as its page asks it."""

    def call(client: TestClient, who: Mapping[str, str]) -> str:
        config = client.get("/chat/config").json()
        event = next(each for each in config["dependencies"] if each["queue"] is not False and len(each["inputs"]) == 2)
        messages = [{"role": "user", "content": [{"type": "text", "text": ASKED}]}]
        data = [messages, json.dumps(state) if state else ""]
        conversation = f"c{next(NUMBERS)}"
        body = {"data": data, "fn_index": event["id"], "session_hash": conversation, "event_data": None}
        if not queued:
            return _said(client.post("/chat/gradio_api/run/predict", json=body, headers=who))
        joined = client.post("/chat/gradio_api/queue/join", json=body, headers=who)
        if joined.status_code != 200:
            return _said(joined)
        return _said(client.get(f"/chat/gradio_api/queue/data?session_hash={conversation}", headers=who))

    return call


def opening() -> Call:
    """The chat's page asks for its example questions."""

    def call(client: TestClient, who: Mapping[str, str]) -> str:
        config = client.get("/chat/config").json()
        event = next(each for each in config["dependencies"] if each["targets"][0][1] == "load")
        body = {"data": [], "fn_index": event["id"], "session_hash": f"c{next(NUMBERS)}"}
        return _said(client.post("/chat/gradio_api/run/predict", json=body, headers=who))

    return call


HIDDEN = f"/api/documents/{RULES.id}"
QUESTIONS = (
    {"question": ASKED},
    {"question": "光伏"},
    {"question": "光伏项目管理办发第五条"},
    {"question": "那补贴呢？", "history": [ASKED, "光伏项目管理办法规定了什么"]},
    {"question": ASKED, "filter": {"documents": [RULES.id]}},
    {"question": ASKED, "filter": {"documents": [PLAN.id, RULES.id], "years": [2023]}},
)
SPOKEN = tuple({"model": "yiju", "messages": [{"role": "user", "content": each["question"]}]} for each in QUESTIONS)
SETTLED = (
    {"how": "dismiss", "answer": "a" * 32, "until": "1790000001"},
    {"how": "answer", "answer": "r" * 32, "until": "1790000001", "correct": "0.1元", "evidence": "按每千瓦时0.1元给予"},
    {"how": "document", "answer": "r" * 32, "until": "1790000001"},
)
RULED: dict[tuple[str, str], Rule] = {
    # First what tells of the record of questions, which the questions below are added to.
    ("GET", "/admin"): Rule(get("/admin"), Role.ADMIN),
    ("GET", "/admin/"): Rule(get("/admin/", "/admin/?days=90"), Role.ADMIN, shows=True),
    ("GET", "/admin/cases.jsonl"): Rule(get("/admin/cases.jsonl"), Role.ADMIN, shows=True),
    ("GET", "/admin/questions.jsonl"): Rule(get("/admin/questions.jsonl"), Role.ADMIN, shows=True),
    ("POST", "/admin/settle"): Rule(form("/admin/settle", *SETTLED), Role.ADMIN),
    ("POST", "/admin/person"): Rule(
        form("/admin/person", {"how": "export", "name": "li"}, {"how": "forget", "name": "nobody", "sure": "yes"}),
        Role.ADMIN,
        shows=True,
    ),
    ("GET", "/api/documents"): Rule(get("/api/documents"), shows=True),
    ("GET", "/api/documents/{document_id}"): Rule(get(HIDDEN), shows=True),
    ("GET", "/api/documents/{document_id}/text"): Rule(get(f"{HIDDEN}/text"), shows=True),
    ("GET", "/api/documents/{document_id}/context"): Rule(
        get(f"{HIDDEN}/context?start=0&end=20", f"{HIDDEN}/context?start=9&end=3", f"{HIDDEN}/context"), shows=True
    ),
    ("GET", "/api/documents/{document_id}/file"): Rule(get(f"{HIDDEN}/file")),
    ("POST", "/api/documents"): Rule(
        change(
            "POST",
            f"/api/documents?name={RULES.source}",
            content=b"x",
            headers={"Content-Type": "application/octet-stream"},
        ),
        Role.EDITOR,
    ),
    ("DELETE", "/api/documents/{document_id}"): Rule(change("DELETE", HIDDEN), Role.EDITOR),
    ("PATCH", "/api/documents/{document_id}"): Rule(change("PATCH", HIDDEN, json={"name": "x.txt"}), Role.EDITOR),
    ("GET", "/api/jobs"): Rule(get("/api/jobs"), Role.EDITOR),
    ("GET", "/api/jobs/events"): Rule(get("/api/jobs/events"), Role.EDITOR),
    ("GET", "/api/jobs/{job_id}"): Rule(get("/api/jobs/unknown"), Role.EDITOR),
    ("POST", "/api/jobs/{job_id}/undo"): Rule(post("/api/jobs/unknown/undo", {}), Role.EDITOR),
    ("GET", "/documents/"): Rule(
        get("/documents/", "/documents/?q=光伏", "/documents/?q=管理办法", "/documents/?page=1"), shows=True
    ),
    ("GET", "/documents/{document_id}"): Rule(
        get(f"/documents/{RULES.id}", f"/documents/{RULES.id}?start=0&end=9", f"/documents/{RULES.id}?part=7"),
        shows=True,
    ),
    ("GET", "/documents/{document_id}/pages"): Rule(get(f"/documents/{RULES.id}/pages")),
    ("GET", "/documents/{document_id}/pages/{n}.png"): Rule(get(f"/documents/{RULES.id}/pages/1.png")),
    ("GET", "/api/examples"): Rule(get("/api/examples"), shows=True),
    ("GET", "/api/health"): Rule(get("/api/health"), Role.GUEST),
    ("POST", "/api/ask"): Rule((*post("/api/ask", *QUESTIONS), *post("/api/ask?stream=1", *QUESTIONS)), shows=True),
    ("POST", "/v1/chat/completions"): Rule(
        (
            *post("/v1/chat/completions", *SPOKEN),
            *post("/v1/chat/completions", *({**each, "stream": True} for each in SPOKEN)),
        ),
        shows=True,
    ),
    ("GET", "/api/search"): Rule(
        get(
            f"/api/search?question={ASKED}",
            "/api/search?question=光伏&k=50",
            f"/api/search?question={ASKED}&document={RULES.id}",
            f"/api/search?question={ASKED}&document={PLAN.id}&document={RULES.id}&year=2023",
        ),
        shows=True,
    ),
    ("POST", "/api/search"): Rule(
        post("/api/search", *QUESTIONS[:3], *QUESTIONS[4:], {"question": "光伏", "k": 50}), shows=True
    ),
    # Vectors hang on the text that was sent alone; that a document is there changes nothing in them.
    ("POST", "/v1/responses"): Rule(post("/v1/responses", {"input": ASKED})),
    ("POST", "/v1/embeddings"): Rule(
        post("/v1/embeddings", {"input": ASKED}, {"input": [ASKED, RULES.id], "input_type": "query"})
    ),
    ("*", "/mcp"): Rule(
        (
            tool("ask", question=ASKED),
            tool("ask", question=ASKED, documents=[RULES.id]),
            tool("search", query="光伏"),
            tool("search", query=ASKED, documents=[RULES.id]),
            tool("get_passage", document_id=RULES.id, start=0, end=40),
            tool("get_passage", document_id=RULES.id, start=0, end=4_000_000),
        ),
        shows=True,
    ),
    ("POST", "/api/feedback"): Rule(post("/api/feedback", {"answer_id": "f" * 32, "rating": "good"})),
    ("POST", "/api/export"): Rule(post("/api/export", {"format": "md", "turns": []}, {"format": "pdf"})),
    ("GET", "/v1/models"): Rule(get("/v1/models")),
    ("GET", "/v1/models/{model}"): Rule(get("/v1/models/yiju", f"/v1/models/{RULES.id}")),
    # Counts the answers to everybody's questions, for operators; of documents it says nothing.
    ("GET", "/metrics"): Rule(get("/metrics"), Role.ADMIN, compared=False),
    # The chat, as far as its page needs Gradio.
    ("GET", "/chat"): Rule(get("/chat", f"/chat?q={RULES.id}")),
    ("GET", "/chat/"): Rule(get("/chat/")),
    ("HEAD", "/chat/"): Rule((lambda client, who: _said(client.head("/chat/", headers=who)),)),
    ("GET", "/chat/config"): Rule(get("/chat/config"), Role.GUEST),
    ("POST", "/chat/gradio_api/queue/join"): Rule(
        (chatting(), chatting({"filter": {"documents": [RULES.id]}}), chatting({"filter": {"documents": [PLAN.id]}})),
        shows=True,
    ),
    ("GET", "/chat/gradio_api/queue/data"): Rule(get("/chat/gradio_api/queue/data?session_hash=guessed")),
    # Gradio takes any name for "predict"; the guard does not.
    ("POST", "/chat/gradio_api/run/predict"): Rule((chatting(queued=False), opening()), shows=True),
    ("POST", "/chat/gradio_api/reset"): Rule(post("/chat/gradio_api/reset", {"event_id": RULES.id})),
    ("POST", "/chat/gradio_api/cancel"): Rule(
        post("/chat/gradio_api/cancel", {"session_hash": "guessed", "fn_index": 1, "event_id": "guessed"})
    ),
    ("GET", "/chat/gradio_api/app_id"): Rule(get("/chat/gradio_api/app_id"), Role.GUEST),
    ("GET", "/chat/static/{path:path}"): Rule(get("/chat/static/img/none.svg"), Role.GUEST),
    ("GET", "/chat/assets/{path:path}"): Rule(get("/chat/assets/none.js"), Role.GUEST),
    ("GET", "/chat/favicon.ico"): Rule(get("/chat/favicon.ico"), Role.GUEST),
    ("GET", "/chat/theme.css"): Rule(get("/chat/theme.css"), Role.GUEST),
    # Files as they stand, and signing in.
    ("*", "/static"): Rule(get("/static/app.js", f"/static/{RULES.id}"), Role.GUEST),
    ("GET", "/"): Rule(get("/")),
    ("GET", "/favicon.ico"): Rule(get("/favicon.ico"), Role.GUEST),
    ("GET", "/widget.js"): Rule(get("/widget.js"), Role.GUEST),
    ("GET", "/widget/module.js"): Rule(get("/widget/module.js"), Role.GUEST),
    ("GET", "/widget/pages.css"): Rule(get("/widget/pages.css"), Role.GUEST),
    **{
        ("GET", f"/widget/{page}{kind}"): Rule(
            get(f"/widget/{page}{kind}"), Role.GUEST if page == "demo" or kind else Role.ADMIN
        )
        for page in ("demo", "setup", "preview")
        for kind in ("", ".js")
    },
    ("GET", "/api/openapi.json"): Rule(get("/api/openapi.json"), Role.GUEST),
    ("GET", "/api/docs"): Rule(get("/api/docs"), Role.GUEST),
    ("GET", "/signin"): Rule(get("/signin", f"/signin?next=/documents/{RULES.id}"), Role.GUEST),
    ("POST", "/signin"): Rule(form("/signin", {"key": "yk_no", "next": f"/documents/{RULES.id}"}), Role.GUEST),
    ("POST", "/signin/out"): Rule(form("/signin/out", {}), Role.GUEST),
    ("GET", "/signin/oidc"): Rule(get("/signin/oidc"), Role.GUEST),
    ("GET", "/signin/back"): Rule(get("/signin/back?code=x&state=y"), Role.GUEST),
}


def table(router: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, those of routers and applications inside among them."""
    for each in router.routes:
        if inner := getattr(each, "original_router", None):
            yield from table(inner, prefix)
        elif isinstance(each, Mount) and hasattr(each.app, "routes"):
            yield from table(each.app, prefix + each.path)
        elif isinstance(each, Mount):
            yield "*", prefix + each.path
        elif isinstance(each, Route):
            path = (prefix + each.path).replace("run/{api_name}", "run/predict")
            yield from ((method, path) for method in sorted(each.methods or ("*",)))


def closed(path: str) -> bool:
    """Whether it is one of Gradio's routes that the guard keeps shut."""
    return path.startswith("/chat") and CHAT_ROUTES.fullmatch(filled(path)) is None


def filled(path: str) -> str:
    """The path with the document of hr wherever there is a place for one."""
    return re.sub(r"\{[^}]*\}", RULES.id, path)


def hides(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


_PASSING = re.compile(
    r"""
    nonce[=-]"?[\w-]+ | \bstate=[\w-]+ | name="until"\ value="[^"]*" | \b[0-9a-f]{32}\b | (?:chatcmpl-|resp_|msg_)\w+
    | \bc\d+-[0-9a-f]+ | "(?:created(?:_at)?|app_id|\w*duration|avg_time|\w*eta)":\ ?[\w.-]+ | "timing_ms":\ ?\{[^}]*\}
    | "(?:event_id|session_hash)":\ ?"[^"]*"
    """,
    re.VERBOSE,
)
"""What differs from request to request by itself."""


def steady(text: str) -> str:
    if '"dependencies"' in text:  # Gradio numbers the parts of all pages of a process through
        text = re.sub(r"\d+", "", text)
    return _PASSING.sub("~", text)


def test_every_route_has_a_rule_and_every_rule_a_route(with_it):
    served = set(table(with_it.client.app))
    assert {each for each in served if not closed(each[1])} == set(RULED)
    assert ("POST", "/chat/gradio_api/upload") in {each for each in served if closed(each[1])}


@pytest.mark.parametrize("route", RULED, ids=" ".join)
def test_who_may_not_read_a_document_cannot_tell_that_there_is_one(with_it, without_it, route):
    rule = RULED[route]
    for (number, call), caller in itertools.product(enumerate(rule.calls), NOT_OF_HR):
        said = call(with_it.client, with_it.callers[caller])
        never = call(without_it.client, without_it.callers[caller])
        # What a request itself said may come back, from both: its question, the id in its address.
        assert steady(said) == steady(never) if rule.compared else hides(said), (number, caller)


@pytest.mark.parametrize("route", [each for each, rule in RULED.items() if rule.shows], ids=" ".join)
def test_who_may_read_it_does(with_it, route):
    for caller in OF_HR if RULED[route].open_to is Role.READER else ["administrator of hr"]:
        said = [call(with_it.client, with_it.callers[caller]) for call in RULED[route].calls]
        assert any(not hides(each.replace(ASKED, "")) for each in said), caller


@pytest.mark.parametrize("route", RULED, ids=" ".join)
def test_only_those_whom_the_rule_names_get_more_than_a_refusal(with_it, route):
    rule = RULED[route]
    roles = {"guest": Role.GUEST, "reader": Role.READER, "key": Role.READER, "administrator": Role.ADMIN}
    for call, (caller, role) in itertools.product(rule.calls[:1], roles.items()):
        said = call(with_it.client, with_it.callers[caller])
        refused = (said[:3] in ("401", "403") and route != ("POST", "/signin")) or "/signin?next=" in said[:60]
        assert refused is not role.reaches(rule.open_to), caller


def test_the_chats_other_routes_are_shut_for_everybody(with_it):
    for method, path in sorted(table(with_it.client.app)):
        if not closed(path):
            continue
        for caller in ("guest", "reader", "administrator of hr"):
            reply = with_it.client.request(method, filled(path), headers=with_it.callers[caller])
            wanted = {303, 401} if caller == "guest" else {404}
            assert reply.status_code in wanted and hides(reply.text), (method, path, caller)


UNKNOWN = "rules-0000"


@pytest.mark.parametrize("caller", NOT_OF_HR)
def test_an_unreadable_document_looks_just_like_an_unknown_one(with_it, caller):
    for path in ("/api/documents/{}", "/api/documents/{}/text", "/api/documents/{}/context?start=0&end=9",
                 "/documents/{}", "/documents/{}?start=1&end=4", "/documents/{}/pages/1.png"):  # fmt: skip
        replies = [get(path.format(id))[0](with_it.client, with_it.callers[caller]) for id in (RULES.id, UNKNOWN)]
        assert steady(replies[0]).replace(RULES.id, "") == steady(replies[1]).replace(UNKNOWN, ""), path
