from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.commands.draft import COLUMNS, read_sheet
from eval.data.checks import copied
from eval.data.datasets import load_dataset
from eval.data.drafting import Draft, draft
from eval.errors import EvaluationError
from eval.metrics.answer_metrics import normalise
from index.loaders import load
from index.records import Document
from index.structure.splitter import split
from tests.support.eval_fakes import EVIDENCE, make_answer, refusal

PLAN = """关于加快能源发展的实施方案
一、主要目标
到2025年，光伏发电装机容量达到70MW。风电新增装机容量180MW。
二、重点任务
（一）推动装备产业发展
绿色装备是指在设计、制造、使用中耗能低、排放少的装备。
能源装备产品包括光伏组件、风电叶片和储能电池。
（牵头单位：区发展改革委；责任单位：区经济信息委、区财政局）
三、附则
本方案自2023年5月1日起施行。
"""


def all_kept(path: Path) -> Path:
    """The sheet after somebody has kept all of it."""
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({**row, "keep": "1"} for row in rows)
    return path


def test_no_question_copies_its_sentence_and_no_answer_ends_in_the_middle_of_one(tmp_path: Path) -> None:
    text = PLAN.replace("储能电池。", "储能\n电池。") + "绿色装备产业产值达到500亿元。\n"
    for each in drafted(tmp_path, text):
        assert copied(each.query.question, [normalise(text)]) is None, each.query.question
        assert not any(answer.endswith("储能") for (answer,) in each.query.answers)


def test_fewer_than_asked_for_is_told_with_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.txt").write_text(PLAN, encoding="utf-8")
    assert main(["draft", str(tmp_path / "plan.txt"), "-n", "500", "-o", str(tmp_path / "s.csv")]) == 0
    assert "题，要的是 500 题。" in capsys.readouterr().err


def drafted(tmp_path: Path, text: str = PLAN, n: int = 100) -> list[Draft]:
    path = tmp_path / "plan.txt"
    path.write_text(text, encoding="utf-8")
    document = load(path)
    return draft([(document, split(document))], n)


def test_figures_departments_lists_definitions_and_dates_are_asked_for(tmp_path: Path) -> None:
    asked = {each.query.question: each.query.answers for each in drafted(tmp_path) if each.query.answerable}
    assert asked["到2025年光伏发电装机容量是多少？"] == (("70MW",),)
    assert asked["推动装备产业发展的责任单位有哪些？"] == (("区经济信息委、区财政局",),)
    assert asked["哪些属于能源装备产品？"] == (("光伏组件、风电叶片和储能电池",),)
    assert asked["绿色装备指的是什么？"] == (("在设计、制造、使用中耗能低、排放少的装备",),)
    assert any("从什么时候起施行" in question and answer == (("2023年5月1日",),) for question, answer in asked.items())


def test_every_answer_stands_in_its_evidence_and_that_in_the_document(tmp_path: Path) -> None:
    for each in drafted(tmp_path):
        if each.query.answerable:
            (evidence,) = each.query.evidence
            assert each.query.answers[0][0] in evidence
            assert evidence in PLAN


def test_evidence_reaches_back_until_no_other_place_has_it(tmp_path: Path) -> None:
    task = "推广节能设备。\n（牵头单位：区经济信息委；责任单位：区财政局）\n"
    text = f"实施方案\n一、推动节能改造\n甲地先行。{task}二、推动节水改造\n乙地先行。{task}"
    found = {each.query.question: each.query.evidence[0] for each in drafted(tmp_path, text) if each.query.answerable}
    evidence = found["推动节能改造的牵头单位是哪个？"]
    assert evidence.startswith("甲地先行。")
    assert text.count(evidence) == 1


def test_what_is_unanswerable_asks_for_what_no_document_mentions(tmp_path: Path) -> None:
    misses = [each for each in drafted(tmp_path) if not each.query.answerable]
    assert misses
    for each in misses:
        assert each.query.answers == () == each.query.evidence
        (missing,) = re.findall("[「 ]([^「」 ]+)[」 ]", each.why)
        assert missing in each.query.question
        assert missing not in PLAN


def test_near_misses_ask_for_another_year_region_and_fact(tmp_path: Path) -> None:
    text = "綦江府发〔2023〕16号\n重庆市綦江区人民政府\n" + PLAN
    asked = [each.query.question for each in drafted(tmp_path, text) if not each.query.answerable]
    assert "到2031年光伏发电装机容量是多少？" in asked
    assert "推动装备产业发展的联系电话是多少？" in asked
    assert any(question.startswith("海南") for question in asked)


