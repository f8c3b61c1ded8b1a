from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import wording
from bench.scale import corpus
from index.records import Document
from index.search.postings import Postings
from index.search.sparse import KEPT_BYTES, SparseIndex

TEXTS = [
    Document(f"r{n}", f"{n}号条例", f"第一条 {n}号事项由{n}处负责。违反的，处{n}元罚款。", f"r{n}") for n in range(20)
]


def test_every_search_is_measured_and_segments_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "articles", lambda: TEXTS)
    monkeypatch.setattr(corpus, "policies", list)
    monkeypatch.setattr(wording, "questions", lambda count: ["3号事项由谁负责", "罚款多少元"])
    monkeypatch.setattr(wording, "_SEGMENT", 30)
    names = [figure.name for figure in wording.speed([50], tmp_path)]
    made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "wording").iterdir()}
    assert made.keys() == {"0-30.arrays", "30-50.arrays"}
    assert {"50, best 10, asked first, p50", "50, best 100, asked again, p95", "50, a filter leaves one, p50"} <= {
        *names
    }
    wording.speed([50], tmp_path)
    assert made == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "wording").iterdir()}


def test_a_million_passages_of_three_characters_are_ranked_in_bounded_memory() -> None:
    chance = np.random.default_rng(3)
    characters = np.array(list("光伏风电水利农林牧渔工商"))
    texts = map("".join, characters[chance.integers(0, len(characters), (1_000_000, 3))].tolist())
    index = SparseIndex([Postings.of(texts)])
    for query in ("光伏风电", "水利农林牧渔", "光伏"):
        scores = index.scores(query)
        assert index.matching(query).best(1000).tolist() == np.argsort(-scores, kind="stable")[:1000].tolist()
        one = np.array([int(np.flatnonzero(scores)[-1])])
        assert index.matching(query).best(1000, one).tolist() == one.tolist()
    assert index._kept.currsize <= KEPT_BYTES
