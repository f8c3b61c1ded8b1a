"""What a report keeps, and what is made of reports: gates, comparisons, histories, files for continuous integration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from eval import __main__ as command
from eval.pytest_plugin import yiju_eval  # noqa: F401  the fixture
from tests.support.eval_fakes import EVIDENCE, TableAnswerer

GOOD = {f"问题{n}": ("70MW", EVIDENCE) for n in range(8)}
WORSE = {name: ("80MW", EVIDENCE) if name in ("问题1", "问题5") else told for name, told in GOOD.items()}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    lines = [
        {"id": f"q{n}", "question": f"问题{n}", "answers": [["70MW"]], "evidence": [EVIDENCE], "answerable": True}
        for n in range(8)
    ]
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run(*argv: str | Path, answers: dict[str, tuple[str, str]] = GOOD) -> int:
    return command.main([str(each) for each in argv], opener=lambda settings: TableAnswerer(answers))


def report(path: Path) -> dict[str, object]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_answer_is_kept_with_date_and_machine(dataset: Path, tmp_path: Path) -> None:
    assert run(dataset, "--json", tmp_path / "r.json") == 0
    found = report(tmp_path / "r.json")
    assert [each["short"] for each in found["questions"]] == ["70MW"] * 8
    assert found["questions"][0]["quotes"] == [EVIDENCE] and found["questions"][0]["kind"] is None
    assert found["provenance"]["date"].startswith("20") and found["provenance"]["machine"]["cores"]


def test_new_failures_end_with_one_though_no_score_is_significantly_worse(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(dataset, "--json", tmp_path / "old.json")
    assert run(dataset, "--baseline", tmp_path / "old.json", answers=WORSE) == 0
    assert "8 题的问题集，至少变差 6 题" in capsys.readouterr().out
    assert run(dataset, "--baseline", tmp_path / "old.json", "--max-new-failures", "2", answers=WORSE) == 0
    assert run(dataset, "--baseline", tmp_path / "old.json", "--max-new-failures", "1", answers=WORSE) == 1
    assert "新错 2 题，允许 1 题：q1、q5" in capsys.readouterr().out


def test_new_failures_need_a_baseline(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(dataset, "--max-new-failures", "1") == 2
    assert "须与 --baseline 同用" in capsys.readouterr().err


def test_a_comparison_shows_what_was_answered_side_by_side(dataset: Path, tmp_path: Path) -> None:
    run(dataset, "--json", tmp_path / "old.json")
    run(dataset, "--json", tmp_path / "new.json", answers=WORSE)
    assert run("compare", tmp_path / "old.json", tmp_path / "new.json", "--html", tmp_path / "c.html") == 0
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "<th>old</th><th>new</th>" in page and "80MW" in page


def test_a_history_lines_up_the_runs_of_one_set_and_plots_them(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    run(dataset, "--json", folder / "a.json")
    run(dataset, "--json", folder / "b.json", answers=WORSE)
    (folder / "other.json").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert run("history", folder, "--html", tmp_path / "h.html") == 0
    shown = capsys.readouterr().out
    assert [line.split()[2] for line in shown.splitlines() if line.startswith("20")] == ["a", "b"]
    assert (tmp_path / "h.html").read_text(encoding="utf-8").count("<polyline") == 5  # nothing is unanswerable


def test_a_folder_without_reports_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("history", tmp_path) == 2
    assert "没有 yiju-eval --json 存下的报告" in capsys.readouterr().err


def test_junit_has_a_case_a_question_and_a_failure_where_one_went_wrong(dataset: Path, tmp_path: Path) -> None:
    run(dataset, "--junit", tmp_path / "r.xml", answers=WORSE)
    suite = etree.parse(tmp_path / "r.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("8", "2", "0")
    assert [case.get("name") for case in suite if len(case)] == ["q1 问题1", "q5 问题5"]


def test_the_fixture_fails_a_test_whose_documents_are_not_answered(
    dataset: Path,
    monkeypatch: pytest.MonkeyPatch,
    yiju_eval,  # noqa: F811
) -> None:
    monkeypatch.setattr(command, "_open_assistant", lambda settings: TableAnswerer(WORSE))
    monkeypatch.setattr(command, "_open_index", lambda settings: None)
    assert yiju_eval(dataset, require=["answer_hit>=0.7"])["scores"]["answer_hit"]["value"] == 0.75
    with pytest.raises(pytest.fail.Exception, match="以 1 退出"):
        yiju_eval(dataset, require=["answer_hit>=0.9"])
