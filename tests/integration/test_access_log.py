"""Numbers of requests, the access log, and what Prometheus scrapes beside answers."""

from __future__ import annotations

import json
import logging

import pytest
from fastapi.testclient import TestClient

from index.filters import Filter
from index.structure.versions import Versions
from qa.answers import Answer
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui.middleware.access_log import WithRequestId


def test_every_response_has_a_number_and_keeps_a_sound_one_that_came_with_the_request() -> None:
    with TestClient(built(FakeAnswerer()), base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        made = [client.get("/api/health").headers["x-request-id"] for _ in range(2)]
        assert len(set(made)) == 2 and all(len(each) == 32 for each in made)
        assert client.get("/api/none", headers={"x-request-id": "gate-7"}).headers["x-request-id"] == "gate-7"
        assert client.get("/api/health", headers={"x-request-id": "a b"}).headers["x-request-id"] != "a b"


def test_the_access_log_is_json_without_query_or_address(caplog: pytest.LogCaptureFixture) -> None:
    app = built(FakeAnswerer(), access_log=True)
    with (
        TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client,
        caplog.at_level(logging.INFO, "yiju.access"),
    ):
        client.get("/api/search?question=秘密", headers={"x-request-id": "r1"})
    (line,) = (json.loads(each.message) for each in caplog.records if each.name == "yiju.access")
    assert {key: line[key] for key in ("request_id", "method", "path", "status")} == {
        "request_id": "r1",
        "method": "GET",
        "path": "/api/search",
        "status": 200,
    }
    assert "秘密" not in json.dumps(line, ensure_ascii=False) and "127.0.0.1" not in str(line)


def test_a_failure_has_its_number_in_the_response_and_in_the_log_of_the_thread_that_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(FakeAnswerer):
        def ask(self, *asked: object) -> Answer:
            raise RuntimeError("broken")

        def versions(self, within: Filter | None = None) -> Versions:
            raise RuntimeError("broken too")

    caplog.handler.addFilter(WithRequestId())
    app = built(Broken())
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1), raise_server_exceptions=False) as client:
        sent = {"x-request-id": "gate-8"}
        said = client.post("/api/ask", json={"question": "光伏"}, headers=sent)
        assert (said.status_code, said.headers["x-request-id"]) == (500, "gate-8")
        said = client.get("/api/documents", headers=sent)
        assert (said.status_code, said.headers["x-request-id"]) == (500, "gate-8")
        assert said.json()["error"]["code"] == "internal_error" and "broken" not in said.text
    logged = {each.message: each.request_id for each in caplog.records if hasattr(each, "request_id")}
    assert logged["answering failed"] == logged["a request failed"] == "gate-8"


def test_statuses_and_searches_are_scraped() -> None:
    with TestClient(built(FakeAnswerer()), base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        client.get("/api/none")
        client.post("/api/search", json={"question": "光伏"})
        lines = client.get("/metrics").text
    assert 'yiju_http_responses_total{status="404"} 1.0' in lines and "yiju_search_seconds_count 1.0" in lines
