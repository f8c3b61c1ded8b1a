from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Metadata
from index.structure.metadata import describe, period

SAMPLE = Path(__file__).parents[2] / "data/documents/qijiang_green_manufacturing_2022_2025.txt"

NOTICE = """重庆市綦江区人民政府办公室
关于做好节能工作的
通知
綦江府办发〔2023〕5号
各街道办事处，有关单位：
为做好节能工作，现通知如下。
一、总体要求
"""


def test_the_sample_is_titled_by_the_plan_and_not_by_the_news_around_it() -> None:
    assert describe(SAMPLE.read_text(encoding="utf-8"), "文件名") == (
        "綦江区以实现碳达峰碳中和目标为引领深入推进制造业高质量绿色发展实施方案（2022—2025年）",
        Metadata(
            "綦江府发〔2023〕16号", "重庆市綦江区人民政府", "2023-04-28", period="2022/2025", region="重庆市綦江区"
        ),
    )


# --- title ------------------------------------------------------------------------------------


def test_a_title_broken_over_lines_is_joined() -> None:
    title, metadata = describe(NOTICE, "文件名")
    assert title == "重庆市綦江区人民政府办公室关于做好节能工作的通知"
    assert metadata == Metadata("綦江府办发〔2023〕5号", "重庆市綦江区人民政府办公室", region="重庆市綦江区")


def test_a_notice_is_titled_by_what_it_issues_if_that_follows() -> None:
    text = "关于印发《节能办法（试行）》的通知\n现将《节能办法（试行）》印发你们。\n节能办法（试行）\n第一章 总则\n"
    assert describe(text, "文件名")[0] == "节能办法（试行）"


def test_a_notice_keeps_its_title_if_what_it_issues_is_not_there() -> None:
    text = "关于印发《节能办法》的通知\n现将《节能办法》印发你们，请自行下载。\n"
    assert describe(text, "文件名")[0] == "关于印发《节能办法》的通知"


def test_the_first_heading_of_markdown_is_the_title() -> None:
    assert describe("# 节能办法 #\n\n正文。\n", "文件名")[0] == "节能办法"


def test_a_labelled_title_is_used_before_the_first_line() -> None:
    assert describe("标题：节能十问\n链接：https://a.cn\n正文。\n", "文件名")[0] == "节能十问"


def test_a_numbered_section_is_no_title() -> None:
    assert describe("内涝风险评估研究\n林晓峰\n1 引言\n近年来。\n2 数据与方法\n模型。", "双栏")[0] == "内涝风险评估研究"


def test_a_first_short_line_is_better_than_the_file_name() -> None:
    assert describe("2025年上海市政府工作\n各位代表：\n现在报告工作。", "文件名")[0] == "2025年上海市政府工作"


@pytest.mark.parametrize(
    "text",
    ["各位代表：\n现在报告工作。", "第一章 总则\n第一条 甲。", "一、甲\n", "正文，到此为止。", "## 范围\n甲。", ""],
)
def test_without_a_title_the_fallback_stands(text: str) -> None:
    assert describe(text, " 文件  名 ") == ("文件 名", Metadata())


COVER = (
    "ICS 07.060\nCCS A 45\n备案号：XXXX\nHY\n中华人民共和国海洋行业标准\nHY/T 0349—2022\n海洋碳汇核算方法\n"
    "Accounting methods for ocean carbon sink\n2022-02-22发布\n"
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (COVER, "海洋碳汇核算方法"),
        ("附件1\n广东省碳普惠交易管理办法\n第一章 总则\n", "广东省碳普惠交易管理办法"),
        ("重庆市水利局文件\n渝水〔2025〕3号\n关于做好防汛工作的通知\n各区县：\n", "关于做好防汛工作的通知"),
        ("重庆恒远机械有限公司\n员工手册\n第一章 总则\n", "员工手册"),
        ("000123\n目 录\n2024年度重点工作安排\n各部门：\n", "2024年度重点工作安排"),
        ("中办、国办印发《关于深化改革的意见》\n近日，有关部门发出通知。\n", "关于深化改革的意见"),
        ("分析技 术 指 南\n（试行）\n一、范围\n", "分析技术指南（试行）"),
        (
            "市政府办关于印发\n某市环境保护规划的通知\n各区：\n《某市环境保护规划》已经同意，现印发给你们。\n",
            "市政府办关于印发某市环境保护规划的通知",
        ),
    ],
)
def test_numbers_of_standards_companies_letterheads_and_labels_are_no_titles(text: str, title: str) -> None:
    assert describe(text, "文件1")[0] == title


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("173_海洋碳汇核算方法", "国家海洋局\n现发布海洋碳汇核算方法。\n", "海洋碳汇核算方法"),
        ("20240301湖北省林业工作要点(1)", "林业工作要点\n湖北省林业工作要点由省局制定。\n", "湖北省林业工作要点"),
        ("关于试行评价的通知", "省生态环境厅关于试行评价的通知\n各市：\n", "省生态环境厅关于试行评价的通知"),
        ("扫描件_2024-03-01_0007", "正文，到此为止。", "扫描件_2024-03-01_0007"),
        ("另一份文件的名字", "关于做好防汛工作的通知\n各区县：\n", "关于做好防汛工作的通知"),
    ],
)
def test_the_name_of_a_file_counts_where_the_text_carries_it(name: str, text: str, title: str) -> None:
    assert describe(text, name)[0] == title


