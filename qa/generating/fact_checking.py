"""Check the facts of a paraphrasing sentence against the quotes that it cites.

A model may reorder, shorten and convert; it may not change what is said. Every figure must be a figure of the quotes,
of the same thing and the same time; every year, name, body, title and quotation must stand there.

Figures are compared as amounts: 七十兆瓦 is 70MW, 1.2亿 is 12000万.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from index.records import Span
from index.text import align, fold, terms
from qa.language.grammar import Candidate, Kind, candidates, clause_spans, tagged
from qa.language.lexicon import DIVISIONS, OPPOSITES, pattern
from qa.language.periods import periods
from qa.language.quantities import Quantity, parse
from qa.reading.citations import carries

_QUOTED = re.compile('《([^《》]{2,})》|“([^“”]{2,})”|「([^「」]{2,})」|"([^"]{2,})"')
_LATIN = re.compile(r"[a-z][a-z0-9+-]*[a-z]")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*[十百千万亿]*")
_ORDINAL = re.compile(r"第[\d〇零一二两三四五六七八九十百千万]+[条章节编款项届批次号名位期任部卷回]")
"""第三条, 第十一任: which one is meant, by its number."""
_NAMES = frozenset({"nr", "nrt", "nrfg", "ns", "nt", "nz"})
_LEADING = frozenset("vpucdrmxft")
_LEADS = "由和与及在对向经将被是为到从把"
_BODY = 3
"""Characters of the shortest name of a body."""
_ALIKE = 0.4
"""Share of terms from which on two clauses say the same or its contrary."""
_AROUND = 60
"""Characters before a figure in which it is said what it is of."""

_ABOVE, _BELOW = re.compile("以上$|起$"), re.compile("以下$|以内$")
_ABOVE_BEFORE = re.compile("(?:超过|超|突破|不低于|不少于|不小于|至少|高于|大于|多于|最低)$")
_BELOW_BEFORE = re.compile("(?:不超过|不超|不高于|不多于|不大于|至多|最多|低于|小于|少于|不足|最高)$")
_INEXACT = re.compile("[多余]|(?:以[上下内]|左右|上下)$")
_JOINT = re.compile("[、,，和与及]|以及")
_EACH = re.compile("分别|各自|依次")
_TO = re.compile(r"\d年?\s*(?:-|至|到)")
_STOP = re.compile("[。;；\n]")
_CLAUSE_STOP = re.compile("[。;；,，:：\n]")
_AND = re.compile("[、和与及]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_RUN = re.compile(r"(?:(?<![\d.,])\d+(?:\.\d+)?\s*[、,，和与及]\s*)+\Z")
_NEGATION = re.compile(pattern("denials"))


@dataclass(frozen=True, slots=True)
class StatedFigure:
    """A figure of a text."""

    text: str
    span: Span  # where
    value: Quantity  # as an exact amount
    bound: str  # `>` at least, `<` at most, `+` somewhat more, or empty
    own: frozenset[str]  # its own words, as terms
    before: frozenset[str]  # terms of what leads to it, from the last figure that measures the same
    joined: Fraction | None  # the amount that it is listed behind, 180 in 「70、180」; None where it is not
    years: tuple[int, int] | None  # the period that was named last before it, or its clause's

    def equals(self, other: StatedFigure) -> bool:
        """Return whether both say the same amount; one without a unit is compared by its number alone."""
        if self.bound != other.bound:
            return False
        if self.value.comparable(other.value):
            return self.value.amount == other.value.amount
        return self._bare(other) and self.value.amount == other.value.amount / other.value.unit.size

    def rivals(self, other: StatedFigure) -> bool:
        """Return whether the other could be meant in its place: it measures the same, and is another amount."""
        return (self.value.comparable(other.value) or self._bare(other)) and not self.equals(other)

    def likeness(self, other: StatedFigure) -> float:
        """Return how much both are said to be of the same thing."""
        return _shared(self.own, other.own) + 0.5 * _shared(self.before, other.before)

    def _bare(self, other: StatedFigure) -> bool:
        return not self.value.unit.name and bool(other.value.unit.name)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something in a sentence that a quote must say."""

    text: str  # as it stands in the sentence
    named: bool = False  # whether it is a name, which a title or heading may say as well
    figure: StatedFigure | None = None  # what it amounts to, where it is an exact figure


@dataclass(frozen=True, slots=True)
class Basis:
    """A text that may back facts, taken apart once."""

    text: str
    folded: str
    figures: tuple[StatedFigure, ...]
    years: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, text: str) -> Basis:
        """Return a verbatim text."""
        years = frozenset((each.first, each.last) for each in periods(text))
        return cls(text, fold(text), figures(text), years)

    def backs(self, fact: Fact) -> bool:
        """Return whether the text says it, as it stands or as the same amount or years in other words."""
        if fact.named:
            return is_named(fact.text, self.folded)
        if fact.figure:
            return any(map(fact.figure.equals, self.figures))
        return carries(self.folded, fold(fact.text)) or _is_year(fact.text, self.years)


