from __future__ import annotations

import pytest

from index.records import Document, Metadata, Passage, Span
from qa.suggesting.proposing import document_proposals, passage_proposals, short_title, subject_of

HEADING = "（二）打造绿色工厂"


def asked(text: str, heading: str = HEADING) -> dict[str, str]:
    """Question → answer, of a text under a heading."""
    passage = Passage("d", "某区绿色发展方案", text, Span(0, len(text)), (heading,) if heading else ())
    return {each.question: each.answer.slice(text) for each in passage_proposals(passage)}


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("到2025年力争创建10家市级绿色工厂。", "在打造绿色工厂方面，到2025年力争创建多少家市级绿色工厂？", "10家"),
        (
            "到2025年，大宗工业固废利用率保持在70%以上。",
            "在打造绿色工厂方面，到2025年，大宗工业固废利用率保持在多少？",
            "70%以上",
        ),
        (
            "申请人应当自收到通知之日起十五日内提出申请。",
            "在打造绿色工厂方面，申请人应当自收到通知之日起多少日内提出申请？",
            "十五日",
        ),
        ("给予企业50万元奖励。", "在打造绿色工厂方面，给予企业多少奖励？", "50万元"),
        ("为企业提供能源审计、技术咨询等服务。", "在打造绿色工厂方面，为企业提供哪些服务？", "能源审计、技术咨询"),
        (
            "支持企业通过转让、许可等方式，引进先进成果在区内转化。",
            "在打造绿色工厂方面，支持企业通过哪些方式，引进先进成果在区内转化？",
            "转让、许可",
        ),
        ("以龙头企业为重点，引导转型。", "打造绿色工厂以什么为重点？", "龙头企业"),
        ("搭建供应链绿色信息管理平台。", "在打造绿色工厂方面，搭建什么平台？", "供应链绿色信息管理平台"),
        ("区经济信息委负责组织绿色工厂的评审。", "哪个单位负责组织绿色工厂的评审？", "区经济信息委"),
        ("企业应当向区财政局申请拨付资金。", "在打造绿色工厂方面，企业应当向哪个单位申请拨付资金？", "区财政局"),
        ("本办法由区财政局负责解释。", "《某区绿色发展方案》由哪个单位负责解释？", "区财政局"),
        ("（牵头单位：区经济信息委）", "打造绿色工厂的牵头单位是哪个？", "区经济信息委"),
    ],
)
def test_a_clause_is_asked_with_its_answer_blanked_out(text: str, question: str, answer: str) -> None:
    assert asked(text)[question] == answer


@pytest.mark.parametrize(
    ("row", "questions"),
    [
        (
            "序号：1 | 任务：建设绿色园区 | 牵头单位：区经济信息委 | 责任单位：区教育局、区财政局",
            {"建设绿色园区的牵头单位是哪个？": "区经济信息委", "建设绿色园区的责任单位有哪些？": "区教育局、区财政局"},
        ),
        ("任务：改造小区20个 | 分工 › 牵头单位：区财政局", {"“改造小区20个”的牵头单位是哪个？": "区财政局"}),
        ("指标：牵头单位 | 要求：区财政局 | 责任单位：区教育局", {}),  # a row of names
        ("1 | 区财政局", {}),
        ("任务：园区 | 内容：由区教育局负责组织实施，创建10家绿色工厂。", {}),  # which says nothing without its row
    ],
)
def test_a_cell_is_asked_for_by_what_names_its_row_and_its_column(row: str, questions: dict[str, str]) -> None:
    assert asked(f"{row}\n") == questions


@pytest.mark.parametrize(
    "text",
    [
        "形成30万吨正极材料、10万吨电池铝箔。",  # two figures: which one is asked for?
        "其中新增10家。",  # of what?
        "全面贯彻党的二十大精神。",  # a set word, no figure
        "推行一站式服务。",
        "加快建设甲地、乙地等民营企业总部集聚区。",
        "围绕打造“五个环境”开展行动。",
        "有关部门负责人以讲座形式参与教学。",
        "杜绝对企业随意减少授信、变相提高贷款利率以及随意压贷、断贷等做法。",
        "争取产业创新中心、工程研究中心等平台落地。",  # 创新 is no verb here: the list begins before it
        "参加失业保险1年以上的企业职工。",  # a thing with an attribute, not a statement
        "（创建10家工厂。",  # half a bracket
    ],
)
def test_what_cannot_be_asked_without_a_doubt_is_passed_over(text: str) -> None:
    assert asked(text) == {}


def test_without_a_heading_a_clause_must_say_what_it_is_about() -> None:
    assert asked("力争创建10家。", "") == {}
    assert asked("绿色工厂达到10家。", "") == {"绿色工厂达到多少家？": "10家"}


def test_headings_that_any_document_has_are_no_subject() -> None:
    assert [subject_of(heading) for heading in ("一、主要目标", "第一章 总则", "3．发展绿色金融", "（一）")] == [
        "",
        "",
        "发展绿色金融",
        "",
    ]


def test_a_notice_is_called_by_what_it_issues() -> None:
    assert short_title("某市人民政府关于印发《某市奖励办法》的通知") == "某市奖励办法"
    assert short_title("某市奖励办法") == "某市奖励办法"


def test_a_document_is_asked_for_its_particulars() -> None:
    text = (
        "某府发〔2023〕5号\n某区人民政府\n2023年4月28日\n某区奖励办法\n"
        "根据《中华人民共和国节约能源法》，结合实际，制定本办法。依照《某市办法》（市府发〔2022〕34号）执行。\n"
        "本办法自2023年5月1日起施行，有效期5年。\n"
    )
    metadata = Metadata("某府发〔2023〕5号", "某区人民政府", "2023-04-28")
    document = Document("d", "某区奖励办法", text, "d.txt", metadata=metadata)
    assert {each.question: each.answer.slice(text) for each in document_proposals(document)} == {
        "《某区奖励办法》的文号是什么？": "某府发〔2023〕5号",
        "《某区奖励办法》是由哪个单位印发的？": "某区人民政府",
        "《某区奖励办法》是什么时候印发的？": "2023年4月28日",
        "《某区奖励办法》是根据什么文件制定的？": "《中华人民共和国节约能源法》",
        "《某市办法》的文号是什么？": "市府发〔2022〕34号",
        "《某区奖励办法》从什么时候起施行？": "2023年5月1日",
        "《某区奖励办法》的有效期是几年？": "5年",
    }
