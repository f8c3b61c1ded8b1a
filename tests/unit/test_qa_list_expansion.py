from __future__ import annotations

import pytest

from index.records import Hit, Passage, Span
from qa.language.grammar import Candidate, Kind
from qa.question.analysis import analyse
from qa.reading.features import Place, places
from qa.reading.list_expansion import lead_of, whole
from qa.reading.matching import sites_of

LAW = """第十条 发生争议，可以到下列组织申请调解：

（一）企业调解委员会；

（二）基层人民调解组织；

（三）在乡镇设立的调解组织。

调解委员会由职工代表组成。"""
PLAN = "引进保温材料、风电叶片材料、复合材料领域的企业。建设园区。"


ITEMS = "（一）企业调解委员会；\n\n（二）基层人民调解组织；\n\n（三）在乡镇设立的调解组织"


def best(text: str, answer: str, question: str) -> Place:
    """What is given for a question where `answer`, which stands in `text`, ranked first."""
    hit = Hit(Passage("d", "标题", text, Span(0, len(text)), ()), 1.0)
    start = text.index(answer)
    named = Candidate(Kind.NAME, Span(start, start + len(answer)), Span(start, start + len(answer)), answer)
    return whole(analyse(question), Place(hit, 0, sites_of(text, [named])[0]), places([hit]))


@pytest.mark.parametrize("found", ["企业调解委员会", "基层人民调解组织", "第十条 发生争议"])
def test_one_item_of_a_list_or_what_leads_to_it_brings_all(found: str) -> None:
    place = best(LAW, found, "发生争议可以找哪些组织调解")
    assert place.text == ITEMS
    assert place.site.candidate.clause.slice(LAW) == LAW[: LAW.index("。")]


def test_what_stands_behind_a_list_does_not() -> None:
    assert best(LAW, "调解委员会由职工代表组成", "调解委员会有哪些人").text == "调解委员会由职工代表组成"


def test_an_item_is_enough_where_no_list_is_asked_for() -> None:
    place = best(LAW, "第十条 发生争议", "发生争议多少天内申请")
    assert place.text == "第十条 发生争议"


def test_part_of_an_enumeration_brings_the_enumeration() -> None:
    assert best(PLAN, "风电叶片材料", "引进哪些领域的企业").text == "保温材料、风电叶片材料、复合材料领域的企业"
    assert best(PLAN, "风电叶片材料", "引进几家企业").text == "风电叶片材料"


def test_a_list_of_long_paragraphs_is_not_given_whole() -> None:
    text = "任务如下：\n（一）" + "发展产业。" * 130 + "\n（二）建设园区。"
    assert best(text, "建设园区", "有哪些任务").text == "建设园区"


FORBIDDEN = """第九条 公园内禁止下列行为：
（一）攀折花木；
（二）捕捞、垂钓，非开放水域游泳；"""


def test_a_question_for_yes_or_no_is_answered_by_the_whole_item_without_its_number() -> None:
    assert best(FORBIDDEN, "游泳", "公园里可以钓鱼吗").text == "捕捞、垂钓，非开放水域游泳"


@pytest.mark.parametrize(("found", "lead"), [("垂钓", "第九条 公园内禁止下列行为：\n"), ("第九条", None)])
def test_an_item_knows_what_leads_to_its_list(found: str, lead: str | None) -> None:
    span = lead_of(best(FORBIDDEN, found, "公园有多大"))
    assert (span.slice(FORBIDDEN) if span else None) == lead
