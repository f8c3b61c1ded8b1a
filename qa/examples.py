"""Example questions, made from the documents and tried out before they are offered."""

from __future__ import annotations

from collections.abc import Callable

from index.protocols import PassageStore
from qa.answers import Answer


def example_questions(store: PassageStore, ask: Callable[[str], Answer], n: int) -> list[str]:
    """At most `n` questions that the documents answer, spread over documents and sections."""
    return []
