"""Count the tokens of a request to a language model: as the model reports them, else estimated."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from qa.answers import Usage
from qa.generating.context import tokens
from qa.protocols import ChatModel, Message, Tokens


class Meter:
    """Adds up the requests for one answer.

    Args:
        clock: tells seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._usage = Usage()

    @property
    def usage(self) -> Usage | None:
        """Return what they took together; None where nothing was asked."""
        return self._usage if self._usage.requests else None

    def ask(self, model: ChatModel, messages: Sequence[Message], max_tokens: int) -> Generator[str, None, None]:
        """Yield the pieces of a reply; closing the iterator ends the request, and counts it as far as it went.

        Raises:
            ModelError: as the model does.
        """
        begun, said = self._clock(), ""
        told: Tokens | None = None
        try:
            with closing(model.stream(messages, max_tokens)) as pieces:
                while isinstance(piece := _next(pieces), str):
                    said += piece
                    yield piece
            told = piece
        finally:
            read = sum(tokens(message.content) for message in messages)
            taken = told or Tokens(read, tokens(said))
            ms = (self._clock() - begun) * 1e3
            self._usage += Usage(1, taken.prompt, taken.completion, told is None, ms)


def _next(pieces: Generator[str, None, Tokens | None]) -> str | Tokens | None:
    """Return the next piece, or what the generator comes to at its end."""
    try:
        return next(pieces)
    except StopIteration as end:
        told: Tokens | None = end.value
        return told
