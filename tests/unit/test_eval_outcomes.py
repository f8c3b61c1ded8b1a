from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.data.outcomes import MISSING, ask_all, read_outcomes
from eval.errors import EvaluationError
from eval.records import Outcome
from index.errors import IndexCorrupt
from tests.support.eval_fakes import EVIDENCE, TableAnswerer, make_answer, make_query

QUERY = make_query()


def write(folder: Path, *lines: object) -> Path:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def test_an_answer_is_kept_in_the_contracts_form() -> None:
    (outcome,) = ask_all(TableAnswerer({QUERY.question: ("70MW", EVIDENCE)}), [QUERY])
    assert outcome.error is None
    assert outcome.answer is not None
    assert outcome.answer["short_answer"] == "70MW"
    assert outcome.answer["citations"][0]["quote"] == EVIDENCE


@pytest.mark.parametrize("error", [IndexCorrupt("data/index", "索引坏了"), ValueError("问题太长")])
def test_a_question_that_fails_is_recorded_and_the_rest_goes_on(error: Exception) -> None:
    other = make_query(id="q2")
    failing = TableAnswerer(failing={QUERY.question: error})
    first, second = ask_all(failing, [QUERY, other])
    assert (first.answer, first.error) == (None, str(error))
    assert second.query is other


def test_a_bug_is_not_taken_for_a_failed_question() -> None:
    with pytest.raises(KeyError):
        list(ask_all(TableAnswerer(failing={QUERY.question: KeyError("bug")}), [QUERY]))


def test_answers_are_matched_by_id_in_the_order_of_the_questions(tmp_path: Path) -> None:
    first, second = make_query(id="a"), make_query(id="b")
    path = write(
        tmp_path, {"id": "b", **make_answer(short="B")}, {"id": "x", **make_answer()}, {"id": "a", **make_answer()}
    )
    outcomes = read_outcomes(path, [first, second])
    assert [each.query.id for each in outcomes] == ["a", "b"]
    assert [each.answer["short_answer"] for each in outcomes if each.answer] == ["70MW", "B"]


def test_a_missing_line_and_an_error_line_count_as_failed(tmp_path: Path) -> None:
    queries = [make_query(id="a"), make_query(id="b"), make_query(id="c")]
    path = write(
        tmp_path,
        {"id": "a", "error": {"code": "x", "message": "问题太长"}},
        {"id": "b", "error": "坏了"},
    )
    assert read_outcomes(path, queries) == [
        Outcome(queries[0], None, "问题太长"),
        Outcome(queries[1], None, "坏了"),
        Outcome(queries[2], None, MISSING),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": None}, "字段 answer 是 null，应为字符串"),
        ({"short_answer": 70}, "字段 short_answer 是 70，应为字符串"),
        ({"abstained": "no"}, "字段 abstained 是 no，应为 true 或 false"),
        ({"confidence": 1.5}, "字段 confidence 是 1.5，应为 0 到 1 的数"),
        ({"confidence": float("nan")}, "字段 confidence 是 NaN，应为 0 到 1 的数"),
        ({"confidence": True}, "字段 confidence 是 true，应为 0 到 1 的数"),
        ({"citations": {}}, "字段 citations 是 {}，应为对象的数组"),
        ({"citations": [{"quote": ""}]}, "字段 citations[0].quote 是 空白，应为非空字符串"),
        (
            {"citations": [{"quote": "q", "document_id": "d", "start": -1}]},
            "字段 citations[0].start 是 -1，应为非负整数",
        ),
        ({"passages": [{}]}, "字段 passages[0].text 没有，应为字符串"),
        ({"timing_ms": {"total": "快"}}, "字段 timing_ms.total 是 快"),
        ({"timing_ms": 3}, "字段 timing_ms 是 3，应为对象"),
    ],
)
def test_a_wrong_field_of_an_answer_is_named_with_its_line(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = write(tmp_path, {"id": "q0", **make_answer()}, {"id": "q1", **make_answer(), **change})
    with pytest.raises(EvaluationError) as caught:
        read_outcomes(path, [QUERY])
    assert f"{path} 第 2 行：" in str(caught.value)
    assert message in str(caught.value)


def test_an_id_answered_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"id": "q1", **make_answer()}, {"id": "q1", **make_answer()})
    with pytest.raises(EvaluationError, match="第 2 行：字段 id 是 q1"):
        read_outcomes(path, [QUERY])


def test_answers_to_other_questions_altogether_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="没有一个属于这些问题"):
        read_outcomes(write(tmp_path, {"id": "z9", **make_answer()}), [QUERY])


def test_a_half_written_answer_file_is_refused_at_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, {"id": "q1", **make_answer()})
    path.write_text(path.read_text(encoding="utf-8") + '{"id": "q2", "ans', encoding="utf-8")
    with pytest.raises(EvaluationError, match="第 2 行不是完整的 JSON"):
        read_outcomes(path, [QUERY])
