from __future__ import annotations

import pytest

from index.records import Document
from index.structure.outline import outline

LAW = (
    "某某条例\n第一章 总则\n第一条 为了规范活动，制定本条例。\n"
    "第二条 在本区从事下列活动，适用本条例：\n（一）勘查；\n（二）开采。\n"
    "前款规定以外的活动，从其规定。\n法律另有规定的除外。\n"
    "第二章 附则\n第三条 自公布之日起施行。\n"
)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("制定本条例", ("第一章 总则", "第一条")),  # one paragraph: nothing to count
        ("从事下列", ("第一章 总则", "第二条", "第一款")),
        ("开采", ("第一章 总则", "第二条", "第一款", "第（二）项")),
        ("前款规定", ("第一章 总则", "第二条", "第二款")),
        ("另有规定", ("第一章 总则", "第二条", "第三款")),
        ("自公布", ("第二章 附则", "第三条")),
        ("某某条例", ()),
    ],
)
def test_a_place_in_a_law_is_named_as_lawyers_do(words: str, path: tuple[str, ...]) -> None:
    document = Document("d", "某某条例", LAW, "法.txt", outline(LAW))
    assert document.section_path(LAW.index(words)) == path


def test_only_articles_have_paragraphs_and_items() -> None:
    text = "方案\n一、任务\n第一段说明任务。\n第二段说明任务。\n二、保障\n到位。\n"
    document = Document("d", "方案", text, "方案.txt", outline(text))
    assert document.section_path(text.index("第二段")) == ("一、任务",)


def test_paragraphs_beyond_ten_are_counted_in_chinese() -> None:
    text = "第一条 第1段。\n" + "".join(f"正文{n}段。\n" for n in range(2, 23)) + "第二条 止。\n"
    document = Document("d", "法", text, "法.txt", outline(text))
    assert document.section_path(text.index("正文10段")) == ("第一条", "第十款")
    assert document.section_path(text.index("正文12段")) == ("第一条", "第十二款")
    assert document.section_path(text.index("正文21段")) == ("第一条", "第二十一款")
