"""What is asked of a Milvus is answered as from a folder, from the documents and questions that everybody has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench import stores
from bench.answers import GOLD
from bench.programs import DOCUMENTS
from eval.data.datasets import load_dataset
from index.encoding.encoders import load_encoder
from index.loaders import find_files, load
from index.locations import MilvusAddress
from index.records import Hit, Passage, Span
from index.store.folder_store import FolderStore
from qa.answers import Answer
from tests.support.milvus import opened

QUESTIONS = 12


def hit(place: int, score: float) -> Hit:
    return Hit(Passage("d", "题", "文", Span(place, place + 1), (), None), score)


def test_gold_questions_get_the_same_answers_from_milvus_as_from_a_folder(tmp_path: Path) -> None:
    encoder = load_encoder()
    documents = [load(path, source=source) for path, source in find_files([DOCUMENTS])]
    with opened(tmp_path) as store:
        for each in (FolderStore(tmp_path / "index"), store("gold")):
            with each.building(encoder.name, lambda name: encoder) as writer:
                writer.add(documents)
        address = MilvusAddress(str(tmp_path / "store.db"), "gold")
        queries = load_dataset(GOLD, "dev").queries
        asked = stores.compared(tmp_path / "index", address, queries[:: len(queries) // QUESTIONS])
    assert len(asked) >= QUESTIONS and any(not each.answers[0].abstained for each in asked)
    for each in asked:
        assert stores.same_answer(*each.answers), each.query
        assert stores.same_hits(*(answer.hits for answer in each.answers)), each.query


def test_passages_may_change_places_only_where_they_score_the_same() -> None:
    one = [hit(0, 0.9), hit(1, 0.5), hit(2, 0.5)]
    assert stores.same_hits(one, [hit(0, 0.9), hit(2, 0.5), hit(1, 0.500001)])
    assert not stores.same_hits(one, [hit(1, 0.9), hit(0, 0.5), hit(2, 0.5)])
    assert not stores.same_hits(one, [hit(0, 0.9), hit(1, 0.51), hit(2, 0.5)])
    assert not stores.same_hits(one, one[:2])


def test_answers_are_the_same_if_what_they_say_and_how_surely_is() -> None:
    answer = Answer("问", "问", "七十[1]", "七十", confidence=0.9)
    assert stores.same_answer(answer, replace(answer, confidence=0.90001))
    for other in ({"short": None}, {"text": "八十[1]"}, {"abstained": True}, {"confidence": 0.8}):
        assert not stores.same_answer(answer, replace(answer, **other))
