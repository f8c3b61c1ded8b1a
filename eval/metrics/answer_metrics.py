"""The scores of docs/contract.md, one question at a time. Pure: answers in, numbers out.

A score that does not apply to a question is absent from its result, so that an average
runs over exactly the questions that count:

    answer_hit, short_hit, em, f1, false_refusal   answerable questions
    evidence_recall_at_k, citation_recall          answerable questions with known evidence
    citation_precision                             those of them whose answer cites something
    wrong_document                                 answerable questions with known evidence, where documents are at hand
    verbatim                                       every answer that cites something, where documents are at hand
    false_answer                                   unanswerable questions

A question without a result earns nothing: 0 in each score where more is better, and where
nobody refused it was not refused either, so it is a false answer and no false refusal. It
cites no wrong document.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from eval.records import Query
from qa.answers import AnswerJson

LABELS = {
    "answer_hit": "答案命中",
    "short_hit": "短答命中",
    "evidence_recall_at_1": "证据召回@1",
    "evidence_recall_at_5": "证据召回@5",
    "evidence_recall_at_10": "证据召回@10",
    "citation_recall": "引用召回",
    "citation_precision": "引用准确",
    "wrong_document": "引错文件↓",
    "verbatim": "逐字引用",
    "false_answer": "误答率↓",
    "false_refusal": "误拒率↓",
    "em": "完全一致EM",
    "f1": "重合F1",
}
"""Every score by its name in reports, as people read it and in that order; ↓ marks those where less is better."""

SCORES = tuple(LABELS)

LOWER_IS_BETTER = frozenset({"false_answer", "false_refusal", "wrong_document"})

DEPTHS = (1, 5, 10)
"""The k of evidence recall@k."""

TextOf = Callable[[str], str | None]
"""Document id → the document's text, or None where it is unknown."""

_QUOTATION_MARKS = re.compile("[《》\"'“”‘’]")
_DASHES = re.compile("[‐‑‒–—―−─━⸺⸻〜〰﹘﹣]")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_MARKER = re.compile(r"\[\d+\]")

_CMRC_PUNCTUATION = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
_CMRC_SEGMENT = re.compile(r"[\u4e00-\u9fa5]|[^\W\u4e00-\u9fa5]+(?:[.,'][^\W\u4e00-\u9fa5]+)*|[^\w\s]")


@lru_cache(maxsize=20_000)  # the same passages come up for many questions
def normalise(text: str) -> str:
    """Return text as it is compared.

    NFKC, case folding, no white space, no quotation marks, every dash `-`, no thousands separators.

    Source: docs/contract.md, Scores.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = _QUOTATION_MARKS.sub("", "".join(folded.split()))
    return _THOUSANDS.sub("", _DASHES.sub("-", bare))


def score(query: Query, answer: AnswerJson | None, text_of: TextOf | None = None) -> dict[str, float]:
    """Return every score that applies to a question, in [0, 1] by name, in the order of `SCORES`.

    An answer that is None is a question without a result; without texts `verbatim` and `wrong_document` are not scored.
    """
    scores = _answerable_scores(query, answer) if query.answerable else {"false_answer": false_answer(answer)}
    if text_of is not None and query.evidence:
        scores["wrong_document"] = wrong_document(query, answer, text_of)
    if answer is not None and text_of is not None and answer["citations"]:
        scores["verbatim"] = verbatim(answer, text_of)
    return {name: scores[name] for name in SCORES if name in scores}


def _answerable_scores(query: Query, answer: AnswerJson | None) -> dict[str, float]:
    scores = {
        "answer_hit": answer_hit(query, answer),
        "short_hit": short_hit(query, answer),
        "false_refusal": false_refusal(answer),
        "em": exact_match(query, answer),
        "f1": f1(query, answer),
    }
    if query.evidence:
        scores |= {f"evidence_recall_at_{k}": evidence_recall(query, answer, k) for k in DEPTHS}
        scores["citation_recall"] = citation_recall(query, answer)
        if answer is None or answer["citations"]:
            scores["citation_precision"] = citation_precision(query, answer)
    return scores


def answer_hit(query: Query, answer: AnswerJson | None) -> float:
    """Return 1 if all strings of some alternative occur in the answer; a refusal hits nothing, whatever it repeats."""
    if answer is None or answer["abstained"]:
        return 0.0
    given = normalise(answer["answer"])
    return float(any(_all_occur(alternative, given) for alternative in query.answers))


def short_hit(query: Query, answer: AnswerJson | None) -> float:
    """Return 1 if a short answer of at most 2 × the length of some alternative + 8 characters has all its strings."""
    if answer is None or answer["abstained"] or answer["short_answer"] is None:
        return 0.0
    given = normalise(answer["short_answer"])
    return float(
        any(
            len(given) <= 2 * sum(len(normalise(part)) for part in alternative) + 8 and _all_occur(alternative, given)
            for alternative in query.answers
        )
    )


def evidence_recall(query: Query, answer: AnswerJson | None, k: int) -> float:
    """Return 1 if some evidence string lies inside one of the first `k` passages.

    Raises:
        ValueError: if `k` is less than 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if answer is None:
        return 0.0
    evidence = [normalise(text) for text in query.evidence]
    passages = [normalise(passage["text"]) for passage in answer["passages"][:k]]
    return float(any(text in passage for passage in passages for text in evidence))


