"""Where candidates stand, folded for matching, and how well a place holds the words of a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from cachetools import LRUCache, cached

from index.records import Passage, Span
from index.text import fold, sentence_spans, terms
from qa.language.grammar import Candidate, Kind, candidates, clause_spans

_NEIGHBOURHOOD = 8
"""Characters before and behind a candidate that are looked at as its neighbours."""
_MAKES_OTHER = "副非"


@dataclass(frozen=True, slots=True)
class Site:
    """A candidate where it stands, everything but the spans folded for matching."""

    candidate: Candidate  # spans are offsets in the passage's text
    sentence: Span  # the sentence that holds it
    value: str  # the candidate itself
    own: str  # own, clause, around: its own words, its clause, its sentence
    base: str  # the words of what it is a part of
    clause: str
    around: str
    before: str  # before, behind: its close neighbourhood
    behind: str
    lead: str  # its clause up to it


SITES_BYTES = 64 * 2**20
"""How much memory the sites of passages may take together: those of some 1,400 passages of 190 characters."""

_SITE_BYTES = 1_100
"""What a site takes beside the characters of its texts: measured with `tracemalloc`, rounded up."""


def _bytes_of(found: Sequence[Site]) -> int:
    """Return about how many bytes the sites of a passage take; Chinese text has two a character."""
    texts = (len(s.value) + len(s.own) + len(s.base) + len(s.clause) + len(s.lead) for s in found)
    return _SITE_BYTES * (len(found) + 1) + 2 * sum(texts)


@cached(LRUCache(SITES_BYTES, getsizeof=_bytes_of), lock=Lock())
def sites(text: str) -> tuple[Site, ...]:
    """Return every candidate of a passage's text with its surroundings, clauses among them."""
    clauses = (Candidate(Kind.CLAUSE, span, span, span.slice(text)) for span in clause_spans(text))
    return sites_of(text, dict.fromkeys([*candidates(text), *clauses]))


def sites_of(text: str, found: Iterable[Candidate]) -> tuple[Site, ...]:
    """Return the given candidates of a passage's text with their surroundings."""
    folded = {sentence: fold(sentence.slice(text)) for sentence in sentence_spans(text)}
    return tuple(_site(text, candidate, folded) for candidate in found)


def _site(text: str, candidate: Candidate, folded: Mapping[Span, str]) -> Site:
    span, clause = candidate.span, candidate.clause
    sentence = max(folded, key=span.overlap, default=span)
    return Site(
        candidate,
        sentence,
        value=fold(span.slice(text)),
        own=fold(candidate.own),
        base=fold(candidate.base),
        clause=fold(clause.slice(text)),
        around=folded[sentence] if sentence in folded else fold(sentence.slice(text)),
        before=fold(text[max(0, span.start - _NEIGHBOURHOOD) : span.start]),
        behind=fold(text[span.end : span.end + _NEIGHBOURHOOD]),
        lead=fold(text[clause.start : span.start]),
    )


@lru_cache(maxsize=8192)
def passage_scopes(passage: Passage) -> tuple[str, str, str]:
    """Folded: the innermost heading, the rest of the path with the title, the whole text."""
    leaf = " ".join((*passage.section_path[-1:], *passage.labels))
    return fold(leaf), fold(" ".join((passage.title, *passage.section_path[:-1]))), fold(passage.text)


@lru_cache(maxsize=65536)
def match(word: str, text: str) -> float:
    """1 where a folded word stands in a folded text, less where only some of its character pairs do."""
    if not text:
        return 0.0
    if _stands(word, text):
        return 1.0
    if len(word) == 2:  # 规上 stands for 规模以上
        near = re.search(f"{re.escape(word[0])}[\u4e00-\u9fff]{{1,2}}{re.escape(word[1])}", text)
        return 0.8 if near else 0.0
    pairs = terms(word)
    return 0.8 * sum(pair in text for pair in pairs) / len(pairs) if len(word) > 2 and pairs else 0.0


def _stands(word: str, text: str) -> bool:
    """Return whether a word stands in a text, and not only behind what makes another of it: 副市长 is no 市长."""
    start = text.find(word)
    while start > 0 and text[start - 1] in _MAKES_OTHER:
        start = text.find(word, start + 1)
    return start >= 0
