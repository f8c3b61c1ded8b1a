from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.grammar import Candidate, Kind, candidates, clause_spans


def found(text: str, kind: Kind) -> list[str]:
    return [each.span.slice(text) for each in candidates(text) if each.kind is kind]


def quantities(text: str) -> list[Candidate]:
    return [each for each in candidates(text) if each.kind is Kind.QUANTITY]


@pytest.mark.parametrize(
    ("text", "expected", "unit"),
    [
        ("装机容量70MW。", "70MW", "mw"),
        ("装机容量７０ＭＷ。", "７０ＭＷ", "mw"),
        ("产能50万吨", "50万吨", "吨"),
        ("投资1,234.5亿元", "1,234.5亿元", "元"),
        ("引进3—5家企业", "3—5家", "家"),
        ("保持在70%以上。", "70%以上", "%"),
        ("下降百分之十二", "百分之十二", "%"),
        ("共有十二家企业", "十二家", "家"),
        ("用电30千瓦时", "30千瓦时", "千瓦时"),
        ("每吨水价5元/立方米", "5元/立方米", "元/立方米"),
        ("提高3个百分点", "3个百分点", "个百分点"),
        ("容量50兆瓦时", "50兆瓦时", "兆瓦时"),
        ("变压器30千伏安", "30千伏安", "千伏安"),
    ],
)
def test_a_figure_keeps_its_unit(text: str, expected: str, unit: str) -> None:
    assert [(each.span.slice(text), each.unit) for each in quantities(text)] == [(expected, unit)]


@pytest.mark.parametrize("text", ["第三章", "专栏3 重点", "一些企业", "零星", "1、推动", "到2025年"])
def test_numerals_that_count_nothing_are_no_figures(text: str) -> None:
    assert quantities(text) == []


def test_a_figure_takes_the_noun_beside_it_and_not_its_neighbours() -> None:
    text = "水电新增装机容量1200MW，风电计划装机容量180MW和光伏发电计划装机容量70MW。"
    owners = {each.span.slice(text): each.own for each in quantities(text)}
    assert owners["180MW"].strip() == "风电计划装机容量"
    assert owners["70MW"].strip() == "和光伏发电计划装机容量"


def test_respectively_gives_each_figure_its_subject() -> None:
    text = "生猪、肉牛产量分别增长8.2%、21.4%。"
    owners = [each.own for each in quantities(text)]
    assert owners[0].startswith("生猪") and owners[1].startswith("肉牛")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("于2023年4月28日印发", ["2023年4月28日"]),
        ("2022—2025年", ["2022—2025年"]),
        ("自公布之日起施行", ["自公布之日起施行"]),
        ("“十四五”末", ["“十四五”末"]),
        ("4月底前完成", ["4月底前"]),
    ],
)
def test_dates(text: str, expected: list[str]) -> None:
    assert found(text, Kind.DATE) == expected


def test_document_numbers_and_standards() -> None:
    assert found("綦江府发〔2023〕16号", Kind.NUMBER) == ["綦江府发〔2023〕16号"]
    assert found("执行GB/T 36132-2018标准", Kind.NUMBER) == ["GB/T 36132-2018"]


def test_titles_are_names() -> None:
    assert "《綦江区方案》" in found("印发《綦江区方案》的通知", Kind.NAME)


def test_a_label_has_a_value_without_the_tail_of_the_sentence() -> None:
    text = "（牵头单位：区发展改革委；责任单位：区科技局、区财政局等有关部门按职责分工负责）"
    labelled = [(each.own, each.span.slice(text), each.kind) for each in candidates(text) if each.labelled]
    assert labelled == [
        ("牵头单位", "区发展改革委", Kind.ORGANISATION),
        ("责任单位", "区科技局、区财政局", Kind.ORGANISATION),
    ]


def test_an_enumeration_leaves_the_verb_before_it_and_the_rest_behind_it() -> None:
    assert "废钢铁、废铝、废塑料" in found("加强废钢铁、废铝、废塑料等回收。", Kind.LIST)


def test_clauses_end_at_commas_and_are_never_empty() -> None:
    text = "甲，，乙。\n丙："
    assert [span.slice(text) for span in clause_spans(text)] == ["甲", "乙", "丙"]


ALPHABET = (
    "甲乙区委局、，。；：（）《》“”〔〕[] \n0123456789.,%—-一二十百万亿年月日家吨MW分别牵头单位等以为和é😀𠮷\ud800\x00"
)


@given(st.text(alphabet=ALPHABET, max_size=60))
def test_candidates_stand_inside_the_text_and_inside_their_clause(text: str) -> None:
    for each in candidates(text):
        assert 0 <= each.span.start < each.span.end <= len(text)
        assert 0 <= each.clause.start <= each.clause.end <= len(text)
        assert each.clause.overlap(each.span) > 0


@pytest.mark.parametrize(
    "piece",
    [
        *"1一万区（(《“、 \n以等和",
        "1,111",
        "1.",
        "甲、",
        "（甲）",
        "（甲",
        "甲（乙、",
        "区发",
        "委员会",
        "国局",
        "2023年",
        "2023-",
        "十四五",
        "牵头:",
        ";牵头:甲",
        "分别",
        "甲、乙分别增长1%、2%，",
        "府发〔",
        "gb 1",
        "70MW",
        "1月",
        "十百千万亿",
        "😀",
    ],
)
def test_hostile_text_does_not_hang(piece: str) -> None:
    # Not a measure of speed: a pattern that backtracks without end takes minutes and more.
    text = (piece * 10_000)[:10_000]
    start = time.process_time()
    candidates(text)
    assert time.process_time() - start < 20.0