def test_a_question_with_two_answers_is_not_proposed(tmp_path: Path) -> None:
    text = PLAN.replace("三、附则", "三、别的\n风电新增装机容量200MW。\n四、附则")
    assert not any(
        "风电新增装机容量" in each.query.question for each in drafted(tmp_path, text) if each.query.answerable
    )


def test_no_more_than_asked_for_are_proposed_and_always_the_same(tmp_path: Path) -> None:
    assert len(drafted(tmp_path, n=4)) == 4
    assert drafted(tmp_path) == drafted(tmp_path)
    with pytest.raises(ValueError, match="至少为 1"):
        draft([], 0)


def test_documents_without_occasion_give_no_questions() -> None:
    document = Document("d", "诗", "床前明月光，疑是地上霜。", "d.txt")
    assert draft([(document, split(document))], 10) == []


def test_a_reviewed_sheet_becomes_a_question_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.txt").write_text(PLAN, encoding="utf-8")
    sheet = tmp_path / "sheet.csv"
    assert main(["draft", str(tmp_path / "plan.txt"), "-n", "50", "-o", str(sheet)]) == 0
    assert "contenteditable" in sheet.with_suffix(".html").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8-sig"))))
    assert {row["keep"] for row in rows} == {""}
    for row in rows[1:]:
        row["keep"] = "1"
    rows[1]["question"] = "改过的问题"
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    assert main(["draft", str(sheet), "-o", str(tmp_path / "set.jsonl")]) == 0
    queries = load_dataset(tmp_path / "set.jsonl").queries
    assert len(queries) == len(rows) - 1
    assert queries[0].question == "改过的问题"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id,question\n", "缺列 keep、answer、evidence"),
        (",".join(COLUMNS) + "\n,p1,问,答,,,,,\n", "一题也没有保留"),
        (",".join(COLUMNS) + "\n1,p1, ,答,,,,,\n", "第 2 行：question 列是空的"),
    ],
)
def test_a_sheet_that_cannot_be_used_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=complaint):
        read_sheet(path)


def test_a_folder_with_nothing_to_ask_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "poem.txt").write_text("床前明月光，疑是地上霜。", encoding="utf-8")
    assert main(["draft", str(tmp_path / "poem.txt"), "-o", str(tmp_path / "s.csv")]) == 2
    assert "里没有可以拟题的" in capsys.readouterr().err


def test_what_was_really_asked_comes_in_as_drafts(tmp_path: Path) -> None:
    lines = [{"id": "1", **make_answer()}, {"id": "2", **refusal(), "question": "核电呢"}]
    lines += [{"id": "3", **refusal(), "question": "核电 呢"}, {"id": "4", "question": "坏", "error": {"message": "…"}}]
    path = tmp_path / "answered.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert main(["draft", str(path), "-o", str(tmp_path / "s.csv")]) == 0
    solar, nuclear, failed = read_sheet(all_kept(tmp_path / "s.csv"))
    assert (solar.question, solar.answers, solar.evidence) == ("光伏装机目标是多少", (("70MW",),), (EVIDENCE,))
    assert (nuclear.answerable, failed.question, failed.answerable) == (False, "坏", False)


def test_questions_kept_in_use_come_in_as_drafts_the_most_asked_first(tmp_path: Path) -> None:
    kept = {"evidence": [], "answers": [], "answerable": False, "type": "use", "history": []}
    right = {"evidence": [EVIDENCE], "answers": [["70MW"]], "answerable": True}
    lines = [
        {**kept, "id": "use-1", "question": "核电呢", "asked": 2, "given": None, "reason": None, "status": "open"},
        {**kept, "id": "use-2", "question": "光伏目标", "asked": 7, "given": "180MW", "reason": "那是风电", **right},
        {**kept, "id": "use-3", "question": "核电 呢", "asked": 1},
    ]
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert main(["draft", "--from-usage", str(path), "-o", str(tmp_path / "s.csv")]) == 0
    with (tmp_path / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        solar, nuclear = csv.DictReader(file)
    assert (solar["id"], solar["answer"], solar["evidence"]) == ("use-2", "70MW", EVIDENCE)
    assert solar["why"] == "问过 7 次；当时答：180MW；读者认为不对：那是风电"
    assert (nuclear["id"], nuclear["answer"]) == ("use-1", "")
    assert nuclear["why"] == "问过 2 次；当时没有答出；若文件里有，请填答案和证据"
    assert [query.id for query in read_sheet(all_kept(tmp_path / "s.csv"))] == ["use-2", "use-1"]


def test_a_file_of_something_else_than_questions_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cases.jsonl").write_text('{"id": "use-1"}\n', encoding="utf-8")
    assert main(["draft", "--from-usage", str(tmp_path / "cases.jsonl"), "-o", str(tmp_path / "s.csv")]) == 2
    assert "第 1 行：字段 answerable" in capsys.readouterr().err
