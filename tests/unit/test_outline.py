from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.numerals import cn_number
from index.records import Declared, Document, Span, Table
from index.structure.outline import outline

SAMPLE = Path(__file__).parents[2] / "data/documents/qijiang_green_manufacturing_2022_2025.txt"
SHARED = Path(__file__).parents[3] / "shared/data"


def tree(text: str) -> list[str]:
    """Headings, indented by level: `  （一）目标` stands at level 2."""
    return ["  " * (heading.level - 1) + heading.title for heading in outline(text)]


def path(text: str, at: str) -> tuple[str, ...]:
    return Document("d", "文", text, "s", outline(text)).section_path(text.index(at))


PARAGRAPH = "一年来，我们全面落实党中央、国务院决策部署，统筹推进各项工作，取得了新的成绩。"


# --- forms of numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numeral", "number"),
    [("十", 10), ("二十一", 21), ("一百零三", 103), ("两千零五十", 2050), ("二〇", 20), ("１２", 12), ("9", 9)],
)
def test_numerals_have_their_value(numeral: str, number: int) -> None:
    assert cn_number(numeral) == number


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("第一章 总则", "第二章 附则"),
        ("第一章总则", "第二章附则"),
        ("第一章第一审程序", "第二章第二审程序"),
        ("第１节　总则", "第２节　附则"),
        ("一、总则", "二、附则"),
        ("（一）总则", "（二）附则"),
        ("(一)总则", "( 二) 附则"),
        ("㈠总则", "㈡附则"),
        ("1．总则", "2．附则"),
        ("1. 总则", "2. 附则"),
        ("１、总则", "２、附则"),
        ("⒈总则", "⒉附则"),
        ("（1）总则", "（2）附则"),
        ("⑴总则", "⑵附则"),
        ("1）总则", "2）附则"),
        ("①总则", "②附则"),
        ("第一部分 总则", "第二部分 附则"),
        ("第一編 總則", "第二編 附則"),
        ("专栏1 重点工程", "专栏2 重大项目"),
        ("附件1 任务清单", "附件2 责任分工"),
        ("# 总则", "# 附则"),
        ("**一、总则**", "**二、附则**"),
    ],
)
def test_every_form_of_number_makes_a_heading(first: str, second: str) -> None:
    text = f"前言。\n{first}\n甲。\n　{second}\n乙。"
    assert tree(text) == [first.strip("# *"), second.strip("# *")]
    assert path(text, "前言") == ()
    assert path(text, "甲") == (first.strip("# *"),)
    assert path(text, "乙") == (second.strip("# *"),)


def test_an_unbroken_nesting_of_all_ranks() -> None:
    text = (
        "第一编 甲\n第一章 乙\n第一节 丙\n一、丁\n（一）戊\n1．己\n（1）庚\n①辛\n文。\n②壬\n文。\n（2）癸\n文。\n"
        "2．子\n文。\n（二）丑\n文。\n二、寅\n文。\n第二节 卯\n文。\n第二章 辰\n文。"
    )
    assert tree(text) == [
        "第一编 甲",
        "  第一章 乙",
        "    第一节 丙",
        "      一、丁",
        "        （一）戊",
        "          1．己",
        "            （1）庚",
        "              ①辛",
        "              ②壬",
        "            （2）癸",
        "          2．子",
        "        （二）丑",
        "      二、寅",
        "    第二节 卯",
        "  第二章 辰",
    ]


def test_bare_numbers_are_chapters_where_they_count_through_the_text() -> None:
    chapters = [f"{n} {title}\n{PARAGRAPH}\n" for n, title in enumerate(("引言", "方法", "结论"), 1)]
    assert tree("".join(chapters)) == ["1 引言", "2 方法", "3 结论"]
    assert tree("".join(chapters[:2])) == []  # too few to tell
    assert tree("".join(chapters[1:])) == []
    assert tree("1 张三\n2 李四\n3 王五\n" + PARAGRAPH) == []  # rows of a table


def test_a_heading_is_never_its_number_alone() -> None:
    long = "公司实际控制人、股东、关联方、收购人以及公司等承诺相关方在报告期内超期未履行的承诺事项"
    long += "之说明与公司董事会对有关情况逐项核查以后形成的意见"
    (first, *_) = outline(f"三、{long}\n{PARAGRAPH}\n四、证券投资情况\n{PARAGRAPH}")
    assert first.title == "三、公司实际控制人、股东、关联方"


