from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.grammar import Candidate, Kind, candidates, clause_spans


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
        ("粮食总产量1993.5万吨", "1993.5万吨", "吨"),
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
        ("浓度降至36微克/立方米以下", "36微克/立方米以下", "微克/立方米"),
        ("捐赠了 233幅 画作", "233幅", "幅"),
        ("超算算力达223PF、居第三", "223PF", "pf"),
        ("吞吐量达4000万TEU", "4000万TEU", "teu"),
        ("噪声超过七十分贝的活动", "七十分贝", "分贝"),
        ("比例为7.0:36.6:56.4。", "7.0:36.6:56.4", ""),
    ],
)
def test_a_figure_keeps_its_unit(text: str, expected: str, unit: str) -> None:
    assert [(each.span.slice(text), each.unit) for each in quantities(text)] == [(expected, unit)]


@pytest.mark.parametrize(
    "text",
    [
        "第三章",
        "专栏3 重点",
        "一些企业",
        "零星",
        "1、推动",
        "到2025年",
        "给予一次性奖励",
        "拨打0871-6315 2288",
        "传真010-12345678",
    ],
)
def test_numerals_that_count_nothing_are_no_figures(text: str) -> None:
    assert quantities(text) == []


def test_a_figure_takes_the_noun_beside_it_and_not_its_neighbours() -> None:
    text = "水电新增装机容量1200MW，风电计划装机容量180MW和光伏发电计划装机容量70MW。"
    owners = {each.span.slice(text): each.own for each in quantities(text)}
    assert owners["180MW"].strip() == "风电计划装机容量"
    assert owners["70MW"].strip() == "和光伏发电计划装机容量"


def owners(text: str) -> dict[str, str]:
    return {each.span.slice(text): each.own for each in quantities(text)}


def test_what_has_grown_is_named_where_its_figure_is() -> None:
    owned = owners("进出口总额1126亿元，增长7.8%，其中出口782亿元，增长10.3%，进口343亿元，比上年下降2.5%。")
    assert owned["10.3%"] == "其中出口 增长"
    assert owned["2.5%"] == "进口 比上年下降"


def test_a_mere_verb_before_a_figure_leaves_the_subject_of_the_one_before_it() -> None:
    owned = owners("小学招收新生8600人，设191个班；初中招收新生7900人，设158个班。")
    assert "小学" in owned["191个"] and "初中" in owned["158个"]


def test_for_whom_a_figure_holds_is_among_its_own_words() -> None:
    assert "80周岁以上" in owners("70周岁以上每餐补贴3元，80周岁以上每餐补贴5元。")["5元"]


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        (
            "对高级工、技师、高级技师，分别给予2000元、3000元和5000元奖励。",
            {"2000元": "高级工", "3000元": "技师", "5000元": "高级技师"},
        ),
        (
            "本科、大专、中职毕业生就业的，分别给予5万元、4万元和3万元奖补。",
            {"4万元": "大专毕业生就业的", "3万元": "中职毕业生就业的"},
        ),
        ("对引进的博士、硕士，每月分别发放3000元、1500元补贴。", {"3000元": "引进的博士", "1500元": "硕士"}),
        ("甲、乙分别投资3亿元、4亿元，增长5%、6%。", {"3亿元": "甲", "4亿元": "乙", "5%": "甲", "6%": "乙"}),
    ],
)
def test_respectively_looks_back_over_a_comma_and_begins_again_with_every_run(text: str, owner: dict[str, str]) -> None:
    owned = owners(text)
    assert {figure: "".join(owned[figure].split(" ")[:2]) for figure in owner} == owner


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("咨询请拨打023-48667120。", "023-48667120"),
        ("联系 13812345678", "13812345678"),
        ("来信 zcfw@linchuan.example 咨询", "zcfw@linchuan.example"),
    ],
)
def test_how_to_reach_somebody_is_a_name(text: str, contact: str) -> None:
    assert contact in found(text, Kind.NAME)
    assert quantities(text) == []


