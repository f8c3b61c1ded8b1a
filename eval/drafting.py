"""Questions proposed from documents by general rules, for a person to keep, edit or drop.

A rule proposes only what it can also answer with a verbatim span, and only if the documents give one answer: where two
places answer the same question differently, neither is proposed. Near misses ask for a year, or for a kind of fact,
that no document mentions, of something that the documents do treat: refusing is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, zip_longest

from eval.answer_metrics import normalise
from eval.jsonlines import Record
from eval.published import sentences_with
from eval.records import Query
from index.records import Document, Passage
from index.text import sentence_spans
from qa.grammar import Candidate, Kind, candidates
from qa.measures import dimension
from qa.periods import periods
from qa.words import tagged

UNANSWERABLE_SHARE = 0.3
"""Of what is proposed, where there are enough of either."""

_NUMBERING = re.compile(
    r"^(?:第[一二三四五六七八九十百\d]+[编章节条款]|[（(]?[一二三四五六七八九十\d０-９]+[)）、．.]|[一二三四五六七八九十]是|专栏\d*|附件\d*)\s*[、．.：:]?\s*"
)
_MEASURED = re.compile(r"[\u4e00-\u9fff]{4,14}")
_JOINING = re.compile(
    r"^(?:和|及|与|以及|其中|力争|确保|累计|预计|全年|到)+|(?:达到?|为|超过|突破|保持在|实现|约|共|有|至|到)+$"
)
_DEFINITION = re.compile(
    r"(?:^|[。；\n])\s*(?:本[\u4e00-\u9fff]{1,4}所称的?)?[“\"]?(?P<term>[\u4e00-\u9fff]{2,14})[”\"]?[，,]?\s*(?:是指|系指|指的是)"
    r"(?P<meaning>[^。；\n]{6,160})"
)
_LISTED = re.compile(
    r"(?:^|[。；，\n])(?P<whole>[\u4e00-\u9fff]{4,14}?)(?:主要)?(?:包括|分为|涵盖|由)"
    r"(?P<parts>[^。；，：\n、]{2,20}(?:、[^。；，：\n、]{2,20})+(?:和|及|以及)?[^。；，\n]{0,20})(?=[。；])"
)
_EFFECT = re.compile(r"自(?P<date>\d{4}年\d{1,2}月\d{1,2}日|公布之日|发布之日|印发之日)起(?P<verb>施行|实施|执行|生效)")
_MEASURE_NOUN = re.compile(
    r".*(?:[量率值额数比]|产能|规模|面积|比重|强度|收入|投资|里程|能力|水平|人口|总额|缺口|价格)"
)
"""What can be asked for with 是多少; a bare thing (电池隔膜) cannot."""
_ABSENT_LABELS = {
    "联系电话": "是多少",
    "监督电话": "是多少",
    "验收单位": "是哪家",
    "举报邮箱": "是什么",
    "办公地址": "在哪里",
    "中标单位": "是哪家",
    "开工日期": "是哪天",
}
"""Facts that plans and rules seldom state, with how one asks for them."""
_ABSENT_YEARS = range(2031, 2061)


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed question.

    Attributes:
        query: ready to be asked, if it is kept.
        source: file name of the document it is about.
        why: for unanswerable ones, what the documents do not hold.
    """

    query: Query
    source: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Proposal:
    type: str
    question: str
    answer: str
    evidence: str
    section: str
    source: str
    subject: str = ""


