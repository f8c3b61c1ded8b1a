from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.errors import EvaluationError
from eval.records import Dataset, Outcome, Query
from eval.report.baseline import load_baseline, regression_text, regressions
from eval.report.report import ReportJson, make_report
from qa.answers import AnswerJson
from tests.support.eval_fakes import TEXT, make_answer, make_query, refusal

QUERIES = tuple(make_query(id=f"q{n:02}") for n in range(20))
TRAPS = tuple(make_query(id=f"u{n:02}", type="unanswerable", answerable=False) for n in range(20))


def report_of(queries: Sequence[Query], answers: Sequence[AnswerJson | None]) -> ReportJson:
    outcomes = [
        Outcome(query, answer, None if answer else "坏了") for query, answer in zip(queries, answers, strict=True)
    ]
    return make_report(Dataset("set.jsonl", tuple(queries)), outcomes, lambda _: TEXT)


GOOD = report_of(QUERIES, [make_answer()] * 20)


def names(baseline: ReportJson, report: ReportJson) -> list[str]:
    return [each.name for each in regressions(baseline, report)]


def test_the_same_run_has_no_regressions() -> None:
    assert regressions(GOOD, GOOD) == []
    assert regression_text([]) == "与基线相比没有显著变差的指标"


def test_a_drop_beyond_chance_is_named_with_the_questions_that_broke() -> None:
    # Six short answers lost and none won: p = 2 / 2^6 = 0.03 < 0.05.
    worse = report_of(QUERIES, [make_answer(short=None)] * 6 + [make_answer()] * 14)
    (short,) = regressions(GOOD, worse)
    assert (short.name, short.before) == ("short_hit", 1.0)
    assert short.after == pytest.approx(0.7)
    assert short.broken == tuple(f"q{n:02}" for n in range(6))
    assert "短答命中（short_hit）1.000 → 0.700" in regression_text([short])
    assert "q00、q01" in regression_text([short])


def test_a_drop_within_chance_passes() -> None:
    # Five lost: p = 2 / 2^5 = 0.06.
    assert names(GOOD, report_of(QUERIES, [make_answer(short=None)] * 5 + [make_answer()] * 15)) == []


def test_a_gain_is_no_regression() -> None:
    worse = report_of(QUERIES, [make_answer(short=None)] * 10 + [make_answer()] * 10)
    assert names(worse, GOOD) == []


def test_more_false_answers_are_worse_and_fewer_are_not() -> None:
    quiet, loud = report_of(TRAPS, [refusal()] * 20), report_of(TRAPS, [make_answer()] * 20)
    assert names(quiet, loud) == ["false_answer"]
    assert names(loud, quiet) == []


def test_one_quote_that_is_not_in_the_document_is_enough() -> None:
    forged = make_answer(quotes=("光伏发电计划装机容量700MW",))
    assert "verbatim" in names(GOOD, report_of(QUERIES, [forged] + [make_answer()] * 19))


def test_one_question_that_fails_now_is_enough() -> None:
    (failed,) = regressions(GOOD, report_of(QUERIES, [None] + [make_answer()] * 19))
    assert (failed.name, failed.broken) == ("failed", ("q00",))
    assert "出错的问题（failed）" in regression_text([failed])


def save(folder: Path, content: object) -> Path:
    path = folder / "baseline.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_saved_report_is_a_baseline_for_the_same_questions(tmp_path: Path) -> None:
    assert load_baseline(save(tmp_path, GOOD), Dataset("moved.jsonl", QUERIES)) == GOOD


def test_a_baseline_of_other_questions_is_refused_with_the_difference(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError) as caught:
        load_baseline(save(tmp_path, GOOD), Dataset("set.jsonl", (*QUERIES[2:], TRAPS[0])))
    assert "基线 20 题，现在 19 题；只在基线里的 2 题（q00、q01），只在现在的 1 题（u00）" in str(caught.value)


def test_a_baseline_whose_questions_were_edited_is_refused(tmp_path: Path) -> None:
    edited = (make_query(("71MW",), id="q00"), *QUERIES[1:])
    with pytest.raises(EvaluationError, match="题号相同，但题目内容改过"):
        load_baseline(save(tmp_path, GOOD), Dataset("set.jsonl", edited))


@pytest.mark.parametrize(
    "content",
    [
        '{"format": "yiju-eval", "ver',
        "[]",
        {},
        {**GOOD, "version": 99},
        {**GOOD, "questions": [{"id": "q00"}]},
        {**GOOD, "questions": [{"id": "q00", "scores": {"f1": float("nan")}}]},
        {**GOOD, "dataset": None},
        {**GOOD, "failed": None},
    ],
)
def test_what_is_no_report_is_no_baseline(tmp_path: Path, content: object) -> None:
    with pytest.raises(EvaluationError, match=r"baseline\.json 不是"):
        load_baseline(save(tmp_path, content), Dataset("set.jsonl", QUERIES))


def test_a_baseline_that_lost_questions_is_refused_though_its_hash_fits(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="只在现在的 19 题"):
        load_baseline(save(tmp_path, {**GOOD, "questions": GOOD["questions"][:1]}), Dataset("set.jsonl", QUERIES))