def citation_recall(query: Query, answer: AnswerJson | None) -> float:
    """Return 1 if some evidence string and some quote overlap by at least 60 % of the shorter one."""
    return float(any(_supported(query, answer)))


def citation_precision(query: Query, answer: AnswerJson | None) -> float:
    """Return the share of citations that overlap some evidence string as in `citation_recall`.

    0 where there are none.
    """
    supported = _supported(query, answer)
    return sum(supported) / len(supported) if supported else 0.0


def wrong_document(query: Query, answer: AnswerJson | None, text_of: TextOf) -> float:
    """Return 1 if the answer cites a document that holds none of the evidence: the same words about something else.

    Among documents that are nearly alike a figure may be quoted faithfully and yet be another's, which no comparison
    of wording shows: what the evidence stands in are the right documents, any other is a wrong one.
    """
    cited = {each["document_id"] for each in answer["citations"]} if answer is not None else set()
    return float(any(not _holds_evidence(query, text_of(document_id) or "") for document_id in cited))


def _holds_evidence(query: Query, text: str) -> bool:
    if any(evidence in text for evidence in query.evidence):
        return True
    normalised = normalise(text)
    return any(normalise(evidence) in normalised for evidence in query.evidence)


def verbatim(answer: AnswerJson, text_of: TextOf) -> float:
    """Return the share of citations whose quote is exactly the document's text at its offsets.

    Raises:
        ValueError: if the answer cites nothing.
    """
    citations = answer["citations"]
    if not citations:
        raise ValueError("verbatim needs an answer with citations")
    exact = [
        (text_of(each["document_id"]) or "")[each["start"] : each["end"]] == each["quote"] != "" for each in citations
    ]
    return sum(exact) / len(exact)


def false_answer(answer: AnswerJson | None) -> float:
    """Return 1 for an unanswerable question that was not abstained from."""
    return float(answer is None or not answer["abstained"])


def false_refusal(answer: AnswerJson | None) -> float:
    """Return 1 for an answerable question that was abstained from."""
    return float(answer is not None and answer["abstained"])


def exact_match(query: Query, answer: AnswerJson | None) -> float:
    """Return 1 if the prediction equals some alternative, punctuation removed.

    Source: Cui et al. 2019, A Span-Extraction Dataset for Chinese Machine Reading Comprehension, §4.2, and its scorer.
    """
    return span_exact_match(_prediction(answer), _joined(query))


def f1(query: Query, answer: AnswerJson | None) -> float:
    """Return harmonic mean of precision and recall of the longest common run of segments, for the best alternative.

    Source: as `exact_match`. The data set's scorer takes the longest common *substring*, not a bag of characters.
    """
    return span_f1(_prediction(answer), _joined(query))


def span_exact_match(given: str, expected: Sequence[str]) -> float:
    """Return `exact_match` of a bare string with the alternatives; an empty string matches none."""
    bare = _without_punctuation(given)
    return float(bool(bare) and any(bare == _without_punctuation(each) for each in expected))


def span_f1(given: str, expected: Sequence[str]) -> float:
    """Return `f1` of a bare string with the alternatives."""
    segments = cmrc_segments(given)
    return max((_run_f1(cmrc_segments(each), segments) for each in expected), default=0.0)


def cmrc_segments(text: str) -> list[str]:
    """Return text as the CMRC scorer compares it.

    Each Chinese character alone, other words and signs whole, lower case.

    The scorer's own list of punctuation is removed, no other sign: `3.5` and `70%` keep theirs.

    Source: the scorer published with CMRC 2018 (`mixed_segmentation`, punctuation removed before segmenting).
    """
    return _CMRC_SEGMENT.findall(_without_punctuation(text))


def _without_punctuation(text: str) -> str:
    return "".join(char for char in text.lower().strip() if char not in _CMRC_PUNCTUATION)


def _joined(query: Query) -> list[str]:
    return ["".join(parts) for parts in query.answers]


def _prediction(answer: AnswerJson | None) -> str:
    """Return what EM and F1 look at: the short answer, else the answer without markers.

    Nothing where it was refused.
    """
    if answer is None or answer["abstained"]:
        return ""
    return answer["short_answer"] or _MARKER.sub("", answer["answer"])


def _run_f1(expected: Sequence[str], given: Sequence[str]) -> float:
    run = _longest_common_run(expected, given)
    return 2 * run / (len(expected) + len(given)) if run else 0.0


def _all_occur(parts: Sequence[str], text: str) -> bool:
    return all(normalise(part) in text for part in parts)


def _supported(query: Query, answer: AnswerJson | None) -> list[bool]:
    """Return for each citation whether some evidence string supports it."""
    evidence = [normalise(text) for text in query.evidence]
    citations = answer["citations"] if answer is not None else []
    return [any(_overlap(text, normalise(each["quote"])) for text in evidence) for each in citations]


def overlaps(evidence: str, quote: str) -> bool:
    """Return whether both, as they are compared, share a run of at least 60 % of the shorter one."""
    return _overlap(normalise(evidence), normalise(quote))


def _overlap(evidence: str, quote: str) -> bool:
    """Return whether both share a run of at least 60 % of the shorter one.

    The data set gives evidence as text without a place, so the overlap is the longest run both have in common.
    """
    shorter = min(len(evidence), len(quote))
    return shorter > 0 and 5 * _longest_common_run(evidence, quote) >= 3 * shorter


def _longest_common_run(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the longest contiguous run that occurs in both."""
    return SequenceMatcher(None, a, b, autojunk=False).find_longest_match().size
