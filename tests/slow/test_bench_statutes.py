from __future__ import annotations

from bench.statutes import articles, hits
from index.records import Hit, Passage, Span

LAWS = {"old": "民法典", "new": "民法典", "other": "公司法"}


def hit(document: str, *path: str) -> Hit:
    return Hit(Passage(document, "法", "文", Span(0, 1), path), 1.0)


def test_passages_count_as_the_articles_that_they_are_parts_of() -> None:
    found = [
        hit("new", "第二章 自然人", "第五十四条"),
        hit("new", "第二章 自然人", "第五十四条"),  # its second half
        hit("old", "第五十四条 个体工商户"),  # another version
        hit("other", "附件"),
        hit("other", "第一百二十条之一", "（一）"),
    ]
    assert articles(found, LAWS) == [("民法典", "第五十四条"), ("公司法", "第一百二十条之一")]


def test_ten_articles_are_looked_at() -> None:
    ranked = [("法", f"第{n}条") for n in range(20)]
    questions = [
        ("问", {ranked[9]}),
        ("问", {ranked[10]}),
        ("问", {ranked[15], ranked[0]}),
        ("问", {("别法", "第1条")}),
    ]
    assert hits(questions, lambda _: ranked).tolist() == [True, False, True, False]
