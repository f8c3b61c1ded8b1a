"""Find the figure that an answer gives for an operand of a computation, or none.

A reader may take the neighbour's figure where several stand in one sentence. Before anything is computed, the figure
is chosen again among all of the quoted sentence, by its own words, and what it is (of which year, aimed at or done,
added or in all, a growth or a level) is compared with what was asked.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.records import Document, Hit, Passage, Span
from index.text import align, fold
from qa.answers import Answer, Citation
from qa.language.grammar import Kind
from qa.language.lexicon import LISTS
from qa.language.periods import Period
from qa.language.quantities import Quantity, parse
from qa.protocols import DocumentOf
from qa.question.analysis import analyse
from qa.question.operations import Operand
from qa.reading.citations import quote_span
from qa.reading.features import Place, bare_place, told_periods
from qa.reading.matching import Site, match, sites

_HELD = 0.6
"""Share of the words of what is measured that must stand with a figure, and how much of a word counts as held."""

_LEAD, _NEAR = 0.5, 0.8
"""What a word of the label counts, and one of what is measured, that stands before the figure but not with it."""

_FIRST = 0.1
"""What it counts that the figure's own words begin with the label: of 「甲、乙产量分别达…」 both hold 乙."""

# 提高到 says how much there is, 改造提升 what is done.
_GROWTH = re.compile("(?:增长|增加|提高|上升|(?<!改造)提升|下降|降低|减少|回落|压减)(?![到至为])|增速|增幅|涨幅|降幅")
_GREW = re.compile(f"(?:{_GROWTH.pattern})了?(?:约|超过?|近|逾)?$")
_FALL = re.compile("(?:下降|降低|减少|回落|压减)(?![到至为])|降幅")
_RANGE_BEHIND = re.compile(r"\s?(?:-{1,2}|至|到)\s?\d")
_RANGE_BEFORE = re.compile(r"\d[^,，、。;；]{0,4}(?:-{1,2}|至|到)\s?$")
_ADDED = re.compile("新增|净增|新建|新认定|新引进|新培育")
_ALL = re.compile("累计|增至|增加[至到]|总(?:装机|量|数|规模|里程|额|计)|存量|保有|在册|共有")
_TOTAL = re.compile("合计|共计|总计|总共|一共|总和|合共|共$")
_DONE = re.compile("回顾|过去|成效|总结|成就|完成情况|主要工作(?:及|和)成")
_AIMED = re.compile("目标|任务|安排|今年|展望|打算|计划|部署|工作重点|重点工作|工作建议|要求")
_BOUND = re.compile("(?:超过|突破|不少于|不低于|不超过|至少|大约|将近|接近|控制在|超|约|近|逾)$")
_LIMIT = re.compile("(?:及|或)?(?:以上|以下|以内|之内|左右|上下)")
_EDITION = re.compile(r"[(（〔].*?[)）〕]|征求意见稿|送审稿|草案|讨论稿|(?:19|20)\d{2}年?|关于印发|的通知|[《》]")
_SYNONYMS: list[list[str]] = LISTS["synonyms"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a document that answers for one operand."""

    operand: Operand  # what was asked
    citation: Citation  # where it stands
    span: Span  # of it, in the document
    text: str  # verbatim, with 左右 or 以上 behind it
    quantity: Quantity  # its exact value
    bound: str  # words that make it a bound or an estimate; empty where it is plain
    added: bool | None  # 新增 rather than a stock; None where nothing says so
    aimed: bool | None  # a target rather than a result; None where nothing says so
    growth: bool  # how much something grows or falls rather than how much there is of it
    falls: bool  # it counts what went down
    periods: tuple[Period, ...]  # the years it is told for
    confidence: float  # of the reader in its answer
    own: str = ""  # its own words where it stands, folded

    @property
    def kind(self) -> tuple[object, ...]:
        """Return what two figures share that speak of the same: added or in all, aimed at or done, the years."""
        years = frozenset((period.first, period.last) for period in self.periods)
        return self.added, self.aimed, self.growth, self.falls, years


def figure_of(operand: Operand, answer: Answer) -> Figure | None:
    """Return the figure that an answer gives for an operand; None where it gives none, or not certainly this one."""
    if answer.abstained or not answer.citations:
        return None
    citation = answer.citations[0]
    quote = citation.quote
    start = citation.passage.span.start
    near = [site for site in _figures_in(citation.passage) if quote.contains(site.candidate.span.shift(start))]
    site = _chosen(operand, citation.passage, near, fold(answer.short or ""))
    return _fitting(operand, site, citation, answer.confidence) if site else None


def others_of(figure: Figure, hits: Sequence[Hit], document_of: DocumentOf) -> list[Figure]:
    """Return the figures of other documents for the same operand that say something else; one a document.

    They are of the same subject, year and kind, in units that convert, and stand with the same words.
    """
    found: dict[str, Figure] = {}
    own = document_of(figure.citation.passage.document_id)
    for hit in hits:
        other = document_of(hit.passage.document_id)
        if own and other and other.id != own.id and other.id not in found and _same_subject(figure.operand, own, other):
            site = _chosen(figure.operand, hit.passage, _figures_in(hit.passage), "")
            if site is None:
                continue
            citation = Citation(1, hit.passage, other.source, _quote(hit.passage, site))
            rival = _fitting(figure.operand, site, citation, 0.0)
            alike = rival and rival.kind == figure.kind and rival.quantity.comparable(figure.quantity)
            if rival and alike and rival.quantity.amount != figure.quantity.amount:
                found[other.id] = rival
    return list(found.values())


def stated_total(figures: Sequence[Figure]) -> Figure | None:
    """Return a figure that a quoted passage gives as the total of some, in or behind their sentence."""
    for figure in figures:
        passage = figure.citation.passage
        spans = {each.span for each in figures if each.citation.passage.id == passage.id}
        sentences = {
            site.around for site in _figures_in(passage) if site.candidate.span.shift(passage.span.start) in spans
        }
        for site in _figures_in(passage):
            span = site.candidate.span.shift(passage.span.start)
            if span in spans or site.around not in sentences or not _TOTAL.search(f"{site.own} {site.before}"):
                continue
            total = _figure(Operand(), site, dataclasses.replace(figure.citation, quote=_quote(passage, site)), 0.0)
            if total and total.quantity.comparable(figure.quantity) and total.growth == figure.growth:
                return total
    return None


def _quote(passage: Passage, site: Site) -> Span:
    return quote_span(passage.text, site.candidate.span).shift(passage.span.start)


def _same_subject(operand: Operand, own: Document, other: Document) -> bool:
    """Return whether two documents speak of the same: of the place that is asked about, or of their own."""
    if operand.subject:
        place = bare_place(operand.subject)
        return all(place in fold(f"{each.title} {each.metadata.region or ''}") for each in (own, other))
    regions = own.metadata.region, other.metadata.region
    return (regions[0] is not None and regions[0] == regions[1]) or _bare(own.title) == _bare(other.title)


def _bare(title: str) -> str:
    return _EDITION.sub("", fold(title))


def _figures_in(passage: Passage) -> list[Site]:
    return [site for site in sites(passage.text) if site.candidate.kind is Kind.QUANTITY]


def _fitting(operand: Operand, site: Site, citation: Citation, confidence: float) -> Figure | None:
    figure = _figure(operand, site, citation, confidence)
    if figure is None or not _fits(figure):
        return None
    beside = (each for each in _figures_in(citation.passage) if each.around == site.around and each is not site)
    # 「新增1200家，总量达到1.8万家」: asked for neither, one cannot tell which.
    stocks = [each for each in beside if _is_added(f"{each.own} {each.before}") is False]
    unsaid = figure.added and _is_added(operand.attribute) is None
    return None if unsaid and any(each.candidate.unit == figure.quantity.unit.name for each in stocks) else figure


def _chosen(operand: Operand, passage: Passage, found: Sequence[Site], short: str) -> Site | None:
    """Return the figure whose own words are most those of the operand; where several are, the one that was answered."""
    wordings = _wordings(operand)
    headings = fold(" ".join((passage.title, *passage.section_path)))
    scored = [(max(_score(*wording, site, headings) for wording in wordings), site) for site in found]
    likely = [(score, site) for score, site in scored if score >= _HELD]
    if named := [(score, site) for score, site in likely if wordings[0][0] and wordings[0][0] in site.own]:
        likely = named
    best = max((score for score, _ in likely), default=0.0)
    chosen = [site for score, site in likely if score >= best - 1e-9]
    if len(chosen) > 1:
        chosen = [site for site in chosen if site.value and site.value in short]
    return chosen[0] if len(chosen) == 1 else None


def names_of(operand: Operand) -> list[str]:
    """Return what an operand may be called: in the words of the question, then in others for the same."""
    return list(dict.fromkeys(f"{operand.subject}{operand.period}{each}" for each in _renamed(operand.attribute)))


def _renamed(text: str) -> list[str]:
    found, folded = [text], fold(text)
    for names in _SYNONYMS:
        said = next((name for name in names if name in folded), None)
        found += [folded.replace(said, name, 1) for name in names if said and name != said]
    return found


def _wordings(operand: Operand) -> list[tuple[str, str]]:
    """Return label and measure of an operand, folded, once for each synonym of the measure."""
    label, measure = fold(operand.label), fold(operand.plain)
    own = label if label and label in measure else ""
    return [(own, text) for text in _renamed(measure.replace(own, "", 1) if own else measure)]


def _score(label: str, measure: str, site: Site, headings: str) -> float:
    """Return how much of an operand's words stands with a figure; 0 where one is neither in its sentence nor above it.

    A little more where the figure's own words begin with the label.
    """
    own, shared = _words(label), _words(measure)
    words = [*own, *shared]
    if not words or not all(_held(word, site.around + headings) for word in words):
        return 0.0
    held = sum(max(_held(word, site.own), _LEAD * _held(word, site.lead)) for word in own)
    held += sum(max(_held(word, site.own), _NEAR * _held(word, site.lead)) for word in shared)
    return held / len(words) + _FIRST * site.own.startswith(label or measure)


def _held(word: str, scope: str) -> float:
    found = match(word, scope)
    return found if found >= _HELD else 0.0


def _words(text: str) -> list[str]:
    return [term.text for term in analyse(text).terms]


def _figure(operand: Operand, site: Site, citation: Citation, confidence: float) -> Figure | None:
    text, span = citation.passage.text, site.candidate.span
    around = align(text)
    if _RANGE_BEHIND.match(around, span.end) or _RANGE_BEFORE.search(around[max(0, span.start - 12) : span.start]):
        return None
    if _is_elsewhere(operand, site, citation.passage):
        return None
    behind = _LIMIT.match(text, span.end)
    end = behind.end() if behind else span.end
    quantity = parse(span.slice(text))
    if quantity and not quantity.unit.name and site.candidate.unit:
        quantity = parse(span.slice(text) + site.candidate.unit)
    if quantity is None:
        return None
    said = fold(text[max(0, span.start - 4) : span.start])
    bounds = [found.group() for found in (_BOUND.search(said), _LIMIT.search(text[span.start : end])) if found]
    own = f"{site.own} {site.before}"
    added = _is_added(own)
    return Figure(
        operand,
        citation,
        span.shift(citation.passage.span.start),
        text[span.start : end],
        quantity,
        "、".join(bounds),
        _is_added(operand.attribute) if added is None else added,
        _is_aimed(citation),
        (_GROWTH.search(own) if quantity.unit.family == "share" else _GREW.search(site.before)) is not None,
        _FALL.search(own) is not None,
        tuple(told_periods(Place(Hit(citation.passage, 0.0), 0, site))),
        confidence,
        site.own,
    )


def _is_elsewhere(operand: Operand, site: Site, passage: Passage) -> bool:
    """Return whether a figure is of a place that neither operand nor headings name: of 襄阳, where 湖北 is asked."""
    known = fold(" ".join((operand.name, passage.title, *passage.section_path)))
    places = analyse(site.own).places if operand.subject else ()
    return any(bare_place(place) not in known for place in places)


def _is_added(own: str) -> bool | None:
    if _ADDED.search(own):
        return True
    return False if _ALL.search(own) else None


def _is_aimed(citation: Citation) -> bool | None:
    path = " ".join(citation.passage.section_path)
    if _DONE.search(path):
        return False
    return True if _AIMED.search(path) else None


def _fits(figure: Figure) -> bool:
    """Return whether a figure is of the kind that its operand asks for."""
    operand = figure.operand
    growing = _GROWTH.search(operand.attribute) is not None
    if (figure.quantity.unit.family == "share" and figure.growth != growing) or (growing and not figure.growth):
        return False
    if operand.is_goal and figure.aimed is False:
        return False
    wanted = _is_added(operand.attribute)
    return wanted is None or wanted == figure.added


def kinds_differ(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield why figures do not go together, in Chinese; nothing where they do."""
    if len({figure.added for figure in figures} - {None}) > 1:
        yield "有的是新增量，有的是总量"
    if len({figure.falls for figure in figures}) > 1 or len({figure.growth for figure in figures}) > 1:
        yield "有的是增减幅度，有的不是，或者方向相反"
    alike = len({(figure.operand.period, figure.operand.is_goal) for figure in figures}) == 1
    if alike and len({figure.aimed for figure in figures} - {None}) > 1:
        yield "有的是目标，有的是完成数"
    told = [figure.periods for figure in figures if figure.periods]
    if alike and any(not any(a.meets(b) for a in told[0] for b in other) for other in told[1:]):
        yield "说的不是同一时期"
