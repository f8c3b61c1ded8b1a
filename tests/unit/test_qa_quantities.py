"""Figures read as exact numbers, converted without a rounding that is not told."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.grammar import Kind, candidates
from qa.language.quantities import MAX_DIGITS, amount_text, decimal, parse, unit_in, unit_of


@pytest.mark.parametrize(
    ("text", "amount", "family"),
    [
        ("1200MW", 1_200_000_000, "power"),  # W
        ("1.5亿千瓦", 150_000_000_000, "power"),
        ("1000千瓦", 1_000_000, "power"),  # 千 is the unit's
        ("七十兆瓦", 70_000_000, "power"),
        ("一千二百千瓦", 1_200_000, "power"),
        ("30千瓦时", 30, "energy"),
        ("439.2亿斤", 439_200_000 * 100 * 500, "mass"),  # g
        ("1993.5万吨", 19_935_000 * 10**6, "mass"),
        ("64,697亿元", 6_469_700_000_000, "money"),
        ("3.5万亿元", 3_500_000_000_000, "money"),
        ("1亿2000万元", 120_000_000, "money"),
        ("三点五亿元", 350_000_000, "money"),
        ("15亩", 10_000, "area"),  # 15 亩 = 1 ha
        ("5.5％左右", Fraction(11, 2), "share"),
        ("百分之三十", 30, "share"),
        ("３成", 30, "share"),
        ("0.5个百分点", Fraction(1, 2), "points"),
        ("85万人", 850_000, "people"),
        ("两万人", 20_000, "people"),
        ("3万5千人", 35_000, "people"),
        ("1.8万家", 18_000, "=家"),
        ("一百零五个", 105, "=个"),
        ("50万元以上", 500_000, "money"),
        ("二〇二五", 2025, "="),
        ("一亿两千万", 120_000_000, "="),
        ("一亿两千万元", 120_000_000, "money"),
        ("三万亿元", 3_000_000_000_000, "money"),
        ("十二亿三千四百五十六万七千八百九十人", 1_234_567_890, "people"),
        ("两万五", 25_000, "="),
        ("两百三", 230, "="),
        ("一亿五", 150_000_000, "="),
        ("一万零五", 10_005, "="),
        ("三千零二十", 3_020, "="),
        ("二十五", 25, "="),
        ("1.2万亿", 1_200_000_000_000, "="),
        ("1亿2千万元", 120_000_000, "money"),
        ("百分之三点五", Fraction(7, 2), "share"),
        ("三分之一", Fraction(100, 3), "share"),
        ("四分之三以上", 75, "share"),
        ("千分之二", Fraction(1, 5), "share"),
        ("万分之五", Fraction(1, 20), "share"),
        ("七成", 70, "share"),
        ("六成五", 65, "share"),
        ("三成半", 35, "share"),
        ("3.5个百分点", Fraction(7, 2), "points"),
        ("三点五个百分点", Fraction(7, 2), "points"),
    ],
)
def test_a_figure_is_its_exact_value(text: str, amount: int | Fraction, family: str) -> None:
    quantity = parse(text)
    assert quantity is not None
    assert (quantity.amount, quantity.unit.family) == (amount, family)


@pytest.mark.parametrize(
    "text",
    [
        "3—5家",
        "5.0%-5.5%",
        "3至5家",
        "2000多个",
        "十余家",
        "数百人",
        "几万人",
        "1.2.3",
        "1万2亿元",
        "118.3万吨、33万吨",
        "光伏70MW",
        "70MW光伏",
        "",
        "。",
        "9" * (MAX_DIGITS + 1) + "元",
        "九" * 200,
        "-5%",
        "三四家",
        "十七八个",
        "三五百人",
        "零分之一",
        "三至五成",
        "50%—60%",
        "百分之三到百分之五",
    ],
)
def test_what_is_not_one_exact_figure_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("投资1亿2千万元建设", "1亿2千万元"),
        ("总额2千万，", "2千万"),
        ("三分之一以上的企业", "三分之一以上"),
        ("不到万分之五的差错", "万分之五"),
        ("占六成五，", "六成五"),
        ("约一亿两千万元。", "一亿两千万元"),
    ],
)
def test_a_figure_is_found_whole_in_a_text(text: str, whole: str) -> None:
    found = [each.span.slice(text) for each in candidates(text) if each.kind is Kind.QUANTITY]
    assert found == [whole] and parse(whole) is not None


def test_units_of_one_family_convert_and_others_do_not() -> None:
    tons, jin, houses, shops = (parse(text) for text in ("5万吨", "1亿斤", "3家", "3个"))
    assert tons and jin and houses and shops
    assert tons.amount == jin.amount  # 1亿斤 = 5千万公斤 = 5万吨
    assert tons.comparable(jin)
    assert not houses.comparable(shops)
    assert amount_text(jin.amount, tons.unit, 10_000) == ("5万吨", True)


@pytest.mark.parametrize(
    ("amount", "unit", "multiplier", "shown"),
    [
        (1_450_000_000, "mw", 1, "1450MW"),
        (1_450_000_000, "千瓦", 10_000, "145万千瓦"),
        (Fraction("3.9") * 10_000, "人", 10_000, "3.9万人"),
        (Fraction(1, 2), "个百分点", 1, "0.5个百分点"),
    ],
)
def test_an_amount_is_told_in_the_unit_of_the_question(
    amount: int | Fraction, unit: str, multiplier: int, shown: str
) -> None:
    assert amount_text(Fraction(amount), unit_of(unit), multiplier) == (shown, True)


def test_what_never_ends_is_rounded_and_says_so() -> None:
    assert decimal(Fraction(1200, 180)) == ("6.67", False)  # 6.666…
    assert decimal(Fraction(1, 3)) == ("0.33", False)
    assert decimal(Fraction(-2, 3)) == ("-0.67", False)
    assert decimal(Fraction(1, 8)) == ("0.125", True)
    assert decimal(Fraction(0)) == ("0", True)
    assert decimal(Fraction(-1, 1000)) == ("-0.001", True)


@pytest.mark.parametrize(
    ("text", "unit", "multiplier"),
    [("万千瓦", "千瓦", 10_000), ("亿元？", "元", 10**8), ("个百分点", "个百分点", 1), ("千瓦时", "千瓦时", 1)],
)
def test_the_unit_that_is_asked_for_is_read_with_its_multiplier(text: str, unit: str, multiplier: int) -> None:
    assert unit_in(text) == (unit_of(unit), multiplier)
    assert unit_in("") is None


@given(st.decimals(min_value=0, max_value=10**12, places=3, allow_nan=False, allow_infinity=False))
def test_what_is_written_is_read_back_to_the_last_digit(number) -> None:
    quantity = parse(f"{number}亿千瓦")
    assert quantity is not None and quantity.amount == Fraction(number) * 10**11
    shown, exact = amount_text(quantity.amount, quantity.unit, quantity.multiplier)
    assert exact and parse(shown) == quantity


@given(st.lists(st.integers(0, 10**15), min_size=2, max_size=100))
def test_a_sum_of_many_is_the_sum_in_any_order(cents) -> None:
    figures = [parse(f"{each // 100}.{each % 100:02d}万元") for each in cents]
    total = sum((figure.amount for figure in figures if figure), Fraction(0))
    assert total == sum(cents) * 100  # a hundredth of 万元 is 100 元
    assert total == sum((figure.amount for figure in reversed(figures) if figure), Fraction(0))


@given(st.fractions())
def test_a_decimal_is_exact_or_within_half_of_its_last_place(number) -> None:
    shown, exact = decimal(number)
    assert Fraction(shown) == number if exact else abs(Fraction(shown) - number) <= Fraction(1, 200)


@given(st.text(alphabet="0123456789.,万亿千百十一两点兆瓦元%个百分之至-—多 ", max_size=60))
def test_any_text_is_a_figure_or_none_and_nothing_breaks(text) -> None:
    quantity = parse(text)
    assert quantity is None or quantity.amount >= 0
