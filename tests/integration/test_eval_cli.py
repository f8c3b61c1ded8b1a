from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.metrics.answer_metrics import SCORES
from index.errors import IndexNotFound
from index.store.passage_index import PassageIndex
from qa.protocols import Answerer
from qa.settings import Settings
from tests.support.eval_fakes import DOCUMENT, EVIDENCE, TableAnswerer
from tests.support.fakes import HashEncoder

SOLAR: dict[str, object] = {
    "id": "s",
    "question": "光伏装机目标是多少",
    "answers": [["70MW"]],
    "evidence": [EVIDENCE],
    "answerable": True,
    "type": "number",
    "history": [],
    "split": "dev",
}
NUCLEAR: dict[str, object] = {
    "id": "n",
    "question": "核电呢",
    "answers": [],
    "evidence": [],
    "answerable": False,
    "type": "unanswerable",
    "history": [],
    "split": "test",
}
GOOD = TableAnswerer({"光伏装机目标是多少": ("70MW", EVIDENCE)})


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write(tmp_path / "set.jsonl", SOLAR, NUCLEAR)


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def run(*argv: str | Path, answerer: TableAnswerer = GOOD) -> int:
    return main([str(each) for each in argv], opener=lambda settings: answerer)


def unopened(settings: Settings) -> Answerer:
    raise IndexNotFound(settings.index, f"{settings.index} 里没有索引；\n先运行 yiju-index build")


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on stderr: exactly one line, and nothing on stdout."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_run_prints_every_score(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(dataset) == 0
    captured = capsys.readouterr()
    assert all(name in captured.out for name in SCORES)
    assert "2 题，可答 1，不可答 1；划分：dev 1，test 1" in captured.out
    assert "没有错题" in captured.out
    assert captured.err == ""


def test_a_split_is_run_alone(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(dataset, "--split", "dev") == 0
    assert "1 题，可答 1，不可答 0；划分：dev 1" in capsys.readouterr().out


def test_reports_are_saved_as_json_and_html(dataset: Path, tmp_path: Path) -> None:
    assert run(dataset, "--json", tmp_path / "r.json", "--html", tmp_path / "r.html") == 0
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["scores"]["answer_hit"]["value"] == 1
    assert report["scores"]["verbatim"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 1}
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_index_given_is_the_one_opened(dataset: Path, tmp_path: Path) -> None:
    opened: list[Path] = []

    def opener(settings: Settings) -> Answerer:
        opened.append(settings.index)
        return GOOD

    assert main([str(dataset), "--index", str(tmp_path / "idx")], opener=opener) == 0
    assert opened == [tmp_path / "idx"]


def test_given_answers_are_scored_without_an_index(dataset: Path, tmp_path: Path) -> None:
    answers = write(
        tmp_path / "answers.jsonl",
        {"id": "s", **GOOD.ask("光伏装机目标是多少").to_json()},
        {"id": "n", **GOOD.ask("核电呢").to_json()},
    )
    report = tmp_path / "r.json"
    assert main([str(dataset), "--answers", str(answers), "--json", str(report)], opener=unopened) == 0
    scores = json.loads(report.read_text(encoding="utf-8"))["scores"]
    assert (scores["short_hit"]["value"], scores["false_answer"]["value"], scores["verbatim"]["n"]) == (1, 0, 0)


def test_with_an_index_the_quotes_of_given_answers_are_checked_too(dataset: Path, tmp_path: Path) -> None:
    answer = json.loads(json.dumps(GOOD.ask("光伏装机目标是多少").to_json()))
    answer["citations"][0]["start"] += 1
    answers = write(tmp_path / "answers.jsonl", {"id": "s", **answer})
    report = tmp_path / "r.json"
    assert run(dataset, "--answers", answers, "--index", tmp_path, "--json", report) == 0
    assert json.loads(report.read_text(encoding="utf-8"))["scores"]["verbatim"]["value"] == 0


def test_a_baseline_that_still_holds_passes(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(dataset, "--json", tmp_path / "base.json")
    assert run(dataset, "--baseline", tmp_path / "base.json") == 0
    assert "与基线相比没有显著变差的指标" in capsys.readouterr().out


def test_a_significant_drop_fails_and_names_scores_and_questions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = write(tmp_path / "many.jsonl", *({**SOLAR, "id": f"s{n}"} for n in range(8)))
    run(dataset, "--json", tmp_path / "base.json")
    assert run(dataset, "--baseline", tmp_path / "base.json", answerer=TableAnswerer()) == 1
    out = capsys.readouterr().out
    assert "答案命中（answer_hit）1.000 → 0.000" in out
    assert "变差的问题：s0、s1、s2、s3、s4、s5、s6、s7" in out


def test_a_baseline_of_another_data_set_is_refused_before_any_question_is_asked(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(dataset, "--split", "dev", "--json", tmp_path / "base.json")
    capsys.readouterr()
    assert main([str(dataset), "--baseline", str(tmp_path / "base.json")], opener=unopened) == 2
    assert "只在现在的 1 题（n）" in one_line(capsys)


def test_a_failing_question_is_named_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write(tmp_path / "set.jsonl", {**NUCLEAR, "id": "bad", "question": "坏"}, SOLAR)
    answerer = TableAnswerer(GOOD.quotes, {"坏": ValueError("问题太长")})
    assert run(dataset, answerer=answerer) == 0
    out = capsys.readouterr().out
    assert "出错    1 题：bad" in out
    assert "问题太长" in out


def test_without_an_index_the_reason_stands_in_one_line(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(dataset), "--index", "nowhere"], opener=unopened) == 2
    assert one_line(capsys) == "yiju-eval：nowhere 里没有索引； 先运行 yiju-index build\n"


@pytest.mark.parametrize("argv", [[], ["--jsom"], ["a", "b"], ["set.jsonl", "--json"]])
def test_a_wrong_command_line_is_told_in_one_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv, opener=unopened)
    assert caught.value.code == 2
    assert "命令用法不对" in one_line(capsys)


def test_a_missing_data_set_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "gone.jsonl") == 2
    assert "gone.jsonl" in one_line(capsys)


