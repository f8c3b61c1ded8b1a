"""A language model behind an OpenAI-compatible interface over HTTP. Needs the extra `llm`.

The request runs on an event loop in a thread of its own, so that it can be ended at any time: while a silent server
is waited for, in the pause before another try, in mid-reply. Nothing but the named address is ever talked to.

Source: OpenAI API reference, "Create chat completion", streaming; WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urljoin, urlsplit

from index.errors import (
    MissingDependency,
    ModelError,
    ModelReply,
    ModelTimeout,
    ModelUnavailable,
    PromptTooLong,
    YijuError,
)
from qa.protocols import Message, Tokens

try:
    import anyio
    import httpx2
    from anyio.from_thread import start_blocking_portal
except ImportError as error:
    raise MissingDependency("llm", "使用语言模型需要软件包 httpx2：请运行 pip install 'yiju[llm]'。") from error

log = logging.getLogger(__name__)

BEAT = 0.2
"""Seconds without news after which the caller gets an empty piece."""
MAX_BYTES = 4_000_000
"""Longest answer that is read, all of its envelope included."""
CHARACTERS_A_TOKEN = 6
"""More characters than this for each token that was asked for are an answer without end."""
_REDIRECTS = 3
_TOLD = 4_000
"""Bytes of an error's text that are read."""
_TOO_LONG = ("context_length", "context length", "context size", "context window", "maximum context", "too long")

