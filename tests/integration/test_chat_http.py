"""The client of a language model against a real server that does what servers do wrong."""

from __future__ import annotations

import datetime
import ipaddress
import time
from collections.abc import Generator
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from index.errors import ModelError, ModelReply, ModelTimeout, ModelUnavailable, PromptTooLong, YijuError
from qa.generating.chat_http import MAX_BYTES, HttpChatModel, Limits
from qa.protocols import ChatModel, Message, Tokens
from tests.support.chat_server import Handler, Reply, Server, chat_server, closed_port, refuses, says, stalls, streams

TEXT = "光伏发电计划装机容量70MW[1]。"
QUICK = Limits(connect=0.5, first=0.3, idle=0.3, total=1.0, pauses=(0.01, 0.02))
PATIENT = Limits(connect=1.0, first=20.0, idle=20.0, total=20.0, pauses=(0.01, 0.02))


def model(server: Server | str, limits: Limits = QUICK, **options: object) -> HttpChatModel:
    url = server if isinstance(server, str) else server.url
    return HttpChatModel(url, "qwen3:8b", limits=limits, **options)  # type: ignore[arg-type]


def reply(server: Server | str, limits: Limits = QUICK, **options: object) -> str:
    return "".join(model(server, limits, **options).stream([Message("user", "光伏？")], 200))


def error(*script: Reply, limits: Limits = QUICK) -> tuple[ModelError, str]:
    """What is raised, and what came before it."""
    said = ""
    with chat_server(*script) as server:
        try:
            for piece in model(server, limits).stream([Message("user", "？")], 200):
                said += piece
        except ModelError as raised:
            return raised, said
    raise AssertionError(f"nothing was raised; the reply was {said!r}")


def test_is_a_chat_model() -> None:
    assert isinstance(model("http://127.0.0.1:9/v1"), ChatModel)


