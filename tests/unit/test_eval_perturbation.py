"""Sentences of which it is known whether a text says them."""

from __future__ import annotations

import pytest

from eval.generation.perturbation import FAITHFUL, FIGURES, NAMES, Kind, claims, is_usable

TOLD = "到2025年，光伏装机容量70万千瓦，风电装机容量180万千瓦，由区发展改革委负责；产值增长8%以上，不得新建煤电。"


def made(kind: Kind, sentence: str = TOLD) -> list[str]:
    return [claim.text for claim in claims(sentence, sentence) if claim.kind is kind]


def test_the_sentence_itself_comes_first_and_is_true() -> None:
    first = claims(TOLD, TOLD)[0]
    assert (first.text, first.kind, first.true) == (TOLD, Kind.VERBATIM, True)


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        (Kind.DIGIT, "光伏装机容量73万千瓦"),
        (Kind.DIGIT, "增长1%以上"),
        (Kind.SCALE, "光伏装机容量70千瓦"),
        (Kind.UNIT, "增长8个百分点以上"),
        (Kind.SWAP, "光伏装机容量180万千瓦，风电装机容量70万千瓦"),
        (Kind.YEAR, "到2022年"),
        (Kind.DIRECTION, "产值下降8%以上"),
        (Kind.DENIAL, "可以新建煤电"),
    ],
)
def test_a_rule_changes_one_thing_and_leaves_the_rest(kind: Kind, changed: str) -> None:
    spoilt = next(text for text in made(kind) if changed in text)
    original = {"73万": "70万", "1%": "8%", "70千瓦": "70万千瓦", "8个百分点": "8%"}
    restored = spoilt
    for new, old in original.items():
        restored = restored.replace(new, old) if new in changed else restored
    if kind in (Kind.DIGIT, Kind.SCALE, Kind.UNIT):
        assert restored == TOLD


def test_a_name_is_exchanged_for_one_of_its_kind_that_the_text_does_not_hold() -> None:
    (spoilt, *_) = [text for text in made(Kind.NAME) if "区发展改革委" not in text]
    assert spoilt.startswith("到2025年，光伏装机容量70万千瓦") and spoilt.endswith("不得新建煤电。")


def test_something_made_up_is_added_and_all_else_kept() -> None:
    assert all(text.endswith(TOLD) and len(text) > len(TOLD) for text in made(Kind.MADE_UP_NAME))
    (added,) = made(Kind.MADE_UP_FIGURE)
    assert added.startswith(TOLD.rstrip("。"))


def test_the_same_amount_in_other_words_is_true() -> None:
    assert made(Kind.CONVERTED, "投资1.2亿元，建成25个园区。") == ["投资12000万元，建成25个园区。"]
    assert made(Kind.CONVERTED, "安排25家企业参加培训和评价。") == ["安排二十五家企业参加培训和评价。"]


def test_the_parts_between_semicolons_in_another_order_are_true() -> None:
    assert made(Kind.REORDERED, "甲方负责建设；乙方负责运营。") == ["乙方负责运营；甲方负责建设。"]


def test_nothing_false_is_made_that_the_text_says_elsewhere() -> None:
    text = "光伏装机容量70兆瓦。光伏装机容量73兆瓦。"
    assert all(claim.text != "光伏装机容量73兆瓦。" for claim in claims("光伏装机容量70兆瓦。", text))


def test_growing_is_not_reversed_within_the_name_of_a_measure() -> None:
    assert made(Kind.DIRECTION, "单位工业增加值能耗达到国家标准的企业。") == []


def test_every_kind_is_true_or_false_in_one_way() -> None:
    others = {Kind.DIRECTION, Kind.DENIAL}
    assert FAITHFUL | FIGURES | NAMES | others == set(Kind)
    assert not FAITHFUL & (FIGURES | NAMES) and not FIGURES & NAMES


@pytest.mark.parametrize(
    "sentence", ["太短的句子。", "第一行，还有\n第二行，还有很多字。", "带有[1]标记的句子有很多字。", "字" * 201]
)
def test_fragments_and_what_holds_markers_are_of_no_use(sentence: str) -> None:
    assert not is_usable(sentence)
