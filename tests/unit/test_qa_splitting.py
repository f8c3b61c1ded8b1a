from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.question.turns import MAX_PARTS, split


@pytest.mark.parametrize(
    ("turn", "parts"),
    [
        ("光伏装机目标是多少？由哪个部门牵头？", ["光伏装机目标是多少？", "由哪个部门牵头？"]),
        ("光伏装机目标是多少，风电又是多少", ["光伏装机目标是多少", "风电又是多少"]),
        ("方案什么时候失效、由什么文件废止", ["方案什么时候失效", "由什么文件废止"]),
        ("文号是什么；另外牵头单位是谁", ["文号是什么", "牵头单位是谁"]),
        ("到2025年，光伏多少，风电呢？", ["到2025年，光伏多少", "风电呢？"]),
        ("what is the target, and when was it set?", ["what is the target", "when was it set?"]),
    ],
)
def test_each_question_becomes_a_part(turn: str, parts: list[str]) -> None:
    assert split(turn) == parts


@pytest.mark.parametrize(
    ("turn", "parts"),
    [
        ("光伏和风电的装机目标分别是多少", ["光伏的装机目标是多少", "风电的装机目标是多少"]),
        (
            "綦江区光伏、水电和风电的目标各是多少",
            ["綦江区光伏的目标是多少", "綦江区水电的目标是多少", "綦江区风电的目标是多少"],
        ),
        ("乙二醇和PET规模分别是多少", ["乙二醇规模是多少", "PET规模是多少"]),
    ],
)
def test_what_is_asked_of_each_is_asked_each_by_itself(turn: str, parts: list[str]) -> None:
    assert split(turn) == parts


@pytest.mark.parametrize(
    "turn",
    [
        "节能和环保由哪个部门负责",
        "光伏、风电一共装多少",
        "多少天没谈成，就可以去申请仲裁？",
        "是自然日，还是工作日？",
        "“谁提供、谁负责”是什么意思",
        "网络安全、信创这摊事是哪个局在挑头",
        "目标分别是哪些",
        "在红河开店想通自来水，得带些啥材料去",
        "《谁来养老？怎么养老？》是谁写的",
        "",
        "？",
    ],
)
def test_one_question_stays_whole(turn: str) -> None:
    assert split(turn) == [turn]


@given(st.text(alphabet="谁多少，？、和分别是的光伏风电 a。“”吗", max_size=40))
def test_parts_are_few_and_never_empty(turn: str) -> None:
    parts = split(turn)
    assert 1 <= len(parts) <= MAX_PARTS
    assert parts == [turn] or all(part.strip() for part in parts)
