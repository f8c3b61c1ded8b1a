from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.loaders import load
from index.records import Document, Passage, Span, Table
from index.structure.outline import outline
from index.structure.splitter import split

SAMPLE = Path(__file__).parents[2] / "data/documents/qijiang_green_manufacturing_2022_2025.txt"
SHARED = Path(__file__).parents[3] / "shared/data"


def document(text: str) -> Document:
    return Document("d", "文", text, "文.txt", outline(text))


def pieces(text: str, limit: int = 50) -> list[str]:
    return [passage.text for passage in split(document(text), max_characters=limit)]


def assert_exact(whole: Document, passages: tuple[Passage, ...], limit: int) -> None:
    position = 0
    for passage in passages:
        assert passage.span.slice(whole.text) == passage.text == passage.text.strip() != ""
        assert len(passage.text) <= limit
        assert passage.span.start >= position
        assert not whole.text[position : passage.span.start].strip()  # nothing visible between two passages
        position = passage.span.end
    assert not whole.text[position:].strip()


# --- sections ---------------------------------------------------------------------------------


def test_a_passage_ends_where_its_section_ends() -> None:
    text = "前言。\n一、甲\n文甲。\n二、乙\n文乙。"
    passages = split(document(text))
    assert [(passage.text, passage.section_path) for passage in passages] == [
        ("前言。", ()),
        ("一、甲\n文甲。", ("一、甲",)),
        ("二、乙\n文乙。", ("二、乙",)),
    ]


def test_headings_without_a_body_stand_before_what_follows_them() -> None:
    text = "一、任务\n（一）产业\n1．水泥\n发展水泥。\n2．骨料\n发展骨料。"
    passages = split(document(text))
    assert [passage.text for passage in passages] == [
        "一、任务\n（一）产业\n1．水泥\n发展水泥。",
        "2．骨料\n发展骨料。",
    ]
    assert passages[0].section_path == ("一、任务", "（一）产业", "1．水泥")


def test_a_run_in_heading_is_a_passage_of_its_own() -> None:
    text = "（一）加强领导。各部门负责。\n（二）营造氛围。\n（三）严格考核。每年一次。"
    assert [passage.section_path[-1] for passage in split(document(text))] == [
        "（一）加强领导",
        "（二）营造氛围",
        "（三）严格考核",
    ]


def test_a_heading_that_ends_the_document_is_kept() -> None:
    assert pieces("一、甲\n文。\n附件\n任务清单")[-1] == "附件\n任务清单"


def test_title_and_page_come_from_the_document() -> None:
    whole = Document("d", "文", "甲。\n一、乙\n丙。", "文.txt", outline("甲。\n一、乙\n丙。"), page_starts=(0, 3))
    assert [(passage.title, passage.page) for passage in split(whole)] == [("文", 1), ("文", 2)]


# --- where long sections are cut --------------------------------------------------------------


def test_paragraphs_are_cut_before_sentences_and_sentences_before_clauses() -> None:
    first, second = "甲" * 20 + "，" + "乙" * 15 + "。", "丙" * 30 + "。"
    assert pieces(f"{first}\n{second}") == [first, second]
    assert pieces(first + second) == [first, second]
    assert pieces("甲" * 30 + "，" + "乙" * 30 + "。") == ["甲" * 30 + "，", "乙" * 30 + "。"]


def test_closing_marks_stay_with_their_sentence() -> None:
    first = "他说：“" + "甲" * 30 + "。”）"
    assert pieces(first + "乙" * 30 + "。") == [first, "乙" * 30 + "。"]


@pytest.mark.parametrize(
    "figure",
    [
        "1,200.5万千瓦",
        "１，２００．５万千瓦",
        "2022—2025年",
        "〔2023〕16号",
        "3—5家",
        "70MW",
        "12亿m3",
        "2023 年",
        "99.5%",
        "10∶1",
    ],
)
@pytest.mark.parametrize("before", range(40, 50))
def test_a_figure_is_never_cut(figure: str, before: int) -> None:
    # no sign to cut at: only characters, of which the figure's are not to be parted
    text = "甲" * before + figure + "乙" * 80
    assert any(figure in piece for piece in pieces(text))


def test_a_comma_inside_a_number_is_no_place_to_cut() -> None:
    text = ("甲" * 20 + "1,200，") * 6
    assert all(piece.endswith("1,200，") for piece in pieces(text))


@pytest.mark.parametrize("row", ["| 水泥 | 1,000 | 万吨；含骨料。 |", "水泥\t1,000\t万吨；含骨料。"])
def test_tables_are_cut_between_rows_only(row: str) -> None:
    rows = [row] * 20
    for piece in pieces("\n".join(rows), 70):
        assert set(piece.split("\n")) == {row}


def test_a_remainder_is_not_left_alone() -> None:
    lengths = [len(piece) for piece in pieces("甲乙丙丁戊己庚辛壬。" * 42, 400)]  # 420 characters: not 400 and 20
    assert lengths == [230, 190] or min(lengths) > 150


def test_what_stands_before_the_first_heading_is_split_finer() -> None:
    front = "甲" * 149 + "。\n" + "乙" * 149 + "。\n"  # 302 characters
    assert pieces(front + "一、丙\n文。", 400) == ["甲" * 149 + "。", "乙" * 149 + "。", "一、丙\n文。"]
    assert pieces(front, 400) == [front.strip()]


