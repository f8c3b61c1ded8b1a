"""Whether a question wants a paragraph, or a figure, a name, a date, a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.records import Hit
from index.text import align, fold
from qa.language.grammar import Kind
from qa.language.lexicon import ASKS_SYNTHESIS, SYNTHESIS_WORDS
from qa.language.periods import conflict, periods
from qa.question.analysis import analyse

_ASKS = re.compile(ASKS_SYNTHESIS)
_NARROW = (Kind.NUMBER, Kind.DATE, Kind.QUANTITY, Kind.ORGANISATION)
_PUTS_TOGETHER = re.compile("总结|概括|归纳|综述|比较|对比|相比|异同|区别|差异|为什么|为何|compare|summari")
_ABOUT_NOTHING = frozenset(map(fold, SYNTHESIS_WORDS.split()))


def wants_synthesis(question: str) -> bool:
    """Return whether a question asks for a summary, a comparison, an explanation, or about several documents.

    One that asks for a figure, a date, a number or a body beside has a narrow answer, unless it is to be put together.
    """
    aligned = align(question)
    if not _ASKS.search(aligned):
        return False
    narrow = any(kind in _NARROW for kind in analyse(question).kinds)
    return not narrow or _PUTS_TOGETHER.search(aligned) is not None


def is_about(question: str, hits: Sequence[Hit]) -> bool:
    """Return whether passages speak of everything that a question names: all its words, its places and its time."""
    asked, texts = analyse(question), [fold(hit.passage.indexed_text) for hit in hits]
    words = [term.text for term in asked.terms if term.text not in _ABOUT_NOTHING]
    told = [period for hit in hits for period in periods(hit.passage.indexed_text)]
    missing = any(not any(word in text for text in texts) for word in [*words, *asked.places])
    return bool(words) and not missing and not conflict(list(asked.periods), told)