@pytest.mark.parametrize("hour", ["二十二时", "22时30分", "上午9时"])
def test_a_time_of_day_is_a_date(hour: str) -> None:
    assert found(f"夏季不得早于{hour}闭园", Kind.DATE) == [hour]


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
        ("2023.4.28日发布", ["2023.4.28"]),
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "关于印发方案的通知\n各街道办事处，各镇人民政府，有关单位：\n请执行。",
            ["各街道办事处，各镇人民政府，有关单位"],
        ),
        ("各省、自治区、直辖市人民政府，国务院各部委：", ["各省、自治区、直辖市人民政府，国务院各部委"]),
        ("各地要做好以下工作：\n一、落实责任", []),
        ("主要包括：各区、各县", []),
    ],
)
def test_the_line_that_says_whom_a_letter_is_for_holds_bodies(text: str, expected: list[str]) -> None:
    assert [each.span.slice(text) for each in candidates(text) if "主送" in each.own] == expected


# --- cells of tables --------------------------------------------------------------------------

ROW = "营业收入（元） | 本报告期：170,360,448.00 | 上年同期：-124,944.50 | 本报告期比上年同期增减（%）：36.35%"


def cells(text: str) -> dict[str, Candidate]:
    return {each.span.slice(text): each for each in candidates(text) if each.labelled}


def test_a_cell_is_named_by_its_column_and_its_row_and_takes_its_unit_from_them() -> None:
    found = cells(ROW)
    assert [each for each in found if found[each].kind is Kind.QUANTITY] == ["170,360,448.00", "-124,944.50", "36.35%"]
    assert found["170,360,448.00"].own == "本报告期: 营业收入(元)"
    assert [found[each].unit for each in ("-124,944.50", "36.35%")] == ["元", "%"]
    assert found["-124,944.50"].clause.slice(ROW) == "上年同期：-124,944.50"


def test_what_a_cell_says_is_proposed_once() -> None:
    spans = [each.span for each in candidates(ROW)]
    assert len(spans) == len(set(spans)) == 4


def test_words_dates_and_figures_with_notes_are_cells() -> None:
    row = "项目编号：Q0103 | 检测项目：林奇综合征 | 日期：2017年06月05日 | 数量：513,623（注2） | 部门：某市人民政府"
    found = cells(row)
    kinds = {text: each.kind for text, each in found.items()}
    assert kinds["Q0103"] is kinds["林奇综合征"] is Kind.NAME
    assert kinds["2017年06月05日"] is Kind.DATE
    assert kinds["513,623"] is Kind.QUANTITY
    assert kinds["某市人民政府"] is Kind.ORGANISATION
    assert "林奇综合征" in found["Q0103"].own


def test_cells_without_names_of_columns_belong_to_the_name_before_them() -> None:
    found = cells("股东总数 | 203,708 户 | 优先股股东总数 | 0")
    assert (found["203,708 户"].own.strip(), found["203,708 户"].unit) == ("股东总数", "户")
    assert found["0"].own.strip() == "优先股股东总数"


def test_the_text_of_a_long_cell_is_read_as_prose() -> None:
    long = "主要是新增装机容量70MW，公司按照董事会决议继续扩大产能，带动固定资产投资较上年同期明显增加所致"
    found = [each.span.slice(f"项目：固定资产 | 原因：{long}") for each in candidates(f"项目：固定资产 | 原因：{long}")]
    assert "70MW" in found and long in found


@given(st.text(alphabet="甲乙：:| 12,.%（）()元\n-", max_size=80))
def test_every_table_like_text_has_candidates_within_it(text: str) -> None:
    assert all(each.span.slice(text).strip() for each in candidates(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("应当报原审批机关备案。", "报原审批机关"),
        ("由劳动合同履行地的劳动争议仲裁委员会管辖。", "劳动合同履行地的劳动争议仲裁委员会"),
        ("分别向劳动合同履行地和用人单位所在地的劳动争议仲裁委员会申请。", "用人单位所在地的劳动争议仲裁委员会"),
        ("国务院社会保险行政部门负责。", "国务院社会保险行政部门"),
    ],
)
def test_a_body_begins_with_a_word_of_its_name(text: str, name: str) -> None:
    assert [each.span.slice(text) for each in candidates(text) if each.kind is Kind.ORGANISATION] == [name]


def test_a_power_of_ten_alone_counts_nothing() -> None:
    text = "人均总值和万元产值能耗下降，上百万元的项目3个，降低百分之五。"
    found = [each.span.slice(text) for each in candidates(text) if each.kind is Kind.QUANTITY]
    assert found == ["3个", "百分之五"]
