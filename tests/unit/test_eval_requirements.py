from __future__ import annotations

import pytest

from eval.records import Dataset, Outcome
from eval.report.report import ReportJson, make_report
from eval.report.requirements import Requirement, parse_tolerance, unmet, unmet_text
from tests.support.eval_fakes import make_answer, make_query, refusal


def report() -> ReportJson:
    outcomes = [
        Outcome(make_query(id="right"), make_answer()),
        Outcome(make_query(id="wrong", type="list"), make_answer("错[1]", "错")),
        Outcome(make_query(id="trap", answerable=False, type="trap"), refusal()),
    ]
    return make_report(Dataset("s", tuple(each.query for each in outcomes)), outcomes)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("short_hit>=0.5", True),
        ("short_hit > 0.5", False),
        ("short_hit[number]>=1", True),
        ("answer_hit[list]>=0.1", False),
        ("false_answer<=0", True),
        ("false_answer<0", False),
        ("latency_p95<=3", True),
        ("ece<=0.01", False),
        ("verbatim>=0", False),  # not measured: no documents at hand
        ("memory_mb<=1000", False),  # not measured either
        ("short_hit[trap]<=1", False),  # does not count for the type
    ],
)
def test_a_requirement_holds_or_not(text: str, holds: bool) -> None:
    assert Requirement.parse(text).holds(report()) is holds


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nDCG@x>=0.9", "没有 nDCG@x 这个指标"),
        ("short_hit", "应写成 short_hit>=0.9"),
        ("short_hit=0.9", "应写成 short_hit>=0.9"),
        ("shot_hit>=0.9", "没有 shot_hit 这个指标"),
        ("ece[number]>=0.9", "没有 ece 这个指标"),
        ("short_hit>=nan", "里的 nan 不是数"),
        ("short_hit>=多", "里的 多 不是数"),
    ],
)
def test_a_requirement_that_cannot_be_read_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Requirement.parse(text)


def test_a_type_that_no_question_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="类型 table 不在问题集里；有：number、list、trap"):
        Requirement.parse("short_hit[table]>=0.9").holds(report())


def test_what_is_not_reached_is_told_with_the_questions_to_blame() -> None:
    found = unmet([Requirement.parse("short_hit>=0.9"), Requirement.parse("false_answer<=0.1")], report())
    assert unmet_text(found, report()) == "没有达到要求：\n  short_hit>=0.9：实际 0.500；失分的问题：wrong"


@pytest.mark.parametrize(
    "text", ["answer_hit", "answer_hit=", "nothing=0.1", "answer_hit=x", "answer_hit=-0.1", "answer_hit=inf"]
)
def test_a_tolerance_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"容差|不是数"):
        parse_tolerance(text)


def test_a_tolerance_names_a_score_and_what_may_be_lost() -> None:
    assert parse_tolerance("answer_hit=0.02") == ("answer_hit", 0.02)
