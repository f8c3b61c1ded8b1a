from __future__ import annotations

import pytest

from index.records import Hit, Passage, Span
from qa.language.grammar import Candidate, Kind
from qa.question.analysis import analyse
from qa.reading.extent import lead_of, whole
from qa.reading.features import Place, places
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


@pytest.mark.parametrize(
    ("text", "found", "question", "given"),
    [
        # Numbers within one paragraph; the list ends at the full stop.
        (
            "下列费用不予赔付：（一）美容；（二）潜水，竞技者除外；（三）特需部就医。急诊另行规定。",
            "潜水",
            "哪些费用不赔",
            "（一）美容；（二）潜水，竞技者除外；（三）特需部就医",
        ),
        (
            "关机步骤：第一步通知负责人；第二步停止服务；第三步断电。",
            "通知负责人",
            "怎么关机",
            "第一步通知负责人；第二步停止服务；第三步断电",
        ),
        # Semicolons behind a colon.
        ("申请材料：申请书；身份证明；发票原件。另附说明。", "身份证明", "要带哪些材料", "申请书；身份证明；发票原件"),
        # Figures and references count nothing.
        ("长度1.5米，见（二）和（四）。宽度2米。", "1.5米", "怎么量长度", "1.5米"),
    ],
)
def test_a_list_within_a_paragraph_is_given_whole(text: str, found: str, question: str, given: str) -> None:
    assert best(text, found, question).text == given


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
