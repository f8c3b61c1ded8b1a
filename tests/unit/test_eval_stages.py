from __future__ import annotations

from typing import get_args

import pytest

from eval.metrics.stages import STAGES, StagedSearch, evidence_qrels, search_stages
from eval.records import Dataset, Outcome
from eval.report.report import Circumstances, make_report
from eval.report.report_text import report_text
from eval.report.requirements import Requirement
from index.protocols import Stage
from index.records import Document
from index.store.passage_index import PassageIndex
from tests.support.eval_fakes import make_answer, make_query
from tests.support.fakes import HashEncoder

PLAN = "光伏发电计划装机容量70MW。" + "风电项目分布在山区，生物质能利用稳步推进，水电站完成改造。" * 20
NEWS = "今日天气晴，适合出行。"

SOLAR = make_query(id="solar", evidence=("光伏发电计划装机容量70MW",))
SPLIT = make_query(id="split", evidence=(PLAN[:480],))  # longer than any passage
NOWHERE = make_query(id="nowhere", evidence=("核电装机容量为零",))
TRAP = make_query(id="trap", answerable=False)
QUERIES = (SOLAR, SPLIT, NOWHERE, TRAP)


@pytest.fixture(scope="module")
def search() -> StagedSearch:
    documents = [Document("news", "新闻", NEWS, "news.txt"), Document("plan", "方案", PLAN, "plan.txt")]
    return search_stages(PassageIndex.build(documents, HashEncoder(256)), QUERIES, {"solar": "光伏装机容量"})


def test_every_stage_of_the_index_is_looked_at() -> None:
    assert get_args(Stage) == STAGES


def test_a_passage_that_holds_evidence_wholly_is_relevant_and_nothing_else(search: StagedSearch) -> None:
    assert {query: len(relevant) for query, relevant in search.qrels.items()} == {"solar": 1, "split": 0, "nowhere": 0}
    assert search.homes == {"solar": "plan.txt", "split": "plan.txt"}


def test_white_space_and_width_of_characters_hide_no_evidence() -> None:
    index = PassageIndex.build([Document("d", "方案", "装机\u3000７０ＭＷ。", "d.txt")], HashEncoder())
    assert len(evidence_qrels(index, [make_query(evidence=("装机70MW",))])["q1"]) == 1


def test_what_was_really_searched_is_searched_in_every_stage(search: StagedSearch) -> None:
    (relevant,) = search.qrels["solar"]
    assert [search.ranks(stage, "solar").get(relevant) for stage in STAGES] == [1, 1, 1]


def test_the_report_says_where_evidence_is_lost(search: StagedSearch) -> None:
    outcomes = [Outcome(query, make_answer("错[1]", "错") if query.answerable else None, None) for query in QUERIES]
    report = make_report(Dataset("s", QUERIES), outcomes, circumstances=Circumstances(search=search))
    stages = report["stages"]
    assert stages is not None
    assert (stages["indexed"]["value"], stages["whole"]["value"]) == (round(2 / 3, 6), round(1 / 3, 6))
    assert stages["not_indexed"] == ["nowhere"]
    assert stages["runs"]["fused"]["Success@10"]["value"] == round(1 / 3, 6)
    assert list(report["by_document"]) == ["plan.txt"]
    miss = next(each for each in report["misses"] if each["id"] == "solar")
    (relevant,) = [each for each in miss["ranked"] if each["evidence"]]
    assert relevant["ranks"] == {"dense": 1, "lexical": 1, "fused": 1}
    assert "光伏发电计划装机容量70MW" in relevant["text"]


def test_measures_beside_the_usual_ones_are_reported_and_can_be_required(search: StagedSearch) -> None:
    outcomes = [Outcome(query, make_answer()) for query in QUERIES]
    circumstances = Circumstances(search=search, measures=("nDCG@10", "RR@3"))
    report = make_report(Dataset("s", QUERIES), outcomes, None, circumstances)
    assert report["stages"] is not None
    fused = report["stages"]["runs"]["fused"]
    assert list(fused) == ["nDCG@10", "RR@3"] and "RR@3" in report_text(report)
    third = pytest.approx(1 / 3, abs=1e-6)  # one of three questions has a passage that holds its evidence
    assert fused["RR@3"]["value"] == third and Requirement.parse("MRR@3>=0.3").value(report) == third
    assert not Requirement.parse("nDCG@10>=0.4").holds(report)
