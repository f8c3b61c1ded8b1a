"""Cells and computed figures read off the tables of a file, without a reader network."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.loaders import load
from index.records import Hit
from index.structure.splitter import split
from qa.answers import Answer
from qa.tables.reading import answer_of

FUNDS = """附表：资金分配表（单位：万元、台）

| 镇 | 中央资金金额 | 中央资金台数 | 市级资金 | 备注 |
|---|---|---|---|---|
| 云峰镇 | 86.50 | 42 | 21.60 | 含烘干机2台 |
| 金竹镇 | 112.00 | 57 | — | 市级资金另行下达 |
| 松坎镇 | 73.80 | 36 | 18.40 | |
"""
HOSPITALS = """| 指标 | 人民医院 | 中医院 | 妇幼保健院 | 上年 |
|---|---|---|---|---|
| 床位数（张） | 1200 | 600 | 320 | 2050 |
| 门诊人次（万人次） | 98.5 | 41.2 | 37.8 | 170 |
"""
TRADE = """| 指标 | 2022 | 2023 | 2024 |
|---|---|---|---|
| 进出口总额（亿元） | 58.1 | 55.6 | 61.9 |
| 出口额（亿元） | 40 | 37.2 | 42.5 |
| 实际使用外资（万美元） | 760 | 820 | 1050 |
"""
SCHOOLS = """| 学校 | 在校生数 | 包裹（件） |
|---|---|---|
| 第一中学 | 1,902 | 12 |
| 南山中学 | 903 | 31 |
"""
BUSES = """| 线路 | 起点 | 队长 | 里程（公里） | 票价（元） |
|---|---|---|---|---|
| 101路 | 火车站 | 王某 | 18.5 | 2 |
| 108路 | 火车站 | 李某 | 26.0 | 3 |
| 115路 | 体育馆 | 王某 | 9.7 | 1 |
"""
PUMPS = """| 设备编号 | 名称 | 功率（kW） |
|---|---|---|
| P-01 | 一级泵 | 75 |
| P-02 | 二级泵 | 110 |
"""
DISHES = """| 类别 | 菜名 | 单价（元/份） | 供应日 | 热量（千卡） |
|---|---|---|---|---|
| 荤菜 | 红烧肉 | 12 | 周一 | 520 |
| 荤菜 | 清蒸鱼 | 15 | 周五 | 310 |
| 素菜 | 炒青菜 | 4 | 每天 | 90 |
"""
STORE = """| 物资 | 规格 | 单位 | 数量 | 存放点 | 责任人 |
|---|---|---|---|---|---|
| 编织袋 | 60×100cm | 条 | 20000 | 中心仓库 | 赵某 |
| 救生衣 | 成人 | 件 | 350 | 码头仓库 | 钱某 |
| 发电机 | 50kW | 台 | 6 | 中心仓库 | 赵某 |
"""
WATER = """供水工程进展表（单位：万元）
<table><tr><th rowspan=2>乡镇</th><th colspan=2>计划投资</th><th colspan=2>完成投资</th></tr>
<tr><th>上级</th><th>自筹</th><th>上级</th><th>自筹</th></tr>
<tr><td>龙潭镇</td><td>300</td><td>120</td><td>280</td><td>90</td></tr>
<tr><td>凤鸣乡</td><td>180</td><td>60</td><td>尚未拨付</td><td>35</td></tr></table>
"""
FORM = """<table><tr><td>项目名称</td><td>清河湿地修复工程</td><td>建设单位</td><td>区水利局</td></tr>
<tr><td>开工日期</td><td>2025年3月</td><td>负责人</td><td>陈某</td></tr></table>
"""

MARKUP = """# 公报

各部门支出（单位：万元）
<table>
<tr><th rowspan="2">部门</th><th colspan="2">2025年</th></tr>
<tr><th>预算</th><th>执行</th></tr>
<tr><td>水利局</td><td><b>1,320</b></td><td>—</td></tr>
<tr><td>林业局</td><td>903</td><td></td></tr>
</table>

