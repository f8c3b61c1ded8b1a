from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qa.reading.citations import claims, unsupported

QUOTE = "“十四五”末水电新增装机容量1200MW，风电计划装机容量180MW和光伏发电计划装机容量70.5MW，发电3亿千瓦时。"


def test_claims_are_figures_years_numbers_and_names_in_text_order() -> None:
    assert claims("2023年，《甲方案》定下70MW") == ["2023年", "《甲方案》", "70MW"]
    assert claims("绿色") == []


def test_digits_without_a_name_are_claims_too() -> None:
    assert claims("A1区") == ["1"]


@pytest.mark.parametrize("text", ["1200MW", "１２００MW", "1200 mw", "180MW", "70.5MW", "3亿千瓦时", "“十四五”末"])
def test_what_the_quote_says_is_backed(text: str) -> None:
    assert unsupported(text, [QUOTE]) == []


@pytest.mark.parametrize(
    "text", ["200MW", "1200万千瓦", "5MW", "70MW", "70", "80MW", "3亿千瓦", "2025年", "《甲方案》"]
)
def test_what_the_quote_does_not_say_is_not(text: str) -> None:
    assert unsupported(text, [QUOTE]) == [text]


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("234元", "1,234元"),
        ("三家", "十三家"),
        ("500", "500万"),
        ("70", "70%"),
        ("3个", "3个百分点"),
        ("2", "2.5倍"),
        ("5", "十点5"),
        ("6315", "0871-63152288"),
    ],
)
def test_part_of_a_figure_is_another_figure(claim: str, quote: str) -> None:
    assert unsupported(claim, [quote]) == [claim]


def test_a_figure_may_stand_anywhere_once_as_its_own() -> None:
    assert unsupported("70MW", ["170MW，其中70MW"]) == []
    assert unsupported("70MW，80家", ["70MW", "80家"]) == []


@pytest.mark.parametrize(
    ("text", "quote"), [("0871-6315 2288", "联系电话：0871-6315 2288"), ("320个", "建设助餐点320个，其中城区260个")]
)
def test_what_stands_in_the_quote_as_a_whole_is_backed(text: str, quote: str) -> None:
    assert unsupported(text, [quote]) == []


def test_every_name_of_a_longer_text_must_be_backed() -> None:
    assert unsupported("区发展改革委、区财政局", ["牵头单位：区发展改革委"])[-1] == "区财政局"


def test_a_text_without_claims_must_stand_as_a_whole() -> None:
    assert unsupported("绿色发展", ["推动绿色 发展"]) == []
    assert unsupported("红色发展", ["推动绿色发展"]) == ["红色发展"]
    assert unsupported("70MW", []) == ["70MW"]


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["MW", "万吨", "家", "%", "亿元", ""]))
def test_a_changed_figure_never_passes(stated: int, claimed: int, unit: str) -> None:
    quote = f"到2035年计划达到{stated}{unit}，比上年多。"
    assume(f"{claimed}{unit}" != "2035")
    assert (unsupported(f"{claimed}{unit}", [quote]) == []) == (stated == claimed)
