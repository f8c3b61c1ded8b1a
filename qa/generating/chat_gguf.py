"""A language model in a GGUF file, run in this process by llama.cpp. Needs the extra `gguf`.

llama.cpp is a server by itself: it listens on the loopback interface, under a random key that only this process
knows. So a file is asked as any other server is, with the same limits and the same errors.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator, Sequence
from pathlib import Path

from index.errors import MissingDependency, YijuError
from qa.generating.chat_http import HttpChatModel, Limits
from qa.protocols import Message, Tokens

try:
    from xllamacpp import CommonParams, Server
except ImportError as error:
    raise MissingDependency("gguf", "运行 GGUF 文件须有 xllamacpp：请运行 pip install 'yiju[gguf]'。") from error

PATIENT = Limits(first=300.0, idle=60.0, total=600.0)
"""A file is read by the processor, one question after the other: a long context takes its time."""
_MAGIC = b"GGUF"


class GgufChatModel:
    """A `ChatModel` from a file. It writes one reply at a time; others wait, and can stop waiting.

    Raises:
        YijuError: if the file is no model that llama.cpp reads.
    """

    def __init__(self, file: Path, context: int, limits: Limits = PATIENT) -> None:
        _check(file)
        key = secrets.token_urlsafe(32)
        try:
            self._server = Server(_params(file, context, key))
        except RuntimeError as error:
            raise YijuError(f"llama.cpp 无法读取 {file}（{error}）：--llm-gguf 应为它支持的 GGUF 文件。") from error
        self._model = HttpChatModel(f"{self._server.listening_address}/v1", file.name, key, limits=limits)

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Generator[str, None, Tokens | None]:
        """Return the reply as it is written; see `ChatModel.stream`."""
        return self._model.stream(messages, max_tokens)


def _check(file: Path) -> None:
    """Check that a file is GGUF: llama.cpp reports little about others.

    Raises:
        YijuError: if it is none.
    """
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(_MAGIC))
    except OSError as error:
        raise YijuError(f"无法读取模型文件 {file}（{error.strerror}）：请检查 --llm-gguf。") from error
    if begins != _MAGIC:
        raise YijuError(f"{file} 不是 GGUF 文件（开头不是 GGUF）：请检查 --llm-gguf。")


def _params(file: Path, context: int, key: str) -> CommonParams:
    params = CommonParams()
    params.model.path = str(file)
    params.n_ctx = context
    params.n_parallel = 1
    # One core is left to answering: the threads of llama.cpp wait for one another, and starve where they are too many.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 2) - 1)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = False
    params.offline = True
    params.verbosity = 0
    return params
