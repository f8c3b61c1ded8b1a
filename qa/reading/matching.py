"""Where candidates stand, folded for matching, and how well a place holds the words of a question."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from threading import Lock

from cachetools import LRUCache, cached

from index.records import Passage, Span
from index.text import fold, sentence_spans, terms
from qa.language.grammar import Candidate, Kind, candidates, clause_spans

_NEIGHBOURHOOD = 8
"""Characters before a candidate that are looked at as its neighbours."""
_MAKES_OTHER = "副非"


@dataclass(frozen=True, slots=True)
class Site:
    """A candidate where it stands, everything but the spans folded for matching."""

    candidate: Candidate  # spans are offsets in the passage's text
    sentence: Span  # the sentence that holds it
    value: str  # the candidate itself
    own: str  # own, clause, around: its own words, its clause, its sentence
    clause: str
    around: str
    before: str  # the characters right before it
    lead: str  # its clause up to it


SITES_BYTES = 64 * 2**20
"""How much memory the sites of passages may take together: those of some 1,400 passages of 190 characters."""

_SITE_BYTES = 1_100
"""What a site takes beside the characters of its texts: measured with `tracemalloc`, rounded up."""


def _bytes_of(found: Sequence[Site]) -> int:
    """Return about how many bytes the sites of a passage take; Chinese text has two a character."""
    texts = (len(s.value) + len(s.own) + len(s.clause) + len(s.lead) for s in found)
    return _SITE_BYTES * (len(found) + 1) + 2 * sum(texts)


@cached(LRUCache(SITES_BYTES, getsizeof=_bytes_of), lock=Lock())
def sites(text: str) -> tuple[Site, ...]:
    """Return every candidate of a passage's text with its surroundings, clauses among them."""
    clauses = (Candidate(Kind.CLAUSE, span, span, span.slice(text)) for span in clause_spans(text))
    return sites_of(text, dict.fromkeys([*candidates(text), *clauses]))


def sites_of(text: str, found: Iterable[Candidate]) -> tuple[Site, ...]:
    """Return the given candidates of a passage's text with their surroundings."""
    folded = _sentences(text)
    sentences = list(folded)
    return tuple(_site(text, candidate, _holding(sentences, candidate.span), folded) for candidate in found)


@lru_cache(maxsize=512)
def _sentences(text: str) -> Mapping[Span, str]:
    """Return the sentences of a passage in order, each with its folded text."""
    return {sentence: fold(sentence.slice(text)) for sentence in sentence_spans(text)}


def _holding(sentences: Sequence[Span], span: Span) -> Span:
    """Return the sentence that shares most with a span; the first where none does."""
    first = bisect_right(sentences, span.start, key=attrgetter("end"))
    last = bisect_left(sentences, span.end, first, key=attrgetter("start"))
    near = (sentences[first:last] if span else ()) or sentences[:1]
    return max(near, key=lambda sentence: sentence.overlap(span), default=span)


def _site(text: str, candidate: Candidate, sentence: Span, folded: Mapping[Span, str]) -> Site:
    span, clause = candidate.span, candidate.clause
    return Site(
        candidate,
        sentence,
        value=fold(span.slice(text)),
        own=fold(candidate.own),
        clause=fold(clause.slice(text)),
        around=folded[sentence] if sentence in folded else fold(sentence.slice(text)),
        before=fold(text[max(0, span.start - _NEIGHBOURHOOD) : span.start]),
        lead=fold(text[clause.start : span.start]),
    )


@lru_cache(maxsize=8192)
def passage_scopes(passage: Passage) -> tuple[str, str, str]:
    """Folded: the innermost heading, the rest of the path with the title, the whole text."""
    leaf = " ".join((*passage.section_path[-1:], *passage.labels))
    return fold(leaf), fold(" ".join((passage.title, *passage.section_path[:-1]))), fold(passage.text)


@lru_cache(maxsize=4096)
def match(word: str, text: str) -> float:
    """1 where a folded word stands in a folded text, less where only some of its character pairs do."""
    if not text:
        return 0.0
    if _stands(word, text):
        return 1.0
    if len(word) == 2:  # 规上 stands for 规模以上
        return 0.8 if _abbreviates(word, text) else 0.0
    pairs = _pairs(word)
    return 0.8 * sum(pair in text for pair in pairs) / len(pairs) if len(word) > 2 and pairs else 0.0


@lru_cache(maxsize=256)
def _pairs(word: str) -> list[str]:
    """Return the character pairs of a word once for all the texts that it is looked for in."""
    return terms(word)


def _stands(word: str, text: str) -> bool:
    """Return whether a word stands in a text, and not only behind what makes another of it: 副市长 is no 市长."""
    start = text.find(word)
    while start > 0 and text[start - 1] in _MAKES_OTHER:
        start = text.find(word, start + 1)
    return start >= 0


def _abbreviates(word: str, text: str) -> bool:
    """Return whether two characters stand near each other in that order, as 规上 does for 规模以上."""
    first, last = word[0], word[1]
    start = text.find(first) if last in text else -1
    while start >= 0:
        between = text[start + 1 : start + 4]
        end = between.find(last, 1)
        if end > 0 and all("\u4e00" <= character <= "\u9fff" for character in between[:end]):
            return True
        start = text.find(first, start + 1)
    return False
