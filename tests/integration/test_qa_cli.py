from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import qa.bootstrap
from qa.__main__ import main, plain
from qa.settings import Caution, Settings
from tests.support.fake_answerer import FakeAnswerer

ROOT = Path(__file__).parents[2]
Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Answers come from a fake; the settings it was opened with are noted."""
    seen: list[Settings] = []

    def open_fake(settings: Settings) -> FakeAnswerer:
        seen.append(settings)
        return FakeAnswerer()

    monkeypatch.setattr(qa.bootstrap, "open_assistant", open_fake)
    for variable in ("YIJU_INDEX", "YIJU_CAUTION"):
        monkeypatch.delenv(variable, raising=False)
    return seen


def batch(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def refused(capsys: Output, *argv: str) -> str:
    """The one line on stderr of a call that ends with status 2 and prints nothing else."""
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1 and captured.err.startswith("yiju-ask: ")
    return captured.err


def test_one_question_prints_the_short_answer_the_sentence_and_its_source(capsys: Output) -> None:
    assert main(["光伏装机多少"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[:2] == ["70MW", "光伏发电计划装机容量70MW。[1]"]
    assert lines[2].startswith("[1] 綦江区绿色发展实施方案 › 三、重点任务 › （三）加快新能源开发：")
    assert captured.err == ""


def test_a_refusal_offers_the_nearest_passage_as_a_lead(capsys: Output) -> None:
    assert main(["天气如何"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "文档里没有找到这个问题的答案。"
    assert lines[1].startswith("可能相关的原文（不一定能回答您的问题）：")


def test_json_is_the_answer_of_the_contract(capsys: Output) -> None:
    assert main(["光伏装机多少", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == FakeAnswerer().ask("光伏装机多少").to_json()


def test_the_index_is_the_one_named(opened: list[Settings], capsys: Output) -> None:
    assert main(["光伏", "--index", "/there"]) == 0
    assert opened == [Settings(index=Path("/there"))]


@pytest.mark.parametrize("caution", list(Caution))
def test_the_caution_is_the_one_named(opened: list[Settings], caution: Caution) -> None:
    assert main(["光伏", "--caution", caution.value]) == 0
    assert opened == [Settings(caution=caution)]


def test_an_unknown_caution_is_told_with_those_there_are(
    opened: list[Settings], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["光伏", "--caution", "brave"])
    assert ended.value.code == 2
    assert "brave" in (said := capsys.readouterr().err) and "Traceback" not in said
    monkeypatch.setenv("YIJU_CAUTION", "brave")
    assert "应为 low、normal、high 之一" in refused(capsys, "光伏")
    assert opened == []


def test_a_batch_answers_in_order_with_ids_and_history(tmp_path: Path, capsys: Output) -> None:
    path = batch(
        tmp_path,
        '{"id": "b", "question": "光伏装机多少"}',
        "",
        '{"question": "那风电呢", "history": ["光伏装机多少"]}',
        '{"id": 7, "question": "天气"}',
    )
    assert main(["--batch", path]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row.get("id") for row in rows] == ["b", None, 7]
    assert [row["short_answer"] for row in rows] == ["70MW", "180MW", None]
    assert rows[1]["standalone_question"] != rows[1]["question"]
    assert next(iter(rows[0])) == "id" and "id" not in rows[1]


def test_a_bad_question_in_a_batch_is_told_in_its_place_and_the_rest_goes_on(tmp_path: Path, capsys: Output) -> None:
    path = batch(tmp_path, '{"id": 1, "question": " "}', '{"id": 2, "question": "\\ud800光伏"}', '{"question": "风电"}')
    assert main(["--batch", path]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == {"id": 1, "question": " ", "error": {"code": "bad_question", "message": "请输入问题。"}}
    assert rows[1]["question"] == "?光伏"
    assert rows[2]["short_answer"] == "180MW"


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path: Path, capsys: Output) -> None:
    assert main(["--batch", batch(tmp_path, '{"question": "光伏\u2028装机"}')]) == 0
    assert len(capsys.readouterr().out.split("\n")) == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("光伏", "第 2 行不是 JSON"),
        ("[" * 100_000, "第 2 行不是 JSON"),
        ("1" * 10_000, "第 2 行不是 JSON"),
        ('"光伏"', "第 2 行缺少字符串字段 question"),
        ('{"question": 1}', "第 2 行缺少字符串字段 question"),
        ('{"question": "光伏", "history": "风电"}', "第 2 行的 history 应为字符串列表"),
    ],
)
def test_a_malformed_line_is_named_before_anything_is_answered(
    tmp_path: Path, capsys: Output, opened: list[Settings], line: str, told: str
) -> None:
    assert told in refused(capsys, "--batch", batch(tmp_path, '{"question": "光伏"}', line))
    assert opened == []


def test_a_batch_file_that_is_missing_or_no_text_is_named(tmp_path: Path, capsys: Output) -> None:
    assert f"无法读取 {tmp_path / 'none'}" in refused(capsys, "--batch", str(tmp_path / "none"))
    (tmp_path / "gbk").write_bytes('{"question": "光伏"}'.encode("gb18030"))
    assert "不是 UTF-8 文本" in refused(capsys, "--batch", str(tmp_path / "gbk"))


def test_neither_or_both_of_question_and_batch_is_a_mistake(tmp_path: Path, capsys: Output) -> None:
    assert "二者取一" in refused(capsys)
    assert "二者取一" in refused(capsys, "光伏", "--batch", "x")


def test_an_empty_or_endless_question_is_refused_before_the_model_loads(capsys: Output, opened: list[Settings]) -> None:
    assert "问题是空的" in refused(capsys, " ")
    assert "问题有 20000 个字，最多 2000 个字" in refused(capsys, "光" * 20_000)
    assert opened == []


def test_a_missing_index_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "qa", "光伏装机多少", "--index", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("yiju-ask: ") and done.stderr.count("\n") == 1
    assert str(tmp_path / "none") in done.stderr


def test_a_long_lead_is_cut(capsys: Output) -> None:
    answer = FakeAnswerer().ask("天气")
    assert all(len(line) <= 140 for line in plain(answer).splitlines())


@pytest.mark.parametrize(
    "options",
    [
        ["--document", "綦江方案.txt"],
        ["--document", "绿色发展"],
        ["--issuer", "綦江区"],
        ["--region", "重庆"],
        ["--year", "2024"],
    ],
)
def test_a_filter_leaves_only_the_documents_that_it_names(options: list[str], capsys: Output) -> None:
    assert main(["光伏装机多少", *options]) == 0
    assert capsys.readouterr().out.startswith("70MW\n")
    assert main(["光伏的补贴", *options]) == 0  # stands in the other document
    assert "每千瓦时0.1元" not in capsys.readouterr().out


def test_filters_may_be_given_twice_and_hold_for_a_batch(tmp_path: Path, capsys: Output) -> None:
    path = batch(tmp_path, '{"question": "光伏装机多少"}', '{"question": "光伏的补贴"}')
    assert main(["--batch", path, "--document", "綦江方案.txt", "--document", "光伏办法.md"]) == 0
    assert [json.loads(line)["abstained"] for line in capsys.readouterr().out.splitlines()] == [False, False]
    assert main(["--batch", path, "--document", "光伏办法.md", "--year", "2023"]) == 0
    assert [json.loads(line)["abstained"] for line in capsys.readouterr().out.splitlines()] == [True, True]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--document", "不存在"], "索引里有：光伏项目管理办法、綦江区绿色发展实施方案"),
        (["--document", ""], "未找到匹配的文档"),
        (["--issuer", "财政部"], "索引里有：重庆市綦江区人民政府"),
        (["--region", "北京"], "索引里有：重庆市綦江区"),
        (["--year", "1999"], "索引里有 2022—2025 年的"),
        (["--year", "今年"], "应为四位年份"),
    ],
)
def test_a_filter_that_fits_nothing_says_what_there_is(options: list[str], said: str, capsys: Output) -> None:
    error = refused(capsys, "光伏装机多少", *options)
    assert options[0] in error and said in error


# --- A language model ---


def test_expanding_without_a_language_model_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["光伏装机目标是多少", "--expand"]) == 2
    assert "--expand 须与 --llm-url" in capsys.readouterr().err


def test_an_address_without_a_model_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["光伏装机目标是多少", "--llm-url", "http://127.0.0.1:9/v1"]) == 2
    assert "--llm-model" in capsys.readouterr().err