def test_decimal_numbers_nest_below_bare_ones() -> None:
    text = (
        "1 总则\n1.1 编制目的\n为了。\n1.2 编制依据\n1.2.1 法律\n依据。\n1.2.2 规章\n依据。\n"
        "2 组织体系\n2.1 领导\n领导。"
    )
    assert tree(text) == [
        "1 总则",
        "  1.1 编制目的",
        "  1.2 编制依据",
        "    1.2.1 法律",
        "    1.2.2 规章",
        "2 组织体系",
        "  2.1 领导",
    ]


# --- run-in headings --------------------------------------------------------------------------


def test_a_run_in_heading_ends_with_its_first_sentence() -> None:
    text = "（一）加强组织领导。领导小组做好统筹。\n（二）完善政策机制。发挥引导作用。"
    first, second = outline(text)
    assert (first.title, text[first.end]) == ("（一）加强组织领导", "。")
    assert second.title == "（二）完善政策机制"
    assert path(text, "发挥") == ("（二）完善政策机制",)


def test_a_label_before_a_colon_is_a_run_in_heading() -> None:
    assert tree("1.申请条件：在本区注册。\n2.申请材料：营业执照。") == ["1.申请条件", "2.申请材料"]


def test_points_of_a_paragraph_are_headings_at_line_starts_only() -> None:
    text = "1．推动产业\n一是化工。发展乙二醇。二是硅基，不在行首。\n二是金属。再生铝。\n2．推动能源\n开发。"
    assert tree(text) == ["1．推动产业", "  一是化工", "  二是金属", "2．推动能源"]


def test_a_long_paragraph_is_headed_by_its_first_clause() -> None:
    item = "结合实际细化分工，" + "明确时限、倒排工期、清单化推进，" * 5 + "确保完成。"
    assert tree(f"1.{item}\n2.{item}") == ["1.结合实际细化分工", "2.结合实际细化分工"]


def test_an_article_is_headed_by_its_number_alone() -> None:
    text = (
        "第一章总则\n第一条为加强管理，制定本办法。\n第二条 本区适用本办法。\n第二条之一　例外。\n"
        "第三条（职责）\n区政府负责。"
    )
    assert tree(text) == ["第一章总则", "  第一条", "  第二条", "  第二条之一", "  第三条（职责）"]


def test_no_title_is_longer_than_a_line_of_an_outline() -> None:
    text = "".join(f"{n}、{'无标点的长标题' * 40}\n" for n in ("一", "二", "三"))
    assert all(len(heading.title) <= 70 for heading in outline(text))


# --- what only looks like a heading -----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "产值：\n1．5万亩茶园\n2．8亿元\n",
        "2025.\n2026.\n",
        "12亿m3，稳产10亿m3。\n70MW\n",
        "依照本法\n第三条规定处罚，\n第四条、第五条除外。\n",
        "附件材料应当齐全\n第一阶段启动\n第一批名单\n一定要落实。\n",
        "应当提交：\n（一）申请书；\n（二）身份证明；\n（三）其他材料。\n",
        "包括：\n1.水泥\n2.骨料\n3.部件\n共三类。",
        "序号\t名称\n1.\t水泥\n2.\t骨料\n",
        "| 1. | 水泥 |\n| 2. | 骨料 |\n",
        "```\n# 注释\n```\n",
    ],
)
def test_figures_references_lists_and_tables_are_no_headings(text: str) -> None:
    assert tree(text) == []


def test_items_of_an_article_are_no_headings() -> None:
    text = "第一条 有下列情形的，责令改正：\n（一）未经批准的；\n（二）逾期不报的。\n第二条 本办法自印发之日起施行。"
    assert tree(text) == ["第一条", "第二条"]


def test_a_list_that_restarts_the_numbering_inside_an_item_is_no_heading() -> None:
    text = "1．总体要求\n甲。\n2．重点任务\n分为：\n1．水泥\n2．骨料\n3．保障措施\n乙。\n4．其他\n丙。"
    assert tree(text)[:2] == ["1．总体要求", "2．重点任务"]
    assert tree(text)[-1] == "4．其他"
    assert "  1．水泥" not in tree(text)


