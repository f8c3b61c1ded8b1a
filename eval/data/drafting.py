"""Questions proposed from documents by general rules, for a person to keep, edit or drop.

A rule (`qa.suggesting.proposing`) proposes only what it can also answer with a verbatim span, and a question is kept
only if the documents give one answer: where two places answer it differently, neither is proposed. Near misses ask for
a year, a region or a kind of fact that no document mentions, of something that the documents do treat: refusing is
right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, zip_longest

from eval.data.checks import copied
from eval.data.datasets import query_of
from eval.data.rows import sentences_with
from eval.jsonlines import Record
from eval.metrics.answer_metrics import normalise
from eval.records import Query
from index.records import Document, Passage, Span
from index.text import sentence_spans
from qa.suggesting.proposing import Proposal, document_proposals, passage_proposals

UNANSWERABLE_SHARE = 0.3
"""Of what is proposed, where there are enough of either."""

_ABSENT_LABELS = {
    "联系电话": "是多少",
    "监督电话": "是多少",
    "举报邮箱": "是什么",
    "办公地址": "在哪里",
    "开工日期": "是哪天",
    "验收标准": "是什么",
    "罚款金额": "是多少",
    "报名费用": "是多少",
}
"""Facts that plans and rules seldom state, with how one asks for them."""
_ABSENT_YEARS = range(2031, 2061)
_PERIOD = re.compile('(?:19|20)\\d{2}年|[“"]?十[一二三四五六]五[”"]?[末期]?间?')
_REGIONS = ("海南", "青海", "宁夏", "吉林", "山西", "贵州", "甘肃", "云南", "福建", "安徽", "江西", "湖北")
_NATIONAL = "全国"


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed question."""

    query: Query  # ready to be asked, if it is kept
    source: str  # file name of the document it is about
    why: str = ""  # for unanswerable ones, what the documents do not hold


@dataclass(frozen=True, slots=True)
class _Found:
    """A proposal, put into its document."""

    type: str
    question: str
    answer: str
    evidence: str
    section: str
    source: str
    subject: str = ""
    cut: bool = False


def draft(
    documents: Sequence[tuple[Document, Sequence[Passage]]], n: int, left_out: Counter[str] | None = None
) -> list[Draft]:
    """Return at most `n` questions, spread over documents, places and types; fewer where nothing more can be asked.

    `left_out` is told why proposals were not taken, and how many.

    Raises:
        ValueError: if `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"要提出的问题数至少为 1，这里是 {n}")
    reasons = Counter[str]() if left_out is None else left_out
    proposals = [each for document, passages in documents for each in _found(document, passages)]
    whole = [each for each in proposals if not each.cut]
    reasons["答案断在换行处"] += len(proposals) - len(whole)
    texts = [normalise(document.text) for document, _ in documents]
    asked = [each for each in map(_reworded, whole) if copied(each.question, texts) is None]
    reasons["只能照抄原文发问"] += len(whole) - len(asked)
    known = _spread(_unambiguous(asked))
    reasons["重复，或几处答案不一"] += len(asked) - len(known)
    misses = list(_near_misses(known, [document for document, _ in documents]))
    answerable = known[: n - round(n * UNANSWERABLE_SHARE)]
    wanted = round(len(answerable) * UNANSWERABLE_SHARE / (1 - UNANSWERABLE_SHARE))
    chosen = [*answerable, *misses[:wanted]]
    return [_draft(number, each) for number, each in enumerate(chosen, start=1)]


def drafts_from_use(records: Iterable[Record]) -> list[Draft]:
    """Return what was really asked, with what was answered, to be put right; each question once, its latest answer.

    The records are answers as in docs/contract.md, such as `yiju-ask --batch` writes; lines with an error have none.

    Raises:
        EvaluationError: if a line has no question; names line and field.
    """
    latest = {normalise(record.text("question")): record for record in records}
    return [_used(number, record) for number, record in enumerate(latest.values(), start=1)]


def drafts_from_usage(records: Iterable[Record]) -> list[Draft]:
    """Return the questions that users asked, as the administration page exports them, the most asked first.

    What a person has put right comes with its answer and evidence; what is still open comes without, to be reviewed.
    `asked`, `reason` and `given` say how often it was asked, what a reader objected and what was answered.

    Raises:
        EvaluationError: if a line is no such question; names line and field.
    """
    first: dict[str, Draft] = {}
    for record in sorted(records, key=_asked, reverse=True):
        query = query_of(record)
        first.setdefault(normalise(query.question), Draft(query, "", _use(record, query)))
    return list(first.values())


def _asked(record: Record) -> float:
    return record.number("asked", 0, float("inf")) if "asked" in record.fields else 1


def _use(record: Record, query: Query) -> str:
    """Return what is known of a question's use, for the reviewer."""
    reason, given = record.optional_text("reason"), record.optional_text("given")
    told = [
        f"问过 {_asked(record):.0f} 次",
        *([f"当时答：{given}"] if given else ["当时没有答出"]),
        *([f"读者认为不对：{reason}"] if reason else []),
        *([] if query.answerable else ["若文件里有，请填答案和证据"]),
    ]
    return "；".join(told)


def _used(number: int, record: Record) -> Draft:
    short = record.optional_text("short_answer") or ""
    cited = record.objects("citations") if record.fields.get("citations") else []
    answers = ((short,),) if short else ()
    evidence = tuple(each.text("quote") for each in cited[:1]) if short else ()
    query = Query(f"u{number:04d}", record.text("question"), answers, evidence, bool(short), "real")
    source = cited[0].optional_text("source") if cited else None
    return Draft(query, source or "", "" if short else "当时没有答出；若文件里有，请填答案和证据")


