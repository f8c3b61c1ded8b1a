from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.data.journal import Journal
from eval.report.provenance import settings_told
from index.filters import Filter
from qa.answers import Answer
from qa.settings import ModelSettings, Settings
from tests.support.eval_fakes import EVIDENCE, TableAnswerer, make_query

QUESTIONS = {f"问题{n}": ("70MW", EVIDENCE) for n in range(4)}


@dataclass(frozen=True)
class CountingAnswerer(TableAnswerer):
    """Remembers what it was asked."""

    asked: list[str] = field(default_factory=list)

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        self.asked.append(question)
        return super().ask(question, history)


def dataset(tmp_path: Path) -> Path:
    lines = [
        {"id": f"q{n}", "question": f"问题{n}", "answers": [["70MW"]], "evidence": [EVIDENCE], "answerable": True}
        for n in range(4)
    ]
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run(tmp_path: Path, answerer: TableAnswerer, *options: str) -> int:
    argv = [str(dataset(tmp_path)), "--json", str(tmp_path / "r.json"), *options]
    return main(argv, opener=lambda settings: answerer)


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = CountingAnswerer(QUESTIONS, {"问题2": KeyboardInterrupt()})
    assert run(tmp_path, broken) == 130
    assert f"2/4 题的答案留在 {tmp_path / 'r.json.answers'}" in capsys.readouterr().err
    resumed = CountingAnswerer(QUESTIONS)
    assert run(tmp_path, resumed) == 0
    assert resumed.asked == ["问题2", "问题3"]
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["scores"]["answer_hit"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 4}
    assert not (tmp_path / "r.json.answers").exists()


@pytest.mark.parametrize("options", [["--caution", "high"], ["--k", "3"], ["--answering", "extractive"]])
def test_answers_given_under_other_settings_are_not_used(tmp_path: Path, options: list[str]) -> None:
    run(tmp_path, TableAnswerer(QUESTIONS, {"问题2": KeyboardInterrupt()}))
    resumed = CountingAnswerer(QUESTIONS)
    assert run(tmp_path, resumed, *options) == 0
    assert resumed.asked == [*QUESTIONS]


def test_answers_given_under_another_caution_of_the_environment_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, TableAnswerer(QUESTIONS, {"问题2": KeyboardInterrupt()}))
    monkeypatch.setenv("YIJU_CAUTION", "low")
    resumed = CountingAnswerer(QUESTIONS)
    assert run(tmp_path, resumed) == 0
    assert resumed.asked == [*QUESTIONS]


def test_the_report_names_every_setting_that_can_change_an_answer(tmp_path: Path) -> None:
    assert run(tmp_path, TableAnswerer(QUESTIONS), "--caution", "high") == 0
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["provenance"]["settings"] == {
        "k": "10", "caution": "high", "answering": "both", "expand": "False", "mask_personal": "False",
    }  # fmt: skip


def test_settings_of_a_language_model_are_told_without_its_key() -> None:
    model = ModelSettings(url="http://127.0.0.1:1/v1", name="m", key="secret")
    told = settings_told(Settings(model=model))
    assert told["model_url"] == "http://127.0.0.1:1/v1" and told["model_unsupported"] == "withhold"
    assert "secret" not in str(told)


def test_a_line_cut_off_in_writing_is_asked_again(tmp_path: Path) -> None:
    run(tmp_path, TableAnswerer(QUESTIONS, {"问题3": KeyboardInterrupt()}))
    kept = tmp_path / "r.json.answers"
    kept.write_text(kept.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    resumed = CountingAnswerer(QUESTIONS)
    assert run(tmp_path, resumed) == 0
    assert resumed.asked == ["问题2", "问题3"]


def test_a_question_that_failed_is_asked_again(tmp_path: Path) -> None:
    failing = {"问题0": ValueError("坏"), "问题2": KeyboardInterrupt()}
    assert run(tmp_path, TableAnswerer(QUESTIONS, failing)) == 130
    resumed = CountingAnswerer(QUESTIONS)
    run(tmp_path, resumed)
    assert resumed.asked == ["问题0", "问题2", "问题3"]


@pytest.mark.parametrize("content", ["", "not json\n", '{"program": "other"}\n{"id": "q1", "answer": {}}\n', "[]\n"])
def test_answers_of_another_program_or_of_none_are_not_used(tmp_path: Path, content: str) -> None:
    path = tmp_path / "kept"
    path.write_text(content, encoding="utf-8")
    journal = Journal(path, {"program": "this"})
    (outcome,) = journal.ask_all(TableAnswerer(), [make_query()])
    assert outcome.answer is not None and outcome.answer["abstained"]
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0]) == {"program": "this"}
