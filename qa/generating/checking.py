"""Check a sentence of a language model against the passages that it cites.

No reference of the model is trusted: markers must name passages that were given, or the sentence is
rejected; the quotes are chosen here, at most three sentences each; what the sentence states must stand in them
(`qa.generating.fact_checking`); its words must be theirs; and the trained reader must find the sentence in them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.records import Passage, Span
from index.text import align, fold, sentence_spans
from qa.answers import Citation
from qa.generating.fact_checking import Basis, Fact, contrary, facts, misplaced, unbacked
from qa.language.grammar import Kind, candidates, clause_spans, tagged
from qa.language.lexicon import GENERAL_NOUNS, INSTRUCTS, LEADS_IN, LIGHT_WORDS, SYNTHESIS_WORDS
from qa.reading.citations import MAX_QUOTE, marked
from qa.reading.extractive_reader import SpanScorer
from qa.reading.model_input import Window

MOST_SENTENCES = 3
"""Sentences of one quote."""
MOST_QUOTES = 3
"""Quotes from one passage for one sentence."""
SUPPORTED = 0.5
"""Support from which on a sentence is the reader's as well."""

_EVEN, _STEEP = -10.5, 2.0
"""The reader's score at which support is a half, and how fast it changes there. Measured on
provincial reports and the sample: of sentences with their clauses in another order 5 % lie below -3.9, of sentences as
they stand 5 % below -10.3; beside a neighbouring sentence 5 % lie above -10.4."""
_WORDED = 0.5
"""Share of a clause's words that must stand in the quotes."""
_FEW = 2
"""Words of a clause that is too short to say anything by itself."""
_BODY = re.compile("[社会院馆所站局部委厅署校厂店行团队盟]$")
"""What the tagger takes for a phrase and is the name of a body: 合作社."""
_CONTENT = re.compile("[nvajlibz]|eng")
_INSTRUCTS = re.compile(INSTRUCTS)
_LEADS_IN = frozenset(LEADS_IN.split())
_GENERAL = frozenset(GENERAL_NOUNS.split())
_SAYS_LITTLE = (
    LIGHT_WORDS | frozenset(SYNTHESIS_WORDS.split()) | frozenset(["总体", "其中", "此外", "同时", "另外", "通过"])
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a sentence."""

    text: str  # without its markers
    # that carry it, in the order of its markers, not numbered yet; none where it is not carried
    quotes: tuple[Citation, ...] = ()
    support: float = 0.0  # how well the reader finds it there, 0 to 1
    problem: str | None = None  # why it is not carried, for a user's eyes; None where it is


class SentenceChecker:
    """Checks sentences against the passages they cite, with the trained reader."""

    def __init__(self, spans: SpanScorer) -> None:
        self._spans = spans

    def check(self, sentence: str, passages: Sequence[Passage]) -> Verdict:
        """Return whether a sentence is carried by the passages that its markers name; `[n]` is `passages[n - 1]`."""
        text, numbers = marked(sentence)
        if not numbers:
            return Verdict(text, problem="没有写明依据")
        if odd := [n for n in numbers if not 1 <= n <= len(passages)]:
            return Verdict(text, problem=f"依据 [{odd[0]}] 不存在")
        needed = facts(text)
        quotes = [quote for n in numbers for quote in _quotes(text, needed, passages[n - 1])]
        bases = [_basis(quote.text) for quote in quotes]
        if problem := _contradicted(text, needed, quotes, bases):
            return Verdict(text, problem=problem)
        support = self._support(text, quotes)
        if support < SUPPORTED:
            return Verdict(text, support=support, problem="所引原文不足以支持")
        return Verdict(text, tuple(dict.fromkeys(quotes)), support)

    def _support(self, text: str, quotes: Sequence[Citation]) -> float:
        """Return how well the reader finds the sentence in its quotes, read as one."""
        told = "\n".join(quote.text for quote in quotes)
        if fold(text.rstrip("。！？!?；; ")) in fold(told):
            return 1.0
        # Without title and headings: a sentence need not name what they name.
        (scores,) = self._spans.read(text, [Window("", (), told)])
        best = scores.best()
        return 1 / (1 + math.exp(min(60.0, (_EVEN - best[0][1]) / _STEEP))) if best else 0.0


def _contradicted(text: str, needed: Sequence[Fact], quotes: Sequence[Citation], bases: Sequence[Basis]) -> str | None:
    """Return what rules find wrong with a sentence; None where they find nothing."""
    if not quotes:
        return "所引原文与此无关"
    named = [name for quote in quotes for name in (quote.passage.title, *quote.passage.section_path)]
    if odd := unbacked(needed, bases, named):
        return f"所引原文里没有“{odd}”"
    if odd := misplaced(text, bases):
        return f"“{odd}”在所引原文里说的是另一回事"
    if odd := contrary(text, bases):
        return f"所引原文的说法相反（“{odd}”）"
    told = [*(basis.folded for basis in bases), *map(fold, named)]
    if odd := _unworded(text, told):
        return f"所引原文没有说到“{odd}”"
    if odd := _foreign(text, told):
        return f"所引原文里没有“{odd}”"
    return None


def _unworded(text: str, told: Sequence[str]) -> str | None:
    """Return the first clause that shares too few words with the quotes; a short one must share some."""
    for span in clause_spans(text):
        words = _words(span.slice(text))
        held = sum(any(word in each for each in told) for word in words)
        little = held < _WORDED * len(words) if len(words) > _FEW else not held and not _LEADS_IN.issuperset(words)
        if words and little:
            return span.slice(text).strip()
    return None


def _foreign(text: str, told: Sequence[str]) -> str | None:
    """Return the first noun that shares no pair of characters with the quotes: something that was added.

    Figures and what is said of anything are left out, since other rules are for them.
    """
    spans = [each.span for each in candidates(text) if each.kind in (Kind.QUANTITY, Kind.DATE)]
    at = 0
    for word, tag in tagged(align(text)):
        bare, place = fold(word), Span(at, at + len(word))
        at += len(word)
        noun = tag[0] == "n" or (tag[0] in "lj" and _BODY.search(bare))
        names = noun and len(bare) > 1 and bare not in _GENERAL and bare not in _SAYS_LITTLE
        if not names or any(span.overlap(place) for span in spans):
            continue
        if not any(bare[i : i + 2] in each for each in told for i in range(len(bare) - 1)):
            return word
    return None


def _words(text: str) -> list[str]:
    """Return the words of a text that say something, folded, each once."""
    found = (fold(word) for word, tag in tagged(align(text)) if len(word) > 1 and _CONTENT.match(tag))
    return [word for word in dict.fromkeys(found) if word not in _SAYS_LITTLE]


def _quotes(text: str, needed: Sequence[Fact], passage: Passage) -> Iterator[Citation]:
    """Yield the stretches of a passage that say most of a sentence, each something that those before it do not."""
    words = _words(text)
    spans = [span for span in sentence_spans(passage.text) if not _INSTRUCTS.search(align(span.slice(passage.text)))]
    held = [_held(span.slice(passage.text), needed, words) for span in spans]
    said: frozenset[tuple[str, str]] = frozenset()
    for place in range(MOST_QUOTES):
        best = max(_stretches(spans), key=lambda run: _worth(run, held, said), default=None)
        new = frozenset().union(*(held[i] for i in best)) - said if best else frozenset()
        if best is None or not new or (place and not any(kind == "fact" for kind, _ in new)):
            return
        said |= new
        quote = Span(spans[best[0]].start, spans[best[-1]].end).shift(passage.span.start)
        yield Citation(0, passage, passage.title, quote)


def _stretches(spans: Sequence[Span]) -> Iterator[range]:
    """Yield runs of consecutive sentences that are short enough for a quote."""
    for first, span in enumerate(spans):
        for last in range(first, min(first + MOST_SENTENCES, len(spans))):
            if last > first and (
                spans[last].end - span.start > MAX_QUOTE or spans[last].start - spans[last - 1].end > 2
            ):
                break
            yield range(first, last + 1)


def _worth(run: range, held: Sequence[frozenset[tuple[str, str]]], said: frozenset[tuple[str, str]]) -> float:
    """Return how much a run of sentences says that is not said yet: facts count most, and short runs a little."""
    new = frozenset().union(*(held[i] for i in run)) - said
    return sum(3.0 if kind == "fact" else 1.0 for kind, _ in new) - 0.9 * len(run)


def _held(told: str, needed: Sequence[Fact], words: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Return the facts and words of a sentence that a text says."""
    basis = _basis(told)
    backed = {("fact", fact.text) for fact in needed if basis.backs(fact)}
    return frozenset(backed | {("word", word) for word in words if word in basis.folded})


@lru_cache(maxsize=4096)
def _basis(text: str) -> Basis:
    return Basis.of(text)
