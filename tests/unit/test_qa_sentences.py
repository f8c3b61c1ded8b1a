from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.generating.sentences import LONGEST, sentences


def said(text: str, size: int = 1) -> list[str]:
    pieces = (text[i : i + size] for i in range(0, len(text), size))
    return [each for each in sentences(pieces) if each is not None]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("水电1200MW[1]。风电180MW[2]。", ["水电1200MW[1]。", "风电180MW[2]。"]),
        ("水电1200MW。[1]风电180MW。[2]", ["水电1200MW。[1]", "风电180MW。[2]"]),
        ("水电1200MW。 [1] [2] 风电。", ["水电1200MW。 [1] [2]", "风电。"]),
        ("水电【1】\n风电180MW【2】", ["水电【1】", "风电180MW【2】"]),
        ("他说“好。”[1]下一句。", ["他说“好。”[1]", "下一句。"]),
        ("1. 水电[1]\n2、风电[1]\n（三）光伏[1]\n- **生物质**[1]\n", ["水电[1]", "风电[1]", "光伏[1]", "生物质[1]"]),
        ("1.2亿元[1]。", ["1.2亿元[1]。"]),
        ("水电；风电[1]。", ["水电；风电[1]。"]),
        ("", []),
    ],
)
def test_sentences_come_whole_with_their_markers_however_they_arrive(text: str, expected: list[str], size: int) -> None:
    assert said(text, size) == expected


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    "text",
    ["<think>想。想[1]。</think>好[1]。", "<thinking>\n想</thinking>\n\n好[1]。", "好[1]。<think>没有想完。好不好？"],
)
def test_thoughts_are_left_out(text: str, size: int) -> None:
    assert said(text, size) == ["好[1]。"]


def test_a_less_than_sign_is_no_thought() -> None:
    assert said("a<t且b<3[1]。完") == ["a<t且b<3[1]。"]


def test_what_is_broken_off_is_dropped() -> None:
    assert said("水电1200MW[1]。风电计划装机容量18") == ["水电1200MW[1]。"]


def test_a_sentence_comes_as_soon_as_something_follows_it() -> None:
    pieces = iter(["水电[1]", "。", "风"])
    assert list(sentences(pieces))[:3] == [None, None, "水电[1]。"]


def test_text_without_an_end_comes_in_parts() -> None:
    assert [len(each) for each in said("光" * 2 * LONGEST + "。", 50)] == [650, 551]


@given(st.text(alphabet="光伏7。！\n[]1【】<think>/ ”", max_size=80), st.integers(1, 9))
def test_how_a_text_is_cut_into_pieces_changes_nothing(text: str, size: int) -> None:
    assert said(text, size) == said(text, 1)