def test_a_report_that_cannot_be_written_is_told_before_the_work(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = TableAnswerer(failing={"光伏装机目标是多少": AssertionError("asked")})
    assert run(dataset, "--json", tmp_path / "no" / "r.json", answerer=asked) == 2
    assert "r.json.answers 失败" in one_line(capsys)


def test_requirements_gate_and_name_the_questions(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(dataset, "--require", "short_hit>=0.9", "--require", "false_answer<=0") == 0
    assert "要求全部达到" in capsys.readouterr().out
    assert run(dataset, "--require", "short_hit>=0.9", answerer=TableAnswerer()) == 1
    assert "short_hit>=0.9：实际 0.000；失分的问题：s" in capsys.readouterr().out


def test_a_requirement_that_cannot_be_read_is_told_before_any_question_is_asked(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(dataset), "--require", "short_hit"], opener=unopened) == 2
    assert "应写成 short_hit>=0.9" in one_line(capsys)


def test_a_loss_within_its_tolerance_passes(tmp_path: Path) -> None:
    lines = [{**SOLAR, "id": f"s{n}", "question": f"光伏{n}"} for n in range(40)]
    dataset = write(tmp_path / "many.jsonl", *lines)
    good = {f"光伏{n}": ("70MW", EVIDENCE) for n in range(40)}
    run(dataset, "--json", tmp_path / "base.json", answerer=TableAnswerer(good))
    worse = TableAnswerer({question: good[question] for question in [*good][8:]})  # loses 8 of 40
    assert run(dataset, "--baseline", tmp_path / "base.json", answerer=worse) == 1
    # Refused questions lose every score but what retrieval found.
    names = ("answer_hit", "short_hit", "citation_recall", "false_refusal", "em", "f1")
    tolerances = [word for name in names for word in ("--tolerance", f"{name}=0.2")]
    assert run(dataset, "--baseline", tmp_path / "base.json", *tolerances, answerer=worse) == 0


def test_a_baseline_over_other_documents_is_refused_with_the_difference(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = tmp_path / "index"
    PassageIndex.build([DOCUMENT], HashEncoder()).save(index)
    assert run(dataset, "--index", index, "--json", tmp_path / "base.json") == 0
    report = json.loads((tmp_path / "base.json").read_text(encoding="utf-8"))
    assert list(report["index"]["sources"]) == ["plan.txt"]
    report["index"]["sources"] = {"plan.txt": "0" * 64, "other.txt": "0" * 64}
    (tmp_path / "base.json").write_text(json.dumps(report), encoding="utf-8")
    capsys.readouterr()
    assert run(dataset, "--index", index, "--baseline", tmp_path / "base.json") == 2
    said = one_line(capsys)
    assert "只在基线里 1 个（other.txt）" in said
    assert "内容不同 1 个（plan.txt）" in said


def test_given_answers_make_the_same_bytes_twice(dataset: Path, tmp_path: Path) -> None:
    answers = write(tmp_path / "answers.jsonl", {"id": "s", **GOOD.ask("光伏装机目标是多少").to_json()})
    for name in ("one", "two"):
        files = [tmp_path / f"{name}.{kind}" for kind in ("json", "html", "md")]
        given = ["--answers", answers, "--json", files[0], "--html", files[1], "--markdown", files[2]]
        assert run(dataset, *given) == 0
    for kind in ("json", "html", "md"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()


def test_an_interrupt_ends_with_130_and_a_message(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(dataset, answerer=TableAnswerer(failing={"光伏装机目标是多少": KeyboardInterrupt()})) == 130
    assert one_line(capsys) == "yiju-eval：已中断，没有写出结果\n"


def test_a_lone_surrogate_in_a_question_breaks_neither_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps({**SOLAR, "question": "光伏\ud800"}) + "\n", encoding="utf-8")
    assert run(path, "--json", tmp_path / "r.json", "--html", tmp_path / "r.html") == 0
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["misses"][0]["question"] == "光伏\ud800"
    assert "光伏�" in capsys.readouterr().out


def test_scoring_loads_neither_faiss_nor_gradio() -> None:
    code = "import sys, eval.__main__; print([m for m in ('faiss', 'gradio', 'onnxruntime', 'ui') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