def draft(documents: Sequence[tuple[Document, Sequence[Passage]]], n: int) -> list[Draft]:
    """At most `n` questions, spread over documents, places and types; fewer where the documents give no occasion.

    Args:
        documents: with their passages in text order.
        n: how many, at least 1.

    Raises:
        ValueError: if `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"要提出的问题数至少为 1，这里是 {n}")
    proposals = _unambiguous([each for document, passages in documents for each in _proposals(document, passages)])
    known = _spread(proposals)
    misses = list(_near_misses(known, [document for document, _ in documents]))
    answerable = known[: n - round(n * UNANSWERABLE_SHARE)]
    wanted = round(len(answerable) * UNANSWERABLE_SHARE / (1 - UNANSWERABLE_SHARE))
    chosen = [*answerable, *misses[:wanted]]
    return [_draft(number, each) for number, each in enumerate(chosen, start=1)]


def drafts_from_use(records: Iterable[Record]) -> list[Draft]:
    """What was really asked, with what was answered, to be put right: each question once, the latest answer counting.

    Args:
        records: answers as in CONTRACT.md, such as `yiju-ask --batch` writes; lines with an error have none.

    Raises:
        EvaluationError: if a line has no question; names line and field.
    """
    latest = {normalise(record.text("question")): record for record in records}
    return [_used(number, record) for number, record in enumerate(latest.values(), start=1)]


def _used(number: int, record: Record) -> Draft:
    short = record.optional_text("short_answer") or ""
    cited = record.objects("citations") if record.fields.get("citations") else []
    answers = ((short,),) if short else ()
    evidence = tuple(each.text("quote") for each in cited[:1]) if short else ()
    query = Query(f"u{number:04d}", record.text("question"), answers, evidence, bool(short), "real")
    source = cited[0].optional_text("source") if cited else None
    return Draft(query, source or "", "" if short else "当时没有答出；若文件里有，请填答案和证据")


def _draft(number: int, proposal: _Proposal) -> Draft:
    answerable = bool(proposal.answer)
    query = Query(
        f"p{number:04d}",
        proposal.question,
        ((proposal.answer,),) if answerable else (),
        (proposal.evidence,) if answerable else (),
        answerable,
        proposal.type,
        section=proposal.section or None,
    )
    return Draft(query, proposal.source, "" if answerable else proposal.evidence)


def _proposals(document: Document, passages: Sequence[Passage]) -> Iterator[_Proposal]:
    if number := document.metadata.number:
        yield from _about_document(document, "fact", f"《{document.title}》的文号是什么？", number)
    for passage in passages:
        for candidate in candidates(passage.text):
            yield from _figures(document, passage, candidate)
            yield from _labelled(document, passage, candidate)
        for match in _DEFINITION.finditer(passage.text):
            yield from _made(
                document, passage, "definition", f"什么是{match['term']}？", match["meaning"], match["term"]
            )
        for match in _LISTED.finditer(passage.text):
            if _is_noun_phrase(match["whole"]):
                question = f"{match['whole']}包括哪些？"
                yield from _made(document, passage, "list", question, match["parts"], match["whole"])
        for match in _EFFECT.finditer(passage.text):
            question = f"《{document.title}》从什么时候起{match['verb']}？"
            yield from _made(document, passage, "date", question, match["date"])


def _about_document(document: Document, type: str, question: str, answer: str) -> Iterator[_Proposal]:
    if evidence := sentences_with(document.text, answer)[:1]:
        yield _Proposal(type, question, answer, evidence[0], "", document.source)


def _made(
    document: Document, passage: Passage, type: str, question: str, answer: str, subject: str = ""
) -> Iterator[_Proposal]:
    """A proposal with the sentence that holds its answer."""
    sentences = sentences_with(passage.text, answer)
    sentence = next((each for each in sentences if subject in each), sentences[0] if sentences else "")
    if sentence:
        section = " › ".join(passage.section_path)
        evidence = _unique(document.text, passage.text, sentence)
        yield _Proposal(type, question, answer.strip(), evidence, section, document.source, subject)


def _unique(whole: str, passage: str, sentence: str) -> str:
    """The sentence, with as many before it as set it apart: 牵头单位：区经济信息委 stands under ten headings."""
    start = passage.find(sentence)
    end = start + len(sentence)
    for span in reversed([span for span in sentence_spans(passage) if span.start < start]):
        if whole.count(passage[start:end]) <= 1:
            break
        start = span.start
    return passage[start:end].strip()


def _figures(document: Document, passage: Passage, candidate: Candidate) -> Iterator[_Proposal]:
    """What is measured, with the period that the text names."""
    if candidate.kind is not Kind.QUANTITY or dimension(candidate.unit) in {"", "count", "duration", "grade"}:
        return
    subject = _measured(candidate.own)
    if subject and subject in passage.text:
        period = _period(candidate.own)
        period = period if period in passage.text else ""
        answer = candidate.span.slice(passage.text)
        yield from _made(document, passage, "number", f"{period}{subject}是多少？", answer, subject)


def _labelled(document: Document, passage: Passage, candidate: Candidate) -> Iterator[_Proposal]:
    """Who is named behind a label, asked by the heading that this stands under."""
    if not candidate.labelled or candidate.kind is not Kind.ORGANISATION or not passage.section_path:
        return
    subject = _NUMBERING.sub("", passage.section_path[-1]).strip("。：: ")
    if 4 <= len(subject) <= 24 and _MEASURED.search(subject):
        answer = candidate.span.slice(passage.text)
        yield from _made(document, passage, "department", f"{subject}的{candidate.own}有哪些？", answer, candidate.own)


def _period(own: str) -> str:
    """The one period that a figure's own words name, quotation marks included; empty for none or several."""
    told = periods(own)
    if len(told) != 1:
        return ""
    start, end = told[0].start, told[0].end
    return own[start - (own[start - 1 : start] in ("“", '"')) : end]