def facts(sentence: str) -> list[Fact]:
    """Return what of a sentence without markers must be backed, in text order; digits of nothing known come last."""
    spans = _facts(sentence)
    amounts = {figure.span: figure for figure in figures(sentence)}
    named = (Kind.ORGANISATION, Kind.NAME)
    found = [Fact(span.slice(sentence), kind in named, amounts.get(span)) for span, kind in spans]
    return [*found, *map(Fact, _loose_digits(sentence, spans))]


def unbacked(needed: Sequence[Fact], quotes: Sequence[Basis], named: Sequence[str] = ()) -> str | None:
    """Return the first fact that no quote says; None where everything is backed.

    What readers see beside the quotes, titles and headings, is `named`: it backs names, never figures or years.
    """
    beside = [fold(name) for name in named]
    for fact in needed:
        shown = fact.named and any(is_named(fact.text, each) for each in beside)
        if not shown and not any(quote.backs(fact) for quote in quotes):
            return fact.text
    return None


def misplaced(sentence: str, quotes: Sequence[Basis]) -> str | None:
    """Return a figure of a sentence that the quotes have of something else or of another time, or None."""
    told = [figure for quote in quotes for figure in quote.figures]
    for figure in figures(sentence):
        same = [each for each in told if figure.equals(each)]
        rivals = [each for each in told if figure.rivals(each)]
        if not same:
            if rivals:
                return figure.text
            continue
        if rivals and _is_of_another(figure, same, rivals):
            return figure.text
        times = {each.years for each in same} - {None}
        if figure.years and times and figure.years not in times and any(figure.years == each.years for each in rivals):
            return figure.text
    return None


def _is_of_another(figure: StatedFigure, same: Sequence[StatedFigure], rivals: Sequence[StatedFigure]) -> bool:
    """Return whether a rival is rather of the figure's thing; where words do not tell, a list keeps its order."""
    theirs, ours = max(map(figure.likeness, rivals)), max(map(figure.likeness, same))
    return theirs > ours or (theirs == ours and all(figure.joined != each.joined for each in same))


def contrary(sentence: str, quotes: Sequence[Basis]) -> str | None:
    """Return a word of a sentence of which the quotes say the opposite only; None where there is none."""
    said, told = align(sentence), "\n".join(align(quote.text) for quote in quotes)
    if odd := _reversed(said, told):
        return odd
    clauses = [span.slice(told) for span in clause_spans(told)]
    pairs = [(clause, _nearest(clause, clauses)) for clause in (span.slice(said) for span in clause_spans(said))]
    return next((odd for one, other in pairs if other and (odd := _reversed(one, other) or _denial(one, other))), None)


def _reversed(said: str, told: str) -> str | None:
    """Return a word of which the other text has the opposite, and not the word itself."""
    for pair in OPPOSITES:
        for word, opposite in (pair, pair[::-1]):
            found = re.search(word, said)
            if found and not re.search(word, told) and re.search(opposite, told):
                return found.group()
    return None


def _nearest(clause: str, told: Sequence[str]) -> str | None:
    """Return the clause that says most nearly the same; None where none does."""
    words = frozenset(terms(clause))
    nearest = max(told, key=lambda each: _shared(words, frozenset(terms(each))), default="")
    return nearest if _shared(words, frozenset(terms(nearest))) >= _ALIKE else None


def _denial(clause: str, nearest: str) -> str | None:
    """Return what a clause denies, or fails to deny, beside the one that it is most like."""
    denied, there = _NEGATION.search(clause), _NEGATION.search(nearest)
    if (denied is None) == (there is None):
        return None
    return denied.group() if denied else clause


@lru_cache(maxsize=1024)
def figures(text: str) -> tuple[StatedFigure, ...]:
    """Return the exact figures of a text, in text order; those of 「1200、180、70兆瓦」 have the last one's unit."""
    found = sorted((each for each in candidates(text) if each.kind is Kind.QUANTITY), key=lambda each: each.span.start)
    read = [each for candidate in found for each in (*_listed_before(text, candidate), _read(text, candidate))]
    made: list[StatedFigure] = []
    for place, (candidate, value) in enumerate(read):
        if value is not None:
            last = next((each for each in reversed(made) if each.value.comparable(value)), None)
            made.append(_figure(text, candidate, value, last, _subject(text, [each.span for each, _ in read], place)))
    return tuple(made)


def _read(text: str, candidate: Candidate) -> tuple[Candidate, Quantity | None]:
    return candidate, parse(_INEXACT.sub("", candidate.span.slice(text)))


def _listed_before(text: str, candidate: Candidate) -> list[tuple[Candidate, Quantity | None]]:
    """Return bare numbers that are listed before a figure and share its unit."""
    run = _RUN.search(text, 0, candidate.span.start) if candidate.unit else None
    unit = _NUMBER.sub("", candidate.span.slice(text), count=1)
    spans = [Span(*match.span()) for match in _NUMBER.finditer(text, run.start(), run.end())] if run else []
    return [(replace(candidate, span=span, own=""), parse(_INEXACT.sub("", span.slice(text) + unit))) for span in spans]


