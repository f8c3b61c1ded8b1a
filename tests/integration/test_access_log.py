"""Numbers of requests, the access log, and what Prometheus scrapes beside answers."""

from __future__ import annotations

import json
import logging

import pytest
from fastapi.testclient import TestClient

from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built


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


def test_statuses_and_searches_are_scraped() -> None:
    with TestClient(built(FakeAnswerer()), base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        client.get("/api/none")
        client.post("/api/search", json={"question": "光伏"})
        lines = client.get("/metrics").text
    assert 'yiju_http_responses_total{status="404"} 1' in lines and "yiju_search_seconds_count 1" in lines