def _measured(own: str) -> str | None:
    """The noun phrase of a figure without its period and joining words, or None where it is none."""
    bare = own
    for period in reversed(periods(own)):
        bare = bare[: period.start].rstrip('“"到') + bare[period.end :].lstrip('”"年末底')
    bare = _JOINING.sub("", bare.strip())
    named = _MEASURED.fullmatch(bare) and _MEASURE_NOUN.fullmatch(bare)
    return bare if named and _is_noun_phrase(bare) else None


def _is_noun_phrase(text: str) -> bool:
    tags = [tag for _, tag in tagged(text)]
    return bool(tags) and tags[0][0] in "njlvb" and tags[0] != "v" and tags[-1][0] in "njl"


def _unambiguous(proposals: Sequence[_Proposal]) -> list[_Proposal]:
    """Each question once, and only where all places that answer it give one answer."""
    answers: dict[str, set[str]] = {}
    for each in proposals:
        answers.setdefault(normalise(each.question), set()).add(normalise(each.answer))
    first: dict[str, _Proposal] = {}
    for each in proposals:
        key = normalise(each.question)
        if len(answers[key]) == 1:
            first.setdefault(key, each)
    return list(first.values())


def _spread(proposals: Sequence[_Proposal]) -> list[_Proposal]:
    """All of them, documents and types taking turns."""
    groups: dict[tuple[str, str], list[_Proposal]] = {}
    for each in proposals:
        groups.setdefault((each.source, each.type), []).append(each)
    return [each for turn in zip_longest(*groups.values()) for each in turn if each is not None]


def _near_misses(known: Sequence[_Proposal], documents: Iterable[Document]) -> Iterator[_Proposal]:
    """What the documents treat, asked for a year or a fact that they do not hold."""
    text = "".join(normalise(document.text) for document in documents)
    years = [year for year in _ABSENT_YEARS if str(year) not in text]
    labels = [label for label in _ABSENT_LABELS if label not in text and label[-2:] not in text]
    figures = [each for each in known if each.type == "number"]
    asked = [each for each in known if each.type == "department"]
    by_year = (
        _miss(each, f"{year}年{each.subject}是多少？", f"文件没有提到 {year} 年")
        for each, year in zip(figures, cycle(years), strict=False)
    )
    by_label = (
        _miss(
            each,
            f"{each.question.removesuffix('有哪些？').removesuffix(each.subject)}{label}{_ABSENT_LABELS[label]}？",
            f"文件里没有「{label}」",
        )
        for each, label in zip(asked, cycle(labels), strict=False)
    )
    seen: set[str] = set()
    for each in chain.from_iterable(zip_longest(by_year, by_label)):
        if each is not None and each.question not in seen:
            seen.add(each.question)
            yield each


def _miss(near: _Proposal, question: str, why: str) -> _Proposal:
    return _Proposal("unanswerable", question, "", why, near.section, near.source)
