"""Documents as offices have them: each file stands for a kind of which text was lost or read wrongly once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from index.encoding.encoders import load_encoder
from index.loaders import load
from index.store.passage_index import PassageIndex
from index.stores import store_at
from qa.answers import Answer
from qa.bootstrap import Opener
from qa.settings import Settings

CASES = Path(__file__).parents[1] / "cases"

SHORT = [
    ("rowspan_colspan.html", "2号梯下半年费用多少", "停用改造"),
    ("dash_values.docx", "渝南化工用煤多少吨", "—"),
    ("deck.pptx", "北渡新区签约金额多少", "尚未统计"),
    ("deck.pptx", "改革后办理时限几天", "3天"),
    ("twohead_named.pptx", "教育局2024年执行多少", "1180万元"),
    ("twohead_named.pptx", "卫健委2025年执行多少", "455万元"),
    ("merged_header.docx", "2025年预算数最多的部门是哪个", "农业农村局"),
    ("rowheader.html", "哪个水厂浊度更低", "第一水厂"),
    ("textbox_cell.docx", "冬季气压应提高到多少", "0.65MPa"),
    ("coverpage.docx", "设计规模是多少", "3万立方米/日"),
    ("chart.docx", "文龙街道垃圾分类达标率是多少", "87.6%"),
    ("smartart.docx", "审批科几个工作日完成审查", "5个工作日内"),
    ("altchunk.docx", "年度预算上调至多少", "860万元"),
    ("comment.xlsx", "2025年6月起离心泵单价多少", "17200元"),
    ("utf8_truncated.txt", "防汛值班电话是多少", "023-48660000"),
    ("nested_table.docx", "设备费申请经费多少", "120万元"),
    ("br_cells.html", "三江票价", "30 15"),
    ("longtable.md", "第9号泵站的扬程是多少", "22m"),
    ("ragflow8044.md", "咔嗒声的措施是什么", "更换6205轴承"),
    ("scaled.xlsx", "人员经费多少", "3,457千元"),
    ("formats.xlsx", "工号是多少", "0037"),
    ("formats.xlsx", "科学数值是多少", "1.50E-07"),
    ("stock_gbk.csv", "文龙站库存多少", "980件"),
]
TOLD = [
    ("years.xlsx", "2021年到2024年地区生产总值增加了多少", "增加96.6亿元"),
    ("sections.xlsx", "支出一共多少", "合计2,190万元"),
    ("multiheader.xlsx", "南片水稻产量合计多少", "合计8,276吨"),
    ("merged_header.docx", "教育局和卫健委2025年预算一共多少", "合计2,223万元"),
    ("formula_nocache.xlsx", "办公费合计多少", "合计27"),
    ("dash_values.docx", "渝南化工用煤多少吨", "表中未给出"),
]
WRITTEN = [
    ("equal_values.docx", "机电园 | 18.6亿元 | 18.6亿元"),
    ("all_equal.docx", "一季度：100 | 二季度：100 | 三季度：100 | 四季度：100"),
    ("lost_rows_header.docx", "2023年：图书费按实报销 | 2024年：车辆费包干使用"),
    ("image_text.docx", "自2025年9月1日起，早餐时间调整为6:40至8:20。晚餐时间调整为17:10至19:00。"),
    ("checkbox_sym.docx", "是否有药物过敏：☐是 ☑否"),
    ("formats.xlsx", "项目：累计工时 | 数值：30:15"),
    ("formats.xlsx", "项目：折合 | 数值：345.7万"),
    ("formats.xlsx", "项目：结算月份 | 数值：2025年7月"),
    ("formats.xlsx", "项目：星期 | 数值：星期五"),
    ("formula_nocache.xlsx", "科目：办公费 | 一季度：12 | 二季度：15 | 合计：（公式未计算）"),
    ("deck.pptx", "类别：二季度 | 接待游客（万人次）：120.3"),
    ("rule.odt", "迟到超过30分钟按旷工半天处理。"),
]


encoder = cache(load_encoder)


@cache
def opener() -> Opener:
    return Opener(Settings(index=CASES))  # its models are loaded once


def ask(name: str, question: str, folder: Path) -> Answer:
    PassageIndex.build([load(CASES / name)], encoder()).save(folder / "index")
    opener().store = store_at(folder / "index")
    return opener().open().ask(question)


@pytest.mark.parametrize(("name", "question", "right"), SHORT)
def test_the_answer_is_right(tmp_path: Path, name: str, question: str, right: str) -> None:
    assert ask(name, question, tmp_path).short == right


@pytest.mark.parametrize(("name", "question", "right"), TOLD)
def test_what_is_computed_or_missing_is_told(tmp_path: Path, name: str, question: str, right: str) -> None:
    answer = ask(name, question, tmp_path)
    assert right in answer.text
    assert answer.citations


@pytest.mark.parametrize(("name", "line"), WRITTEN)
def test_what_the_file_shows_is_written(name: str, line: str) -> None:
    assert line in load(CASES / name).text.splitlines()


def test_hidden_rows_and_columns_are_no_part_of_the_text() -> None:
    text = load(CASES / "hidden.xlsx").text
    assert "甲某" in text
    assert "丙某" not in text
    assert "系数" not in text


def test_a_book_is_one_document_in_the_order_of_its_spine() -> None:
    text = load(CASES / "book.epub").text
    assert text.index("第一章 安全用电") < text.index("第二章 燃气")
    assert "mimetype" not in text


def test_a_place_that_cannot_be_decoded_is_marked() -> None:
    assert load(CASES / "utf8_truncated.txt").text.rstrip().endswith("由应急局负\ufffd")


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("第三条之一规定了什么", "液化石油气供应站与学校的距离不得小于50米"),
        ("第三条第二款第二项是什么", "注册资本不低于500万元"),
    ],
)
def test_a_provision_is_counted_out(tmp_path: Path, question: str, short: str) -> None:
    assert ask("gas_rules.txt", question, tmp_path).short == short


@pytest.mark.parametrize("question", ["违反第五条第一项怎么处罚", "擅自操作公用燃气阀门怎么处罚"])
def test_a_prohibition_leads_to_its_penalty(tmp_path: Path, question: str) -> None:
    answer = ask("gas_rules.txt", question, tmp_path)
    assert "擅自操作公用燃气阀门" in answer.citations[0].text
    assert "对单位可以处十万元以下罚款" in answer.citations[1].text


def test_who_stands_in_no_row_has_no_figure(tmp_path: Path) -> None:
    assert ask("hidden.xlsx", "丙某月薪多少", tmp_path).abstained


def test_the_box_that_is_ticked_is_the_answer(tmp_path: Path) -> None:
    assert ask("checkbox_sym.docx", "是否有药物过敏", tmp_path).short == "否"


def test_a_power_of_ten_belongs_to_its_figure(tmp_path: Path) -> None:
    assert ask("hidden_tabs.html", "占地面积多少", tmp_path).short == "1.5×10⁴m²"


def test_a_quote_does_not_begin_inside_a_number_where_a_line_was_cut(tmp_path: Path) -> None:
    answer = ask("hardwrap.txt", "10月闭园时间", tmp_path)
    assert answer.short == "21时"
    assert "10月至次年3月提前至21时闭园" in answer.citations[0].text.replace("\n", "")


def test_a_cell_that_says_what_is_asked_is_the_answer(tmp_path: Path) -> None:
    assert "包干使用" in (ask("lost_rows_header.docx", "车辆费怎么规定", tmp_path).short or "")