Json = Mapping[str, object]
Put = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, in seconds, and how often to try."""

    connect: float = 5.0  # for a connection
    first: float = 45.0  # for the first sign of a reply, once connected
    idle: float = 30.0  # between two pieces of it
    total: float = 180.0  # for everything, tries and pauses together
    # before each further try; a server's own `Retry-After` counts where it asks for longer
    pauses: tuple[float, ...] = (0.5, 2.0)


class HttpChatModel:
    """A `ChatModel` over HTTP. Calls from several threads are safe.

    Args:
        url: of the interface, up to `/v1`.
        name: of the model.
        key: sent as bearer token; None sends none.
        ca_file: certificates to trust beside those of the system.
        limits: how long to wait.

    Raises:
        YijuError: if the certificates cannot be read.
    """

    def __init__(
        self, url: str, name: str, key: str | None = None, *, ca_file: Path | None = None, limits: Limits | None = None
    ) -> None:
        self._url = f"{url}/chat/completions"
        self._name = name
        self._key = key
        self._limits = limits or Limits()
        self._tls = _tls(ca_file)
        self._counts = True

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Generator[str, None, Tokens | None]:
        """Yield the reply as it is written; see `ChatModel.stream`."""
        body = {
            "model": self._name,
            "messages": [asdict(message) for message in messages],
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
        }
        mail: SimpleQueue[str | None] = SimpleQueue()
        with start_blocking_portal() as portal:
            task = portal.start_task_soon(self._converse, body, CHARACTERS_A_TOKEN * max_tokens, mail.put)
            task.add_done_callback(lambda done: mail.put(None))
            try:
                yield from _delivered(mail)
                return task.result()
            finally:
                task.cancel()

    async def _converse(self, body: Json, longest: int, put: Put) -> Tokens | None:
        """Return one question, tried again where that may help; everything within the time there is.

        Returns:
            What the server says that it took.

        Raises:
            ModelError: that says what is wrong.
        """
        limits = self._limits
        end = anyio.current_time() + limits.total
        taken = None
        async with self._client() as client:
            for pause in (*limits.pauses, None):
                reply = _Reply(put, longest, limits, end)
                try:
                    await self._try(client, body, reply)
                except ModelError as error:
                    if pause is None or reply.begun or not error.retryable or anyio.current_time() + pause >= end:
                        raise
                    log.info("language model: %s; trying again", error)
                else:
                    taken = reply.tokens
                    break
                await anyio.sleep(max(pause, min(reply.retry_after, end - anyio.current_time())))
        return taken

    def _client(self) -> httpx2.AsyncClient:
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "User-Agent": "yiju"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        timeout = httpx2.Timeout(None, connect=self._limits.connect)
        # Proxies and certificates that the environment names count for nothing: what is not named in the settings is
        # not talked to.
        return httpx2.AsyncClient(headers=headers, timeout=timeout, verify=self._tls, trust_env=False)

    async def _try(self, client: httpx2.AsyncClient, body: Json, reply: _Reply) -> None:
        try:
            with reply.scope:
                await self._ask(client, self._url, body, reply)
        except ssl.SSLError as error:  # in mid-stream it comes as it is
            raise ModelUnavailable(f"与语言模型的加密连接中断（{error.reason}）。") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise self._unreachable(error, reply.begun) from error
        if reply.scope.cancelled_caught:
            raise ModelTimeout("语言模型没有在规定的时间内答完。" if reply.begun else "语言模型迟迟没有应答。")

    async def _ask(
        self, client: httpx2.AsyncClient, url: str, body: Json, reply: _Reply, redirects: int = _REDIRECTS
    ) -> None:
        counting = {"stream_options": {"include_usage": True}} if self._counts else {}
        async with client.stream("POST", url, json={**body, **counting}) as response:
            if not response.is_redirect:
                await self._read(response, reply)
                return
            target = _joined(url, response.headers.get("location", ""))
            status = response.status_code
        # Others make a GET of it. What was asked, and the key, go to the host that was named and to no other.
        if status not in (307, 308) or _origin(target) != _origin(self._url) or redirects == 0:
            raise ModelUnavailable(
                f"语言模型的接口要重定向到 {_shown(target)}，没有跟随：请把 --llm-url 写成最终地址。"
            )
        await self._ask(client, target, body, reply, redirects - 1)

    async def _read(self, response: httpx2.Response, reply: _Reply) -> None:
        if response.status_code != 200:
            reply.retry_after = _seconds(response.headers.get("retry-after", ""))
            raise self._refused(response.status_code, await _beginning(response))
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/event-stream":
            raise ModelReply(f"语言模型的接口没有流式应答（Content-Type：{kind[:40] or '无'}）：请检查 --llm-url。")
        async with aclosing(_events(response)) as events:
            async for event in events:
                if not reply.take(event):
                    return
        reply.close()

    def _refused(self, status: int, told: str) -> ModelError:
        """Return what an HTTP error means, with what the server says of it."""
        said = " ".join(self._without_key(told).split())[:200]
        if status in (400, 413, 422) and any(mark in said.lower() for mark in _TOO_LONG):
            return PromptTooLong(f"问题和资料超出了语言模型能读的长度（{said}）：请核对 --llm-context。")
        if status in (401, 403):
            return ModelUnavailable(f"语言模型的接口拒绝了密钥（{status}）：请检查环境变量 YIJU_LLM_KEY。")
        if status == 404:
            return ModelUnavailable(f"语言模型的接口没有这个地址或模型（404 {said}）：请检查 --llm-url、--llm-model。")
        again = status in (408, 409, 425, 429) or status >= 500
        if self._counts and "stream_options" in said:
            self._counts, again = False, True  # an older server: asked again without
        return ModelUnavailable(f"语言模型的接口出错（{status} {said}）。", retryable=again)

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "…") if self._key else text

    def _unreachable(self, error: Exception, begun: bool) -> ModelError:
        where, why = _shown(self._url), self._without_key(str(error) or type(error).__name__)
        if isinstance(error, httpx2.TimeoutException):
            return ModelTimeout(f"无法连接语言模型 {where}：没有回应。", retryable=True)
        if "CERTIFICATE_VERIFY_FAILED" in why:
            return ModelUnavailable(f"不信任 {where} 的证书（{why}）：自建的证书机构请用 --llm-ca-file 给出。")
        if begun:
            return ModelUnavailable(f"语言模型 {where} 应答中途断开（{why}）。")
        return ModelUnavailable(
            f"无法连接语言模型 {where}（{why}）。", retryable=isinstance(error, httpx2.TransportError)
        )


class _Reply:
    """One try: what came so far, and how long to wait for more; after `longest` characters it is without end."""

    def __init__(self, put: Put, longest: int, limits: Limits, end: float) -> None:
        self._put, self._left, self._limits, self._end = put, longest, limits, end
        first = anyio.current_time() + limits.connect + limits.first
        self.scope = anyio.CancelScope(deadline=min(first, end))
        self.begun = False
        self.retry_after = 0.0
        self.tokens: Tokens | None = None
        self._finished = ""

    def take(self, event: Json) -> bool:
        """Return one event of the stream. Returns whether more may come.

        Raises:
            ModelReply: if it tells of an error or is none.
        """
        if event.get("error"):
            raise ModelReply(f"语言模型报告出错：{str(event['error'])[:200]}")
        self.tokens = _tokens(event.get("usage")) or self.tokens
        choice = _first(event.get("choices"))
        delta = choice.get("delta")
        text = delta.get("content") if isinstance(delta, dict) else None
        if isinstance(text, str) and text:
            self.begun = True
            self._left -= len(text)
            self._put(text)
        # Thoughts that are kept apart, and calls of tools, are signs of life and nothing more.
        self.scope.deadline = min(anyio.current_time() + self._limits.idle, self._end)
        self._finished = str(choice.get("finish_reason") or self._finished)
        return self._left >= 0

    def close(self) -> None:
        """Note that the stream came to its end.

        Raises:
            ModelUnavailable: if that was no proper one.
            ModelReply: if nothing was said.
        """
        if not self._finished:
            raise ModelUnavailable("语言模型应答中途断开。", retryable=not self.begun)
        if not self.begun:
            why = "要调用工具" if "tool" in self._finished or "function" in self._finished else "没有给出文字"
            raise ModelReply(f"语言模型{why}，没有回答。")


def _delivered(mail: SimpleQueue[str | None]) -> Iterator[str]:
    """Yield what is put into `mail` up to None, with an empty piece now and then."""
    while True:
        try:
            piece = mail.get(timeout=BEAT)
        except Empty:
            piece = ""
        if piece is None:
            return
        yield piece


async def _events(response: httpx2.Response) -> AsyncGenerator[Json, None]:
    """Yield the data of server-sent events up to `[DONE]`; what a server sends beside them is passed over.

    Raises:
        ModelReply: if one is no JSON object, or there is no end of it.
    """
    async with aclosing(_lines(response)) as lines:
        async for line in lines:
            name, _, data = line.partition(b":")
            if name != b"data":
                continue
            if data.strip() == b"[DONE]":
                return
            yield _event(data)


def _event(data: bytes) -> Json:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise ModelReply("语言模型的接口给出的不是 JSON：请检查 --llm-url 是不是 OpenAI 兼容的接口。")
    return event


async def _lines(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    buffer, total = b"", 0
    async for piece in response.aiter_bytes():
        total += len(piece)
        if total > MAX_BYTES:
            raise ModelReply(f"语言模型的应答超过 {MAX_BYTES} 字节，没有读完。")
        *lines, buffer = (buffer + piece).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
    yield buffer


async def _beginning(response: httpx2.Response) -> str:
    told = b""
    async for piece in response.aiter_bytes():
        told += piece
        if len(told) >= _TOLD:
            break
    return told[:_TOLD].decode("utf-8", "replace")


def _first(choices: object) -> Json:
    """Return the first choice of an event; an empty one where there is none, as in an event that counts tokens."""
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else {}


def _tokens(usage: object) -> Tokens | None:
    """Return what an event says that the request took; None where it says nothing of use."""
    if not isinstance(usage, dict):
        return None
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return Tokens(read, written) if isinstance(read, int) and isinstance(written, int) else None


def _seconds(text: str) -> float:
    """Return `Retry-After` in seconds; a date is not waited for."""
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None


def _shown(url: str) -> str:
    scheme, host, port = _origin(url)
    return f"{scheme}://{host}:{port}" if host else "别处"


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise YijuError(f"无法读取证书文件 {ca_file}（{error}）：--llm-ca-file 应为 PEM 文件。") from error
    return context
