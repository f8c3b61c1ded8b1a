"""A language model in a GGUF file, run in this process by llama.cpp. Needs the extra `gguf`."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from index.errors import MissingDependency, ModelReply, PromptTooLong, YijuError
from qa.protocols import Message

try:
    from llama_cpp import Llama
except ImportError as error:
    raise MissingDependency("gguf", "运行 GGUF 文件须有 llama-cpp-python：请运行 pip install 'yiju[gguf]'。") from error

WAIT = 0.2
"""Seconds between two looks whether it is one's turn."""


class GgufChatModel:
    """A `ChatModel` from a file. It writes one reply at a time; others wait, and can stop waiting.

    Args:
        file: the model.
        context: tokens that it reads and writes together.

    Raises:
        YijuError: if the file is no model that llama.cpp reads.
    """

    def __init__(self, file: Path, context: int) -> None:
        if not file.is_file():
            raise YijuError(f"没有模型文件 {file}：请检查 --llm-gguf。")
        try:
            self._model: Any = Llama(str(file), n_ctx=context, verbose=False)
        except (ValueError, OSError, RuntimeError) as error:
            raise YijuError(f"llama.cpp 读不了 {file}（{error}）：--llm-gguf 应为 GGUF 文件。") from error
        self._turn = Lock()

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Generator[str, None, None]:
        """The reply as it is written; see `ChatModel.stream`."""
        while not self._turn.acquire(timeout=WAIT):
            yield ""
        try:
            yield from self._reply([asdict(message) for message in messages], max_tokens)
        except ValueError as error:
            raise PromptTooLong(f"问题和资料超出了语言模型能读的长度（{error}）：请核对 --llm-context。") from error
        except RuntimeError as error:
            raise ModelReply(f"语言模型出错（{error}）。") from error
        finally:
            self._turn.release()

    def _reply(self, messages: list[dict[str, str]], max_tokens: int) -> Iterator[str]:
        with closing(
            self._model.create_chat_completion(messages, max_tokens=max_tokens, temperature=0, stream=True)
        ) as chunks:
            for chunk in chunks:
                yield chunk["choices"][0]["delta"].get("content") or ""