```
<table><tr><td>水利局</td><td>1</td></tr></table>
```
"""


def ask(table: str, question: str, folder: Path) -> Answer | None:
    (folder / "a.md").write_text(table, "utf-8")
    document = load(folder / "a.md")
    hits = [Hit(passage, 1.0) for passage in split(document)]
    return answer_of(question, hits, lambda _: document)


@pytest.mark.parametrize(
    ("table", "question", "right"),
    [
        (FUNDS, "金竹镇的市级资金有多少", "表中未给出"),  # a remark that names the column does not hide it
        (FUNDS, "松坎镇和云峰镇中央资金一共多少万元", "合计160.3万元"),  # of two columns the one in the unit asked
        (FUNDS, "云峰镇中央资金补了多少台", "42台"),
        (HOSPITALS, "中医院有多少张床位", "600张"),  # what is counted is told behind 多少
        (TRADE, "哪年出口额最高", "2024"),
        (MARKUP, "水利局2025年预算多少", "1,320万元"),  # a table in HTML inside markdown
        (MARKUP, "水利局2025年执行多少", "表中未给出"),
        (MARKUP, "2025年预算最少的部门是哪个", "林业局"),
        (SCHOOLS, "在校生数最多的是哪所学校", "第一中学"),
        (SCHOOLS, "在校生数最少的学校", "南山中学"),  # which, without 哪
        (SCHOOLS, "两所学校的在校生一共多少人", "合计2,805"),  # how many they are the table need not say
        (SCHOOLS, "所有学校的总在校生数是多少", "合计2,805"),
        (HOSPITALS, "床位最少的是哪家医院", "妇幼保健院"),  # a 医院, though its name does not say so
        (HOSPITALS, "哪家医院床位最多", "人民医院"),
        (HOSPITALS, "人民医院床位比中医院多多少", "多600张"),
        (TRADE, "2024年外资有多少", "1050万美元"),  # words that name no other row
        (TRADE, "外资最多的是哪年", "2024"),
        (BUSES, "101路比108路短几公里", "7.5公里"),  # a column by the unit that is asked in
        (BUSES, "王某是哪条线路的队长", "101路、115路"),  # a row by another of its cells
        (BUSES, "经过火车站的线路谁是队长", ""),
        (PUMPS, "功率最大的设备是什么", "P-02 二级泵"),  # what the code means
        (DISHES, "红烧肉多少钱一份", "12元/份"),  # a column by what money measures
        (DISHES, "最贵的菜是什么", "清蒸鱼"),
        (DISHES, "最便宜的荤菜是哪个", "红烧肉"),
        (DISHES, "红烧肉比炒青菜贵多少钱", "多8元"),
        (DISHES, "哪些菜每天供应", "炒青菜"),
        (STORE, "救生衣有多少件", "350件"),
        (STORE, "发电机放在哪里", "中心仓库"),  # a column of places, of persons
        (STORE, "谁负责救生衣", "钱某"),
        (STORE, "赵某负责哪些物资", "编织袋、发电机"),
        (MARKUP, "水利局2026年预算多少", ""),
        (WATER, "龙潭镇计划投资一共多少万元", "合计420万元"),  # all columns under one heading
        (WATER, "各镇自筹计划投资合计多少万元", "合计180万元"),
        (WATER, "龙潭镇上级资金计划和完成相差多少", "20万元"),
        (FORM, "清河湿地修复工程谁负责", "陈某"),  # a form is about what stands in it
        (SCHOOLS, "包裹件数最多的是哪所学校", "南山中学"),  # the unit and 数 name a column
    ],
)
def test_a_table_says_what_is_asked(tmp_path: Path, table: str, question: str, right: str) -> None:
    answer = ask(table, question, tmp_path)
    if not right:
        assert answer is None
        return
    assert answer is not None
    assert right in f"{answer.short} {answer.text}".splitlines()[0]


def test_a_table_in_html_keeps_the_offsets_of_its_text(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(MARKUP, "utf-8")
    document = load(tmp_path / "a.md")
    (table,) = document.tables
    assert document.text == MARKUP
    assert table.columns == ("部门", "2025年 › 预算", "2025年 › 执行")
    cells = [[span and span.slice(MARKUP) for span in row.cells] for row in table.rows]
    assert cells == [["水利局", "1,320", "—"], ["林业局", "903", None]]
