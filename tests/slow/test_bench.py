from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from bench import Measurement, answers, commands, evaluation, generated, programs
from bench.__main__ import BENCHES, main, table
from eval.generation.perturbation import Kind
from index.errors import YijuError
from index.records import Document
from qa.generating.checking import SentenceChecker
from qa.reading.span_model import load_span_model
from tests.support.eval_fakes import TableAnswerer, make_query


def test_figures_make_a_markdown_table_in_the_order_given() -> None:
    figures = [Measurement("speed", 12345.6, "1/s"), Measurement("ratio", 4.98765, goal="≥ 3")]
    assert table({"encoding": figures}).splitlines()[2:] == [
        "| encoding | speed | 12,346 1/s |  |",
        "| encoding | ratio | 4.988 | ≥ 3 |",
    ]


def test_an_unknown_benchmark_is_the_caller_s_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["nothing"])
    assert caught.value.code == 2
    assert f"没有基准测试 nothing；有：{'、'.join(BENCHES)}" in capsys.readouterr().err


def test_answers_are_timed_and_counted() -> None:
    answerer, questions = TableAnswerer(), [make_query()] * 3
    figures = [*answers.latency(answerer, questions), answers.throughput(answerer, questions)]
    assert [figure.goal for figure in figures if figure.goal] == ["≤ 60", "≤ 150"]
    assert all(math.isfinite(figure.value) and figure.value >= 0 for figure in figures)
    assert len({figure.name for figure in figures}) == len(figures)


def test_questions_of_a_benchmark_are_distinct_and_of_the_development_half() -> None:
    questions = answers.dev_questions()
    assert len({(query.question, query.history) for query in questions}) == len(questions) > commands.SERVED
    assert {query.split for query in questions} == {"dev"}
    assert questions == answers.dev_questions()


def test_size_is_told_in_megabytes(tmp_path: Path) -> None:
    (tmp_path / "vectors").write_bytes(bytes(2_500_000))
    assert commands.megabytes(tmp_path) == 2.5


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="no /proc on this system")
def test_memory_is_told_in_megabytes() -> None:
    assert 5 < commands.resident(os.getpid()) < 100_000


def test_a_command_that_fails_is_named_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(YijuError, match=r"python -m index info .* 以 2 退出：yiju-index："):
        programs.run("index", "info", str(tmp_path / "none"))


def test_evaluating_is_measured_on_runs_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("RANKED", 20), ("QUESTIONS", 10), ("VALUES", 10)):
        monkeypatch.setattr(evaluation, name, size)
    figures = evaluation.speed()
    assert [figure.goal for figure in figures] == ["≤ 2", "≤ 1", "≤ 5", "≤ 3"]
    assert all(figure.value >= 0 for figure in figures)


def test_what_is_known_to_be_false_is_counted_where_it_is_shown() -> None:
    text = "光伏发电计划装机容量70MW，由区发展改革委负责。引进培育5家太阳能光伏组件企业，投资1.2亿元。\n"
    found = generated.checked("laws", [Document("a", "方案", text, "a.txt")], SentenceChecker(load_span_model()))
    shown = {(claim.kind, held) for claim, held in found.shown}
    assert {(Kind.VERBATIM, True), (Kind.CONVERTED, True), (Kind.DIGIT, False), (Kind.NAME, False)} <= shown
    assert not any(held for claim, held in found.shown if not claim.true)
    figures = {each.name: each.value for each in generated.shares(found)}
    assert [value for name, value in figures.items() if name.startswith("laws: false")] == [0.0, 0.0]
    assert next(value for name, value in figures.items() if "true sentences" in name) == 1.0
