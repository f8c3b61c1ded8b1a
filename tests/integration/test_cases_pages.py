"""Pages as offices have them: each file stands for a kind that was read wrongly once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from index.encoding.encoders import load_encoder
from index.loaders import layout, load
from index.loaders.content import Writer
from index.loaders.furniture import contents_lines
from index.loaders.glyph_repair import repaired
from index.loaders.grids import Rule
from index.loaders.ocr import without_seals
from index.loaders.pdf import _is_garbled
from index.loaders.sheets import Glyph, Sheet
from index.loaders.tables import Grid, rendered
from index.records import Declared, Span
from index.store.passage_index import PassageIndex
from index.structure.outline import outline
from index.structure.page_positions import unpacked
from qa.bootstrap import open_assistant
from qa.settings import Settings
from tests.support.files import at, noted, two_up

CASES = Path(__file__).parents[1] / "cases"

ANSWERED = [
    ("screenshot_notice.png", "早餐时间调整为几点到几点", "6:40至8:20"),
    ("form_scaled.pdf", "沱湾大道长度是多少", "7.85"),
    ("annex_sideways.pdf", "沱湾大道长度是多少", "7.85"),
    ("vertical.pdf", "桥长多少", "十二丈"),
    ("wm_horizontal.pdf", "第1标段累计完成投资多少万元", "1200万元"),
    ("num_broken_420.pdf", "中央预算内投资是多少", "12500万元"),
    ("header_alone.pdf", "机电产业园已投资多少", "7.25亿元"),
    ("threeline.pdf", "石角站7月降水量是多少", "240.3"),
    ("acroform.pdf", "上年度应纳税所得额是多少", "28.6万元"),
    ("freetext.pdf", "会议时间改为什么时候", "9月19日"),
]


@pytest.mark.parametrize(("name", "question", "right"), ANSWERED, ids=str)
def test_a_page_is_read_well_enough_to_answer_from(tmp_path: Path, name: str, question: str, right: str) -> None:
    PassageIndex.build([load(CASES / name)], load_encoder()).save(tmp_path / "index")
    answer = open_assistant(Settings(index=tmp_path / "index")).ask(question)
    assert right in (answer.short or "")


def text(name: str) -> str:
    return load(CASES / name).text


def test_a_letterhead_says_who_wrote_the_letter() -> None:
    assert load(CASES / "scan_title22pt.jpg").metadata.issuer == "綦江区应急管理局"


def test_strokes_of_large_characters_are_no_rules_of_a_table() -> None:
    assert text("screenshot_notice.png").splitlines()[0] == "关于调整食堂开放时间的通知"
    assert "关于开展有限空间作业专项整治的通知" in text("scan_title22pt.jpg").splitlines()
    assert "决定自2025年7月1日起开展为期90天的专项整治，重点检查污水井、" in text("scan_title22pt.jpg")


# --- fonts that say something else than they show ---------------------------------------------


@pytest.mark.parametrize(
    ("shown", "right"),
    [
        ("研究表明ꎬ碳排放下降ꎮ其中ꎻ电力行业ꎬ", "研究表明，碳排放下降。其中；电力行业，"),
        ("增长3ꎮ5个百分点ꎮ", "增长3.5个百分点。"),
        ("２０２２年ＧＤＰ增长", "2022年GDP增长"),
        ("绿⾊低碳⽅案⻓江⻔户", "绿色低碳方案长江门户"),
        ("认真执行,制定,出台,«规划»印发.各单位", "认真执行，制定，出台，《规划》印发。各单位"),
        ("附件1.2,表3.5,共12,000元.A,B", "附件1.2,表3.5,共12,000元.A,B"),
        ("𝐶代表碳汇量﹝1﹞", "C代表碳汇量〔1〕"),
        ("ꀀꌠꉙꎬꆈꌠꁱꂷꎮꋍꈨꏃ", "ꀀꌠꉙꎬꆈꌠꁱꂷꎮꋍꈨꏃ"),  # the language of the Yi
    ],
)
def test_signs_of_other_scripts_are_set_right_by_what_stands_around_them(shown: str, right: str) -> None:
    glyphs = [Glyph(sign, 0, 0, 1, 1) for sign in shown]
    assert "".join(glyph.text for glyph in repaired(glyphs, lambda _: "ABCDEF+E-BZ")) == right


def test_ticks_of_a_symbol_font_are_ticks_and_a_page_of_private_signs_stays_one_for_ocr() -> None:
    form = [Glyph(sign, 0, 0, 1, 1) for sign in "是否同意\uf0fe是\uf0a8否" + "字" * 50]
    assert "".join(glyph.text for glyph in repaired(form, lambda _: "AAAAAA+Wingdings"))[:8] == "是否同意☑是☐否"
    private = [Glyph(sign, 0, 0, 1, 1) for sign in "\uf041\uf042" * 20]
    assert repaired(private, lambda _: "AAAAAA+Song") == private


# --- how a page lies --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["form_scaled.pdf", "annex_sideways.pdf"])
def test_a_table_is_read_as_it_is_shown_scaled_or_turned(name: str) -> None:
    assert "路名：沱湾大道 | 长度（km）：7.85 | 养护等级：二级 | 责任单位：市政二队" in text(name).splitlines()


def test_a_turned_page_is_marked_where_it_is_shown() -> None:
    document = load(CASES / "annex_sideways.pdf")
    page = unpacked(document.placed, len(document.text))[2]
    row = next(line for line in page.lines if "滨河路" in line.span.slice(document.text))
    assert page.height > page.width and row.bottom - row.top > 5 * (row.x1 - row.x0)  # upright page, the row stands


def test_columns_are_read_downwards_from_the_right() -> None:
    assert text("vertical.pdf").splitlines()[:2] == ["重修观音桥碑记", "此桥始建于清乾隆三十二年"]


def test_text_turned_in_a_cell_is_read_in_its_direction() -> None:
    glyphs = [
        *(Glyph(sign, 110 + 12 * n, 110, 122 + 12 * n, 122) for n, sign in enumerate("项目")),
        *(Glyph(sign, 20, 160 - 12 * n, 32, 172 - 12 * n, 3) for n, sign in enumerate("责任")),  # read upwards
    ]
    rules = [Rule(10, y, 210, y) for y in (100, 180)] + [Rule(x, 100, x, 180) for x in (10, 100, 210)]
    assert _written(Sheet(300, 400, glyphs, rules)) == ["责任 | 项目"]


def test_pages_printed_side_by_side_on_one_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = "".join(at(72, 700 - 40 * n, f"左页第{n}行，各单位认真执行") for n in range(3))
    right = "".join(at(72, 700 - 40 * n, f"右页第{n}行，各单位认真执行") for n in range(3))
    (tmp_path / "a.pdf").write_bytes(two_up(left, right))
    document = load(tmp_path / "a.pdf")
    assert re.findall("[左右]页第[0-9]行", document.text) == [f"{side}页第{n}行" for side in "左右" for n in range(3)]
    marked = unpacked(document.placed, len(document.text))[1].lines
    assert [line.x0 >= 500 for line in marked] == [False] * 3 + [True] * 3


# --- what lies over the text ------------------------------------------------------------------


def test_a_level_watermark_goes_with_all_its_copies() -> None:
    assert "第1标段累计完成投资1200万元，占合同额的41%。" in text("wm_horizontal.pdf")
    assert "严禁" not in text("wm_horizontal.pdf")


def test_a_seal_is_seen_through_and_other_red_print_stays() -> None:
    page = np.full((1700, 1200, 3), 255, np.uint8)
    rows, columns = np.mgrid[:1700, :1200]
    ring = np.abs(np.hypot(rows - 900, columns - 700) - 120) < 6
    page[ring] = (210, 40, 40)
    page[895:905, 500:900] = 20  # what it is stamped on
    page[100:140, 300:900:3] = (210, 40, 40)  # a letterhead
    seen = without_seals(page)
    paper = ring & ((rows < 890) | (rows > 910))
    assert seen[paper].min() > 240 and seen[899, 500:900].max() < 40
    assert (seen[100:140] == page[100:140]).all()
    assert without_seals(seen[200:]) is not page and (page[ring & (rows < 890)] == (210, 40, 40)).all()


def test_pale_text_that_lies_over_nothing_stays() -> None:
    pale = [Glyph(sign, 72 + 12 * n, 100, 84 + 12 * n, 112, faint=True) for n, sign in enumerate("仅供内部参考")]
    assert _written(Sheet(600, 800, pale)) == ["仅供内部参考"]


# --- what was written onto a page -------------------------------------------------------------


def test_values_of_a_form_stand_beside_what_asks_for_them() -> None:
    assert text("acroform.pdf").splitlines()[1:] == [
        "申请人： 綦江恒远机械厂（虚构）",
        "上年度应纳税所得额： 28.6万元",
        "备案日期： 2025年3月12日",
        "申请人类型： ☑ 企业 ☐ 个人",
    ]


def test_a_box_of_text_is_read_and_a_comment_is_marked_as_one(tmp_path: Path) -> None:
    assert text("freetext.pdf").splitlines()[-1] == "补充：会议时间改为9月19日14:30，地点改为B座302室。"
    notes = [("Text", "72 600 92 620", "请财务科核对金额"), ("FreeText", "70 690 300 715", "已作废")]
    (tmp_path / "a.pdf").write_bytes(noted(at(72, 700, "本项目总投资一千万元"), notes))
    # The box lies over the text: one does not run into the other.
    assert load(tmp_path / "a.pdf").text.splitlines() == ["本项目总投资一千万元", "已作废", "批注：请财务科核对金额"]


def test_typographic_signs_do_not_send_an_english_page_to_ocr() -> None:
    assert text("en_endash.pdf").splitlines()[:2] == ["PART I – DEFINITIONS", "SERVICE AGREEMENT"]


@pytest.mark.parametrize(
    ("layer", "garbled"),
    [
        ("Terms – of the “Café” © Zoë naïve résumé, §5 • item … ™ ½ £5", False),
        ("Điều khoản hợp đồng được thực hiện theo pháp luật", False),
        ("ꎬꎮ关于印发方案的通知", False),
        ("ÎÒÃÇÊÇÖÐ¹úÈËÃñÎÒÃÇÊÇÖÐ¹úÈËÃñ", True),
        ("麣鑫钃龘靐齉龗爩麤", True),
    ],
)
def test_a_text_layer_is_garbled_by_signs_that_nobody_writes(layer: str, garbled: bool) -> None:
    assert _is_garbled(layer) is garbled


# --- lines and rows that go on ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "right"),
    [
        ("年节水量约1", "350万立方米", "年节水量约1350万立方米"),
        ("总量为0.", "75亿吨", "总量为0.75亿吨"),
        ("达到65", "%以上", "达到65%以上"),
        ("in the year 2025", "30 towns and one", "in the year 2025 30 towns and one"),
    ],
)
def test_a_number_broken_at_the_end_of_a_line_is_one(first: str, second: str, right: str) -> None:
    size = 600 / max(len(first), len(second))  # both lines are full, so that the paragraph goes on
    glyphs = [
        Glyph(sign, n * 600 / len(line), 100 + 2 * row * size, (n + 1) * 600 / len(line), 100 + (2 * row + 1) * size)
        for row, line in enumerate((first, second))
        for n, sign in enumerate(line)
    ]
    assert _written(Sheet(600, 4000, glyphs)) == [right]


def test_a_heading_row_alone_at_the_end_of_a_page_names_the_columns_on_the_next() -> None:
    assert text("header_alone.pdf").splitlines()[2:4] == [
        "产业园名称：机电产业园 | 项目状态：在建 | 总投资：18.60亿元 | 已投资：7.25亿元",
        "产业园名称：生物医药园 | 项目状态：建成 | 总投资：9.40亿元 | 已投资：9.40亿元",
    ]
    assert load(CASES / "header_alone.pdf").page_starts == (0, 26)


def test_a_row_cut_by_the_page_is_one_and_a_line_that_says_so_goes() -> None:
    rows = [("序号", "主要任务"), ("一", "建设城乡一体的供水管网并且")], [("", "改造老旧泵站"), ("二", "整治河道")]
    sheets = [_table_sheet(page, "续表" if number else "") for number, page in enumerate(rows)]
    assert _written(*sheets) == [
        "序号：一 | 主要任务：建设城乡一体的供水管网并且改造老旧泵站",
        "序号：二 | 主要任务：整治河道",
    ]


# --- tables without walls ---------------------------------------------------------------------


def test_a_table_of_three_rules_and_one_of_none_are_read_by_their_cells() -> None:
    assert text("threeline.pdf").splitlines()[1:8] == [
        "表1 各站降水量（毫米）",
        "站点：石角站 | 6月：182.5 | 7月：240.3 | 8月：96.7",
        "站点：东溪站 | 6月：171.0 | 7月：225.8 | 8月：88.4",
        "站点：赶水站 | 6月：195.2 | 7月：260.1 | 8月：101.9",
        "表2 各站最高水位（米）",
        "站点：石角站 | 水位：231.46 | 出现日期：7月9日",
        "站点：东溪站 | 水位：268.03 | 出现日期：7月10日",
    ]


def test_an_open_table_has_names_over_several_columns_lines_that_wrap_and_empty_cells() -> None:
    cells = [
        (90, 106, "2024年"), (220, 106, "2025年"),  # over two columns each, with a rule of their own below
        (12, 126, "部门"), (70, 126, "预算"), (130, 126, "执行"), (200, 126, "预算"), (260, 126, "执行"),
        (12, 146, "教育局"), (70, 146, "100"), (130, 146, "90"), (200, 146, "120"), (260, 146, "—"),
        (12, 166, "卫生健"), (70, 166, "80"), (200, 166, "85"), (260, 166, "84"),
        (12, 177, "康委"),
    ]  # fmt: skip
    rules = [Rule(10, y, 310, y) for y in (100, 140, 190)] + [Rule(65, 122, 180, 122), Rule(195, 122, 305, 122)]
    assert _written(Sheet(400, 600, _typed(cells), rules)) == [
        "部门：教育局 | 2024年 › 预算：100 | 2024年 › 执行：90 | 2025年 › 预算：120 | 2025年 › 执行：—",
        "部门：卫生健康委 | 2024年 › 预算：80 | 2025年 › 预算：85 | 2025年 › 执行：84",
    ]


def test_two_columns_of_text_between_rules_are_no_table() -> None:
    line = "推动装配式建筑产业发展和绿色建材应用"  # 18 characters of 11 points
    cells = [(x, 110 + 20 * n, line[n:] + line[:n]) for n in range(6) for x in (20, 300)]
    sheet = Sheet(600, 800, _typed(cells), [Rule(10, y, 590, y) for y in (100, 126, 260)])
    assert not any("|" in line for line in _written(sheet))


def test_a_row_below_a_section_of_a_table_does_not_name_its_columns() -> None:
    rows = [
        ["指标", "目标"],
        ["（一）总体", "（一）总体"],
        ["单位能耗降低", "—"],
        ["煤炭消费", "3.9"],
        ["用地规模", "7"],
    ]
    owners = [[0, 1], [2, 2], [4, 5], [6, 7], [8, 9]]
    assert rendered(Grid(rows, owners=owners)).lines == [
        "（一）总体",
        "指标：单位能耗降低 | 目标：—",
        "指标：煤炭消费 | 目标：3.9",
        "指标：用地规模 | 目标：7",
    ]


# --- what is no text of the document ----------------------------------------------------------


CONTENTS = [
    "某市能源规划", "目 录", "前言", "第一章 发展基础与形势.......3", "第一节 国内现状 .. ..5",
    "第二节 在一次次改革中不断完善的", "体制和机制.......12", "第三章 保障措施…………15",
    "前言", "本规划依据国家有关规定制定。", "第一章 发展基础与形势", "能源结构不断优化。",
    "第一节 国内现状", "装机容量增长较快，达到3.2", "第三章 保障措施", "加强组织领导。",
]  # fmt: skip


def test_a_table_of_contents_is_no_text_and_a_list_of_prices_is() -> None:
    assert contents_lines(CONTENTS) == set(range(1, 8))
    assert contents_lines(
        ["目录", "一、总则", "二、职责", "三、附则", "一、总则", "甲。", "二、职责", "乙。", "三、附则", "丙。"]
    ) == {0, 1, 2, 3}
    assert contents_lines(["红烧肉......28", "清蒸鱼......58", "时令菜......18", "欢迎光临"]) == set()
    assert contents_lines(["目录", "清风牌纸巾 12", "毛巾 8", "肥皂 5"]) == set()  # a catalogue


def test_dots_before_numbers_of_pages_do_not_send_a_page_to_ocr() -> None:
    assert not _is_garbled("一、规划背景" + "." * 300 + "7")
    assert _is_garbled("一" * 300 + "规划背景")


def test_a_number_of_a_page_above_a_footer_goes_with_it() -> None:
    text = "推动城乡建设绿色发展，"
    pages = [
        Sheet(
            600, 800, _typed([(60, 400, f"{text}第{n}段。"), (290, 660, f"- {n} -"), (60, 750, "区人民政府办公室发布")])
        )
        for n in (1, 2, 3)
    ]
    assert _written(*pages) == [f"{text}第{n}段。" for n in (1, 2, 3)]


BODY = [Glyph("文", 50 + 10 * n, 130 + 16 * row, 60 + 10 * n, 140 + 16 * row) for row in range(8) for n in range(50)]


def _title(lines: Sequence[str]) -> list[Glyph]:
    """Lines of 20 points from the top."""
    return [
        Glyph(sign, 50 + 20 * n, 40 + 30 * row, 70 + 20 * n, 60 + 30 * row)
        for row, line in enumerate(lines)
        for n, sign in enumerate(line)
    ]


def test_a_title_of_two_lines_of_which_one_is_full_is_one_paragraph() -> None:
    title = ["关于印发老旧小区改造工作实施方案的通知以及分工方案", "和考核办法的通知"]
    assert _written(Sheet(600, 800, [*_title(title), *BODY]))[0] == "".join(title)


def test_a_title_with_a_number_of_its_own_on_every_page_is_no_header() -> None:
    pages = [Sheet(600, 800, [*_title([f"工程进度报告（{number}）"]), *BODY]) for number in "123"]
    assert [line for line in _written(*pages) if "报告" in line] == [f"工程进度报告（{number}）" for number in "123"]


def test_a_heading_behind_the_end_of_a_sentence_on_its_line_begins_a_paragraph() -> None:
    lines = ["推动绿色低碳的高质量发展道路建设。", "二、主要目标", "到二〇二五年明显提高。"]
    cells = list(zip((60.0, 280.0, 60.0), (100.0, 100.0, 120.0), lines, strict=True))
    assert _written(Sheet(600, 800, _typed(cells))) == lines


def test_a_bookmark_of_two_lines_is_one_heading_and_one_that_says_a_paragraph_is_none() -> None:
    cells = [
        (60.0, 100.0, "第一节推动社会发展绿色转型促进经济"), (60.0, 120.0, "高质量发展"),
        (60.0, 140.0, "体系不断完善。出台条例并且发布实施"), (60.0, 160.0, "若干意见。"),
    ]  # fmt: skip
    said = ["第一节推动社会发展绿色转型促进经济高质量发展", "体系不断完善。出台条例并且发布实施若干意见。"]
    writer = Writer()
    layout.write([Sheet(260, 800, _typed(cells), headings=[(line, 1) for line in said])], writer)
    content = writer.content()
    assert content.text.splitlines() == said
    assert [each.span.slice(content.text) for each in content.declared] == said[:1]


def test_a_section_that_the_file_forgot_to_declare_is_one_beside_the_others() -> None:
    lines = ["第一节 甲", "正文。", "第二节 乙", "正文。", "第三节 丙", "正文。", "第四节 丁", "正文。"]
    text = "\n".join(lines) + "\n"
    starts = [text.index(line) for line in lines[::2]]
    declared = [Declared(2, Span(start, start + 5)) for n, start in enumerate(starts) if n != 2]
    assert [(heading.level, heading.title) for heading in outline(text, declared)] == [(1, line) for line in lines[::2]]


def _typed(cells: Sequence[tuple[float, float, str]]) -> list[Glyph]:
    """Characters of 11 points, digits half as wide, from a place to the right."""
    glyphs: list[Glyph] = []
    for left, top, text in cells:
        x = left
        for sign in text:
            width = 5.5 if sign.isascii() else 11
            glyphs.append(Glyph(sign, x, top, x + width, top + 11))
            x += width
    return glyphs


def _written(*sheets: Sheet) -> list[str]:
    writer = Writer()
    layout.write(sheets, writer)
    return writer.content().text.splitlines()


def _table_sheet(rows: Sequence[tuple[str, str]], above: str) -> Sheet:
    """A page with a table of two columns at its top."""
    ys = [100.0 + 30 * n for n in range(len(rows) + 1)]
    rules = [Rule(50, y, 550, y) for y in ys] + [Rule(x, ys[0], x, ys[-1]) for x in (50, 120, 550)]
    texts = [(60.0, 70.0, above)] + [
        (x, y + 8, cell) for y, row in zip(ys, rows, strict=False) for x, cell in zip((60.0, 130.0), row, strict=True)
    ]
    glyphs = [
        Glyph(sign, x + 12 * n, y, x + 12 * n + 12, y + 12) for x, y, cell in texts for n, sign in enumerate(cell)
    ]
    return Sheet(600, 800, glyphs, rules)