def _subject(text: str, spans: Sequence[Span], place: int) -> str | None:
    """Return what a figure is of in 「甲、乙分别增长8.2%、21.4%」; None where nothing is said so."""
    mark = max((match.end() for match in _EACH.finditer(text, 0, spans[place].start)), default=None)
    if mark is None or _STOP.search(text, mark, spans[place].start):
        return None
    head = _CLAUSE_STOP.split(text[max(0, mark - _AROUND * 2) : mark])[-1]
    subjects = [part for part in _AND.split(_EACH.sub("", head)) if part]
    behind = [span for span in spans if span.start >= mark]
    rank = behind.index(spans[place])
    return subjects[rank] if len(subjects) > 1 and rank < len(subjects) <= len(behind) else None


def _figure(
    text: str, candidate: Candidate, value: Quantity, last: StatedFigure | None, subject: str | None
) -> StatedFigure:
    span = candidate.span
    before = text[max(last.span.end if last else 0, span.start - _AROUND) : span.start]
    named = periods(text[: span.start])
    own, led = (candidate.own, before) if subject is None else (subject, subject)
    return StatedFigure(
        span.slice(text),
        span,
        value,
        _bound(text, span),
        frozenset(terms(own)),
        frozenset(terms(led)),
        last.value.amount if last and _JOINT.fullmatch(before) else None,
        (named[-1].first, named[-1].last) if named else None,
    )


def _bound(text: str, span: Span) -> str:
    written, before = align(span.slice(text)), align(text[max(0, span.start - 4) : span.start])
    if _BELOW.search(written) or _BELOW_BEFORE.search(before):
        return "<"
    if _ABOVE.search(written) or _ABOVE_BEFORE.search(before):
        return ">"
    return "+" if re.search("[多余]", written) else ""


def _facts(sentence: str) -> list[tuple[Span, Kind]]:
    """Return what must be backed: figures, dates, numbers of documents, bodies, quotations, names, Latin words."""
    checked = (Kind.QUANTITY, Kind.DATE, Kind.NUMBER)
    facts = [(each.span, each.kind) for each in candidates(sentence) if each.kind in checked]
    taken = [span for span, _ in facts]
    for span in _named(sentence):
        if not any(span.overlap(each) for each in taken):
            facts.append((span, Kind.NAME))
    facts += [(span, Kind.ORGANISATION) for each in candidates(sentence) for span in _bodies(sentence, each)]
    facts.sort(key=lambda fact: (fact[0].start, -len(fact[0])))
    return facts


def _named(sentence: str) -> Iterator[Span]:
    aligned = align(sentence)
    for match in _QUOTED.finditer(aligned):
        yield next(Span(*match.span(group)) for group in range(1, 5) if match[group])
    for rule in (_LATIN, _ORDINAL):
        for match in rule.finditer(aligned):
            yield Span(*match.span())
    at, words = 0, tagged(sentence)
    for (word, tag), (following, _) in zip(words, [*words[1:], ("", "")], strict=True):
        place = tag[0] == "n" and (following in DIVISIONS or (word[-1] in DIVISIONS and len(word) > 2))
        if (tag in _NAMES or place) and len(word) > 1:
            yield Span(at, at + len(word))
        at += len(word)


def _bodies(sentence: str, candidate: Candidate) -> Iterator[Span]:
    """Yield the bodies that a candidate lists, each by itself."""
    if candidate.kind is not Kind.ORGANISATION:
        return
    start = candidate.span.start
    for part in re.split("([、,，;；和及与])", candidate.span.slice(sentence)):
        if len(part) >= _BODY:
            yield Span(start, start + len(part))
        start += len(part)


def is_named(name: str, folded: str) -> bool:
    """Return whether a name stands in a folded text, whole or behind the words that only lead to it."""
    words = tagged(name.lstrip(_LEADS))
    for first, (word, tag) in enumerate(words):
        rest = fold("".join(each for each, _ in words[first:]))
        if rest and rest in folded and (first == 0 or len(rest) >= _BODY):
            return True
        if tag[0] not in _LEADING and fold(word) not in folded:
            return False
    return False


def _is_year(text: str, years: frozenset[tuple[int, int]]) -> bool:
    """Return whether a period of whole years is one of `years`, in other words: 2022年至2025年 for 2022—2025年."""
    if "月" in text or len(named := periods(text)) != 1:
        return False
    if named[0].first == named[0].last and _TO.search(align(text)):
        return False
    return (named[0].first, named[0].last) in years


def _loose_digits(sentence: str, facts: Sequence[tuple[Span, Kind]]) -> Iterator[str]:
    """Yield digits that are part of no fact."""
    for match in _DIGITS.finditer(align(sentence)):
        if not any(span.start <= match.start() and match.end() <= span.end for span, _ in facts):
            yield match.group()


def _shared(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / len(some | others) if some and others else 0.0
