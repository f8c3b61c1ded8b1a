"""The description of the interface against the interface itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import jsonschema
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from lxml import html

from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui.api.reference import SPEC, operations
from ui.usage.log import UsageLog

WHOLE = json.loads(SPEC.read_text(encoding="utf-8"))

GOOD = [
    ("POST", "/api/ask", "/api/ask", {"question": "光伏装机目标是多少"}),
    ("POST", "/api/ask", "/api/ask", {"question": "天气如何", "history": ["a"], "filter": {"years": [2025]}}),
    ("POST", "/api/search", "/api/search", {"question": "光伏", "k": 2, "filter": {"years": [2023]}}),
    ("GET", "/api/search", "/api/search?question=光伏&k=2&document=plan-1a2b&year=2023", None),
    ("POST", "/v1/embeddings", "/v1/embeddings", {"input": "光伏"}),
    ("POST", "/v1/responses", "/v1/responses", {"input": "光伏"}),
    ("GET", "/api/examples", "/api/examples", None),
    ("GET", "/api/documents", "/api/documents", None),
    ("GET", "/api/documents/{document_id}", "/api/documents/plan-1a2b", None),
    ("GET", "/api/documents/{document_id}/text", "/api/documents/plan-1a2b/text", None),
    ("GET", "/api/documents/{document_id}/context", "/api/documents/plan-1a2b/context?start=3&end=9", None),
    ("GET", "/api/health", "/api/health", None),
    ("GET", "/metrics", "/metrics", None),
    ("GET", "/v1/models", "/v1/models", None),
    ("GET", "/v1/models/{model}", "/v1/models/yiju", None),
    ("POST", "/v1/chat/completions", "/v1/chat/completions", {"messages": [{"role": "user", "content": "光伏"}]}),
]
BAD = [
    ("POST", "/api/ask", "/api/ask", {"question": ""}, 422),
    ("POST", "/api/feedback", "/api/feedback", {"answer_id": "unknown", "rating": "good"}, 404),
    ("POST", "/api/feedback", "/api/feedback", {"answer_id": "unknown", "rating": 5}, 422),
    ("POST", "/api/export", "/api/export", {"format": "pdf", "turns": []}, 422),
    ("GET", "/api/documents/{document_id}", "/api/documents/unknown", None, 404),
    ("GET", "/api/documents/{document_id}/context", "/api/documents/plan-1a2b/context?start=9&end=3", None, 422),
    ("DELETE", "/api/documents/{document_id}", "/api/documents/plan-1a2b", None, 503),
    ("PATCH", "/api/documents/{document_id}", "/api/documents/plan-1a2b", {"name": "x"}, 503),
    ("POST", "/api/documents", "/api/documents?name=x", None, 503),
    ("GET", "/api/documents/{document_id}/file", "/api/documents/plan-1a2b/file", None, 404),
    ("GET", "/api/jobs/{job_id}", "/api/jobs/x", None, 503),
    ("POST", "/api/search", "/api/search", {"question": "光伏", "k": 0}, 422),
    ("GET", "/api/search", "/api/search?k=3", None, 422),
    ("POST", "/v1/embeddings", "/v1/embeddings", {"input": [1, 2]}, 422),
    ("POST", "/v1/responses", "/v1/responses", {"input": 1}, 422),
    ("POST", "/v1/responses", "/v1/responses", {"input": "光伏", "previous_response_id": "resp_1"}, 400),
    ("GET", "/v1/models/{model}", "/v1/models/gpt", None, 404),
    ("POST", "/v1/chat/completions", "/v1/chat/completions", {"messages": []}, 422),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    usage = UsageLog(tmp_path_factory.mktemp("usage") / "index-usage.sqlite")
    with TestClient(built(FakeAnswerer(), usage=usage)) as client:
        yield client


def resolved(node: object) -> object:
    """The node with what it refers to in place of each reference."""
    if isinstance(node, list):
        return [resolved(each) for each in node]
    if isinstance(node, dict) and "$ref" in node:
        target: object = WHOLE
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]  # type: ignore[index]
        return resolved(target)
    return {key: resolved(value) for key, value in node.items()} if isinstance(node, dict) else node


def schema_of(method: str, path: str, status: int, kind: str) -> dict:
    """The schema of a reply; a KeyError if the description has no such reply."""
    return resolved(WHOLE["paths"])[path][method.lower()]["responses"][str(status)]["content"][kind]["schema"]


def routes_of(routes: Sequence[object]) -> Iterator[APIRoute]:
    """All routes, those of included routers among them."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif inner := getattr(route, "original_router", None):
            yield from routes_of(inner.routes)


def check(reply, method: str, path: str) -> None:
    kind = reply.headers["content-type"].partition(";")[0]
    schema = schema_of(method, path, reply.status_code, kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(reply.json() if kind == "application/json" else reply.text, schema)


@pytest.mark.parametrize(("method", "path", "address", "body"), GOOD)
def test_a_good_reply_is_as_described(client, method, path, address, body):
    reply = client.request(method, address, json=body)
    assert reply.status_code == 200
    check(reply, method, path)


@pytest.mark.parametrize(("method", "path", "address", "body", "status"), BAD)
def test_an_error_is_as_described(client, method, path, address, body, status):
    reply = client.request(method, address, json=body)
    assert reply.status_code == status
    check(reply, method, path)


def test_feedback_is_as_described(client):
    id = client.post("/api/ask", json={"question": "光伏"}).json()["id"]
    check(client.post("/api/feedback", json={"answer_id": id, "rating": "good"}), "POST", "/api/feedback")


@pytest.mark.parametrize("operation", [each for each in operations() if each.body], ids=lambda each: each.id)
def test_every_example_of_a_body_fits_its_description_and_is_understood(client, operation):
    said = resolved(WHOLE["paths"])[operation.path][operation.method.lower()]
    content = said["requestBody"]["content"]["application/json"]
    jsonschema.validate(content["example"], content["schema"])
    reply = client.request(operation.method, operation.path, json=content["example"])
    # No answer has the example's id; and here documents are not managed.
    assert reply.status_code == {"feedback": 404, "rename": 503}.get(operation.id, 200)


def test_what_the_interface_takes_but_the_description_forbids_is_refused(client):
    wrong = {"question": "光伏", "filter": {"authors": ["x"]}}
    schema = resolved(WHOLE["components"]["schemas"]["Question"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)
    assert client.post("/api/ask", json=wrong).status_code == 422


def test_every_route_for_programs_is_described_and_nothing_else_is(client):
    described = {(each.method, each.path) for each in operations()}
    served = {(method, route.path) for route in routes_of(client.app.routes) for method in route.methods}
    own = {("GET", "/api/docs"), ("GET", "/api/openapi.json")}
    programs = {each for each in served if each[1].startswith(("/api/", "/v1/")) or each[1] == "/metrics"}
    assert programs - own == described


def test_the_description_is_openapi_with_a_server_that_holds_under_any_prefix(client):
    served = client.get("/api/openapi.json").json()
    assert served == WHOLE
    assert (served["openapi"], served["servers"]) == ("3.1.0", [{"url": ".."}])
    ids = [each.id for each in operations()]
    assert len(set(ids)) == len(ids)


def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(client):
    page = html.fromstring(client.get("/api/docs").text)
    assert [each.get("id") for each in page.cssselect("details.operation")] == [each.id for each in operations()]
    linked = page.xpath("//script/@src | //link/@href | //img/@src | //a/@href")
    assert linked
    assert not [each for each in linked if "//" in each]
    assert "curl -s http://testserver/api/ask" in page.text_content()
