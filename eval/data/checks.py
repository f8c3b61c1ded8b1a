"""Find faults of a question set that do not stop an evaluation but skew it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.metrics.answer_metrics import normalise
from eval.records import Dataset, Query
from index.records import Document

COPIED = 0.7
"""A question that shares this part of its length with a document in one run was copied rather than asked."""

_SHORTEST_COPY = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at."""

    kind: str  # what it is, in a word or two
    id: str
    detail: str


def findings(dataset: Dataset, documents: Sequence[Document] = ()) -> list[Finding]:
    """Return everything worth a look, question by question within each kind; without documents, what needs none."""
    texts = {document.source: normalise(document.text) for document in documents}
    found = [*_duplicates(dataset.queries), *_answers_without_evidence(dataset.queries)]
    if texts:
        found += [*_evidence_in_documents(dataset.queries, texts), *_copied(dataset.queries, texts)]
    return found


def _duplicates(queries: Sequence[Query]) -> Iterator[Finding]:
    """Yield the same question twice; across splits that is leakage, for what was tuned on is then tested."""
    first: dict[tuple[str, ...], Query] = {}
    for query in queries:
        key = tuple(map(normalise, (*query.history, query.question)))
        earlier = first.setdefault(key, query)
        if earlier is not query:
            kind = "跨划分重复" if earlier.split != query.split else "重复"
            yield Finding(kind, query.id, f"与 {earlier.id} 是同一个问题：{query.question}")


def _answers_without_evidence(queries: Sequence[Query]) -> Iterator[Finding]:
    for query in queries:
        evidence = normalise("".join(query.evidence))
        if evidence and not any(all(normalise(part) in evidence for part in parts) for parts in query.answers):
            yield Finding("答案不在证据里", query.id, " / ".join("＋".join(parts) for parts in query.answers))


def _evidence_in_documents(queries: Sequence[Query], texts: Mapping[str, str]) -> Iterator[Finding]:
    for query in queries:
        for evidence in query.evidence:
            holding = [source for source, text in texts.items() if normalise(evidence) in text]
            if not holding:
                yield Finding("证据不在文件里", query.id, evidence)
            elif len(holding) > 1:
                yield Finding("证据在多个文件里", query.id, f"{'、'.join(holding[:4])}：{evidence}")


def copied(question: str, texts: Collection[str]) -> str | None:
    """Return the run of words that is most of a question and stands in a normalised text; None for none."""
    asked = normalise(question)
    length = max(_SHORTEST_COPY, int(np.ceil(COPIED * len(asked))))
    runs = (asked[start : start + length] for start in range(len(asked) - length + 1))
    return next((run for run in runs if any(run in text for text in texts)), None)


def _copied(queries: Sequence[Query], texts: Mapping[str, str]) -> Iterator[Finding]:
    for query in queries:
        run = copied(query.question, texts.values())
        if run is not None:
            yield Finding("照抄原文", query.id, f"「{run}」是文件里的原话：{query.question}")


def statistics(dataset: Dataset) -> list[tuple[str, str]]:
    """Return counts and lengths, as names with texts."""
    queries = dataset.queries
    types = Counter(query.type for query in queries)
    answerable = sum(query.answerable for query in queries)
    answers = ["".join(parts) for query in queries for parts in query.answers[:1]]
    return [
        ("问题", f"{len(queries)} 个，可答 {answerable}，不可答 {len(queries) - answerable}"),
        ("划分", "，".join(f"{name} {n}" for name, n in dataset.splits.items())),
        ("类型", "，".join(f"{name} {n}" for name, n in types.most_common())),
        ("追问", f"{sum(bool(query.history) for query in queries)} 个"),
        ("有证据", f"{sum(bool(query.evidence) for query in queries)} 个"),
        ("问题字数", _lengths([query.question for query in queries])),
        ("答案字数", _lengths(answers)),
        ("证据字数", _lengths([each for query in queries for each in query.evidence])),
    ]


def _lengths(texts: Sequence[str]) -> str:
    if not texts:
        return "-"
    low, middle, high = np.quantile([len(text) for text in texts], [0, 0.5, 1])
    return f"最短 {low:.0f}，中位 {middle:.0f}，最长 {high:.0f}"