def test_a_number_out_of_sequence_is_no_heading() -> None:
    text = "一、目标\n甲。\n九、五折优惠\n乙。\n二、任务\n丙。"
    assert tree(text) == ["一、目标", "二、任务"]


def test_a_table_of_contents_is_no_outline() -> None:
    text = "目录\n第一章 总则\n第二章 分则\n第三章 附则\n第一章 总则\n甲。\n第二章 分则\n乙。\n第三章 附则\n丙。"
    headings = outline(text)
    assert [heading.title for heading in headings] == ["第一章 总则", "第二章 分则", "第三章 附则"]
    assert headings[0].start == text.index("第一章 总则\n甲")


# --- nesting ----------------------------------------------------------------------------------


def test_numbers_may_count_through_sections() -> None:
    text = "（一）甲\n1．子\n文。\n2．丑\n文。\n（二）乙\n3．寅\n文。\n（三）丙\n4．卯\n文。"
    assert tree(text) == ["（一）甲", "  1．子", "  2．丑", "（二）乙", "  3．寅", "（三）丙", "  4．卯"]


def test_the_document_shows_how_its_numbers_nest() -> None:
    text = "1．甲\n（一）子\n文。\n（二）丑\n文。\n2．乙\n（一）寅\n文。\n（二）卯\n文。"  # against the usual order
    assert tree(text) == ["1．甲", "  （一）子", "  （二）丑", "2．乙", "  （一）寅", "  （二）卯"]


def test_articles_may_stand_below_plain_numbers() -> None:
    text = "一、管辖\n第一条 甲。\n第二条 乙。\n二、回避\n第三条 丙。\n三、证据\n第四条 丁。"
    assert tree(text) == ["一、管辖", "  第一条", "  第二条", "二、回避", "  第三条", "三、证据", "  第四条"]


def test_a_missing_number_does_not_break_the_sequence() -> None:
    assert tree("一、甲\n文。\n二、乙\n文。\n四、丁\n文。") == ["一、甲", "二、乙", "四、丁"]


def test_an_excerpt_may_begin_anywhere() -> None:
    assert tree("三、丙\n文。\n四、丁\n文。") == ["三、丙", "四、丁"]


def test_what_follows_an_annex_belongs_to_it() -> None:
    text = "一、甲\n文。\n附件1：方案\n2：名单\n二、乙\n文。\n附件\n任务清单\n一、丙\n表。\n附件2\n名单。"
    assert path(text, "表。") == ("附件", "任务清单", "一、丙")
    assert path(text, "名单。") == ("附件2",)


def test_a_line_that_announces_annexes_is_no_heading() -> None:
    text = "一、甲\n文。\n附件：1.方案\n2.名单\n附件：方案\n綦江区人民政府\n2023年4月28日\n"
    assert tree(text) == ["一、甲"]


# --- titles without a number, sentences as headings, lists -------------------------------------


def test_a_title_without_a_number_stands_above_what_it_begins() -> None:
    lines = ["一、改革", "二、开放", "关于外交工作", "一、和平"]
    text = "\n".join(f"{line}\n{PARAGRAPH}" for line in lines) + "\n结束语\n各位代表！"
    assert tree(text) == ["一、改革", "二、开放", "关于外交工作", "  一、和平", "结束语"]


def test_a_title_without_a_number_stays_inside_an_item_whose_numbers_go_on() -> None:
    text = f"一、建设\n{PARAGRAPH}\n关于工资制度\n{PARAGRAPH}\n二、民生\n{PARAGRAPH}"
    assert tree(text) == ["一、建设", "  关于工资制度", "二、民生"]


@pytest.mark.parametrize(
    "line",
    [
        "某省人民政府",
        "责任单位：某省教育厅",
        "2025年1月20日",
        "图1 机构设置",
        "各位代表",
        "某发〔2025〕12号",
        "单位 | 数量",
    ],
)
def test_signatures_labels_dates_and_captions_are_no_titles(line: str) -> None:
    after = "2025年1月20日" if line.endswith("政府") else PARAGRAPH
    assert tree(f"一、改革\n{PARAGRAPH}\n{line}\n{after}\n二、开放\n{PARAGRAPH}") == ["一、改革", "二、开放"]