def _draft(number: int, found: _Found) -> Draft:
    answerable = bool(found.answer)
    query = Query(
        f"p{number:04d}",
        found.question,
        ((found.answer,),) if answerable else (),
        (found.evidence,) if answerable else (),
        answerable,
        found.type,
        section=found.section or None,
    )
    return Draft(query, found.source, "" if answerable else f"须核对：{found.evidence}，但可能换了说法")


def _found(document: Document, passages: Sequence[Passage]) -> Iterator[_Found]:
    for each in document_proposals(document):
        yield _placed(document, document.text, each, "")
    for passage in passages:
        for each in passage_proposals(passage):
            yield _placed(document, passage.text, each, " › ".join(passage.section_path))


def _placed(document: Document, text: str, proposal: Proposal, section: str) -> _Found:
    """Return a proposal with the sentence that holds its answer."""
    answer = proposal.answer.slice(text)
    sentence = next(
        (span.slice(text).strip() for span in sentence_spans(text) if span.start <= proposal.answer.start < span.end),
        "",
    )
    if answer not in sentence:  # it runs on into the next sentence
        sentence = sentences_with(text, answer)[0]
    evidence, cut = _unique(document.text, text, sentence), _is_cut(text, proposal.answer)
    return _Found(proposal.type, proposal.question, answer, evidence, section, document.source, proposal.subject, cut)


_BEGINS = re.compile(r"\s|$|[一二三四五六七八九十]+、|第.{1,6}[条章节]|[（(]|[0-9０-９]{1,3}[．.、]|[-*#•·]")
"""How a line begins that does not go on with the one before it."""


def _is_cut(text: str, answer: Span) -> bool:
    """Return whether an answer ends where a line does, with its sentence going on in the next."""
    line = text[text.rfind("\n", 0, answer.start) + 1 : answer.end]
    rest = text[answer.end :]
    return rest.startswith("\n") and "：" not in line and not _BEGINS.match(rest[1:]) and line[-1:] not in "。；！？"


_REWORDED = (
    (re.compile(r"(.+?)(?:主要)?包括哪些？"), r"哪些属于\1？"),
    (re.compile(r"什么是(.+)？"), r"\1指的是什么？"),
)
"""Questions that would repeat the sentence, and how people ask instead."""


def _reworded(found: _Found) -> _Found:
    for said, meant in _REWORDED:
        if said.fullmatch(found.question):
            return replace(found, question=said.sub(meant, found.question))
    return found


def _unique(whole: str, text: str, sentence: str) -> str:
    """Return the sentence, with as many before it as set it apart: 牵头单位：区经济信息委 stands under ten headings."""
    start = text.find(sentence)
    end = start + len(sentence)
    for span in reversed([span for span in sentence_spans(text) if span.start < start]):
        if whole.count(text[start:end]) <= 1:
            break
        start = span.start
    return text[start:end].strip()


def _unambiguous(found: Sequence[_Found]) -> list[_Found]:
    """Return each question once, and only where all places that answer it give one answer."""
    answers: dict[str, set[str]] = {}
    for each in found:
        answers.setdefault(normalise(each.question), set()).add(normalise(each.answer))
    first: dict[str, _Found] = {}
    for each in found:
        key = normalise(each.question)
        if len(answers[key]) == 1:
            first.setdefault(key, each)
    return list(first.values())


def _spread(found: Sequence[_Found]) -> list[_Found]:
    """Return all of them, documents and types taking turns."""
    groups: dict[tuple[str, str], list[_Found]] = {}
    for each in found:
        groups.setdefault((each.source, each.type), []).append(each)
    return [each for turn in zip_longest(*groups.values()) for each in turn if each is not None]


def _near_misses(known: Sequence[_Found], documents: Sequence[Document]) -> Iterator[_Found]:
    """Yield what the documents treat, asked for a year, a region or a fact that they do not hold, the three in turn."""
    text = "".join(normalise(document.text + document.title) for document in documents)
    years = [year for year in _ABSENT_YEARS if str(year) not in text]
    labels = [label for label in _ABSENT_LABELS if label not in text and label[-2:] not in text]
    general = all(document.metadata.region in (None, _NATIONAL) for document in documents)
    regions = [] if general else [region for region in _REGIONS if region not in text]
    figures = [each for each in known if each.type == "number"]
    topics = [each for each in known if each.section and each.subject and each.subject in each.section]
    made = (
        [
            _miss(each, _in_year(each.question, year), f"文件没有提到 {year} 年")
            for each, year in zip(figures, cycle(years), strict=False)
        ],
        [
            _miss(each, f"{each.subject}的{label}{_ABSENT_LABELS[label]}？", f"文件里没有「{label}」")
            for each, label in zip(topics, cycle(labels), strict=False)
        ],
        [
            _miss(each, _led(each.question, region), f"文件没有提到「{region}」")
            for each, region in zip(reversed(figures), cycle(regions), strict=False)
        ],
    )
    first = {each.question: each for turn in zip_longest(*made) for each in turn if each is not None}
    yield from first.values()


def _in_year(question: str, year: int) -> str:
    """Return a question asked for another year."""
    told = _PERIOD.search(question)
    return _PERIOD.sub(f"{year}年", question, count=1) if told else _led(question, f"{year}年")


def _led(question: str, words: str) -> str:
    """Return a question with words before what it asks, behind the heading that it begins with."""
    head, mark, rest = question.rpartition("方面，")
    return f"{head}{mark}{words}{rest}"


def _miss(near: _Found, question: str, why: str) -> _Found:
    return _Found("unanswerable", question, "", why, near.section, near.source)
