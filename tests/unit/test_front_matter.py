from __future__ import annotations

from index.records import Document, Heading, Metadata, Span
from index.structure.splitter import labels

HEAD = "綦江府发〔2023〕16号\n各镇人民政府：\n重庆市綦江区人民政府\n2023年4月28日\n来源 https://example.org\n"
BODY = "一、总则\n綦江府发〔2023〕16号第二次提到\n"
DOCUMENT = Document(
    "d",
    "通知",
    HEAD + BODY,
    "通知.txt",
    (Heading("一、总则", 1, len(HEAD), len(HEAD) + 4),),
    metadata=Metadata("綦江府发〔2023〕16号", "重庆市綦江区人民政府", "2023-04-28"),
)


def names(wanted: str, document: Document = DOCUMENT) -> str:
    start = document.text.index(wanted)
    return " ".join(labels(document, Span(start, start + len(wanted))))


def test_each_fact_of_the_head_is_indexed_under_its_names() -> None:
    assert "文号" in names("綦江府发〔2023〕16号")
    assert "主送单位" in names("各镇人民政府：")
    assert "发文机关" in names("重庆市綦江区人民政府")
    assert "印发日期" in names("2023年4月28日")
    assert "链接" in names("https://example.org")


def test_other_facts_do_not_come_along() -> None:
    assert names("2023年4月28日") == "印发日期、发布时间、成文日期、落款日期、什么时候发的"


def test_the_body_has_no_labels() -> None:
    assert names("第二次提到") == ""


def test_a_document_that_says_nothing_of_itself_has_only_its_address() -> None:
    plain = Document("d", "文", HEAD, "文.txt")
    assert names("2023年4月28日", plain) == "" and names("各镇人民政府：", plain) == ""
    assert "链接" in names("https://example.org", plain)