def test_parts_of_sentences_in_wrapped_lines_are_no_titles() -> None:
    broken = "完善机制。建立健全知识产权保护和运用的制度体系，加强部门协同，推动新兴商标品牌服务机构的设立，提"
    text = "\n".join(["一、保护", *[f"{broken}\n高服务水平，扩大服务的范围\n{PARAGRAPH}"] * 3])
    assert tree(text) == ["一、保护"]


def test_sentences_that_headings_stand_under_are_headings() -> None:
    text = f"一、目标要高。\n（一）全面\n{PARAGRAPH}\n（二）协调\n{PARAGRAPH}\n二、措施要实。\n（一）组织\n{PARAGRAPH}"
    assert tree(text) == ["一、目标要高", "  （一）全面", "  （二）协调", "二、措施要实", "  （一）组织"]


def test_what_follows_a_list_does_not_make_it_headings() -> None:
    items = "下列情形不适用：\n（1）存在争议的；\n（2）已经拆除的。"
    text = f"一、范围\n{items}\n{PARAGRAPH}\n{PARAGRAPH}\n二、附则\n{PARAGRAPH}"
    assert tree(text) == ["一、范围", "二、附则"]


def test_a_number_at_the_end_of_a_wrapped_line_heads_the_next_line() -> None:
    items = "（一）\n对于申请材料不齐全的，\n应当一次告知；\n（二）\n对于申请材料齐全的，\n应当受理。"
    text = f"第一条 程序\n{items}\n第二条 期限"
    assert tree(text) == ["第一条 程序", "第二条 期限"]


def test_an_annex_that_is_only_named_is_no_heading() -> None:
    assert tree(f"一、改革\n{PARAGRAPH}\n附件：任务分工（略）\n") == ["一、改革"]


def test_markdown_encloses_numbers() -> None:
    text = "# 办法\n## 第一章 总则\n第一条 甲。\n第二条 乙。\n## 第二章 附则 ##\n第三条 丙。"
    assert tree(text) == ["办法", "  第一章 总则", "    第一条", "    第二条", "  第二章 附则", "    第三条"]
    assert path(text, "## 第二章") == ("办法", "第二章 附则")


# --- whole documents --------------------------------------------------------------------------


def test_the_outline_of_the_sample() -> None:
    titles = tree(SAMPLE.read_text(encoding="utf-8"))
    assert titles[:8] == [
        "一、指导思想",
        "二、主要目标",
        "三、重点任务",
        "  （一）培育壮大绿色新兴产业",
        "    1．推动装配式建筑产业发展",
        "    2．推动新材料产业发展",
        "      一是化工新材料",
        "      二是硅基复合材料",
    ]
    assert titles[-7:] == [
        "    20．建设高素质人才队伍",
        "四、实施保障",
        "  （一）加强组织领导",
        "  （二）完善政策机制",
        "  （三）打造典型应用场景",
        "附件",
        "  以实现碳达峰碳中和目标为引领深入推进制造业高质量绿色发展行动计划任务清单",
    ]
    # 三、 has five headings in brackets numbered 一 to 四, 五 and 六, and 20 numbers that count through them
    assert sum(title.startswith("    ") and title[4].isdigit() for title in titles) == 20