def test_large_print_is_the_title_where_no_line_ends_as_titles_do() -> None:
    text = "内部刊物\n第3期\n全区经济运行回顾与展望\n今年以来，全区经济稳中向好。\n"
    assert describe(text, "文件1", ("全区经济运行回顾与展望",))[0] == "全区经济运行回顾与展望"


# --- number, issuer, date ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        "綦江府发〔2023〕16号",
        "国办发[2022]3号",
        "渝府发（2021）12号",
        "京建发﹝2020﹞7号".replace("﹝", "【").replace("﹞", "】"),
    ],
)
def test_a_document_number_is_read_with_any_brackets(number: str) -> None:
    assert describe(f"节能通知\n{number}\n各单位：\n", "文")[1].number == number


def test_an_order_has_its_number() -> None:
    assert describe("中华人民共和国国务院令\n第 797 号\n现公布条例。\n", "文")[1].number == "第797号"


def test_the_number_of_another_document_is_not_taken() -> None:
    assert describe("节能通知\n根据《办法》（渝府发〔2022〕34号）精神，通知如下。\n", "文")[1].number is None


@pytest.mark.parametrize(
    ("date", "iso"),
    [
        ("2023年4月28日", "2023-04-28"),
        ("2023 年4 月8 日", "2023-04-08"),
        ("二〇二三年十二月二十日", "2023-12-20"),
        ("二○二三年四月十一日", "2023-04-11"),
        ("（2023年4月28日）", "2023-04-28"),
        ("2023年4月", "2023-04"),
        ("2023-04-08", "2023-04-08"),
    ],
)
def test_the_date_of_a_signature_becomes_iso(date: str, iso: str) -> None:
    metadata = describe(f"各单位：\n请执行。\n綦江区人民政府\n{date}\n一、甲\n", "文")[1]
    assert metadata == Metadata(None, "綦江区人民政府", iso, region="綦江区")


def test_joint_signatures_are_all_named() -> None:
    text = "各单位：\n请执行。\n綦江区财政局\n綦江区教育委员会\n2023年1月2日\n"
    assert describe(text, "文")[1].issuer == "綦江区财政局、綦江区教育委员会"


def test_a_signature_may_share_a_line_or_end_the_document() -> None:
    signed = Metadata(None, "綦江区财政局", "2023-01-02", region="綦江区")
    assert describe("请执行。綦江区财政局2023年1月2日\n一、甲", "文")[1] == signed
    text = "一、甲\n文。\n" * 800 + "綦江区财政局\n2023年1月2日\n"
    assert describe(text, "文")[1] == signed


def test_a_date_in_a_sentence_is_no_date_of_issue() -> None:
    assert describe("4月28日，区政府印发通知。\n本办法自2023年5月1日起施行。\n", "文")[1].issued is None


def test_the_adoption_of_a_law_dates_it() -> None:
    text = "节能法\n（2020年12月26日第十三届全国人民代表大会常务委员会第二十四次会议通过）\n第一章 总则\n"
    assert describe(text, "文")[1].issued == "2020-12-26"


# --- any text ---------------------------------------------------------------------------------


@given(st.text(max_size=100) | st.text(alphabet="《》印发〔2023〕号年月日府局关于的通知\n：。 （）", max_size=100))
def test_any_text_has_a_title_on_one_line(text: str) -> None:
    title, _ = describe(text, "文件名")
    assert title == title.strip() != ""
    assert "\n" not in title
    assert len(title) <= 110