def test_pieces_make_the_reply_and_the_request_says_what_is_wanted() -> None:
    with chat_server(says(TEXT)) as server:
        assert reply(server, key="k-1") == TEXT
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions" and asked.headers["Authorization"] == "Bearer k-1"
    assert asked.body == {
        "model": "qwen3:8b",
        "messages": [{"role": "user", "content": "光伏？"}],
        "max_tokens": 200,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def taken(server: Server) -> Tokens | None:
    """What a reply is said to have taken."""

    def reading() -> Generator[str, None, Tokens | None]:
        return (yield from model(server).stream([Message("user", "？")], 200))

    pieces = reading()
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            told: Tokens | None = end.value
            return told


def test_what_a_reply_took_is_read_where_the_server_tells() -> None:
    with chat_server(says(TEXT)) as server:
        assert taken(server) == Tokens(9, 9)


@pytest.mark.parametrize("usage", [None, {}, [], {"prompt_tokens": 9}, {"prompt_tokens": "9", "completion_tokens": 9}])
def test_a_count_that_is_none_is_not_read(usage: object) -> None:
    event = {"choices": [{"delta": {"content": "好"}, "finish_reason": "stop"}], "usage": usage}
    with chat_server(streams(event)) as server:
        assert taken(server) is None


def test_a_server_that_knows_no_counting_is_asked_again_without_it_and_then_never_with_it() -> None:
    refusal = refuses(400, '{"error": {"message": "Unrecognized request argument supplied: stream_options"}}')
    with chat_server(refusal, says(TEXT)) as server:
        asking = model(server)
        for _ in range(2):
            assert "".join(asking.stream([Message("user", "？")], 200)) == TEXT
    assert ["stream_options" in asked.body for asked in server.asked] == [True, False, False]


def test_without_a_key_none_is_sent() -> None:
    with chat_server(says(TEXT)) as server:
        reply(server)
    assert "Authorization" not in server.asked[0].headers


def test_a_piece_that_is_cut_within_a_character_is_read_whole() -> None:
    event = 'data: {"choices": [{"delta": {"content": "光伏"}, "finish_reason": "stop"}]}\r\n\r\n'.encode()
    with chat_server(streams(*(event[i : i + 1] for i in range(len(event))))) as server:
        assert reply(server) == "光伏"


def test_thoughts_and_calls_of_tools_are_no_text() -> None:
    chunks = [
        {"choices": [{"delta": {"reasoning_content": "想一想"}}]},
        {"choices": [{"delta": {"content": None, "tool_calls": [{"function": {"name": "rm"}}]}}]},
        {"choices": [{"delta": {"content": "好"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {}},
    ]
    with chat_server(streams(b": ping\n\n", b"event: message\n", *chunks)) as server:
        assert reply(server) == "好"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with chat_server(refuses(status), refuses(status), says(TEXT)) as server:
        assert reply(server) == TEXT
    assert len(server.asked) == 3


def test_tries_come_to_an_end() -> None:
    raised, _ = error(refuses(500, "out of\nmemory"))
    assert isinstance(raised, ModelUnavailable) and "500 out of memory" in str(raised)


@pytest.mark.parametrize(
    ("status", "told", "message"),
    [
        (401, "bad key", "YIJU_LLM_KEY"),
        (403, "", "YIJU_LLM_KEY"),
        (404, "no such model", "--llm-model"),
        (422, "x", "422 x"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(status: int, told: str, message: str) -> None:
    with chat_server(refuses(status, told)) as server, pytest.raises(ModelUnavailable, match=message):
        reply(server)
    assert len(server.asked) == 1


def test_retry_after_is_waited_for_as_long_as_there_is_time() -> None:
    with chat_server(refuses(429, Retry_After="1"), says(TEXT)) as server:
        start = time.monotonic()
        assert reply(server, PATIENT) == TEXT
        assert time.monotonic() - start >= 1
    raised, _ = error(refuses(429, Retry_After="99999"))
    assert isinstance(raised, ModelError)


def refuses_midway(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200")


def test_a_break_before_the_first_word_is_tried_again_and_one_behind_it_is_not() -> None:
    with chat_server(streams(), refuses_midway, says(TEXT)) as server:
        assert reply(server) == TEXT
    raised, said = error(streams("光伏发电计划"))
    assert (said, "中途断开" in str(raised)) == ("光伏发电计划", True)


def test_a_connection_that_breaks_in_mid_token_is_told_apart_from_an_end() -> None:
    half = b'data: {"choices": [{"delta": {"content": "7'
    raised, said = error(streams("装机容量", half))
    assert (type(raised), said) == (ModelReply, "装机容量")


@pytest.mark.parametrize(
    "sent", [b"data: {\n\n", b"data: []\n\n", b"data: \xff\xfe\n\n", b"data: " + b"[" * 9_999 + b"\n\n"]
)
def test_what_is_no_json_is_an_unusable_reply(sent: bytes) -> None:
    raised, _ = error(streams(sent))
    assert isinstance(raised, ModelReply) and "不是 JSON" in str(raised)


@pytest.mark.parametrize(
    "event",
    [{}, {"choices": None}, {"choices": [7]}, {"choices": [{"delta": "x"}]}, {"choices": [{"delta": {"content": 7}}]}],
)
def test_an_event_of_another_shape_says_nothing(event: dict[str, object]) -> None:
    with chat_server(streams(event, "好", {"choices": [{"finish_reason": "stop"}]})) as server:
        assert reply(server) == "好"


def test_an_error_in_the_stream_is_told() -> None:
    raised, said = error(streams("好", {"error": {"message": "CUDA out of memory"}}))
    assert said == "好" and "CUDA out of memory" in str(raised)


def test_a_reply_without_a_word_is_told() -> None:
    raised, _ = error(says(""))
    assert isinstance(raised, ModelReply) and "没有给出文字" in str(raised)


def test_nothing_but_calls_of_tools_is_told() -> None:
    raised, _ = error(streams({"choices": [{"delta": {"tool_calls": []}, "finish_reason": "tool_calls"}]}))
    assert "要调用工具" in str(raised)


def test_another_protocol_is_told() -> None:
    def page(handler: Handler) -> None:
        handler.begin("text/html")
        handler.raw(b"<html>Welcome")

    def banner(handler: Handler) -> None:
        handler.raw(b"220 mail.example ESMTP\r\n")

    assert "text/html" in str(error(page)[0])
    assert "无法连接语言模型" in str(error(banner)[0])


@pytest.mark.parametrize(
    "told",
    [
        '{"error": {"code": "context_length_exceeded", "message": "maximum context length is 4096"}}',
        '{"error": {"message": "the request exceeds the available context size"}}',
    ],
)
def test_a_prompt_that_is_too_long_is_told_apart(told: str) -> None:
    raised, _ = error(refuses(400, told))
    assert isinstance(raised, PromptTooLong)


def test_a_silent_server_is_given_up_and_its_request_ended() -> None:
    for headers in (False, True):
        with chat_server(stalls(headers=headers)) as server:
            with pytest.raises(ModelTimeout, match="迟迟没有应答"):
                reply(server)
            assert server.hung_up.wait(5)


def test_a_server_that_falls_silent_is_given_up() -> None:
    raised, said = error(stalls("光伏"))
    assert (type(raised), said) == (ModelTimeout, "光伏")


def test_a_server_that_trickles_for_ever_is_given_up() -> None:
    def trickle(handler: Handler) -> None:
        handler.begin()
        for _ in count():
            handler.delta(content="光")
            time.sleep(0.1)

    raised, said = error(trickle)
    assert isinstance(raised, ModelTimeout) and set(said) == {"光"}


def test_a_reply_without_end_is_cut_and_its_request_ended() -> None:
    def flood(handler: Handler) -> None:
        handler.begin()
        while True:
            handler.delta(content="光" * 100)

    with chat_server(flood) as server:
        said = reply(server, PATIENT)
        assert server.hung_up.wait(5)
    assert set(said) == {"光"} and 200 * 6 <= len(said) <= 200 * 6 + 200


def test_a_line_without_end_is_not_kept() -> None:
    def flood(handler: Handler) -> None:
        handler.begin()
        while True:
            handler.raw(b"data: " + b"x" * 100_000)

    raised, _ = error(flood, limits=PATIENT)
    assert f"超过 {MAX_BYTES} 字节" in str(raised)


def test_closing_the_iterator_ends_the_request() -> None:
    with chat_server(stalls("光伏")) as server:
        pieces = model(server, PATIENT).stream([Message("user", "？")], 200)
        assert next(piece for piece in pieces if piece) == "光伏"
        pieces.close()
        assert server.hung_up.wait(5)


def test_while_nothing_comes_the_caller_can_stop() -> None:
    with chat_server(stalls(headers=False)) as server:
        pieces = model(server, PATIENT).stream([Message("user", "？")], 200)
        assert [next(pieces), next(pieces)] == ["", ""]
        pieces.close()
        assert server.hung_up.wait(5)


def test_a_redirect_to_another_host_is_refused_and_gets_neither_question_nor_key() -> None:
    with chat_server(says(TEXT)) as other, chat_server(refuses(307, Location=other.url)) as server:
        with pytest.raises(ModelUnavailable, match="没有跟随"):
            reply(server, key="secret")
        assert (len(server.asked), other.asked) == (1, [])


@pytest.mark.parametrize(
    ("status", "location"), [(301, "/v2"), (302, "/v2"), (307, "https://127.0.0.1/v1"), (308, "//[")]
)
def test_other_redirects_are_refused(status: int, location: str) -> None:
    raised, _ = error(refuses(status, Location=location))
    assert "没有跟随" in str(raised)


def test_a_redirect_on_the_same_host_is_followed_a_few_times() -> None:
    with chat_server(refuses(308, Location="/v2/chat"), says(TEXT)) as server:
        assert reply(server) == TEXT
    assert [asked.path for asked in server.asked] == ["/v1/chat/completions", "/v2/chat"]
    assert "没有跟随" in str(error(refuses(307, Location="/round"))[0])


def test_nobody_there_is_told_with_the_address() -> None:
    port = closed_port()
    with pytest.raises(ModelUnavailable, match=f"无法连接语言模型 http://127.0.0.1:{port}"):
        reply(f"http://127.0.0.1:{port}/v1")


def test_the_key_is_in_no_message() -> None:
    raised, _ = error(refuses(500, "key k-secret is out of credit"))
    assert "k-secret" in str(raised)  # it was no key of ours
    with chat_server(refuses(500, "key k-secret is out of credit")) as server, pytest.raises(ModelError) as caught:
        reply(server, key="k-secret")
    assert "k-secret" not in str(caught.value)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{closed_port()}")
    with chat_server(says(TEXT)) as server:
        assert reply(server) == TEXT


# --- TLS ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that signs itself, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    signed = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + pem)
    return file


def test_a_certificate_of_ones_own_is_refused_until_it_is_named(certificate: Path) -> None:
    with chat_server(says(TEXT), certificate=certificate) as server:
        with pytest.raises(ModelUnavailable, match="--llm-ca-file"):
            reply(server)
        assert server.asked == []
        assert reply(server, ca_file=certificate) == TEXT


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_told(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    with pytest.raises(YijuError, match="无法读取证书文件"):
        model("https://127.0.0.1:1/v1", ca_file=file)


def test_threads_get_their_own_replies() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def echo(handler: Handler) -> None:
        says(handler.server.asked[-1].body["messages"][0]["content"])(handler)

    go = Event()
    with chat_server(echo) as server, ThreadPoolExecutor(4) as pool:
        shared = model(server, PATIENT)
        futures = [
            pool.submit(lambda: (go.wait(), "".join(shared.stream([Message("user", "问")], 50)))[1]) for _ in range(8)
        ]
        go.set()
        assert [each.result() for each in futures] == ["问"] * 8
