from __future__ import annotations

from pathlib import Path

from bench import many
from index.store.passage_index import PassageIndex
from index.structure.versions import Versions, Wanted


def test_documents_are_tiny_and_one_in_fifty_has_an_earlier_version() -> None:
    documents = list(many.documents(200))
    assert [each.id for each in documents] == sorted({each.id for each in documents})
    assert max(len(each.text) for each in documents) < 100
    left_out = Versions(documents).left_out(Wanted("2026-01-01"))
    assert left_out == {"d0000000", "d0000050", "d0000100", "d0000150"}


def test_the_index_made_of_them_opens_and_finds_them(tmp_path: Path) -> None:
    many.build(tmp_path / "index", 60)
    found = PassageIndex.open(tmp_path / "index").search("登记单位7的光伏装机容量是多少", 3)
    assert "d0000007" in [hit.passage.document_id for hit in found]
