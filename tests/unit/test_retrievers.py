"""What every retriever keeps to, and what sets each apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from index.filters import Filter
from index.protocols import Retriever, Stage
from index.records import Document, Passage, Span
from index.search.dense import DenseIndex
from index.search.retrievers import DenseRetriever, HybridRetriever, LexicalRetriever
from index.search.sparse import SparseIndex
from index.store.passage_index import PassageIndex
from tests.support.fakes import HashEncoder

ENCODER = HashEncoder(dim=256)
TEXTS = {
    "a": ["光伏发电计划装机容量70MW。", "责任单位：区发展改革委。", "风电项目分布在山区。"],
    "b": ["光伏发电计划装机容量70MW。", "到2025年规模以上工业产值达到1000亿元。"],
    "c": ["wind power capacity 70 MW"],
}


def passages(texts: dict[str, list[str]] = TEXTS) -> list[Passage]:
    found = []
    for document_id, pieces in texts.items():
        start = 0
        for text in pieces:
            found.append(Passage(document_id, "方案", text, Span(start, start + len(text))))
            start += len(text)
    return found


def dense(rows: list[Passage]) -> DenseRetriever:
    return DenseRetriever(rows, DenseIndex(ENCODER.encode_passages([row.indexed_text for row in rows])), ENCODER)


def lexical(rows: list[Passage]) -> LexicalRetriever:
    return LexicalRetriever(rows, SparseIndex.build(row.indexed_text for row in rows))


def hybrid(rows: list[Passage], weight: float = 0.5) -> HybridRetriever:
    return HybridRetriever(rows, dense(rows), lexical(rows), weight)


def whole_index(rows: list[Passage]) -> PassageIndex:
    texts: dict[str, str] = {}
    for row in rows:
        texts[row.document_id] = texts.get(row.document_id, "") + row.text + "\n"
    return PassageIndex.build([Document(id, "方案", text, f"{id}.txt") for id, text in texts.items()], ENCODER)


EVERY = pytest.mark.parametrize("make", [dense, lexical, hybrid, whole_index])
Searching = DenseRetriever | LexicalRetriever | HybridRetriever | PassageIndex
Make = Callable[[list[Passage]], Searching]
ROWS = pytest.mark.parametrize("make", [dense, lexical, hybrid])


@EVERY
def test_is_a_retriever(make: Make) -> None:
    assert isinstance(make(passages()), Retriever)


@EVERY
@pytest.mark.parametrize("k", [1, 2, 5, 100])
def test_at_most_k_distinct_hits_best_first(make: Make, k: int) -> None:
    hits = make(passages()).search("光伏装机容量是多少", k)
    assert 1 <= len(hits) <= k
    assert len({hit.passage.id for hit in hits}) == len(hits)
    order = [(-hit.score, hit.passage.document_id, hit.passage.span.start) for hit in hits]
    assert order == sorted(order)


@EVERY
def test_the_passage_that_says_it_comes_first(make: Make) -> None:
    assert "70MW" in make(passages()).search("光伏发电装机容量", 1)[0].passage.text


@EVERY
@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(make: Make, k: int) -> None:
    with pytest.raises(ValueError, match=f"k must be at least 1, got {k}"):
        make(passages()).search("光伏", k)


@EVERY
def test_nothing_to_search_gives_nothing(make: Make) -> None:
    assert make([]).search("光伏", 3) == []


@EVERY
def test_asking_again_gives_the_same(make: Make) -> None:
    retriever = make(passages())
    assert retriever.search("装机容量", 5) == retriever.search("装机容量", 5)


@EVERY
def test_asking_for_more_does_not_change_the_first(make: Make) -> None:
    retriever = make(passages())
    assert retriever.search("装机容量70MW", 2) == retriever.search("装机容量70MW", 6)[:2]


@EVERY
@pytest.mark.parametrize("query", ["", "  \n", "？！", "\x00\x07", "𠮷野家", "a" * 2000])
def test_odd_questions_do_no_harm(make: Make, query: str) -> None:
    assert len(make(passages()).search(query, 3)) <= 3


@EVERY
def test_passages_with_equal_text_are_all_kept_and_come_by_document(make: Make) -> None:
    twins = passages({"a": ["光伏装机"], "b": ["光伏装机"], "c": ["风电"]})
    assert [hit.passage.document_id for hit in make(twins).search("光伏装机", 2)] == ["a", "b"]


def test_wording_finds_nothing_where_no_term_is_shared() -> None:
    assert lexical(passages()).search("量子纠缠", 5) == []


def test_fusion_scores_every_candidate_of_either_side() -> None:
    rows = passages({"a": ["光伏装机", "风电目标"]})
    found = {hit.passage.text: hit.score for hit in hybrid(rows, weight=0.25).search("光伏", 2)}
    # Two candidates: z-scores are +1 and -1 on either side, and 光伏装机 leads on both.
    assert found == {"光伏装机": pytest.approx(1.0), "风电目标": pytest.approx(-1.0)}


def test_all_weight_on_one_side_is_the_order_of_that_side() -> None:
    rows = passages()
    by_meaning = [hit.passage.id for hit in dense(rows).search("光伏装机容量", 6)]
    by_wording = [hit.passage.id for hit in lexical(rows).search("光伏装机容量", 6)]
    assert [hit.passage.id for hit in hybrid(rows, 1.0).search("光伏装机容量", 6)] == by_meaning
    assert [hit.passage.id for hit in hybrid(rows, 0.0).search("光伏装机容量", 6)][: len(by_wording)] == by_wording


@pytest.mark.parametrize("weight", [-0.01, 1.01])
def test_a_weight_outside_is_refused_at_once(weight: float) -> None:
    with pytest.raises(ValueError, match="weight"):
        hybrid(passages(), weight)


@ROWS
@pytest.mark.parametrize("chosen", [[2], [1, 3, 5], [0, 1, 2, 3, 4, 5], []])
def test_a_choice_of_rows_is_made_before_the_best_are_taken(
    make: Callable[[list[Passage]], DenseRetriever | LexicalRetriever | HybridRetriever], chosen: list[int]
) -> None:
    rows = passages()
    retriever = make(rows)
    order = [hit.passage.id for hit in retriever.search("光伏发电装机容量", len(rows))]
    ids = {rows[row].id for row in chosen}
    expected = [id for id in order if id in ids]
    assert [hit.passage.id for hit in retriever.search("光伏发电装机容量", 2, np.array(chosen, np.int64))] == expected[
        :2
    ]


def test_a_small_document_still_gives_its_passages_however_many_others_are_better() -> None:
    crowd = {f"crowd{n:03}": ["光伏发电计划装机容量70MW。"] for n in range(300)}
    index = whole_index(passages({**crowd, "small": ["光伏组件企业名录。", "风电项目分布在山区。", "水电。"]}))
    hits = index.search("光伏发电装机容量", 3, Filter(documents=frozenset({"small"})))
    assert hits[0].passage.text.startswith("光伏组件") and {hit.passage.document_id for hit in hits} == {"small"}
    assert all(hit.passage.document_id != "small" for hit in index.search("光伏发电装机容量", 100))


def test_a_filter_does_not_change_what_a_score_says() -> None:
    index = whole_index(passages())
    free = {hit.passage.id: hit.score for hit in index.search("光伏装机容量", 10)}
    for id in TEXTS:
        for hit in index.search("光伏装机容量", 10, Filter(documents=frozenset({id}))):
            assert hit.score == pytest.approx(free[hit.passage.id])


@pytest.mark.parametrize("stage", ["dense", "lexical", "fused"])
def test_every_stage_keeps_to_the_filter(stage: Stage) -> None:
    retriever = whole_index(passages()).retriever(stage)
    within = Filter(documents=frozenset({"b"}))
    assert {hit.passage.document_id for hit in retriever.search("光伏 产值", 10, within)} == {"b"}
    assert retriever.search("光伏", 10, Filter(documents=frozenset())) == []
    assert retriever.search("光伏", 10, Filter()) == retriever.search("光伏", 10)


@pytest.mark.parametrize(("count", "weight"), [(199, 0.5), (200, 0.6)])
def test_of_many_documents_the_meaning_counts_more(count: int, weight: float) -> None:
    documents = [Document(f"d{n:03}", "方案", f"第{n}号光伏项目装机{n * 7 % 97}MW。", f"{n}.txt") for n in range(count)]
    index = PassageIndex.build(documents, ENCODER)
    rows = [passage for document in index.documents() for passage in index.passages(document.id)]
    question, readable = "装机21MW的光伏项目", Filter(documents=frozenset(document.id for document in documents))
    expected = HybridRetriever(rows, dense(rows), lexical(rows), weight).search(question, 5)
    assert index.search(question, 5) == expected
    assert index.limited_to(readable).search(question, 5) == expected
