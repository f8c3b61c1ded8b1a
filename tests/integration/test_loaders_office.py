"""Word, Excel, PowerPoint, web pages: text as the author meant it."""

from __future__ import annotations

import io
import time
from pathlib import Path

import openpyxl
import pytest

from index.errors import DocumentError, DocumentUnreadable
from index.loaders import load
from index.loaders.numbering import numeral
from index.loaders.tables import Area, Grid, rendered
from index.records import Document
from tests.support.files import docx, p, pptx, shape, tbl

INGEST = Path(__file__).parents[3] / "shared/data/ingest"


def read(folder: Path, data: bytes | str, name: str) -> Document:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return load(path)


def word(folder: Path, body: str, **parts: str) -> Document:
    return read(folder, docx(body, **parts), "文.docx")


def lines(document: Document) -> list[str]:
    return document.text.splitlines()


def runs(rows: list[list[str]]) -> list[list[int]]:
    """Owners that make one cell of equal neighbours in a row."""
    owners = [[number * 10 + column for column in range(len(row))] for number, row in enumerate(rows)]
    for row, own in zip(rows, owners, strict=True):
        for at in range(1, len(row)):
            own[at] = own[at - 1] if row[at] and row[at] == row[at - 1] else own[at]
    return owners


# --- Word -------------------------------------------------------------------------------------


