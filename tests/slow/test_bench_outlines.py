from __future__ import annotations

import pytest

from bench.outlines import Mark, Score, located, path, score
from index.errors import YijuError
from index.records import Document
from index.structure.outline import outline

TEXT = "\n".join(
    [
        "一、目标",
        "到2025年，全省规模以上工业增加值年均增长百分之六以上，研发投入强度明显提高。",
        "二、措施",
        "（一）组织",
        "各部门要加强统筹协调，明确责任分工，细化工作举措，确保各项任务落到实处。",
        "（二）监督",
        "各地要建立健全督查考核制度，每季度末报送进展，对工作不力的予以通报批评。",
    ]
)
MARKED = [(1, "一、目标"), (1, "二、措施"), (2, "（一）"), (2, "（二）")]


def document(text: str = TEXT) -> Document:
    return Document("d", "文", text, "文.txt", outline(text))


def test_an_outline_as_marked_has_every_heading_and_every_path_right() -> None:
    result = score(document(), located(TEXT, MARKED))
    assert (result.right, result.found, result.marked) == (4, 4, 4)
    assert result.paths == result.passages > 1
    assert result.f1 == result.path == 1


def test_a_heading_that_is_missed_spoils_the_paths_below_it_and_no_others() -> None:
    result = score(document(), located(TEXT, [*MARKED[:2], (2, "各部门要"), *MARKED[2:][1:]]))
    assert (result.right, result.found, result.marked) == (3, 4, 4)
    assert 0 < result.paths < result.passages
    assert result.f1 == 0.75


def test_a_wrong_level_spoils_paths_but_not_headings() -> None:
    result = score(document(), located(TEXT, [*MARKED[:3], (3, "（二）")]))
    assert result.f1 == 1
    assert result.paths == result.passages - 1


def test_markdown_signs_before_a_title_are_no_other_heading() -> None:
    text = "## 目标\n\n到2025年，全省规模以上工业增加值年均增长百分之六以上，研发投入强度明显提高。\n"
    assert score(document(text), located(text, [(1, "## 目标")])).f1 == 1


def test_no_headings_where_none_are_marked_is_right() -> None:
    assert Score(passages=1, paths=1).f1 == 1


def test_beginnings_are_sought_in_order() -> None:
    text = "一、甲\n丙\n一、甲\n"
    assert located(text, [(1, "一、"), (1, "一、")]) == [Mark(0, 1), Mark(6, 1)]
    with pytest.raises(YijuError, match="找不到所标的标题「丙」"):
        located(text, [(1, "丙"), (1, "丙")])


def test_a_path_names_the_headings_that_enclose_a_place() -> None:
    marks = [Mark(0, 1), Mark(10, 3), Mark(20, 2), Mark(30, 1)]
    assert [path(marks, at) for at in (0, 15, 25, 35)] == [(0,), (0, 10), (0, 20), (30,)]
