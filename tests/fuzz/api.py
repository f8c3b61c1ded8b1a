"""`python -m tests.fuzz.api SECONDS FOUND_DIR`: the HTTP interface by its own description, in this process.

schemathesis makes requests that the description allows and others that it does not; whatever comes back must be a reply
that the description names, in the form that it gives, and never a server error. Answers come from the stand-in of the
tests: what is fuzzed is everything before and after the assistant.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui.usage.log import UsageLog

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 25
"""Requests for one operation and kind in a round."""


def main() -> None:
    """Fuzz for some seconds; each new way to fail is written to a file of its own."""
    seconds, found = float(sys.argv[1]), Path(sys.argv[2])
    logging.disable(logging.CRITICAL)
    end, sent = time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory() as folder:
        app = built(FakeAnswerer(), usage=UsageLog(Path(folder) / "usage.sqlite"))
        schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
        while time.monotonic() < end:
            for label, failure, count in failures(schema):
                sent += count
                if failure:
                    name = hashlib.sha1(f"{label}{failure.splitlines()[:2]}".encode()).hexdigest()[:12]
                    (found / f"api-{name}").write_text(f"{label}\n{failure[:4000]}\n", encoding="utf-8")
                if time.monotonic() > end:
                    break
    sys.stdout.write(f"Done {sent} requests\n")


def failures(schema: schemathesis.BaseSchema) -> Iterator[tuple[str, str, int]]:
    """For each operation and kind of request: its name, how it failed (empty if it did not), how many were sent."""
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:
            try:
                strategy = operation.as_strategy(generation_mode=mode)
                yield f"{operation.label} {mode}", *_tried(strategy)
            except (hypothesis.errors.Unsatisfiable, hypothesis.errors.InvalidArgument):
                yield f"{operation.label} {mode}", "", 0  # nothing can be made that breaks its rules


def _tried(strategy: hypothesis.strategies.SearchStrategy[schemathesis.Case]) -> tuple[str, int]:
    sent = 0

    @hypothesis.settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.seed(time.time_ns())
    @hypothesis.given(strategy)
    def attempt(case: schemathesis.Case) -> None:
        nonlocal sent
        sent += 1
        response = case.call()
        streamed = response.headers.get("content-type", [""])[0].startswith("text/event-stream")
        # Of a stream the description gives the form of each event in words; schemathesis would take it for the events.
        case.validate_response(response, checks=CHECKS[:-1] if streamed else CHECKS)

    try:
        attempt()
    except (hypothesis.errors.Unsatisfiable, hypothesis.errors.InvalidArgument):
        raise
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  whatever it is, it is what we look for
        return f"{type(error).__name__}: {error}", sent
    return "", sent


if __name__ == "__main__":
    main()
