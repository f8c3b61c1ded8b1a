from __future__ import annotations

import pytest

from index.records import Document, Heading, Passage, Span

TEXT = "前言\n一、总则\n（一）目标\n甲\n二、附则\n乙"
HEADINGS = (Heading("一、总则", 1, 3, 7), Heading("（一）目标", 2, 8, 13), Heading("二、附则", 1, 16, 20))


def document(**changes: object) -> Document:
    values: dict[str, object] = {"id": "d", "title": "文", "text": TEXT, "source": "文.txt", "headings": HEADINGS}
    return Document(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2)])
def test_a_span_is_neither_negative_nor_reversed(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="0 <= start <= end"):
        Span(start, end)


def test_spans_count_overlap_and_containment_half_open() -> None:
    assert Span(2, 5).overlap(Span(5, 9)) == 0
    assert Span(2, 5).overlap(Span(4, 9)) == 1
    assert Span(2, 5).contains(Span(2, 5))
    assert not Span(2, 5).contains(Span(2, 6))
    assert Span(2, 5).shift(10) == Span(12, 15)
    assert len(Span(2, 5)) == 3


@pytest.mark.parametrize(
    ("at", "path"),
    [
        ("前言", ()),
        ("一、", ("一、总则",)),
        ("甲", ("一、总则", "（一）目标")),
        ("二、", ("二、附则",)),
        ("乙", ("二、附则",)),
    ],
)
def test_the_section_path_is_the_chain_of_open_headings(at: str, path: tuple[str, ...]) -> None:
    assert document().section_path(TEXT.index(at)) == path


def test_pages_count_from_one_and_are_unknown_without_page_starts() -> None:
    paged = document(page_starts=(0, 8, 16))
    assert [paged.page(offset) for offset in (0, 7, 8, 20)] == [1, 1, 2, 3]
    assert document().page(0) is None


def test_what_is_indexed_names_title_and_section_and_what_is_quoted_does_not() -> None:
    passage = Passage("d", "文", "甲", Span(14, 15), ("一、总则", "（一）目标"))
    assert passage.indexed_text == "文 › 一、总则 › （一）目标\n甲"
    assert passage.text == "甲"
    assert passage.id == "d:14-15"
