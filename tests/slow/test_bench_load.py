"""The load benchmark against a server whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Thread

import pytest

from bench import generator
from bench.load import Unanswered, asked, text_of, together, windows


@contextmanager
def answering(script: str, *, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server that answers every question with `script`; its address, and the questions it was asked."""
    questions: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stages = 'yiju_stage_seconds_sum{stage="read"} %d\nyiju_stage_seconds_count{stage="read"} %d\n'
            texts = {
                "/api/documents": '{"documents": [{"id": "a"}, {"id": "b"}]}',
                "/metrics": stages % (len(questions), 2 * len(questions)),
            }
            self._send(200, texts.get(self.path, f"全文 {self.path}\n"))

        def do_POST(self) -> None:
            questions.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["question"])
            self._send(status, script)

        def _send(self, code: int, text: str) -> None:
            self.send_response(code)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", questions
        finally:
            server.shutdown()
            thread.join()


WHOLE = "event: snapshot\ndata: {}\n\nevent: answer\ndata: {}\n\n"


def test_first_words_come_before_the_whole_answer() -> None:
    with answering(WHOLE) as (address, _):
        wait = asked(address, "问")
    assert 0 < wait.first <= wait.whole


@pytest.mark.parametrize(
    ("script", "status", "message"),
    [
        ("event: snapshot\ndata: {}\n\n", 200, "没有答完"),
        ("event: snapshot\ndata: {}\n\nevent: error\ndata: {}\n\n", 200, "没有答完"),
        ("", 200, "没有答完"),
        ("忙", 503, "503：忙"),
    ],
)
def test_an_answer_that_is_none_is_no_answer(script: str, status: int, message: str) -> None:
    with answering(script, status=status) as (address, _), pytest.raises(Unanswered, match=message):
        asked(address, "问")


def test_users_ask_each_question_once_and_failures_are_told_apart() -> None:
    texts = [f"第{n}问" for n in range(1_000)]
    with answering(WHOLE) as (address, seen):
        waits, failures = together(address, iter(texts), users=5, seconds=0.3, reading=0.02)
    assert failures == []
    assert len(waits) == len(seen) >= 5
    assert sorted(seen, key=texts.index) == texts[: len(seen)]
    with answering("忙", status=503) as (address, seen):
        waits, failures = together(address, iter(texts), users=2, seconds=0.1, reading=0.02)
    assert (waits, set(failures), len(failures)) == ([], {"503：忙"}, len(seen))


def test_questions_are_all_different_and_stay_within_the_text() -> None:
    with answering(WHOLE) as (address, _):
        text = text_of(address)
    assert text == "全文 /api/documents/a/text\n全文 /api/documents/b/text\n"
    made = list(islice(windows(text * 4), 2_000))
    assert len(set(made)) == len(made)
    assert all(each.removesuffix("是什么？") in "".join((text * 4).split()) for each in made)


def test_load_says_what_users_got_and_how_long_each_stage_took(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(WHOLE) as (address, questions):
        assert generator.main([address, "--users", "3", "--seconds", "0.1", "--reading", "0"]) == 0
    said = capsys.readouterr().out
    assert "| 3 users, 0 s of reading: answers a second |" in said and "not answered" not in said and questions
    assert "| stage read, mean | 500 ms |" in said and "whole answer, p99" in said


def test_load_on_a_service_that_is_not_there_ends_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert generator.main(["http://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.startswith("make load：http://127.0.0.1:1 没有照常回应")