def test_the_limit_has_a_floor() -> None:
    with pytest.raises(ValueError, match="at least 50, got 49"):
        split(document("甲"), max_characters=49)


def test_a_document_without_visible_text_has_no_passages() -> None:
    assert split(document(" \n　\n")) == ()


# --- whole documents --------------------------------------------------------------------------


def test_the_sample_is_split_exactly_and_at_sentence_ends() -> None:
    whole = load(SAMPLE)
    passages = split(whole)
    assert_exact(whole, passages, 400)
    solar = next(passage for passage in passages if passage.text.startswith("3．加快新能源"))
    assert solar.section_path == ("三、重点任务", "（一）培育壮大绿色新兴产业", "3．加快新能源产业发展")
    assert solar.text.endswith("（牵头单位：区发展改革委、区经济信息委按职责分工负责）")
    unfinished = [passage.text[-1] for passage in passages if not re.search(r"[。：）]$", passage.text)]
    assert unfinished == ["l", "单"]  # the link of the news header, ….shtml, and the last line, …任务清单


@pytest.mark.parametrize("file", ["policy/work_reports.jsonl", "policy/business_climate_2023.jsonl"])
def test_real_documents_are_split_exactly(file: str) -> None:
    if not (SHARED / file).exists():
        pytest.skip(f"../shared/data/{file} is not here: it holds the documents that this test splits")
    with (SHARED / file).open(encoding="utf-8") as rows:
        texts = [json.loads(row)["text"] for row in rows][::10]
    for text in texts:
        whole = document(text)
        assert_exact(whole, split(whole), 400)


# --- any text ---------------------------------------------------------------------------------

PARTS = [
    "一、甲\n",
    "（一）乙\n",
    "1．丙。",
    "第一条",
    "## 丁\n",
    "附件\n",
    "。",
    "；\n",
    "，",
    "、",
    " ",
    "\n\n",
    "\t",
    "|",
]
PARTS += ["1,200.5万千瓦", "2022—2025年", "〔2023〕16号", "“引文。”", "文" * 30, "word ", "𠮷", "\u3000", "\x0b"]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=60).map("".join)


@given(TEXTS | st.text(max_size=200), st.integers(50, 120))
def test_any_text_is_split_exactly(text: str, limit: int) -> None:
    whole = document(text)
    assert_exact(whole, split(whole, max_characters=limit), limit)


@pytest.mark.parametrize("unit", ["綦", "1", "推动绿色发展，提高1,200.5万千瓦。", "a\t", "（一）", "、"])
def test_two_megabytes_on_one_line_take_seconds(unit: str) -> None:
    start = time.process_time()
    passages = split(document(unit * (2_000_000 // len(unit))))
    assert time.process_time() - start < 20
    assert max(len(passage.text) for passage in passages) <= 400


# --- tables -----------------------------------------------------------------------------------


def tabled(before: str, rows: list[str], after: str, caption: str = "表1 目标") -> Document:
    table = "".join(f"{row}\n" for row in rows)
    text = before + table + after
    span = Span(len(before), len(before) + len(table))
    return Document(
        "d", "文", text, "文.docx", outline(text, tables=(Table(span, caption),)), tables=(Table(span, caption),)
    )


def test_a_table_is_split_between_rows_and_each_part_knows_its_caption() -> None:
    rows = [f"项目：第{n}项 | 数值：{n * 100}" for n in range(1, 9)]
    whole = tabled(
        "前文说明了这张表的来历，并且写得足够长，长到不会并入下面的表格里去，这样就能看清楚分界在哪里。\n",
        rows,
        "后文。\n",
    )
    passages = split(whole, max_characters=60)
    assert_exact(whole, passages, 60)
    parts = [passage for passage in passages if "项目：" in passage.text]
    assert [passage.text.split("\n") for passage in parts] == [rows[0:3], rows[3:6], rows[6:8]]
    assert {passage.labels for passage in parts} == {("表1 目标",)}
    assert [passage.labels for passage in passages if passage not in parts] == [(), ()]


def test_a_short_line_above_a_table_goes_with_its_first_rows() -> None:
    passages = split(
        tabled("前文很长。" * 30 + "\n一、目标\n表1 目标\n", ["项目：甲 | 数值：1", "项目：乙 | 数值：2"], "")
    )
    assert passages[-1].text == "一、目标\n表1 目标\n项目：甲 | 数值：1\n项目：乙 | 数值：2"
    assert passages[-1].section_path == ("一、目标",)


def test_a_row_longer_than_a_passage_is_split_like_any_text() -> None:
    whole = tabled("", ["说明：" + "很长的话。" * 30, "说明：短"], "")
    passages = split(whole, max_characters=80)
    assert_exact(whole, passages, 80)
    assert all(passage.labels == ("表1 目标",) for passage in passages)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["文字。", "一、题\n", "（一）项\n", "长" * 70, "\n"]), max_size=8),
    st.lists(st.text("甲乙：| 1", min_size=1, max_size=90), min_size=1, max_size=6),
    st.lists(st.sampled_from(["尾。", "二、题\n", "\n\n"]), max_size=4),
)
def test_no_passage_holds_part_of_a_table_and_text_behind_it(
    before: list[str], rows: list[str], after: list[str]
) -> None:
    whole = tabled("".join(before) + "\n", rows, "".join(after))
    passages = split(whole, max_characters=60)
    assert_exact(whole, passages, 60)
    end = whole.tables[0].span.end
    assert not any(passage.span.start < end < passage.span.end for passage in passages)
