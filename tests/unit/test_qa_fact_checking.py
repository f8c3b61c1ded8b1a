from __future__ import annotations

import pytest

from qa.generating.fact_checking import Basis, contrary, facts, misplaced, unbacked

QUOTE = "“十四五”末水电新增装机容量1200MW，风电计划装机容量180MW和光伏发电计划装机容量70MW，投资1.2亿元，增长5%以上。"


def lacks(sentence: str, *quotes: str, named: tuple[str, ...] = ()) -> str | None:
    return unbacked(facts(sentence), [Basis.of(quote) for quote in quotes or (QUOTE,)], named)


def wrong_place(sentence: str, *quotes: str) -> str | None:
    return misplaced(sentence, [Basis.of(quote) for quote in quotes or (QUOTE,)])


def opposite(sentence: str, quote: str) -> str | None:
    return contrary(sentence, [Basis.of(quote)])


@pytest.mark.parametrize(
    "sentence",
    [
        "光伏装机70MW",
        "光伏装机七十兆瓦",
        "光伏装机７０兆瓦",
        "光伏装机7万千瓦",
        "水电装机1.2吉瓦，风电180兆瓦",
        "投资12000万元",
        "到2025年水电新增1,200MW",
        "增长百分之五以上",
    ],
)
def test_the_same_amount_in_other_words_is_backed(sentence: str) -> None:
    assert lacks(sentence) is None


@pytest.mark.parametrize(
    ("sentence", "odd"),
    [
        ("光伏装机80MW", "80MW"),
        ("光伏装机70GW", "70GW"),
        ("光伏装机七十万千瓦", "七十万千瓦"),
        ("光伏装机70万千瓦", "70万千瓦"),
        ("投资1.2万元", "1.2万元"),
        ("投资1.2亿美元", "1.2亿美元"),
        ("增长5%以下", "5%以下"),
        ("增长不超过5%", "5%"),
        ("增长5个百分点以上", "5个百分点以上"),
        ("到2030年水电1200MW", "2030年"),
        ("“十五五”末水电1200MW", "“十五五”末"),
        ("由火星集团投资1.2亿元", "火星集团"),
        ("在大连市投资1.2亿元", "大连市"),
        ("王小虎负责光伏70MW", "王小虎"),
        ("按《光伏办法》，光伏70MW", "光伏办法"),
        ("定位为“世界第一”", "世界第一"),
        ("建设LNG储罐", "lng"),
        ("编号为第37号", "第37号"),
    ],
)
def test_what_the_quotes_do_not_say_is_named(sentence: str, odd: str) -> None:
    assert (lacks(sentence) or "").lower() == odd.lower()


def test_a_title_backs_names_but_no_figures_and_no_years() -> None:
    title = "2030年重庆市实施方案"
    assert lacks("重庆市光伏70MW", named=(title,)) is None
    assert lacks("重庆市光伏70MW") == "重庆市"
    assert lacks("2030年光伏70MW", named=(title,)) == "2030年"


def test_bodies_may_be_named_one_by_one_and_in_another_order() -> None:
    quote = "牵头单位：区发展改革委；责任单位：区科技局、区财政局。"
    assert lacks("由区财政局和区科技局负责，牵头单位是区发展改革委", quote) is None
    assert lacks("由区科技局和区教育局负责", quote) is not None


def test_years_may_be_written_otherwise() -> None:
    assert lacks("2022年至2025年实施", "2022—2025年实施") is None
    assert lacks("2022年至2026年实施", "2022—2025年实施") is not None
    assert lacks("2025年6月实施", "2025年5月实施") == "2025年6月"


@pytest.mark.parametrize(
    "sentence",
    [
        "水电新增180MW",
        "水电装机180MW，风电装机1200MW",
        "光伏发电装机180MW",
        "水电、风电和光伏发电分别为180MW、1200MW、70MW",
        "水电、风电和光伏发电分别为1200、70、180兆瓦",
    ],
)
def test_a_figure_of_another_thing_is_misplaced(sentence: str) -> None:
    assert wrong_place(sentence) is not None


@pytest.mark.parametrize(
    "sentence",
    [
        "光伏发电装机70MW，水电1200MW",
        "风电、光伏发电分别计划装机180MW、70MW",
        "新增水电装机1200兆瓦",
        "投资1.2亿元",
    ],
)
def test_a_figure_of_its_own_thing_is_not(sentence: str) -> None:
    assert wrong_place(sentence) is None


def test_a_figure_of_another_year_is_misplaced() -> None:
    quote = "到2025年产能达到70万吨，到2030年产能达到90万吨。"
    assert wrong_place("到2030年产能达到90万吨", quote) is None
    assert wrong_place("到2025年产能达到90万吨", quote) == "90万吨"


def test_a_list_keeps_its_order_where_words_do_not_tell() -> None:
    quote = "节庆、论坛、展会，数量压减75%、95%、73%。"
    assert wrong_place("节庆、论坛、展会数量压减75%、95%、73%", quote) is None
    assert wrong_place("节庆、论坛、展会数量压减95%、75%、73%", quote) is not None


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("能耗强度上升13%", "能耗强度下降13%。"),
        ("企业可以申报", "企业应当申报。"),
        ("允许在保护区内建厂", "禁止在保护区内建厂。"),
        ("对小微企业征收此项费用", "对小微企业免征此项费用。"),
        ("申请人提交纸质材料", "申请人不提交纸质材料。"),
        ("申请人不得提交纸质材料", "申请人提交纸质材料。"),
    ],
)
def test_the_contrary_is_told(sentence: str, quote: str) -> None:
    assert opposite(sentence, quote) is not None


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("能耗强度下降13%", "能耗强度下降13%，产值增长5%。"),
        ("企业应当申报", "企业应当申报，也可以委托他人。"),
        ("申请人提交纸质材料", "申请人提交纸质材料。逾期不予受理。"),
        ("申请不断增加", "申请增加。"),
    ],
)
def test_what_only_leaves_something_out_is_not_the_contrary(sentence: str, quote: str) -> None:
    assert opposite(sentence, quote) is None