def laws(count: int) -> list[tuple[str, list[dict[str, object]]]]:
    """Texts of laws with their articles as others took them apart."""
    if not (SHARED / "law/laws.jsonl").exists():
        pytest.skip("../shared/data/law is not here: it holds the laws that this test compares with")
    articles = defaultdict(list)
    with (SHARED / "law/articles.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            articles[row["doc_id"]].append(row)
    with (SHARED / "law/laws.jsonl").open(encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if row["n_articles"]]
    return [(row["text"], articles[row["doc_id"]]) for row in rows[:: len(rows) // count]]


@pytest.mark.parametrize("markdown", [True, False])
def test_articles_of_laws_are_found_under_their_chapters(markdown: bool) -> None:
    seen = right = 0
    for text, articles in laws(60):
        plain = text if markdown else re.sub(r"^#+ ", "", text, flags=re.M)
        document = Document("d", "法", plain, "s", outline(plain))
        position = 0
        for article in articles:
            found = re.compile(rf"^{article['article']}[ \u3000]", re.M).search(plain, position)
            if found:
                position = found.end()
                seen += 1
                path = (*article["path"], article["article"])  # type: ignore[misc]
                right += document.section_path(position) in [path, (*path, "第一款")]
    assert seen > 1000
    assert right / seen >= 0.99


# --- any text ---------------------------------------------------------------------------------

MARKS = ["", "\t", "# ", "## ", "一、", "二、", "三、", "（一）", "（二）", "1．", "2．", "3.", "（1）", "①", "一是"]
MARKS += ["第一章", "第一条", "第二条", "专栏1 ", "附件", "附件1 ", "1.1 ", "1.2 ", "2.5"]
LINES = st.lists(
    st.builds(
        lambda mark, body, end: mark + body + end,
        st.sampled_from(MARKS),
        st.sampled_from(["", "总则", "加强领导。各部门", "甲，乙；", "文" * 70]),
        st.sampled_from(["\n", "。\n", "\n\n", "；\n", ""]),
    ),
    max_size=30,
).map("".join)


@given(LINES | st.text(max_size=80))
def test_headings_are_ordered_slices_and_skip_no_level(text: str) -> None:
    position, level = 0, 0
    for heading in outline(text):
        assert position <= heading.start < heading.end <= len(text)
        assert text[heading.start : heading.end].endswith(heading.title)
        assert heading.title == heading.title.strip() != ""
        assert 1 <= heading.level <= level + 1
        position, level = heading.end, heading.level


@pytest.mark.parametrize("unit", ["綦", "1", "一、", "（一）", "第一条", " ", "第", "〔2023〕", "1.", "#", "附件："])
def test_two_megabytes_on_one_line_take_seconds(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    start = time.process_time()
    outline(text)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("unit", ["1.\n", "# 甲\n", "附件\n", "一、甲\n（一）乙\n", "第一条\n"])
def test_time_grows_with_the_number_of_lines_and_no_faster(unit: str) -> None:
    start = time.process_time()
    outline(unit * 20_000)
    assert time.process_time() - start < 10


# --- what files declare -----------------------------------------------------------------------


def declared(text: str, *titles: tuple[str, int]) -> list[tuple[str, int]]:
    marks = [Declared(level, Span(text.index(title), text.index(title) + len(title))) for title, level in titles]
    return [(heading.title, heading.level) for heading in outline(text, marks)]


def test_declared_headings_enclose_numbered_ones() -> None:
    text = "总体情况\n一、甲\n" + "正文说明。" * 20 + "\n二、乙\n" + "正文说明。" * 20 + "\n下步打算\n继续努力。\n"
    assert declared(text, ("总体情况", 1), ("下步打算", 1)) == [
        ("总体情况", 1),
        ("一、甲", 2),
        ("二、乙", 2),
        ("下步打算", 1),
    ]


def test_a_declared_heading_on_a_numbered_line_counts_once() -> None:
    text = "第一章 总则\n第一条 为了规范。\n第二章 附则\n第二条 施行。\n"
    assert declared(text, ("第一章 总则", 1), ("第二章 附则", 1)) == [
        ("第一章 总则", 1),
        ("第一条", 2),
        ("第二章 附则", 1),
        ("第二条", 2),
    ]


def test_a_paragraph_in_the_style_of_a_heading_is_none() -> None:
    long = "这一段话用了标题的样式，" * 12
    assert declared(f"概况\n{long}\n正文。\n", ("概况", 1), (long, 1)) == [("概况", 1)]


def test_numbers_of_rows_are_no_headings() -> None:
    text = "一、甲\n正文。\n二、乙\n三、丙\n四、丁\n"
    rows = Table(Span(text.index("二、"), len(text)))
    assert [heading.title for heading in outline(text, tables=(rows,))] == outline_titles("一、甲\n正文。\n")


def outline_titles(text: str) -> list[str]:
    return [heading.title for heading in outline(text)]


def test_a_file_that_is_one_annex_is_no_section_of_itself() -> None:
    text = "附件1\n某省碳普惠交易管理办法\n第一章 总则\n第一条 为规范交易，制定本办法。\n第二条 自公布之日起施行。\n"
    assert [heading.title[:3] for heading in outline(text)] == ["第一章", "第一条", "第二条"]
