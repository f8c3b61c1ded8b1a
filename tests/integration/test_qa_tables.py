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
HOSPITALS = """| 指标 | 人民医院 | 中医院 |
|---|---|---|
| 床位数（张） | 1200 | 600 |
| 门诊人次（万人次） | 98.5 | 41.2 |
"""
TRADE = """| 指标 | 2022 | 2023 | 2024 |
|---|---|---|---|
| 进出口总额（亿元） | 58.1 | 55.6 | 61.9 |
| 出口额（亿元） | 40 | 37.2 | 42.5 |
"""
SCHOOLS = """| 单位 | 在校生数 | 包裹（件） |
|---|---|---|
| 第一中学 | 1,902 | 12 |
| 南山中学 | 903 | 31 |
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
        (SCHOOLS, "包裹件数最多的是哪所学校", "南山中学"),  # the unit and 数 name a column
    ],
)
def test_a_table_says_what_is_asked(tmp_path: Path, table: str, question: str, right: str) -> None:
    answer = ask(table, question, tmp_path)
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