def test_words_numbers_are_rendered_as_the_reader_sees_them(tmp_path: Path) -> None:
    levels = (
        '<w:lvl w:ilvl="0"><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%1章"/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="（%2）"/></w:lvl>'
        '<w:lvl w:ilvl="2"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%3"/><w:isLgl/></w:lvl>'
    )
    numbering = (
        f'<w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    )

    def item(text: str, level: int) -> str:
        return p(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>')

    body = item("总则", 0) + item("甲", 1) + item("乙", 1) + item("附则", 0) + item("丙", 1) + item("丁", 2)
    assert lines(word(tmp_path, body, numbering=numbering)) == [
        "第一章 总则",
        "（一）甲",
        "（二）乙",
        "第二章 附则",
        "（一）丙",
        "2.1 丁",
    ]


@pytest.mark.parametrize(
    ("number", "form", "written"),
    [
        (10, "chineseCounting", "十"),
        (21, "chineseCountingThousand", "二十一"),
        (105, "japaneseCounting", "一百零五"),
        (1010, "chineseCounting", "一千零一十"),
        (3, "ideographTraditional", "丙"),
        (12, "decimalEnclosedCircleChinese", "⑫"),
        (28, "upperLetter", "BB"),
        (1994, "lowerRoman", "mcmxciv"),
        (7, "decimalZero", "07"),
        (15, "chineseLegalSimplified", "壹拾伍"),
        (4, "someFutureFormat", "4"),
    ],
)
def test_number_formats(number: int, form: str, written: str) -> None:
    assert numeral(number, form) == written


def test_headings_come_from_styles_and_from_what_styles_inherit(tmp_path: Path) -> None:
    styles = (
        '<w:style w:styleId="a"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="b"><w:name w:val="我的标题"/><w:basedOn w:val="a"/></w:style>'
        '<w:style w:styleId="c"><w:name w:val="x"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    )
    body = (
        p("概况", '<w:pStyle w:val="a"/>') + p("正文一。") + p("面积", '<w:pStyle w:val="c"/>') + p("正文二。")
        + p("展望", '<w:pStyle w:val="b"/>') + p("正文三。")
    )  # fmt: skip
    document = word(tmp_path, body, styles=styles)
    assert [(heading.title, heading.level) for heading in document.headings] == [("概况", 1), ("面积", 2), ("展望", 1)]
    assert document.section_path(document.text.index("正文二")) == ("概况", "面积")


def test_where_a_style_was_used_once_the_numbers_are_the_guide(tmp_path: Path) -> None:
    styles = '<w:style w:styleId="a"><w:name w:val="heading 3"/></w:style>'
    body = "".join(
        p(f"{number}、任务{number}", '<w:pStyle w:val="a"/>' if number == "二" else "") + p("应当落实。" * 12)
        for number in "一二三"
    )
    document = word(tmp_path, body, styles=styles)
    assert [(h.title, h.level) for h in document.headings] == [("一、任务一", 1), ("二、任务二", 1), ("三、任务三", 1)]


def bold(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr><w:b/></w:rPr><w:t>{text}</w:t></w:r></w:p>"


def test_short_lines_in_bold_between_paragraphs_are_headings(tmp_path: Path) -> None:
    centred = '<w:jc w:val="center"/>'
    lead = "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>林下经济。</w:t></w:r><w:r><w:t>发展种植2.1万亩。</w:t></w:r></w:p>"
    light = '<w:p><w:r><w:rPr><w:b w:val="0"/></w:rPr><w:t>并不加粗</w:t></w:r></w:p>'
    title = bold("青山县2024年度", centred) + bold("林业工作总结", centred) + p("现总结如下。")
    chapters = bold("造林情况") + p("造林3万亩。") + bold("产业发展") + lead + p("其他。")
    body = title + chapters + light + bold("请各单位认真落实！") + p("完。") + bold("附注说明")
    document = word(tmp_path, body)
    assert [(heading.title, heading.level) for heading in document.headings] == [("造林情况", 1), ("产业发展", 1)]


def test_one_bold_line_is_no_outline_and_a_bold_number_stays_a_number(tmp_path: Path) -> None:
    assert word(tmp_path, p("首段。") + bold("强调的话") + p("正文。")).headings == ()
    numbered = bold("一、总体要求") + p("正文。") + bold("二、重点任务") + bold("（一）造林") + p("正文。")
    found = word(tmp_path, p("首段。") + numbered).headings
    assert [(h.title, h.level) for h in found] == [("一、总体要求", 1), ("二、重点任务", 1), ("（一）造林", 2)]


def test_deleted_and_hidden_text_is_left_out_and_inserted_text_kept(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>装机</w:t></w:r><w:del><w:r><w:delText>60</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>70</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>机密</w:t></w:r>"
        "<w:hyperlink><w:r><w:t>兆瓦</w:t></w:r></w:hyperlink>"
        "<w:sdt><w:sdtContent><w:r><w:t>。</w:t></w:r></w:sdtContent></w:sdt></w:p>"
    )
    assert word(tmp_path, body).text == "装机70兆瓦。\n"


def test_footnotes_stand_apart_and_are_pointed_to(tmp_path: Path) -> None:
    body = (
        '<w:p><w:r><w:t>总量70</w:t></w:r><w:r><w:footnoteReference w:id="3"/></w:r><w:r><w:t>亿元。</w:t></w:r></w:p>'
    )
    notes = f'<w:footnote w:id="3">{p("按当年价格计算。")}</w:footnote>'
    assert lines(word(tmp_path, body + p("尾。"), footnotes=notes)) == [
        "总量70［注1］亿元。",
        "尾。",
        "［注1］按当年价格计算。",
    ]


def test_a_table_of_contents_is_left_out(tmp_path: Path) -> None:
    styles = '<w:style w:styleId="t"><w:name w:val="toc 1"/></w:style>'
    assert word(tmp_path, p("一、总则 1", '<w:pStyle w:val="t"/>') + p("正文。"), styles=styles).text == "正文。\n"


def test_each_row_of_a_table_names_its_columns(tmp_path: Path) -> None:
    rows = [["指标", "2024年", "2025年"], ["光伏装机（万千瓦）", "60", "70"], ["风电装机（万千瓦）", "30", "45"]]
    document = word(tmp_path, p("表1 装机目标") + tbl(rows))
    assert lines(document) == [
        "表1 装机目标",
        "指标：光伏装机（万千瓦） | 2024年：60 | 2025年：70",
        "指标：风电装机（万千瓦） | 2024年：30 | 2025年：45",
    ]
    (table,) = document.tables
    assert table.caption == "表1 装机目标"
    assert table.span.slice(document.text) == document.text[len("表1 装机目标\n") :]


def test_a_cell_merged_down_is_said_in_every_row_it_covers(tmp_path: Path) -> None:
    rows = tbl([["类别", "名称", "数量"], ["水电", "甲站", "3"], ["", "乙站", "5"]])
    merged = rows.replace(
        '<w:tc><w:p><w:pPr></w:pPr><w:r><w:t xml:space="preserve">水电',
        '<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr><w:p><w:pPr></w:pPr><w:r><w:t xml:space="preserve">水电',
    ).replace(
        '<w:tc><w:p><w:pPr></w:pPr><w:r><w:t xml:space="preserve"></w:t>',
        "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r></w:r></w:p><w:p><w:r>",
    )
    assert lines(word(tmp_path, merged)) == ["类别：水电 | 名称：甲站 | 数量：3", "类别：水电 | 名称：乙站 | 数量：5"]


def test_a_form_is_read_as_questions_and_answers(tmp_path: Path) -> None:
    rows = [["联系人", "张三", "电话", "023-1234"], ["邮编", "400000", "传真", "023-5678"]]
    assert lines(word(tmp_path, tbl(rows))) == ["联系人：张三 | 电话：023-1234", "邮编：400000 | 传真：023-5678"]


@pytest.mark.parametrize(
    ("rows", "written"),
    [
        (
            [["姓名", "李明", "性别", "男", ""], ["工作单位", "农技中心", "农技中心", "农技中心", ""]],
            ["姓名：李明 | 性别：男", "工作单位：农技中心"],
        ),
        (
            [["事项名称：", "身份证办理"], ["办理时限", "20个工作日"], ["备注", ""]],
            ["事项名称：身份证办理", "办理时限：20个工作日", "备注"],
        ),
        (
            [["基本信息"] * 2, ["单位名称", "甲公司"], ["注册资本", "500万元"]],
            ["基本信息", "单位名称：甲公司", "注册资本：500万元"],
        ),
        # Tables whose first row names columns, though they look the same from afar.
        (
            [["项目", "内容"], ["名称", "工程"], ["类型", "新建"]],
            ["项目：名称 | 内容：工程", "项目：类型 | 内容：新建"],
        ),
        ([["地区", "产量"], ["北京", "12"], ["上海", "15"]], ["地区：北京 | 产量：12", "地区：上海 | 产量：15"]),
        (
            [["部门", "职责"], ["办公室", "协调"], ["财务处", "经费"]],
            ["部门：办公室 | 职责：协调", "部门：财务处 | 职责：经费"],
        ),
        (
            [["姓名", "职务", "电话", "备注"], ["张三", "科长", "1234", ""], ["李四", "科员", "5678", ""]],
            ["姓名：张三 | 职务：科长 | 电话：1234", "姓名：李四 | 职务：科员 | 电话：5678"],
        ),
    ],
)
def test_forms_are_told_from_tables_with_named_columns(rows: list[list[str]], written: list[str]) -> None:
    assert rendered(Grid(rows, owners=runs(rows))).lines == written


def test_numbers_in_a_table_are_no_headings(tmp_path: Path) -> None:
    rows = [["序号", "任务"], ["一、", "甲"], ["二、", "乙"], ["三、", "丙"]]
    assert word(tmp_path, tbl(rows, header=True)).headings == ()


@pytest.mark.skipif(not INGEST.exists(), reason="needs the shared data beside the repository")
def test_the_real_merged_table_keeps_the_method_with_every_item() -> None:
    document = load(INGEST / "docx_WeKnora_issue_2634_vertical_merge.docx")
    rows = [line for line in lines(document) if line.startswith("项目编号")]
    assert len(rows) == 4
    assert all("检测方法：提取外周血基因组 DNA" in row for row in rows)
    assert document.title == "遗传病检测项目表"


# --- Excel and PowerPoint ---------------------------------------------------------------------


def test_a_sheet_is_read_as_it_is_shown(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "目标"
    for row in (["2025年目标"], ["指标", "数值", "增长"], ["工业产值", 1234567.5, 0.085], ["企业数", 42, 0.1]):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    for cell in ("C3", "C4"):
        sheet[cell].number_format = "0.0%"
    sheet["B3"].number_format = "#,##0.00"
    hidden = book.create_sheet("草稿")
    hidden["A1"], hidden.sheet_state = "不公开", "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    document = read(tmp_path, buffer.getvalue(), "表.xlsx")
    assert lines(document) == [
        "目标",
        "2025年目标",
        "指标：工业产值 | 数值：1,234,567.50 | 增长：8.5%",
        "指标：企业数 | 数值：42 | 增长：10.0%",
    ]
    assert document.tables[0].caption == "2025年目标"
    assert document.title == "2025年目标"


def test_sheets_that_nobody_named_give_no_title(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet()):
        assert sheet is not None
        for row in (["指标", "数值"], ["产值", 12], ["企业", 42]):
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    document = read(tmp_path, buffer.getvalue(), "2025年统计表.xlsx")
    assert document.title == "2025年统计表"
    assert document.headings == ()


def test_each_slide_is_a_page_under_its_title(tmp_path: Path) -> None:
    first = shape("下面的话。", y=500) + shape("上面的话。", y=100) + shape("第一部分", "title") + shape("1", "sldNum")
    document = read(tmp_path, pptx(first, shape("第二部分", "title") + shape("结束。")), "讲.pptx")
    assert lines(document) == ["第一部分", "上面的话。", "下面的话。", "第二部分", "结束。"]
    assert document.page(document.text.index("下面")) == 1
    assert document.page(document.text.index("结束")) == 2
    assert document.section_path(document.text.index("结束")) == ("第二部分",)


# --- web pages --------------------------------------------------------------------------------

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>关于光伏的通知_某区人民政府</title>
<script>document.write("脚本")</script><style>p{color:red}</style></head><body>
<div class="header"><ul class="nav"><li><a href="/">首页</a></li><li><a href="/z">政策</a></li></ul></div>
<div id="main"><div class="crumb"><a href="/">首页</a> &gt; <a href="/x">通知</a></div>
<h1>关于光伏的通知</h1><h2>一、目标</h2><p>装机<b>70</b>兆瓦，面积 3 km<sup>2</sup>。<br>第二行。</p>
<ol start="2"><li>甲事项</li><li>乙事项</li></ol>
<table><tr><th>指标</th><th>2025年</th></tr><tr><td rowspan="2">装机</td><td>70</td></tr><tr><td>80</td></tr></table>
<svg><text>图</text></svg><p style="display:none">看不见</p><iframe src="http://x/"></iframe></div>
<div class="related"><a href="1">旧闻一</a><a href="2">旧闻二</a></div>
<footer>版权所有 京ICP备1号</footer></body></html>"""


def test_signs_of_symbol_fonts_are_what_a_reader_of_slides_and_sheets_sees(tmp_path: Path) -> None:
    run = '<a:r><a:rPr><a:latin typeface="{}"/></a:rPr><a:t>{}</a:t></a:r>'
    line = run.format("Wingdings", "þ") + run.format("宋体", "同意 \uf0a8不同意")
    data = pptx(f'<p:sp><a:off x="0" y="0"/><p:txBody><a:p>{line}</a:p></p:txBody></p:sp>')
    assert read(tmp_path, data, "文.pptx").text.strip() == "☑同意 ☐不同意"

    book = openpyxl.Workbook()
    sheet = book.active
    rows = [("事项", "办结"), ("公示", "þ"), ("验收", "R"), ("归档", "\uf052"), ("移交", "是 R")]
    for row in rows:
        sheet.append(row)
    for place, font in (("B2", "Wingdings"), ("B3", "Wingdings 2"), ("B5", "宋体")):
        sheet[place].font = openpyxl.styles.Font(name=font)
    book.save(tmp_path / "表.xlsx")
    shown = load(tmp_path / "表.xlsx").text.splitlines()
    assert shown == ["事项 | 办结", "公示 | ☑", "验收 | ☑", "归档 | ☑", "移交 | 是 R"]


def test_a_web_page_is_its_article(tmp_path: Path) -> None:
    document = read(tmp_path, PAGE, "页.html")
    assert lines(document) == [
        "关于光伏的通知",
        "一、目标",
        "装机70兆瓦，面积 3 km²。",
        "第二行。",
        "2. 甲事项",
        "3. 乙事项",
        "指标：装机 | 2025年：70",
        "指标：装机 | 2025年：80",
    ]
    assert document.title == "关于光伏的通知"
    assert document.section_path(document.text.index("装机70")) == ("关于光伏的通知", "一、目标")


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "utf-8", "utf-16"])
def test_a_web_page_is_read_in_the_encoding_it_declares(tmp_path: Path, encoding: str) -> None:
    page = PAGE.replace("utf-8", encoding).replace("²", "2")
    assert "装机70兆瓦" in read(tmp_path, page.encode(encoding), "页.html").text


def test_a_web_page_is_known_by_its_content(tmp_path: Path) -> None:
    assert lines(read(tmp_path, PAGE, "页.txt"))[0] == "关于光伏的通知"


def test_entities_in_a_web_page_reach_no_file_and_do_not_grow(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("机密内容")
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "炸弹"}">' for n in range(10))
    page = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{tmp_path}/secret">{bomb}]><html><body><p>正文&x;&a9;</p></body></html>'
    text = read(tmp_path, page, "页.html").text
    assert "机密内容" not in text
    assert len(text) < 2000


def test_an_empty_web_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match="没有可见文字"):
        read(tmp_path, "<html><body><script>1</script></body></html>", "页.html")


# --- what cannot be read ----------------------------------------------------------------------


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml"])
def test_a_document_type_in_an_office_file_is_refused(tmp_path: Path, part: str) -> None:
    from tests.support.files import TYPES, W, zipped

    body = f'<w:document xmlns:w="{W}"><w:body>{p("文。")}</w:body></w:document>'
    bomb = f'<!DOCTYPE w [<!ENTITY a "炸"><!ENTITY b "&a;&a;&a;">]><w:styles xmlns:w="{W}">&b;</w:styles>'
    parts = {"[Content_Types].xml": TYPES, "word/document.xml": body, "word/styles.xml": f'<w:styles xmlns:w="{W}"/>'}
    parts[part] = bomb if part.endswith("styles.xml") else bomb.replace("styles", "document")
    with pytest.raises(DocumentUnreadable, match="DOCTYPE"):
        read(tmp_path, zipped(parts), "文.docx")


def test_a_word_file_cut_anywhere_is_a_document_error(tmp_path: Path) -> None:
    whole = docx(p("正文。" * 200) + tbl([["甲", "乙"], ["1", "2"]]))
    for end in range(5, len(whole) - 1, 37):
        with pytest.raises(DocumentError):
            read(tmp_path, whole[:end], "文.docx")


def test_an_office_file_with_a_password_says_so(tmp_path: Path) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(DocumentUnreadable, match=r"文\.docx：文件已加密"):
        read(tmp_path, data, "文.docx")


def test_an_old_word_file_names_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DocumentUnreadable, match=r"LibreOffice.*另存为 \.docx"):
        read(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "文.doc")


def test_an_old_word_file_is_converted_where_libreoffice_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ready.docx").write_bytes(docx(p("旧文件里的话。")))
    office = tmp_path / "soffice"
    office.write_text(
        '#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = --outdir ] && out=$2; shift; done\n'
        f'/bin/mkdir -p "$out"; /bin/cp {tmp_path}/ready.docx "$out/document.docx"\n'
    )
    office.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read(tmp_path, b"{\\rtf1 hello}", "文.wps").text == "旧文件里的话。\n"


def test_a_long_text_merged_over_rows_is_said_once_and_leaves_no_empty_line() -> None:
    long = "说明文字" * 40
    grid = Grid.merged([["甲", long], ["", ""], ["乙", ""]], [Area(0, 1, 3, 2)])
    assert rendered(grid).lines == [f"甲 | {long}", "乙"]


def test_a_table_that_goes_on_takes_its_names_along_though_columns_were_lost() -> None:
    rows = [["股东", "数量", "数量", "种类"], ["甲", "10", "10", "普通股"]]
    first = rendered(Grid(rows, owners=runs(rows)))
    assert first.lines == ["股东：甲 | 数量：10 | 种类：普通股"]
    assert rendered(Grid([["乙", "20", "优先股"]]), first.names).lines == ["股东：乙 | 数量：20 | 种类：优先股"]
    assert rendered(Grid([["乙", "20"]]), first.names).lines == ["乙 | 20"]


def test_a_table_of_very_many_rows_is_written_in_time_that_grows_with_their_number() -> None:
    rows = [[f"{number}", "12"] for number in range(150_000)]
    began = time.process_time()
    (part,) = rendered(Grid(rows)).parts
    assert len(part.lines) == 150_000
    assert time.process_time() - began < 20  # with the square of their number, twice that