@pytest.mark.parametrize(
    "unit", ["《", "《甲乙丙丁》", "綦江府发〔2023〕", "府", "2023年", "（", "一", "\n", "甲\n", "《印发》\n"]
)
def test_a_long_text_is_described_at_once(unit: str) -> None:
    start = time.process_time()
    describe(unit * (2_000_000 // len(unit)), "文")
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("title", "years"),
    [
        ("某区绿色发展实施方案（2022—2025年）", "2022/2025"),
        ("2025年重庆市政府工作报告", "2025/2025"),
        ("某市“十四五”规划纲要", "2021/2025"),
        ("某市“八五”计划", "1991/1995"),
        ("某某条例", None),
        ("某计划（2025—2022年）", None),
    ],
)
def test_the_years_that_a_title_names(title: str, years: str | None) -> None:
    assert period(title) == years


@pytest.mark.parametrize(
    ("closing", "date"),
    [
        ("第九条 本条例自2021年1月1日起施行。", "2021-01-01"),
        ("本办法自发布之日起执行。", "2020-12-26"),
        ("本办法长期有效。", None),
    ],
)
def test_from_when_a_law_applies(closing: str, date: str | None) -> None:
    text = f"某某条例\n（2020年12月26日某市人大常委会通过）\n第一条 为了规范。\n{closing}\n"
    assert describe(text, "x")[1].effective == date


@pytest.mark.parametrize(
    ("title", "region"),
    [
        ("重庆市綦江区制造业发展方案", "重庆市綦江区"),
        ("2025年广西壮族自治区政府工作报告", "广西壮族自治区"),
        ("四川省甘孜藏族自治州康定市规划", "四川省甘孜藏族自治州康定市"),
        ("中华人民共和国刑法", "全国"),
        ("绿色发展方案", None),
        ("加快城市更新意见", None),
        ("工业园区管理办法", None),
        ("推动本市养老服务发展意见", None),
    ],
)
def test_whose_a_document_is(title: str, region: str | None) -> None:
    assert describe(f"{title}\n正文在此，说明情况。\n", "x")[1].region == region


COMPANY_LAW = """中华人民共和国公司法
（1993年12月29日第八届全国人民代表大会常务委员会第五次会议通过　根据1999年12月25日第十三次会议
《关于修改〈中华人民共和国公司法〉的决定》第一次修正　{last}）
第一章 总则
第一条 为了规范公司的组织和行为，制定本法。
第二百一十八条 本法自2006年1月1日起施行。{closing}
"""


@pytest.mark.parametrize(
    ("last", "revised"),
    [
        ("2005年10月27日第十届全国人民代表大会常务委员会第十八次会议修订", "2005-10-27 修订"),
        ("根据2018年10月26日第六次会议《关于修改〈中华人民共和国公司法〉的决定》第四次修正", "2018-10-26 修正"),
        ("根据2023年12月29日第七次会议通过的《中华人民共和国刑法修正案（十二）》", "2023-12-29 修正"),
        ("2019年10月1日起施行", "1999-12-25 修正"),
    ],
)
def test_the_last_amendment_of_the_history_makes_the_version(last: str, revised: str) -> None:
    _, metadata = describe(COMPANY_LAW.format(last=last, closing=""), "x")
    assert metadata.revised == revised
    assert metadata.effective == "2006-01-01"


def test_an_amendment_may_stand_in_the_title_or_the_name_of_the_file() -> None:
    assert describe("供水管理办法（2018年修正）\n第一条 为了节约用水。", "x")[1].revised == "2018 修正"
    assert describe("供水管理办法\n第一条 为了节约用水。", "供水管理办法(2021修订)")[1].revised == "2021 修订"
    assert describe("供水管理办法\n第一条 根据《水法》（2016年修正）制定。", "x")[1].revised is None


def test_a_date_in_the_name_of_a_file_is_that_of_issue_where_the_text_has_none() -> None:
    assert describe("供水管理办法\n第一条 为了节约用水。", "供水管理办法(2018-10-26)")[1].issued == "2018-10-26"
    assert describe("供水管理办法\n第一条 为了节约用水。", "供水管理办法_20181026")[1].issued == "2018-10-26"
    assert describe("供水管理办法\n第一条 为了节约用水。", "供水管理办法_20189926")[1].issued is None


@pytest.mark.parametrize(
    ("closing", "repeals"),
    [
        ("《中华人民共和国行政监察法》同时废止。", "《中华人民共和国行政监察法》"),
        ("《婚姻法》、《继承法》和《民法通则》（国务院令第1号）同时废止。", "《婚姻法》《继承法》《民法通则》"),
        ("依照《合同法》订立的合同继续有效。", None),
        ("《价格法》另有规定的，从其规定。原《供水办法》予以废止。", "《供水办法》"),
    ],
)
def test_what_a_document_puts_out_of_force(closing: str, repeals: str | None) -> None:
    assert describe(COMPANY_LAW.format(last="2005年10月27日修订", closing=closing), "x")[1].repeals == repeals


@pytest.mark.parametrize(
    ("closing", "expires"),
    [
        ("有效期至2025年12月31日。", "2025-12-31"),
        ("有效期为5年。", "2011-01-01"),
        ("有效期两年。", "2008-01-01"),
        ("居民身份证的式样由国务院公安部门制定。", None),
    ],
)
def test_until_when_a_document_applies(closing: str, expires: str | None) -> None:
    assert describe(COMPANY_LAW.format(last="2005年10月27日修订", closing=closing), "x")[1].expires == expires


def test_two_bodies_on_one_line_are_two_and_spaced_letters_are_one() -> None:
    text = "{}\n关于办理食品安全案件的解释\n第一条 为了保护公众健康。"
    assert describe(text.format("最高人民法院 最高人民检察院"), "x")[1].issuer == "最高人民法院、最高人民检察院"
    assert describe(text.format("国 务 院 办 公 厅"), "x")[1].issuer == "国务院办公厅"


@pytest.mark.parametrize(
    ("head", "issuer", "region"),
    [
        ("河北省自然资源厅关于印发《改革举措实施方案》的通知\n各市局：", "河北省自然资源厅", "河北省"),
        ("厦门市发展和改革委员会厦门市财政局关于印发实施方案的通知", "厦门市发展和改革委员会、厦门市财政局", "厦门市"),
        ("四川省人民政府重庆市人民政府关于印发清单的通知", "四川省人民政府、重庆市人民政府", "四川省"),
        ("中共延安市委延安市人民政府关于印发行动方案的通知", "中共延安市委、延安市人民政府", "延安市"),
        ("国家税务总局广东省税务局关于开展春风行动的通知", "国家税务总局广东省税务局", "广东省"),
        ("上海市金山区人民政府办公室关于印发工作要点的通知", "上海市金山区人民政府办公室", "上海市金山区"),
    ],
)
def test_who_issues_stands_before_about_and_joint_ones_are_told_apart(head: str, issuer: str, region: str) -> None:
    _, metadata = describe(f"{head}\n一、总体要求\n完善制度。", "x")
    assert (metadata.issuer, metadata.region) == (issuer, region)


@pytest.mark.parametrize(
    ("title", "region"),
    [
        ("2025年宁夏政府工作报告", "宁夏回族自治区"),
        ("2025年广西政府工作报告", "广西壮族自治区"),
        ("上海口岸深化改革若干措施", "上海市"),
        ("吉林市优化营商环境方案", "吉林市"),
        ("江西某集团采购办法", "江西省"),
    ],
)
def test_a_province_is_known_by_its_short_name(title: str, region: str) -> None:
    assert describe(f"{title}\n一、总体要求\n完善制度。", "x")[1].region == region


def test_the_rest_of_a_bracket_before_a_number_is_no_part_of_it() -> None:
    assert describe("日）玉政办发〔2023〕6号\n各县人民政府：\n一、总体要求", "x")[1].number == "玉政办发〔2023〕6号"


@pytest.mark.parametrize(
    "end", ["\n2023年5月11日（此件公开发布）", "\n2023年5月11日\n", "2023年5月11日2023年营商环境方案"]
)
def test_a_signature_that_ran_into_the_paragraph_above_is_read(end: str) -> None:
    text = f"晋政办发〔2023〕28号\n各市：\n现印发给你们，请执行。山西省人民政府办公厅{end}正文\n一、总体要求"
    _, metadata = describe(text, "x")
    assert (metadata.issuer, metadata.issued) == ("山西省人民政府办公厅", "2023-05-11")


def test_an_order_is_of_the_day_it_was_published_and_not_of_the_meeting_before() -> None:
    text = "排水条例\n（2013年9月18日国务院常务会议通过　2013年10月2日国务院令第641号公布）\n第一条 为了防治内涝。"
    assert describe(text, "x")[1].issued == "2013-10-02"


def test_an_annex_is_titled_by_what_stands_below_its_number() -> None:
    assert describe("附件1\n科技人员申报表\n正文。", "文件")[0] == "科技人员申报表"
    assert describe("附件2：\n正文，没有标题。", "文件")[0] == "文件"
